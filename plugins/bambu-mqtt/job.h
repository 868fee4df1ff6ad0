/* What the printer's word for its job means, over time.
 *
 * The printer's state describes its last job and stays: FINISH and FAILED are
 * shown until the next one runs, also while the name of that next one is
 * shown already.  A stop by a person looks like a failure first, and tells
 * itself apart seconds later.  A job is a small machine that knows both; its
 * clock is passed in. */
#ifndef BAMBU_JOB_H
#define BAMBU_JOB_H

#include "report.h"

enum job_state {
    JOB_UNKNOWN,
    JOB_IDLE,
    JOB_PREPARING,
    JOB_PRINTING,
    JOB_PAUSED,
    JOB_FINISHED,
    JOB_FAILED,
};

enum {
    JOB_SETTLE_MS = 10 * 1000,   /* a failure may turn out to be a stop */
    JOB_OUR_STOP_MS = 60 * 1000, /* a stop of ours explains a failure for */
};

struct job {
    enum job_state shown; /* what to tell people */
    bool canceled;        /* beside JOB_FAILED */
    char submission[24];  /* as the printer names it; "" none */

    enum job_state raw, end; /* end: how the last one ended, or JOB_UNKNOWN */
    char ended_submission[24];
    int64_t settle_at_ms, stop_sent_at_ms;
    bool known, snapshot;
};

/* All zero is a job nobody has heard of. */

/* The next report is a snapshot of what is, not news. */
void job_reconnected(struct job *job);

void job_stop_sent(struct job *job, int64_t now_ms);

/* Look at the merged report.  Returns when to look again without news, or 0. */
int64_t job_update(struct job *job, const struct report *r, int64_t now_ms);

const char *job_state_word(enum job_state state);

/* Is this error code the printer's way of saying that a person stopped it? */
bool job_is_cancel_code(int64_t print_error);

#endif
