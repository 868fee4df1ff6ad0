/* What is loaded: the printer's word, people's word, and who is right when. */
#include "house.h"

#include <string.h>

#include "shop/material.h"

/* Connected and idle, with this in slot 0. */
#define SPOOL(loaded, type, color, more)                                       \
    "{\"connection\":\"connected\",\"full\":true,\"state\":\"idle\","          \
    "\"slots\":[{\"slot\":0,\"loaded\":" loaded ",\"material_type\":\"" type   \
    "\",\"color\":\"" color "\"" more "}]}"
#define RED SPOOL("true", "PLA", "#FF0000", "")
#define GREEN SPOOL("true", "PLA", "#00FF00", "")
#define NONE SPOOL("false", "", "", "")

static const char *loaded(void)
{
    return call("materials.list", "{\"printer_id\":1}");
}

static void a_spool_that_is_reported_is_found_once(void **state)
{
    (void)state;
    add_printer();
    say(RED);
    assert_string_equal(news(), "printer.idle material.found");
    loaded();
    assert_reply(200, "\"material_type\":\"PLA\",\"color\":\"#FF0000\"");
    say(RED);
    say(RED);
    assert_string_equal(news(), "");
}

static void an_empty_slot_nobody_asked_about_is_not_kept(void **state)
{
    (void)state;
    add_printer();
    say(NONE);
    assert_string_equal(loaded(), "[]");
}

static void grams_follow_from_weight_and_percent(void **state)
{
    (void)state;
    add_printer();
    say(SPOOL("true", "PLA", "#FF0000",
              ",\"weight_grams\":1000,\"remaining_pct\":40"));
    loaded();
    assert_reply(200, "\"remaining_grams\":400");
}

static void another_spool_starts_anew(void **state)
{
    (void)state;
    add_printer();
    say(RED);
    call("materials.update",
         "{\"material_id\":1,\"remaining_grams\":250,\"cost_per_kg\":20}");
    assert_int_equal(the.status, 200);
    say(GREEN);
    loaded();
    assert_reply(200, "\"remaining_grams\":null");
    assert_reply(200, "\"cost_per_kg\":null");
    assert_reply(200, "\"color\":\"#00FF00\"");
}

static void the_same_spool_taken_out_and_put_back_keeps_its_grams(void **s)
{
    (void)s;
    add_printer();
    say(RED);
    call("materials.update", "{\"material_id\":1,\"remaining_grams\":250}");
    say(SPOOL("false", "PLA", "#FF0000", ""));
    say(RED);
    loaded();
    assert_reply(200, "\"remaining_grams\":250");
}

/* The unit it was in hung on another printer by then, and jobs went on being
 * promised its filament. */
static void a_slot_that_is_listed_no_more_is_empty_until_it_comes_back(void **s)
{
    (void)s;
    static const char elsewhere[] =
        "{\"connection\":\"connected\",\"full\":true,\"state\":\"idle\","
        "\"slots\":[{\"slot\":254,\"loaded\":false,\"external\":true}]}";
    static const char unlisted[] =
        "{\"connection\":\"connected\",\"full\":true,\"slots\":[]}";
    struct arena arena = { 0 };
    struct material material;
    add_printer();
    say(RED);
    call("materials.update", "{\"material_id\":1,\"remaining_grams\":250}");
    news();
    say(unlisted);
    assert_string_equal(news(), "");
    say(elsewhere);
    assert_string_equal(news(), "material.changed");
    spd_txn *txn = store_read(the.shop.store);
    assert_true(material_at(txn, 1, 0, &material, &arena));
    assert_false(material.loaded);
    store_read_end(txn);
    arena_fini(&arena);
    say(RED);
    loaded();
    assert_reply(200, "\"remaining_grams\":250");
}

/* The printer takes a spool it cannot read for what it was told last; a person
 * who looked knew better, and was overruled with the next change of state. */
static void
a_persons_word_stands_until_the_printer_says_something_new(void **state)
{
    (void)state;
    add_printer();
    say(RED);
    call("materials.update", "{\"material_id\":1,\"color\":\"#FF8800\","
                             "\"material_type\":\"PETG\","
                             "\"remaining_grams\":250}");
    assert_int_equal(the.status, 200);
    say("{\"state\":\"printing\"}");
    say("{\"state\":\"finished\"}");
    say("{\"connection\":\"unreachable\"}");
    say(RED);
    loaded();
    assert_reply(200, "\"material_type\":\"PETG\",\"color\":\"#FF8800\"");
    assert_reply(200, "\"remaining_grams\":250");
    say(GREEN);
    loaded();
    assert_reply(200, "\"color\":\"#00FF00\"");
}

