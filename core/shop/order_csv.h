/* Orders from a table: a line an item, grouped by the order's number.
 *
 * Columns are known by their headings, in many spellings.  Pure: reads and
 * says, line by line; [worker] may call it. */
#ifndef SPOOLD_SHOP_ORDER_CSV_H
#define SPOOLD_SHOP_ORDER_CSV_H

#include "shop/order.h"

struct csv_order {
    struct order said;
    spd_str refusal; /* why it is not taken; no text: it is */
    size_t lines;
};

struct csv_line {
    size_t line;
    size_t order;       /* its place among the orders; SIZE_MAX: none */
    spd_str order_text; /* as it stands there */
    spd_str item;       /* the item's title, or its SKU */
    spd_str refusal;    /* what is wrong with this line; no text: nothing */
};

struct csv_orders {
    const char *encoding;
    char separator;
    struct list orders; /* of struct csv_order */
    struct list lines;  /* of struct csv_line */
};

enum { ORDER_CSV_MAX_BYTES = 4 * 1024 * 1024, ORDER_CSV_MAX_LINES = 20000 };

/* Everything lives in `arena`. SPD_EINVAL: it is no such table. */
spd_err order_csv_read(spd_str bytes, struct csv_orders *out,
                       struct arena *arena, struct spd_error *err);

#endif
