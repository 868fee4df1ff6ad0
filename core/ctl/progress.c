#include "ctl/progress.h"

enum { BAR_WIDTH = 30 };

void progress_put(struct buf *out, int64_t sent_bytes, int64_t total_bytes)
{
    double share =
        total_bytes <= 0 ? 1 : (double)sent_bytes / (double)total_bytes;
    share = share > 1 ? 1 : share;
    buf_put(out, STR("\r["));
    for (int i = 0; i < BAR_WIDTH; i++)
        buf_put_char(out, i < (int)(share * BAR_WIDTH) ? '#' : '.');
    buf_printf(out, "] %3d %%  %.1f of %.1f MB", (int)(share * 100),
               (double)sent_bytes / 1e6, (double)total_bytes / 1e6);
}
