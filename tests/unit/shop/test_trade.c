/* Customers, papers and what a stretch of time brought. */
#include "house.h"

#include <stdio.h>
#include <string.h>

#include "shop/customer.h"

#define EUR(cents) "{\"amount\":" cents ",\"currency\":\"EUR\"}"

static void buy(const char *id, const char *buyer, const char *more)
{
    call("orders.create",
         "{\"source_id\":\"%s\",\"buyer\":{\"id\":\"%s\",\"name\":\"Ada\"},"
         "\"total\":" EUR("1000") "%s}",
         id, buyer, more);
    assert_int_equal(the.status, 201);
}

static void who_buys_again_is_known(void **state)
{
    (void)state;
    buy("r1", "77", ",\"ordered_at\":\"2026-01-01T00:00:00Z\"");
    assert_reply(201, "\"customer_id\":1}");
    buy("r2", "78", "");
    buy("r3", "77", ",\"ordered_at\":\"2026-01-03T00:00:00Z\"");
    call("customers.get", "{\"id\":1}");
    assert_reply(200, "\"name\":\"Ada\"");
    assert_reply(200, "\"segment\":\"returning\",\"orders\":2,"
                      "\"spent\":{\"amount\":2000,");
    assert_reply(200, "\"first_at\":\"2026-01-01T00:00:00.000Z\","
                      "\"last_at\":\"2026-01-03T00:00:00.000Z\"");
    call("customers.list", "{\"segment\":\"new\"}");
    assert_reply(200, "\"source_id\":\"78\"");
    const char *history = call("customers.orders", "{\"id\":1}");
    const char *third = strstr(history, "\"source_id\":\"r3\"");
    assert_non_null(third);
    assert_non_null(strstr(third, "\"source_id\":\"r1\""));
    assert_null(strstr(history, "\"source_id\":\"r2\""));
}

static void what_was_cancelled_was_not_bought(void **state)
{
    (void)state;
    buy("r1", "77", "");
    buy("r2", "77", "");
    call("orders.update", "{\"id\":2,\"status\":\"cancelled\"}");
    call("customers.get", "{\"id\":1}");
    assert_reply(200, "\"segment\":\"new\",\"orders\":1,"
                      "\"spent\":{\"amount\":1000,");
}

static void notes_on_a_customer_stay(void **state)
{
    (void)state;
    buy("r1", "77", "");
    call("customers.update",
         "{\"id\":1,\"notes\":\"likes red\",\"tags\":[\"friend\"]}");
    buy("r2", "77", "");
    call("customers.get", "{\"id\":1}");
    assert_reply(200, "\"notes\":\"likes red\",\"tags\":[\"friend\"]");
}

static void an_order_that_was_anothers_is_counted_once(void **state)
{
    (void)state;
    buy("r1", "77", "");
    buy("r2", "77", "");
    call("orders.update", "{\"id\":2,\"buyer\":{\"id\":\"78\"}}");
    assert_reply(200, "\"customer_id\":2}");
    call("customers.get", "{\"id\":1}");
    assert_reply(200, "\"orders\":1,");
    call("customers.get", "{\"id\":2}");
    assert_reply(200, "\"orders\":1,");
}

static spd_err run_miscount(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct change change = { "customer.updated", STR("person/1") };
    struct arena arena = { 0 };
    struct customer customer;
    spd_err rc = record_get(txn, &customer_kind, 1, &customer, &arena, err);
    customer.orders += *(const int64_t *)arg;
    if (rc == SPD_OK)
        rc = record_put(txn, &customer_kind, &customer, &change, err);
    arena_fini(&arena);
    return rc;
}

static void miscount(int64_t by)
{
    struct spd_error err = { 0 };
    if (store_write_now(the.shop.store, run_miscount, &by, &err) != SPD_OK)
        fail_msg("%s", err.text);
}

static void note_breach(void *arg, const char *sentence)
{
    snprintf(arg, 100, "%s", sentence);
}

static void a_wrong_count_is_found(void **state)
{
    (void)state;
    char said[100] = "";
    buy("r1", "77", "");
    miscount(2);
    assert_int_equal(shop_check(the.shop.store, note_breach, said), 1);
    assert_string_equal(said, "customer 1 has 3 orders, and there are 1");
    miscount(-2);
}

static void an_address_stands_in_for_an_id(void **state)
{
    (void)state;
    for (int i = 1; i <= 2; i++)
        call("orders.create",
             "{\"source_id\":\"r%d\",\"buyer\":{\"email\":\"a@b.example\"}}",
             i);
    assert_reply(201, "\"customer_id\":1}");
    call("orders.create", "{\"source_id\":\"r9\"}");
    assert_reply(201, "\"customer_id\":null}");
}

