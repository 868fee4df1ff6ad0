/* The one loop that owns all state, and time as it sees it.  With pool.h and
 * fetch.h the only user of libevent and libcurl; knows nothing else.
 *
 * All functions are for the loop's thread unless marked [any]; all callbacks
 * run on it, one after the other, and must not block.  The clock is passed
 * in: under a fake clock, timers fire when it has been advanced and a turn is
 * run. */
#ifndef SPOOLD_LOOP_LOOP_H
#define SPOOLD_LOOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

struct loop;

typedef void loop_fn(void *arg);

/* Owned: loop_free.  `clock` is borrowed and outlives the loop.  The thread
 * that calls this is the loop's. NULL on failure. */
struct loop *loop_new(const struct clock *clock, struct spd_error *err);
/* Posted functions that have not run are run first, in order. */
void loop_free(struct loop *loop);

/* Until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* One turn: what is ready and due now; waits at most `wait_ms` for something
 * to become so.  For tests and for draining at the end. */
void loop_turn(struct loop *loop, int64_t wait_ms);

bool loop_is_here(const struct loop *loop); /* [any] is this its thread? */

int64_t loop_now_ms(const struct loop *loop);  /* monotonic, [any] */
int64_t loop_wall_ms(const struct loop *loop); /* UTC since 1970, [any] */

/* [any] Run fn(arg) on the loop, in the order posted. Never fails. */
void loop_post(struct loop *loop, loop_fn *fn, void *arg);

/* Run fn(arg) once at the end of this turn, after everything that was ready
 * in it: what happens together can be finished together. Own the struct, zero
 * it first; arming an armed one does nothing. */
struct loop_after {
    loop_fn *fn;
    void *arg;
    struct loop_after *next;
    bool armed;
};
void loop_after_turn(struct loop *loop, struct loop_after *after);
/* Before an armed struct dies. */
void loop_after_cancel(struct loop *loop, struct loop_after *after);

/* Timers fire at or after their time, in the order of their times. Owned. */
struct timer;
struct timer *timer_new(struct loop *loop, loop_fn *fn, void *arg);
/* Once after first_ms, then every every_ms (0: just once). Sets it anew.
 * Ticks that the loop came too late for are dropped, not made up for. */
void timer_set(struct timer *timer, int64_t first_ms, int64_t every_ms);
void timer_stop(struct timer *timer);
bool timer_is_set(const struct timer *timer);
void timer_free(struct timer *timer); /* also from its own callback */

/* Watch a descriptor, level-triggered. Owned; does not close it. */
struct watch;
typedef void watch_fn(void *arg, bool readable, bool writable);
struct watch *watch_new(struct loop *loop, int fd, bool readable, bool writable,
                        watch_fn *fn, void *arg);
void watch_set(struct watch *watch, bool readable, bool writable);
void watch_free(struct watch *watch); /* also from its own callback */

/* Run fn(arg) on the loop when the process gets this signal; until loop_free.
 * SIGPIPE is ignored by loop_new. */
void loop_on_signal(struct loop *loop, int signal_number, loop_fn *fn,
                    void *arg);

/* Turns longer than 20 ms are counted and, over 200 ms, logged with the name
 * of who held the loop longest.  Mark the callbacks of a guest: */
const char *loop_enter(struct loop *loop, const char *who); /* returns before */
void loop_leave(struct loop *loop, const char *before);
/* Who holds the loop now; NULL: the core itself. Also from a signal handler
 * on the loop's thread. */
const char *loop_holder(const struct loop *loop);

/* For metrics: how many turns there were, how many took 5 ms or more, how many
 * over 20 ms, and the longest. */
struct loop_health {
    int64_t turns, long_turns, slow_turns, longest_ms;
};
struct loop_health loop_health(const struct loop *loop);

#endif
