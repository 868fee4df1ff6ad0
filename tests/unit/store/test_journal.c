#include "store/journal.h"

#include "shop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char heard[512];

static bool hear(void *arg, const struct event *event)
{
    const int64_t *until = arg;
    size_t used = strlen(heard);
    snprintf(heard + used, sizeof(heard) - used, "%lld:%.*s ",
             (long long)event->seq, STR_ARG(event->topic));
    return until == NULL || event->seq < *until;
}

/* The events behind `after`, up to `until` (0: all). */
static const char *events(struct shop *shop, int64_t after, int64_t until)
{
    heard[0] = '\0';
    spd_txn *txn = store_read(shop->store);
    journal_each(txn, after, hear, until == 0 ? NULL : &until);
    store_read_end(txn);
    return heard;
}

static void each_change_is_an_event_in_order(void **state)
{
    struct shop *shop = *state;
    int64_t id = shop_add(shop, "a", 1, 1);
    shop_add(shop, "b", 1, 1);
    shop_del(shop, id);
    assert_string_equal(events(shop, 0, 0),
                        "1:parcel.put 2:parcel.put 3:parcel.removed ");
    assert_string_equal(events(shop, 2, 0), "3:parcel.removed ");
    assert_string_equal(events(shop, 3, 0), "");
    assert_string_equal(events(shop, 0, 2), "1:parcel.put 2:parcel.put ");
}

static bool keep_text(void *arg, const struct event *event)
{
    buf_clear(arg);
    buf_put(arg, event->text);
    return true;
}

static void an_event_tells_when_who_and_what(void **state)
{
    struct shop *shop = *state;
    shop_del(shop, shop_add(shop, "socks", 1, 1));
    struct buf text = { 0 };
    spd_txn *txn = store_read(shop->store);
    journal_each(txn, 0, keep_text, &text);
    store_read_end(txn);
    assert_true(
        str_is(buf_str(&text),
               "{\"seq\":2,\"at\":\"2026-01-01T00:00:00.000Z\","
               "\"topic\":\"parcel.removed\",\"who\":\"person/1\",\"data\":"
               "{\"id\":1,\"shelf\":1,\"priority\":1,\"label\":\"socks\","
               "\"note\":null,\"status\":\"waiting\",\"marks\":[],"
               "\"urgent\":false}}"));
    buf_fini(&text);
}

static void the_numbers_go_on_after_reopening(void **state)
{
    struct shop *shop = *state;
    shop_add(shop, "a", 1, 1);
    shop_close(shop);
    shop_open(shop);
    shop_add(shop, "b", 1, 1);
    assert_string_equal(events(shop, 0, 0), "1:parcel.put 2:parcel.put ");
}

static void a_change_that_failed_leaves_no_gap(void **state)
{
    struct shop *shop = *state;
    shop_add(shop, "a", 1, 1);
    struct parcel again = parcel_new("a", 1, 1);
    assert_int_equal(shop_try_put(shop, &again, NULL), SPD_EEXIST);
    shop_add(shop, "b", 1, 1);
    assert_string_equal(events(shop, 0, 0), "1:parcel.put 2:parcel.put ");
}

static void topics_fit_patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *topic;
        bool fits;
    } rows[] = {
        { "print.started", "print.started", true },
        { "print.started", "print.start", false },
        { "print.*", "print.started", true },
        { "print.*", "print", false },
        { "print.*", "printer.added", false },
        { "*", "anything.at.all", true },
        { "", "print.started", false },
    };
    for (size_t i = 0; i < FIELD_COUNT(rows); i++)
        assert_int_equal(
            topic_fits(str_of(rows[i].pattern), str_of(rows[i].topic)),
            rows[i].fits);
}

/* -- cursors and trimming -- */

struct wish {
    const char *name;
    int64_t seq, before_ms;
    size_t most;
};

static spd_err run_set(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct wish *wish = arg;
    return journal_cursor_set(txn, str_of(wish->name), wish->seq, err);
}

