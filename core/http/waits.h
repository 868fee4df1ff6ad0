/* Waits of equal length, such as for a request's head: many at a time, each
 * begun and ended at the cost of a list's link, with one timer for all. */
#ifndef SPOOLD_HTTP_WAITS_H
#define SPOOLD_HTTP_WAITS_H

#include "loop/loop.h"

/* Zero it first; begin it again to start anew. */
struct wait {
    struct wait *next, *before;
    int64_t due_ms;
    bool begun;
};

struct waits {
    struct loop *loop;
    struct timer *timer;
    int64_t span_ms;
    struct wait *first, *last; /* in the order in which they are due */
    void (*over)(void *arg, struct wait *wait); /* it is ended already */
    void *arg;
};

void waits_init(struct waits *waits, struct loop *loop, int64_t span_ms,
                void (*over)(void *arg, struct wait *wait), void *arg);
void waits_fini(struct waits *waits);

/* `now_ms`: the loop's time, not older than a turn. */
void wait_begin(struct waits *waits, struct wait *wait, int64_t now_ms);
void wait_end(struct waits *waits, struct wait *wait);

#endif
