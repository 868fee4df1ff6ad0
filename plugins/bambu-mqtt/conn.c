#include "conn_internal.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "loose.h"

static const char user_name[] = "bblp";

/* -------------------------------------------------------- deadlines --- */

int64_t conn_now_ms(const struct conn *c)
{
    return c->self->host->loop->now_ms();
}

static void arm(struct conn *c)
{
    int64_t first_ms = 0, now_ms = conn_now_ms(c);
    for (int i = 0; i < DUE_COUNT; i++)
        if (c->due_ms[i] != 0 && (first_ms == 0 || c->due_ms[i] < first_ms))
            first_ms = c->due_ms[i];
    if (first_ms != 0)
        c->self->host->loop->timer_set(
            c->timer, first_ms > now_ms ? first_ms - now_ms : 0, 0);
}

void conn_due(struct conn *c, enum due what, int64_t at_ms)
{
    c->due_ms[what] = at_ms;
    arm(c);
}

/* A number below `limit`, for jitter: nobody must not be able to guess it. */
static int64_t random_below(int64_t limit)
{
    uint32_t value = 0;
    (void)RAND_bytes((unsigned char *)&value, sizeof(value));
    return (int64_t)(value % (uint32_t)limit);
}

/* Doubling from least to most, and the upper half of it at random, so that a
 * farm does not come back all at once. */
static int64_t pause_ms(unsigned failures, int64_t least_ms, int64_t most_ms)
{
    int64_t ms = least_ms;
    while (failures-- > 0 && ms < most_ms)
        ms *= 2;
    if (ms > most_ms)
        ms = most_ms;
    return ms / 2 + random_below(ms / 2 + 1);
}

/* --------------------------------------------------------- telling ---- */

static spd_jsonw *begin_report(struct conn *c)
{
    spd_jsonw *w = conn_json(c)->writer();
    if (w != NULL)
        conn_json(c)->begin(w, NULL, SPD_JSON_OBJECT);
    return w;
}

static void end_report(struct conn *c, spd_jsonw *w)
{
    conn_json(c)->end(w);
    (void)c->self->host->role->printer_report(c->printer, w);
    conn_json(c)->writer_free(w);
}

static void note_link(struct conn *c, const char *link, enum sentence why)
{
    c->link = link;
    c->said = why;
}

static void put_link(struct conn *c, spd_jsonw *w, const char *link,
                     enum sentence why)
{
    conn_json(c)->put_str(w, "connection", text_of(link));
    conn_json(c)->put_str(w, "detail", text_of(sentence(why)));
    note_link(c, link, why);
}

/* True where somebody only looks on: the host is not told. */
static bool is_trial(struct conn *c)
{
    if (c->told_fn != NULL)
        c->told_fn(c->told_arg);
    return c->told_fn != NULL;
}

static bool is_told(const struct conn *c, const char *link, enum sentence why)
{
    return c->link != NULL && strcmp(c->link, link) == 0 && c->said == why;
}

static void tell_link(struct conn *c, const char *link, enum sentence why)
{
    if (is_told(c, link, why))
        return;
    note_link(c, link, why);
    spd_jsonw *w = is_trial(c) ? NULL : begin_report(c);
    if (w == NULL)
        return;
    put_link(c, w, link, why);
    end_report(c, w);
}

static void tell_pin(struct conn *c)
{
    spd_jsonw *w = is_trial(c) ? NULL : begin_report(c);
    if (w == NULL)
        return;
    conn_json(c)->put_str(w, "pin", text_of(c->pin));
    end_report(c, w);
}

/* ------------------------------------------------------- sending ------ */

spd_err conn_send(struct conn *c, spd_jsonw *w)
{
    spd_str text = { 0 };
    if (w == NULL)
        return SPD_ENOMEM;
    spd_err rc = conn_json(c)->text(w, &text);
    if (rc == SPD_OK)
        rc = c->up ? mqtt_publish(c->mqtt, c->request_topic, text) : SPD_EIO;
    conn_json(c)->writer_free(w);
    return rc;
}

