/* The sources: asks plugins for orders, and writes down what they find.
 *
 * Each source is asked from time to time, or when somebody rings; what a poll
 * found and the place it came to are one commit, so that orders are neither
 * lost nor taken twice, whatever dies in between.  Knows no web shop. */
#ifndef SPOOLD_ENGINE_SOURCES_H
#define SPOOLD_ENGINE_SOURCES_H

#include "shop/shop.h"

struct sources;

struct sources *sources_new(struct shop *shop); /* owned: sources_free */
void sources_free(struct sources *sources);

/* `row` is borrowed until sources_withdraw. SPD_EEXIST: the kind is taken. */
spd_err sources_add(struct sources *sources, spd_plugin *self, const char *who,
                    const struct spd_order_source *row, struct spd_error *err);
void sources_withdraw(struct sources *sources, const spd_plugin *self);

void sources_start(struct sources *sources);
/* Ask no more; a poll under way is asked for anew at the next start. */
void sources_stop(struct sources *sources);

/* An order found by the poll of this ticket; see plugin.h. */
spd_err sources_put(struct sources *sources, const spd_ticket *ticket,
                    const spd_json *order);

spd_err sources_add_ops(struct sources *sources, struct spd_error *err);

enum {
    SOURCES_HELD_MAX = 200,               /* orders a poll */
    SOURCES_HELD_BYTES = 8 * 1024 * 1024, /* and of them all */
    SOURCES_CURSOR_BYTES = 4000,
    SOURCES_LATE_MS = 10 * 60 * 1000,     /* a poll that is not finished */
    SOURCES_PAUSE_MAX_MS = 60 * 60 * 1000 /* between two that fail */
};

#endif
