/* The shelf: what is left of a spool is what its ledger says. */
#include "house.h"

#include <string.h>

#define TAGGED(slot, uuid, more)                                               \
    "{\"connection\":\"connected\",\"full\":true,\"state\":\"idle\","          \
    "\"slots\":[{\"slot\":" slot ",\"loaded\":true,"                           \
    "\"material_type\":\"PLA\",\"color\":\"#FF0000\",\"tray_uuid\":\"" uuid    \
    "\"" more "}]}"

static void add_spool(const char *more)
{
    call("spools.create", "{\"material\":\"PLA\",\"color\":\"#FF0000\"%s}",
         more);
    assert_int_equal(the.status, 201);
}

static const char *ledger(void)
{
    return call("spools.ledger", "{\"id\":1}");
}

static void a_new_spool_is_full(void **state)
{
    (void)state;
    add_spool("");
    assert_reply(201, "\"net_grams\":1000,");
    assert_reply(201, "\"remaining_grams\":1000,");
    assert_string_equal(ledger(), "[]");
}

static void a_begun_spool_comes_with_a_correction(void **state)
{
    (void)state;
    add_spool(",\"remaining_grams\":750.5,\"cost\":20");
    assert_reply(201, "\"remaining_grams\":750.5,");
    ledger();
    assert_reply(200, "\"why\":\"correction\"");
    assert_reply(200, "\"grams\":249.5,\"cost\":4.99,");
}

static void the_scale_knows_better(void **state)
{
    (void)state;
    add_spool(",\"tare_grams\":250");
    call("spools.weigh", "{\"id\":1,\"gross_grams\":850}");
    assert_reply(200, "\"remaining_grams\":600,");
    call("spools.weigh", "{\"id\":1,\"net_grams\":610}");
    assert_reply(200, "\"remaining_grams\":610,");
    ledger();
    assert_reply(200, "\"why\":\"weigh-in\"");
    assert_reply(200, "\"grams\":400,");
    assert_reply(200, "\"grams\":-10,");
}

static void weighing_what_was_known_is_no_entry(void **state)
{
    (void)state;
    add_spool("");
    call("spools.weigh", "{\"id\":1,\"net_grams\":1000}");
    assert_int_equal(the.status, 200);
    assert_string_equal(ledger(), "[]");
}

static void a_weight_that_cannot_be_is_refused(void **state)
{
    (void)state;
    add_spool("");
    call("spools.weigh", "{\"id\":1,\"gross_grams\":850}");
    assert_reply(409, "nobody said what the empty spool 1 weighs");
    call("spools.update", "{\"id\":1,\"tare_grams\":250}");
    call("spools.weigh", "{\"id\":1,\"gross_grams\":200}");
    assert_reply(422, "200 g is less than the empty spool's 250 g");
    call("spools.weigh", "{\"id\":1}");
    assert_reply(400, "give gross_grams or net_grams");
    call("spools.weigh", "{\"id\":1,\"gross_grams\":800,\"net_grams\":5}");
    assert_reply(400, "give gross_grams or net_grams");
    call("spools.weigh", "{\"id\":9,\"net_grams\":5}");
    assert_reply(404, "there is no spool 9");
}

static void nobody_knows_is_not_nothing_until_somebody_weighs(void **state)
{
    (void)state;
    add_spool(",\"remaining_grams\":null,\"low_stock_threshold\":500");
    assert_reply(201, "\"remaining_grams\":null");
    assert_null(strstr(news(), "spool.low"));
    call("spools.weigh", "{\"id\":1,\"net_grams\":400}");
    assert_reply(200, "\"remaining_grams\":400,");
    assert_non_null(strstr(news(), "spool.low"));
}

static void another_net_weight_leaves_what_was_taken(void **state)
{
    (void)state;
    add_spool(",\"remaining_grams\":900");
    call("spools.update", "{\"id\":1,\"net_grams\":750}");
    assert_reply(200, "\"remaining_grams\":650,");
    call("spools.update", "{\"id\":1,\"net_grams\":50}");
    assert_reply(200, "\"remaining_grams\":0,");
}

