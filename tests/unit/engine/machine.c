#include "machine.h"

#include <stdio.h>
#include <string.h>

#include "stage.h"

/* -- the driver -- */

static spd_err on_open(spd_plugin *self, spd_printer *printer,
                       const spd_json *settings, void **conn,
                       struct spd_error *err)
{
    (void)self;
    (void)err;
    spd_str serial = json_as_str(json_member(settings, "serial"), STR("?"));
    struct machine *machine = &the.machines[serial.ptr[0] - '0'];
    machine->printer = printer;
    machine->opens++;
    *conn = machine;
    return SPD_OK;
}

static void on_close(void *conn)
{
    struct machine *machine = conn;
    machine->printer = NULL;
    machine->upload = machine->start = machine->stop = NULL;
}

static void keep_order(struct machine *machine, const spd_json *order)
{
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_put_json(&w, NULL, order);
    snprintf(machine->order, sizeof(machine->order), "%.*s",
             STR_ARG(buf_str(&text)));
    buf_fini(&text);
    machine->attempt = json_as_int(json_member(order, "id"), 0);
    snprintf(machine->submission, sizeof(machine->submission), "%.*s",
             STR_ARG(json_as_str(json_member(order, "submission"), STR(""))));
}

static void on_upload(void *conn, const spd_json *order, spd_ticket *ticket)
{
    struct machine *machine = conn;
    if (the.power_is_off)
        return;
    keep_order(machine, order);
    machine->uploads++;
    machine->upload = ticket;
}

static void finish(spd_ticket **ticket, spd_err code)
{
    struct spd_error err;
    error_set(&err, code, "the machine said %d", (int)code);
    assert_non_null(*ticket);
    ticket_finish(the.shop.tickets, *ticket, STR(""),
                  code == SPD_OK ? NULL : &err);
    *ticket = NULL;
}

static void on_abort(void *conn)
{
    struct machine *machine = conn;
    machine->aborts++;
    if (machine->upload != NULL && !machine->aborts_late)
        finish(&machine->upload, SPD_ECANCELED);
}

static void on_start(void *conn, const spd_json *order, spd_ticket *ticket)
{
    struct machine *machine = conn;
    if (the.power_is_off)
        return;
    machine->start = ticket;
    if (machine->dies_at_start) {
        take_picture();
        the.power_is_off = true;
        return;
    }
    bool again =
        machine->last_started >= json_as_int(json_member(order, "id"), 0);
    if (again || machine->bed_is_taken)
        machine->faults++;
    trace("machine %d is to start attempt %lld", (int)(machine - the.machines),
          (long long)json_as_int(json_member(order, "id"), 0));
    if (the.judge_start != NULL)
        the.judge_start((int)(machine - the.machines), order);
    keep_order(machine, order);
    machine->last_started = machine->attempt;
    machine->starts++;
}

static void on_command(void *conn, const spd_json *command, spd_ticket *ticket)
{
    struct machine *machine = conn;
    if (the.power_is_off)
        return;
    spd_str word = json_as_str(json_member(command, "command"), STR(""));
    if (str_is(word, "stop")) {
        machine->stops++;
        machine->stop = ticket;
        return;
    }
    if (str_is(word, "refresh"))
        machine->refreshes++;
    finish(&ticket, SPD_OK);
}

static const struct spd_model models[] = {
    { "P1S", "C12", "Bambu Lab P1S" },
    { "A1", "N2S", "Bambu Lab A1" },
    { 0 },
};
static const struct spd_field settings[] = {
    { "serial", "its number", SPD_T_STR, SPD_FIELD_REQUIRED, "<=16" },
    { 0 },
};
const struct spd_printer_driver machine_driver = {
    .kind = "machine",
    .doc = "does what the test says",
    .models = models,
    .settings = settings,
    .open = on_open,
    .close = on_close,
    .upload = on_upload,
    .upload_abort = on_abort,
    .start = on_start,
    .command = on_command,
};

/* -- what it says -- */

static void report(int number, spd_str text)
{
    struct spd_error err = { 0 };
    spd_json *json = json_parse(text, &err);
    if (json == NULL)
        fail_msg("%s", err.text);
    trace("machine %d says %.*s", number, STR_ARG(text));
    fleet_report(the.shop.fleet, the.machines[number].printer, json);
    json_free(json);
    settle();
}

void say(int number, const char *fmt, ...)
{
    char text[2048];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    report(number, str_of(text));
}

void say_state(int number, const char *state, const char *submission,
               double progress_pct)
{
    struct machine *machine = &the.machines[number];
    if (submission != machine->named)
        snprintf(machine->named, sizeof(machine->named), "%s", submission);
    say(number,
        "{\"connection\":\"connected\",\"full\":true,\"state\":\"%s\","
        "\"submission\":\"%s\",\"progress_pct\":%g,\"canceled\":false,"
        "\"error\":null}",
        state, submission, progress_pct);
}

void say_idle(int number, const char *submission)
{
    say_state(number, "idle", submission, 0);
}

void say_offline(int number)
{
    say(number, "{\"connection\":\"unreachable\",\"detail\":\"no answer\"}");
}

/* -- what it answers -- */

void answer_upload(int number, spd_err code)
{
    finish(&the.machines[number].upload, code);
    settle();
}

void answer_start(int number, spd_err code)
{
    finish(&the.machines[number].start, code);
    settle();
}

void answer_stop(int number, spd_err code)
{
    finish(&the.machines[number].stop, code);
    settle();
}
