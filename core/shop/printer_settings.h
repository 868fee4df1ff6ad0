/* A printer's settings: the members its driver asks for.
 *
 * Shown ones are kept as JSON beside the record, secret ones are sealed; the
 * shown JSON says of each secret only that it is set. */
#ifndef SPOOLD_SHOP_PRINTER_SETTINGS_H
#define SPOOLD_SHOP_PRINTER_SETTINGS_H

#include "shop/driver.h"
#include "shop/printer.h"

/* Take the members of the call's body that the printer's own table does not
 * know, check them by the driver's rows, and fill `settings` and `sealed`
 * (texts in the call's arena). FIELDS_PATCH keeps what is not given.  Refuses
 * the call with the fields' names. */
spd_err settings_take(struct call *call, const struct driver *driver,
                      enum fields_mode mode, struct printer *printer);

/* Write the shown members, without braces. */
void settings_show(spd_str settings, spd_jsonw *w);

#endif