bool conn_ask_all(struct conn *c, int64_t gap_ms)
{
    int64_t now_ms = conn_now_ms(c);
    if (c->pushall_at_ms != 0 && now_ms - c->pushall_at_ms < gap_ms)
        return false;
    if (conn_send(c, command_pushall(conn_json(c), c->sequence++)) != SPD_OK)
        return false;
    c->pushall_at_ms = now_ms;
    return true;
}

/* ------------------------------------------------ dropping the line --- */

static void hang_up(struct conn *c)
{
    probe_cancel(c->probe);
    mqtt_close(c->mqtt);
    if (c->trust_fd >= 0)
        close(c->trust_fd);
    c->probe = NULL;
    c->mqtt = NULL;
    c->trust_fd = -1;
    c->up = c->heard = c->poked = false;
    c->unanswered = 0;
    memset(c->due_ms, 0, sizeof(c->due_ms));
    if (c->job.settle_at_ms > conn_now_ms(c))
        c->due_ms[DUE_SETTLE] = c->job.settle_at_ms;
}

static void try_again(struct conn *c, int64_t least_ms, int64_t most_ms)
{
    hang_up(c);
    steps_line_lost(c);
    conn_due(c, DUE_CONNECT,
             conn_now_ms(c) + pause_ms(c->failures, least_ms, most_ms));
    c->failures++;
}

void conn_reconnect(struct conn *c, const char *link, enum sentence why)
{
    c->self->host->metric->add(c->driver->reconnects, 1);
    tell_link(c, link, why);
    try_again(c, CONN_BACKOFF_LEAST_MS, CONN_BACKOFF_MOST_MS);
}

/* Not soon: hammering a printer with a wrong code locks others out. */
static void distrust(struct conn *c, const char *link, enum sentence why)
{
    if (!is_told(c, link, why))
        spd_log(c->self, SPD_WARN, "%s: %s", c->serial, sentence(why));
    tell_link(c, link, why);
    try_again(c, CONN_DISTRUST_LEAST_MS, CONN_DISTRUST_MOST_MS);
}

/* ------------------------------------------------------ listening ----- */

static void learn_model(struct conn *c)
{
    const struct model *model = model_find(text_of(c->report.product));
    if (model != NULL)
        c->model = model;
}

static bool hms_complains(const struct report *r)
{
    for (size_t i = 0; i < r->hms_count; i++)
        if (hms_wants_signature(&r->hms[i]))
            return true;
    return false;
}

/* What the printer says of it, where it does; else what became of commands
 * (see conn_obeyed); and older firmware never asked. */
static void note_obedience(struct conn *c)
{
    enum { BIT_SIGNED_COMMANDS = 29 };
    const struct report *r = &c->report;
    if (hms_complains(r))
        c->obeys = OBEDIENCE_OFF;
    else if (r->fun_known)
        c->obeys = (r->fun >> BIT_SIGNED_COMMANDS & 1) != 0 ? OBEDIENCE_OFF
                                                            : OBEDIENCE_ON;
    else if (c->obeys == OBEDIENCE_UNKNOWN && r->firmware[0] != '\0' &&
             !firmware_reaches(r->firmware, c->model->signs_since))
        c->obeys = OBEDIENCE_ON;
}

void conn_obeyed(struct conn *c, bool obeyed)
{
    c->obeys = obeyed ? OBEDIENCE_ON : OBEDIENCE_OFF;
}

static enum sentence advice(const struct conn *c)
{
    return c->obeys == OBEDIENCE_OFF ? SAY_DEVELOPER_MODE : SAY_NOTHING;
}

/* Without news it is told now and then only that all is as it was. */
static bool worth_telling(const struct conn *c, const struct status *now)
{
    return !c->told_once || !is_told(c, "connected", advice(c)) ||
           memcmp(now, &c->told, sizeof(*now)) != 0 ||
           conn_now_ms(c) - c->told_at_ms >= CONN_RETELL_MS;
}

