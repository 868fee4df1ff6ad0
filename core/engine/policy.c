#include "engine/policy.h"

#include "loop/loop.h"

static struct spd_job facts_of(const struct job *job)
{
    int64_t minutes = job->estimated_duration_minutes;
    return (struct spd_job){
        .size = sizeof(struct spd_job),
        .id = job->id,
        .printer_id = job->printer_id,
        .order_id = job->order_id,
        .priority = job->priority,
        .created_ms = job->created_at,
        .scheduled_ms = job->scheduled_start,
        .ship_by_ms = job->ship_by,
        .estimated_ms = minutes == INT_NONE ? 0 : minutes * 60000,
        .name = job->job_name,
        .material_type = job->material_type,
    };
}

int64_t policy_rank(const struct policy *policy, const struct job *job)
{
    if (policy->row == NULL)
        return 0;
    struct spd_job facts = facts_of(job);
    const char *before = loop_enter(policy->loop, policy->who);
    int64_t rank = policy->row->rank(policy->self, &facts);
    loop_leave(policy->loop, before);
    return rank;
}

int64_t policy_fit(const struct policy *policy, const struct job *job,
                   const struct printer *printer, int64_t changes,
                   int64_t queued_ms)
{
    if (policy->row == NULL)
        return -printer->printed_ms;
    struct spd_job facts = facts_of(job);
    struct spd_candidate candidate = {
        .size = sizeof(candidate),
        .id = printer->id,
        .changes = changes,
        .queued_ms = queued_ms,
        .printed_ms = printer->printed_ms,
        .name = printer->name,
        .model = printer->model,
    };
    const char *before = loop_enter(policy->loop, policy->who);
    int64_t fit = policy->row->fit(policy->self, &facts, &candidate);
    loop_leave(policy->loop, before);
    return fit;
}
