#include "shop/job_acts.h"

#include "shop/job_judge.h"
#include "shop/track.h"

spd_err job_write(struct call *call, spd_txn *txn, struct job *job,
                  const char *topic)
{
    struct spd_error err;
    struct change change = call_change(call, topic);
    if (job_put(txn, call->self, job, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    return SPD_OK;
}

/* -- attempts that a person ends -- */

static spd_err write_attempt(struct call *call, spd_txn *txn,
                             struct attempt *attempt, const char *topic)
{
    struct spd_error err;
    struct change change = call_change(call, topic);
    if (record_put(txn, &attempt_kind, attempt, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    return SPD_OK;
}

static bool body_has(const struct call *call, const char *member)
{
    return json_member(call->body_json, member) != NULL;
}

/* Nobody knew how the job stood; now it stands as the person says, also when
 * that is the status it had. */
static void forget_unknown(const struct call *call, struct job *job,
                           enum job_status to)
{
    job->phase = to == JOB_STARTED ? PHASE_PRINTING : PHASE_WAITING;
    if (!body_has(call, "failed_reason"))
        job->failed_reason = (spd_str){ NULL, 0 };
}

spd_err job_end_unknown(struct call *call, spd_txn *txn, struct job *job,
                        struct attempt *attempt, enum job_status to)
{
    static const int outcomes[] = {
        [JOB_QUEUED] = OUTCOME_FAILED,   [JOB_SCHEDULED] = OUTCOME_FAILED,
        [JOB_STARTED] = OUTCOME_UNKNOWN, [JOB_COMPLETED] = OUTCOME_FINISHED,
        [JOB_FAILED] = OUTCOME_FAILED,   [JOB_CANCELLED] = OUTCOME_CANCELLED,
    };
    struct spd_error err;
    forget_unknown(call, job, to);
    attempt->step = STEP_ENDED;
    attempt->outcome = outcomes[to];
    attempt->reason = STR("a person said how it ended");
    attempt->ended_at = shop_now_ms(call->self);
    attempt->ended_by = str_of(call->actor->who);
    if (to == JOB_COMPLETED &&
        attempt_charge(txn, call->self, attempt, 1, &err) != SPD_OK)
        return call_fail(call, &err);
    if ((to == JOB_COMPLETED || to == JOB_FAILED) &&
        track_note(txn, job->file_id, attempt->printer_id, to == JOB_FAILED,
                   &err) != SPD_OK)
        return call_fail(call, &err);
    return write_attempt(call, txn, attempt, "attempt.ended");
}

/* Before the start is decided an attempt is simply dropped. */
static spd_err drop_attempt(struct call *call, spd_txn *txn,
                            struct attempt *attempt)
{
    attempt->step = STEP_ENDED;
    attempt->outcome = OUTCOME_DROPPED;
    attempt->reason = STR("the job was cancelled");
    attempt->ended_at = shop_now_ms(call->self);
    attempt->ended_by = str_of(call->actor->who);
    return write_attempt(call, txn, attempt, "attempt.dropped");
}

/* -- cancelling -- */

static spd_err want_stop(struct call *call, spd_txn *txn, struct job *job,
                         struct attempt *attempt, bool stop)
{
    if (!stop)
        return call_refuse(call, REFUSE_CONFLICT,
                           "job %lld is on printer %lld (%s); to stop it there "
                           "and cancel it, ask again with stop=true",
                           (long long)job->id, (long long)attempt->printer_id,
                           job_phase_names[job->phase]);
    job->stop_wanted = true;
    attempt->ended_by = str_of(call->actor->who);
    spd_err rc = write_attempt(call, txn, attempt, "attempt.stop_wanted");
    return rc == SPD_OK ? job_write(call, txn, job, "job.stop_wanted") : rc;
}

spd_err job_cancel(struct call *call, spd_txn *txn, struct job *job, bool stop)
{
    struct attempt attempt;
    spd_err rc = SPD_OK;
    if (job->status == JOB_CANCELLED)
        return SPD_OK; /* asked for twice is asked for */
    if (attempt_of_job(txn, job->id, &attempt, &call->arena)) {
        if (attempt.step == STEP_STARTING || attempt.step == STEP_PRINTING)
            return want_stop(call, txn, job, &attempt, stop);
        rc = attempt.step == STEP_UNKNOWN
                 ? job_end_unknown(call, txn, job, &attempt, JOB_CANCELLED)
                 : drop_attempt(call, txn, &attempt);
    }
    if (rc == SPD_OK)
        rc = job_move(call, job, JOB_CANCELLED);
    return rc == SPD_OK ? job_write(call, txn, job, "job.cancelled") : rc;
}

/* -- while it waits -- */

spd_err job_set_held(struct call *call, spd_txn *txn, struct job *job,
                     bool held)
{
    spd_err rc = held ? job_need_waiting(call, job, "held back") : SPD_OK;
    if (rc != SPD_OK || job->held == held) /* twice is once */
        return rc;
    job->held = held;
    return job_write(call, txn, job, held ? "job.held" : "job.released");
}

spd_err job_set_priority(struct call *call, spd_txn *txn, struct job *job,
                         int64_t priority)
{
    if (job_is_done(job))
        return call_refuse(call, REFUSE_CONFLICT,
                           "job %lld is %s; its priority means nothing any "
                           "more",
                           (long long)job->id, job_status_names[job->status]);
    job->priority = priority;
    job_unmove(job);
    return job_write(call, txn, job, "job.updated");
}

spd_err job_put_back(struct call *call, spd_txn *txn, struct job *job)
{
    spd_err rc = job_need_waiting(call, job, "moved");
    if (rc != SPD_OK || job->moved_to == 0)
        return rc;
    job_unmove(job);
    return job_write(call, txn, job, "job.moved");
}
