#include "loop/loop.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "loop/loop_internal.h"

/* Rounds of after-turn functions in one turn; those that are still armed then
 * run at the end of the next one, behind what has become ready. */
enum { AFTER_ROUNDS = 16 };

/* No wait is longer, so that no time is too large for a struct timeval. */
static const int64_t LONGEST_WAIT_MS = 3600000;

/* -- building and ending -- */

static void on_libevent_says(int severity, const char *text)
{
    log_write(severity >= EVENT_LOG_WARN ? SPD_WARN : SPD_DEBUG, "loop", "%s",
              text);
}

static void on_alarm(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct loop *loop = arg;
    turn_wake(&loop->turn, loop_now_ms(loop));
}

static void on_bell(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct loop *loop = arg;
    turn_wake(&loop->turn, loop_now_ms(loop));
    uint64_t rings;
    ssize_t got = read(fd, &rings, sizeof(rings));
    (void)got; /* the posts themselves are counted, not the rings */
}

/* Waiting by the millisecond: without this flag libevent reads a clock that
 * moves every four. */
static struct event_base *base_new(void)
{
    struct event_config *config = event_config_new();
    if (config == NULL)
        return NULL;
    event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

static bool build(struct loop *loop)
{
    loop->base = base_new();
    loop->bell_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop->base == NULL || loop->bell_fd < 0)
        return false;
    loop->alarm = evtimer_new(loop->base, on_alarm, loop);
    loop->bell = event_new(loop->base, loop->bell_fd, EV_READ | EV_PERSIST,
                           on_bell, loop);
    return loop->alarm != NULL && loop->bell != NULL &&
           event_add(loop->bell, NULL) == 0;
}

static void tear_down(struct loop *loop)
{
    if (loop->bell != NULL)
        event_free(loop->bell);
    if (loop->alarm != NULL)
        event_free(loop->alarm);
    if (loop->bell_fd >= 0)
        close(loop->bell_fd);
    if (loop->base != NULL)
        event_base_free(loop->base);
    pthread_mutex_destroy(&loop->posts_lock);
    free(loop);
}

struct loop *loop_new(const struct clock *clock, struct spd_error *err)
{
    (void)signal(SIGPIPE, SIG_IGN);
    event_set_log_callback(on_libevent_says);
    struct loop *loop = mem_new(sizeof(*loop));
    loop->clock = clock;
    loop->thread = pthread_self();
    loop->afters.last = &loop->afters.first;
    loop->posts.last = &loop->posts.first;
    pthread_mutex_init(&loop->posts_lock, NULL);
    if (build(loop))
        return loop;
    error_set(err, SPD_EIO, "cannot start the event loop: %s", strerror(errno));
    tear_down(loop);
    return NULL;
}

static bool run_posts(struct loop *loop);
static bool run_afters(struct loop *loop);

static void free_signals(struct loop *loop)
{
    while (loop->signals != NULL) {
        struct signal_hook *hook = loop->signals;
        loop->signals = hook->next;
        event_free(hook->event);
        free(hook);
    }
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    assert(loop_is_here(loop) && !loop->turning);
    while (run_posts(loop) || run_afters(loop))
        continue;
    assert(loop->watches == 0 && "a watch outlives its loop");
    timers_fini(&loop->timers);
    free_signals(loop);
    tear_down(loop);
}

/* -- a turn -- */

static bool run_posts(struct loop *loop)
{
    pthread_mutex_lock(&loop->posts_lock);
    struct post *post = loop->posts.first;
    loop->posts.first = NULL;
    loop->posts.last = &loop->posts.first;
    pthread_mutex_unlock(&loop->posts_lock);
    bool any = post != NULL;
    while (post != NULL) {
        struct post *next = post->next;
        post->fn(post->arg);
        free(post);
        post = next;
    }
    return any;
}

static struct loop_after *take_after(struct loop *loop)
{
    struct loop_after *after = loop->afters.first;
    loop->afters.first = after->next;
    if (loop->afters.first == NULL)
        loop->afters.last = &loop->afters.first;
    after->next = NULL;
    after->armed = false;
    return after;
}

/* A round ends with a marker, so that one that is armed by another (or by
 * itself) belongs to the next round. */
static bool run_afters(struct loop *loop)
{
    if (loop->afters.first == NULL)
        return false;
    struct loop_after marker = { 0 };
    loop_after_turn(loop, &marker);
    for (;;) {
        struct loop_after *after = take_after(loop);
        if (after == &marker)
            return true;
        after->fn(after->arg);
    }
}

static void finish_turn(struct loop *loop)
{
    for (int round = 0; round < AFTER_ROUNDS; round++)
        if (!run_afters(loop))
            return;
}

/* -1: until something happens. */
static int64_t wait_of_turn(const struct loop *loop, int64_t wait_ms)
{
    if (loop->afters.first != NULL)
        return 0;
    int64_t timer_ms = timers_wait_ms(&loop->timers, loop_now_ms(loop));
    if (timer_ms >= 0 && (wait_ms < 0 || timer_ms < wait_ms))
        return timer_ms;
    return wait_ms;
}

