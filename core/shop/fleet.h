/* The fleet: the printers as they are now, and the way to speak to them.
 *
 * Opens a connection for each enabled printer through its driver, keeps what
 * it reports, writes down what changed (status, slots, pin), and tells the
 * engine.  Decides nothing. */
#ifndef SPOOLD_SHOP_FLEET_H
#define SPOOLD_SHOP_FLEET_H

#include "shop/driver.h"
#include "shop/printer.h"
#include "shop/printer_state.h"

/* A printer as it is now. Borrowed; gone when the printer is. */
struct live {
    int64_t id;
    struct state_box box;
    int64_t reported_ms;    /* monotonic; 0: nothing since it was opened */
    int64_t full_ms;        /* of the last full report since the connect */
    int64_t connected_ms;   /* of this connect */
    unsigned full_count;    /* full reports since this connect */
    int64_t uploaded_bytes; /* of the upload under way, or the last one */
    bool snapshot;          /* the first full report of this connect */
};

struct fleet *fleet_new(struct shop *shop);
void fleet_free(struct fleet *fleet);

/* Close all connections for good: what was asked ends with SPD_ECANCELED. */
void fleet_close(struct fleet *fleet);

/* Told after each report: `before` is what was said until then, borrowed. */
typedef void fleet_fn(void *arg, const struct live *live,
                      const struct printer_state *before);
void fleet_on_report(struct fleet *fleet, fleet_fn *fn, void *arg);

/* Bring the connections in line with the records: at start, and by itself
 * after each change of a printer. */
void fleet_open(struct fleet *fleet);
/* Close what a driver serves: it goes away. */
void fleet_withdraw(struct fleet *fleet, const spd_plugin *self);

const struct live *fleet_find(const struct fleet *fleet, int64_t printer_id);
size_t fleet_count(const struct fleet *fleet);
const struct live *fleet_at(const struct fleet *fleet, size_t index);

/* A report of the driver; `printer` is what the driver was given at open. */
void fleet_report(struct fleet *fleet, const spd_printer *printer,
                  const spd_json *report);
void fleet_upload_progress(struct fleet *fleet, const spd_printer *printer,
                           int64_t attempt, int64_t sent_bytes);

/* Ask the driver. `fn` is told exactly once, also when there is no connection
 * (SPD_EIO). `json` is borrowed. */
void fleet_upload(struct fleet *fleet, int64_t printer_id, spd_str attempt,
                  ticket_fn *fn, void *arg);
void fleet_upload_abort(struct fleet *fleet, int64_t printer_id);
void fleet_start(struct fleet *fleet, int64_t printer_id, spd_str attempt,
                 ticket_fn *fn, void *arg);
void fleet_command(struct fleet *fleet, int64_t printer_id, spd_str command,
                   ticket_fn *fn, void *arg);

spd_err fleet_add_ops(struct shop *shop, struct spd_error *err);

#endif
