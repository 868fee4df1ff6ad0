/* Drivers and the models they speak to.  The core learns every brand's names
 * from here and knows none itself. */
#ifndef SPOOLD_SHOP_DRIVER_H
#define SPOOLD_SHOP_DRIVER_H

#include "base/json.h"

struct drivers;

struct driver {
    spd_plugin *self;
    const char *who; /* the plugin's name */
    const struct spd_printer_driver *row;
    struct driver *next;
};

struct drivers *drivers_new(void); /* owned: drivers_free */
void drivers_free(struct drivers *drivers);

/* `row` is borrowed until drivers_withdraw. SPD_EEXIST: the kind is taken. */
spd_err drivers_add(struct drivers *drivers, spd_plugin *self, const char *who,
                    const struct spd_printer_driver *row,
                    struct spd_error *err);
void drivers_withdraw(struct drivers *drivers, const spd_plugin *self);

const struct driver *driver_find(const struct drivers *drivers, spd_str kind);
/* All of them, one after the other: NULL begins, NULL ends. */
const struct driver *driver_next(const struct drivers *drivers,
                                 const struct driver *before);
/* "bambu, virtual": for errors. Borrowed from `out`. */
const char *driver_kinds(const struct drivers *drivers, struct buf *out);

/* The shop's name for a model as a slicer writes it; no text: nobody knows it.
 * Static as long as the driver. */
spd_str driver_model(const struct drivers *drivers, spd_str slicer_id,
                     spd_str slicer_name);
/* Does this driver speak to a model of that name (in any case of letters)?
 * Returns the name as the driver spells it, or no text. */
spd_str driver_own_model(const struct driver *driver, spd_str name);
/* The same of all drivers. */
spd_str drivers_own_model(const struct drivers *drivers, spd_str name);

#endif
