/* What a source says of an order, taken in once however often it is said. */
#include <string.h>

#include "base/error.h"
#include "shop/listing.h"

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
}

/* The items said, each with what the shop knew of it. */
static struct list merge_items(const struct list *old, const struct list *said,
                               struct arena *arena)
{
    struct list items = {
        arena_new(arena, said->count * sizeof(struct order_item)), said->count
    };
    struct order_item *item = items.items;
    int64_t number = last_number(old);
    if (said->count > 0)
        memcpy(item, said->items, said->count * sizeof(*item));
    for (size_t i = 0; i < said->count; i++) {
        const struct order_item *known = find_item(old, item[i].source_id);
        if (known != NULL)
            keep_ours(&item[i], known);
        else
            item[i].number = ++number;
    }
    return items;
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
                           const struct change *change, struct spd_error *err)
{
    spd_str raw = order->raw;
    order->raw = (spd_str){ NULL, 0 };
    spd_err rc = order_put(txn, shop, order, change, err);
    return rc == SPD_OK ? put_raw(txn, order->id, raw, err) : rc;
}

static spd_err take_new(spd_txn *txn, struct shop *shop, struct order *said,
                        spd_str who, struct arena *arena, struct spd_error *err)
{
    struct change change = { "order.received", who };
    struct list none = { NULL, 0 };
    said->id = 0;
    lay_over(said, said);
    said->items = merge_items(&none, &said->items, arena);
    listing_match_order(txn, said);
    said->production_status =
        said->is_shipped ? PRODUCTION_SHIPPED : PRODUCTION_NEW;
    said->received_at = shop_now_ms(shop);
    return write_order(txn, shop, said, &change, err);
}

static spd_err take_again(spd_txn *txn, struct shop *shop,
                          const struct order *old, struct order *said,
                          spd_str who, enum order_news *news,
                          struct arena *arena, struct spd_error *err)
{
    struct change change = { "order.updated", who };
    struct order order = *old;
    if (said->problem.len > 0) {
        mark(&order, said);
    } else {
        lay_over(&order, said);
        order.items = merge_items(&old->items, &said->items, arena);
        listing_match_order(txn, &order);
    }
    spd_str raw = order.raw;
    order.raw = (spd_str){ NULL, 0 };
    *news = is_same(old, &order) && str_equal(raw, order_raw(txn, old->id))
                ? ORDER_SAME
                : ORDER_CHANGED;
    order.raw = raw;
    spd_err rc = SPD_OK;
    if (*news == ORDER_CHANGED)
        rc = write_order(txn, shop, &order, &change, err);
    said->id = old->id;
    return rc;
}

spd_err order_take(spd_txn *txn, struct shop *shop, struct order *said,
                   spd_str who, enum order_news *news, struct arena *arena,
                   struct spd_error *err)
{
    struct order old;
    int64_t id = order_find(txn, said->source, said->shop_id, said->source_id);
    *news = ORDER_NEW;
    if (id == 0)
        return take_new(txn, shop, said, who, arena, err);
    spd_err rc = record_get(txn, &order_kind, id, &old, arena, err);
    if (rc != SPD_OK)
        return rc;
    if (said->updated_at != 0 && said->updated_at < old.updated_at) {
        *news = ORDER_STALE;
        said->id = id;
        return SPD_OK;
    }
    return take_again(txn, shop, &old, said, who, news, arena, err);
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

spd_err order_change(spd_txn *txn, struct shop *shop,
                     const struct order *before, struct order *order,
                     spd_str who, struct arena *arena, struct spd_error *err)
{
    struct change change = { "order.updated", who };
    follow_status(before, order);
    if (order->is_shipped && !before->is_shipped)
        order->production_status = PRODUCTION_SHIPPED;
    if (order->production_status == PRODUCTION_SHIPPED &&
        before->production_status != PRODUCTION_SHIPPED)
        change.topic = "order.shipped";
    if (order->items.items != before->items.items)
        order->items = merge_items(&before->items, &order->items, arena);
    listing_match_order(txn, order);
    if (order->number.len == 0)
        order->number = order->source_id;
    if (order->problem.len > 0 && order->raw.len == 0)
        order->raw = arena_str(arena, order_raw(txn, order->id));
    return write_order(txn, shop, order, &change, err);
}
