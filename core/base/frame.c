#include "base/frame.h"

#include <assert.h>

enum { HEAD_BYTES = 4 };

void frame_put(struct buf *out, spd_str text)
{
    assert(text.len <= FRAME_MAX_BYTES);
    for (unsigned i = 0; i < HEAD_BYTES; i++)
        buf_put_char(out, (char)(text.len >> (8 * i) & 0xff));
    buf_put(out, text);
}

enum frame_found frame_next(spd_str *rest, spd_str *text)
{
    size_t len = 0;
    if (rest->len < HEAD_BYTES)
        return FRAME_PART;
    for (unsigned i = 0; i < HEAD_BYTES; i++)
        len |= (size_t)(unsigned char)rest->ptr[i] << (8 * i);
    if (len > FRAME_MAX_BYTES)
        return FRAME_BROKEN;
    if (rest->len - HEAD_BYTES < len)
        return FRAME_PART;
    *text = (spd_str){ rest->ptr + HEAD_BYTES, len };
    *rest = (spd_str){ text->ptr + len, rest->len - HEAD_BYTES - len };
    return FRAME_WHOLE;
}
