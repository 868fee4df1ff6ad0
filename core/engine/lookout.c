#include "engine/lookout.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"
#include "shop/job.h"
#include "shop/printer.h"

enum { EVERY_MS = 30 * 1000, DAY_MS = 24 * 3600 * 1000 };

struct lookout {
    struct shop *shop;
    struct timer *timer;
    bool is_writing;
};

/* -- marks: since when, and whether it was said --
 *
 * Under "PRINTER/what" stands the moment it began, with "told" behind it once
 * it was said. */
static const spd_str space = STR_INIT("lookout");

struct mark {
    int64_t since_ms; /* 0: none */
    bool is_told;
};

static spd_str mark_key(char out[64], int64_t printer_id, const char *what)
{
    snprintf(out, 64, "%lld/%s", (long long)printer_id, what);
    return str_of(out);
}

static struct mark mark_get(spd_txn *txn, int64_t printer_id, const char *what)
{
    char key[64];
    struct mark mark = { 0 };
    spd_str value;
    if (store_get(txn, space, mark_key(key, printer_id, what), &value) !=
        SPD_OK)
        return mark;
    str_to_int(str_cut(&value, ' '), &mark.since_ms);
    mark.is_told = value.len > 0;
    return mark;
}

static spd_err mark_put(spd_txn *txn, int64_t printer_id, const char *what,
                        struct mark mark, struct spd_error *err)
{
    char key[64], value[40];
    spd_str name = mark_key(key, printer_id, what);
    snprintf(value, sizeof(value), "%lld%s", (long long)mark.since_ms,
             mark.is_told ? " told" : "");
    if (mark.since_ms != 0)
        return store_put(txn, space, name, str_of(value), err);
    spd_err rc = store_del(txn, space, name);
    return rc == SPD_ENOTFOUND ? SPD_OK : rc;
}

/* -- looking -- */

static bool is_gone(spd_txn *txn, const struct printer *printer)
{
    (void)txn;
    return printer->status == PRINTER_OFFLINE;
}

static bool has_waiting_jobs(spd_txn *txn, int64_t printer_id)
{
    struct key own, any;
    struct span of_it = job_queue_span(printer_id, &own);
    struct span of_all = job_queue_span(0, &any);
    return record_find(txn, &job_kind, of_it.index, of_it.prefix) != 0 ||
           record_find(txn, &job_kind, of_all.index, of_all.prefix) != 0;
}

static bool holds_up(spd_txn *txn, const struct printer *printer)
{
    bool rests = printer->status == PRINTER_IDLE ||
                 printer->status == PRINTER_FINISHED ||
                 printer->status == PRINTER_FAILED;
    return rests && !printer->plate_clear && has_waiting_jobs(txn, printer->id);
}

/* A state that becomes news when it lasts; `over` (may be NULL) is said when
 * it ends, if it was news. */
static const struct lasting {
    const char *what;
    bool (*is)(spd_txn *txn, const struct printer *printer);
    int64_t after_ms;
    const char *topic, *over;
} lasting[] = {
    { "gone", is_gone, LOOKOUT_GONE_MS, "printer.gone", "printer.back" },
    { "plate", holds_up, LOOKOUT_PLATE_MS, "printer.plate_waits", NULL },
};

static int64_t due_ms(const struct printer *printer)
{
    int64_t days = printer->maintenance_interval_days;
    int64_t last_ms = printer->last_maintenance_at != 0
                          ? printer->last_maintenance_at
                          : printer->created_at;
    return days > 0 ? last_ms + days * DAY_MS : 0;
}

/* What is to be written of one printer; topic NULL: only the mark. */
struct finding {
    int64_t printer_id;
    const char *what, *topic;
    struct mark mark;
};

struct round {
    spd_txn *txn;
    int64_t now_ms;
    struct finding *findings;
    size_t count;
};

static void find(struct round *round, int64_t printer_id, const char *what,
                 const char *topic, struct mark mark)
{
    round->findings = mem_resize(round->findings,
                                 (round->count + 1) * sizeof(struct finding));
    round->findings[round->count++] =
        (struct finding){ printer_id, what, topic, mark };
}

