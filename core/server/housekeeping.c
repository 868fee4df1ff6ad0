#include "server/housekeeping.h"

#include <stdlib.h>

#include "base/log.h"
#include "shop/delivery.h"
#include "store/journal.h"

enum {
    HOUR_MS = 3600 * 1000,
    EVENTS_MOST = 5000, /* an hour: more than a busy shop writes */
    DELIVERIES_MOST = 1000,
};

struct housekeeping {
    struct shop *shop;
    struct timer *timer;
    int64_t journal_ms, deliveries_ms;
};

static spd_err trim(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct housekeeping *housekeeping = arg;
    int64_t before_ms =
        shop_now_ms(housekeeping->shop) - housekeeping->journal_ms;
    return journal_trim(txn, before_ms, EVENTS_MOST, err);
}

static void trimmed(void *arg, const struct spd_error *err)
{
    (void)arg;
    if (err != NULL)
        log_warn("store", "old events could not be removed: %s", err->text);
}

static spd_err forget(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct housekeeping *housekeeping = arg;
    int64_t before_ms =
        shop_now_ms(housekeeping->shop) - housekeeping->deliveries_ms;
    return deliveries_trim(txn, before_ms, DELIVERIES_MOST, err);
}

static void forgotten(void *arg, const struct spd_error *err)
{
    (void)arg;
    if (err != NULL)
        log_warn("store", "old deliveries could not be removed: %s", err->text);
}

static void on_hour(void *arg)
{
    struct housekeeping *housekeeping = arg;
    store_write(housekeeping->shop->store,
                &(struct store_write){ forget, forgotten, housekeeping });
    store_write(housekeeping->shop->store,
                &(struct store_write){ trim, trimmed, housekeeping });
}

struct housekeeping *housekeeping_new(struct shop *shop, int64_t journal_days,
                                      int64_t deliveries_days)
{
    struct housekeeping *housekeeping = mem_new(sizeof(*housekeeping));
    housekeeping->shop = shop;
    housekeeping->journal_ms = journal_days * 24 * HOUR_MS;
    housekeeping->deliveries_ms = deliveries_days * 24 * HOUR_MS;
    housekeeping->timer = timer_new(shop->loop, on_hour, housekeeping);
    timer_set(housekeeping->timer, HOUR_MS, HOUR_MS);
    return housekeeping;
}

void housekeeping_free(struct housekeeping *housekeeping)
{
    if (housekeeping == NULL)
        return;
    timer_free(housekeeping->timer);
    free(housekeeping);
}