static void tell_status(struct conn *c, bool complete)
{
    struct status now;
    status_derive(&now, &c->report, &c->job, c->model);
    now.obeys = (int8_t)c->obeys;
    if (!worth_telling(c, &now))
        return;
    if (c->told_fn != NULL) {
        note_link(c, "connected", advice(c));
        memcpy(&c->told, &now, sizeof(now));
        c->told_once = true;
        (void)is_trial(c);
        return;
    }
    spd_jsonw *w = begin_report(c);
    if (w == NULL)
        return;
    if (!is_told(c, "connected", advice(c)))
        put_link(c, w, "connected", advice(c));
    if (complete)
        conn_json(c)->put_bool(w, "full", true);
    (void)status_write(&now, c->told_once ? &c->told : NULL, conn_json(c), w);
    end_report(c, w);
    memcpy(&c->told, &now, sizeof(now));
    c->told_once = true;
    c->told_at_ms = conn_now_ms(c);
}

static void complain_of_nonsense(struct conn *c)
{
    uint64_t odd = c->report.odd - c->odd_told;
    int64_t now_ms = conn_now_ms(c);
    if (odd == 0)
        return;
    c->self->host->metric->add(c->driver->odd, (double)odd);
    c->odd_told = c->report.odd;
    if (c->complained_at_ms != 0 &&
        now_ms - c->complained_at_ms < CONN_COMPLAIN_MS)
        return;
    c->complained_at_ms = now_ms;
    spd_log(c->self, SPD_INFO,
            "%s: a report had members of a kind or size never heard of; they "
            "are skipped (told once an hour)",
            c->serial);
}

/* A file that could not be read may have been named in the wrong way: the
 * next start of this connection uses the model's other form. */
static void note_unreadable(struct conn *c, int64_t error_before)
{
    if (c->start_at_ms == 0 || c->report.print_error == error_before ||
        !error_is_unreadable_file(c->report.print_error) ||
        conn_now_ms(c) - c->start_at_ms > CONN_PARSING_MS)
        return;
    c->start_at_ms = 0;
    c->url ^= 1;
    spd_log(c->self, SPD_INFO,
            "%s could not read the file; its name is sent in the other form "
            "next time",
            c->serial);
}

static void heard_something(struct conn *c)
{
    int64_t now_ms = conn_now_ms(c);
    c->heard_at_ms = now_ms;
    c->poked = false;
    c->due_ms[DUE_SILENT] = 0;
    conn_due(c, DUE_STALE, now_ms + CONN_STALE_MS);
}

/* The sum of layers comes in whole reports, and some come too early. */
static bool misses_layers(const struct conn *c)
{
    return c->job.shown == JOB_PRINTING && c->report.layer_num >= 1 &&
           c->report.total_layer_num <= 0;
}

/* Of a printer that tells changes only, a missed one is missed for good. */
static bool misses_reports(const struct conn *c)
{
    return c->model->partial_reports && !report_is_complete(&c->report);
}

static void on_status(struct conn *c, const spd_json *print)
{
    int64_t error_before = c->report.print_error;
    bool whole = report_merge(&c->report, conn_json(c), print);
    heard_something(c);
    if (c->report.gcode_state[0] == '\0')
        return; /* crumbs before the snapshot: of what, is not known yet */
    c->heard = true;
    c->failures = 0;
    note_unreadable(c, error_before);
    note_obedience(c);
    conn_due(c, DUE_SETTLE, job_update(&c->job, &c->report, conn_now_ms(c)));
    tell_status(c, report_is_complete(&c->report));
    complain_of_nonsense(c);
    if (misses_layers(c) || misses_reports(c))
        (void)conn_ask_all(c, CONN_GAP_MS);
    if (whole)
        steps_whole_report(c);
}

static bool is_status(const struct spd_json_api *json, const spd_json *print)
{
    spd_str command =
        json->as_str(json->member(print, "command"), text_of("push_status"));
    return json->type(print) == SPD_JSON_OBJECT &&
           text_equals(command, "push_status") &&
           json->type(json->member(print, "result")) == SPD_JSON_NULL;
}

