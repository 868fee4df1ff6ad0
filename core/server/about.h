/* What the server tells of itself: health, description, events, metrics. */
#ifndef SPOOLD_SERVER_ABOUT_H
#define SPOOLD_SERVER_ABOUT_H

#include "host/host.h"
#include "http/http.h"
#include "shop/shop.h"

/* What the rows need; borrowed as long as the operations are served. */
struct about {
    struct shop *shop;
    struct host *host;
    struct http *http; /* NULL until it listens */
};

spd_err about_add_ops(struct about *about, struct spd_error *err);

#endif
