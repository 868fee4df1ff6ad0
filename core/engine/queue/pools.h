/* Pools: what the waiting jobs need of each filament, all copies together.
 *
 * Kept as jobs come and go, in whole milligrams so that nothing is left over
 * when the last has gone.  Knows neither spools nor printers. */
#ifndef SPOOLD_ENGINE_POOLS_H
#define SPOOLD_ENGINE_POOLS_H

#include "base/str.h"

/* "pla" and "PLA", "#ff0000" and "#FF0000FF" are one filament. */
struct filament {
    spd_str type, color;
};
int filament_compare(const struct filament *a, const struct filament *b);

struct pool {
    struct filament of;
    int64_t waiting_mg;
    int64_t jobs; /* that need it */
    size_t asks;  /* that refer to it */
};

struct pools {
    void *tree;
};
void pools_fini(struct pools *pools);

/* The pool of that filament, with one more that refers to it. */
struct pool *pools_join(struct pools *pools, const struct filament *of);
/* One less; after the last it is no more. */
void pools_leave(struct pools *pools, struct pool *pool);

/* The sums of others, of those that are in both. */
void pools_copy_sums(struct pools *pools, const struct pools *from);

/* By type, then by colour. */
void pools_each(const struct pools *pools,
                void (*fn)(void *arg, const struct pool *pool), void *arg);

#endif
