/* Tickets: a promise to finish something, kept exactly once.
 *
 * Handed to a guest (a plugin) with a piece of work; finished from any thread;
 * its end is told on the loop.  One that is forgotten is ended late.  A ticket
 * is a number in the guise of a pointer: nothing happens when a guest uses an
 * old one but a line in the log. */
#ifndef SPOOLD_LOOP_TICKET_H
#define SPOOLD_LOOP_TICKET_H

#include "loop/loop.h"

struct tickets;

struct tickets *tickets_new(struct loop *loop); /* owned: tickets_free */
/* What is open ends with SPD_ECANCELED; a finish that is on its way by now
 * finds nothing to do. */
void tickets_end(struct tickets *tickets);
/* Not before the loop has made its last turn, which may still carry such a
 * finish: end them first. */
void tickets_free(struct tickets *tickets);

/* `result` is what came with the end (an order source's cursor), borrowed;
 * `err` NULL: all went well. */
typedef void ticket_fn(void *arg, spd_str result, const struct spd_error *err);

/* After `late_ms` (0: never) it ends with SPD_EIO in the name of `who`
 * (static). */
spd_ticket *ticket_new(struct tickets *tickets, const char *who,
                       int64_t late_ms, ticket_fn *fn, void *arg);

/* [any] Only the first finish of a ticket counts. Both are copied. */
void ticket_finish(struct tickets *tickets, spd_ticket *ticket, spd_str result,
                   const struct spd_error *err);

/* The asker no longer wants to know: fn is not called any more. */
void ticket_forget(struct tickets *tickets, spd_ticket *ticket);

/* Is it still open? */
bool ticket_is_open(const struct tickets *tickets, const spd_ticket *ticket);

#endif
