/* Track records: how the prints of a file went on each printer.
 *
 * Two numbers a pair, kept as the prints end, so that whoever chooses a printer
 * need not look through the attempts of years. */
#ifndef SPOOLD_SHOP_TRACK_H
#define SPOOLD_SHOP_TRACK_H

#include "base/field.h"
#include "store/store.h"

struct track {
    int64_t printer_id;
    int64_t finished, failed;
};

/* One more print has ended.  In the transaction that ends it; of one without a
 * file (0) nothing is kept. */
spd_err track_note(spd_txn *txn, int64_t file_id, int64_t printer_id,
                   bool failed, struct spd_error *err);

/* Of all printers that printed the file: of struct track by printer, in
 * `arena`. */
struct list tracks_of(spd_txn *txn, int64_t file_id, struct arena *arena);
/* All zero: it never printed it. */
struct track tracks_on(const struct list *tracks, int64_t printer_id);

/* The file is no more. */
void tracks_forget(spd_txn *txn, int64_t file_id);

#endif
