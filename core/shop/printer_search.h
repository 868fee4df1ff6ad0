/* Finding printers, and saying before they are added whether they would work.
 *
 * Asks the drivers; knows no network and no brand. */
#ifndef SPOOLD_SHOP_PRINTER_SEARCH_H
#define SPOOLD_SHOP_PRINTER_SEARCH_H

#include "shop/shop.h"

spd_err printer_search_add_ops(struct shop *shop, struct spd_error *err);

#endif
