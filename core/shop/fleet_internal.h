/* What the parts of the fleet share: a printer's place in it. */
#ifndef SPOOLD_SHOP_FLEET_INTERNAL_H
#define SPOOLD_SHOP_FLEET_INTERNAL_H

#include "shop/fleet.h"

/* Something asked of a driver and not answered yet. */
struct ask {
    struct ask *next, **link;
    spd_ticket *ticket;
    struct tickets *tickets;
    ticket_fn *fn;
    void *arg;
};

/* A printer's place in the fleet. */
struct berth {
    struct live live; /* first: the one is found from the other */
    struct fleet *fleet;
    const struct driver *driver; /* NULL: none is loaded */
    void *conn;                  /* NULL: not open */
    uintptr_t handle;            /* what the driver knows it by */
    struct sha256 opened_with;   /* settings and all */
    struct ask *asks;
    unsigned faults; /* in reports, since it was opened */
};

struct fleet {
    struct shop *shop;
    struct berth **berths; /* by printer id */
    size_t count;
    uintptr_t last_handle;
    fleet_fn *fn;
    void *arg;
    struct journal_follower follower;
    int64_t seen_seq; /* the journal up to here is known */
};

/* Write down what a report changed. */
void fleet_note(struct berth *berth, const struct printer_state *before);

/* End all that is asked of this printer, in these words. */
void asks_end(struct berth *berth, const char *sentence);

struct berth *berth_find(const struct fleet *fleet, int64_t printer_id);

#endif
