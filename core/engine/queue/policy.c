#include "engine/queue/policy.h"

#include "loop/loop.h"

/* Of all copies that are left, for they are printed one after the other. */
static int64_t estimated_ms(const struct policy *policy, const struct job *job)
{
    int64_t minutes = job->estimated_duration_minutes;
    int64_t copies = job->copies - job->copies_done;
    return minutes == INT_NONE
               ? 0
               : pace_correct(&policy->pace, minutes * 60000) * copies;
}

static struct spd_job facts_of(const struct policy *policy,
                               const struct job *job)
{
    return (struct spd_job){
        .size = sizeof(struct spd_job),
        .id = job->id,
        .printer_id = job->printer_id,
        .order_id = job->order_id,
        .priority = job->priority,
        .created_ms = job->created_at,
        .scheduled_ms = job->scheduled_start,
        .ship_by_ms = job->ship_by,
        .estimated_ms = estimated_ms(policy, job),
        .name = job->job_name,
        .material_type = job->material_type,
    };
}

int64_t policy_rank(const struct policy *policy, const struct job *job)
{
    if (policy->row == NULL)
        return 0;
    struct spd_job facts = facts_of(policy, job);
    const char *before = loop_enter(policy->loop, policy->who);
    int64_t rank = policy->row->rank(policy->self, &facts);
    loop_leave(policy->loop, before);
    return rank;
}

/* -- without a policy -- */

enum {
    MINUTE_MS = 60 * 1000,
    WEAR_MINUTES = 10 * 60, /* so much more or less is the same wear */
    CHANGES_MAX = 1000,
    WEAR_MAX = 1000 * 1000,
    PER_MILLE = 1000,
};

static int64_t clamp(int64_t value, int64_t most)
{
    return value < 0 ? 0 : value > most ? most : value;
}

/* The share of its prints that failed, as if one more had gone well: a single
 * failure is not yet a habit. */
static int64_t failures_per_mille(const struct track *track)
{
    return PER_MILLE * track->failed / (track->finished + track->failed + 1);
}

static int64_t plain_fit(const struct printer *printer, const struct suit *suit)
{
    int64_t minutes = clamp(printer->printed_ms, INT64_MAX) / MINUTE_MS;
    int64_t against = clamp(suit->changes, CHANGES_MAX);
    against = against * WEAR_MAX + clamp(minutes / WEAR_MINUTES, WEAR_MAX - 1);
    against = against * PER_MILLE + failures_per_mille(&suit->track);
    return -(against * WEAR_MINUTES + minutes % WEAR_MINUTES);
}

int64_t policy_fit(const struct policy *policy, const struct job *job,
                   const struct printer *printer, const struct suit *suit)
{
    if (policy->row == NULL)
        return plain_fit(printer, suit);
    struct spd_job facts = facts_of(policy, job);
    struct spd_candidate candidate = {
        .size = sizeof(candidate),
        .id = printer->id,
        .changes = suit->changes,
        .queued_ms = suit->queued_ms,
        .printed_ms = printer->printed_ms,
        .name = printer->name,
        .model = printer->model,
        .finished = suit->track.finished,
        .failed = suit->track.failed,
    };
    const char *before = loop_enter(policy->loop, policy->who);
    int64_t fit = policy->row->fit(policy->self, &facts, &candidate);
    loop_leave(policy->loop, before);
    return fit;
}
