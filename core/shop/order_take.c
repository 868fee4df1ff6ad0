/* What a source says of an order, taken in once however often it is said. */
#include <string.h>

#include "base/error.h"
#include "shop/customer.h"
#include "shop/job.h"
#include "shop/listing.h"
#include "shop/reckon.h"

enum { ITEMS_MAX = FIELD_LIST_MAX };

static const spd_str raw_space = STR_INIT("order_raw");

/* -- reading -- */

static bool has_twin(const struct order_item *items, size_t count, size_t i)
{
    for (size_t j = i + 1; j < count; j++)
        if (str_equal(items[i].source_id, items[j].source_id))
            return true;
    return false;
}

bool order_judge(const struct order *said, struct faults *faults)
{
    const struct order_item *items = said->items.items;
    for (size_t i = 0; i < said->items.count; i++)
        if (has_twin(items, said->items.count, i)) {
            faults_add(faults, "items",
                       "has the source_id \"%.*s\" twice; each line has its "
                       "own",
                       STR_ARG(str_clip(items[i].source_id, 60)));
            return false;
        }
    return true;
}

static spd_str text_of(const spd_json *json, const char *member)
{
    return json_as_str(json_member(json, member), STR(""));
}

/* Nothing of it but who it is, its text, and what is wrong with it. */
static void keep_raw(struct order *said, const spd_json *json,
                     const struct faults *faults, struct arena *arena)
{
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_put_json(&w, NULL, json);
    fields_init(&order_fields, said);
    said->source_id = text_of(json, "source_id");
    said->shop_id = str_clip(text_of(json, "shop_id"), 100);
    said->status = ORDER_OTHER;
    said->raw = arena_str(arena, str_clip(buf_str(&text), ORDER_RAW_MAX_BYTES));
    said->problem = arena_str(arena, str_of(faults->first));
    buf_fini(&text);
}

spd_err order_read(spd_str source, const spd_json *json, struct order *said,
                   struct arena *arena, struct spd_error *err)
{
    struct faults faults = { 0 };
    struct fields_input input = { .object = json, .lenient = true };
    spd_str id = text_of(json, "source_id");
    if (id.len == 0 || id.len > 100)
        return error_set(err, SPD_EINVAL,
                         "an order of %.*s has no source_id of 1 to 100 bytes",
                         STR_ARG(source));
    if (!fields_decode(&order_fields, said, &input, arena, &faults) ||
        !order_judge(said, &faults))
        keep_raw(said, json, &faults, arena);
    said->source = source;
    faults_fini(&faults);
    return SPD_OK;
}

/* -- laying it over what is known -- */

static void settle_status(struct order *order)
{
    bool was_paid = order->status == ORDER_PAID ||
                    order->status == ORDER_SHIPPED ||
                    order->status == ORDER_REFUNDED ||
                    order->status == ORDER_PARTLY_REFUNDED;
    order->is_paid |= was_paid;
    order->is_shipped |= order->status == ORDER_SHIPPED;
}

/* The source's members stand together, from shop_id up to the shop's own. */
static void lay_over(struct order *order, const struct order *said)
{
    memcpy(&order->shop_id, &said->shop_id,
           offsetof(struct order, priority) - offsetof(struct order, shop_id));
    if (order->number.len == 0)
        order->number = order->source_id;
    settle_status(order);
}

static const struct order_item *find_item(const struct list *items,
                                          spd_str source_id)
{
    const struct order_item *item = items->items;
    for (size_t i = 0; i < items->count; i++)
        if (str_equal(item[i].source_id, source_id))
            return &item[i];
    return NULL;
}

static int64_t last_number(const struct list *items)
{
    const struct order_item *item = items->items;
    int64_t last = 0;
    for (size_t i = 0; i < items->count; i++)
        if (item[i].number > last)
            last = item[i].number;
    return last;
}

/* The shop's members of an item, from its number on. */
static void keep_ours(struct order_item *item, const struct order_item *old)
{
    memcpy(&item->number, &old->number,
           sizeof(*item) - offsetof(struct order_item, number));
    item->is_removed = false;
}

static bool is_begun(const struct order_item *item)
{
    return item->parts.count > 0;
}

/* The items said, each with what the shop knew of it, and behind them those
 * that are said no more though something was made of them. */
static struct list merge_items(const struct list *old, const struct list *said,
                               struct arena *arena)
{
    size_t most = old->count + said->count;
    struct order_item *item = arena_new(arena, most * sizeof(*item));
    const struct order_item *before = old->items;
    size_t count = said->count;
    int64_t number = last_number(old);
    if (count > 0)
        memcpy(item, said->items, count * sizeof(*item));
    for (size_t i = 0; i < said->count; i++) {
        const struct order_item *known = find_item(old, item[i].source_id);
        if (known != NULL)
            keep_ours(&item[i], known);
        else
            item[i].number = ++number;
    }
    for (size_t i = 0; i < old->count; i++)
        if (is_begun(&before[i]) && count < ITEMS_MAX &&
            find_item(said, before[i].source_id) == NULL) {
            item[count] = before[i];
            item[count++].is_removed = true;
        }
    return (struct list){ item, count };
}

