#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "loop/loop_internal.h"

struct watch {
    struct loop *loop;
    struct event *event;
    watch_fn *fn;
    void *arg;
    short wanted; /* EV_READ, EV_WRITE */
};

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    struct watch *watch = arg;
    turn_wake(&watch->loop->turn, loop_now_ms(watch->loop));
    watch->fn(watch->arg, (what & EV_READ) != 0, (what & EV_WRITE) != 0);
    /* the watch may be gone here */
}

static short wanted_of(bool readable, bool writable)
{
    return (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
}

static void start(struct watch *watch, int fd)
{
    event_assign(watch->event, watch->loop->base, fd,
                 (short)(watch->wanted | EV_PERSIST), on_ready, watch);
    if (watch->wanted != 0 && event_add(watch->event, NULL) != 0)
        log_error("loop",
                  "cannot watch descriptor %d: nothing that comes "
                  "there will be seen",
                  fd);
}

struct watch *watch_new(struct loop *loop, int fd, bool readable, bool writable,
                        watch_fn *fn, void *arg)
{
    assert(loop_is_here(loop) && fd >= 0 && fn != NULL);
    struct watch *watch = mem_new(sizeof(*watch));
    watch->loop = loop;
    watch->event = mem_new(event_get_struct_event_size());
    watch->fn = fn;
    watch->arg = arg;
    watch->wanted = wanted_of(readable, writable);
    start(watch, fd);
    loop->watches++;
    return watch;
}

void watch_set(struct watch *watch, bool readable, bool writable)
{
    assert(loop_is_here(watch->loop));
    if (watch->wanted == wanted_of(readable, writable))
        return;
    event_del(watch->event);
    watch->wanted = wanted_of(readable, writable);
    start(watch, event_get_fd(watch->event));
}

void watch_free(struct watch *watch)
{
    if (watch == NULL)
        return;
    assert(loop_is_here(watch->loop));
    event_del(watch->event);
    watch->loop->watches--;
    free(watch->event);
    free(watch);
}
