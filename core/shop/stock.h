/* Stock: finished parts on the shelf, and the ledger of how they came and went.
 *
 * What lies there is what its ledger says; each change of it is an entry. */
#ifndef SPOOLD_SHOP_STOCK_H
#define SPOOLD_SHOP_STOCK_H

#include "shop/shop.h"

struct stock {
    int64_t id, product_id, part;
    spd_str color; /* no text: as sliced */
    int64_t pieces;
    spd_str location;
    int64_t updated_at;
};

enum stock_why {
    STOCK_SURPLUS, /* printed beyond what an order needed */
    STOCK_ORDER,   /* taken for an order, or given back by it */
    STOCK_COUNT,   /* a person counted */
};

struct stock_move {
    int64_t id, stock_id;
    int why;
    int64_t pieces; /* below 0: taken */
    int64_t order_id, at;
};

extern const struct kind stock_kind;
extern const struct kind stock_move_kind;

/* Which pieces: one part of a product, in one colour. */
struct stock_of {
    int64_t product_id, part;
    spd_str color;
};

/* How many lie there. */
int64_t stock_on_hand(spd_txn *txn, const struct stock_of *what);

/* Where they lie; no text: nobody said. In `arena`. */
spd_str stock_location(spd_txn *txn, const struct stock_of *what,
                       struct arena *arena);

/* Put there (pieces > 0) or take away, at most what there is; for an order.
 * Fills in how many it were. */
spd_err stock_shift(spd_txn *txn, struct shop *shop,
                    const struct stock_of *what, int64_t pieces,
                    enum stock_why why, int64_t order_id, int64_t *moved,
                    struct spd_error *err);

/* What its ledger says. */
int64_t stock_counted(spd_txn *txn, int64_t stock_id);

spd_err stock_add_ops(struct shop *shop, struct spd_error *err);

#endif
