/* Who crashed us: the plugin whose code was running when the process got a
 * deadly signal is named on standard error and remembered in a file.
 *
 * One that did so twice within ten minutes is left out at the next start, once:
 * the start after that tries it again.  Knows names, not plugins. */
#ifndef SPOOLD_HOST_BLAME_H
#define SPOOLD_HOST_BLAME_H

#include <stdbool.h>

#include "loop/loop.h"

/* Catch deadly signals from now on and remember them in the file `path`
 * (copied). The handler then gives way to the one before. Process-wide.  On the
 * loop's thread it is whoever holds the loop that is blamed. */
void blame_watch(const char *path, const struct loop *loop);
void blame_unwatch(void);

/* [pool] Whose code this worker runs from now on (static; NULL: our own);
 * returns whose it was. */
const char *blame_set(const char *who);

/* Is `who` to be left out now?  Says yes once for two crashes, and forgets
 * them. */
bool blame_is_due(const char *path, const char *who);

#endif
