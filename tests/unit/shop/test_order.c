/* Orders: said once or often, they are the same; and what cannot be read is
 * kept for a person. */
#include "house.h"

#include <string.h>

#include "shop/order.h"

#define EUR(cents) "{\"amount\":" cents ",\"divisor\":100,\"currency\":\"EUR\"}"
#define TWO_ITEMS                                                              \
    "[{\"source_id\":\"t1\",\"title\":\"Dragon\",\"sku\":\"DR-1\","            \
    "\"listing_id\":\"9007199254740993\",\"quantity\":3,"                      \
    "\"price\":" EUR("1250") ",\"variations\":[{\"name\":\"Color\","           \
                             "\"value\":\"Red\"}]},"                           \
                             "{\"source_id\":\"t2\",\"title\":\"Sign\","       \
                             "\"personalization\":["                           \
                             "{\"name\":\"Name\",\"value\":\"Ada\"}]}]"

static void say_order(const char *more)
{
    call("orders.create",
         "{\"shop_id\":\"s1\",\"source_id\":\"r1\",\"items\":" TWO_ITEMS "%s}",
         more);
}

/* As a plugin does. */
struct saying {
    const char *source, *text;
    enum order_news news;
    int64_t id;
};

static spd_err run_say(spd_txn *txn, void *arg, struct spd_error *err)
{
    struct saying *saying = arg;
    struct arena arena = { 0 };
    struct order said;
    spd_json *json = json_parse(str_of(saying->text), err);
    assert_non_null(json);
    spd_err rc = order_read(str_of(saying->source), json, &said, &arena, err);
    if (rc == SPD_OK)
        rc = order_take(txn, &the.shop, &said, STR("plugin/market"),
                        &saying->news, &arena, err);
    saying->id = said.id;
    json_free(json);
    arena_fini(&arena);
    return rc;
}

static enum order_news take(const char *text)
{
    struct spd_error err = { 0 };
    struct saying saying = { "market", text, ORDER_SAME, 0 };
    if (store_write_now(the.shop.store, run_say, &saying, &err) != SPD_OK)
        fail_msg("%s", err.text);
    settle();
    return saying.news;
}

/* -- by hand -- */

static void an_order_is_kept_to_the_cent_and_the_piece(void **state)
{
    (void)state;
    say_order(
        ",\"total\":" EUR("4999") ",\"buyer\":{\"name\":\"Ada\"},"
                                  "\"shipping\":{\"amount\":500,\"divisor\":1,"
                                  "\"currency\":\"JPY\"}");
    assert_reply(201, "\"number\":\"r1\",");
    assert_reply(201, "\"source\":\"api\",\"shop_id\":\"s1\"");
    assert_reply(201, "\"status\":\"paid\",");
    assert_reply(201, "\"is_paid\":true,\"is_shipped\":false");
    assert_reply(201, "\"listing_id\":\"9007199254740993\"");
    assert_reply(201, "\"quantity\":3,\"price\":{\"amount\":1250,"
                      "\"divisor\":100,\"currency\":\"EUR\"}");
    assert_reply(201, "\"shipping\":{\"amount\":500,\"divisor\":1,"
                      "\"currency\":\"JPY\"}");
    assert_reply(201, "\"personalization\":[{\"name\":\"Name\","
                      "\"value\":\"Ada\"}]");
    assert_reply(201, "\"production_status\":\"NEW\"");
    assert_string_equal(news(), "order.received");
}

static void the_same_order_again_writes_nothing(void **state)
{
    (void)state;
    say_order("");
    news();
    say_order("");
    assert_reply(200, "\"id\":1,");
    assert_string_equal(news(), "");
    say_order(",\"message\":\"hurry\"");
    assert_reply(200, "\"message\":\"hurry\"");
    assert_string_equal(news(), "order.updated");
    assert_null(strstr(call("orders.list", "{}"), "\"id\":2"));
}

static void the_shops_own_words_survive_what_the_source_says(void **state)
{
    (void)state;
    say_order("");
    call("orders.update", "{\"id\":1,\"notes\":\"blue box\",\"priority\":7,"
                          "\"carrier\":\"dhl\",\"tracking_code\":\"007\"}");
    assert_reply(200, "\"tracking_code\":\"007\"");
    say_order(",\"status\":\"shipped\"");
    assert_reply(200, "\"notes\":\"blue box\"");
    assert_reply(200, "\"priority\":7,");
    assert_reply(200, "\"is_shipped\":true");
}

