/* The arrows of the start protocol.  Each is one commit: the attempt must
 * still be where it was thought to be, and attempt, job, printer and materials
 * change together or not at all. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/crash.h"
#include "base/error.h"
#include "base/log.h"
#include "engine/engine_internal.h"
#include "shop/track.h"

/* -- what an arrow means for the job -- */

/* So many attempts in a row may come to nothing before the job has failed. */
enum { REFUSALS_MAX = 2 };

static void job_uploaded(struct job *job, const struct turn *turn)
{
    (void)turn;
    job->phase = PHASE_UPLOADED;
}

static void job_starting(struct job *job, const struct turn *turn)
{
    (void)turn;
    job->phase = PHASE_STARTING;
}

static void job_printing(struct job *job, const struct turn *turn)
{
    job->status = JOB_STARTED;
    job->phase = PHASE_PRINTING;
    job->failed_reason = (spd_str){ NULL, 0 }; /* it was unknown meanwhile */
    job->refusals = 0;
    if (job->started_at == 0)
        job->started_at = turn->now_ms;
}

static void end_job(struct job *job, enum job_status status, int64_t now_ms)
{
    job->status = (int)status;
    job->phase = PHASE_DONE;
    job->completed_at = now_ms;
    job->stop_wanted = false;
}

static void wait_again(struct job *job)
{
    job->status = job->scheduled_start != 0 ? JOB_SCHEDULED : JOB_QUEUED;
    job->phase = PHASE_WAITING;
}

static void job_finished(struct job *job, const struct turn *turn)
{
    job->copies_done++;
    bool is_whole = job->copies_done >= job->copies;
    if (!is_whole && !job->stop_wanted)
        wait_again(job);
    else
        end_job(job, is_whole ? JOB_COMPLETED : JOB_CANCELLED, turn->now_ms);
}

/* Elsewhere is nowhere for a job that is for one printer alone. */
static bool may_retry(const struct job *job)
{
    return !job->stop_wanted && job->failures < job->attempts_max &&
           (job->on_failure == FAILURE_RETRIES_HERE ||
            (job->on_failure == FAILURE_RETRIES_ELSEWHERE &&
             job->printer_id == 0));
}

static void job_failed(struct job *job, const struct turn *turn)
{
    job->failures++;
    job->failed_reason = str_of(turn->reason);
    if (!may_retry(job)) {
        end_job(job, JOB_FAILED, turn->now_ms);
        return;
    }
    if (job->on_failure == FAILURE_RETRIES_HERE)
        job->stays_on = turn->printer_id;
    else
        job_avoid(job, turn->printer_id, turn->arena);
    job->refusals = 0;
    wait_again(job);
}

static void job_cancelled(struct job *job, const struct turn *turn)
{
    end_job(job, JOB_CANCELLED, turn->now_ms);
    job->failed_reason = str_of(turn->reason);
}

static void job_refused(struct job *job, const struct turn *turn)
{
    job->refusals++;
    if (job->stop_wanted)
        job_cancelled(job, turn);
    else if (job->refusals >= REFUSALS_MAX)
        job_failed(job, turn);
    else
        wait_again(job);
}

static void job_dropped(struct job *job, const struct turn *turn)
{
    (void)turn;
    if (!job_is_done(job))
        wait_again(job);
}

static void job_unknown(struct job *job, const struct turn *turn)
{
    job->phase = PHASE_UNKNOWN;
    job->failed_reason = str_of(turn->reason);
}

/* -- the arrows -- */

#define FROM(name) (1u << STEP_##name)

