/* The order of the queue and the choice of a printer, as numbers.
 *
 * Pure: no clock, no state.  Several wishes are packed into one number, the
 * more important in the higher bits, so that comparing two numbers compares
 * the wishes one after the other. */
#ifndef SCHEDULER_PRIORITY_RANK_H
#define SCHEDULER_PRIORITY_RANK_H

#include <spoold/plugin.h>

/* Lowest first: priority down; with `by_ship_date` the one that must begin
 * earlier to be ready by its date, those without a date as if it were two weeks
 * after they came; then the earlier scheduled start, those without one first.
 * Equal ones go by age, which is the host's business. */
int64_t rank_of(const struct spd_job *job, bool by_ship_date);

/* Highest is best: fewest filaments to load, then the shortest queue of its
 * own, then the least worn (by ten hours), then the one on which the file
 * failed most seldom, then the least worn to the minute. Never INT64_MIN: all
 * candidates can. */
int64_t fit_of(const struct spd_candidate *printer);

#endif
