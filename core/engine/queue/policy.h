/* The scheduling policy: a plugin's word on which job goes first and where. */
#ifndef SPOOLD_ENGINE_POLICY_H
#define SPOOLD_ENGINE_POLICY_H

#include "engine/queue/pace.h"
#include "shop/job.h"
#include "shop/printer.h"
#include "shop/track.h"

struct policy {
    struct loop *loop;
    spd_plugin *self;
    const char *who; /* the plugin's name; NULL: there is none */
    const struct spd_scheduler *row;
    struct pace pace; /* of the shop: its word is of corrected estimates */
};

/* The rank to keep with the job; 0 without a policy. */
int64_t policy_rank(const struct policy *policy, const struct job *job);

/* What speaks for and against a printer, of one job. */
struct suit {
    int64_t changes;    /* filaments to load before or while it prints */
    int64_t queued_ms;  /* of the jobs that wait for it alone */
    struct track track; /* of the job's file there */
};

/* How well the printer suits; INT64_MIN: not at all. Without a policy the
 * fewest filaments to load count first, then even wear (ten hours more or less
 * are the same), then how seldom the file failed there, then what it has
 * printed to the minute. */
int64_t policy_fit(const struct policy *policy, const struct job *job,
                   const struct printer *printer, const struct suit *suit);

#endif
