/* Single values as a person reads them on a terminal.
 *
 * What is shown may come from strangers (file names, buyers' notes): control
 * characters, which could drive the terminal, never reach it. */
#ifndef SPOOLD_CTL_CELL_H
#define SPOOLD_CTL_CELL_H

#include "base/buf.h"
#include "base/json.h"

/* Append `text` on one line. */
void cell_put_text(struct buf *out, spd_str text);

/* Append a moment (RFC 3339) in local time. False: it is none. */
bool cell_put_moment(struct buf *out, spd_str text, bool with_seconds);

/* Append a value: null as "-", moments in local time, lists of single values
 * as "a, b". False, and nothing appended, for an object or a list of them. */
bool cell_put(struct buf *out, const spd_json *value);

/* Columns that the text takes on a terminal. */
size_t cell_width(spd_str text);

enum cell_side { CELL_LEFT, CELL_RIGHT };

/* Append exactly `width` columns, shortened with an ellipsis if need be. */
void cell_put_padded(struct buf *out, spd_str text, size_t width,
                     enum cell_side side);

#endif
