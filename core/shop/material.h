/* Materials: what is loaded in which slot of which printer.
 *
 * Kept in step with what printers report; what only people know (grams, cost)
 * is theirs, and a report that says nothing new does not touch it. */
#ifndef SPOOLD_SHOP_MATERIAL_H
#define SPOOLD_SHOP_MATERIAL_H

#include "shop/shop.h"

struct material {
    int64_t id, user_id, printer_id, slot;
    spd_str material_type, color;
    double weight_grams, remaining_pct, remaining_grams;
    spd_str vendor;
    double cost_per_kg;
    int64_t spool_id;
    spd_str tray_uuid;
    int64_t loaded_at, last_synced, created_at, updated_at;
    bool loaded;      /* internal: is there filament in it? */
    spd_str reported; /* internal: what the printer last said is in it */
};

extern const struct kind material_kind;

/* Bring the records of a printer in line with its slots (struct slot). */
spd_err material_sync(spd_txn *txn, struct shop *shop, int64_t printer_id,
                      const struct list *slots, struct spd_error *err);

/* What is in this slot; false: nothing is known of it. */
bool material_at(spd_txn *txn, int64_t printer_id, int64_t slot,
                 struct material *material, struct arena *arena);

/* All slots of a printer, in order; for record_each. */
struct span material_span(int64_t printer_id, struct key *prefix);

/* A print took so many grams out of the slot. */
spd_err material_use(spd_txn *txn, struct shop *shop, int64_t printer_id,
                     int64_t slot, double grams, struct spd_error *err);

spd_err material_add_ops(struct shop *shop, struct spd_error *err);

#endif
