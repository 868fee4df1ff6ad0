/* What making one of a product costs. Pure but for looking things up. */
#ifndef SPOOLD_SHOP_PRODUCT_COST_H
#define SPOOLD_SHOP_PRODUCT_COST_H

#include "shop/product.h"

/* What a kilogram of this filament cost the shop: the mean of the spools of
 * this material and colour, else of this material, else what the terms say. */
double filament_per_kg(spd_txn *txn, spd_str material_type, spd_str color,
                       const struct terms *terms);

/* Energy of so many minutes at a printer, in major units. */
double energy_cost(const struct terms *terms, double minutes);

/* Fill in cost, unit_cost and suggested_price. */
void product_reckon(spd_txn *txn, struct product *product,
                    const struct terms *terms, struct arena *arena);

#endif
