/* Products: what they cost and are sold for, and which item of an order is
 * which of them. */
#include "house.h"

#include <string.h>

static void add_dragon(const char *more)
{
    call("products.create", "{\"product_name\":\"Dragon\",\"sku\":\"DR-1\"%s}",
         more);
    assert_int_equal(the.status, 201);
}

static void set_terms(void)
{
    call("terms.update", "{\"labor_per_hour\":24,\"energy_per_kwh\":0.4,"
                         "\"printer_watts\":150,\"filament_per_kg\":20,"
                         "\"failure_rate_pct\":10}");
    assert_int_equal(the.status, 200);
}

/* -- cost and price -- */

/* 20 g of PLA and 5 g of PETG in an hour, four at a time. */
static void a_unit_costs_its_share_of_the_plate(void **state)
{
    (void)state;
    add_file("P1S");
    set_terms();
    call("spools.create", "{\"material\":\"PLA\",\"color\":\"#FF0000\","
                          "\"net_grams\":1000,\"cost\":30}");
    add_dragon(",\"file_id\":1,\"yield\":4,\"labor_minutes\":5,"
               "\"overhead_cost\":0.25,\"target_margin_pct\":50,\"bill\":["
               "{\"name\":\"magnet\",\"count\":2,\"unit_cost\":0.1}]");
    /* 20 g at 30 and 5 g at 20 the kilo make 0.70; a quarter is 0.175 */
    assert_reply(201, "\"filament\":{\"amount\":18,");
    assert_reply(201, "\"energy\":{\"amount\":2,"); /* 0.015 */
    assert_reply(201, "\"labor\":{\"amount\":200,");
    assert_reply(201, "\"overhead\":{\"amount\":25,");
    assert_reply(201, "\"bought\":{\"amount\":20,");
    assert_reply(201, "\"waste\":{\"amount\":2,"); /* 0.19 / 9 */
    assert_reply(201, "\"grams\":6.25,\"print_minutes\":15}");
    assert_reply(201, "\"unit_cost\":{\"amount\":267,");
    assert_reply(201, "\"suggested_price\":{\"amount\":401,");
}

static void several_plates_and_pieces_add_up(void **state)
{
    (void)state;
    add_file("P1S");
    set_terms();
    add_dragon(",\"parts\":[{\"file_id\":1,\"yield\":2,\"count\":4},"
               "{\"file_id\":1,\"plate\":1,\"yield\":1}]");
    assert_reply(201, "\"grams\":75,\"print_minutes\":180.05}");
}

static void prices_follow_the_terms_and_the_shelf(void **state)
{
    (void)state;
    add_file("P1S");
    add_dragon(",\"file_id\":1,\"target_margin_pct\":100");
    assert_reply(201, "\"suggested_price\":{\"amount\":0,");
    set_terms();
    call("products.get", "{\"id\":1}");
    assert_reply(200, "\"unit_cost\":{\"amount\":62,");
    assert_reply(200, "\"suggested_price\":{\"amount\":124,");
    news();
    call("terms.update", "{\"address\":\"Some street\"}");
    assert_string_equal(news(), "terms.updated");
    call("terms.update", "{\"currency\":\"JPY\",\"divisor\":1}");
    call("products.get", "{\"id\":1}");
    assert_reply(200, "\"unit_cost\":{\"amount\":1,\"divisor\":1,"
                      "\"currency\":\"JPY\"}");
}

static void what_cannot_be_printed_is_refused(void **state)
{
    (void)state;
    add_file("P1S");
    call("products.create", "{\"product_name\":\"x\",\"file_id\":9}");
    assert_reply(422, "there is no file 9");
    call("products.create",
         "{\"product_name\":\"x\",\"file_id\":1,\"plate\":7}");
    assert_reply(422, "part.gcode.3mf has no plate 7");
    call("products.create", "{\"product_name\":\"x\",\"parts\":[{}]}");
    assert_reply(422, "each part needs the file_id");
    call("products.create",
         "{\"product_name\":\"x\",\"file_id\":1,\"color\":\"reddish\"}");
    assert_reply(422, "reddish is no colour like #FF0000");
    call("products.create", "{\"product_name\":\"x\",\"file_id\":1,"
                            "\"parts\":[{\"file_id\":1}]}");
    assert_reply(422, "not both");
    call("products.create", "{\"product_name\":\"x\",\"yield\":0}");
    assert_reply(400, "yield must be between 1 and 10000");
}

static void a_number_is_one_products(void **state)
{
    (void)state;
    add_dragon("");
    call("products.create", "{\"product_name\":\"y\",\"sku\":\" dr-1\"}");
    assert_reply(409, "product 1 has the same sku already");
}

/* -- which item is which -- */

