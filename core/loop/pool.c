/* Work travels waiting -> running -> finished; the lists change hands under
 * one lock, and only the loop puts work in and takes finished work out. */
#include "loop/pool.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { IDLE_MS = 60 * 1000, LONGEST_DRAIN_MS = 3600 * 1000 };

struct job {
    struct job *next;
    struct pool_work work;
    struct spd_error outcome;
};

struct jobs { /* first in, first out */
    struct job *first, **last;
    size_t count;
};

struct worker {
    struct pool *pool;
    pthread_t thread;
    struct job *running; /* NULL: idle */
};

struct pool {
    struct loop *loop;
    struct timer *idle_timer;
    unsigned max_threads;
    struct worker *workers;
    unsigned started; /* how many of them there are */
    bool closing;     /* what is submitted now is cancelled */

    pthread_mutex_t lock; /* of everything below, and of worker.running */
    pthread_cond_t wake;  /* there is work, or an end to waiting for it */
    pthread_cond_t over;  /* some work is */
    struct jobs waiting, finished;
    unsigned idle;
    bool retiring;
    bool post_pending; /* collect() is on its way to the loop */
    bool orphan;       /* the pool was freed: collect() only cleans up */
};

static void jobs_init(struct jobs *jobs)
{
    *jobs = (struct jobs){ .last = &jobs->first };
}

static void jobs_add(struct jobs *jobs, struct job *job)
{
    job->next = NULL;
    *jobs->last = job;
    jobs->last = &job->next;
    jobs->count++;
}

static const char anyone; /* its address stands for every owner */

/* The first one of this owner; NULL when there is none. */
static struct job *jobs_take(struct jobs *jobs, const void *owner)
{
    struct job **link = &jobs->first;
    while (*link != NULL && owner != &anyone && (*link)->work.owner != owner)
        link = &(*link)->next;
    struct job *job = *link;
    if (job == NULL)
        return NULL;
    *link = job->next;
    if (job->next == NULL)
        jobs->last = link;
    jobs->count--;
    return job;
}

/* -- on the worker -- */

static void collect(void *arg);

/* With the lock held. */
static void finish(struct pool *pool, struct job *job)
{
    jobs_add(&pool->finished, job);
    pthread_cond_broadcast(&pool->over);
    if (!pool->post_pending)
        loop_post(pool->loop, collect, pool);
    pool->post_pending = true;
}

static void run(struct job *job)
{
    struct spd_error err = { 0 };
    spd_err rc = job->work.run(job->work.arg, &err);
    if (rc == SPD_OK)
        return;
    job->outcome = err;
    job->outcome.code = rc;
    if (err.text[0] == '\0')
        error_set(&job->outcome, rc, "the work failed without saying why");
}

static struct job *next_job(struct pool *pool)
{
    while (pool->waiting.first == NULL && !pool->retiring) {
        pool->idle++;
        pthread_cond_wait(&pool->wake, &pool->lock);
        pool->idle--;
    }
    return jobs_take(&pool->waiting, &anyone);
}