/* Of one that cannot be read any more, what was read stays. */
static void mark(struct order *order, const struct order *said)
{
    order->problem = said->problem;
    order->raw = said->raw;
}

/* -- writing -- */

static bool is_same(const struct order *a, const struct order *b)
{
    struct buf one = { 0 }, other = { 0 };
    fields_pack(&order_fields, a, &one);
    fields_pack(&order_fields, b, &other);
    bool same = str_equal(buf_str(&one), buf_str(&other));
    buf_fini(&one);
    buf_fini(&other);
    return same;
}

static spd_str raw_key(const int64_t *order_id)
{
    return (spd_str){ (const char *)order_id, sizeof(*order_id) };
}

spd_str order_raw(spd_txn *txn, int64_t order_id)
{
    spd_str text;
    if (store_get(txn, raw_space, raw_key(&order_id), &text) != SPD_OK)
        return (spd_str){ NULL, 0 };
    return text;
}

static spd_err put_raw(spd_txn *txn, int64_t order_id, spd_str raw,
                       struct spd_error *err)
{
    if (raw.len > 0)
        return store_put(txn, raw_space, raw_key(&order_id), raw, err);
    if (order_raw(txn, order_id).ptr == NULL)
        return SPD_OK;
    return store_del(txn, raw_space, raw_key(&order_id));
}

static spd_err write_order(spd_txn *txn, struct shop *shop, struct order *order,
                           const struct change *change, struct arena *arena,
                           struct spd_error *err)
{
    spd_str raw = order->raw;
    order->raw = (spd_str){ NULL, 0 };
    spd_err rc = customer_meet(txn, order, change->who, arena, err);
    if (rc == SPD_OK)
        rc = order_put(txn, shop, order, change, err);
    return rc == SPD_OK ? put_raw(txn, order->id, raw, err) : rc;
}

static void bring_in_step(spd_txn *txn, struct order *order,
                          struct arena *arena)
{
    struct terms terms;
    terms_read(txn, &terms, arena);
    listing_match_order(txn, order);
    reckon(txn, &terms, order, NULL, arena);
}

static spd_err take_new(spd_txn *txn, struct shop *shop, struct order *said,
                        spd_str who, struct arena *arena, struct spd_error *err)
{
    struct change change = { said->problem.len > 0 ? "order.unreadable"
                                                   : "order.received",
                             who };
    struct list none = { NULL, 0 };
    said->id = 0;
    lay_over(said, said);
    said->items = merge_items(&none, &said->items, arena);
    bring_in_step(txn, said, arena);
    said->received_at = shop_now_ms(shop);
    return write_order(txn, shop, said, &change, arena, err);
}

/* -- its jobs -- */

struct waiting_jobs {
    struct arena *arena;
    struct list ids; /* of int64_t */
    size_t room;
};

static bool note_waiting(void *arg, const void *record)
{
    struct waiting_jobs *jobs = arg;
    const struct job *job = record;
    if (!job_is_waiting(job))
        return true;
    if (jobs->ids.count == jobs->room) {
        jobs->room = jobs->room == 0 ? 16 : jobs->room * 2;
        int64_t *ids = arena_new(jobs->arena, jobs->room * sizeof(*ids));
        if (jobs->ids.count > 0)
            memcpy(ids, jobs->ids.items, jobs->ids.count * sizeof(*ids));
        jobs->ids.items = ids;
    }
    ((int64_t *)jobs->ids.items)[jobs->ids.count++] = job->id;
    return true;
}

static int64_t due_of(const struct order *order, int64_t number)
{
    const struct order_item *item = order->items.items;
    for (size_t i = 0; i < order->items.count; i++)
        if (item[i].number == number && item[i].ship_by != 0)
            return item[i].ship_by;
    return order->ship_by;
}

/* Have its items other dates, or it another priority? */
static bool moves_jobs(const struct order *before, const struct order *order)
{
    const struct order_item *item = order->items.items;
    bool moves = order->priority != before->priority ||
                 order->ship_by != before->ship_by;
    for (size_t i = 0; i < order->items.count; i++)
        moves |=
            due_of(order, item[i].number) != due_of(before, item[i].number);
    return order->is_planned && moves;
}

/* Those that wait go forward or back as their order does, and are due when
 * their item is; a date that a person gave one of them stays while the item's
 * does. */
