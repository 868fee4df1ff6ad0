/* Plates as their files say them: many jobs print the same ones, and a file
 * never changes, so the last few thousand are kept. */
#ifndef SPOOLD_ENGINE_PLATES_H
#define SPOOLD_ENGINE_PLATES_H

#include "shop/job.h"

struct plates;
struct plates *plates_new(void);
void plates_free(struct plates *plates);

/* The plate a job is to print, as far as matching looks at it; borrowed until
 * the next is asked for. NULL: there is none. */
const struct sliced_plate *plates_get(struct plates *plates, spd_txn *txn,
                                      const struct job *job);

/* The same, of a plate; in `arena`. */
struct sliced_plate plate_copy(const struct sliced_plate *from,
                               struct arena *arena);

#endif
