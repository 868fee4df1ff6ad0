/* Asking drivers: every question is answered exactly once. */
#include <stdlib.h>

#include "base/error.h"
#include "shop/fleet_internal.h"

enum {
    COMMAND_LATE_MS = 60 * 1000,
    START_LATE_MS = 120 * 1000,
};

static void unlink_ask(struct ask *ask)
{
    *ask->link = ask->next;
    if (ask->next != NULL)
        ask->next->link = ask->link;
}

static void settle(struct ask *ask, spd_str result, const struct spd_error *err)
{
    unlink_ask(ask);
    ask->fn(ask->arg, result, err);
    free(ask);
}

static void on_ticket(void *arg, spd_str result, const struct spd_error *err)
{
    settle(arg, result, err);
}

void asks_end(struct berth *berth, const char *sentence)
{
    struct spd_error err;
    error_set(&err, SPD_ECANCELED, "%s", sentence);
    while (berth->asks != NULL) {
        struct ask *ask = berth->asks;
        ticket_forget(ask->tickets, ask->ticket);
        settle(ask, STR(""), &err);
    }
}

typedef void driver_fn(void *conn, const spd_json *what, spd_ticket *ticket);

/* Put the question to the driver `berth` speaks through. */
static void put_ask(struct berth *berth, driver_fn *question, spd_str json,
                    int64_t late_ms, ticket_fn *fn, void *arg)
{
    struct shop *shop = berth->fleet->shop;
    struct ask *ask = mem_new(sizeof(*ask));
    *ask =
        (struct ask){ berth->asks, &berth->asks, NULL, shop->tickets, fn, arg };
    if (ask->next != NULL)
        ask->next->link = &ask->next;
    berth->asks = ask;
    ask->ticket =
        ticket_new(shop->tickets, berth->driver->who, late_ms, on_ticket, ask);
    spd_json *what = json_parse(json, NULL);
    const char *before = loop_enter(shop->loop, berth->driver->who);
    question(berth->conn, what, ask->ticket);
    loop_leave(shop->loop, before);
    json_free(what);
}

static struct berth *reachable(struct fleet *fleet, int64_t printer_id,
                               ticket_fn *fn, void *arg)
{
    struct berth *berth = berth_find(fleet, printer_id);
    if (berth != NULL && berth->conn != NULL)
        return berth;
    struct spd_error err;
    error_set(&err, SPD_EIO, "printer %lld cannot be spoken to now",
              (long long)printer_id);
    fn(arg, STR(""), &err);
    return NULL;
}

void fleet_upload(struct fleet *fleet, int64_t printer_id, spd_str attempt,
                  ticket_fn *fn, void *arg)
{
    struct berth *berth = reachable(fleet, printer_id, fn, arg);
    if (berth != NULL)
        put_ask(berth, berth->driver->row->upload, attempt, 0, fn, arg);
}

void fleet_upload_abort(struct fleet *fleet, int64_t printer_id)
{
    struct berth *berth = berth_find(fleet, printer_id);
    if (berth != NULL && berth->conn != NULL)
        berth->driver->row->upload_abort(berth->conn);
}

void fleet_start(struct fleet *fleet, int64_t printer_id, spd_str attempt,
                 ticket_fn *fn, void *arg)
{
    struct berth *berth = reachable(fleet, printer_id, fn, arg);
    if (berth != NULL)
        put_ask(berth, berth->driver->row->start, attempt, START_LATE_MS, fn,
                arg);
}

void fleet_command(struct fleet *fleet, int64_t printer_id, spd_str command,
                   ticket_fn *fn, void *arg)
{
    struct berth *berth = reachable(fleet, printer_id, fn, arg);
    if (berth != NULL)
        put_ask(berth, berth->driver->row->command, command, COMMAND_LATE_MS,
                fn, arg);
}
