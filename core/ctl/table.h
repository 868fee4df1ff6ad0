/* A list of records as a table that fits the terminal. */
#ifndef SPOOLD_CTL_TABLE_H
#define SPOOLD_CTL_TABLE_H

#include "base/buf.h"
#include "base/json.h"

enum { TABLE_ANY_WIDTH = 0 };

/* Append the table, each line behind `indent` spaces.
 *
 * schema  of one record: gives the order of the columns; NULL: as they come
 * width   columns of the terminal.  What does not fit is shortened first;
 *         then columns that say the same in every row go, then the last ones
 *
 * Columns that are null in all rows are left out. */
void table_put(struct buf *out, const spd_json *rows, const spd_json *schema,
               size_t width, size_t indent);

#endif
