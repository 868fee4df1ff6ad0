#include "shop/earnings.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "shop/product.h"
#include "shop/reckon.h"

/* Of one product; product_id null: of items that nobody said a product of. */
struct takings {
    int64_t product_id;
    spd_str product_name;
    int64_t quantity;
    struct money revenue, cost, profit;
    double margin_pct;
};

struct earnings {
    int64_t orders, not_counted;
    struct money revenue, filament, energy, labor, overhead, bought, fee,
        postage, profit;
    double margin_pct, grams, print_minutes;
    struct list products; /* of struct takings */
};

static const struct field takings_rows[] = {
    FIELD(takings, product_id, FIELD_ID, "null: nobody said which product",
          .flags = FIELD_READONLY),
    FIELD(takings, product_name, FIELD_TEXT, "what people call it",
          .flags = FIELD_READONLY),
    FIELD(takings, quantity, FIELD_INT, "how many were sold",
          .flags = FIELD_READONLY),
    MONEY_SHOWN(takings, revenue, "their share of what the shop kept"),
    MONEY_SHOWN(takings, cost, "of making them"),
    MONEY_SHOWN(takings, profit, "less their share of fees and postage too"),
    FIELD(takings, margin_pct, FIELD_REAL, "profit of revenue",
          .flags = FIELD_READONLY),
};
static const struct fields takings_fields =
    TABLE("takings", takings, takings_rows);

static const struct field earnings_rows[] = {
    FIELD(earnings, orders, FIELD_INT, "that were counted",
          .flags = FIELD_READONLY),
    FIELD(earnings, not_counted, FIELD_INT,
          "orders of another currency, or without money",
          .flags = FIELD_READONLY),
    MONEY_SHOWN(earnings, revenue, "what was paid, less tax and refunds"),
    MONEY_SHOWN(earnings, filament, "of all prints"),
    MONEY_SHOWN(earnings, energy, "of all prints"),
    MONEY_SHOWN(earnings, labor, "by the products"),
    MONEY_SHOWN(earnings, overhead, "by the products"),
    MONEY_SHOWN(earnings, bought, "by the products' bills"),
    MONEY_SHOWN(earnings, fee, "what the sales cost"),
    MONEY_SHOWN(earnings, postage, "what sending cost"),
    MONEY_SHOWN(earnings, profit, "revenue less all of these"),
    FIELD(earnings, margin_pct, FIELD_REAL, "profit of revenue",
          .flags = FIELD_READONLY),
    FIELD(earnings, grams, FIELD_REAL, "of filament", .flags = FIELD_READONLY),
    FIELD(earnings, print_minutes, FIELD_REAL, "that printers printed",
          .flags = FIELD_READONLY),
    FIELD(earnings, products, FIELD_LIST, "the most profitable first",
          .flags = FIELD_READONLY, .of = &takings_fields, .max = 10000),
};
static const struct fields earnings_fields =
    TABLE("earnings", earnings, earnings_rows);

/* -- adding up -- */

struct adding {
    spd_txn *txn;
    int64_t until_ms;
    struct money zero;
    struct earnings *sum;
    struct arena *arena;
    size_t room;
};

static struct takings *takings_of(struct adding *adding, int64_t product_id)
{
    struct list *list = &adding->sum->products;
    struct takings *takings = list->items;
    for (size_t i = 0; i < list->count; i++)
        if (takings[i].product_id == product_id)
            return &takings[i];
    if (list->count == adding->room) {
        adding->room = adding->room == 0 ? 64 : adding->room * 2;
        list->items = mem_resize(list->items, adding->room * sizeof(*takings));
        takings = list->items;
    }
    takings += list->count++;
    *takings = (struct takings){ .product_id = product_id,
                                 .revenue = adding->zero,
                                 .cost = adding->zero,
                                 .profit = adding->zero };
    return takings;
}

static void add_item(struct adding *adding, const struct order_item *item)
{
    struct takings *takings = takings_of(adding, item->product_id);
    const struct money *const costs[] = { &item->filament, &item->energy,
                                          &item->labor, &item->overhead,
                                          &item->bought };
    if (!item->is_removed)
        takings->quantity += item->quantity;
    money_add(&takings->revenue, &item->revenue, 1);
    money_add(&takings->profit, &item->profit, 1);
    for (size_t i = 0; i < SPD_COUNT(costs); i++)
        money_add(&takings->cost, costs[i], 1);
}

