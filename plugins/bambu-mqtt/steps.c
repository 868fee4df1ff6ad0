/* The steps of a print, and commands: see conn.h. */
#include "conn_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "command.h"
#include "loose.h"

enum { REASON_CHARS = 120 };

/* -------------------------------------------------------- tickets ----- */

static void finish(struct conn *c, spd_ticket *ticket,
                   const struct spd_error *err)
{
    c->self->host->role->finish(ticket, (spd_str){ 0 },
                                err->code == SPD_OK ? NULL : err);
}

static void succeed(struct conn *c, spd_ticket *ticket)
{
    finish(c, ticket, &(struct spd_error){ SPD_OK, "" });
}

SPD_PRINTF(4, 5)
static void refuse(struct conn *c, spd_ticket *ticket, spd_err code,
                   const char *fmt, ...)
{
    struct spd_error err = { .code = code };
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(err.text, sizeof(err.text), fmt, args);
    va_end(args);
    finish(c, ticket, &err);
}

static bool is_at_work(const struct conn *c)
{
    return c->job.shown == JOB_PREPARING || c->job.shown == JOB_PRINTING ||
           c->job.shown == JOB_PAUSED;
}

/* -------------------------------------------------------- requests ---- */

static void await(struct conn *c)
{
    conn_due(c, DUE_REQUEST, requests_next_due_ms(&c->requests));
}

/* Publish once, and wait for the answer under this number.  The writer is
 * freed in every case. */
static void ask(struct conn *c, enum request_kind kind, const char *command,
                spd_jsonw *w, spd_ticket *ticket)
{
    struct request one = {
        .sequence = c->sequence++,
        .kind = kind,
        .command = command,
        .ticket = ticket,
        .due_ms = conn_now_ms(c) + REQUEST_TIMEOUT_MS,
    };
    if (requests_add(&c->requests, &one) != SPD_OK) {
        conn_json(c)->writer_free(w);
        refuse(c, ticket, SPD_EBUSY,
               "Too many commands wait for the printer's answer.");
        return;
    }
    if (conn_send(c, w) != SPD_OK) {
        struct request gone;
        (void)requests_take(&c->requests, one.sequence, text_of(command),
                            &gone);
        refuse(c, ticket, SPD_EBUSY,
               "The printer is not connected; nothing was sent.");
        return;
    }
    await(c);
}

static bool says_success(spd_str result)
{
    return result.len == 7 && strncasecmp(result.ptr, "success", 7) == 0;
}

static bool wants_signature(const struct conn *c, const spd_json *answer,
                            spd_str reason)
{
    int64_t code = 0;
    (void)(loose_int(conn_json(c), answer, "err_code", &code) ||
           loose_int(conn_json(c), answer, "errno", &code));
    return error_wants_signature(code) ||
           text_equals(reason, "mqtt message verify failed");
}

/* Lights are obeyed without Developer Mode, too. */
static bool is_guarded(const char *command)
{
    return strcmp(command, "ledctrl") != 0;
}

static void judge_answer(struct conn *c, const struct request *asked,
                         const spd_json *answer)
{
    const struct spd_json_api *json = conn_json(c);
    const spd_str none = { "", 0 };
    spd_str result = json->as_str(json->member(answer, "result"), none);
    spd_str reason = json->as_str(json->member(answer, "reason"), none);
    int shown = reason.len > REASON_CHARS ? REASON_CHARS : (int)reason.len;
    bool is_unsigned = wants_signature(c, answer, reason);
    if (is_unsigned || (says_success(result) && is_guarded(asked->command)))
        conn_obeyed(c, !is_unsigned);
    if (says_success(result))
        succeed(c, asked->ticket);
    else if (is_unsigned)
        refuse(c, asked->ticket, SPD_EAUTH, "%s", sentence(SAY_DEVELOPER_MODE));
    else if (result.len == 0)
        refuse(c, asked->ticket, SPD_EIO,
               "The printer answered with neither yes nor no.");
    else
        refuse(c, asked->ticket, SPD_EBUSY, "The printer refused: %.*s",
               shown > 0 ? shown : 15,
               shown > 0 ? reason.ptr : "no reason given");
}

