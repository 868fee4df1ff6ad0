#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn_internal.h"
#include "loose.h"

enum step {
    STEP_ADDRESS,
    STEP_PORT,
    STEP_KEY,
    STEP_SERIAL,
    STEP_CODE,
    STEP_REPORTS,
    STEP_STORAGE,
    STEP_COMMANDS,
    STEP_UPLOADS,
    STEP_COUNT
};

static const char *const step_names[STEP_COUNT] = {
    [STEP_ADDRESS] = "address",  [STEP_PORT] = "port",
    [STEP_KEY] = "key",          [STEP_SERIAL] = "serial",
    [STEP_CODE] = "access_code", [STEP_REPORTS] = "reports",
    [STEP_STORAGE] = "storage",  [STEP_COMMANDS] = "commands",
    [STEP_UPLOADS] = "uploads",
};

enum result { NOT_LOOKED_AT, GOOD, BAD };

enum { PATIENCE_MS = 30 * 1000, VERSION_WITHIN_MS = 3 * 1000 };

struct check {
    struct driver *driver;
    struct check *next, **link;
    spd_ticket *ticket;
    struct conn *conn;
    struct probe *uploads;
    spd_timer *timer;
    int64_t began_ms, heard_ms; /* 0: not yet */
    enum result results[STEP_COUNT];
    const char *texts[STEP_COUNT]; /* static */
};

static spd_plugin *self_of(const struct check *k)
{
    return k->driver->self;
}

static int64_t now_ms(const struct check *k)
{
    return self_of(k)->host->loop->now_ms();
}

static void wake(struct check *k, int64_t after_ms)
{
    self_of(k)->host->loop->timer_set(k->timer, after_ms, 0);
}

/* --------------------------------------------------------- the end ---- */

static void check_free(struct check *k)
{
    if (k->conn != NULL)
        conn_close(k->conn);
    probe_cancel(k->uploads);
    self_of(k)->host->loop->timer_free(k->timer);
    *k->link = k->next;
    if (k->next != NULL)
        k->next->link = k->link;
    free(k);
}

static bool all_good(const struct check *k)
{
    for (int i = 0; i < STEP_COUNT; i++)
        if (k->results[i] == BAD)
            return false;
    return k->results[STEP_REPORTS] == GOOD;
}

static void write_step(const struct check *k, const struct spd_json_api *json,
                       spd_jsonw *w, int i)
{
    json->begin(w, NULL, SPD_JSON_OBJECT);
    json->put_str(w, "step", text_of(step_names[i]));
    if (k->results[i] == NOT_LOOKED_AT)
        json->put_null(w, "ok");
    else
        json->put_bool(w, "ok", k->results[i] == GOOD);
    json->put_str(w, "text", text_of(k->texts[i] != NULL ? k->texts[i] : ""));
    json->end(w);
}

static void finish(struct check *k)
{
    const struct spd_host *host = self_of(k)->host;
    spd_ticket *ticket = k->ticket;
    struct spd_error err = { SPD_ENOMEM, "There is no memory left." };
    spd_str text = { 0 };
    spd_jsonw *w = host->json->writer();
    host->json->begin(w, NULL, SPD_JSON_OBJECT);
    host->json->put_bool(w, "ok", all_good(k));
    host->json->begin(w, "steps", SPD_JSON_ARRAY);
    for (int i = 0; i < STEP_COUNT; i++)
        write_step(k, host->json, w, i);
    host->json->end(w);
    host->json->end(w);
    check_free(k);
    bool written = host->json->text(w, &text) == SPD_OK;
    host->role->finish(ticket, text, written ? NULL : &err);
    host->json->writer_free(w);
}

/* ------------------------------------------------------- judgement ---- */

/* All steps before it went well. */
static void good_before(struct check *k, enum step step)
{
    for (int i = 0; i < (int)step; i++)
        k->results[i] = GOOD;
}

static void bad_at(struct check *k, enum step step, const char *text)
{
    good_before(k, step);
    k->results[step] = BAD;
    k->texts[step] = text;
}

/* What ends the way before the printer was heard. */
static const struct {
    enum sentence said;
    enum step step;
} ends[] = {
    { SAY_NOT_FOUND, STEP_ADDRESS },   { SAY_NO_ANSWER, STEP_PORT },
    { SAY_NO_TLS, STEP_PORT },         { SAY_KEY_CHANGED, STEP_KEY },
    { SAY_OTHER_SERIAL, STEP_SERIAL }, { SAY_REFUSED, STEP_CODE },
    { SAY_LOST, STEP_CODE },           { SAY_SILENT, STEP_REPORTS },
};

static bool ended_early(struct check *k)
{
    for (size_t i = 0; i < SPD_COUNT(ends); i++)
        if (k->conn->link != NULL && k->conn->said == ends[i].said) {
            bad_at(k, ends[i].step, sentence(ends[i].said));
            return true;
        }
    return false;
}

