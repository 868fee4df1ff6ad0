/* What the parts of the loop share: timers, watches and turns hang from it. */
#ifndef SPOOLD_LOOP_LOOP_INTERNAL_H
#define SPOOLD_LOOP_LOOP_INTERNAL_H

#include <event2/event.h>
#include <pthread.h>
#include <stddef.h>

#include "loop/loop.h"

/* The timers that are set: a binary heap, the next one to fire on top. */
struct timers {
    struct timer **heap;
    size_t count, cap;
    uint64_t sets; /* orders timers of one time by when they were set */
};

/* Milliseconds until the next timer is due; 0 when one is; -1 without any. */
int64_t timers_wait_ms(const struct timers *timers, int64_t now_ms);
void timers_fire(struct timers *timers, int64_t now_ms);
/* All timers become unset; their owners may still free them. */
void timers_fini(struct timers *timers);

/* Who held the loop for how long during one turn. */
enum { TURN_HOLDERS = 16 };
struct turn {
    struct {
        const char *who; /* NULL: the core itself */
        int64_t ms;
    } holders[TURN_HOLDERS];
    size_t holder_count;
    const char *who; /* now */
    int64_t began_ms, marked_ms;
    bool awake;
};

/* Callbacks of libevent say this first; the first of a turn begins it. */
void turn_wake(struct turn *turn, int64_t now_ms);
/* The time since the last mark belongs to the one who held the loop. */
void turn_mark(struct turn *turn, int64_t now_ms);
/* Counts the turn, and logs one that took too long. */
void turn_end(struct turn *turn, struct loop_health *health, int64_t now_ms);

struct post {
    struct post *next;
    loop_fn *fn;
    void *arg;
};

struct posts { /* first in, first out */
    struct post *first, **last;
};

struct afters { /* first in, first out */
    struct loop_after *first, **last;
};

struct signal_hook {
    struct signal_hook *next;
    struct loop *loop;
    struct event *event;
    loop_fn *fn;
    void *arg;
};

struct loop {
    const struct clock *clock;
    pthread_t thread;
    struct event_base *base;
    struct event *alarm; /* wakes us when the wait is over */
    struct event *bell;  /* wakes us when something was posted */
    int bell_fd;
    bool stopping, turning;
    size_t watches;
    struct timers timers;
    struct afters afters;
    struct signal_hook *signals;
    struct turn turn;
    struct loop_health health;
    pthread_mutex_t posts_lock;
    struct posts posts; /* under posts_lock */
};

#endif
