/* The scheduling policy: a plugin's word on which job goes first and where. */
#ifndef SPOOLD_ENGINE_POLICY_H
#define SPOOLD_ENGINE_POLICY_H

#include "shop/job.h"
#include "shop/printer.h"

struct policy {
    struct loop *loop;
    spd_plugin *self;
    const char *who; /* the plugin's name; NULL: there is none */
    const struct spd_scheduler *row;
};

/* The rank to keep with the job; 0 without a policy. */
int64_t policy_rank(const struct policy *policy, const struct job *job);

/* How well the printer suits; INT64_MIN: not at all. Without a policy the
 * printer that has printed least is best. */
int64_t policy_fit(const struct policy *policy, const struct job *job,
                   const struct printer *printer, int64_t changes,
                   int64_t queued_ms);

#endif
