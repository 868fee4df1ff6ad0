/* Materials: what is loaded in which slot of which printer.
 *
 * Kept in step with what printers report; what only people know (grams, cost)
 * is theirs, and a report that says nothing new does not touch it. */
#ifndef SPOOLD_SHOP_MATERIAL_H
#define SPOOLD_SHOP_MATERIAL_H

#include "shop/spool.h"

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

/* A print took use->grams out of the slot, and off the spool in it, with an
 * entry in that one's ledger.  Fills in what they cost (NAN: nobody knows). */
spd_err material_use(spd_txn *txn, struct shop *shop, int64_t printer_id,
                     int64_t slot, struct spool_use *use,
                     struct spd_error *err);

/* The slot a spool is loaded in; false: it is on the shelf. */
bool material_of_spool(spd_txn *txn, int64_t spool_id,
                       struct material *material, struct arena *arena);

/* This spool of the shelf is what is in the slot. */
spd_err material_load(spd_txn *txn, struct shop *shop,
                      struct material *material, const struct spool *spool,
                      const struct change *change, struct spd_error *err);

/* Bring the slot this spool is loaded in, if any, in step with it. */
spd_err material_follow(spd_txn *txn, struct shop *shop,
                        const struct spool *spool, struct spd_error *err);

spd_err material_add_ops(struct shop *shop, struct spd_error *err);

#endif
