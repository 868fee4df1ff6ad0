/* Circuits: printers that hang on one fuse.
 *
 * A printer takes several times as much power while it heats up as while it
 * prints, so what a circuit bears is said as how many may heat up at once. */
#ifndef SPOOLD_SHOP_CIRCUIT_H
#define SPOOLD_SHOP_CIRCUIT_H

#include "shop/shop.h"

struct circuit {
    int64_t id;
    spd_str name;
    int64_t heating_max, stagger_seconds; /* INT_NONE: no matter */
    int64_t created_at, updated_at;
};

extern const struct kind circuit_kind;

spd_err circuit_add_ops(struct shop *shop, struct spd_error *err);

#endif