static spd_err move_jobs(spd_txn *txn, struct shop *shop,
                         const struct order *before, const struct order *order,
                         spd_str who, struct arena *arena,
                         struct spd_error *err)
{
    struct key prefix;
    struct span span = job_order_span(order->id, &prefix);
    struct waiting_jobs jobs = { .arena = arena };
    struct change change = { "job.updated", who };
    if (!moves_jobs(before, order))
        return SPD_OK;
    record_each(txn, &job_kind, &span, note_waiting, &jobs);
    spd_err rc = SPD_OK;
    for (size_t i = 0; i < jobs.ids.count && rc == SPD_OK; i++) {
        struct job job;
        int64_t id = ((const int64_t *)jobs.ids.items)[i];
        rc = record_get(txn, &job_kind, id, &job, arena, err);
        if (rc != SPD_OK)
            return rc;
        int64_t due_ms = due_of(order, job.order_item);
        job.priority += order->priority - before->priority;
        if (due_ms != due_of(before, job.order_item))
            job.ship_by = due_ms;
        rc = job_put(txn, shop, &job, &change, err);
    }
    return rc;
}

/* The order as it is once `said` is laid over it; is that anything new? */
static bool lay_all_over(spd_txn *txn, const struct order *old,
                         const struct order *said, struct order *order,
                         struct arena *arena)
{
    *order = *old;
    if (said->problem.len > 0) {
        mark(order, said);
    } else {
        lay_over(order, said);
        order->items = merge_items(&old->items, &said->items, arena);
        bring_in_step(txn, order, arena);
    }
    struct order shown = *order;
    shown.raw = (spd_str){ NULL, 0 };
    return !is_same(old, &shown) ||
           !str_equal(order->raw, order_raw(txn, old->id));
}

/* What is known of it, in `old`, and what saying it comes to. */
static spd_err foresee(spd_txn *txn, const struct order *said,
                       struct order *old, struct order *order,
                       enum order_news *news, struct arena *arena,
                       struct spd_error *err)
{
    int64_t id = order_find(txn, said->source, said->shop_id, said->source_id);
    *news = ORDER_NEW;
    if (id == 0)
        return SPD_OK;
    spd_err rc = record_get(txn, &order_kind, id, old, arena, err);
    if (rc != SPD_OK)
        return rc;
    if (said->updated_at != 0 && said->updated_at < old->updated_at)
        *news = ORDER_STALE;
    else
        *news = lay_all_over(txn, old, said, order, arena) ? ORDER_CHANGED
                                                           : ORDER_SAME;
    return SPD_OK;
}

spd_err order_foresee(spd_txn *txn, const struct order *said,
                      enum order_news *news, struct arena *arena,
                      struct spd_error *err)
{
    struct order old, order;
    return foresee(txn, said, &old, &order, news, arena, err);
}

spd_err order_take(spd_txn *txn, struct shop *shop, struct order *said,
                   spd_str who, enum order_news *news, struct arena *arena,
                   struct spd_error *err)
{
    struct change change = { "order.updated", who };
    struct order old, order;
    spd_err rc = foresee(txn, said, &old, &order, news, arena, err);
    if (rc != SPD_OK)
        return rc;
    if (*news == ORDER_NEW)
        return take_new(txn, shop, said, who, arena, err);
    said->id = old.id;
    if (*news != ORDER_CHANGED)
        return SPD_OK;
    if (order.problem.len > 0 && old.problem.len == 0)
        change.topic = "order.unreadable";
    rc = write_order(txn, shop, &order, &change, arena, err);
    return rc == SPD_OK ? move_jobs(txn, shop, &old, &order, who, arena, err)
                        : rc;
}

/* -- a person -- */

/* What follows from another status, unless it was said beside it. */
static void follow_status(const struct order *before, struct order *order)
{
    if (order->status == before->status)
        return;
    if (order->is_paid == before->is_paid)
        order->is_paid = false;
    if (order->is_shipped == before->is_shipped)
        order->is_shipped = false;
    settle_status(order);
}

/* What a person says holds, until he says QUEUED: then it is as it is. */
static void pin(const struct order *before, struct order *order)
{
    if (order->production_status == before->production_status)
        return;
    order->pinned = order->production_status;
    if (order->pinned == PRODUCTION_QUEUED)
        order->pinned = PRODUCTION_NEW;
}

spd_err order_change(spd_txn *txn, struct shop *shop,
                     const struct order *before, struct order *order,
                     spd_str who, struct arena *arena, struct spd_error *err)
{
    struct change change = { "order.updated", who };
    int status_before = before->production_status;
    follow_status(before, order);
    pin(before, order);
    if (!order->held)
        order->hold_reason = (spd_str){ NULL, 0 };
    if (order->items.items != before->items.items)
        order->items = merge_items(&before->items, &order->items, arena);
    bring_in_step(txn, order, arena);
    if (order->production_status == PRODUCTION_SHIPPED &&
        status_before != PRODUCTION_SHIPPED)
        change.topic = "order.shipped";
    if (order->number.len == 0)
        order->number = order->source_id;
    if (order->problem.len > 0 && order->raw.len == 0)
        order->raw = arena_str(arena, order_raw(txn, order->id));
    spd_err rc = write_order(txn, shop, order, &change, arena, err);
    return rc == SPD_OK ? move_jobs(txn, shop, before, order, who, arena, err)
                        : rc;
}
