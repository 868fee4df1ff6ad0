#include "host/rows.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { ROW_MAX_BYTES = 64 * 1024, ROWS_MAX = 4096 };

bool row_fit(void *out, size_t own_size, const void *row, size_t row_size)
{
    const unsigned char *bytes = row;
    for (size_t i = own_size; i < row_size; i++)
        if (bytes[i] != 0)
            return false;
    size_t known = row_size < own_size ? row_size : own_size;
    memcpy(out, row, known);
    memset((unsigned char *)out + known, 0, own_size - known);
    return true;
}

void *rows_new(const void *rows, size_t count, size_t row_size, size_t own_size)
{
    if (count == 0)
        return mem_new(own_size);
    if (rows == NULL || row_size == 0 || row_size > ROW_MAX_BYTES ||
        count > ROWS_MAX)
        return NULL;
    unsigned char *out = mem_array(count, own_size);
    for (size_t i = 0; i < count; i++) {
        const unsigned char *row = (const unsigned char *)rows + i * row_size;
        if (!row_fit(out + i * own_size, own_size, row, row_size)) {
            free(out);
            return NULL;
        }
    }
    return out;
}

void rows_free(const void *rows)
{
    free((void *)(uintptr_t)rows);
}
