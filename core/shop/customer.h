/* Customers: who bought what, and how often.
 *
 * A buyer of a source, known by his id there (or, without one, his e-mail
 * address).  Counts and sums follow from his orders. */
#ifndef SPOOLD_SHOP_CUSTOMER_H
#define SPOOLD_SHOP_CUSTOMER_H

#include "shop/order.h"

enum segment {
    SEGMENT_NEW, /* one order */
    SEGMENT_RETURNING,
    SEGMENT_REGULAR, /* CUSTOMER_REGULAR_FROM orders and more */
};
enum { CUSTOMER_REGULAR_FROM = 4 };

struct customer {
    int64_t id;
    spd_str source, source_id, name, email;
    spd_str notes;
    struct list tags;
    int segment;
    int64_t orders;
    struct money spent; /* what the shop kept; null: in several currencies */
    int64_t first_at, last_at;
};

extern const struct kind customer_kind;

/* Find the order's customer, or make him, and set order->customer_id; bring
 * his counts in step with this order as it is about to be written. */
spd_err customer_meet(spd_txn *txn, struct order *order, spd_str who,
                      struct arena *arena, struct spd_error *err);

/* How many orders of his were not cancelled, counted anew. */
int64_t customer_counted(spd_txn *txn, int64_t customer_id);

spd_err customer_add_ops(struct shop *shop, struct spd_error *err);

#endif