static void null_and_empty_are_as_absent(void **state)
{
    (void)state;
    say_order(",\"message\":\"\",\"total\":null,\"buyer\":null,"
              "\"ship_by\":null,\"url\":null");
    assert_reply(201, "\"message\":null");
    assert_reply(201, "\"total\":null");
}

static void an_absurd_quantity_is_refused(void **state)
{
    (void)state;
    call("orders.create", "{\"source_id\":\"r\",\"items\":[{\"source_id\":"
                          "\"t\",\"quantity\":-3}]}");
    assert_reply(400, "quantity must be between 1 and 10000");
    call("orders.create", "{\"source_id\":\"r\",\"items\":[{\"source_id\":"
                          "\"t\",\"quantity\":10001}]}");
    assert_reply(400, "quantity must be between 1 and 10000");
    call("orders.create", "{\"items\":[]}");
    assert_reply(400, "source_id is required");
}

static void two_lines_of_one_id_are_refused(void **state)
{
    (void)state;
    call("orders.create", "{\"source_id\":\"r\",\"items\":[{\"source_id\":"
                          "\"t\"},{\"source_id\":\"t\"}]}");
    assert_reply(422, "the source_id \\\"t\\\" twice");
}

static void an_item_keeps_its_number_when_others_come_and_go(void **state)
{
    (void)state;
    say_order("");
    call("orders.update", "{\"id\":1,\"items\":[{\"source_id\":\"t3\"},"
                          "{\"source_id\":\"t2\",\"quantity\":2}]}");
    assert_reply(200, "\"source_id\":\"t3\"");
    assert_reply(200, "\"quantity\":2,");
    const char *two = strstr(the.reply.ptr, "\"source_id\":\"t2\"");
    assert_non_null(strstr(two, "\"number\":2"));
    assert_non_null(strstr(the.reply.ptr, "\"number\":3"));
}

static void ids_that_make_the_order_are_for_good(void **state)
{
    (void)state;
    say_order("");
    call("orders.update", "{\"id\":1,\"source_id\":\"r2\"}");
    assert_reply(409, "known by its shop_id and source_id");
}

static void a_status_said_by_hand_brings_what_follows_from_it(void **state)
{
    (void)state;
    say_order(",\"status\":\"unpaid\"");
    assert_reply(201, "\"is_paid\":false");
    call("orders.update", "{\"id\":1,\"status\":\"shipped\"}");
    assert_reply(200, "\"is_paid\":true,\"is_shipped\":true");
    assert_reply(200, "\"production_status\":\"SHIPPED\"");
    news();
    call("orders.update", "{\"id\":1,\"status\":\"paid\"}");
    assert_reply(200, "\"is_shipped\":false");
}

static void the_latest_orders_come_first(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        call("orders.create",
             "{\"source_id\":\"r%d\",\"ordered_at\":\"2026-01-0%dT00:00:00Z\"}",
             i, 3 - i);
    const char *list = call("orders.list", "{\"limit\":\"1\"}");
    assert_non_null(strstr(list, "\"source_id\":\"r0\""));
    list = call("orders.list", "{\"limit\":\"1\",\"after\":\"1\"}");
    assert_non_null(strstr(list, "\"source_id\":\"r1\""));
    call("orders.list", "{\"production_status\":\"FAILED\"}");
    assert_reply(200, "[]");
}

/* -- by a plugin -- */

#define SAID(id, more) "{\"shop_id\":\"s\",\"source_id\":\"" id "\"" more "}"

static void a_source_repeats_itself_and_nothing_happens(void **state)
{
    (void)state;
    const char *text = SAID("41", ",\"status\":\"paid\",\"total\":" EUR("100"));
    assert_int_equal(take(text), ORDER_NEW);
    assert_int_equal(take(text), ORDER_SAME);
    assert_string_equal(news(), "order.received");
    call("orders.get", "{\"id\":1}");
    assert_reply(200, "\"source\":\"market\"");
}

