/* Reckoning: how far the shop is with an order, by its jobs, and what it cost
 * and earned.  Looks and adds up; decides and writes nothing. */
#ifndef SPOOLD_SHOP_RECKON_H
#define SPOOLD_SHOP_RECKON_H

#include "shop/product.h"

/* What the jobs say beyond what the order keeps. */
struct part_tally {
    int64_t cancelled; /* pieces that a person does not want any more */
    int64_t failed;    /* pieces of prints that came to nothing */
};

struct item_tally {
    struct product product;   /* id 0: none, or it is gone */
    struct list made_of;      /* of struct part; the product's */
    struct part_tally *parts; /* one for each of the item's */
    bool is_started;
};

struct tally {
    struct item_tally *items; /* one for each of the order's */
};

enum { RECKON_PIECES_MAX = 100000 }; /* of a part: more is a mistake */

/* Bring the order's parts, pieces, costs and statuses in step with its jobs.
 * `tally` (in `arena`, may be NULL) is what was found on the way. */
void reckon(spd_txn *txn, const struct terms *terms, struct order *order,
            struct tally *tally, struct arena *arena);

/* Nothing of it is wanted any more: cancelled, or all refunded. */
bool order_is_off(const struct order *order);

#endif
