#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BUF_FIRST_BYTES = 256 };

void buf_fini(struct buf *buf)
{
    free(buf->ptr);
    *buf = (struct buf){ 0 };
}

void buf_grow(struct buf *buf, size_t more)
{
    size_t cap = buf->cap == 0 ? BUF_FIRST_BYTES : buf->cap * 2;
    if (cap < buf->len + more)
        cap = buf->len + more;
    buf->ptr = mem_resize(buf->ptr, cap);
    buf->cap = cap;
}

void buf_put(struct buf *buf, spd_str bytes)
{
    if (bytes.len == 0)
        return;
    memcpy(buf_room(buf, bytes.len), bytes.ptr, bytes.len);
    buf->len += bytes.len;
}

void buf_put_char(struct buf *buf, char c)
{
    *buf_room(buf, 1) = c;
    buf->len++;
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len > 0) {
        vsnprintf(buf_room(buf, (size_t)len + 1), (size_t)len + 1, fmt, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
}

spd_str buf_str(const struct buf *buf)
{
    return (spd_str){ buf->ptr == NULL ? "" : buf->ptr, buf->len };
}

char *buf_take(struct buf *buf)
{
    buf_put_char(buf, '\0');
    char *text = buf->ptr;
    *buf = (struct buf){ 0 };
    return text;
}
