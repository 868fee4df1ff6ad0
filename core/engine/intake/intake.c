#include "engine/intake/intake.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "engine/intake/fulfil.h"
#include "shop/attempt.h"
#include "shop/job.h"
#include "shop/printer.h"

enum {
    SCANNED_A_TURN = 2048,
    SAVE_AFTER = 1024, /* events passed over before the cursor is moved on */
    ORDERS_A_COMMIT = 16,
    RETRY_MS = 5000,
};

static const spd_str cursor_name = STR_INIT("intake");

/* Orders to be brought in step. */
struct ids {
    int64_t *at;
    size_t count, room;
};

/* What a stretch of the journal asks for. */
struct batch {
    struct intake *intake;
    spd_txn *txn; /* while it is gathered */
    struct ids ids;
    size_t next; /* those before it are done */
    bool rematches, reprices, plans;
    bool more; /* behind it in the journal */
    int64_t upto_seq;
    size_t scanned;
    struct ids asks; /* whom the judge is to be asked about */
};

/* An order that the judge has. */
struct asking {
    struct asking *next;
    struct intake *intake;
    int64_t order_id;
    struct timer *deadline;
};

struct intake {
    struct shop *shop;
    struct journal_follower follower;
    struct timer *again;
    int64_t seen_seq, saved_seq;
    struct batch *batch; /* on its way; NULL: none */
    bool started;
    intake_judge_fn *judge;
    void *judge_arg;
    struct asking *askings;
};

static void ids_add(struct ids *ids, int64_t id)
{
    if (id == 0 || (ids->count > 0 && ids->at[ids->count - 1] == id))
        return;
    if (ids->count == ids->room) {
        ids->room = ids->room == 0 ? 32 : ids->room * 2;
        ids->at = mem_resize(ids->at, ids->room * sizeof(*ids->at));
    }
    ids->at[ids->count++] = id;
}

static int by_id(const void *a, const void *b)
{
    const int64_t *one = a, *other = b;
    return *one < *other ? -1 : *one > *other;
}

static void ids_sort(struct ids *ids)
{
    size_t kept = 0;
    if (ids->count == 0)
        return;
    qsort(ids->at, ids->count, sizeof(*ids->at), by_id);
    for (size_t i = 1; i < ids->count; i++)
        if (ids->at[i] != ids->at[kept])
            ids->at[++kept] = ids->at[i];
    ids->count = kept + 1;
}

/* -- what comes -- */

static int64_t order_of_job(spd_txn *txn, int64_t job_id)
{
    struct arena arena = { 0 };
    struct job job;
    int64_t order_id = 0;
    if (record_get(txn, &job_kind, job_id, &job, &arena, NULL) == SPD_OK)
        order_id = job.order_id;
    arena_fini(&arena);
    return order_id;
}

static int64_t order_of_attempt(spd_txn *txn, int64_t attempt_id)
{
    struct arena arena = { 0 };
    struct attempt attempt;
    int64_t job_id = 0;
    if (record_get(txn, &attempt_kind, attempt_id, &attempt, &arena, NULL) ==
        SPD_OK)
        job_id = attempt.job_id;
    arena_fini(&arena);
    return job_id == 0 ? 0 : order_of_job(txn, job_id);
}

static bool take_event(void *arg, const struct event *event)
{
    struct batch *batch = arg;
    if (++batch->scanned > SCANNED_A_TURN) {
        batch->more = true;
        return false;
    }
    batch->upto_seq = event->seq;
    if (str_is(event->kind, "order"))
        ids_add(&batch->ids, event->id);
    else if (str_is(event->kind, "job"))
        ids_add(&batch->ids, order_of_job(batch->txn, event->id));
    else if (str_is(event->kind, "attempt"))
        ids_add(&batch->ids, order_of_attempt(batch->txn, event->id));
    else if (str_is(event->kind, "product") || str_is(event->kind, "listing") ||
             str_is(event->kind, "file"))
        batch->rematches = true;
    else if (str_is(event->kind, "terms"))
        batch->plans = true;
    else if (str_is(event->topic, "spool.created") ||
             str_is(event->topic, "spool.updated") ||
             str_is(event->topic, "spool.deleted"))
        batch->reprices = true;
    return true;
}

