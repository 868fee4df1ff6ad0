/* Windows: the shop's hours in memory, each with what is known of it for now.
 * Whether one holds is worked out when the answer changes, not when it is
 * asked for. */
#ifndef SPOOLD_ENGINE_WINDOWS_H
#define SPOOLD_ENGINE_WINDOWS_H

#include "shop/hours.h"

struct window {
    struct hours hours;
    bool holds;
    int64_t from_ms, until_ms; /* so long it is known whether it does */
};

/* Zero it first. */
struct windows {
    struct window *items; /* in the arena */
    size_t count;
    struct arena arena;
};

/* At start, and whenever hours were changed. */
void windows_load(struct windows *windows, spd_txn *txn);
void windows_fini(struct windows *windows);

/* Hours of that kind that the moment lies in, for the printer; NULL: none. */
const struct hours *windows_now(const struct windows *windows,
                                enum hours_kind kind,
                                const struct printer *printer, int64_t now_ms);

enum { WINDOWS_WEEK_MS = 7 * 24 * 3600 * 1000 };
/* When no quiet hours follow upon the others any more; a week ahead and more:
 * never. */
int64_t windows_quiet_until_ms(const struct windows *windows,
                               const struct printer *printer, int64_t now_ms);
/* When a person is there again; 0: now, INT64_MAX: nobody knows. */
int64_t windows_unstaffed_until_ms(const struct windows *windows,
                                   const struct printer *printer,
                                   int64_t now_ms);

/* How long until any of them begins or ends; 0: there are none. */
int64_t windows_left_ms(const struct windows *windows, int64_t now_ms);

#endif
