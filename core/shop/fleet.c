/* Connections: one for each enabled printer, in line with its record. */
#include "shop/fleet.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "shop/fleet_internal.h"

/* -- places -- */

static size_t place_of(const struct fleet *fleet, int64_t printer_id)
{
    size_t low = 0, high = fleet->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (fleet->berths[middle]->live.id < printer_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct berth *berth_find(const struct fleet *fleet, int64_t printer_id)
{
    size_t place = place_of(fleet, printer_id);
    if (place == fleet->count || fleet->berths[place]->live.id != printer_id)
        return NULL;
    return fleet->berths[place];
}

static struct berth *berth_add(struct fleet *fleet, int64_t printer_id)
{
    size_t place = place_of(fleet, printer_id);
    fleet->berths =
        mem_resize(fleet->berths, (fleet->count + 1) * sizeof(struct berth *));
    memmove(fleet->berths + place + 1, fleet->berths + place,
            (fleet->count - place) * sizeof(struct berth *));
    struct berth *berth = mem_new(sizeof(*berth));
    berth->live.id = printer_id;
    berth->fleet = fleet;
    state_box_init(&berth->live.box);
    fleet->berths[place] = berth;
    fleet->count++;
    return berth;
}

static void berth_close(struct berth *berth, const char *sentence)
{
    if (berth->conn != NULL) {
        const char *before =
            loop_enter(berth->fleet->shop->loop, berth->driver->who);
        berth->driver->row->close(berth->conn);
        loop_leave(berth->fleet->shop->loop, before);
    }
    berth->conn = NULL;
    berth->handle = 0;
    asks_end(berth, sentence);
}

static void berth_remove(struct fleet *fleet, struct berth *berth)
{
    berth_close(berth, "the printer was taken out of the shop");
    size_t place = place_of(fleet, berth->live.id);
    memmove(fleet->berths + place, fleet->berths + place + 1,
            (fleet->count - place - 1) * sizeof(struct berth *));
    fleet->count--;
    state_box_fini(&berth->live.box);
    free(berth);
}

/* -- reports -- */

static struct berth *by_handle(const struct fleet *fleet,
                               const spd_printer *printer)
{
    for (size_t i = 0; i < fleet->count; i++)
        if (printer != NULL && fleet->berths[i]->handle == (uintptr_t)printer)
            return fleet->berths[i];
    return NULL;
}

/* What a report means for how fresh our picture is. */
static void mark_time(struct berth *berth, const struct printer_state *before,
                      bool is_full)
{
    struct live *live = &berth->live;
    int64_t now_ms = loop_now_ms(berth->fleet->shop->loop);
    bool is_up = live->box.state.connection == CONNECTION_CONNECTED;
    if (is_up && before->connection != CONNECTION_CONNECTED) {
        live->connected_ms = now_ms;
        live->full_count = 0;
    }
    if (!is_up)
        live->full_count = 0;
    live->reported_ms = now_ms;
    live->snapshot = is_up && is_full && live->full_count == 0;
    if (is_up && is_full) {
        live->full_ms = now_ms;
        live->full_count++;
    }
}

static void log_faults(struct berth *berth, unsigned faults, const char *first)
{
    if (faults > 0 && berth->faults == 0)
        log_warn("fleet", "printer %lld reports what cannot be: %s",
                 (long long)berth->live.id, first);
    berth->faults += faults;
}

static void take_report(struct berth *berth, const spd_json *report)
{
    struct fleet *fleet = berth->fleet;
    char first[160];
    struct state_box before;
    unsigned faults = state_merge(&berth->live.box, report, &before, first);
    log_faults(berth, faults, first);
    mark_time(berth, &before.state,
              json_as_bool(json_member(report, "full"), false));
    fleet_note(berth, &before.state);
    if (fleet->fn != NULL)
        fleet->fn(fleet->arg, &berth->live, &before.state);
    state_box_fini(&before);
}

void fleet_report(struct fleet *fleet, const spd_printer *printer,
                  const spd_json *report)
{
    struct berth *berth = by_handle(fleet, printer);
    if (berth != NULL) /* else of a connection that is closed by now */
        take_report(berth, report);
}

/* -- opening -- */

/* A word of the fleet's own about a connection, told like a report. */
static void tell(struct berth *berth, const char *connection,
                 const char *detail)
{
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(&w, "connection", str_of(connection));
    jsonw_put_str(&w, "detail", str_clip(str_of(detail), 400));
    jsonw_end(&w);
    spd_json *report = json_parse(buf_str(&text), NULL);
    take_report(berth, report);
    json_free(report);
    buf_fini(&text);
}

static spd_err open_conn(struct berth *berth, const struct printer *printer,
                         struct spd_error *err)
{
    struct shop *shop = berth->fleet->shop;
    struct buf text = { 0 };
    spd_err rc = printer_settings(shop, printer, &text, err);
    if (rc == SPD_OK) {
        spd_json *settings = json_parse(buf_str(&text), NULL);
        berth->handle = ++berth->fleet->last_handle;
        const char *before = loop_enter(shop->loop, berth->driver->who);
        rc = berth->driver->row->open(berth->driver->self,
                                      (spd_printer *)berth->handle, settings,
                                      &berth->conn, err);
        loop_leave(shop->loop, before);
        json_free(settings);
    }
    buf_fini(&text);
    return rc;
}

static void berth_open(struct berth *berth, const struct printer *printer)
{
    struct fleet *fleet = berth->fleet;
    struct spd_error err = { 0 };
    berth->faults = 0;
    berth->live.full_count = 0;
    berth->driver = driver_find(fleet->shop->drivers, printer->kind);
    if (!printer->enabled) {
        tell(berth, "none", "the printer is switched off here");
        return;
    }
    if (berth->driver == NULL) {
        tell(berth, "none",
             "no plugin that drives this kind of printer is loaded");
        return;
    }
    if (open_conn(berth, printer, &err) == SPD_OK)
        return;
    log_warn("fleet", "printer %.*s: %s", STR_ARG(printer->name), err.text);
    berth->handle = 0;
    tell(berth, "unreachable", err.text);
}

/* All of the record that a connection depends on. The pin is not among it: it
 * is learned from the very connection. */
static struct sha256 fingerprint(const struct printer *printer)
{
    struct sha256_stream *sum = sha256_start();
    sha256_add(sum, printer->kind);
    sha256_add(sum, printer->model);
    sha256_add(sum, printer->settings);
    sha256_add(sum, printer->sealed);
    sha256_add(sum, (spd_str){ (const char *)&printer->forgotten,
                               sizeof(printer->forgotten) });
    sha256_add(sum, printer->enabled ? STR("on") : STR("off"));
    return sha256_done(sum);
}

static bool sync_one(void *arg, const void *record)
{
    struct fleet *fleet = arg;
    const struct printer *printer = record;
    struct sha256 wanted = fingerprint(printer);
    struct berth *berth = berth_find(fleet, printer->id);
    if (berth != NULL &&
        memcmp(&berth->opened_with, &wanted, sizeof(wanted)) == 0)
        return true;
    if (berth == NULL)
        berth = berth_add(fleet, printer->id);
    else
        berth_close(berth, "the printer's settings were changed");
    berth->opened_with = wanted;
    berth_open(berth, printer);
    return true;
}

static void drop_deleted(struct fleet *fleet, spd_txn *txn)
{
    for (size_t i = fleet->count; i-- > 0;)
        if (!record_exists(txn, &printer_kind, fleet->berths[i]->live.id))
            berth_remove(fleet, fleet->berths[i]);
}

static void sync_all(struct fleet *fleet)
{
    spd_txn *txn = store_read(fleet->shop->store);
    drop_deleted(fleet, txn);
    record_each(txn, &printer_kind, &(struct span){ 0 }, sync_one, fleet);
    store_read_end(txn);
}

/* -- following the records -- */

static bool touches_connection(void *arg, const struct event *event)
{
    static const char *const topics[] = { "printer.created", "printer.updated",
                                          "printer.deleted" };
    bool *touched = arg;
    for (size_t i = 0; i < SPD_COUNT(topics); i++)
        *touched |= str_is(event->topic, topics[i]);
    return !*touched;
}

static void on_journal(void *arg, int64_t last_seq)
{
    struct fleet *fleet = arg;
    bool touched = false;
    spd_txn *txn = store_read(fleet->shop->store);
    journal_each(txn, fleet->seen_seq, touches_connection, &touched);
    store_read_end(txn);
    fleet->seen_seq = last_seq;
    if (touched)
        sync_all(fleet);
}

struct fleet *fleet_new(struct shop *shop)
{
    struct fleet *fleet = mem_new(sizeof(*fleet));
    fleet->shop = shop;
    fleet->follower = (struct journal_follower){ on_journal, fleet, NULL };
    return fleet;
}

void fleet_open(struct fleet *fleet)
{
    spd_txn *txn = store_read(fleet->shop->store);
    fleet->seen_seq = journal_last(txn);
    store_read_end(txn);
    journal_follow(fleet->shop->store, &fleet->follower);
    sync_all(fleet);
}

void fleet_free(struct fleet *fleet)
{
    if (fleet == NULL)
        return;
    fleet_close(fleet);
    while (fleet->count > 0)
        berth_remove(fleet, fleet->berths[fleet->count - 1]);
    free(fleet->berths);
    free(fleet);
}

void fleet_upload_progress(struct fleet *fleet, const spd_printer *printer,
                           int64_t attempt, int64_t sent_bytes)
{
    (void)attempt; /* one printer takes one upload at a time */
    struct berth *berth = by_handle(fleet, printer);
    if (berth != NULL)
        berth->live.uploaded_bytes = sent_bytes;
}

void fleet_close(struct fleet *fleet)
{
    journal_unfollow(fleet->shop->store, &fleet->follower);
    for (size_t i = 0; i < fleet->count; i++)
        berth_close(fleet->berths[i], "the server is stopping");
}

void fleet_on_report(struct fleet *fleet, fleet_fn *fn, void *arg)
{
    fleet->fn = fn;
    fleet->arg = arg;
}

void fleet_withdraw(struct fleet *fleet, const spd_plugin *self)
{
    for (size_t i = 0; i < fleet->count; i++) {
        struct berth *berth = fleet->berths[i];
        if (berth->driver == NULL || berth->driver->self != self)
            continue;
        berth_close(berth, "the printer's driver was stopped");
        berth->driver = NULL;
        berth->opened_with = (struct sha256){ { 0 } };
    }
}

const struct live *fleet_find(const struct fleet *fleet, int64_t printer_id)
{
    const struct berth *berth = berth_find(fleet, printer_id);
    return berth == NULL ? NULL : &berth->live;
}

size_t fleet_count(const struct fleet *fleet)
{
    return fleet->count;
}

const struct live *fleet_at(const struct fleet *fleet, size_t index)
{
    return &fleet->berths[index]->live;
}
