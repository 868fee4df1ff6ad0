/* The operations of orders. */
#include <string.h>

#include "shop/listing.h"
#include "shop/order_import.h"
#include "shop/product.h"

/* -- reading -- */

static const char *const production_filter[] = {
    "any", "NEW", "QUEUED", "PRINTING", "PRINTED", "SHIPPED", "FAILED", NULL,
};

struct list_param {
    struct order_filter filter;
    struct page page;
};
static const struct field list_rows[] = {
    { .name = "production_status",
      .type = FIELD_CHOICE,
      .doc = "only these",
      .offset = offsetof(struct list_param, filter.production),
      .choices = production_filter },
    { .name = "problem",
      .type = FIELD_BOOL,
      .doc = "only those that could not be read",
      .offset = offsetof(struct list_param, filter.problem),
      .fallback = "false" },
    { .name = "unmatched",
      .type = FIELD_BOOL,
      .doc = "only those to be printed of which an item has no product",
      .offset = offsetof(struct list_param, filter.unmatched),
      .fallback = "false" },
    { .name = "trouble",
      .type = FIELD_BOOL,
      .doc = "only those of which an item cannot be printed",
      .offset = offsetof(struct list_param, filter.trouble),
      .fallback = "false" },
    PAGE_ROWS(list_param, page),
};
static const struct fields list_fields = TABLE("list", list_param, list_rows);

static spd_err list_orders(struct call *call, spd_txn *txn)
{
    const struct list_param *param = call->params;
    struct key prefix;
    call_reply_list(call, txn, &order_kind,
                    order_span_of(&param->filter, &prefix), &param->page);
    return SPD_OK;
}

static spd_err get_order(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    return call_reply_tagged(call, txn, &order_kind, which->id);
}

static spd_err get_raw(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    if (!record_exists(txn, &order_kind, which->id))
        return call_refuse(call, REFUSE_NOT_FOUND, "there is no order %lld",
                           (long long)which->id);
    spd_str raw = order_raw(txn, which->id);
    if (raw.ptr == NULL)
        return call_refuse(call, REFUSE_NOT_FOUND,
                           "order %lld was read; no text of it is kept",
                           (long long)which->id);
    call_reply_bytes(call, raw, "text/plain; charset=utf-8");
    return SPD_OK;
}

/* -- saying one -- */

static spd_err judge_order(struct call *call, const struct order *order)
{
    if (order_judge(order, call_faults(call)))
        return SPD_OK;
    return call_refuse(call, REFUSE_CONTENT, "%s", call_faults(call)->first);
}

static spd_err take_order(struct call *call, spd_txn *txn, struct order *said,
                          enum order_news *news)
{
    struct spd_error err;
    if (order_take(txn, call->self, said, str_of(call->actor->who), news,
                   &call->arena, &err) != SPD_OK)
        return call_fail(call, &err);
    return call_reply_tagged(call, txn, &order_kind, said->id);
}

static spd_err create_order(struct call *call, spd_txn *txn)
{
    struct order order = *(struct order *)call->body;
    enum order_news news;
    spd_err rc = judge_order(call, &order);
    if (rc != SPD_OK)
        return rc;
    order.source = STR(ORDER_BY_HAND);
    rc = take_order(call, txn, &order, &news);
    if (rc == SPD_OK && news != ORDER_NEW)
        call_status(call, 200);
    return rc;
}

/* -- changing one -- */

/* What is the shop's own, whoever said the order. */
static bool is_ours(spd_str member)
{
    const struct field *field = fields_find(&order_fields, member);
    return field->offset >= offsetof(struct order, priority);
}

static bool is_said_by_hand(const struct order *order)
{
    return str_is(order->source, ORDER_BY_HAND) || str_is(order->source, "csv");
}

/* What a web shop says is changed there, or its next word would undo it; but
 * one that could not be read may be put right. */
static spd_err judge_members(struct call *call, const struct order *order)
{
    if (is_said_by_hand(order) || order->problem.len > 0)
        return SPD_OK;
    for (const spd_json *m = json_first(call->body_json); m != NULL;
         m = json_next(m))
        if (!is_ours(json_name(m)))
            return call_refuse(call, REFUSE_CONFLICT,
                               "order %lld comes from %.*s: change its %s "
                               "there",
                               (long long)order->id, STR_ARG(order->source),
                               json_name(m).ptr);
    return SPD_OK;
}

/* The ids it is known by are for good. */
static spd_err judge_identity(struct call *call, const struct order *before,
                              const struct order *order)
{
    if (str_equal(before->shop_id, order->shop_id) &&
        str_equal(before->source_id, order->source_id))
        return SPD_OK;
    return call_refuse(call, REFUSE_CONFLICT,
                       "order %lld is known by its shop_id and source_id; "
                       "they cannot be changed",
                       (long long)order->id);
}