static void on_version(struct conn *c, const spd_json *info)
{
    report_merge_version(&c->report, conn_json(c), info);
    learn_model(c);
    if (c->heard)
        tell_status(c, false);
}

static void on_document(struct conn *c, const spd_json *doc)
{
    static const char *const answering[] = { "print", "system", "pushing" };
    const struct spd_json_api *json = conn_json(c);
    const spd_json *print = json->member(doc, "print");
    const spd_json *info = json->member(doc, "info");
    if (is_status(json, print)) {
        on_status(c, print);
        return;
    }
    if (json->type(info) == SPD_JSON_OBJECT) {
        on_version(c, info);
        return;
    }
    for (size_t i = 0; i < SPD_COUNT(answering); i++) {
        const spd_json *answer = json->member(doc, answering[i]);
        if (json->type(answer) == SPD_JSON_OBJECT)
            steps_answer(c, answer);
    }
}

static void on_message(void *arg, spd_str payload)
{
    struct conn *c = arg;
    struct spd_error err = { 0 };
    c->self->host->metric->add(c->driver->reports, 1);
    spd_json *doc = conn_json(c)->parse(payload, &err);
    if (doc == NULL) {
        c->report.odd++;
        complain_of_nonsense(c);
        return;
    }
    on_document(c, doc);
    conn_json(c)->free(doc);
}

/* What was dropped may have been the one change that mattered. */
static void on_dropped(void *arg)
{
    struct conn *c = arg;
    c->self->host->metric->add(c->driver->dropped, 1);
    (void)conn_ask_all(c, CONN_GAP_MS);
}

/* ----------------------------------------------------- connecting ----- */

static void on_up(void *arg)
{
    struct conn *c = arg;
    int64_t now_ms = conn_now_ms(c);
    c->up = true;
    c->heard_at_ms = now_ms;
    c->pushall_at_ms = 0;
    c->obeys = OBEDIENCE_UNKNOWN; /* the switch takes a restart */
    report_forget(&c->report);
    job_reconnected(&c->job);
    (void)conn_send(c, command_get_version(conn_json(c), c->sequence++));
    (void)conn_ask_all(c, 0);
    conn_due(c, DUE_SILENT, now_ms + CONN_SILENT_MS);
    conn_due(c, DUE_STALE, now_ms + CONN_STALE_MS);
}

static void on_refused(void *arg)
{
    distrust(arg, "refused", SAY_REFUSED);
}

static void on_down(void *arg, const char *why)
{
    struct conn *c = arg;
    spd_log(c->self, SPD_DEBUG, "%s: %s", c->serial, why);
    conn_reconnect(c, "unreachable", SAY_LOST);
}

static const struct mqtt_events mqtt_events = {
    .up = on_up,
    .refused = on_refused,
    .down = on_down,
    .message = on_message,
    .dropped = on_dropped,
};

static void call_broker(struct conn *c)
{
    char trust_path[32];
    struct spd_error err = { 0 };
    pin_trust_path(c->trust_fd, trust_path, sizeof(trust_path));
    struct mqtt_peer peer = {
        .address = c->address,
        .port = c->mqtt_port,
        .trust_path = trust_path,
        .user = user_name,
        .password = c->access_code,
        .topic = c->report_topic,
        .only_tls12 = c->model->only_tls12,
    };
    c->mqtt = mqtt_open(c->driver->mqtt, &peer, &mqtt_events, c, &err);
    if (c->mqtt == NULL)
        conn_reconnect(c, "unreachable", SAY_LOST);
}

/* Whether this is the printer we know, or on first contact one that calls
 * itself by the right number. */
static enum sentence judge(struct conn *c, X509 *leaf)
{
    char pin[PIN_CHARS];
    if (pin_of(leaf, pin) != SPD_OK)
        return SAY_NO_TLS;
    if (c->pin[0] != '\0' && strcmp(pin, c->pin) != 0)
        return SAY_KEY_CHANGED;
    if (!pin_names_serial(leaf, c->serial))
        return SAY_OTHER_SERIAL;
    if (c->pin[0] == '\0') {
        memcpy(c->pin, pin, sizeof(c->pin));
        tell_pin(c);
    }
    return SAY_NOTHING;
}