void steps_answer(struct conn *c, const spd_json *answer)
{
    const struct spd_json_api *json = conn_json(c);
    struct request asked;
    int64_t sequence = 0;
    spd_str command =
        json->as_str(json->member(answer, "command"), (spd_str){ "", 0 });
    if (!loose_int(json, answer, "sequence_id", &sequence) ||
        !requests_take(&c->requests, sequence, command, &asked))
        return; /* its own commands are answered here, too */
    c->unanswered = 0;
    judge_answer(c, &asked, answer);
    await(c);
}

void steps_whole_report(struct conn *c)
{
    struct request asked;
    while (requests_take_kind(&c->requests, REQUEST_REFRESH, &asked))
        succeed(c, asked.ticket);
    await(c);
}

/* A line on which telemetry flows and commands vanish is half dead.  But a
 * slow printer that reads a new file answers nobody, and dropping the line
 * then makes some of them give the file up. */
static bool is_deaf(const struct conn *c)
{
    bool reading = c->start_at_ms != 0 &&
                   conn_now_ms(c) - c->start_at_ms < CONN_PARSING_MS;
    return c->unanswered >= CONN_DEAF_AFTER && !reading;
}

void steps_request_due(struct conn *c)
{
    struct request asked;
    while (requests_take_due(&c->requests, conn_now_ms(c), &asked)) {
        c->unanswered++;
        refuse(c, asked.ticket, SPD_EIO,
               "The printer did not answer within %d seconds.",
               REQUEST_TIMEOUT_MS / 1000);
    }
    if (is_deaf(c))
        conn_reconnect(c, "unreachable", SAY_DEAF);
    else
        await(c);
}

static void end_all(struct conn *c, spd_err code, const char *text)
{
    struct request asked;
    while (requests_take_any(&c->requests, &asked))
        refuse(c, asked.ticket, code, "%s", text);
}

void steps_line_lost(struct conn *c)
{
    end_all(c, SPD_EIO, "The connection broke before the printer answered.");
}

/* -------------------------------------------------------- commands ---- */

/* Whole reports strain the slow models: one that is asked for too soon after
 * another waits. */
static void refresh(struct conn *c, spd_ticket *ticket)
{
    int64_t at_ms = c->pushall_at_ms + c->model->pushall_gap_ms;
    int64_t now_ms = conn_now_ms(c);
    struct request one = {
        .sequence = c->sequence++,
        .kind = REQUEST_REFRESH,
        .command = "pushall",
        .ticket = ticket,
        .due_ms = (at_ms > now_ms ? at_ms : now_ms) + REQUEST_TIMEOUT_MS,
    };
    if (!c->up || requests_add(&c->requests, &one) != SPD_OK) {
        refuse(c, ticket, SPD_EBUSY, "The printer is not connected.");
        return;
    }
    await(c);
    if (!conn_ask_all(c, c->model->pushall_gap_ms))
        conn_due(c, DUE_REFRESH, at_ms > now_ms ? at_ms : now_ms + 1000);
}

void steps_refresh_due(struct conn *c)
{
    (void)conn_ask_all(c, c->model->pushall_gap_ms);
}

/* The warmest the loaded filament is printed at; 0: not known. */
static int64_t loaded_celsius(const struct conn *c)
{
    int64_t slot = c->told.active_slot;
    for (size_t i = 0; i < c->report.unit_count; i++) {
        const struct unit *u = &c->report.units[i];
        for (int64_t k = 0; k < REPORT_TRAYS_MAX; k++)
            if (status_slot_number(u->id, k) == slot)
                return u->tray[k].nozzle_celsius_most;
    }
    return status_is_external(slot) ? c->report.external[0].nozzle_celsius_most
                                    : 0;
}

/* Models with two of them have both on or off. */
static void switch_second_light(struct conn *c, const spd_json *command)
{
    const spd_json *on = conn_json(c)->member(command, "on");
    if (c->model->second_light && conn_json(c)->type(on) == SPD_JSON_BOOL)
        (void)conn_send(c, command_light(conn_json(c), c->sequence++,
                                         "chamber_light2",
                                         conn_json(c)->as_bool(on, false)));
}