static void *be_worker(void *arg)
{
    struct worker *me = arg;
    struct pool *pool = me->pool;
    pthread_mutex_lock(&pool->lock);
    while ((me->running = next_job(pool)) != NULL) {
        pthread_mutex_unlock(&pool->lock);
        run(me->running);
        pthread_mutex_lock(&pool->lock);
        struct job *job = me->running;
        me->running = NULL;
        finish(pool, job);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* -- on the loop -- */

/* Signals are the loop's business: a worker inherits a mask that blocks all. */
static bool start_worker(struct pool *pool)
{
    struct worker *worker = &pool->workers[pool->started];
    worker->pool = pool;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&worker->thread, NULL, be_worker, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0)
        return false;
    pthread_setname_np(worker->thread, "spoold-worker");
    pool->started++;
    return true;
}

static void retire_workers(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->retiring = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    while (pool->started > 0)
        pthread_join(pool->workers[--pool->started].thread, NULL);
    pool->retiring = false;
}

static bool is_idle(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    bool idle = pool->waiting.first == NULL && pool->idle == pool->started;
    pthread_mutex_unlock(&pool->lock);
    return idle;
}

/* Work only comes from this thread: none can come between the two steps. */
static void on_idle(void *arg)
{
    struct pool *pool = arg;
    if (is_idle(pool))
        retire_workers(pool);
    else
        timer_set(pool->idle_timer, IDLE_MS, 0);
}

/* `done` of at most `limit` that are finished; it may submit and drain, so
 * the list is looked at anew each time. */
static void tell_finished(struct pool *pool, const void *owner, size_t limit)
{
    while (limit-- > 0) {
        pthread_mutex_lock(&pool->lock);
        struct job *job = jobs_take(&pool->finished, owner);
        pthread_mutex_unlock(&pool->lock);
        if (job == NULL)
            return;
        job->work.done(job->work.arg, &job->outcome);
        free(job);
    }
}

static void destroy(struct pool *pool)
{
    pthread_cond_destroy(&pool->wake);
    pthread_cond_destroy(&pool->over);
    pthread_mutex_destroy(&pool->lock);
    free(pool->workers);
    free(pool);
}

static void collect(void *arg)
{
    struct pool *pool = arg;
    pthread_mutex_lock(&pool->lock);
    pool->post_pending = false;
    size_t count = pool->finished.count; /* more post collect() themselves */
    pthread_mutex_unlock(&pool->lock);
    if (pool->orphan) {
        destroy(pool);
        return;
    }
    timer_set(pool->idle_timer, IDLE_MS, 0);
    tell_finished(pool, &anyone, count);
}

static void cancel_waiting(struct pool *pool, const void *owner)
{
    pthread_mutex_lock(&pool->lock);
    struct job *job;
    while ((job = jobs_take(&pool->waiting, owner)) != NULL) {
        error_set(&job->outcome, SPD_ECANCELED,
                  "cancelled before its turn came");
        finish(pool, job);
    }
    pthread_mutex_unlock(&pool->lock);
}

struct pool *pool_new(struct loop *loop, unsigned max_threads)
{
    assert(loop_is_here(loop) && max_threads > 0);
    struct pool *pool = mem_new(sizeof(*pool));
    pool->loop = loop;
    pool->idle_timer = timer_new(loop, on_idle, pool);
    pool->max_threads = max_threads;
    pool->workers = mem_array(max_threads, sizeof(struct worker));
    jobs_init(&pool->waiting);
    jobs_init(&pool->finished);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->over, NULL);
    return pool;
}

void pool_free(struct pool *pool)
{
    if (pool == NULL)
        return;
    assert(loop_is_here(pool->loop));
    pool->closing = true;
    cancel_waiting(pool, &anyone);
    retire_workers(pool);
    tell_finished(pool, &anyone, SIZE_MAX);
    timer_free(pool->idle_timer);
    pool->orphan = true;
    if (!pool->post_pending)
        destroy(pool);
}

/* With the lock held: is somebody there, or can somebody be hired? */
static bool find_worker(struct pool *pool)
{
    if (pool->idle >= pool->waiting.count || pool->started == pool->max_threads)
        return true;
    return start_worker(pool) || pool->started > 0;
}

void pool_submit(struct pool *pool, const struct pool_work *work)
{
    assert(loop_is_here(pool->loop));
    struct job *job = mem_new(sizeof(*job));
    job->work = *work;
    timer_stop(pool->idle_timer);
    pthread_mutex_lock(&pool->lock);
    jobs_add(&pool->waiting, job);
    if (pool->closing || !find_worker(pool)) {
        jobs_take(&pool->waiting, &anyone);
        error_set(&job->outcome, pool->closing ? SPD_ECANCELED : SPD_ENOMEM,
                  pool->closing ? "the server is ending"
                                : "no thread can be started; try again later");
        finish(pool, job);
    }
    pthread_cond_signal(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

/* With the lock held. */
static bool runs_for(const struct pool *pool, const void *owner)
{
    for (unsigned i = 0; i < pool->started; i++) {
        const struct job *job = pool->workers[i].running;
        if (job != NULL && job->work.owner == owner)
            return true;
    }
    return false;
}

/* The loop stands still meanwhile, and with it perhaps its clock: this wait
 * is measured by the system's. */
static bool wait_until_over(struct pool *pool, const void *owner,
                            int64_t deadline_ms)
{
    if (deadline_ms > LONGEST_DRAIN_MS)
        deadline_ms = LONGEST_DRAIN_MS;
    int64_t end_ms = clock_mono_ms(&clock_system) + deadline_ms;
    struct timespec end = { .tv_sec = (time_t)(end_ms / 1000),
                            .tv_nsec = (long)(end_ms % 1000 * 1000000) };
    pthread_mutex_lock(&pool->lock);
    int late = 0;
    while (late == 0 && runs_for(pool, owner))
        late = pthread_cond_clockwait(&pool->over, &pool->lock, CLOCK_MONOTONIC,
                                      &end);
    bool over = !runs_for(pool, owner);
    pthread_mutex_unlock(&pool->lock);
    return over;
}

bool pool_drain(struct pool *pool, const void *owner, int64_t deadline_ms)
{
    assert(loop_is_here(pool->loop));
    cancel_waiting(pool, owner);
    bool over = wait_until_over(pool, owner, deadline_ms);
    tell_finished(pool, owner, SIZE_MAX);
    return over;
}
