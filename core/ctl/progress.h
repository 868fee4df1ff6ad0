/* How far an upload is: a bar that is drawn over itself. */
#ifndef SPOOLD_CTL_PROGRESS_H
#define SPOOLD_CTL_PROGRESS_H

#include "base/buf.h"

/* Append "\r[#####.....]  50 %  1.0 of 2.0 MB". */
void progress_put(struct buf *out, int64_t sent_bytes, int64_t total_bytes);

#endif
