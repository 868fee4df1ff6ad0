/* host->loop: timers, watches, posts and work, each a claim of its guest. */
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "host/blame.h"
#include "host/host_internal.h"
#include "host/rows.h"

enum { WORKS_MAX = 4096 };

static bool on_loop(void)
{
    return loop_is_here(host_here()->options.loop);
}

static int64_t now_ms(void)
{
    return loop_now_ms(host_here()->options.loop);
}

static int64_t wall_ms(void)
{
    return loop_wall_ms(host_here()->options.loop);
}

static bool is_stopping(spd_plugin *self)
{
    return guest_of(self)->is_stopping;
}

static spd_err post(spd_plugin *self, spd_later *fn, void *arg)
{
    if (fn == NULL)
        return SPD_EINVAL;
    return guest_post(guest_of(self), fn, arg) ? SPD_OK : SPD_ECANCELED;
}

/* -- timers -- */

struct spd_timer {
    struct claim claim;
    struct timer *timer;
    spd_later *fn;
    void *arg;
};

static void timer_unhook(struct claim *claim)
{
    timer_stop(((struct spd_timer *)(void *)claim)->timer);
}

static void timer_release(struct claim *claim)
{
    struct spd_timer *timer = (struct spd_timer *)(void *)claim;
    timer_free(timer->timer);
    free(timer);
}

static const struct claim_kind timer_kind = { "timer", timer_unhook,
                                              timer_release };

/* The callback may free its own timer: nothing of it is used afterwards. */
static void on_timer(void *arg)
{
    struct spd_timer *timer = arg;
    struct guest *guest = timer->claim.guest;
    struct stay stay = guest_enter(guest);
    timer->fn(&guest->self, timer->arg);
    guest_leave(guest, stay);
}

static spd_timer *api_timer_new(spd_plugin *self, spd_later *fn, void *arg)
{
    struct guest *guest = guest_registers(self, "loop->timer_new");
    if (guest == NULL || fn == NULL)
        return NULL;
    struct spd_timer *timer = mem_new(sizeof(*timer));
    timer->fn = fn;
    timer->arg = arg;
    timer->timer = timer_new(guest->host->options.loop, on_timer, timer);
    claim_add(&timer->claim, guest, &timer_kind);
    return timer;
}

static void api_timer_set(spd_timer *timer, int64_t first_ms, int64_t every_ms)
{
    struct guest *guest =
        guest_registers(&timer->claim.guest->self, "loop->timer_set");
    if (guest != NULL)
        timer_set(timer->timer, first_ms < 0 ? 0 : first_ms,
                  every_ms < 0 ? 0 : every_ms);
}

static void api_timer_free(spd_timer *timer)
{
    if (timer == NULL ||
        guest_acts(&timer->claim.guest->self, "loop->timer_free") == NULL)
        return;
    claim_drop(&timer->claim);
    timer_release(&timer->claim);
}

/* -- watches -- */

struct spd_watch {
    struct claim claim;
    struct watch *watch;
    spd_later *fn;
    void *arg;
};

static void watch_unhook(struct claim *claim)
{
    struct spd_watch *watch = (struct spd_watch *)(void *)claim;
    watch_free(watch->watch);
    watch->watch = NULL;
}

static void watch_release(struct claim *claim)
{
    watch_unhook(claim);
    free(claim);
}

static const struct claim_kind watch_kind = { "watch", watch_unhook,
                                              watch_release };

static void on_watch(void *arg, bool readable, bool writable)
{
    (void)readable;
    (void)writable;
    struct spd_watch *watch = arg;
    struct guest *guest = watch->claim.guest;
    struct stay stay = guest_enter(guest);
    watch->fn(&guest->self, watch->arg);
    guest_leave(guest, stay);
}

static spd_watch *api_watch_new(spd_plugin *self, int fd, bool readable,
                                bool writable, spd_later *fn, void *arg)
{
    struct guest *guest = guest_registers(self, "loop->watch_new");
    if (guest == NULL || fn == NULL || fd < 0)
        return NULL;
    struct spd_watch *watch = mem_new(sizeof(*watch));
    watch->fn = fn;
    watch->arg = arg;
    watch->watch = watch_new(guest->host->options.loop, fd, readable, writable,
                             on_watch, watch);
    claim_add(&watch->claim, guest, &watch_kind);
    return watch;
}

static void api_watch_free(spd_watch *watch)
{
    if (watch == NULL ||
        guest_acts(&watch->claim.guest->self, "loop->watch_free") == NULL)
        return;
    claim_drop(&watch->claim);
    watch_release(&watch->claim);
}

/* -- work -- */

struct work {
    struct guest *guest;
    struct spd_work row;
};

/* [pool] */
static spd_err run_work(void *arg, struct spd_error *err)
{
    struct work *work = arg;
    const char *was = blame_set(work->guest->name);
    spd_err rc = work->row.run(work->row.arg, err);
    blame_set(was);
    return rc;
}

static void finish_work(void *arg, const struct spd_error *outcome)
{
    struct work *work = arg;
    struct guest *guest = work->guest;
    guest->works--;
    /* One that ran past the plugin's end: its code may not be called. */
    if (guest->state != GUEST_GONE) {
        struct stay stay = guest_enter(guest);
        work->row.done(&guest->self, work->row.arg, outcome);
        guest_leave(guest, stay);
    }
    free(work);
}

static spd_err submit(spd_plugin *self, const struct spd_work *row,
                      size_t row_size)
{
    struct guest *guest = guest_acts(self, "loop->submit");
    /* Being stopped is no fault: there is just nobody left to do the work. */
    if (guest == NULL || guest->state > GUEST_RUNNING)
        return SPD_ECANCELED;
    if (guest->works >= WORKS_MAX)
        return SPD_EBUSY;
    struct work *work = mem_new(sizeof(*work));
    work->guest = guest;
    if (!row_fit(&work->row, sizeof(work->row), row, row_size) ||
        work->row.run == NULL || work->row.done == NULL) {
        free(work);
        log_error(guest->name, "bug in the plugin: work without run or done, "
                               "or with more than this server understands");
        return SPD_EINVAL;
    }
    guest->works++;
    pool_submit(guest->host->options.pool,
                &(struct pool_work){ .run = run_work,
                                     .done = finish_work,
                                     .arg = work,
                                     .owner = guest });
    return SPD_OK;
}

const struct spd_loop_api host_loop_api = {
    .size = sizeof(host_loop_api),
    .on_loop = on_loop,
    .now_ms = now_ms,
    .post = post,
    .submit = submit,
    .timer_new = api_timer_new,
    .timer_set = api_timer_set,
    .timer_free = api_timer_free,
    .watch_new = api_watch_new,
    .wall_ms = wall_ms,
    .watch_free = api_watch_free,
    .is_stopping = is_stopping,
};