void conn_command(struct conn *c, const spd_json *command, spd_ticket *ticket)
{
    struct spd_error err = { 0 };
    const char *word = command_word(conn_json(c), command);
    spd_str name = conn_json(c)->as_str(
        conn_json(c)->member(command, "command"), (spd_str){ "", 0 });
    struct surroundings at = {
        .two_externals = report_is_dual(&c->report),
        .nozzle_celsius = loaded_celsius(c),
        .report = &c->report,
    };
    if (text_equals(name, "refresh")) {
        refresh(c, ticket);
        return;
    }
    spd_jsonw *w =
        command_from_host(conn_json(c), c->sequence, command, &at, &err);
    if (w == NULL) {
        finish(c, ticket, &err);
        return;
    }
    if (text_equals(name, "stop") && c->up)
        job_stop_sent(&c->job, conn_now_ms(c));
    ask(c, REQUEST_COMMAND, word, w, ticket);
    if (text_equals(name, "light"))
        switch_second_light(c, command);
}

/* ----------------------------------------------------------- start ---- */

/* The host has checked all this; what it cannot see is how fresh our own
 * picture is at this very moment. */
static bool may_start(struct conn *c, spd_ticket *ticket)
{
    if (!c->up || !c->heard)
        refuse(c, ticket, SPD_EBUSY, "The printer is not connected.");
    else if (conn_now_ms(c) - c->heard_at_ms > CONN_FRESH_MS)
        refuse(c, ticket, SPD_EBUSY,
               "The printer has not reported for %d seconds.",
               CONN_FRESH_MS / 1000);
    else if (is_at_work(c))
        refuse(c, ticket, SPD_EBUSY, "The printer is at work.");
    else
        return true;
    return false;
}

void conn_start(struct conn *c, const spd_json *attempt, spd_ticket *ticket)
{
    struct spd_error err = { 0 };
    struct print_order order;
    if (print_order_read(&order, conn_json(c), attempt, &err) != SPD_OK) {
        finish(c, ticket, &err);
        return;
    }
    if (!may_start(c, ticket))
        return;
    c->start_at_ms = conn_now_ms(c);
    ask(c, REQUEST_START, "project_file",
        command_start(conn_json(c), c->sequence, &order,
                      (enum url_form)c->model->url[c->url],
                      report_is_dual(&c->report)),
        ticket);
}

/* ---------------------------------------------------------- upload ---- */

static void on_uploaded(void *arg, const struct spd_error *outcome, bool clear)
{
    struct conn *c = arg;
    spd_ticket *ticket = c->upload_ticket;
    if (clear && !c->clear_data)
        spd_log(c->self, SPD_INFO,
                "%s cannot encrypt uploads; they go in the clear", c->serial);
    c->clear_data = c->clear_data || clear;
    c->upload = NULL;
    c->upload_ticket = NULL;
    finish(c, ticket, outcome);
}

static bool may_upload(struct conn *c, spd_ticket *ticket)
{
    if (c->upload != NULL)
        refuse(c, ticket, SPD_EBUSY,
               "Another file is on its way to the printer.");
    else if (c->pin[0] == '\0' || c->address[0] == '\0')
        refuse(c, ticket, SPD_EIO, "The printer was not reached yet.");
    else
        return true;
    return false;
}

void conn_upload(struct conn *c, const spd_json *attempt, spd_ticket *ticket)
{
    struct spd_error err = { 0 };
    struct print_order order;
    struct upload_peer peer = {
        .address = c->address,
        .port = c->ftps_port,
        .user = "bblp",
        .password = c->access_code,
        .pin = c->pin,
        .clear = c->clear_data,
        .try_clear = c->model->clear_data_ok,
    };
    if (print_order_read(&order, conn_json(c), attempt, &err) != SPD_OK) {
        finish(c, ticket, &err);
        return;
    }
    if (!may_upload(c, ticket))
        return;
    c->upload_ticket = ticket;
    c->upload =
        upload_start(c->self, c->printer, &peer, &order, on_uploaded, c, &err);
    if (c->upload == NULL) {
        c->upload_ticket = NULL;
        finish(c, ticket, &err);
    }
}

void conn_upload_abort(struct conn *c)
{
    upload_abort(c->upload);
}

void steps_close(struct conn *c)
{
    end_all(c, SPD_ECANCELED, "The printer was closed.");
    if (c->upload == NULL)
        return;
    upload_forget(c->upload);
    c->upload = NULL;
    refuse(c, c->upload_ticket, SPD_ECANCELED, "The printer was closed.");
}
