/* The test host's loop: a clock that is told, posted calls, timers, work and,
 * against a real peer, threads and watched descriptors. */
#include "testhost_internal.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* on_loop() and now_ms() are not told which host: there is one at a time. */
static struct testhost *current;

static int64_t real_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t testhost_now_ms(const struct testhost *host)
{
    return host->now_ms + (host->real ? real_now_ms() : 0);
}

static int64_t now_ms(void)
{
    return testhost_now_ms(current);
}

static int64_t wall_ms(void)
{
    return now_ms() + current->wall_ahead_ms;
}

void testhost_set_wall_ms(struct testhost *host, int64_t wall_ms_now)
{
    host->wall_ahead_ms = wall_ms_now - testhost_now_ms(host);
}

static bool is_stopping(spd_plugin *self)
{
    return testhost_of(self)->is_stopping;
}

static bool on_loop(void)
{
    return pthread_equal(pthread_self(), current->loop_thread) != 0;
}

static void must_be_on_loop(struct testhost *host, const char *what)
{
    if (!pthread_equal(pthread_self(), host->loop_thread))
        testhost_die("%s was called off the loop", what);
}

/* ------------------------------------------------------------- post --- */

static void wake(struct testhost *host)
{
    if (host->real && write(host->wake[1], "", 1) < 0)
        return; /* full: it is awake */
}

static spd_err post(spd_plugin *self, spd_later *fn, void *arg)
{
    struct testhost *host = testhost_of(self);
    if (testhost_fails(host, "post"))
        return SPD_ENOMEM;
    struct posted *p = testhost_alloc(sizeof(*p));
    p->fn = fn;
    p->arg = arg;
    pthread_mutex_lock(&host->lock);
    *host->posted_end = p;
    host->posted_end = &p->next;
    pthread_mutex_unlock(&host->lock);
    wake(host);
    return SPD_OK;
}

static bool run_one_posted(struct testhost *host)
{
    pthread_mutex_lock(&host->lock);
    struct posted *p = host->posted;
    if (p != NULL) {
        host->posted = p->next;
        if (host->posted == NULL)
            host->posted_end = &host->posted;
    }
    pthread_mutex_unlock(&host->lock);
    if (p == NULL)
        return false;
    p->fn(&host->plugin, p->arg);
    free(p);
    return true;
}

/* ------------------------------------------------------------- work --- */

static void work_run(struct work *w)
{
    w->outcome.code = w->what.run(w->what.arg, &w->outcome);
}

static void *work_thread(void *arg)
{
    struct work *w = arg;
    work_run(w);
    pthread_mutex_lock(&w->host->lock);
    w->ran = true;
    pthread_mutex_unlock(&w->host->lock);
    wake(w->host);
    return NULL;
}

static void work_done(struct work *w)
{
    if (w->what.done != NULL)
        w->what.done(&w->host->plugin, w->what.arg, &w->outcome);
    free(w);
}

static spd_err submit(spd_plugin *self, const struct spd_work *work, size_t n)
{
    struct testhost *host = testhost_of(self);
    must_be_on_loop(host, "submit");
    if (n > sizeof(*work))
        return SPD_EUNSUPPORTED;
    if (testhost_fails(host, "submit"))
        return SPD_EBUSY;
    struct work *w = testhost_alloc(sizeof(*w));
    w->host = host;
    memcpy(&w->what, work, n);
    struct work **end = &host->queued;
    while (*end != NULL)
        end = &(*end)->next;
    *end = w;
    return SPD_OK;
}

static bool start_one_work(struct testhost *host)
{
    struct work *w = host->queued;
    if (w == NULL)
        return false;
    host->queued = w->next;
    w->next = NULL;
    if (!host->real) {
        work_run(w);
        work_done(w);
        return true;
    }
    w->next = host->running;
    host->running = w;
    w->threaded = true;
    if (pthread_create(&w->thread, NULL, work_thread, w) != 0)
        testhost_die("no thread to be had");
    return true;
}

static struct work *take_ran(struct testhost *host, bool even_unfinished)
{
    pthread_mutex_lock(&host->lock);
    struct work **at = &host->running;
    while (*at != NULL && !(*at)->ran && !even_unfinished)
        at = &(*at)->next;
    struct work *w = *at;
    if (w != NULL)
        *at = w->next;
    pthread_mutex_unlock(&host->lock);
    return w;
}

static bool end_one_work(struct testhost *host, bool even_unfinished)
{
    struct work *w = take_ran(host, even_unfinished);
    if (w == NULL)
        return false;
    pthread_join(w->thread, NULL);
    work_done(w);
    return true;
}

void testhost_run(struct testhost *host)
{
    while (run_one_posted(host) || start_one_work(host) ||
           end_one_work(host, false))
        continue;
}

/* ----------------------------------------------------------- timers --- */

static spd_timer *timer_new(spd_plugin *self, spd_later *fn, void *arg)
{
    struct testhost *host = testhost_of(self);
    must_be_on_loop(host, "timer_new");
    spd_timer *t = testhost_alloc(sizeof(*t));
    *t = (spd_timer){ host->timers, host, fn, arg, -1, 0 };
    host->timers = t;
    return t;
}

static void timer_set(spd_timer *timer, int64_t first_ms, int64_t every_ms)
{
    must_be_on_loop(timer->host, "timer_set");
    timer->due_ms = first_ms < 0 ? -1 : testhost_now_ms(timer->host) + first_ms;
    timer->every_ms = every_ms;
}

