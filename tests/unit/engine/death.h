/* Deaths for real: what a test tells happens in a process of its own, on the
 * same stage, and that process is killed.  What is on the disk, and what the
 * machines have seen, is there afterwards; all else is gone. */
#ifndef TESTS_ENGINE_DEATH_H
#define TESTS_ENGINE_DEATH_H

#include <stdbool.h>

/* Let `life` run on a stage that is taken down, until it returns or is killed;
 * true: it was killed.  It builds by itself.  Any other end is a failure. */
bool was_killed(void (*life)(void));

/* From now on this process dies there, as base/crash.h names it. */
void die_at(const char *place, const char *side);
/* At once. */
void die(void);

#endif
