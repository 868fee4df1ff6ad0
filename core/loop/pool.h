/* Worker threads for work that blocks: parsing a file, hashing a password,
 * an upload.  A job is run by one worker and finished on the loop. */
#ifndef SPOOLD_LOOP_POOL_H
#define SPOOLD_LOOP_POOL_H

#include "loop/loop.h"

struct pool;

/* Workers start when there is work and end when there has been none for a
 * minute of the loop's clock, so an idle server has none.  All signals are
 * blocked in them. Owned: pool_free, before loop_free. */
struct pool *pool_new(struct loop *loop, unsigned max_threads);

/* Waits for running work, cancels what waits; each `done` is still called.
 * Not from inside a `done`. */
void pool_free(struct pool *pool);

/* `run` [worker] returns SPD_OK or fills `err`; `done` [loop] follows exactly
 * once, never from inside pool_submit, also with SPD_ECANCELED, so it is where
 * `arg` is released.  Its outcome's code is SPD_OK when all went well. `owner`
 * may be NULL. */
struct pool_work {
    spd_err (*run)(void *arg, struct spd_error *err);
    void (*done)(void *arg, const struct spd_error *outcome);
    void *arg;
    const void *owner;
};
void pool_submit(struct pool *pool, const struct pool_work *work);

/* Cancel what this owner has waiting and wait until what it has running is
 * over, at most `deadline_ms` from now, while the loop stands still; their
 * `done` have been called on return. False when some still run. */
bool pool_drain(struct pool *pool, const void *owner, int64_t deadline_ms);

#endif
