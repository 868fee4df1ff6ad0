/* Substitutions: what counts as what in this shop.
 *
 * "A job that wants PLA accepts PLA Basic", "a file sliced for a P1S may go to
 * an X1C".  Nothing is accepted that the shop did not say, and one row does not
 * lead to the next: PLA accepting PLA Basic, and PLA Basic accepting PLA Matte,
 * does not make PLA accept PLA Matte. */
#ifndef SPOOLD_SHOP_SUBSTITUTION_H
#define SPOOLD_SHOP_SUBSTITUTION_H

#include "shop/shop.h"

enum substitution_of { OF_MATERIAL, OF_MODEL, OF_PLATE_TYPE };

struct substitution {
    int64_t id;
    int of; /* enum substitution_of */
    spd_str wanted, accepts;
    int64_t created_at;
};

extern const struct kind substitution_kind;

/* Are both the same, as far as people spell them? */
bool substitution_same(enum substitution_of of, spd_str a, spd_str b);

/* Add a copy of each that accepts this to `list` (of struct substitution); all
 * in `arena`. */
void substitutions_add(spd_txn *txn, enum substitution_of of, spd_str accepts,
                       struct list *list, struct arena *arena);

/* Is there one among them by which `has` will do for `wanted`? */
bool substitutions_allow(const struct list *list, enum substitution_of of,
                         spd_str wanted, spd_str has);

spd_err substitution_add_ops(struct shop *shop, struct spd_error *err);

#endif
