/* Listings: which offer of which source is which product of ours.
 *
 * The way from an item of an order to a product: by the product's own SKU, by
 * an SKU or a listing with its variations that a person said once, by the
 * listing alone.  Never by title: sellers change them at will. */
#ifndef SPOOLD_SHOP_LISTING_H
#define SPOOLD_SHOP_LISTING_H

#include "shop/order.h"

struct listing {
    int64_t id, product_id;
    spd_str source, sku, listing_id;
    struct list variations; /* of struct variation; none: whichever */
    int64_t created_at;
};

extern const struct kind listing_kind;
extern const struct fields listing_fields;

/* The product an item is; 0: nobody said yet. */
int64_t listing_match(spd_txn *txn, spd_str source,
                      const struct order_item *item);

/* Match every item of the order that has no product yet. */
void listing_match_order(spd_txn *txn, struct order *order);

/* A person said what the item is: remember it for the next one like it, where
 * the item says anything it can be known by. */
spd_err listing_remember(spd_txn *txn, struct shop *shop, spd_str source,
                         const struct order_item *item, int64_t product_id,
                         spd_str who, struct spd_error *err);

/* All that lead to the product go with it. */
spd_err listing_forget(spd_txn *txn, int64_t product_id,
                       const struct change *why, struct spd_error *err);

spd_err listing_add_ops(struct shop *shop, struct spd_error *err);

#endif
