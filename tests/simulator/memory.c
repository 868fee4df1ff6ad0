#include "memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *memory)
{
    if (memory == NULL) {
        fputs("bambu-sim: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *mem_new(size_t count, size_t bytes)
{
    return must(calloc(count > 0 ? count : 1, bytes));
}

void *mem_grow(void *array, size_t used, size_t *cap, size_t bytes)
{
    if (used < *cap)
        return array;
    size_t wanted = *cap > 0 ? 2 * *cap : 4;
    void *grown = NULL;
    if (wanted <= SIZE_MAX / bytes)
        grown = realloc(array, wanted * bytes);
    *cap = wanted;
    return must(grown);
}

char *mem_text(const char *text)
{
    return must(strdup(text != NULL ? text : ""));
}