static void
a_packing_slip_shows_what_is_in_the_parcel_and_no_price(void **state)
{
    (void)state;
    call("terms.update", "{\"name\":\"Ada & Sons\",\"address\":\"Here 1\"}");
    buy("r1", "77",
        ",\"number\":\"A-7\",\"is_gift\":true,\"gift_message\":\"<b>Hi</b>\","
        "\"ship_to\":{\"name\":\"Bob\",\"line1\":\"There 2\",\"zip\":\"123\","
        "\"city\":\"Town\",\"country\":\"DE\"},\"items\":[{\"source_id\":\"t\","
        "\"title\":\"Sign\",\"quantity\":3,\"price\":" EUR(
            "12345") ",\"variations\":[{\"name\":\"Color\",\"value\":"
                     "\"Red\"}],\"personalization\":[{\"name\":\"Name\","
                     "\"value\":\"Zoë\\nMax\"}]}]");
    const char *page = call("orders.packing_slip", "{\"id\":1}");
    assert_int_equal(the.status, 200);
    static const char *const shown[] = {
        "<h1>Ada &#38; Sons</h1>",
        "Order A-7",
        "Bob<br>",
        "There 2<br>",
        "123 Town<br>",
        ">3</td><td>Sign",
        "Color: Red",
        "Name: Zoë\nMax",
        "&#60;b&#62;Hi&#60;/b&#62;",
    };
    for (size_t i = 0; i < SPD_COUNT(shown); i++)
        if (strstr(page, shown[i]) == NULL)
            fail_msg("%s is wanted in %s", shown[i], page);
    assert_null(strstr(page, "123.45"));
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "style="));
}

static void a_picking_list_shows_what_is_ready(void **state)
{
    (void)state;
    call("orders.picking_list", "{}");
    assert_reply(200, "No order is ready.");
    buy("r1", "77", ",\"items\":[{\"source_id\":\"t\",\"title\":\"Sign\"}]");
    buy("r2", "77", "");
    call("orders.update", "{\"id\":1,\"production_status\":\"PRINTED\"}");
    const char *page = call("orders.picking_list", "{}");
    assert_non_null(strstr(page, "Order r1"));
    assert_non_null(strstr(page, "Sign"));
    assert_null(strstr(page, "Order r2"));
}

static void labels_of_many_spools_are_one_page(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        call("spools.create", "{\"material\":\"PLA\",\"vendor\":\"<b>\"}");
    call("spools.label_sheet", "{\"after\":\"1\"}");
    assert_reply(200, "No. 2,");
    assert_reply(200, "No. 3,");
    assert_null(strstr(the.reply.ptr, "No. 1,"));
    assert_null(strstr(the.reply.ptr, "<b>"));
}

static void a_stretch_of_time_is_added_up_by_product(void **state)
{
    (void)state;
    call("terms.update", "{\"labor_per_hour\":60}");
    call("products.create", "{\"product_name\":\"Sign\",\"sku\":\"S\","
                            "\"labor_minutes\":2}");
    buy("r1", "1",
        ",\"ordered_at\":\"2026-01-01T00:00:00Z\",\"items\":[{"
        "\"source_id\":\"a\",\"sku\":\"S\",\"quantity\":2,"
        "\"price\":" EUR(
            "300") "},{\"source_id\":\"b\","
                   "\"price\":" EUR("400") "}],\"fees\":[{\"amount\":" EUR(
                       "50") "}]");
    buy("r2", "1", ",\"ordered_at\":\"2026-02-01T00:00:00Z\"");
    call("orders.create", "{\"source_id\":\"r3\",\"total\":{\"amount\":5,"
                          "\"currency\":\"USD\"}}");
    call("earnings.get", "{\"until\":\"2026-01-15T00:00:00Z\"}");
    assert_reply(200, "\"orders\":1,\"not_counted\":1,"
                      "\"revenue\":{\"amount\":1000,");
    assert_reply(200, "\"labor\":{\"amount\":400,");
    assert_reply(200, "\"profit\":{\"amount\":550,");
    assert_reply(200, "\"margin_pct\":55,");
    assert_reply(200, "{\"product_id\":1,\"product_name\":\"Sign\","
                      "\"quantity\":2,\"revenue\":{\"amount\":600,");
    assert_reply(200, "\"profit\":{\"amount\":170,");
    call("earnings.get", "{\"since\":\"2026-01-15T00:00:00Z\"}");
    assert_reply(200, "\"orders\":1,");
    assert_reply(200, "\"products\":[]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(who_buys_again_is_known),
        A_TEST(what_was_cancelled_was_not_bought),
        A_TEST(notes_on_a_customer_stay),
        A_TEST(an_order_that_was_anothers_is_counted_once),
        A_TEST(a_wrong_count_is_found),
        A_TEST(an_address_stands_in_for_an_id),
        A_TEST(a_packing_slip_shows_what_is_in_the_parcel_and_no_price),
        A_TEST(a_picking_list_shows_what_is_ready),
        A_TEST(labels_of_many_spools_are_one_page),
        A_TEST(a_stretch_of_time_is_added_up_by_product),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
