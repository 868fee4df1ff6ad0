/* What would grow for ever is kept within bounds, a little each hour. */
#ifndef SPOOLD_SERVER_HOUSEKEEPING_H
#define SPOOLD_SERVER_HOUSEKEEPING_H

#include "shop/shop.h"

struct housekeeping;

/* Events older than `journal_days` go, once every reader has passed them; and
 * deliveries older than `deliveries_days`. Owned: housekeeping_free. */
struct housekeeping *housekeeping_new(struct shop *shop, int64_t journal_days,
                                      int64_t deliveries_days);
void housekeeping_free(struct housekeeping *housekeeping);

#endif
