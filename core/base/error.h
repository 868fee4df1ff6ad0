/* Failures: a code for the program and a sentence for the person.
 *
 * The sentence says what happened to which thing, and what to do now.  The
 * caller owns the struct; a NULL error is allowed where nobody will read it. */
#ifndef SPOOLD_BASE_ERROR_H
#define SPOOLD_BASE_ERROR_H

#include <spoold/plugin.h>

/* Fill `err` and return `code`, so that `return error_set(...)` reads well. */
spd_err error_set(struct spd_error *err, spd_err code, const char *fmt, ...)
    SPD_PRINTF(3, 4);

/* Put "context: " in front of the text that is there; returns its code. */
spd_err error_in(struct spd_error *err, const char *fmt, ...) SPD_PRINTF(2, 3);

#endif
