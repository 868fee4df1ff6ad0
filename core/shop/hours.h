/* Hours: stretches of the week, by the clock on the shop's wall, in which no
 * print may start (quiet), or in which a person is there (staffed).
 *
 * Local time is the system's, or the configuration's time_zone. Knows what the
 * hours are, not what follows from them. */
#ifndef SPOOLD_SHOP_HOURS_H
#define SPOOLD_SHOP_HOURS_H

#include "shop/printer.h"

enum hours_kind {
    HOURS_QUIET,
    HOURS_STAFFED,
};

struct hours {
    int64_t id;
    spd_str name;
    int kind;           /* enum hours_kind */
    struct list days;   /* of spd_str, on which they begin; none: every day */
    spd_str from, to;   /* "22:00"; `to` may lie on the next day */
    int64_t printer_id; /* 0: whatever printer */
    spd_str location, tag;
    int64_t created_at, updated_at;
};

extern const struct kind hours_kind;

/* Are they for this printer? */
bool hours_are_for(const struct hours *hours, const struct printer *printer);

/* Does the moment lie in them? `changes_ms`: when the answer is another one,
 * at the earliest. */
bool hours_hold(const struct hours *hours, int64_t at_ms, int64_t *changes_ms);

/* "Mon 07:00", local time. */
enum { HOURS_TEXT_BYTES = 16 };
const char *hours_text(int64_t at_ms, char out[HOURS_TEXT_BYTES]);

/* The printer is gone: so are those that were for it alone. */
spd_err hours_drop(spd_txn *txn, int64_t printer_id,
                   const struct change *change, struct spd_error *err);

spd_err hours_add_ops(struct shop *shop, struct spd_error *err);

#endif
