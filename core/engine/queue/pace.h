/* Pace: how much longer prints take than their slicer said, as this shop's
 * printers are.  Known by what ended well of late; kept in the store. */
#ifndef SPOOLD_ENGINE_PACE_H
#define SPOOLD_ENGINE_PACE_H

#include "store/store.h"

/* Sums over the latest prints, older ones counting ever less. */
struct pace {
    double taken_ms, estimated_ms;
};

void pace_load(struct pace *pace, spd_txn *txn);

/* A print ended well; in the transaction that says so. */
spd_err pace_note(spd_txn *txn, int64_t taken_ms, int64_t estimated_ms,
                  struct spd_error *err);

/* In twentieths, 20 when they take what was estimated: a rank that followed
 * each print would have the queue written anew all day. */
int pace_twentieths(const struct pace *pace);

/* The estimate as it will be; of a pace not loaded, as it is. */
int64_t pace_correct(const struct pace *pace, int64_t estimated_ms);

#endif