/* Who typed "pla" in "#ff0000" was warned though more stood on the shelf. */
static void one_filament_is_one_stock_in_any_case_of_letters(void **state)
{
    (void)state;
    call("spools.create", "{\"material\":\"PLA\",\"color\":\"#FF0000\"}");
    news();
    call("spools.create", "{\"material\":\"pla\",\"color\":\"#ff0000\","
                          "\"low_stock_threshold\":1500}");
    assert_null(strstr(news(), "spool.low"));
}

static void a_shortage_is_told_once_and_again_after_it_was_filled(void **state)
{
    (void)state;
    add_spool(",\"low_stock_threshold\":1200");
    assert_non_null(strstr(news(), "spool.low"));
    add_spool("");
    assert_null(strstr(news(), "spool.low"));
    call("spools.weigh", "{\"id\":1,\"net_grams\":200}");
    assert_null(strstr(news(), "spool.low"));
    call("spools.weigh", "{\"id\":1,\"net_grams\":199}");
    assert_non_null(strstr(news(), "spool.low"));
    call("spools.weigh", "{\"id\":2,\"net_grams\":10}");
    assert_null(strstr(news(), "spool.low"));
}

static void another_colour_is_another_stock(void **state)
{
    (void)state;
    call("spools.create", "{\"material\":\"PLA\",\"color\":\"#00FF00\"}");
    news();
    add_spool(",\"low_stock_threshold\":1200");
    assert_non_null(strstr(news(), "spool.low"));
}

static void a_tagged_spool_comes_to_the_shelf_at_first_sight(void **state)
{
    (void)state;
    add_printer();
    say(TAGGED("0", "A0", ",\"weight_grams\":1000,\"remaining_pct\":40"));
    call("spools.list", "{}");
    assert_reply(200, "\"remaining_grams\":400,");
    assert_reply(200, "\"tray_uuid\":\"A0\"");
    call("materials.list", "{\"printer_id\":1}");
    assert_reply(200, "\"spool_id\":1,");
    say(TAGGED("0", "A0", ",\"weight_grams\":1000,\"remaining_pct\":30"));
    call("spools.get", "{\"id\":1}");
    assert_reply(200, "\"remaining_grams\":400,");
}

static void a_tagged_spool_of_unknown_rest_is_not_called_empty(void **state)
{
    (void)state;
    add_printer();
    say(TAGGED("0", "A0", ",\"weight_grams\":1000"));
    call("spools.get", "{\"id\":1}");
    assert_reply(200, "\"remaining_grams\":null");
}

static void a_tagged_spool_keeps_its_cost_in_another_slot(void **state)
{
    (void)state;
    add_printer();
    add_spool(",\"tray_uuid\":\"A0\",\"cost\":25,\"remaining_grams\":800");
    say(TAGGED("0", "A0", ""));
    call("materials.list", "{\"printer_id\":1}");
    assert_reply(200, "\"remaining_grams\":800,");
    assert_reply(200, "\"cost_per_kg\":25,\"spool_id\":1,");
    say(TAGGED("3", "A0", ""));
    call("materials.list", "{\"printer_id\":1}");
    assert_reply(200, "\"spool_id\":null,");
    assert_reply(200, "\"cost_per_kg\":25,\"spool_id\":1,");
    assert_null(strstr(call("spools.list", "{}"), "\"id\":2"));
}

static void what_is_said_of_a_loaded_spool_goes_into_its_ledger(void **state)
{
    (void)state;
    add_printer();
    add_spool("");
    call("materials.create", "{\"printer_id\":1,\"slot\":2,\"material_type\":"
                             "\"PLA\",\"spool_id\":1}");
    assert_reply(201, "\"remaining_grams\":1000,");
    call("materials.update", "{\"material_id\":1,\"remaining_grams\":300}");
    assert_reply(200, "\"remaining_pct\":30,\"remaining_grams\":300,");
    ledger();
    assert_reply(200, "\"grams\":700,");
    call("spools.weigh", "{\"id\":1,\"net_grams\":250}");
    call("materials.list", "{\"printer_id\":1}");
    assert_reply(200, "\"remaining_pct\":25,\"remaining_grams\":250,");
}

