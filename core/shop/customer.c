#include "shop/customer.h"

#include "shop/reckon.h"

static const char *const segment_names[] = { "new", "returning", "regular",
                                             NULL };

static const struct field customer_rows[] = {
    FIELD(customer, id, FIELD_ID, "the customer's id", .flags = FIELD_READONLY),
    FIELD(customer, source, FIELD_TEXT, "where he buys",
          .flags = FIELD_READONLY),
    FIELD(customer, source_id, FIELD_TEXT, "his id there, or his address",
          .flags = FIELD_READONLY),
    FIELD(customer, name, FIELD_TEXT, "as it was last",
          .flags = FIELD_READONLY),
    FIELD(customer, email, FIELD_TEXT, "where it is known",
          .flags = FIELD_READONLY),
    FIELD(customer, notes, FIELD_TEXT, "anything worth knowing",
          .flags = FIELD_NULL, .max = 10000),
    FIELD(customer, tags, FIELD_LIST, "for your own segments", .max = 32),
    FIELD(customer, segment, FIELD_CHOICE, "by the number of orders",
          .flags = FIELD_READONLY, .choices = segment_names),
    FIELD(customer, orders, FIELD_INT, "that were not cancelled",
          .flags = FIELD_READONLY, .fallback = "0"),
    MONEY_SHOWN(customer, spent,
                "what the shop kept of it; null: in several "
                "currencies"),
    FIELD(customer, first_at, FIELD_TIME, "of the first order",
          .flags = FIELD_READONLY),
    FIELD(customer, last_at, FIELD_TIME, "of the last one",
          .flags = FIELD_READONLY),
};
static const struct fields customer_fields =
    TABLE("customer", customer, customer_rows);

static void put_known_as(struct key *key, spd_str source, spd_str source_id)
{
    key_put_text(key, source);
    key_put_text(key, source_id);
}

static bool known_as(const void *record, struct key *key)
{
    const struct customer *customer = record;
    put_known_as(key, customer->source, customer->source_id);
    return true;
}

static bool by_segment(const void *record, struct key *key)
{
    const struct customer *customer = record;
    key_put_byte(key, (unsigned char)customer->segment);
    key_put_int(key, customer->last_at);
    return true;
}

static bool by_last(const void *record, struct key *key)
{
    key_put_int(key, ((const struct customer *)record)->last_at);
    return true;
}

enum { KNOWN_AS, BY_SEGMENT, BY_LAST };
static const struct index customer_indexes[] = {
    [KNOWN_AS] = { .name = "source_id",
                   .key = known_as,
                   .flags = INDEX_UNIQUE },
    [BY_SEGMENT] = { .name = "segment", .key = by_segment },
    [BY_LAST] = { .name = "last", .key = by_last },
};

const struct kind customer_kind = {
    .name = "customer",
    .plural = "customers",
    .fields = &customer_fields,
    .indexes = customer_indexes,
    .index_count = SPD_COUNT(customer_indexes),
};

/* -- meeting one -- */

static spd_str id_of(const struct order *order)
{
    return order->buyer.id.len > 0 ? order->buyer.id : order->buyer.email;
}

struct count {
    struct customer *customer;
    int64_t but_id; /* counted by itself, as it is about to be */
};

static void count_order(struct customer *customer, const struct order *order)
{
    int64_t at =
        order->ordered_at != 0 ? order->ordered_at : order->received_at;
    if (order_is_off(order))
        return;
    if (customer->orders++ == 0) {
        customer->spent = order->revenue;
        customer->first_at = customer->last_at = at;
        return;
    }
    money_add(&customer->spent, &order->revenue, 1);
    if (at < customer->first_at)
        customer->first_at = at;
    if (at > customer->last_at)
        customer->last_at = at;
}

static bool count_one(void *arg, const void *record)
{
    const struct count *count = arg;
    const struct order *order = record;
    if (order->id != count->but_id)
        count_order(count->customer, order);
    return true;
}

/* `order` is counted as it is about to be written, where it is his. */
static void count_anew(spd_txn *txn, struct customer *customer,
                       const struct order *order, bool is_his)
{
    struct count count = { customer, order->id };
    customer->orders = customer->first_at = customer->last_at = 0;
    customer->spent = money_none;
    if (is_his)
        count_order(customer, order);
    if (customer->id != 0) {
        struct key prefix;
        struct span span = order_span_of_customer(customer->id, &prefix);
        record_each(txn, &order_kind, &span, count_one, &count);
    }
    customer->segment = customer->orders >= CUSTOMER_REGULAR_FROM
                            ? SEGMENT_REGULAR
                        : customer->orders > 1 ? SEGMENT_RETURNING
                                               : SEGMENT_NEW;
}

static bool is_same(const struct customer *a, const struct customer *b)
{
    struct buf one = { 0 }, other = { 0 };
    fields_pack(&customer_fields, a, &one);
    fields_pack(&customer_fields, b, &other);
    bool same = str_equal(buf_str(&one), buf_str(&other));
    buf_fini(&one);
    buf_fini(&other);
    return same;
}

/* The order turned out to be another's. */
static spd_err leave(spd_txn *txn, int64_t id, const struct order *order,
                     spd_str who, struct arena *arena, struct spd_error *err)
{
    struct change change = { "customer.updated", who };
    struct customer customer;
    spd_err rc = record_get(txn, &customer_kind, id, &customer, arena, err);
    if (rc != SPD_OK)
        return rc;
    count_anew(txn, &customer, order, false);
    return record_put(txn, &customer_kind, &customer, &change, err);
}