static void add_order(struct adding *adding, const struct order *order)
{
    struct earnings *sum = adding->sum;
    const struct order_item *item = order->items.items;
    sum->orders++;
    money_add(&sum->revenue, &order->revenue, 1);
    money_add(&sum->filament, &order->filament, 1);
    money_add(&sum->energy, &order->energy, 1);
    money_add(&sum->labor, &order->labor, 1);
    money_add(&sum->overhead, &order->overhead, 1);
    money_add(&sum->bought, &order->bought, 1);
    money_add(&sum->fee, &order->fee, 1);
    money_add(&sum->postage, &order->postage, 1);
    money_add(&sum->profit, &order->profit, 1);
    sum->grams += order->grams;
    sum->print_minutes += order->print_minutes;
    for (size_t i = 0; i < order->items.count; i++)
        add_item(adding, &item[i]);
}

static bool is_ours(const struct adding *adding, const struct money *money)
{
    return !money_is_null(money) &&
           str_equal_fold(money->currency, adding->zero.currency);
}

static bool each_order(void *arg, const void *record)
{
    struct adding *adding = arg;
    const struct order *order = record;
    if (order_moment(order) >= adding->until_ms)
        return false;
    if (is_ours(adding, &order->profit))
        add_order(adding, order);
    else if (!order_is_off(order))
        adding->sum->not_counted++;
    return true;
}

static double margin_of(const struct money *profit, const struct money *revenue)
{
    double kept = money_major(revenue);
    return kept > 0 ? round(money_major(profit) / kept * 10000) / 100 : NAN;
}

static int by_profit(const void *a, const void *b)
{
    const struct takings *one = a, *other = b;
    return one->profit.amount > other->profit.amount
               ? -1
               : one->profit.amount < other->profit.amount;
}

static void name_products(struct adding *adding)
{
    struct list *list = &adding->sum->products;
    struct takings *takings = list->items;
    if (list->count > 0)
        qsort(takings, list->count, sizeof(*takings), by_profit);
    for (size_t i = 0; i < list->count; i++) {
        struct product product;
        if (takings[i].product_id != 0 &&
            record_get(adding->txn, &product_kind, takings[i].product_id,
                       &product, adding->arena, NULL) == SPD_OK)
            takings[i].product_name = product.product_name;
        takings[i].margin_pct =
            margin_of(&takings[i].profit, &takings[i].revenue);
    }
}

/* -- the operation -- */

struct stretch {
    int64_t since, until;
};
static const struct field stretch_rows[] = {
    FIELD(stretch, since, FIELD_TIME, "ordered from then on",
          .flags = FIELD_NULL),
    FIELD(stretch, until, FIELD_TIME, "and before", .flags = FIELD_NULL),
};
static const struct fields stretch_fields =
    TABLE("stretch", stretch, stretch_rows);

static struct earnings nothing(const struct money *zero)
{
    return (struct earnings){
        .revenue = *zero,
        .filament = *zero,
        .energy = *zero,
        .labor = *zero,
        .overhead = *zero,
        .bought = *zero,
        .fee = *zero,
        .postage = *zero,
        .profit = *zero,
    };
}

static spd_err get_earnings(struct call *call, spd_txn *txn)
{
    const struct stretch *stretch = call->params;
    struct terms terms;
    struct key from;
    terms_read(txn, &terms, &call->arena);
    struct money zero = terms_zero(&terms);
    struct earnings sum = nothing(&zero);
    struct adding adding = { .txn = txn,
                             .until_ms = stretch->until != 0 ? stretch->until
                                                             : INT64_MAX,
                             .zero = zero,
                             .sum = &sum,
                             .arena = &call->arena };
    struct span span = order_span_since(stretch->since, &from);
    record_each(txn, &order_kind, &span, each_order, &adding);
    name_products(&adding);
    sum.margin_pct = margin_of(&sum.profit, &sum.revenue);
    spd_jsonw *w = call_reply(call);
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    fields_write(&earnings_fields, &sum, w);
    jsonw_end(w);
    free(sum.products.items);
    return SPD_OK;
}

static const struct op earnings_ops[] = {
    { .name = "earnings.get",
      .route = "GET /api/earnings",
      .doc = "What orders of a stretch of time brought and cost, in all and by "
             "product",
      .role = SPD_MANAGER,
      .flags = OP_READ,
      .params = &stretch_fields,
      .reply = &earnings_fields,
      .run = get_earnings },
};

spd_err earnings_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, earnings_ops, SPD_COUNT(earnings_ops), shop, err);
}
