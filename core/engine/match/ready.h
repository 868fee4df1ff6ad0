/* Could this printer begin at once, whatever the job?  Dispatch asks it before
 * it looks for a job; people are told the answer in words. */
#ifndef SPOOLD_ENGINE_READY_H
#define SPOOLD_ENGINE_READY_H

#include "engine/engine_internal.h"

/* `live` may be NULL: nothing is known of it. CAN_TAKE, or one of the verdicts
 * from SWITCHED_OFF on; those behind RESTS are the gates'. */
enum verdict ready(struct engine *engine, const struct printer *printer,
                   const struct live *live);

/* Why not, and what to do; appended without a NUL. */
void ready_say(const struct engine *engine, enum verdict verdict,
               const struct printer *printer, const struct live *live,
               struct buf *out);

#endif
