/* Spools: the filament on the shelf, and the ledger of what was taken.
 *
 * What is left of a spool is its net weight less all that its ledger took; each
 * change of it is an entry.  Where a spool is loaded is the material's word. */
#ifndef SPOOLD_SHOP_SPOOL_H
#define SPOOLD_SHOP_SPOOL_H

#include "shop/shop.h"

struct spool {
    int64_t id;
    spd_str material, color, vendor;
    double net_grams, tare_grams, remaining_grams, cost;
    spd_str lot, location, tray_uuid;
    double low_stock_threshold;
    int64_t created_at, updated_at;
};

enum spool_why {
    USED_BY_PRINT,
    USED_BY_WEIGH_IN,   /* the scale knew better */
    USED_BY_CORRECTION, /* a person did, or there was more than was known */
};

struct spool_use {
    int64_t id, spool_id;
    int why;
    int64_t job_id, attempt_id;
    double grams; /* taken; below 0: there was more than was known */
    double cost;  /* NAN: nobody knows what the spool cost */
    int64_t at;
};

extern const struct kind spool_kind;
extern const struct kind spool_use_kind;
extern const struct fields spool_fields;
extern const struct fields spool_use_fields;

/* All null; net weight at its default. */
void spool_init(struct spool *spool);

/* What so many grams of it cost; NAN: unknown. */
double spool_cost(const struct spool *spool, double grams);

/* Write it, keep the slot it is loaded in in step, and say "spool.low" when
 * with this its material and colour fall below their threshold. */
spd_err spool_put(spd_txn *txn, struct shop *shop, struct spool *spool,
                  const struct change *change, struct spd_error *err);

/* The spool with that number of its own (RFID); false: none. */
bool spool_of_tray(spd_txn *txn, spd_str tray_uuid, struct spool *spool,
                   struct arena *arena);

/* Take use->grams for a print; fills in the rest of `use` and writes it. What
 * is left never falls below zero: a correction says what there was more. */
spd_err spool_take(spd_txn *txn, struct shop *shop, struct spool *spool,
                   struct spool_use *use, struct spd_error *err);

/* So much is left, whatever the ledger thought.  Nothing new: no entry. */
spd_err spool_state(spd_txn *txn, struct shop *shop, struct spool *spool,
                    double remaining_grams, enum spool_why why,
                    const struct change *change, struct spd_error *err);

/* Its entries, in order; for record_each. */
struct span spool_ledger(int64_t spool_id, struct key *prefix);

/* Grams that its ledger took in all. */
double spool_taken(spd_txn *txn, int64_t spool_id);

spd_err spool_add_ops(struct shop *shop, struct spd_error *err);
spd_err spool_add_assign_ops(struct shop *shop, struct spd_error *err);

#endif
