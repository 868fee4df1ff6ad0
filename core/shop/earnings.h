/* Earnings: what a stretch of time brought, in all and by product. */
#ifndef SPOOLD_SHOP_EARNINGS_H
#define SPOOLD_SHOP_EARNINGS_H

#include "shop/shop.h"

spd_err earnings_add_ops(struct shop *shop, struct spd_error *err);

#endif
