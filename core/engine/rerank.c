/* A job's rank is asked when it is written and kept with it.  Another policy,
 * or other settings of it, would find the ranks of yesterday: so each start
 * looks through the waiting jobs once, in slices, while the shop is served. */
#include <stdlib.h>

#include "base/log.h"
#include "engine/engine_internal.h"

enum { SLICE = 200, PAUSE_MS = 5 };

struct rerank {
    struct engine *engine;
    struct timer *timer;
    int64_t done_id; /* every job up to this one was looked at */
    int64_t wrong[SLICE];
    size_t wrong_count;
};

static bool look(void *arg, const void *record)
{
    struct rerank *rerank = arg;
    const struct job *job = record;
    rerank->done_id = job->id;
    if (job_is_waiting(job) &&
        policy_rank(&rerank->engine->policy, job) != job->rank)
        rerank->wrong[rerank->wrong_count++] = job->id;
    return true;
}

static spd_err write_ranks(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct rerank *rerank = arg;
    struct change change = { "job.reranked", STR("spoold") };
    spd_err rc = SPD_OK;
    for (size_t i = 0; i < rerank->wrong_count && rc == SPD_OK; i++) {
        struct arena arena = { 0 };
        struct job job;
        if (record_get(txn, &job_kind, rerank->wrong[i], &job, &arena, NULL) ==
            SPD_OK)
            rc = job_put(txn, rerank->engine->shop, &job, &change, err);
        arena_fini(&arena);
    }
    return rc;
}

static void write_slice(struct rerank *rerank)
{
    struct spd_error err;
    if (rerank->wrong_count > 0 &&
        store_write_now(rerank->engine->shop->store, write_ranks, rerank,
                        &err) != SPD_OK)
        log_warn("engine", "the queue keeps its old order in part: %s",
                 err.text);
}

static void on_timer(void *arg)
{
    struct rerank *rerank = arg;
    struct span span = { .after_id = rerank->done_id, .limit = SLICE };
    rerank->wrong_count = 0;
    spd_txn *txn = store_read(rerank->engine->shop->store);
    size_t seen = record_each(txn, &job_kind, &span, look, rerank);
    store_read_end(txn);
    write_slice(rerank);
    if (seen == SLICE)
        timer_set(rerank->timer, PAUSE_MS, 0);
}

struct rerank *rerank_start(struct engine *engine)
{
    struct rerank *rerank = mem_new(sizeof(*rerank));
    rerank->engine = engine;
    rerank->timer = timer_new(engine->shop->loop, on_timer, rerank);
    timer_set(rerank->timer, PAUSE_MS, 0);
    return rerank;
}

void rerank_free(struct rerank *rerank)
{
    if (rerank == NULL)
        return;
    timer_free(rerank->timer);
    free(rerank);
}
