/* Prints that this shop did not begin: followed from the first report that
 * shows one to its end, and kept.  An attempt without a job, until a person
 * says which job it is; never credited by itself. */
#ifndef SPOOLD_SHOP_FOREIGN_H
#define SPOOLD_SHOP_FOREIGN_H

#include "shop/attempt.h"
#include "shop/printer.h"
#include "shop/printer_state.h"

/* Is this what the printer tells of?  Prints from its own storage have no
 * number: those are known by their names. */
bool foreign_is_same(const struct attempt *attempt,
                     const struct printer_state *state);

/* One that the printer tells of, not in the store yet; texts are borrowed. */
struct attempt foreign_new(const struct shop *shop,
                           const struct printer *printer,
                           const struct printer_state *state);

/* What a printer that is connected says now: does it begin, go on with or end
 * somebody else's print?  `printer` as it was before this was known. */
spd_err foreign_note(spd_txn *txn, struct shop *shop,
                     const struct printer *printer,
                     const struct printer_state *state, struct spd_error *err);

/* Nothing more will be heard of the one under way there, if any. */
spd_err foreign_lose(spd_txn *txn, struct shop *shop, int64_t printer_id,
                     const char *why, struct spd_error *err);

#endif
