/* Bays: what is asked of each printer at every report or for every other one,
 * in memory: a little of its record, kept in line by the journal, and what was
 * seen of it.  Decides nothing. */
#ifndef SPOOLD_ENGINE_BAYS_H
#define SPOOLD_ENGINE_BAYS_H

#include "shop/printer.h"

struct run;

struct bay {
    int64_t printer_id, circuit_id;
    int64_t ejects_attempt; /* its plate is to clear itself of it; 0: not */
    double eject_below_c;   /* NAN: however warm */
    bool is_ejecting;       /* that is on its way into the store */
    struct run *run;        /* of its attempt; NULL: none */
    bool is_claimed;        /* a claim of it is on its way into the store */
    bool heats_up;          /* as it said last... */
    int64_t heat_ms;        /* ...then */
    bool is_hot;            /* and at work, since its last start */
    int64_t start_ms;       /* of its last print; INT64_MIN: long ago */
};

struct bay_row {
    struct bay *const *at;
    size_t count;
};

/* Zero it first. */
struct bays {
    struct bay **items; /* by printer id */
    struct bay **by_circuit;
    size_t count;
};

void bays_load(struct bays *bays, spd_txn *txn);
void bays_fini(struct bays *bays);

/* Bring one in step with the store. */
void bays_refresh(struct bays *bays, spd_txn *txn, int64_t printer_id);

/* Borrowed while the printer is there; NULL: there is no such printer. */
struct bay *bay_find(const struct bays *bays, int64_t printer_id);
/* Those on one circuit; borrowed until the next bays_refresh. */
struct bay_row bays_on(const struct bays *bays, int64_t circuit_id);

#endif
