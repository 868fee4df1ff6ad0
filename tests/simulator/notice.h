/* Printers that announce themselves in the network, as real ones do over UDP.
 *
 * Knows what an announcement says, and nothing of what follows from it. */
#ifndef SIM_NOTICE_H
#define SIM_NOTICE_H

#include <event2/event.h>

struct fleet;
struct notices;

/* Send one of each printer to `address`, ports 1990 and 2021, every second.
 * NULL with errno set: there is no socket. */
struct notices *notices_new(struct event_base *base, struct fleet *fleet,
                            const char *address);
void notices_free(struct notices *notices);

#endif
