/* Products: what the shop sells, what it is made of and what it costs to make.
 *
 * A product is made of parts, each printed on a plate of a file that yields
 * some of them, and of things that are bought.  Its unit cost follows from
 * these and the shop's terms, its suggested price from the cost. */
#ifndef SPOOLD_SHOP_PRODUCT_H
#define SPOOLD_SHOP_PRODUCT_H

#include "shop/file.h"
#include "shop/order.h"
#include "shop/terms.h"

/* What is printed for it. */
struct part {
    spd_str name;
    int64_t file_id, plate; /* plate INT_NONE: the file's first */
    int64_t yield;          /* pieces a print gives */
    int64_t count;          /* pieces that one product needs */
    spd_str material_type;  /* no text: as sliced */
    spd_str color;          /* no text: as sliced */
    spd_str color_of;       /* the variation whose value is the colour */
};

/* What a variation's value means at the printer. */
struct shade {
    spd_str value, color;
};

/* What is bought for it. */
struct bought {
    spd_str name;
    double count, unit_cost;
};

/* Of one product, in the shop's currency. */
struct product_cost {
    struct money filament, energy, labor, overhead, bought;
    struct money waste; /* filament and energy of prints that fail */
    double grams, print_minutes;
};

struct product {
    int64_t id;
    spd_str product_name, sku;
    struct list parts; /* of struct part */
    /* A product of one part may say it here instead. */
    int64_t file_id, plate, yield;
    spd_str material_type, color;
    struct list colors, bill; /* of struct shade, struct bought */
    int64_t nozzle_temp, bed_temp, print_speed;
    double print_time_minutes;
    double labor_minutes, overhead_cost, failure_rate_pct, target_margin_pct;
    spd_str notes, image_url;
    struct product_cost cost;
    struct money unit_cost, suggested_price;
    int64_t created_at, updated_at;
};

extern const struct kind product_kind;
extern const struct fields product_fields;

/* Its parts, or the one it says itself; in `arena`. */
struct list product_parts(const struct product *product, struct arena *arena);

/* What the part is to be printed in for this item: "#RRGGBB"; no text: as
 * sliced. False: the item's variation says a colour that the product does not
 * know (`value`). */
bool product_color(const struct product *product, const struct part *part,
                   const struct order_item *item, spd_str *color,
                   spd_str *value);

/* 0: no product has it. */
int64_t product_of_sku(spd_txn *txn, spd_str sku);

/* Costs and prices follow from the terms and the spools: reckon all anew, and
 * write what is different now. `change` says who; its topic is filled in. */
spd_err product_reprice_all(spd_txn *txn, struct shop *shop,
                            struct change change, struct spd_error *err);

spd_err product_add_ops(struct shop *shop, struct spd_error *err);

#endif
