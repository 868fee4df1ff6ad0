/* Named places where a test may let the process die, as if power failed: on
 * both sides of each commit, publish and rename on the way of a print.
 *
 * With SPOOLD_CRASH=attempt.starting.before in the environment the process
 * kills itself there; with attempt.starting.after:3 at the third time.  Without
 * it, a place costs a branch.  What survives is then proved by starting again.
 */
#ifndef SPOOLD_BASE_CRASH_H
#define SPOOLD_BASE_CRASH_H

/* Nothing of it is on the disk or on its way yet. [any] */
void crash_before(const char *place);
/* It is, and nobody has heard of it. [any] */
void crash_after(const char *place);

/* All there are, so that a test may die at each; NULL ends them. */
extern const char *const crash_places[];

#endif
