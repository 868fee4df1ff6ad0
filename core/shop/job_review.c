#include "shop/job_review.h"

#include "shop/attempt.h"
#include "shop/job_acts.h"
#include "shop/printer.h"

struct review {
    int64_t good, scrap;
    spd_str reason;
};
static const struct field review_rows[] = {
    FIELD(review, good, FIELD_INT, "pieces to keep; null: all but the scrap",
          .flags = FIELD_NULL, .max = 1000000),
    FIELD(review, scrap, FIELD_INT,
          "pieces to throw away, which are printed again; null: all but the "
          "good ones",
          .flags = FIELD_NULL, .max = 1000000),
    FIELD(review, reason, FIELD_TEXT, "what is wrong with the scrap",
          .flags = FIELD_NULL, .max = 1000),
};
static const struct fields review_fields = TABLE("review", review, review_rows);

/* -- judging -- */

/* Whichever was left out is the rest. */
static spd_err take_review(struct call *call, const struct job *job,
                           struct review *review)
{
    int64_t made = job->copies * job->yield; /* else it were not completed */
    fields_init(&review_fields, review);
    call_patch(call, review);
    if (review->good == INT_NONE && review->scrap == INT_NONE)
        return call_refuse(call, REFUSE_CONTENT,
                           "say how many pieces are good, or how many are "
                           "scrap");
    if (review->good == INT_NONE)
        review->good = made - review->scrap;
    if (review->scrap == INT_NONE)
        review->scrap = made - review->good;
    if (review->good >= 0 && review->scrap >= 0 &&
        review->good + review->scrap == made)
        return SPD_OK;
    return call_refuse(call, REFUSE_CONTENT,
                       "job %lld made %lld piece%s: good and scrap must come "
                       "to that",
                       (long long)job->id, (long long)made,
                       made == 1 ? "" : "s");
}

static spd_err judge_job(struct call *call, const struct job *job)
{
    if (job->status == JOB_COMPLETED)
        return SPD_OK;
    return call_refuse(call, REFUSE_CONFLICT,
                       "job %lld is %s; the pieces of a completed job can be "
                       "reviewed",
                       (long long)job->id, job_status_names[job->status]);
}

static spd_err judge_again(struct call *call, const struct job *job,
                           const struct review *review)
{
    if (job->good == review->good && job->scrap == review->scrap)
        return SPD_OK; /* said twice is said once */
    return call_refuse(call, REFUSE_CONFLICT,
                       "job %lld was reviewed by %.*s: %lld good, %lld scrap; "
                       "it is reviewed once",
                       (long long)job->id, STR_ARG(job->reviewed_by),
                       (long long)job->good, (long long)job->scrap);
}

/* -- the attempts that made them -- */

struct makers {
    int64_t ids[1000]; /* a job has no more copies */
    size_t count;
};

static bool note_maker(void *arg, const void *record)
{
    struct makers *makers = arg;
    const struct attempt *attempt = record;
    if (attempt->outcome == OUTCOME_FINISHED &&
        makers->count < SPD_COUNT(makers->ids))
        makers->ids[makers->count++] = attempt->id;
    return true;
}

static spd_err mark_attempt(struct call *call, spd_txn *txn, int64_t id,
                            int64_t scrap)
{
    struct attempt attempt;
    struct spd_error err;
    struct change change = call_change(call, "attempt.reviewed");
    spd_err rc = call_get(call, txn, &attempt_kind, id, &attempt);
    if (rc != SPD_OK)
        return rc;
    attempt.scrap = scrap;
    if (record_put(txn, &attempt_kind, &attempt, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    return SPD_OK;
}

/* Of several attempts nobody said which one made the scrap, unless all is. */
static spd_err mark_attempts(struct call *call, spd_txn *txn,
                             const struct job *job)
{
    struct key prefix;
    struct span span = attempt_job_span(job->id, &prefix);
    struct makers *makers = arena_new(&call->arena, sizeof(*makers));
    makers->count = 0;
    record_each(txn, &attempt_kind, &span, note_maker, makers);
    if (makers->count != 1 && job->scrap != 0 && job->good != 0)
        return SPD_OK;
    int64_t scrap =
        makers->count == 1 || job->scrap == 0 ? job->scrap : job->yield;
    spd_err rc = SPD_OK;
    for (size_t i = 0; i < makers->count && rc == SPD_OK; i++)
        rc = mark_attempt(call, txn, makers->ids[i], scrap);
    return rc;
}

/* -- what is missing is printed again -- */

/* All that was asked for stays; all that became of it begins anew. */
static struct job reprint_of(const struct call *call, spd_txn *txn,
                             const struct job *job)
{
    struct job again = *job;
    if (!record_exists(txn, &printer_kind, job->printer_id))
        again.printer_id = 0;
    again.id = 0;
    again.user_id = call->actor->person_id;
    again.asked_by = str_of(call->actor->who);
    again.status = JOB_QUEUED;
    again.phase = PHASE_WAITING;
    again.copies = (job->scrap + job->yield - 1) / job->yield;
    again.copies_done = 0;
    again.scheduled_start = again.started_at = again.completed_at = 0;
    again.failed_reason = (spd_str){ NULL, 0 };
    again.stop_wanted = again.held = false;
    again.refusals = again.failures = again.stays_on = 0;
    again.avoids = (struct list){ NULL, 0 };
    job_unmove(&again);
    again.good = again.scrap = INT_NONE;
    again.reviewed_at = 0;
    again.reviewed_by = again.scrap_reason = (spd_str){ NULL, 0 };
    again.reprint_of = job->id;
    again.reprint_id = 0;
    again.created_at = shop_now_ms(call->self);
    return again;
}

static spd_err print_again(struct call *call, spd_txn *txn, struct job *job)
{
    if (job->scrap == 0)
        return SPD_OK;
    struct job again = reprint_of(call, txn, job);
    spd_err rc = job_write(call, txn, &again, "job.created");
    job->reprint_id = again.id;
    return rc;
}

static spd_err write_review(struct call *call, spd_txn *txn, struct job *job,
                            const struct review *review)
{
    job->good = review->good;
    job->scrap = review->scrap;
    job->scrap_reason = review->reason;
    job->reviewed_at = shop_now_ms(call->self);
    job->reviewed_by = str_of(call->actor->who);
    spd_err rc = mark_attempts(call, txn, job);
    if (rc == SPD_OK)
        rc = print_again(call, txn, job);
    return rc == SPD_OK ? job_write(call, txn, job, "job.reviewed") : rc;
}

static spd_err review_job(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct review review;
    struct job job;
    spd_err rc = call_get(call, txn, &job_kind, which->id, &job);
    if (rc == SPD_OK)
        rc = judge_job(call, &job);
    if (rc == SPD_OK)
        rc = take_review(call, &job, &review);
    if (rc == SPD_OK)
        rc = job.reviewed_at != 0 ? judge_again(call, &job, &review)
                                  : write_review(call, txn, &job, &review);
    return rc == SPD_OK ? call_reply_tagged(call, txn, &job_kind, which->id)
                        : rc;
}

static const struct op review_ops[] = {
    { .name = "jobs.review",
      .route = "POST /api/bambu/scheduled-prints/{id}/review",
      .doc =
          "Say how many pieces of a completed job are good; a new job prints "
          "those that are scrap again",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .body = &review_fields,
      .reply = &job_fields,
      .run = review_job },
};

spd_err job_add_review_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, review_ops, SPD_COUNT(review_ops), shop, err);
}