static void judge_printer(struct check *k)
{
    const struct status *told = &k->conn->told;
    good_before(k, STEP_STORAGE);
    if (told->storage_ready >= 0)
        k->results[STEP_STORAGE] = told->storage_ready ? GOOD : BAD;
    if (told->storage_ready == 0)
        k->texts[STEP_STORAGE] =
            "There is no card or stick in the printer, or it is damaged: "
            "files cannot be uploaded.";
    if (told->obeys != OBEDIENCE_UNKNOWN)
        k->results[STEP_COMMANDS] = told->obeys == OBEDIENCE_ON ? GOOD : BAD;
    if (told->obeys == OBEDIENCE_OFF)
        k->texts[STEP_COMMANDS] = sentence(SAY_DEVELOPER_MODE);
    if (told->obeys == OBEDIENCE_UNKNOWN)
        k->texts[STEP_COMMANDS] =
            "This printer does not say whether Developer Mode is on; its "
            "first refusal would.";
}

static void on_uploads(void *arg, enum probe_end end, X509 *leaf,
                       const char *address)
{
    struct check *k = arg;
    (void)leaf, (void)address;
    k->uploads = NULL;
    k->results[STEP_UPLOADS] = end == PROBE_ANSWERED ? GOOD : BAD;
    if (end != PROBE_ANSWERED)
        k->texts[STEP_UPLOADS] =
            "The printer's port for files does not answer: is it 990, and let "
            "through by the network?";
    wake(k, 0);
}

/* The printer was heard: what remains is the port for files. */
static void look_at_uploads(struct check *k)
{
    const struct conn *c = k->conn;
    judge_printer(k);
    k->uploads = probe_start(self_of(k), c->host, c->ftps_port, c->serial, true,
                             on_uploads, k);
    if (k->uploads == NULL)
        finish(k);
}

static bool is_ready(const struct check *k)
{
    return k->conn->told_once && (k->conn->report.firmware[0] != '\0' ||
                                  now_ms(k) - k->heard_ms >= VERSION_WITHIN_MS);
}

static void on_timer(spd_plugin *self, void *arg)
{
    struct check *k = arg;
    (void)self;
    int64_t left_ms = k->began_ms + PATIENCE_MS - now_ms(k);
    if (k->results[STEP_UPLOADS] != NOT_LOOKED_AT) {
        finish(k);
    } else if (k->uploads != NULL) {
        wake(k, left_ms > 0 ? left_ms : 1000);
    } else if (ended_early(k)) {
        finish(k);
    } else if (is_ready(k)) {
        look_at_uploads(k);
    } else if (left_ms <= 0) {
        bad_at(k, STEP_REPORTS, sentence(SAY_SILENT));
        finish(k);
    } else {
        bool heard = k->conn->told_once;
        wake(k, heard && left_ms > VERSION_WITHIN_MS ? VERSION_WITHIN_MS
                                                     : left_ms);
    }
}

/* From within the connection: it is looked at on the next turn. */
static void on_told(void *arg)
{
    struct check *k = arg;
    if (k->conn != NULL && k->conn->told_once && k->heard_ms == 0)
        k->heard_ms = now_ms(k);
    wake(k, 0);
}

/* -------------------------------------------------------- beginning --- */

static void refuse(struct driver *driver, spd_ticket *ticket,
                   const struct spd_error *err)
{
    driver->self->host->role->finish(ticket, (spd_str){ 0 }, err);
}

static struct check *check_new(struct driver *driver, spd_ticket *ticket)
{
    struct check *k = calloc(1, sizeof(*k));
    if (k == NULL)
        return NULL;
    k->driver = driver;
    k->ticket = ticket;
    k->next = driver->checks;
    k->link = &driver->checks;
    if (k->next != NULL)
        k->next->link = &k->next;
    driver->checks = k;
    k->timer = driver->self->host->loop->timer_new(driver->self, on_timer, k);
    if (k->timer != NULL)
        return k;
    check_free(k);
    return NULL;
}

void check_start(struct driver *driver, const spd_json *settings,
                 spd_ticket *ticket)
{
    struct spd_error err = { SPD_ENOMEM, "There is no memory left." };
    struct check *k = check_new(driver, ticket);
    if (k == NULL) {
        refuse(driver, ticket, &err);
        return;
    }
    k->began_ms = now_ms(k);
    k->conn = conn_try(driver, settings, on_told, k, &err);
    if (k->conn == NULL) {
        check_free(k);
        refuse(driver, ticket, &err);
        return;
    }
    wake(k, PATIENCE_MS);
}

void check_stop(struct driver *driver)
{
    static const struct spd_error stopped = { SPD_ECANCELED,
                                              "The driver was stopped." };
    while (driver->checks != NULL) {
        spd_ticket *ticket = driver->checks->ticket;
        check_free(driver->checks);
        refuse(driver, ticket, &stopped);
    }
}
