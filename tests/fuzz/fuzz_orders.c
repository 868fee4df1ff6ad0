/* Orders from anybody: a table, or what a plugin says as JSON. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "shop/order_csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(spd_str text)
{
    assert(text.ptr == NULL || str_is_utf8(text));
}

/* What was taken fits its record: it is packed, and reads back the same. */
static void check_order(struct order *order, struct arena *arena)
{
    const struct order_item *item = order->items.items;
    assert(order->source_id.len > 0);
    for (size_t i = 0; i < order->items.count; i++) {
        assert(item[i].quantity >= 1 && item[i].quantity <= 10000);
        check_text(item[i].title);
        check_text(item[i].sku);
    }
    order_own(order, arena);
}

static void read_table(spd_str bytes)
{
    struct arena arena = { 0 };
    struct csv_orders table;
    struct spd_error err = { 0 };
    if (order_csv_read(bytes, &table, &arena, &err) == SPD_OK) {
        struct csv_order *orders = table.orders.items;
        for (size_t i = 0; i < table.orders.count; i++) {
            check_text(orders[i].refusal);
            if (orders[i].refusal.len == 0)
                check_order(&orders[i].said, &arena);
        }
    }
    arena_fini(&arena);
}

static void read_json(spd_str bytes)
{
    struct arena arena = { 0 };
    struct order order;
    spd_json *json = json_parse(bytes, NULL);
    if (json != NULL &&
        order_read(STR("market"), json, &order, &arena, NULL) == SPD_OK) {
        assert(order.problem.len > 0 || order.raw.len == 0 ||
               order.raw.len <= ORDER_RAW_MAX_BYTES);
        check_order(&order, &arena);
    }
    json_free(json);
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + (size == 0)); /* a byte too far is seen */
    assert(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    read_table((spd_str){ copy, size });
    read_json((spd_str){ copy, size });
    free(copy);
    return 0;
}
