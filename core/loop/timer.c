/* Timers in a binary heap of our own, so that they follow the loop's clock:
 * libevent is only told how long to wait. */
#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "loop/loop_internal.h"

struct timer {
    struct loop *loop;
    loop_fn *fn;
    void *arg;
    int64_t due_ms, every_ms;
    uint64_t set;
    size_t place; /* in the heap; NOT_SET outside */
};

static const size_t NOT_SET = SIZE_MAX;
static const size_t FIRST_CAP = 64;

static bool is_before(const struct timer *a, const struct timer *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->set < b->set;
}

static void put_at(struct timers *timers, size_t place, struct timer *timer)
{
    timers->heap[place] = timer;
    timer->place = place;
}

static void move_up(struct timers *timers, size_t place, struct timer *timer)
{
    while (place > 0) {
        size_t parent = (place - 1) / 2;
        if (!is_before(timer, timers->heap[parent]))
            break;
        put_at(timers, place, timers->heap[parent]);
        place = parent;
    }
    put_at(timers, place, timer);
}

static void move_down(struct timers *timers, size_t place, struct timer *timer)
{
    for (;;) {
        size_t child = place * 2 + 1;
        if (child >= timers->count)
            break;
        if (child + 1 < timers->count &&
            is_before(timers->heap[child + 1], timers->heap[child]))
            child++;
        if (!is_before(timers->heap[child], timer))
            break;
        put_at(timers, place, timers->heap[child]);
        place = child;
    }
    put_at(timers, place, timer);
}

static void heap_add(struct timers *timers, struct timer *timer)
{
    if (timers->count == timers->cap) {
        timers->cap = timers->cap == 0 ? FIRST_CAP : timers->cap * 2;
        timers->heap =
            mem_resize(timers->heap, timers->cap * sizeof(struct timer *));
    }
    timer->set = timers->sets++;
    move_up(timers, timers->count++, timer);
}

static void heap_remove(struct timers *timers, struct timer *timer)
{
    size_t place = timer->place;
    struct timer *filler = timers->heap[--timers->count];
    timer->place = NOT_SET;
    if (filler == timer)
        return;
    /* The filler comes from another branch: it may belong either way. */
    move_down(timers, place, filler);
    move_up(timers, filler->place, filler);
}

int64_t timers_wait_ms(const struct timers *timers, int64_t now_ms)
{
    if (timers->count == 0)
        return -1;
    int64_t due_ms = timers->heap[0]->due_ms;
    return due_ms > now_ms ? due_ms - now_ms : 0;
}

/* Ticks that nobody was awake for are not made up for. */
static int64_t next_tick(const struct timer *timer, int64_t now_ms)
{
    int64_t late_ms = now_ms - timer->due_ms;
    return now_ms + timer->every_ms - late_ms % timer->every_ms;
}

static void fire(struct timers *timers, struct timer *timer, int64_t now_ms)
{
    heap_remove(timers, timer);
    if (timer->every_ms > 0) {
        timer->due_ms = next_tick(timer, now_ms);
        heap_add(timers, timer);
    }
    timer->fn(timer->arg); /* may free the timer */
}

void timers_fire(struct timers *timers, int64_t now_ms)
{
    /* What is set from here on waits for the next turn: a timer that sets
     * itself anew for this very moment must not keep the loop from I/O. */
    uint64_t sets = timers->sets;
    while (timers->count > 0) {
        struct timer *next = timers->heap[0];
        if (next->due_ms > now_ms || next->set >= sets)
            return;
        fire(timers, next, now_ms);
    }
}

void timers_fini(struct timers *timers)
{
    for (size_t i = 0; i < timers->count; i++)
        timers->heap[i]->place = NOT_SET;
    free(timers->heap);
    *timers = (struct timers){ 0 };
}

struct timer *timer_new(struct loop *loop, loop_fn *fn, void *arg)
{
    assert(loop_is_here(loop) && fn != NULL);
    struct timer *timer = mem_new(sizeof(*timer));
    timer->loop = loop;
    timer->fn = fn;
    timer->arg = arg;
    timer->place = NOT_SET;
    return timer;
}

void timer_set(struct timer *timer, int64_t first_ms, int64_t every_ms)
{
    assert(loop_is_here(timer->loop));
    timer_stop(timer);
    int64_t now_ms = loop_now_ms(timer->loop);
    if (first_ms < 0)
        first_ms = 0;
    timer->due_ms =
        first_ms > INT64_MAX - now_ms ? INT64_MAX : now_ms + first_ms;
    timer->every_ms = every_ms;
    heap_add(&timer->loop->timers, timer);
}

void timer_stop(struct timer *timer)
{
    if (!timer_is_set(timer))
        return;
    assert(loop_is_here(timer->loop));
    heap_remove(&timer->loop->timers, timer);
}

bool timer_is_set(const struct timer *timer)
{
    return timer->place != NOT_SET;
}

void timer_free(struct timer *timer)
{
    if (timer == NULL)
        return;
    timer_stop(timer);
    free(timer);
}
