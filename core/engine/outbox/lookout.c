#include "engine/outbox/lookout.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"
#include "shop/job.h"
#include "shop/order.h"
#include "shop/printer.h"

enum {
    EVERY_MS = 30 * 1000,
    MINUTE_MS = 60 * 1000,
    ORDERS_A_TURN = 50,
    ORDERS_PAUSE_MS = 20,
};

struct lookout {
    struct shop *shop;
    struct timer *timer, *orders;
    int64_t after_order_id; /* where to go on; 0: at the first */
    bool is_writing;
};

/* -- marks: since when, and whether it was said --
 *
 * Under "printer/7/gone" stands the moment it began, with "told" behind it once
 * it was said. */
static const spd_str space = STR_INIT("lookout");

struct mark {
    int64_t since_ms; /* 0: none */
    bool is_told;
};

/* What a mark is of. */
struct matter {
    const struct kind *kind;
    int64_t id;
    const char *what;
};

static spd_str mark_key(char out[80], const struct matter *matter)
{
    snprintf(out, 80, "%s/%lld/%s", matter->kind->name, (long long)matter->id,
             matter->what);
    return str_of(out);
}

static struct mark mark_get(spd_txn *txn, const struct matter *matter)
{
    char key[80];
    struct mark mark = { 0 };
    spd_str value;
    if (store_get(txn, space, mark_key(key, matter), &value) != SPD_OK)
        return mark;
    str_to_int(str_cut(&value, ' '), &mark.since_ms);
    mark.is_told = value.len > 0;
    return mark;
}

static spd_err mark_put(spd_txn *txn, const struct matter *matter,
                        struct mark mark, struct spd_error *err)
{
    char key[80], value[40];
    spd_str name = mark_key(key, matter);
    snprintf(value, sizeof(value), "%lld%s", (long long)mark.since_ms,
             mark.is_told ? " told" : "");
    if (mark.since_ms != 0)
        return store_put(txn, space, name, str_of(value), err);
    spd_err rc = store_del(txn, space, name);
    return rc == SPD_ENOTFOUND ? SPD_OK : rc;
}

/* -- looking -- */