static void look_at_lasting(struct round *round, const struct printer *printer,
                            const struct lasting *row)
{
    struct mark mark = mark_get(round->txn, printer->id, row->what);
    bool is = printer->enabled && row->is(round->txn, printer);
    if (!is && mark.since_ms != 0)
        find(round, printer->id, row->what,
             mark.is_told && printer->enabled ? row->over : NULL,
             (struct mark){ 0 });
    else if (is && mark.since_ms == 0)
        find(round, printer->id, row->what, NULL,
             (struct mark){ round->now_ms, false });
    else if (is && !mark.is_told &&
             round->now_ms - mark.since_ms >= row->after_ms)
        find(round, printer->id, row->what, row->topic,
             (struct mark){ mark.since_ms, true });
}

/* Said once for each date it was due on. */
static void look_at_maintenance(struct round *round,
                                const struct printer *printer)
{
    int64_t due = due_ms(printer);
    struct mark mark = mark_get(round->txn, printer->id, "maintenance");
    if (printer->enabled && due != 0 && due <= round->now_ms &&
        mark.since_ms != due)
        find(round, printer->id, "maintenance", "printer.maintenance_due",
             (struct mark){ due, true });
}

static bool look_at(void *arg, const void *record)
{
    struct round *round = arg;
    const struct printer *printer = record;
    for (size_t i = 0; i < SPD_COUNT(lasting); i++)
        look_at_lasting(round, printer, &lasting[i]);
    look_at_maintenance(round, printer);
    return true;
}

/* -- writing -- */

struct report {
    struct lookout *lookout;
    struct finding *findings;
    size_t count;
};

static spd_err write_finding(spd_txn *txn, const struct finding *finding,
                             struct spd_error *err)
{
    struct change change = { finding->topic, STR("spoold") };
    spd_str text;
    if (finding->topic != NULL) {
        if (record_text(txn, &printer_kind, finding->printer_id, &text, NULL) !=
            SPD_OK)
            return SPD_OK; /* taken out of the shop meanwhile */
        struct arena arena = { 0 };
        spd_err rc =
            journal_append(txn, &change, arena_str(&arena, text), NULL, err);
        arena_fini(&arena);
        if (rc != SPD_OK)
            return rc;
    }
    return mark_put(txn, finding->printer_id, finding->what, finding->mark,
                    err);
}

static spd_err run_report(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct report *report = arg;
    spd_err rc = SPD_OK;
    for (size_t i = 0; i < report->count && rc == SPD_OK; i++)
        rc = write_finding(txn, &report->findings[i], err);
    return rc;
}

static void reported(void *arg, const struct spd_error *err)
{
    struct report *report = arg;
    if (err != NULL)
        log_error("lookout", "what was found is looked for again: %s",
                  err->text);
    report->lookout->is_writing = false;
    free(report->findings);
    free(report);
}

static void look(void *arg)
{
    struct lookout *lookout = arg;
    struct store *store = lookout->shop->store;
    if (lookout->is_writing)
        return;
    struct round round = { store_read(store), shop_now_ms(lookout->shop), NULL,
                           0 };
    record_each(round.txn, &printer_kind, &(struct span){ 0 }, look_at, &round);
    store_read_end(round.txn);
    if (round.count == 0)
        return;
    struct report *report = mem_new(sizeof(*report));
    *report = (struct report){ lookout, round.findings, round.count };
    lookout->is_writing = true;
    store_write(store, &(struct store_write){ run_report, reported, report });
}

/* -- life -- */

struct lookout *lookout_new(struct shop *shop)
{
    struct lookout *lookout = mem_new(sizeof(*lookout));
    lookout->shop = shop;
    lookout->timer = timer_new(shop->loop, look, lookout);
    return lookout;
}

void lookout_start(struct lookout *lookout)
{
    timer_set(lookout->timer, 0, EVERY_MS);
}

void lookout_free(struct lookout *lookout)
{
    if (lookout == NULL)
        return;
    if (lookout->is_writing)
        store_flush(lookout->shop->store);
    timer_free(lookout->timer);
    free(lookout);
}
