/* Papers: what is printed on paper, as pages for a browser.
 *
 * Everything an outsider wrote is escaped; no script, no style within. */
#ifndef SPOOLD_SHOP_PAPER_H
#define SPOOLD_SHOP_PAPER_H

#include "shop/order.h"
#include "shop/terms.h"

/* What lies in the parcel: to whom, which items, what the buyer wrote. No
 * prices, for it may be a gift. Appended. */
void paper_packing_slip(const struct order *order, const struct terms *terms,
                        struct buf *out);

spd_err paper_add_ops(struct shop *shop, struct spd_error *err);

#endif
