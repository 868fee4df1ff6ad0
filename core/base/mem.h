/* Memory: small allocations that never fail, and arenas that die whole.
 *
 * A size that came from outside must be bounded by its caller before it gets
 * here; running out of memory for a bounded size ends the process, because no
 * caller has anything better to do.  Knows nothing of what is stored. */
#ifndef SPOOLD_BASE_MEM_H
#define SPOOLD_BASE_MEM_H

#include <stddef.h>

#include "base/str.h"

/* Zeroed memory, owned: free(). */
void *mem_new(size_t size);

/* A zeroed array, owned: free().  Overflow of count * size is a bug. */
void *mem_array(size_t count, size_t size);

/* Like realloc, but never fails; the new part is not zeroed. */
void *mem_resize(void *old, size_t size);

/* A NUL-terminated copy, owned: free(). */
char *mem_text(spd_str text);

/* An arena hands out memory that is released all at once.  Use it for what
 * dies with a request or a transaction; not for what lives with the process. */
struct arena_block;
struct arena {
    struct arena_block *block; /* newest first */
    size_t used;               /* of the newest */
};

/* Start empty: `struct arena arena = { 0 };` */
void arena_fini(struct arena *arena);

/* Zeroed, aligned for any type, valid until arena_fini. */
void *arena_new(struct arena *arena, size_t size);

/* A copy of `text` that also ends in NUL, valid until arena_fini. */
spd_str arena_str(struct arena *arena, spd_str text);

/* printf into the arena. */
spd_str arena_printf(struct arena *arena, const char *fmt, ...)
    SPD_PRINTF(2, 3);

#endif
