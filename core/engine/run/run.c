/* The runs there are: one for each live attempt. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/engine_internal.h"

static void on_timer(void *arg)
{
    run_advance(arg);
}

struct run *run_new(struct engine *engine, const struct attempt *attempt)
{
    struct run *run = mem_new(sizeof(*run));
    *run = (struct run){
        .engine = engine,
        .next = engine->runs,
        .attempt_id = attempt->id,
        .job_id = attempt->job_id,
        .printer_id = attempt->printer_id,
        .step = attempt->step,
        .step_ms = loop_now_ms(engine->shop->loop),
        .timer = timer_new(engine->shop->loop, on_timer, run),
    };
    snprintf(run->submission, sizeof(run->submission), "%.*s",
             STR_ARG(attempt->submission));
    if (attempt->submission.len == 0)
        snprintf(run->name, sizeof(run->name), "%.*s",
                 STR_ARG(attempt->remote_name));
    snprintf(run->named, sizeof(run->named), "%.*s", STR_ARG(attempt->named));
    engine->runs = run;
    struct bay *bay = bay_find(&engine->bays, run->printer_id);
    if (bay != NULL)
        bay->run = run;
    return run;
}

struct run *run_of_attempt(const struct engine *engine, int64_t attempt_id)
{
    struct run *run = engine->runs;
    while (run != NULL && run->attempt_id != attempt_id)
        run = run->next;
    return run;
}

struct run *run_of_printer(const struct engine *engine, int64_t printer_id)
{
    struct run *run = engine->runs;
    while (run != NULL && (run->gone || run->printer_id != printer_id))
        run = run->next;
    return run;
}

bool printer_is_taken(const struct engine *engine, int64_t printer_id)
{
    const struct run *run = engine->runs;
    while (run != NULL && run->printer_id != printer_id)
        run = run->next;
    return run != NULL;
}

static void run_free(struct run *run)
{
    struct run **at = &run->engine->runs;
    while (*at != run)
        at = &(*at)->next;
    *at = run->next;
    struct bay *bay = bay_find(&run->engine->bays, run->printer_id);
    if (bay != NULL && bay->run == run)
        bay->run = NULL;
    timer_free(run->timer);
    free(run);
}

void run_end(struct run *run)
{
    timer_stop(run->timer);
    run->gone = true;
    if (!run->busy)
        run_free(run);
}

bool run_settled(struct run *run)
{
    struct engine *engine = run->engine;
    run->busy = false;
    if (!run->gone)
        return false;
    run_free(run);
    if (engine->started)
        engine_wake(engine); /* its printer is free now */
    return true;
}

void runs_let_go(struct engine *engine)
{
    struct run *next;
    for (struct run *run = engine->runs; run != NULL; run = next) {
        next = run->next;
        if (run->held_by != CAN_TAKE)
            run_advance(run);
    }
}

/* -- what the store says of it -- */

static void note_job(struct run *run, const struct job *job)
{
    run->stop_wanted = job->stop_wanted;
    run->phase = job->phase;
}

static void recheck(struct run *run, spd_txn *txn, struct arena *arena)
{
    struct attempt attempt;
    struct job job;
    if (record_get(txn, &attempt_kind, run->attempt_id, &attempt, arena,
                   NULL) != SPD_OK ||
        attempt.step == STEP_ENDED) {
        fleet_upload_abort(run->engine->shop->fleet, run->printer_id);
        run_end(run);
        return;
    }
    if (record_get(txn, &job_kind, run->job_id, &job, arena, NULL) == SPD_OK)
        note_job(run, &job);
    if (run->stop_wanted && !run->stop_sent)
        run_advance(run);
}

void runs_recheck(struct engine *engine)
{
    struct arena arena = { 0 };
    spd_txn *txn = store_read(engine->shop->store);
    struct run *next;
    for (struct run *run = engine->runs; run != NULL; run = next) {
        next = run->next;
        if (!run->gone)
            recheck(run, txn, &arena);
    }
    store_read_end(txn);
    arena_fini(&arena);
}

void runs_free(struct engine *engine)
{
    while (engine->runs != NULL)
        run_free(engine->runs);
}
