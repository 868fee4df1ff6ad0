/* The jobs that wait, in memory, by what they ask for.
 *
 * Dispatch asks "which job for this printer?" far too often to look through a
 * hundred thousand records for it.  Jobs that a printer answers alike, but for
 * their grams, share one `struct ask`: it is matched once, and its jobs stand
 * in line behind it.  Made anew at each start; follows the journal from then
 * on.  Knows jobs and files, no printer. */
#ifndef SPOOLD_ENGINE_WAITING_H
#define SPOOLD_ENGINE_WAITING_H

#include "engine/match/match.h"
#include "engine/queue/line.h"
#include "engine/queue/pools.h"

/* What its jobs ask for alike.  `job` and `plate` say it, with the fewest grams
 * that one of them ever needed. */
struct ask {
    struct job job;
    struct sliced_plate plate;
    int64_t printer_id;  /* the one it may go to; 0: any */
    size_t holders;      /* its jobs, also those whose hour has not come */
    struct pool **pools; /* of each filament of the plate */
    bool is_placed;      /* a person chose its printer and a slot there */
    struct line line;
    struct buf key;
    struct arena arena;
};

/* Is the i-th filament the first of its pool among the ask's? */
bool ask_is_first_of_pool(const struct ask *ask, size_t i);

/* The asks for one printer alone, or (printer_id 0) for any. */
struct queue {
    int64_t printer_id;
    struct ask **asks; /* oldest first */
    size_t count, room;
    int64_t estimated_ms; /* of all that stand or wait there */
    struct line placed;   /* those of its placed asks, by place */
};

struct waiting;
struct waiting *waiting_new(void);
void waiting_free(struct waiting *waiting);
/* All that stands and waits there, to be played with. Owned. */
struct waiting *waiting_copy(const struct waiting *from);

/* Every job of the store that waits. */
void waiting_load(struct waiting *waiting, spd_txn *txn);
/* Bring one job in step with the store. */
void waiting_refresh(struct waiting *waiting, spd_txn *txn, int64_t job_id);
/* It is being claimed, and no longer there for others. */
void waiting_take(struct waiting *waiting, struct waiter *waiter);

/* One copy of it is; it stays for the others. */
void waiting_take_copy(struct waiting *waiting, struct waiter *waiter);

/* Jobs whose hour has come stand in line from now on; until the first call none
 * does that has an hour. Returns the next one; 0: no job waits for it. */
int64_t waiting_wake(struct waiting *waiting, int64_t now_ms);

size_t waiting_count(const struct waiting *waiting);
/* NULL: nobody waits for this printer alone (or, 0, for any). */
const struct queue *waiting_queue(const struct waiting *waiting,
                                  int64_t printer_id);
/* What they need of each filament. */
const struct pools *waiting_pools(const struct waiting *waiting);
/* Those that wait for their hour, the next one first. */
const struct line *waiting_asleep(const struct waiting *waiting);
void waiting_each_ask(const struct waiting *waiting,
                      void (*fn)(void *arg, const struct ask *ask), void *arg);
/* In no order that means anything. */
void waiting_each(const struct waiting *waiting,
                  void (*fn)(void *arg, const struct waiter *waiter),
                  void *arg);
/* Grows when asks have gone: whoever kept some must look again. */
uint64_t waiting_generation(const struct waiting *waiting);

#endif