static bool note_order(void *arg, const void *record)
{
    ids_add(arg, ((const struct order *)record)->id);
    return true;
}

static void add_all(struct batch *batch, const struct order_filter *filter)
{
    struct key prefix;
    struct span span = order_span_of(filter, &prefix);
    record_each(batch->txn, &order_kind, &span, note_order, &batch->ids);
}

static void gather(struct batch *batch)
{
    struct intake *intake = batch->intake;
    batch->txn = store_read(intake->shop->store);
    journal_each(batch->txn, intake->seen_seq, take_event, batch);
    if (batch->rematches) {
        add_all(batch, &(struct order_filter){ .unmatched = true });
        add_all(batch, &(struct order_filter){ .trouble = true });
    }
    if (batch->plans)
        add_all(batch,
                &(struct order_filter){ .production = PRODUCTION_NEW + 1 });
    store_read_end(batch->txn);
    batch->txn = NULL;
    ids_sort(&batch->ids);
}

static bool asks_for_work(const struct batch *batch)
{
    return batch->ids.count > 0 || batch->reprices;
}

/* -- bringing them in step -- */

static struct asking **find_asking(struct intake *intake, int64_t order_id)
{
    struct asking **at = &intake->askings;
    while (*at != NULL && (*at)->order_id != order_id)
        at = &(*at)->next;
    return at;
}

static spd_err settle_order(spd_txn *txn, struct batch *batch, int64_t id,
                            struct spd_error *err)
{
    struct intake *intake = batch->intake;
    struct arena arena = { 0 };
    struct order order;
    spd_err rc = record_get(txn, &order_kind, id, &order, &arena, err);
    if (rc == SPD_OK) {
        struct fulfilment plan = fulfil_begin(txn, intake->shop, &arena);
        plan.waits = intake->judge != NULL;
        if (plan.waits && fulfil_is_due(&plan, &order))
            ids_add(&batch->asks, id);
        rc = fulfil_order(&plan, &order, err);
    }
    arena_fini(&arena);
    return rc == SPD_ENOTFOUND ? SPD_OK : rc;
}

static size_t upto(const struct batch *batch)
{
    size_t end = batch->next + ORDERS_A_COMMIT;
    return end < batch->ids.count ? end : batch->ids.count;
}

static spd_err run_batch(spd_txn *txn, void *arg, struct spd_error *err)
{
    struct batch *batch = arg;
    struct shop *shop = batch->intake->shop;
    size_t end = upto(batch);
    spd_err rc = SPD_OK;
    batch->asks.count = 0;
    if (batch->reprices)
        rc = product_reprice_all(txn, shop,
                                 (struct change){ NULL, STR("spoold") }, err);
    for (size_t i = batch->next; i < end && rc == SPD_OK; i++)
        rc = settle_order(txn, batch, batch->ids.at[i], err);
    if (rc == SPD_OK && end == batch->ids.count)
        rc = journal_cursor_set(txn, cursor_name, batch->upto_seq, err);
    return rc;
}

static void batch_free(struct batch *batch)
{
    free(batch->ids.at);
    free(batch->asks.at);
    free(batch);
}

static void ask_judge(struct intake *intake, int64_t order_id);

static void batch_done(void *arg, const struct spd_error *err);

static void write_batch(struct batch *batch)
{
    store_write(batch->intake->shop->store,
                &(struct store_write){ run_batch, batch_done, batch });
}

static void end_batch(struct intake *intake, struct batch *batch)
{
    intake->batch = NULL;
    intake->seen_seq = batch->upto_seq;
    intake->saved_seq = batch->upto_seq;
    batch_free(batch);
    if (intake->started)
        timer_set(intake->again, 0, 0);
}

static void batch_done(void *arg, const struct spd_error *err)
{
    struct batch *batch = arg;
    struct intake *intake = batch->intake;
    if (err != NULL) {
        log_error("intake", "orders are brought in step later: %s", err->text);
        intake->batch = NULL;
        batch_free(batch);
        if (intake->started)
            timer_set(intake->again, RETRY_MS, 0);
        return;
    }
    batch->reprices = false;
    batch->next = upto(batch);
    for (size_t i = 0; i < batch->asks.count && intake->started; i++)
        ask_judge(intake, batch->asks.at[i]);
    if (batch->next < batch->ids.count && intake->started)
        write_batch(batch);
    else if (batch->next < batch->ids.count) { /* taken up at the next start */
        intake->batch = NULL;
        batch_free(batch);
    } else {
        end_batch(intake, batch);
    }
}

