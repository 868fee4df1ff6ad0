/* The shop's terms: its currency, what its time and power cost, and what it
 * does by itself.  One record; until it is written, the defaults hold. */
#ifndef SPOOLD_SHOP_TERMS_H
#define SPOOLD_SHOP_TERMS_H

#include "shop/money.h"
#include "shop/shop.h"

struct terms {
    int64_t id;
    spd_str name, address;
    spd_str currency;
    int64_t divisor;
    double labor_per_hour, energy_per_kwh, filament_per_kg; /* major units */
    double printer_watts, failure_rate_pct;
    bool auto_schedule;
    int64_t remakes_max;
    int64_t updated_at;
};

extern const struct kind terms_kind;

/* Texts live in `arena`. */
void terms_read(spd_txn *txn, struct terms *terms, struct arena *arena);

/* Nothing, in the shop's own currency. */
struct money terms_zero(const struct terms *terms);

spd_err terms_add_ops(struct shop *shop, struct spd_error *err);

#endif
