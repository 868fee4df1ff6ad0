/* Frames: messages on a stream of bytes, each behind its length.  Knows nothing
 * of what they say. */
#ifndef SPOOLD_BASE_FRAME_H
#define SPOOLD_BASE_FRAME_H

#include "base/buf.h"

enum { FRAME_MAX_BYTES = 1024 * 1024 };

/* Append `text`, of at most FRAME_MAX_BYTES, as a frame. */
void frame_put(struct buf *out, spd_str text);

enum frame_found { FRAME_WHOLE, FRAME_PART, FRAME_BROKEN };

/* Take the first frame off the front of `*rest`; `*text` is a view into it.
 * FRAME_PART: more bytes must come. FRAME_BROKEN: nothing sensible can. */
enum frame_found frame_next(spd_str *rest, spd_str *text);

#endif