static void look(void *arg)
{
    struct intake *intake = arg;
    if (!intake->started || intake->batch != NULL)
        return;
    struct batch *batch = mem_new(sizeof(*batch));
    batch->intake = intake;
    batch->upto_seq = intake->seen_seq;
    gather(batch);
    bool more = batch->more;
    if (asks_for_work(batch) ||
        batch->upto_seq - intake->saved_seq >= SAVE_AFTER) {
        intake->batch = batch;
        write_batch(batch);
        return;
    }
    intake->seen_seq = batch->upto_seq;
    batch_free(batch);
    if (more)
        timer_set(intake->again, 0, 0);
}

static void on_journal(void *arg, int64_t last_seq)
{
    struct intake *intake = arg;
    (void)last_seq;
    if (intake->batch == NULL && !timer_is_set(intake->again))
        timer_set(intake->again, 0, 0);
}

/* -- the judge -- */

/* What is to be done with an order that was judged. */
struct verdict {
    struct intake *intake;
    int64_t order_id, priority, printer_id;
    char *hold, *material_type; /* NULL: not said */
};

static void apply(const struct verdict *verdict, struct order *order,
                  struct fulfilment *plan)
{
    if (verdict->hold != NULL) {
        order->held = true;
        order->hold_reason = str_of(verdict->hold);
    }
    if (verdict->priority != INT_NONE)
        order->priority = verdict->priority;
    plan->printer_id = verdict->printer_id;
    plan->material_type = str_of(verdict->material_type);
}

static spd_err run_verdict(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct verdict *verdict = arg;
    struct arena arena = { 0 };
    struct order order;
    struct fulfilment plan = fulfil_begin(txn, verdict->intake->shop, &arena);
    spd_err rc =
        record_get(txn, &order_kind, verdict->order_id, &order, &arena, err);
    if (rc == SPD_OK && fulfil_is_due(&plan, &order)) {
        struct order before = order;
        apply(verdict, &order, &plan);
        if (plan.printer_id != 0 &&
            !record_exists(txn, &printer_kind, plan.printer_id))
            plan.printer_id = 0;
        rc = fulfil_changed(&plan, &before, &order, err);
    }
    arena_fini(&arena);
    return rc == SPD_ENOTFOUND ? SPD_OK : rc;
}

static void verdict_done(void *arg, const struct spd_error *err)
{
    struct verdict *verdict = arg;
    if (err != NULL)
        log_error("intake", "order %lld was judged in vain: %s",
                  (long long)verdict->order_id, err->text);
    free(verdict->hold);
    free(verdict->material_type);
    free(verdict);
}

static void end_asking(struct asking **at)
{
    struct asking *asking = *at;
    *at = asking->next;
    timer_free(asking->deadline);
    free(asking);
}

static char *text_in(const spd_json *verdict, const char *name, size_t max)
{
    spd_str text = json_as_str(json_member(verdict, name), STR(""));
    return text.len == 0 ? NULL : mem_text(str_clip(text, max));
}

static int64_t priority_in(const spd_json *verdict)
{
    int64_t priority = json_as_int(json_member(verdict, "priority"), INT_NONE);
    return priority >= -900 && priority <= 900 ? priority : INT_NONE;
}

void intake_judged(struct intake *intake, int64_t order_id,
                   const spd_json *said)
{
    struct asking **at = find_asking(intake, order_id);
    if (*at == NULL)
        return; /* too late */
    end_asking(at);
    struct verdict *verdict = mem_new(sizeof(*verdict));
    *verdict = (struct verdict){
        .intake = intake,
        .order_id = order_id,
        .priority = priority_in(said),
        .printer_id = json_as_int(json_member(said, "printer_id"), 0),
        .hold = text_in(said, "hold", 1000),
        .material_type = text_in(said, "material_type", 40),
    };
    store_write(intake->shop->store,
                &(struct store_write){ run_verdict, verdict_done, verdict });
}

static void on_deadline(void *arg)
{
    struct asking *asking = arg;
    spd_json *hold = json_parse(
        STR("{\"hold\":\"the rules did not answer in time; look at it, and "
            "let it go\"}"),
        NULL);
    intake_judged(asking->intake, asking->order_id, hold);
    json_free(hold);
}