const struct arrow arrow_uploaded = {
    .from = FROM(CLAIMED),
    .to = STEP_UPLOADED,
    .topic = "attempt.uploaded",
    .job = job_uploaded,
    .job_topic = "job.uploaded",
};
const struct arrow arrow_starting = {
    .from = FROM(UPLOADED),
    .to = STEP_STARTING,
    .topic = "attempt.starting",
    .job = job_starting,
    .job_topic = "job.starting",
    .plate = PLATE_COVERED,
    .is_start = true,
};
const struct arrow arrow_printing = {
    .from = FROM(STARTING) | FROM(UNKNOWN),
    .to = STEP_PRINTING,
    .topic = "attempt.printing",
    .job = job_printing,
    .job_topic = "print.started",
    .plate = PLATE_COVERED,
};
const struct arrow arrow_finished = {
    .from = FROM(PRINTING),
    .to = STEP_ENDED,
    .outcome = OUTCOME_FINISHED,
    .topic = "attempt.finished",
    .job = job_finished,
    .job_topic = "print.completed",
};
const struct arrow arrow_failed = {
    .from = FROM(PRINTING),
    .to = STEP_ENDED,
    .outcome = OUTCOME_FAILED,
    .topic = "attempt.failed",
    .job = job_failed,
    .job_topic = "print.failed",
};
const struct arrow arrow_cancelled = {
    .from = FROM(PRINTING),
    .to = STEP_ENDED,
    .outcome = OUTCOME_CANCELLED,
    .topic = "attempt.cancelled",
    .job = job_cancelled,
    .job_topic = "print.cancelled",
};
const struct arrow arrow_refused = {
    .from = FROM(STARTING),
    .to = STEP_ENDED,
    .outcome = OUTCOME_REFUSED,
    .topic = "attempt.refused",
    .job = job_refused,
    .job_topic = "job.refused",
    .plate = PLATE_UNTOUCHED,
};
const struct arrow arrow_dropped = {
    .from = FROM(CLAIMED) | FROM(UPLOADED),
    .to = STEP_ENDED,
    .outcome = OUTCOME_DROPPED,
    .topic = "attempt.dropped",
    .job = job_dropped,
    .job_topic = "job.waiting",
};
const struct arrow arrow_unknown = {
    .from = FROM(STARTING) | FROM(PRINTING),
    .to = STEP_UNKNOWN,
    .topic = "attempt.unknown",
    .job = job_unknown,
    .job_topic = "print.unknown",
};

/* -- one commit -- */

struct stride {
    struct run *run;
    const struct arrow *arrow;
    char reason[200];
    double share;
};

static void stamp(struct attempt *attempt, const struct stride *stride,
                  int64_t now_ms)
{
    int64_t *const moments[] = {
        [STEP_UPLOADED] = &attempt->uploaded_at,
        [STEP_STARTING] = &attempt->start_at,
        [STEP_PRINTING] = &attempt->printing_at,
        [STEP_UNKNOWN] = &attempt->unknown_at,
        [STEP_ENDED] = &attempt->ended_at,
    };
    enum attempt_step to = stride->arrow->to;
    attempt->step = (int)to;
    if (stride->arrow->is_start)
        attempt->named = str_of(stride->run->named);
    attempt->outcome = (int)stride->arrow->outcome;
    if (*moments[to] == 0)
        *moments[to] = now_ms;
    bool is_stopped =
        attempt->outcome == OUTCOME_CANCELLED && attempt->ended_by.len > 0;
    if (to == STEP_ENDED && !is_stopped)
        attempt->ended_by = STR("spoold");
    if (stride->reason[0] != '\0')
        attempt->reason = str_of(stride->reason);
    else if (to == STEP_PRINTING)
        attempt->reason = (spd_str){ NULL, 0 }; /* it was unknown meanwhile */
}

/* By a clock that nobody sets: of a print that this process saw from its start
 * on. */
static spd_err note_pace(spd_txn *txn, const struct run *run,
                         const struct job *job, struct spd_error *err)
{
    int64_t minutes = job->estimated_duration_minutes;
    int64_t now_ms = loop_now_ms(run->engine->shop->loop);
    if (run->start_ms == 0 || minutes == INT_NONE)
        return SPD_OK;
    return pace_note(txn, now_ms - run->start_ms, minutes * 60000, err);
}

/* What is learned of a print that has ended. */
static spd_err learn(spd_txn *txn, const struct stride *stride,
                     const struct attempt *attempt, const struct job *job,
                     struct spd_error *err)
{
    const struct arrow *arrow = stride->arrow;
    spd_err rc = SPD_OK;
    if (arrow == &arrow_finished)
        rc = note_pace(txn, stride->run, job, err);
    if (rc == SPD_OK && (arrow == &arrow_finished || arrow == &arrow_failed))
        rc = track_note(txn, job->file_id, attempt->printer_id,
                        arrow == &arrow_failed, err);
    return rc;
}

