/* Bays: the little of each printer's record that is asked for at every report,
 * in memory.  Kept in line by the journal; decides nothing. */
#ifndef SPOOLD_ENGINE_BAYS_H
#define SPOOLD_ENGINE_BAYS_H

#include "shop/printer.h"

struct bay {
    int64_t printer_id;
    int64_t ejects_attempt; /* its plate is to clear itself of it; 0: not */
    double eject_below_c;   /* NAN: however warm */
    bool is_ejecting;       /* that is on its way into the store */
};

/* Zero it first. */
struct bays {
    struct bay *items; /* by printer id */
    size_t count;
};

void bays_load(struct bays *bays, spd_txn *txn);
void bays_fini(struct bays *bays);

/* Bring one in step with the store. */
void bays_refresh(struct bays *bays, spd_txn *txn, int64_t printer_id);

/* Borrowed until the next bays_refresh; NULL: there is no such printer. */
struct bay *bay_find(const struct bays *bays, int64_t printer_id);

#endif
