/* Calls under way at plugins.
 *
 * A plugin holds a number that looks like a pointer, never memory: so that an
 * answer to a call that is over is recognised, and its plugin named, however
 * late it comes. */
#ifndef SPOOLD_HOST_CALLS_H
#define SPOOLD_HOST_CALLS_H

#include "host/guest.h"

struct call_slots *calls_new(void);
void calls_free(struct call_slots *calls);

/* Put `call` on the list; answered as a bug when nobody answers in time. */
spd_call *calls_open(struct guest *guest, struct call *call);

/* The call, taken off the list: the caller ends it. NULL, and a line in the
 * log, when it is over or never was; `what` is the function that was called. */
struct call *calls_take(struct host *host, spd_call *handle, const char *what);

/* End what the guest has left open as unavailable; says so in the log. */
void calls_end(struct guest *guest);

#endif
