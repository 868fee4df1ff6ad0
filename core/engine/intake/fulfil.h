/* Fulfilling: what an order needs becomes jobs; what the shelf has is taken
 * first, and what was printed beyond the need is put there. */
#ifndef SPOOLD_ENGINE_FULFIL_H
#define SPOOLD_ENGINE_FULFIL_H

#include "shop/reckon.h"

struct fulfilment {
    spd_txn *txn;
    struct shop *shop;
    struct terms terms;
    struct arena *arena;
    spd_str who;
    /* A person asks: also for what was cancelled before, and failed too often;
     * the call is refused where something cannot be. NULL: by itself. */
    struct call *call;
    bool is_refused;
    bool waits; /* nothing is planned by itself: somebody is asked first */
    int64_t printer_id;    /* 0: any that fits */
    spd_str material_type; /* no text: the product's */
    /* One behind the other from then on, with falling priorities; 0: as soon
     * as there is a printer, by the order's priority. */
    int64_t start_ms;

    struct list job_ids; /* of int64_t: what was made, in order */
    size_t room;
    int64_t chained;
};

/* Terms are read; texts and lists live in `arena`. */
struct fulfilment fulfil_begin(spd_txn *txn, struct shop *shop,
                               struct arena *arena);

/* Bring the order in step with its jobs, the shelf and what it asks for, and
 * write it where that is new. Harmless however often it is done. */
spd_err fulfil_order(struct fulfilment *plan, struct order *order,
                     struct spd_error *err);

/* The same of one that was changed since it was read as `before`. */
spd_err fulfil_changed(struct fulfilment *plan, const struct order *before,
                       struct order *order, struct spd_error *err);

/* May its prints be asked for by themselves? */
bool fulfil_is_due(const struct fulfilment *plan, const struct order *order);

enum {
    FULFIL_PAUSE_MINUTES = 15,  /* between two chained prints */
    FULFIL_FIRST_PRIORITY = 10, /* of a chain; the last ones have 1 */
    FULFIL_JOBS_MAX = 100,      /* of a part: more prints are copies */
};

#endif
