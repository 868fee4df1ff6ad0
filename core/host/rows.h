/* Rows that grow: what was built against another minor version of the ABI has
 * rows of another size.  Short ones are filled with zeros, which mean "as
 * before"; long ones are taken only if what we do not know of them is zero. */
#ifndef SPOOLD_HOST_ROWS_H
#define SPOOLD_HOST_ROWS_H

#include <stdbool.h>
#include <stddef.h>

/* One row into `out`; false when its unknown tail is not zero. */
bool row_fit(void *out, size_t own_size, const void *row, size_t row_size);

/* Several, in memory of their own; NULL when one does not fit or the size is
 * absurd.  Without rows, an empty array. Owned: rows_free. */
void *rows_new(const void *rows, size_t count, size_t row_size,
               size_t own_size);
void rows_free(const void *rows);

#endif
