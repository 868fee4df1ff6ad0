#include "http/waits.h"

#include <stddef.h>

/* The timer is set for the oldest wait and left alone when that one ends: it
 * then fires once for nothing, which costs less than setting it each time. */
static void set_timer(struct waits *waits)
{
    if (waits->first != NULL)
        timer_set(waits->timer, waits->first->due_ms - loop_now_ms(waits->loop),
                  0);
}

static void on_timer(void *arg)
{
    struct waits *waits = arg;
    int64_t now_ms = loop_now_ms(waits->loop);
    while (waits->first != NULL && waits->first->due_ms <= now_ms) {
        struct wait *wait = waits->first;
        wait_end(waits, wait);
        waits->over(waits->arg, wait);
    }
    set_timer(waits);
}

void waits_init(struct waits *waits, struct loop *loop, int64_t span_ms,
                void (*over)(void *arg, struct wait *wait), void *arg)
{
    *waits = (struct waits){
        .loop = loop, .span_ms = span_ms, .over = over, .arg = arg
    };
    waits->timer = timer_new(loop, on_timer, waits);
}

void waits_fini(struct waits *waits)
{
    timer_free(waits->timer);
}

void wait_begin(struct waits *waits, struct wait *wait, int64_t now_ms)
{
    wait_end(waits, wait);
    wait->due_ms = now_ms + waits->span_ms;
    wait->begun = true;
    wait->before = waits->last;
    if (waits->last != NULL)
        waits->last->next = wait;
    else
        waits->first = wait;
    waits->last = wait;
    if (!timer_is_set(waits->timer))
        set_timer(waits);
}

void wait_end(struct waits *waits, struct wait *wait)
{
    if (!wait->begun)
        return;
    if (wait->before != NULL)
        wait->before->next = wait->next;
    else
        waits->first = wait->next;
    if (wait->next != NULL)
        wait->next->before = wait->before;
    else
        waits->last = wait->before;
    *wait = (struct wait){ 0 };
}
