#include "job.h"

#include <string.h>

#include "loose.h"

static const struct {
    const char *printer;
    enum job_state state;
} states[] = {
    { "IDLE", JOB_IDLE },         { "PREPARE", JOB_PREPARING },
    { "SLICING", JOB_PREPARING }, { "RUNNING", JOB_PRINTING },
    { "PAUSE", JOB_PAUSED },      { "FINISH", JOB_FINISHED },
    { "FAILED", JOB_FAILED },
};

static const char *const words[] = {
    [JOB_UNKNOWN] = "unknown",     [JOB_IDLE] = "idle",
    [JOB_PREPARING] = "preparing", [JOB_PRINTING] = "printing",
    [JOB_PAUSED] = "paused",       [JOB_FINISHED] = "finished",
    [JOB_FAILED] = "failed",
};

const char *job_state_word(enum job_state state)
{
    return words[state];
}

bool job_is_cancel_code(int64_t print_error)
{
    return print_error == 0x0300400C || print_error == 0x0500400E;
}

static enum job_state raw_state(const char *gcode_state)
{
    for (size_t i = 0; i < SPD_COUNT(states); i++)
        if (strcmp(states[i].printer, gcode_state) == 0)
            return states[i].state;
    return JOB_UNKNOWN; /* INIT, OFFLINE, "", and words yet to be invented */
}

static bool is_active(enum job_state state)
{
    return state == JOB_PREPARING || state == JOB_PRINTING ||
           state == JOB_PAUSED;
}

static bool is_number(const char *text)
{
    int64_t value = 0;
    return text_to_int(text_of(text), 10, &value) && value > 0;
}

/* A job started over the local network carries our number as both of its ids;
 * a cloud job has two different ones. */
static const char *submission_of(const struct report *r)
{
    bool task = is_number(r->task_id), subtask = is_number(r->subtask_id);
    if (strcmp(r->print_type, "cloud") == 0)
        return "";
    if (task && subtask)
        return strcmp(r->task_id, r->subtask_id) == 0 ? r->task_id : "";
    if (task)
        return r->task_id;
    return subtask ? r->subtask_id : "";
}

void job_reconnected(struct job *job)
{
    job->snapshot = true;
}

void job_stop_sent(struct job *job, int64_t now_ms)
{
    job->stop_sent_at_ms = now_ms;
}

static bool we_stopped_it(const struct job *job, int64_t now_ms)
{
    return job->stop_sent_at_ms != 0 &&
           now_ms - job->stop_sent_at_ms < JOB_OUR_STOP_MS;
}

/* Back to IDLE out of a print, with nothing said, is a print given up; after
 * a reconnect it may as well be a printer that was switched off and on. */
static enum job_state end_of(const struct job *job, enum job_state raw,
                             bool was_active)
{
    if (raw != JOB_IDLE)
        return raw;
    return was_active && !job->snapshot ? JOB_FAILED : JOB_UNKNOWN;
}

static void note_end(struct job *job, enum job_state raw, int64_t now_ms)
{
    bool was_active = is_active(job->raw);
    job->end = end_of(job, raw, was_active);
    job->canceled = job->end == JOB_FAILED && we_stopped_it(job, now_ms);
    memcpy(job->ended_submission, job->submission,
           sizeof(job->ended_submission));
    bool settling = job->end == JOB_FAILED && was_active && !job->snapshot;
    job->settle_at_ms = settling ? now_ms + JOB_SETTLE_MS : now_ms;
}

static bool names_another(const struct job *job)
{
    return job->submission[0] != '\0' &&
           strcmp(job->submission, job->ended_submission) != 0;
}

static int64_t show_end(struct job *job, const struct report *r, int64_t now_ms)
{
    if (job->end == JOB_FAILED && job_is_cancel_code(r->print_error))
        job->canceled = true;
    if (job->end == JOB_UNKNOWN || names_another(job)) {
        job->shown = JOB_IDLE;
        return 0;
    }
    if (job->end == JOB_FAILED && !job->canceled && now_ms < job->settle_at_ms)
        return job->settle_at_ms;
    job->shown = job->end;
    return 0;
}

static void show_active(struct job *job, enum job_state raw)
{
    if (!is_active(job->raw))
        job->stop_sent_at_ms = 0; /* it was for the print before */
    job->shown = raw;
    job->end = JOB_UNKNOWN;
    job->canceled = false;
}

int64_t job_update(struct job *job, const struct report *r, int64_t now_ms)
{
    enum job_state raw = raw_state(r->gcode_state);
    int64_t again_at_ms = 0;
    text_copy(job->submission, sizeof(job->submission),
              text_of(submission_of(r)));
    if (raw == JOB_UNKNOWN) {
        job->shown = JOB_UNKNOWN;
        return 0; /* what was before this word still counts after it */
    }
    if (is_active(raw)) {
        show_active(job, raw);
    } else {
        if (!job->known || raw != job->raw)
            note_end(job, raw, now_ms);
        again_at_ms = show_end(job, r, now_ms);
    }
    job->raw = raw;
    job->known = true;
    job->snapshot = false;
    return again_at_ms;
}
