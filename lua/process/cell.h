/* The cell: what this process gives up before it runs anybody's rules.
 *
 * It keeps one socket, its memory and its clock: no file can be opened, no
 * connection made, no process begun and no code brought in. */
#ifndef SPOOLD_LUA_PROCESS_CELL_H
#define SPOOLD_LUA_PROCESS_CELL_H

#include <stdbool.h>

/* Once, before anything comes in.  False: the system has no filter for system
 * calls, and the limits alone hold. */
bool cell_close(void);

#endif
