/* The lookout: says what only time makes news.
 *
 * A printer that stays out of reach, maintenance that is due, a plate that
 * nobody clears while jobs wait for it, an order that cannot be ready by its
 * date any more: each is one event in the journal, said once, also over
 * restarts.  Tells nobody: the outbox reads the journal. */
#ifndef SPOOLD_ENGINE_LOOKOUT_H
#define SPOOLD_ENGINE_LOOKOUT_H

#include "shop/shop.h"

struct lookout;

struct lookout *lookout_new(struct shop *shop); /* owned: lookout_free */
void lookout_free(struct lookout *lookout);

/* Looks now, and then twice a minute. */
void lookout_start(struct lookout *lookout);

enum {
    LOOKOUT_GONE_MS = 5 * 60 * 1000,   /* out of reach so long: printer.gone */
    LOOKOUT_PLATE_MS = 30 * 60 * 1000, /* not cleared: printer.plate_waits */
    /* Orders that must leave later than this are not looked at yet. */
    LOOKOUT_AHEAD_MS = 48 * 3600 * 1000,
};

#endif