static void ask_judge(struct intake *intake, int64_t order_id)
{
    struct shop *shop = intake->shop;
    spd_str text;
    if (intake->judge == NULL || *find_asking(intake, order_id) != NULL)
        return;
    struct arena arena = { 0 };
    spd_txn *txn = store_read(shop->store);
    bool found = record_text(txn, &order_kind, order_id, &text, NULL) == SPD_OK;
    if (found)
        text = arena_str(&arena, text);
    store_read_end(txn);
    if (found) {
        struct asking *asking = mem_new(sizeof(*asking));
        *asking = (struct asking){ intake->askings, intake, order_id, NULL };
        asking->deadline = timer_new(shop->loop, on_deadline, asking);
        timer_set(asking->deadline, INTAKE_JUDGED_WITHIN_MS, 0);
        intake->askings = asking;
        intake->judge(intake->judge_arg, order_id, text);
    }
    arena_fini(&arena);
}

void intake_set_judge(struct intake *intake, intake_judge_fn *fn, void *arg)
{
    intake->judge = fn;
    intake->judge_arg = arg;
}

/* -- life -- */

struct intake *intake_new(struct shop *shop)
{
    struct intake *intake = mem_new(sizeof(*intake));
    intake->shop = shop;
    intake->again = timer_new(shop->loop, look, intake);
    intake->follower = (struct journal_follower){ on_journal, intake, NULL };
    return intake;
}

/* What was asked of a judge before is asked again: all that is new. */
static void take_up(struct intake *intake)
{
    struct batch *batch = mem_new(sizeof(*batch));
    batch->intake = intake;
    batch->upto_seq = intake->seen_seq;
    batch->plans = true;
    gather(batch);
    intake->batch = batch;
    write_batch(batch);
}

void intake_start(struct intake *intake)
{
    struct store *store = intake->shop->store;
    spd_txn *txn = store_read(store);
    intake->seen_seq = journal_cursor(txn, cursor_name);
    store_read_end(txn);
    intake->saved_seq = intake->seen_seq;
    intake->started = true;
    journal_follow(store, &intake->follower);
    take_up(intake);
}

void intake_stop(struct intake *intake)
{
    if (!intake->started)
        return;
    intake->started = false;
    journal_unfollow(intake->shop->store, &intake->follower);
    timer_stop(intake->again);
    while (intake->askings != NULL)
        end_asking(&intake->askings);
}

void intake_free(struct intake *intake)
{
    if (intake == NULL)
        return;
    store_flush(intake->shop->store);
    timer_free(intake->again);
    free(intake);
}

/* -- asking for prints by hand -- */

struct which_order {
    int64_t order_id;
};
static const struct field which_order_rows[] = {
    FIELD(which_order, order_id, FIELD_ID, "which order",
          .flags = FIELD_REQUIRED),
};
static const struct fields which_order_fields =
    TABLE("which_order", which_order, which_order_rows);

struct wish {
    int64_t printer_id;
    spd_str material_type;
    int64_t start_offset_minutes;
};
static const struct field wish_rows[] = {
    FIELD(wish, printer_id, FIELD_ID, "on this printer; null: any that fits",
          .flags = FIELD_NULL),
    FIELD(wish, material_type, FIELD_TEXT,
          "PLA, PETG, ...; null: the product's, or as sliced",
          .flags = FIELD_NULL, .max = 40),
    FIELD(wish, start_offset_minutes, FIELD_INT, "not before, from now",
          .max = 525600, .fallback = "0"),
};
static const struct fields wish_fields = TABLE("wish", wish, wish_rows);

struct prints {
    spd_str message;
    struct list prints;
};
static const struct field prints_rows[] = {
    FIELD(prints, message, FIELD_TEXT, "what was done, in a sentence",
          .flags = FIELD_READONLY),
    FIELD(prints, prints, FIELD_LIST, "the jobs", .of = &job_fields),
};
static const struct fields prints_fields = TABLE("prints", prints, prints_rows);

