/* Moments: UTC milliseconds inside, RFC 3339 text with `Z` outside. */
#ifndef SPOOLD_BASE_MOMENT_H
#define SPOOLD_BASE_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { MOMENT_BYTES = 32 }; /* "2026-11-22T21:10:29.123Z" and a NUL */

/* Years 0000 to 9999; the text is borrowed from `out`. */
spd_str moment_text(int64_t utc_ms, char out[MOMENT_BYTES]);

/* Reads RFC 3339, with any offset, with or without a fraction; a text without
 * an offset is UTC.  False when it is not a moment. */
bool moment_parse(spd_str text, int64_t *utc_ms);

#endif
