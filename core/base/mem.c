#include "base/mem.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* glibc keeps freed pieces up to 1,032 bytes at hand for malloc, but not for
 * calloc: most arenas live and die in one such piece. */
enum {
    AT_HAND_BYTES = 1024,
    FIRST_BLOCK_BYTES = AT_HAND_BYTES - 64,
    NEXT_BLOCK_BYTES = 4096 - 64,
};

struct arena_block {
    struct arena_block *older;
    size_t size;
    alignas(max_align_t) char bytes[];
};

static void *or_die(void *memory, size_t size)
{
    if (memory != NULL || size == 0)
        return memory;
    fprintf(stderr, "spoold: out of memory asking for %zu bytes\n", size);
    abort();
}

void *mem_new(size_t size)
{
    if (size > AT_HAND_BYTES)
        return or_die(calloc(1, size), size);
    void *memory = or_die(malloc(size), size);
    return memory == NULL ? NULL : memset(memory, 0, size);
}

void *mem_array(size_t count, size_t size)
{
    return or_die(calloc(count, size), count);
}

void *mem_resize(void *old, size_t size)
{
    return or_die(realloc(old, size), size);
}

char *mem_text(spd_str text)
{
    char *copy = mem_new(text.len + 1);
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    return copy;
}

void arena_fini(struct arena *arena)
{
    while (arena->block != NULL) {
        struct arena_block *block = arena->block;
        arena->block = block->older;
        free(block);
    }
    arena->used = 0;
}

static void add_block(struct arena *arena, size_t at_least)
{
    size_t size = arena->block == NULL ? FIRST_BLOCK_BYTES : NEXT_BLOCK_BYTES;
    if (size < at_least)
        size = at_least;
    struct arena_block *block = mem_resize(NULL, sizeof(*block) + size);
    block->older = arena->block;
    block->size = size;
    arena->block = block;
    arena->used = 0;
}

static void *arena_take(struct arena *arena, size_t size)
{
    size_t align = alignof(max_align_t);
    size = (size + align - 1) / align * align;
    if (arena->block == NULL || arena->block->size - arena->used < size)
        add_block(arena, size);
    void *memory = arena->block->bytes + arena->used;
    arena->used += size;
    return memory;
}

void *arena_new(struct arena *arena, size_t size)
{
    return memset(arena_take(arena, size), 0, size);
}

spd_str arena_str(struct arena *arena, spd_str text)
{
    char *copy = arena_take(arena, text.len + 1);
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return (spd_str){ copy, text.len };
}

spd_str arena_printf(struct arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    size_t size = len < 0 ? 0 : (size_t)len;
    char *text = arena_new(arena, size + 1);
    vsnprintf(text, size + 1, fmt, again);
    va_end(again);
    return (spd_str){ text, size };
}