static void set_cursor(struct shop *shop, const char *name, int64_t seq)
{
    struct wish wish = { .name = name, .seq = seq };
    assert_int_equal(store_write_now(shop->store, run_set, &wish, NULL),
                     SPD_OK);
}

static spd_err run_trim(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct wish *wish = arg;
    return journal_trim(txn, wish->before_ms, wish->most, err);
}

static int64_t first_after_trim(struct shop *shop, int64_t before_ms,
                                size_t most)
{
    struct wish wish = { .before_ms = before_ms, .most = most };
    assert_int_equal(store_write_now(shop->store, run_trim, &wish, NULL),
                     SPD_OK);
    spd_txn *txn = store_read(shop->store);
    int64_t first = journal_first(txn);
    store_read_end(txn);
    return first;
}

/* Ten events, a second apart. */
static int64_t fill(struct shop *shop)
{
    int64_t first_ms = clock_wall_ms(&shop->clock.clock);
    for (int i = 0; i < 10; i++) {
        struct parcel parcel = parcel_new(NULL, 1, i);
        shop_put(shop, &parcel);
        fake_clock_advance(&shop->clock, 1000);
    }
    return first_ms;
}

static void a_cursor_is_kept_and_can_be_forgotten(void **state)
{
    struct shop *shop = *state;
    set_cursor(shop, "rules", 7);
    shop_close(shop);
    shop_open(shop);
    spd_txn *txn = store_read(shop->store);
    assert_int_equal(journal_cursor(txn, STR("rules")), 7);
    assert_int_equal(journal_cursor(txn, STR("rule")), 0);
    store_read_end(txn);
    set_cursor(shop, "rules", -1);
    txn = store_read(shop->store);
    assert_int_equal(journal_cursor(txn, STR("rules")), 0);
    store_read_end(txn);
}

static void trimming_stops_at_the_slowest_cursor(void **state)
{
    struct shop *shop = *state;
    fill(shop);
    set_cursor(shop, "rules", 8);
    set_cursor(shop, "outbox", 3);
    assert_int_equal(first_after_trim(shop, INT64_MAX, 100), 4);
    set_cursor(shop, "outbox", 9);
    assert_int_equal(first_after_trim(shop, INT64_MAX, 100), 9);
    set_cursor(shop, "rules", -1);
    assert_int_equal(first_after_trim(shop, INT64_MAX, 100), 10);
}

static void trimming_keeps_what_is_young_and_goes_by_steps(void **state)
{
    struct shop *shop = *state;
    int64_t first_ms = fill(shop);
    assert_int_equal(first_after_trim(shop, first_ms + 5000, 2), 3);
    assert_int_equal(first_after_trim(shop, first_ms + 5000, 100), 6);
    assert_int_equal(first_after_trim(shop, first_ms + 5000, 100), 6);
}

static void the_last_event_stays_so_that_numbers_go_on(void **state)
{
    struct shop *shop = *state;
    fill(shop);
    assert_int_equal(first_after_trim(shop, INT64_MAX, 100), 10);
    assert_int_equal(first_after_trim(shop, INT64_MAX, 100), 10);
    shop_close(shop);
    shop_open(shop);
    shop_add(shop, "next", 1, 1);
    assert_string_equal(events(shop, 0, 0), "10:parcel.put 11:parcel.put ");
}

static void trimming_an_empty_journal_does_nothing(void **state)
{
    assert_int_equal(first_after_trim(*state, INT64_MAX, 100), 0);
}

int main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, shop_set_up, shop_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_change_is_an_event_in_order),
        TEST(an_event_tells_when_who_and_what),
        TEST(the_numbers_go_on_after_reopening),
        TEST(a_change_that_failed_leaves_no_gap),
        cmocka_unit_test(topics_fit_patterns),
        TEST(a_cursor_is_kept_and_can_be_forgotten),
        TEST(trimming_stops_at_the_slowest_cursor),
        TEST(trimming_keeps_what_is_young_and_goes_by_steps),
        TEST(the_last_event_stays_so_that_numbers_go_on),
        TEST(trimming_an_empty_journal_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