static void set_alarm(struct loop *loop, int64_t wait_ms)
{
    if (wait_ms <= 0) {
        evtimer_del(loop->alarm);
        return;
    }
    if (wait_ms > LONGEST_WAIT_MS)
        wait_ms = LONGEST_WAIT_MS;
    struct timeval wait = { .tv_sec = (time_t)(wait_ms / 1000),
                            .tv_usec = (suseconds_t)(wait_ms % 1000 * 1000) };
    evtimer_add(loop->alarm, &wait);
}

static void take_turn(struct loop *loop, int64_t wait_ms)
{
    assert(loop_is_here(loop) && !loop->turning);
    loop->turning = true;
    wait_ms = wait_of_turn(loop, wait_ms);
    set_alarm(loop, wait_ms);
    event_base_loop(loop->base,
                    EVLOOP_ONCE | (wait_ms == 0 ? EVLOOP_NONBLOCK : 0));
    turn_wake(&loop->turn, loop_now_ms(loop));
    run_posts(loop);
    timers_fire(&loop->timers, loop_now_ms(loop));
    finish_turn(loop);
    turn_end(&loop->turn, &loop->health, loop_now_ms(loop));
    loop->turning = false;
}

void loop_turn(struct loop *loop, int64_t wait_ms)
{
    take_turn(loop, wait_ms < 0 ? 0 : wait_ms);
}

void loop_run(struct loop *loop)
{
    while (!loop->stopping)
        take_turn(loop, -1);
    loop->stopping = false;
}

void loop_stop(struct loop *loop)
{
    assert(loop_is_here(loop));
    loop->stopping = true;
}

/* -- what the others may ask and order -- */

bool loop_is_here(const struct loop *loop)
{
    return pthread_equal(loop->thread, pthread_self()) != 0;
}

int64_t loop_now_ms(const struct loop *loop)
{
    return clock_mono_ms(loop->clock);
}

int64_t loop_wall_ms(const struct loop *loop)
{
    return clock_wall_ms(loop->clock);
}

void loop_post(struct loop *loop, loop_fn *fn, void *arg)
{
    struct post *post = mem_new(sizeof(*post));
    post->fn = fn;
    post->arg = arg;
    pthread_mutex_lock(&loop->posts_lock);
    bool first = loop->posts.first == NULL;
    *loop->posts.last = post;
    loop->posts.last = &post->next;
    /* Rung under the lock: once it is released, the loop may run the post and
     * be freed by it. */
    uint64_t one = 1;
    if (first && write(loop->bell_fd, &one, sizeof(one)) < 0)
        assert(errno == EAGAIN && "the bell can only be too loud");
    pthread_mutex_unlock(&loop->posts_lock);
}

void loop_after_turn(struct loop *loop, struct loop_after *after)
{
    assert(loop_is_here(loop));
    if (after->armed)
        return;
    after->armed = true;
    after->next = NULL;
    *loop->afters.last = after;
    loop->afters.last = &after->next;
}

void loop_after_cancel(struct loop *loop, struct loop_after *after)
{
    assert(loop_is_here(loop));
    if (!after->armed)
        return;
    struct loop_after **link = &loop->afters.first;
    while (*link != after)
        link = &(*link)->next;
    *link = after->next;
    if (after->next == NULL)
        loop->afters.last = link;
    after->next = NULL;
    after->armed = false;
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
    (void)number, (void)what;
    struct signal_hook *hook = arg;
    turn_wake(&hook->loop->turn, loop_now_ms(hook->loop));
    hook->fn(hook->arg);
}

void loop_on_signal(struct loop *loop, int signal_number, loop_fn *fn,
                    void *arg)
{
    assert(loop_is_here(loop));
    struct signal_hook *hook = mem_new(sizeof(*hook));
    hook->loop = loop;
    hook->fn = fn;
    hook->arg = arg;
    hook->event = evsignal_new(loop->base, signal_number, on_signal, hook);
    hook->next = loop->signals;
    loop->signals = hook;
    if (hook->event == NULL || event_add(hook->event, NULL) != 0)
        log_error("loop", "cannot listen for the signal %d", signal_number);
}

const char *loop_enter(struct loop *loop, const char *who)
{
    assert(loop_is_here(loop));
    const char *before = loop->turn.who;
    turn_mark(&loop->turn, loop_now_ms(loop));
    loop->turn.who = who;
    return before;
}

void loop_leave(struct loop *loop, const char *before)
{
    assert(loop_is_here(loop));
    turn_mark(&loop->turn, loop_now_ms(loop));
    loop->turn.who = before;
}

const char *loop_holder(const struct loop *loop)
{
    return loop->turn.who;
}

struct loop_health loop_health(const struct loop *loop)
{
    return loop->health;
}