static void a_spool_that_is_not_there_cannot_be_loaded(void **state)
{
    (void)state;
    add_printer();
    call("materials.create", "{\"printer_id\":1,\"slot\":2,\"material_type\":"
                             "\"PLA\",\"spool_id\":7}");
    assert_reply(404, "there is no spool 7");
}

static void a_spool_is_assigned_where_only_one_can_be_meant(void **state)
{
    (void)state;
    add_printer();
    for (int slot = 0; slot < 3; slot++)
        call("materials.create",
             "{\"printer_id\":1,\"slot\":%d,\"material_type\":\"PLA\","
             "\"color\":\"#%d0FF00\"}",
             slot, slot);
    call("spools.create", "{\"material\":\"pla\",\"color\":\"#00ff00\","
                          "\"cost\":20}");
    for (int i = 0; i < 2; i++)
        call("spools.create", "{\"material\":\"PLA\",\"color\":\"#10FF00\"}");
    call("spools.auto_assign", "{}");
    assert_reply(200, "{\"printer_id\":1,\"slot\":0,\"spool_id\":1,"
                      "\"reason\":null}");
    assert_reply(200, "\"slot\":1,\"spool_id\":null,\"reason\":\"2 spools on "
                      "the shelf are PLA in #10FF00; say which it is\"");
    assert_reply(200, "\"reason\":\"no spool on the shelf is PLA in #20FF00\"");
    call("materials.list", "{\"printer_id\":1}");
    assert_reply(200, "\"remaining_grams\":1000,");
    assert_reply(200, "\"cost_per_kg\":20,\"spool_id\":1,");
    call("spools.auto_assign", "{\"printer_id\":7}");
    assert_reply(422, "there is no printer 7");
}

static void a_loaded_spool_is_not_thrown_away(void **state)
{
    (void)state;
    add_printer();
    add_spool("");
    call("materials.create", "{\"printer_id\":1,\"slot\":2,\"material_type\":"
                             "\"PLA\",\"spool_id\":1}");
    call("spools.delete", "{\"id\":1}");
    assert_reply(409, "spool 1 is loaded in slot 2 of printer 1");
    call("materials.update", "{\"material_id\":1,\"spool_id\":null}");
    call("spools.delete", "{\"id\":1}");
    assert_int_equal(the.status, 200);
    call("spools.get", "{\"id\":1}");
    assert_reply(404, "there is no spool 1");
}

static void a_label_shows_what_people_wrote_and_nothing_else(void **state)
{
    (void)state;
    add_spool(",\"vendor\":\"<script>&\",\"lot\":\"a\\u0001b\"");
    call("spools.label", "{\"id\":1}");
    assert_reply(200, ">&#60;script&#62;&#38;</text>");
    assert_reply(200, ">a&#32;b</text>");
    assert_reply(200, ">No. 1, 1000 g</text>");
    assert_reply(200, "<path transform=\"translate(3 3) scale(1.142857)\"");
    call("spools.label", "{\"id\":2}");
    assert_reply(404, "there is no spool 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_new_spool_is_full),
        A_TEST(a_begun_spool_comes_with_a_correction),
        A_TEST(the_scale_knows_better),
        A_TEST(weighing_what_was_known_is_no_entry),
        A_TEST(a_weight_that_cannot_be_is_refused),
        A_TEST(nobody_knows_is_not_nothing_until_somebody_weighs),
        A_TEST(another_net_weight_leaves_what_was_taken),
        A_TEST(one_filament_is_one_stock_in_any_case_of_letters),
        A_TEST(a_shortage_is_told_once_and_again_after_it_was_filled),
        A_TEST(another_colour_is_another_stock),
        A_TEST(a_tagged_spool_comes_to_the_shelf_at_first_sight),
        A_TEST(a_tagged_spool_of_unknown_rest_is_not_called_empty),
        A_TEST(a_tagged_spool_keeps_its_cost_in_another_slot),
        A_TEST(what_is_said_of_a_loaded_spool_goes_into_its_ledger),
        A_TEST(a_spool_that_is_not_there_cannot_be_loaded),
        A_TEST(a_spool_is_assigned_where_only_one_can_be_meant),
        A_TEST(a_loaded_spool_is_not_thrown_away),
        A_TEST(a_label_shows_what_people_wrote_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
