#include "shop/product_cost.h"

#include <math.h>

#include "shop/spool.h"

/* -- filament -- */

struct shelf_price {
    spd_str material, color;
    double matched, matched_grams; /* of the colour too */
    double any, any_grams;
};

static bool add_spool(void *arg, const void *record)
{
    struct shelf_price *price = arg;
    const struct spool *spool = record;
    if (isnan(spool->cost) || !str_equal_fold(spool->material, price->material))
        return true;
    price->any += spool->cost;
    price->any_grams += spool->net_grams;
    if (!str_equal_fold(spool->color, price->color))
        return true;
    price->matched += spool->cost;
    price->matched_grams += spool->net_grams;
    return true;
}

double filament_per_kg(spd_txn *txn, spd_str material_type, spd_str color,
                       const struct terms *terms)
{
    struct shelf_price price = { .material = material_type, .color = color };
    record_each(txn, &spool_kind, &(struct span){ 0 }, add_spool, &price);
    if (price.matched_grams > 0)
        return price.matched / price.matched_grams * 1000;
    if (price.any_grams > 0)
        return price.any / price.any_grams * 1000;
    return terms->filament_per_kg;
}

double energy_cost(const struct terms *terms, double minutes)
{
    return minutes / 60 * terms->printer_watts / 1000 * terms->energy_per_kwh;
}

/* -- a unit -- */

/* What one product takes of filament and time, in major units. */
struct sum {
    spd_txn *txn;
    const struct terms *terms;
    double filament, grams, minutes;
};

static void add_plate(struct sum *sum, const struct part *part,
                      const struct sliced_plate *plate)
{
    const struct sliced_filament *filament = plate->filaments.items;
    double share = (double)part->count / (double)part->yield;
    for (size_t i = 0; i < plate->filaments.count; i++) {
        bool is_only = plate->filaments.count == 1;
        spd_str type = is_only && part->material_type.len > 0
                           ? part->material_type
                           : filament[i].type;
        spd_str color =
            is_only && part->color.len > 0 ? part->color : filament[i].color;
        double grams = filament[i].grams * share;
        sum->grams += grams;
        sum->filament +=
            grams / 1000 * filament_per_kg(sum->txn, type, color, sum->terms);
    }
    sum->minutes += (double)plate->estimated_seconds / 60 * share;
}

static void add_part(struct sum *sum, const struct part *part,
                     struct arena *arena)
{
    struct file file;
    if (record_get(sum->txn, &file_kind, part->file_id, &file, arena, NULL) !=
        SPD_OK)
        return;
    const struct sliced_plate *plate = file_plate(&file, part->plate);
    if (plate != NULL)
        add_plate(sum, part, plate);
}

static double bill_of(const struct product *product)
{
    const struct bought *bought = product->bill.items;
    double cost = 0;
    for (size_t i = 0; i < product->bill.count; i++)
        cost += bought[i].count * bought[i].unit_cost;
    return cost;
}

static double or_else(double value, double fallback)
{
    return isnan(value) ? fallback : value;
}

/* Of 100 prints so many come to nothing, and take what the others take. */
static double waste_of(double cost, double failure_rate_pct)
{
    return cost * failure_rate_pct / (100 - failure_rate_pct);
}

static struct money total_of(const struct product_cost *cost)
{
    const struct money *const all[] = { &cost->energy, &cost->labor,
                                        &cost->overhead, &cost->bought,
                                        &cost->waste };
    struct money sum = cost->filament;
    for (size_t i = 0; i < SPD_COUNT(all); i++)
        money_add(&sum, all[i], 1);
    return sum;
}

void product_reckon(spd_txn *txn, struct product *product,
                    const struct terms *terms, struct arena *arena)
{
    struct money zero = terms_zero(terms);
    struct list parts = product_parts(product, arena);
    const struct part *part = parts.items;
    struct sum sum = { .txn = txn, .terms = terms };
    for (size_t i = 0; i < parts.count; i++)
        add_part(&sum, &part[i], arena);
    sum.minutes = or_else(product->print_time_minutes, sum.minutes);
    double energy = energy_cost(terms, sum.minutes);
    double failing =
        or_else(product->failure_rate_pct, terms->failure_rate_pct);
    double labor = product->labor_minutes / 60 * terms->labor_per_hour;
    product->cost = (struct product_cost){
        .filament = money_round(sum.filament, &zero),
        .energy = money_round(energy, &zero),
        .labor = money_round(labor, &zero),
        .overhead = money_round(product->overhead_cost, &zero),
        .bought = money_round(bill_of(product), &zero),
        .waste = money_round(waste_of(sum.filament + energy, failing), &zero),
        .grams = round(sum.grams * 1000) / 1000,
        .print_minutes = round(sum.minutes * 100) / 100,
    };
    product->unit_cost = total_of(&product->cost);
    product->suggested_price =
        money_round(money_major(&product->unit_cost) *
                        (1 + product->target_margin_pct / 100),
                    &zero);
}