static void on_answered(struct conn *c, X509 *leaf)
{
    enum sentence why = judge(c, leaf);
    if (why == SAY_KEY_CHANGED || why == SAY_OTHER_SERIAL) {
        distrust(c, why == SAY_KEY_CHANGED ? "key_changed" : "unreachable",
                 why);
        return;
    }
    c->trust_fd = why == SAY_NOTHING ? pin_trust_fd(leaf) : -1;
    if (c->trust_fd < 0)
        conn_reconnect(c, "unreachable", SAY_NO_TLS);
    else
        call_broker(c);
}

static void on_probed(void *arg, enum probe_end end, X509 *leaf,
                      const char *address)
{
    static const enum sentence words[] = {
        [PROBE_NO_SUCH_NAME] = SAY_NOT_FOUND,
        [PROBE_NO_ANSWER] = SAY_NO_ANSWER,
        [PROBE_NO_TLS] = SAY_NO_TLS,
    };
    struct conn *c = arg;
    c->probe = NULL;
    text_copy(c->address, sizeof(c->address), text_of(address));
    if (end == PROBE_ANSWERED)
        on_answered(c, leaf);
    else
        conn_reconnect(c, "unreachable", words[end]);
}

/* ------------------------------------------------------ when due ------ */

static void connect_now(struct conn *c)
{
    c->probe = probe_start(c->self, c->host, c->mqtt_port, c->serial,
                           c->model->only_tls12, on_probed, c);
    if (c->probe == NULL)
        conn_reconnect(c, "unreachable", SAY_NO_ANSWER);
}

static void silent_now(struct conn *c)
{
    tell_link(c, "silent", SAY_SILENT);
}

static void stale_now(struct conn *c)
{
    if (c->poked) {
        bool silent = !c->heard;
        conn_reconnect(c, silent ? "silent" : "unreachable",
                       silent ? SAY_SILENT : SAY_STALE);
        return;
    }
    c->poked = true;
    (void)conn_send(c, command_push_start(conn_json(c), c->sequence++));
    (void)conn_ask_all(c, c->model->pushall_gap_ms);
    conn_due(c, DUE_STALE, conn_now_ms(c) + CONN_POKE_MS);
}

static void settle_now(struct conn *c)
{
    conn_due(c, DUE_SETTLE, job_update(&c->job, &c->report, conn_now_ms(c)));
    if (c->heard)
        tell_status(c, false);
}

typedef void due_fn(struct conn *c);

static due_fn *const when_due[DUE_COUNT] = {
    [DUE_CONNECT] = connect_now,       [DUE_SILENT] = silent_now,
    [DUE_STALE] = stale_now,           [DUE_SETTLE] = settle_now,
    [DUE_REFRESH] = steps_refresh_due, [DUE_REQUEST] = steps_request_due,
};

static void on_timer(spd_plugin *self, void *arg)
{
    struct conn *c = arg;
    int64_t now_ms = self->host->loop->now_ms();
    for (int i = 0; i < DUE_COUNT; i++) {
        if (c->due_ms[i] == 0 || c->due_ms[i] > now_ms)
            continue;
        c->due_ms[i] = 0;
        when_due[i](c);
    }
    arm(c);
}

/* ----------------------------------------------------- open, close ---- */

static spd_err complain(struct spd_error *err, const char *text)
{
    err->code = SPD_EINVAL;
    (void)snprintf(err->text, sizeof(err->text), "%s", text);
    return SPD_EINVAL;
}