static bool is_gone(spd_txn *txn, const struct printer *printer, int64_t now_ms)
{
    (void)txn;
    (void)now_ms;
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

static bool holds_up(spd_txn *txn, const struct printer *printer,
                     int64_t now_ms)
{
    (void)now_ms;
    bool rests = printer->status == PRINTER_IDLE ||
                 printer->status == PRINTER_FINISHED ||
                 printer->status == PRINTER_FAILED;
    return rests && !printer->plate_clear && has_waiting_jobs(txn, printer->id);
}

static bool is_due(spd_txn *txn, const struct printer *printer, int64_t now_ms)
{
    (void)txn;
    return printer_is_due(printer, now_ms);
}

/* A state that becomes news when it lasts; `over` (may be NULL) is said when
 * it ends, if it was news. */
static const struct lasting {
    const char *what;
    bool (*is)(spd_txn *txn, const struct printer *printer, int64_t now_ms);
    int64_t after_ms;
    const char *topic, *over;
} lasting[] = {
    { "gone", is_gone, LOOKOUT_GONE_MS, "printer.gone", "printer.back" },
    { "plate", holds_up, LOOKOUT_PLATE_MS, "printer.plate_waits", NULL },
    { "maintenance", is_due, 0, "printer.maintenance_due", NULL },
};

/* What is to be written; topic NULL: only the mark. */
struct finding {
    struct matter matter;
    const char *topic;
    struct mark mark;
};

struct round {
    spd_txn *txn;
    int64_t now_ms;
    struct finding *findings;
    size_t count;
    int64_t last_order_id;
};

static void find(struct round *round, const struct matter *matter,
                 const char *topic, struct mark mark)
{
    round->findings = mem_resize(round->findings,
                                 (round->count + 1) * sizeof(struct finding));
    round->findings[round->count++] = (struct finding){ *matter, topic, mark };
}

static void look_at_lasting(struct round *round, const struct printer *printer,
                            const struct lasting *row)
{
    const struct matter matter = { &printer_kind, printer->id, row->what };
    struct mark mark = mark_get(round->txn, &matter);
    bool is = printer->enabled && row->is(round->txn, printer, round->now_ms);
    bool is_new = is && mark.since_ms == 0;
    if (is_new)
        mark.since_ms = round->now_ms;
    if (!is && mark.since_ms != 0)
        find(round, &matter,
             mark.is_told && printer->enabled ? row->over : NULL,
             (struct mark){ 0 });
    else if (is && mark.since_ms > round->now_ms) /* the clock was set back */
        find(round, &matter, NULL,
             (struct mark){ round->now_ms, mark.is_told });
    else if (is && !mark.is_told &&
             round->now_ms - mark.since_ms >= row->after_ms)
        find(round, &matter, row->topic, (struct mark){ mark.since_ms, true });
    else if (is_new)
        find(round, &matter, NULL, mark);
}

/* Said once for each date it was due on. */
static void look_at_date(struct round *round, const struct matter *matter,
                         int64_t date_ms, const char *topic)
{
    struct mark mark = mark_get(round->txn, matter);
    if (mark.since_ms != date_ms)
        find(round, matter, topic, (struct mark){ date_ms, true });
}

static bool look_at_printer(void *arg, const void *record)
{
    struct round *round = arg;
    const struct printer *printer = record;
    for (size_t i = 0; i < SPD_COUNT(lasting); i++)
        look_at_lasting(round, printer, &lasting[i]);
    return true;
}

/* -- orders -- */

struct rest {
    int64_t now_ms, longest_ms;
};

static bool add_rest(void *arg, const void *record)
{
    struct rest *rest = arg;
    const struct job *job = record;
    int64_t left_ms = job->estimated_duration_minutes * MINUTE_MS;
    if (job_is_done(job))
        return true;
    if (job->status == JOB_STARTED && job->started_at != 0)
        left_ms -= rest->now_ms - job->started_at;
    if (left_ms > rest->longest_ms)
        rest->longest_ms = left_ms;
    return true;
}

/* Its longest print must still be made, were all of them begun at once. */
static bool is_late(const struct round *round, const struct order *order)
{
    struct rest rest = { .now_ms = round->now_ms };
    struct key prefix;
    struct span span = job_order_span(order->id, &prefix);
    record_each(round->txn, &job_kind, &span, add_rest, &rest);
    return round->now_ms + rest.longest_ms > order->ship_by;
}

static bool look_at_order(void *arg, const void *record)
{
    struct round *round = arg;
    const struct order *order = record;
    const struct matter matter = { &order_kind, order->id, "late" };
    if (order->ship_by > round->now_ms + LOOKOUT_AHEAD_MS)
        return false;
    round->last_order_id = order->id;
    if (is_late(round, order))
        look_at_date(round, &matter, order->ship_by, "order.late");
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
        if (record_text(txn, finding->matter.kind, finding->matter.id, &text,
                        NULL) != SPD_OK)
            return SPD_OK; /* taken out of the shop meanwhile */
        struct arena arena = { 0 };
        spd_err rc =
            journal_append(txn, &change, arena_str(&arena, text), NULL, err);
        arena_fini(&arena);
        if (rc != SPD_OK)
            return rc;
    }
    return mark_put(txn, &finding->matter, finding->mark, err);
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

static void write_down(struct lookout *lookout, const struct round *round)
{
    if (round->count == 0)
        return;
    struct report *report = mem_new(sizeof(*report));
    *report = (struct report){ lookout, round->findings, round->count };
    lookout->is_writing = true;
    store_write(lookout->shop->store,
                &(struct store_write){ run_report, reported, report });
}

static struct round begin(const struct lookout *lookout)
{
    return (struct round){ .txn = store_read(lookout->shop->store),
                           .now_ms = shop_now_ms(lookout->shop) };
}

/* Some at a time: there may be thousands. */
static void look_at_orders(void *arg)
{
    struct lookout *lookout = arg;
    if (lookout->is_writing) { /* what was found is not marked yet */
        timer_set(lookout->orders, ORDERS_PAUSE_MS, 0);
        return;
    }
    struct round round = begin(lookout);
    struct span span = order_due_span();
    span.after_id = lookout->after_order_id;
    span.limit = ORDERS_A_TURN;
    record_each(round.txn, &order_kind, &span, look_at_order, &round);
    store_read_end(round.txn);
    lookout->after_order_id = round.last_order_id;
    if (round.last_order_id != 0)
        timer_set(lookout->orders, ORDERS_PAUSE_MS, 0);
    write_down(lookout, &round);
}

static void look(void *arg)
{
    struct lookout *lookout = arg;
    if (lookout->after_order_id == 0)
        timer_set(lookout->orders, 0, 0);
    if (lookout->is_writing)
        return;
    struct round round = begin(lookout);
    record_each(round.txn, &printer_kind, &(struct span){ 0 }, look_at_printer,
                &round);
    store_read_end(round.txn);
    write_down(lookout, &round);
}

/* -- life -- */

struct lookout *lookout_new(struct shop *shop)
{
    struct lookout *lookout = mem_new(sizeof(*lookout));
    lookout->shop = shop;
    lookout->timer = timer_new(shop->loop, look, lookout);
    lookout->orders = timer_new(shop->loop, look_at_orders, lookout);
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
    timer_free(lookout->orders);
    free(lookout);
}
