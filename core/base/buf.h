/* A byte buffer that grows.  Start empty: `struct buf buf = { 0 };`
 * Growing never fails (see mem.h), so callers bound what they put in. */
#ifndef SPOOLD_BASE_BUF_H
#define SPOOLD_BASE_BUF_H

#include "base/str.h"

struct buf {
    char *ptr;
    size_t len, cap;
};

void buf_fini(struct buf *buf);

void buf_grow(struct buf *buf, size_t more); /* for buf_room */

/* Make room for `more` bytes beyond `len`; returns where they go. */
static inline char *buf_room(struct buf *buf, size_t more)
{
    if (buf->cap - buf->len < more)
        buf_grow(buf, more);
    return buf->ptr + buf->len;
}

void buf_put(struct buf *buf, spd_str bytes);
void buf_put_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *fmt, ...) SPD_PRINTF(2, 3);

/* Forget the content, keep the memory. */
void buf_clear(struct buf *buf);

/* Borrowed until the next change. */
spd_str buf_str(const struct buf *buf);

/* The bytes with a NUL behind them move to the caller: free().  The buffer is
 * empty afterwards. */
char *buf_take(struct buf *buf);

#endif