static spd_err change_job(spd_txn *txn, const struct stride *stride,
                          const struct attempt *attempt, int64_t now_ms,
                          struct arena *arena, struct spd_error *err)
{
    struct shop *shop = stride->run->engine->shop;
    struct job job;
    struct change change = { stride->arrow->job_topic, STR("spoold") };
    struct turn turn = { now_ms, stride->reason, attempt->printer_id, arena };
    spd_err rc = record_get(txn, &job_kind, attempt->job_id, &job, arena, err);
    if (rc != SPD_OK)
        return rc;
    rc = learn(txn, stride, attempt, &job, err);
    if (rc != SPD_OK)
        return rc;
    stride->arrow->job(&job, &turn);
    return job_put(txn, shop, &job, &change, err);
}

/* By a clock that nobody sets, as far as this process saw it print. */
static int64_t printed_ms(const struct stride *stride,
                          const struct attempt *attempt, int64_t now_ms)
{
    const struct run *run = stride->run;
    int64_t wall_ms = now_ms - attempt->printing_at;
    if (run->printing_ms != 0)
        return loop_now_ms(run->engine->shop->loop) - run->printing_ms;
    return wall_ms > 0 ? wall_ms : 0;
}

static spd_err change_printer(spd_txn *txn, const struct stride *stride,
                              const struct attempt *attempt, int64_t now_ms,
                              struct arena *arena, struct spd_error *err)
{
    const struct arrow *arrow = stride->arrow;
    struct printer printer;
    if (record_get(txn, &printer_kind, attempt->printer_id, &printer, arena,
                   NULL) != SPD_OK)
        return SPD_OK; /* taken out of the shop meanwhile */
    bool has_printed = arrow->to == STEP_ENDED && attempt->printing_at != 0;
    if (arrow->plate == PLATE_AS_IS && !has_printed)
        return SPD_OK;
    if (arrow->plate == PLATE_COVERED) {
        printer.plate_clear = false;
        printer.ejects_attempt = 0;
    }
    if (arrow == &arrow_finished && printer.ejects != EJECTS_NEVER &&
        !attempt->foreign) /* what lay there before it, nobody knows */
        printer.ejects_attempt = attempt->id;
    if (arrow == &arrow_starting)
        printer.busy_at = 0;
    /* Somebody else's print since the intent may lie there as well. */
    if (arrow->plate == PLATE_UNTOUCHED && printer.busy_at == 0)
        printer.plate_clear = true;
    if (has_printed)
        printer.printed_ms += printed_ms(stride, attempt, now_ms);
    printer.updated_at = now_ms;
    struct change change = { "printer.learned", STR("spoold") };
    return record_put(txn, &printer_kind, &printer, &change, err);
}

static spd_err write_step(spd_txn *txn, struct stride *stride,
                          struct arena *arena, struct spd_error *err)
{
    struct shop *shop = stride->run->engine->shop;
    int64_t now_ms = shop_now_ms(shop);
    struct attempt attempt;
    spd_err rc = record_get(txn, &attempt_kind, stride->run->attempt_id,
                            &attempt, arena, err);
    if (rc != SPD_OK)
        return rc;
    if ((stride->arrow->from >> attempt.step & 1) == 0)
        return error_set(err, SPD_EBUSY, "attempt %lld has moved on",
                         (long long)attempt.id);
    if (stride->arrow->is_start)
        rc = start_judge(txn, &attempt, arena, err);
    if (rc != SPD_OK)
        return rc;
    stamp(&attempt, stride, now_ms);
    rc = change_printer(txn, stride, &attempt, now_ms, arena, err);
    if (rc == SPD_OK && stride->share > 0)
        rc = attempt_charge(txn, shop, &attempt, stride->share, err);
    if (rc == SPD_OK)
        rc = attempt_put(txn, &attempt, stride->arrow->topic, err);
    if (rc == SPD_OK)
        rc = change_job(txn, stride, &attempt, now_ms, arena, err);
    return rc;
}

static spd_err run_stride(spd_txn *txn, void *arg, struct spd_error *err)
{
    struct stride *stride = arg;
    struct arena arena = { 0 };
    crash_before(stride->arrow->topic);
    spd_err rc = write_step(txn, stride, &arena, err);
    arena_fini(&arena);
    return rc;
}