/* Many printers cannot tell that there is a spool beside them. */
static void what_a_person_states_of_an_empty_slot_stands(void **state)
{
    (void)state;
    add_printer();
    say(NONE);
    call("materials.create",
         "{\"printer_id\":1,\"slot\":0,\"material_type\":\"TPU\","
         "\"color\":\"#000000\",\"weight_grams\":500,\"remaining_pct\":50}");
    assert_reply(201, "\"remaining_grams\":250");
    say("{\"state\":\"printing\"}");
    say("{\"connection\":\"unreachable\"}");
    say(NONE);
    assert_null(strstr(news(), "material.changed"));
    say(RED);
    loaded();
    assert_reply(200, "\"color\":\"#FF0000\"");
}

static void grams_and_percent_say_the_same(void **state)
{
    (void)state;
    add_printer();
    say(SPOOL("true", "PLA", "#FF0000",
              ",\"weight_grams\":1000,\"remaining_pct\":40"));
    call("materials.update", "{\"material_id\":1,\"remaining_grams\":100}");
    assert_reply(200, "\"remaining_pct\":10");
    call("materials.update", "{\"material_id\":1,\"remaining_pct\":70}");
    assert_reply(200, "\"remaining_grams\":700");
}

static void the_printers_coarse_percent_does_not_overrule_our_grams(void **s)
{
    (void)s;
    add_printer();
    say(SPOOL("true", "PLA", "#FF0000",
              ",\"weight_grams\":1000,\"remaining_pct\":40"));
    say(SPOOL("true", "PLA", "#FF0000",
              ",\"weight_grams\":1000,\"remaining_pct\":35"));
    loaded();
    assert_reply(200, "\"remaining_grams\":400");
}

static void stating_a_slot_again_replaces_what_was_stated(void **state)
{
    (void)state;
    add_printer();
    call("materials.create",
         "{\"printer_id\":1,\"slot\":5,\"material_type\":\"PLA\"}");
    assert_reply(201, "\"id\":1");
    call("materials.create",
         "{\"printer_id\":1,\"slot\":5,\"material_type\":\"ABS\"}");
    assert_reply(201, "\"id\":1");
    loaded();
    assert_reply(200, "\"material_type\":\"ABS\"");
    call("materials.create",
         "{\"printer_id\":9,\"slot\":5,\"material_type\":\"ABS\"}");
    assert_reply(404, "there is no printer 9");
}

static void a_spool_that_becomes_nearly_empty_is_said_so_once(void **state)
{
    (void)state;
    add_printer();
    call("spools.create", "{\"material\":\"PLA\",\"color\":\"#FF0000\"}");
    call("materials.create",
         "{\"printer_id\":1,\"slot\":0,\"material_type\":\"PLA\","
         "\"color\":\"#FF0000\",\"spool_id\":1}");
    assert_int_equal(the.status, 201);
    news();
    call("spools.weigh", "{\"id\":1,\"net_grams\":100}");
    assert_null(strstr(news(), "material.low"));
    call("spools.weigh", "{\"id\":1,\"net_grams\":99}");
    assert_non_null(strstr(news(), "material.updated material.low"));
    call("spools.weigh", "{\"id\":1,\"net_grams\":50}");
    assert_null(strstr(news(), "material.low"));
}

static void only_other_filament_is_called_a_change(void **state)
{
    (void)state;
    add_printer();
    say(RED);
    news();
    say(GREEN);
    assert_non_null(strstr(news(), "material.changed"));
    say(SPOOL("true", "PLA", "#00FF00",
              ",\"weight_grams\":1000,\"remaining_pct\":70"));
    assert_string_equal(news(), "material.updated");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_spool_that_is_reported_is_found_once),
        A_TEST(an_empty_slot_nobody_asked_about_is_not_kept),
        A_TEST(grams_follow_from_weight_and_percent),
        A_TEST(another_spool_starts_anew),
        A_TEST(a_slot_that_is_listed_no_more_is_empty_until_it_comes_back),
        A_TEST(the_same_spool_taken_out_and_put_back_keeps_its_grams),
        A_TEST(a_persons_word_stands_until_the_printer_says_something_new),
        A_TEST(what_a_person_states_of_an_empty_slot_stands),
        A_TEST(grams_and_percent_say_the_same),
        A_TEST(the_printers_coarse_percent_does_not_overrule_our_grams),
        A_TEST(stating_a_slot_again_replaces_what_was_stated),
        A_TEST(a_spool_that_becomes_nearly_empty_is_said_so_once),
        A_TEST(only_other_filament_is_called_a_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