static spd_err update_order(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct order before, order;
    spd_err rc = call_get(call, txn, &order_kind, which->id, &before);
    if (rc == SPD_OK)
        rc = call_judge_tag(call, txn, &order_kind, which->id);
    if (rc == SPD_OK)
        rc = judge_members(call, &before);
    if (rc != SPD_OK)
        return rc;
    order = before;
    call_patch(call, &order);
    rc = judge_identity(call, &before, &order);
    if (rc == SPD_OK)
        rc = judge_order(call, &order);
    if (rc != SPD_OK)
        return rc;
    struct spd_error err;
    if (order_change(txn, call->self, &before, &order, str_of(call->actor->who),
                     &call->arena, &err) != SPD_OK)
        return call_fail(call, &err);
    return call_reply_tagged(call, txn, &order_kind, order.id);
}

/* -- what an item is -- */

struct item_param {
    int64_t id, number;
};
static const struct field item_param_rows[] = {
    FIELD(item_param, id, FIELD_ID, "which order", .flags = FIELD_REQUIRED),
    FIELD(item_param, number, FIELD_INT, "the item's number in it",
          .flags = FIELD_REQUIRED, .min = 1),
};
static const struct fields item_param_fields =
    TABLE("item", item_param, item_param_rows);

struct choice {
    int64_t product_id;
    bool remember;
};
static const struct field choice_rows[] = {
    FIELD(choice, product_id, FIELD_ID, "which product it is",
          .flags = FIELD_REQUIRED),
    FIELD(choice, remember, FIELD_BOOL,
          "the next one like it is the same product", .fallback = "true"),
};
static const struct fields choice_fields = TABLE("choice", choice, choice_rows);

static spd_err remember_choice(struct call *call, spd_txn *txn,
                               const struct order *order,
                               const struct order_item *item)
{
    struct spd_error err;
    if (listing_remember(txn, call->self, order->source, item, item->product_id,
                         str_of(call->actor->who), &err) != SPD_OK)
        return call_fail(call, &err);
    return SPD_OK;
}

static spd_err put_order(struct call *call, spd_txn *txn, struct order *order,
                         const char *topic)
{
    struct change change = call_change(call, topic);
    struct spd_error err;
    if (order_put(txn, call->self, order, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    return call_reply_tagged(call, txn, &order_kind, order->id);
}

static spd_err set_product(struct call *call, spd_txn *txn)
{
    const struct item_param *which = call->params;
    struct choice choice;
    struct order order;
    fields_init(&choice_fields, &choice);
    call_patch(call, &choice);
    spd_err rc = call_get(call, txn, &order_kind, which->id, &order);
    if (rc != SPD_OK)
        return rc;
    struct order_item *item = order_item_of(&order, which->number);
    if (item == NULL)
        return call_refuse(call, REFUSE_NOT_FOUND,
                           "order %lld has no item %lld", (long long)order.id,
                           (long long)which->number);
    if (!record_exists(txn, &product_kind, choice.product_id))
        return call_refuse(call, REFUSE_CONTENT, "there is no product %lld",
                           (long long)choice.product_id);
    item->product_id = choice.product_id;
    if (choice.remember)
        rc = remember_choice(call, txn, &order, item);
    return rc == SPD_OK ? put_order(call, txn, &order, "order.matched") : rc;
}

static const struct op order_ops[] = {
    { .name = "orders.list",
      .route = "GET /api/orders",
      .doc = "All orders, the latest first",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &list_fields,
      .reply = &order_fields,
      .run = list_orders },
    { .name = "orders.get",
      .route = "GET /api/orders/{id}",
      .doc = "One order",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .params = &id_param_fields,
      .reply = &order_fields,
      .run = get_order },
    { .name = "orders.raw",
      .route = "GET /api/orders/{id}/raw",
      .doc = "The text of an order that could not be read",
      .role = SPD_OPERATOR,
      .flags = OP_READ,
      .params = &id_param_fields,
      .run = get_raw },
    { .name = "orders.create",
      .route = "POST /api/orders",
      .doc = "Say an order; the same shop_id and source_id are the same order, "
             "and what differs of it is changed (200 instead of 201)",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE | OP_CREATE | OP_LENIENT,
      .body = &order_fields,
      .reply = &order_fields,
      .run = create_order },
    { .name = "orders.update",
      .route = "PUT /api/orders/{id}",
      .doc = "Change what the shop says of an order, and all of one that no "
             "web shop brought",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .body = &order_fields,
      .reply = &order_fields,
      .run = update_order },
    { .name = "orders.set_product",
      .route = "POST /api/orders/{id}/items/{number}/product",
      .doc = "Say which product an item is, once: the next one like it is "
             "known, and so are those that wait",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &item_param_fields,
      .body = &choice_fields,
      .reply = &order_fields,
      .run = set_product },
};

spd_err order_add_ops(struct shop *shop, struct spd_error *err)
{
    spd_err rc = ops_add(shop->ops, order_ops, SPD_COUNT(order_ops), shop, err);
    return rc == SPD_OK ? order_import_add_ops(shop, err) : rc;
}
