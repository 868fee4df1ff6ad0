/* The label of a spool, to print and stick on it.  The only user of qrencode.
 */
#ifndef SPOOLD_SHOP_SPOOL_LABEL_H
#define SPOOLD_SHOP_SPOOL_LABEL_H

#include "shop/spool.h"

/* Append it as an SVG page of 70 by 30 mm: what it is, and a QR code that says
 * "spoold:spool/7". SPD_ENOMEM. */
spd_err spool_label(const struct spool *spool, struct buf *out,
                    struct spd_error *err);

#endif
