/* Importing orders from a table: first what would happen, line by line, then
 * the same for good. Doing it twice changes nothing. */
#ifndef SPOOLD_SHOP_ORDER_IMPORT_H
#define SPOOLD_SHOP_ORDER_IMPORT_H

#include "shop/shop.h"

spd_err order_import_add_ops(struct shop *shop, struct spd_error *err);

#endif