#define RED "[{\"name\":\"Color\",\"value\":\"Red\"}]"

static void order(const char *source_id, const char *item)
{
    call("orders.create",
         "{\"source_id\":\"%s\",\"items\":[{\"source_id\":\"t\"%s}]}",
         source_id, item);
    assert_int_equal(the.status, 201);
}

static void an_item_is_known_by_its_number(void **state)
{
    (void)state;
    add_dragon("");
    order("r1", ",\"sku\":\"dr-1 \"");
    assert_reply(201, "\"product_id\":1");
    order("r2", ",\"title\":\"Dragon\"");
    assert_reply(201, "\"product_id\":null");
}

static void an_item_is_known_by_listing_and_variations(void **state)
{
    (void)state;
    add_dragon("");
    call("products.create", "{\"product_name\":\"Other\"}");
    call("listings.create", "{\"product_id\":2,\"source\":\"api\","
                            "\"listing_id\":\"77\"}");
    call("listings.create", "{\"product_id\":1,\"source\":\"api\","
                            "\"listing_id\":\"77\",\"variations\":[{\"name\":"
                            "\"color \",\"value\":\"RED\"},{\"name\":\"Size\","
                            "\"value\":\"L\"}]}");
    assert_int_equal(the.status, 201);
    order("r1", ",\"listing_id\":\"77\",\"variations\":[{\"name\":\"size\","
                "\"value\":\"l\"},{\"name\":\"Color\",\"value\":\"Red\"}]");
    assert_reply(201, "\"product_id\":1");
    order("r2", ",\"listing_id\":\"77\",\"variations\":" RED);
    assert_reply(201, "\"product_id\":2");
    order("r3", ",\"listing_id\":\"78\"");
    assert_reply(201, "\"product_id\":null");
}

static void what_a_person_said_once_is_remembered(void **state)
{
    (void)state;
    add_dragon("");
    order("r1", ",\"listing_id\":\"5\",\"variations\":" RED);
    call("orders.list", "{\"unmatched\":\"true\"}");
    assert_reply(200, "\"source_id\":\"r1\"");
    call("orders.set_product", "{\"id\":1,\"number\":1,\"product_id\":1}");
    assert_reply(200, "\"product_id\":1");
    call("orders.list", "{\"unmatched\":\"true\"}");
    assert_reply(200, "[]");
    order("r2", ",\"listing_id\":\"5\",\"variations\":" RED);
    assert_reply(201, "\"product_id\":1");
    order("r3", ",\"listing_id\":\"5\"");
    assert_reply(201, "\"product_id\":null");
    call("orders.set_product", "{\"id\":1,\"number\":4,\"product_id\":1}");
    assert_reply(404, "order 1 has no item 4");
    call("orders.set_product", "{\"id\":1,\"number\":1,\"product_id\":9}");
    assert_reply(422, "there is no product 9");
}

static void what_leads_to_a_product_goes_with_it(void **state)
{
    (void)state;
    add_dragon("");
    call("listings.create", "{\"product_id\":1,\"source\":\"api\","
                            "\"sku\":\"old\"}");
    order("r1", ",\"sku\":\"OLD\"");
    assert_reply(201, "\"product_id\":1");
    call("products.delete", "{\"id\":1}");
    assert_int_equal(the.status, 200);
    call("listings.list", "{}");
    assert_reply(200, "[]");
    order("r2", ",\"sku\":\"OLD\"");
    assert_reply(201, "\"product_id\":null");
}

static void an_offer_leads_to_one_product(void **state)
{
    (void)state;
    add_dragon("");
    call("listings.create",
         "{\"product_id\":1,\"source\":\"api\",\"sku\":\"a\"}");
    call("listings.create",
         "{\"product_id\":1,\"source\":\"api\",\"sku\":\"A\"}");
    assert_reply(409, "has the same key already");
    call("listings.create", "{\"product_id\":1,\"source\":\"api\"}");
    assert_reply(422, "an sku, or a listing_id");
    call("listings.create",
         "{\"product_id\":3,\"source\":\"api\",\"sku\":\"b\"}");
    assert_reply(422, "there is no product 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_unit_costs_its_share_of_the_plate),
        A_TEST(several_plates_and_pieces_add_up),
        A_TEST(prices_follow_the_terms_and_the_shelf),
        A_TEST(what_cannot_be_printed_is_refused),
        A_TEST(a_number_is_one_products),
        A_TEST(an_item_is_known_by_its_number),
        A_TEST(an_item_is_known_by_listing_and_variations),
        A_TEST(what_a_person_said_once_is_remembered),
        A_TEST(what_leads_to_a_product_goes_with_it),
        A_TEST(an_offer_leads_to_one_product),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