/* Parts of a topic, a URL and a certificate's name: letters and digits. */
static bool is_serial(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t len = strlen(text);
    return len >= 4 && len < 33 && strspn(text, allowed) == len;
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

static bool is_port(int64_t port)
{
    return port > 0 && port <= UINT16_MAX;
}

static spd_err read_settings(struct conn *c, const spd_json *settings,
                             struct spd_error *err)
{
    enum { MQTT_PORT = 8883, FTPS_PORT = 990 };
    const struct spd_json_api *json = conn_json(c);
    const spd_str none = { "", 0 };
    int64_t mqtt = json->as_int(json->member(settings, "mqtt_port"), MQTT_PORT);
    int64_t ftps = json->as_int(json->member(settings, "ftps_port"), FTPS_PORT);
    spd_str pin = json->as_str(json->member(settings, "pin"), none);
    spd_str model = json->as_str(json->member(settings, "model"), none);
    (void)loose_text(json, settings, "host", c->host, sizeof(c->host));
    (void)loose_text(json, settings, "serial", c->serial, sizeof(c->serial));
    (void)loose_text(json, settings, "access_code", c->access_code,
                     sizeof(c->access_code));
    if (c->host[0] == '\0' || !is_printable(c->host))
        return complain(err, "host must be the printer's address or name");
    if (!is_serial(c->serial))
        return complain(err, "serial must be the printer's serial number");
    if (c->access_code[0] == '\0' || !is_printable(c->access_code))
        return complain(err, "access_code must be the code on its screen");
    if (!is_port(mqtt) || !is_port(ftps))
        return complain(err, "mqtt_port and ftps_port must be 1 to 65535");
    if (pin.len > 0 && !pin_is_valid(pin))
        return complain(err, "pin must be 64 hexadecimal digits");
    text_copy(c->pin, sizeof(c->pin), pin);
    c->mqtt_port = (int)mqtt;
    c->ftps_port = (int)ftps;
    c->model = model_find(model);
    if (c->model == NULL)
        c->model = model_unknown();
    return SPD_OK;
}

static void name_topics(struct conn *c)
{
    (void)snprintf(c->request_topic, sizeof(c->request_topic),
                   "device/%s/request", c->serial);
    (void)snprintf(c->report_topic, sizeof(c->report_topic), "device/%s/report",
                   c->serial);
}

static void conn_free(struct conn *c)
{
    explicit_bzero(c->access_code, sizeof(c->access_code));
    free(c);
}

static struct conn *conn_new(struct driver *driver, const spd_json *settings,
                             struct spd_error *err)
{
    enum { FIRST_SEQUENCE = 100000000 }; /* far from the printer's own */
    struct conn *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        err->code = SPD_ENOMEM;
        return NULL;
    }
    c->driver = driver;
    c->self = driver->self;
    c->trust_fd = -1;
    c->sequence = FIRST_SEQUENCE + random_below(FIRST_SEQUENCE);
    report_init(&c->report);
    if (read_settings(c, settings, err) == SPD_OK) {
        c->timer = c->self->host->loop->timer_new(c->self, on_timer, c);
        if (c->timer == NULL)
            err->code = SPD_ENOMEM;
    }
    if (c->timer == NULL) {
        conn_free(c);
        return NULL;
    }
    name_topics(c);
    return c;
}

struct conn *conn_open(struct driver *driver, spd_printer *printer,
                       const spd_json *settings, struct spd_error *err)
{
    struct conn *c = conn_new(driver, settings, err);
    if (c == NULL)
        return NULL;
    c->printer = printer;
    tell_link(c, "connecting", SAY_NOTHING);
    conn_due(c, DUE_CONNECT, conn_now_ms(c));
    return c;
}

struct conn *conn_try(struct driver *driver, const spd_json *settings,
                      void (*told)(void *arg), void *arg, struct spd_error *err)
{
    struct conn *c = conn_new(driver, settings, err);
    if (c == NULL)
        return NULL;
    c->told_fn = told;
    c->told_arg = arg;
    conn_due(c, DUE_CONNECT, conn_now_ms(c));
    return c;
}

void conn_close(struct conn *c)
{
    hang_up(c);
    steps_close(c);
    c->self->host->loop->timer_free(c->timer);
    conn_free(c);
}