spd_err customer_meet(spd_txn *txn, struct order *order, spd_str who,
                      struct arena *arena, struct spd_error *err)
{
    struct key key = { 0 };
    struct customer customer, before;
    spd_str source_id = id_of(order);
    if (source_id.len == 0)
        return SPD_OK;
    put_known_as(&key, order->source, source_id);
    int64_t id =
        record_find(txn, &customer_kind, &customer_indexes[KNOWN_AS], &key);
    fields_init(&customer_fields, &customer);
    if (id != 0) {
        spd_err rc = record_get(txn, &customer_kind, id, &customer, arena, err);
        if (rc != SPD_OK)
            return rc;
    }
    before = customer;
    customer.source = order->source;
    customer.source_id = source_id;
    if (order->buyer.name.len > 0)
        customer.name = order->buyer.name;
    if (order->buyer.email.len > 0)
        customer.email = order->buyer.email;
    count_anew(txn, &customer, order, true);
    struct change change = { id == 0 ? "customer.created" : "customer.updated",
                             who };
    spd_err rc = SPD_OK;
    if (id == 0 || !is_same(&before, &customer))
        rc = record_put(txn, &customer_kind, &customer, &change, err);
    if (rc == SPD_OK && order->customer_id != 0 &&
        order->customer_id != customer.id)
        rc = leave(txn, order->customer_id, order, who, arena, err);
    order->customer_id = customer.id;
    return rc;
}

static bool count_wanted(void *arg, const void *record)
{
    *(int64_t *)arg += !order_is_off(record);
    return true;
}

int64_t customer_counted(spd_txn *txn, int64_t customer_id)
{
    struct key prefix;
    struct span span = order_span_of_customer(customer_id, &prefix);
    int64_t orders = 0;
    record_each(txn, &order_kind, &span, count_wanted, &orders);
    return orders;
}

/* -- operations -- */

static const char *const filter_names[] = { "any", "new", "returning",
                                            "regular", NULL };

struct list_param {
    int segment;
    struct page page;
};
static const struct field list_rows[] = {
    FIELD(list_param, segment, FIELD_CHOICE, "only these",
          .choices = filter_names),
    PAGE_ROWS(list_param, page),
};
static const struct fields list_fields = TABLE("list", list_param, list_rows);

static spd_err list_customers(struct call *call, spd_txn *txn)
{
    const struct list_param *param = call->params;
    struct key prefix = { 0 };
    struct span span = { .index = &customer_indexes[BY_LAST],
                         .backwards = true };
    if (param->segment > 0) {
        span.index = &customer_indexes[BY_SEGMENT];
        key_put_byte(&prefix, (unsigned char)(param->segment - 1));
        span.prefix = &prefix;
    }
    call_reply_list(call, txn, &customer_kind, span, &param->page);
    return SPD_OK;
}

static spd_err get_customer(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    return call_reply_tagged(call, txn, &customer_kind, which->id);
}

static spd_err update_customer(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct customer customer;
    struct change change = call_change(call, "customer.updated");
    struct spd_error err;
    spd_err rc = call_get(call, txn, &customer_kind, which->id, &customer);
    if (rc == SPD_OK)
        rc = call_judge_tag(call, txn, &customer_kind, which->id);
    if (rc != SPD_OK)
        return rc;
    call_patch(call, &customer);
    if (record_put(txn, &customer_kind, &customer, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    return call_reply_tagged(call, txn, &customer_kind, which->id);
}

struct history_param {
    int64_t id;
    struct page page;
};
static const struct field history_rows[] = {
    FIELD(history_param, id, FIELD_ID, "which customer",
          .flags = FIELD_REQUIRED),
    PAGE_ROWS(history_param, page),
};
static const struct fields history_fields =
    TABLE("history", history_param, history_rows);

static spd_err list_history(struct call *call, spd_txn *txn)
{
    const struct history_param *param = call->params;
    struct key prefix;
    if (!record_exists(txn, &customer_kind, param->id))
        return call_refuse(call, REFUSE_NOT_FOUND, "there is no customer %lld",
                           (long long)param->id);
    call_reply_list(call, txn, &order_kind,
                    order_span_of_customer(param->id, &prefix), &param->page);
    return SPD_OK;
}

static const struct op customer_ops[] = {
    { .name = "customers.list",
      .route = "GET /api/customers",
      .doc = "Who bought, the last one first",
      .role = SPD_OPERATOR,
      .flags = OP_READ | OP_LIST,
      .params = &list_fields,
      .reply = &customer_fields,
      .run = list_customers },
    { .name = "customers.get",
      .route = "GET /api/customers/{id}",
      .doc = "One customer",
      .role = SPD_OPERATOR,
      .flags = OP_READ,
      .params = &id_param_fields,
      .reply = &customer_fields,
      .run = get_customer },
    { .name = "customers.update",
      .route = "PUT /api/customers/{id}",
      .doc = "Change notes and tags of a customer",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .body = &customer_fields,
      .reply = &customer_fields,
      .run = update_customer },
    { .name = "customers.orders",
      .route = "GET /api/customers/{id}/orders",
      .doc = "What a customer bought, the latest first",
      .role = SPD_OPERATOR,
      .flags = OP_READ | OP_LIST,
      .params = &history_fields,
      .reply = &order_fields,
      .run = list_history },
};

spd_err customer_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, customer_ops, SPD_COUNT(customer_ops), shop, err);
}
