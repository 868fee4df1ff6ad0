/* The veto: what rules with may_start say to a job at a printer.
 *
 * Dispatch never waits for it: an answer is asked ahead and kept until the job,
 * the printer or a rule changes, and what is not known is kept back until it
 * is.  An answer that hangs on the hour is asked again after a minute. */
#ifndef SPOOLD_SCRIPT_VETO_H
#define SPOOLD_SCRIPT_VETO_H

#include "script/script_internal.h"

struct veto;

struct veto *veto_new(struct script *script);
void veto_free(struct veto *veto);

/* Rules have come, gone or changed: all is to be asked anew. */
void veto_forget(struct veto *veto);

/* What a rule answered to `n`. NULL: it failed, for it says why itself. */
void veto_answered(struct veto *veto, const struct rule *rule, int64_t n,
                   const spd_json *answers, spd_str error);

#endif