/* What could not be committed now is tried again in a while. */
static void run_retry(struct run *run)
{
    enum { RETRY_MS = 1000 };
    run->retry_ms = loop_now_ms(run->engine->shop->loop) + RETRY_MS;
    timer_set(run->timer, RETRY_MS, 0);
}

static void settle(struct run *run, const struct arrow *arrow)
{
    struct engine *engine = run->engine;
    run->step = (int)arrow->to;
    run->step_ms = loop_now_ms(engine->shop->loop);
    run->start_due = arrow == &arrow_starting;
    run->heard_ms = run->step_ms;
    if (run->start_due)
        run->start_ms = run->step_ms;
    if (arrow->to == STEP_PRINTING) {
        run->phase = PHASE_PRINTING;
        if (run->printing_ms == 0)
            run->printing_ms = run->step_ms;
    }
    run->evidence = (struct evidence){ 0 };
    if (arrow == &arrow_finished)
        engine_unpause(engine, run->printer_id);
    if (arrow->to == STEP_ENDED)
        run_end(run);
    else
        run_advance(run);
    engine_wake(engine);
}

static void stride_done(void *arg, const struct spd_error *err)
{
    struct stride *stride = arg;
    struct run *run = stride->run;
    const struct arrow *arrow = stride->arrow;
    free(stride);
    if (err == NULL)
        crash_after(arrow->topic);
    if (run_settled(run))
        return;
    if (err == NULL) {
        settle(run, arrow);
        return;
    }
    if (err->code == SPD_EBUSY && arrow == &arrow_starting) {
        step(run, &arrow_dropped, err->text, 0); /* others may have the job */
        return;
    }
    if (err->code != SPD_EBUSY)
        log_error("engine", "attempt %lld: %s", (long long)run->attempt_id,
                  err->text);
    run_retry(run);
    runs_recheck(run->engine);
}

void step(struct run *run, const struct arrow *arrow, const char *reason,
          double share)
{
    struct stride *stride = mem_new(sizeof(*stride));
    *stride = (struct stride){ .run = run, .arrow = arrow, .share = share };
    snprintf(stride->reason, sizeof(stride->reason), "%.*s",
             (int)sizeof(stride->reason) - 1, reason);
    run->busy = true;
    store_write(run->engine->shop->store,
                &(struct store_write){ run_stride, stride_done, stride });
}

/* -- the job's phase within a step -- */

/* From which phase it is reached, and what that is called. */
static const struct shift {
    enum job_phase from;
    const char *topic;
} shifts[] = {
    [PHASE_UPLOADING] = { PHASE_CLAIMED, "job.uploading" },
    [PHASE_PRINTING] = { PHASE_PAUSED, "print.resumed" },
    [PHASE_PAUSED] = { PHASE_PRINTING, "print.paused" },
};

struct phase_write {
    struct run *run;
    enum job_phase phase;
};

/* A job that is elsewhere by now is left as it is: the run hears of it. */
static spd_err write_phase(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct phase_write *write = arg;
    const struct shift *shift = &shifts[write->phase];
    struct arena arena = { 0 };
    struct job job;
    spd_err rc =
        record_get(txn, &job_kind, write->run->job_id, &job, &arena, err);
    if (rc == SPD_OK && job.phase == (int)shift->from) {
        job.phase = (int)write->phase;
        struct change change = { shift->topic, STR("spoold") };
        crash_before(shift->topic);
        rc = job_put(txn, write->run->engine->shop, &job, &change, err);
    }
    arena_fini(&arena);
    return rc;
}

static void phase_done(void *arg, const struct spd_error *err)
{
    struct phase_write *write = arg;
    struct run *run = write->run;
    enum job_phase phase = write->phase;
    free(write);
    if (err == NULL)
        crash_after(shifts[phase].topic);
    if (run_settled(run))
        return;
    if (err == NULL)
        run->phase = (int)phase;
    else
        run_retry(run);
    run_advance(run);
}

void step_phase(struct run *run, enum job_phase phase)
{
    struct phase_write *write = mem_new(sizeof(*write));
    *write = (struct phase_write){ run, phase };
    run->busy = true;
    store_write(run->engine->shop->store,
                &(struct store_write){ write_phase, phase_done, write });
}
