/* A job's rank is asked when it is written and kept with it.  Another policy,
 * or other settings of it, would find the ranks of yesterday: so each start
 * looks through the waiting jobs once, in slices, while the shop is served.
 * First come those that a person moved: they keep the rank of the job they were
 * moved to, and whether that one is of yesterday is seen as long as it has not
 * been written anew itself. */
#include <stdlib.h>

#include "base/log.h"
#include "engine/engine_internal.h"

enum { SLICE = 200, PAUSE_MS = 5 };

struct rerank {
    struct engine *engine;
    struct timer *timer;
    spd_txn *txn;
    bool moved_done;
    int64_t done_id; /* every job up to this one was looked at */
    int64_t wrong[SLICE], ranks[SLICE];
    size_t wrong_count;
};

static void note_wrong(struct rerank *rerank, int64_t job_id, int64_t rank)
{
    rerank->wrong[rerank->wrong_count] = job_id;
    rerank->ranks[rerank->wrong_count++] = rank;
}

static bool look(void *arg, const void *record)
{
    struct rerank *rerank = arg;
    const struct job *job = record;
    rerank->done_id = job->id;
    if (!job_is_waiting(job))
        return true;
    int64_t rank = policy_rank(&rerank->engine->policy, job);
    if (rank != job->rank)
        note_wrong(rerank, job->id, rank);
    return true;
}

static bool look_moved(void *arg, const void *record)
{
    struct rerank *rerank = arg;
    const struct job *job = record;
    struct arena arena = { 0 };
    struct job other;
    rerank->done_id = job->id;
    if (record_get(rerank->txn, &job_kind, job->moved_to, &other, &arena,
                   NULL) == SPD_OK) {
        int64_t rank = policy_rank(&rerank->engine->policy, &other);
        if (rank != other.rank && rank != job->moved_rank)
            note_wrong(rerank, job->id, rank);
    }
    arena_fini(&arena);
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
            SPD_OK) {
            if (!rerank->moved_done)
                job.moved_rank = rerank->ranks[i];
            rc = job_put(txn, rerank->engine->shop, &job, &change, err);
        }
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

/* The next slice; true: more may follow. */
static bool look_through(struct rerank *rerank)
{
    struct key prefix;
    struct span span = { 0 };
    if (!rerank->moved_done)
        span = job_moved_span(0, &prefix);
    span.after_id = rerank->done_id;
    span.limit = SLICE;
    rerank->wrong_count = 0;
    rerank->txn = store_read(rerank->engine->shop->store);
    size_t seen = record_each(rerank->txn, &job_kind, &span,
                              rerank->moved_done ? look : look_moved, rerank);
    store_read_end(rerank->txn);
    write_slice(rerank);
    return seen == SLICE;
}

static void on_timer(void *arg)
{
    struct rerank *rerank = arg;
    bool more = look_through(rerank);
    if (!more && !rerank->moved_done) {
        rerank->moved_done = true;
        rerank->done_id = 0;
        more = look_through(rerank);
    }
    if (more)
        timer_set(rerank->timer, PAUSE_MS, 0);
}

void rerank_again(struct rerank *rerank)
{
    rerank->done_id = 0;
    timer_set(rerank->timer, PAUSE_MS, 0);
}

struct rerank *rerank_start(struct engine *engine)
{
    struct rerank *rerank = mem_new(sizeof(*rerank));
    rerank->engine = engine;
    rerank->timer = timer_new(engine->shop->loop, on_timer, rerank);
    rerank_again(rerank);
    return rerank;
}

void rerank_free(struct rerank *rerank)
{
    if (rerank == NULL)
        return;
    timer_free(rerank->timer);
    free(rerank);
}