static void what_was_so_before_is_passed_over(void **state)
{
    (void)state;
    assert_int_equal(take(SAID("41", ",\"updated_at\":\"2026-01-02T00:00:00Z\","
                                     "\"status\":\"shipped\"")),
                     ORDER_NEW);
    assert_int_equal(take(SAID("41", ",\"updated_at\":\"2026-01-01T00:00:00Z\","
                                     "\"status\":\"paid\"")),
                     ORDER_STALE);
    call("orders.get", "{\"id\":1}");
    assert_reply(200, "\"status\":\"shipped\"");
}

static void an_unknown_status_is_kept_in_the_sources_word(void **state)
{
    (void)state;
    take(SAID("41", ",\"status\":\"other\",\"source_status\":\"In Limbo\""));
    call("orders.get", "{\"id\":1}");
    assert_reply(200, "\"status\":\"other\",\"source_status\":\"In Limbo\"");
}

static void what_does_not_fit_is_kept_raw_and_flagged(void **state)
{
    (void)state;
    assert_int_equal(take(SAID("41", ",\"items\":[{\"source_id\":\"t\","
                                     "\"quantity\":-3}]")),
                     ORDER_NEW);
    assert_string_equal(news(), "order.unreadable");
    call("orders.list", "{\"problem\":\"true\"}");
    assert_reply(200, "\"problem\":\"quantity must be between 1 and 10000\"");
    assert_reply(200, "\"items\":[]");
    call("orders.raw", "{\"id\":1}");
    assert_reply(200, "\"quantity\":-3");
    assert_int_equal(take(SAID("41", ",\"items\":[{\"source_id\":\"t\","
                                     "\"quantity\":3}]")),
                     ORDER_CHANGED);
    call("orders.get", "{\"id\":1}");
    assert_reply(200, "\"problem\":null");
    assert_reply(200, "\"quantity\":3,");
    call("orders.raw", "{\"id\":1}");
    assert_reply(404, "order 1 was read");
}

static void one_that_cannot_be_read_again_keeps_what_was_read(void **state)
{
    (void)state;
    take(SAID("41", ",\"items\":[{\"source_id\":\"t\",\"quantity\":3}]"));
    take(SAID("41",
              ",\"problem\":\"half of it is missing\",\"raw\":\"<html>\""));
    call("orders.get", "{\"id\":1}");
    assert_reply(200, "\"quantity\":3,");
    assert_reply(200, "\"problem\":\"half of it is missing\"");
    call("orders.raw", "{\"id\":1}");
    assert_reply(200, "<html>");
}

static void what_a_shop_says_is_changed_in_that_shop(void **state)
{
    (void)state;
    take(SAID("41", ""));
    call("orders.update", "{\"id\":1,\"status\":\"cancelled\"}");
    assert_reply(409, "comes from market: change its status there");
    call("orders.update", "{\"id\":1,\"notes\":\"ours\"}");
    assert_reply(200, "\"notes\":\"ours\"");
}

static void a_broken_order_may_be_put_right_by_hand(void **state)
{
    (void)state;
    take(SAID("41", ",\"total\":7"));
    call("orders.update", "{\"id\":1,\"problem\":null,\"status\":\"paid\","
                          "\"items\":[{\"source_id\":\"t\"}]}");
    assert_reply(200, "\"problem\":null");
    call("orders.raw", "{\"id\":1}");
    assert_int_equal(the.status, 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(an_order_is_kept_to_the_cent_and_the_piece),
        A_TEST(the_same_order_again_writes_nothing),
        A_TEST(the_shops_own_words_survive_what_the_source_says),
        A_TEST(null_and_empty_are_as_absent),
        A_TEST(an_absurd_quantity_is_refused),
        A_TEST(two_lines_of_one_id_are_refused),
        A_TEST(an_item_keeps_its_number_when_others_come_and_go),
        A_TEST(ids_that_make_the_order_are_for_good),
        A_TEST(a_status_said_by_hand_brings_what_follows_from_it),
        A_TEST(the_latest_orders_come_first),
        A_TEST(a_source_repeats_itself_and_nothing_happens),
        A_TEST(what_was_so_before_is_passed_over),
        A_TEST(an_unknown_status_is_kept_in_the_sources_word),
        A_TEST(what_does_not_fit_is_kept_raw_and_flagged),
        A_TEST(one_that_cannot_be_read_again_keeps_what_was_read),
        A_TEST(what_a_shop_says_is_changed_in_that_shop),
        A_TEST(a_broken_order_may_be_put_right_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
