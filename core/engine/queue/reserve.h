/* Reserved grams: what jobs that are placed in a slot leave there for others.
 *
 * A job is placed when a person chose its printer and its slot.  It holds its
 * grams there against every job behind it in the queue, also before its hour;
 * copies that the slot cannot feed anyway hold nothing. */
#ifndef SPOOLD_ENGINE_RESERVE_H
#define SPOOLD_ENGINE_RESERVE_H

#include "engine/queue/waiting.h"

/* Say in seat->held what the jobs before this place hold in its slots; `own` is
 * the printer's queue; NULL: it has none, and nothing is held. */
void reserve_before(struct seat *seat, const struct queue *own,
                    const struct queue_place *where);

#endif
