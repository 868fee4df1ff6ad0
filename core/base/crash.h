/* Named places where a test may let the process die, as if power failed.
 *
 * With SPOOLD_CRASH=name in the environment the process kills itself there;
 * SPOOLD_CRASH=name:3 at the third time.  Without it, a place costs a branch.
 * What survives is then proved by starting again. */
#ifndef SPOOLD_BASE_CRASH_H
#define SPOOLD_BASE_CRASH_H

void crash_point(const char *name); /* [any] */

#endif
