/* Housekeeping: what is old goes, and what is not stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/file.h"
#include "server/housekeeping.h"
#include "shop/delivery.h"
#include "store/journal.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static spd_err write_event(spd_txn *txn, void *arg, struct spd_error *err)
{
    (void)arg;
    struct change change = { "job.created", STR("test") };
    return journal_append(txn, &change, STR("{}"), NULL, err);
}

static int64_t oldest(struct store *store)
{
    spd_txn *txn = store_read(store);
    int64_t seq = journal_first(txn);
    store_read_end(txn);
    return seq;
}

static void events_of_last_season_are_removed_within_the_hour(void **state)
{
    (void)state;
    char folder[] = "/tmp/spoold-housekeeping-XXXXXX";
    assert_non_null(mkdtemp(folder));
    struct fake_clock clock;
    fake_clock_init(&clock, 1800000000000);
    struct shop shop = { .loop = loop_new(&clock.clock, NULL) };
    struct store_options options = { .folder = folder,
                                     .kinds = shop_kinds,
                                     .kind_count = shop_kind_count };
    shop.store = store_open(shop.loop, &options, NULL);
    struct housekeeping *housekeeping = housekeeping_new(&shop, 90, 30);

    store_write_now(shop.store, write_event, NULL, NULL);
    fake_clock_advance(&clock, 89LL * DAY_MS);
    store_write_now(shop.store, write_event, NULL, NULL);
    loop_turn(shop.loop, 0);
    assert_int_equal(oldest(shop.store), 1);
    fake_clock_advance(&clock, 2LL * DAY_MS);
    loop_turn(shop.loop, 0);
    assert_int_equal(oldest(shop.store), 2);

    housekeeping_free(housekeeping);
    store_close(shop.store);
    loop_free(shop.loop);
    file_remove_folder(folder);
}

/* A message, told to one channel; another one to nobody. */
static spd_err write_messages(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct shop *shop = arg;
    struct message message = { .topic = STR("alert"),
                               .title = STR("x"),
                               .at = shop_now_ms(shop) };
    spd_err rc = message_put(txn, &message, err);
    struct delivery delivery = { .channel_id = 1,
                                 .message_id = message.id,
                                 .created_at = message.at };
    if (rc == SPD_OK)
        rc = delivery_put(txn, &delivery, "delivery.created", err);
    message.id = 0;
    return rc == SPD_OK ? message_put(txn, &message, err) : rc;
}

static void assert_kept(struct store *store, size_t deliveries, size_t messages)
{
    spd_txn *txn = store_read(store);
    assert_int_equal(record_count(txn, &delivery_kind), deliveries);
    assert_int_equal(record_count(txn, &message_kind), messages);
    store_read_end(txn);
}

static void messages_of_last_month_are_forgotten(void **state)
{
    (void)state;
    char folder[] = "/tmp/spoold-housekeeping-XXXXXX";
    assert_non_null(mkdtemp(folder));
    struct fake_clock clock;
    fake_clock_init(&clock, 1800000000000);
    struct shop shop = { .loop = loop_new(&clock.clock, NULL) };
    struct store_options options = { .folder = folder,
                                     .kinds = shop_kinds,
                                     .kind_count = shop_kind_count };
    shop.store = store_open(shop.loop, &options, NULL);
    struct housekeeping *housekeeping = housekeeping_new(&shop, 90, 30);

    store_write_now(shop.store, write_messages, &shop, NULL);
    fake_clock_advance(&clock, 20LL * DAY_MS);
    store_write_now(shop.store, write_messages, &shop, NULL);
    loop_turn(shop.loop, 0);
    assert_kept(shop.store, 2, 4);
    fake_clock_advance(&clock, 11LL * DAY_MS);
    loop_turn(shop.loop, 0);
    assert_kept(shop.store, 1, 2);

    housekeeping_free(housekeeping);
    store_close(shop.store);
    loop_free(shop.loop);
    file_remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_last_season_are_removed_within_the_hour),
        cmocka_unit_test(messages_of_last_month_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