static void timer_free(spd_timer *timer)
{
    if (timer == NULL)
        return;
    spd_timer **at = &timer->host->timers;
    while (*at != timer)
        at = &(*at)->next;
    *at = timer->next;
    free(timer);
}

static spd_timer *first_timer(struct testhost *host)
{
    spd_timer *first = NULL;
    for (spd_timer *t = host->timers; t != NULL; t = t->next)
        if (t->due_ms >= 0 && (first == NULL || t->due_ms < first->due_ms))
            first = t;
    return first;
}

static bool run_due_timer(struct testhost *host, int64_t until_ms)
{
    spd_timer *t = first_timer(host);
    if (t == NULL || t->due_ms > until_ms)
        return false;
    if (!host->real && t->due_ms > host->now_ms)
        host->now_ms = t->due_ms;
    t->due_ms = t->every_ms > 0 ? t->due_ms + t->every_ms : -1;
    t->fn(&host->plugin, t->arg);
    return true;
}

/* Against a real peer the clock runs ahead of the real one by now_ms. */
void testhost_advance_ms(struct testhost *host, int64_t ms)
{
    int64_t until_ms = host->now_ms + ms;
    testhost_run(host);
    if (host->real)
        host->now_ms = until_ms;
    while (run_due_timer(host, host->real ? testhost_now_ms(host) : until_ms))
        testhost_run(host);
    host->now_ms = until_ms;
}

/* ---------------------------------------------------------- watches --- */

static spd_watch *watch_new(spd_plugin *self, int fd, bool readable,
                            bool writable, spd_later *fn, void *arg)
{
    struct testhost *host = testhost_of(self);
    must_be_on_loop(host, "watch_new");
    spd_watch *w = testhost_alloc(sizeof(*w));
    *w = (spd_watch){ host->watches, host, fd, readable, writable, fn, arg };
    host->watches = w;
    return w;
}

static void watch_free(spd_watch *watch)
{
    if (watch == NULL)
        return;
    spd_watch **at = &watch->host->watches;
    while (*at != watch)
        at = &(*at)->next;
    *at = watch->next;
    free(watch);
}

static bool still_watched(const struct testhost *host, const spd_watch *watch,
                          int fd)
{
    const spd_watch *w = host->watches;
    while (w != NULL && w != watch)
        w = w->next;
    return w != NULL && w->fd == fd;
}

enum { TURN_MS = 20 };

static void turn_watches(struct testhost *host)
{
    struct pollfd fds[ROWS_MAX + 1];
    spd_watch *owners[ROWS_MAX + 1] = { NULL };
    nfds_t count = 1;
    fds[0] = (struct pollfd){ host->wake[0], POLLIN, 0 };
    for (spd_watch *w = host->watches; w != NULL && count <= ROWS_MAX;
         w = w->next) {
        short events =
            (short)((w->readable ? POLLIN : 0) | (w->writable ? POLLOUT : 0));
        owners[count] = w;
        fds[count++] = (struct pollfd){ w->fd, events, 0 };
    }
    if (poll(fds, count, TURN_MS) <= 0)
        return;
    char drain[64];
    while (read(host->wake[0], drain, sizeof(drain)) > 0)
        continue;
    for (nfds_t i = 1; i < count; i++)
        if (fds[i].revents != 0 && still_watched(host, owners[i], fds[i].fd))
            owners[i]->fn(&host->plugin, owners[i]->arg);
}

void testhost_go_real(struct testhost *host)
{
    host->real = true;
    if (pipe(host->wake) != 0 ||
        fcntl(host->wake[0], F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(host->wake[1], F_SETFL, O_NONBLOCK) != 0)
        testhost_die("no pipe to be had");
}

bool testhost_wait(struct testhost *host, bool (*is_true)(void *arg), void *arg,
                   int64_t timeout_ms)
{
    int64_t until_ms = real_now_ms() + timeout_ms;
    testhost_run(host);
    while (!is_true(arg)) {
        if (real_now_ms() >= until_ms)
            return false;
        turn_watches(host);
        testhost_run(host);
        while (run_due_timer(host, testhost_now_ms(host)))
            testhost_run(host);
    }
    return true;
}

/* ------------------------------------------------------------- ends --- */

static void cancel_queued(struct testhost *host)
{
    while (host->queued != NULL) {
        struct work *w = host->queued;
        host->queued = w->next;
        w->outcome.code = SPD_ECANCELED;
        work_done(w);
    }
}

/* A plugin's own threads may post until the very end of its stop(). */
void testhost_drop_posted(struct testhost *host)
{
    while (host->posted != NULL) {
        struct posted *p = host->posted;
        host->posted = p->next;
        free(p);
    }
    host->posted_end = &host->posted;
}

/* As the real host before stop(): work is over, and what was posted is
 * dropped. */
void testhost_loop_fini(struct testhost *host)
{
    host->is_stopping = true;
    cancel_queued(host);
    while (end_one_work(host, true))
        cancel_queued(host);
    testhost_drop_posted(host);
}

const struct spd_loop_api testhost_loop = {
    .size = sizeof(struct spd_loop_api),
    .on_loop = on_loop,
    .now_ms = now_ms,
    .post = post,
    .submit = submit,
    .timer_new = timer_new,
    .timer_set = timer_set,
    .timer_free = timer_free,
    .watch_new = watch_new,
    .watch_free = watch_free,
    .wall_ms = wall_ms,
    .is_stopping = is_stopping,
};

void testhost_set_current(struct testhost *host)
{
    if (host != NULL && current != NULL)
        testhost_die("one host at a time: free the other first");
    current = host;
}