static spd_err judge_wish(struct call *call, const struct order *order)
{
    const struct order_item *item = order->items.items;
    if (order->problem.len > 0)
        return call_refuse(call, REFUSE_CONFLICT,
                           "order %.*s could not be read (%.*s); put it right "
                           "first",
                           STR_ARG(order->number), STR_ARG(order->problem));
    if (!order_is_wanted(order))
        return call_refuse(
            call, REFUSE_CONFLICT,
            "order %.*s is %s; only what is paid and not "
            "shipped is printed",
            STR_ARG(order->number),
            order->is_shipped ? "shipped" : order_status_names[order->status]);
    for (size_t i = 0; i < order->items.count; i++)
        if (item[i].product_id != 0)
            return SPD_OK;
    return call_refuse(call, REFUSE_CONFLICT,
                       "nobody said yet which products the items of order "
                       "%.*s are; say it with orders.set_product",
                       STR_ARG(order->number));
}

static void write_message(const struct order *order, size_t count,
                          struct buf *text)
{
    const struct order_item *item = order->items.items;
    if (count == 0)
        buf_printf(text, "order %.*s needs no more prints",
                   STR_ARG(order->number));
    else
        buf_printf(text, "%zu print job%s of order %.*s %s scheduled", count,
                   count == 1 ? "" : "s", STR_ARG(order->number),
                   count == 1 ? "is" : "are");
    for (size_t i = 0; i < order->items.count; i++)
        if (item[i].trouble.len > 0)
            buf_printf(text, "; item %lld: %.*s", (long long)item[i].number,
                       STR_ARG(item[i].trouble));
        else if (item[i].product_id == 0 && !item[i].is_digital)
            buf_printf(text,
                       "; item %lld was left out: nobody said which product "
                       "it is",
                       (long long)item[i].number);
}

static spd_err reply_prints(struct call *call, spd_txn *txn,
                            const struct fulfilment *plan,
                            const struct order *order)
{
    const int64_t *ids = plan->job_ids.items;
    spd_jsonw *w = call_reply(call);
    struct buf message = { 0 };
    spd_str job;
    write_message(order, plan->job_ids.count, &message);
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(w, "message", buf_str(&message));
    jsonw_begin(w, "prints", SPD_JSON_ARRAY);
    for (size_t i = 0; i < plan->job_ids.count; i++)
        if (record_text(txn, &job_kind, ids[i], &job, NULL) == SPD_OK)
            jsonw_put_raw(w, NULL, job);
    jsonw_end(w);
    jsonw_end(w);
    buf_fini(&message);
    call_status(call, plan->job_ids.count == 0 ? 200 : 201);
    return SPD_OK;
}

static spd_err schedule_prints(struct call *call, spd_txn *txn)
{
    const struct intake *intake = call->self;
    const struct which_order *which = call->params;
    struct wish wish;
    struct order order;
    struct spd_error err = { 0 };
    fields_init(&wish_fields, &wish);
    call_patch(call, &wish);
    spd_err rc = call_get(call, txn, &order_kind, which->order_id, &order);
    if (rc == SPD_OK)
        rc = judge_wish(call, &order);
    if (rc != SPD_OK)
        return rc;
    struct order before = order;
    struct fulfilment plan = fulfil_begin(txn, intake->shop, &call->arena);
    plan.call = call;
    plan.who = str_of(call->actor->who);
    plan.printer_id = wish.printer_id;
    plan.material_type = wish.material_type;
    plan.start_ms =
        shop_now_ms(intake->shop) + wish.start_offset_minutes * 60000;
    order.held = false; /* a person lets it go */
    order.hold_reason = (spd_str){ NULL, 0 };
    rc = fulfil_changed(&plan, &before, &order, &err);
    if (rc != SPD_OK)
        return plan.is_refused ? rc : call_fail(call, &err);
    return reply_prints(call, txn, &plan, &order);
}

static const struct op intake_ops[] = {
    { .name = "orders.schedule_prints",
      .route = "POST /api/orders/{order_id}/schedule-prints",
      .doc = "Ask for all prints an order still needs, one behind the other "
             "with falling priorities; what lies on the shelf is taken first",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &which_order_fields,
      .body = &wish_fields,
      .reply = &prints_fields,
      .run = schedule_prints },
};

spd_err intake_add_ops(struct intake *intake, struct spd_error *err)
{
    return ops_add(intake->shop->ops, intake_ops, SPD_COUNT(intake_ops), intake,
                   err);
}
