/* What there is of each filament, what is reserved, and where it ends. The
 * clock stands at 00:00; the first printer's slot 0 has a kilogram of red PLA.
 */
#include "stage.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

static spd_json *list;

static const spd_json *filament(const char *material, const char *color)
{
    json_free(list);
    list = json_parse(str_of(call("filament.list", "{}")), NULL);
    assert_int_equal(the.status, 200);
    for (const spd_json *row = json_first(list); row != NULL;
         row = json_next(row))
        if (str_is(json_as_str(json_member(row, "material"), STR("")),
                   material) &&
            str_is(json_as_str(json_member(row, "color"), STR("")), color))
            return row;
    fail_msg("no %s in %s: %s", material, color, the.reply.ptr);
    return NULL;
}

static const spd_json *red(void)
{
    return filament("PLA", "#FF0000");
}

static int filament_tear_down(void **state)
{
    json_free(list);
    list = NULL;
    return stage_tear_down(state);
}

static void assert_row(const spd_json *row, const char *name, double grams)
{
    assert_grams(json_as_real(json_member(row, name), -1), grams);
}

/* At somebody else's print: it takes no job meanwhile. */
static void busy_printer(void)
{
    add_printer(0);
    say(0, "{\"full\":true,\"state\":\"printing\",\"submission\":\"77\"}");
}

static int64_t job_of(const char *type, const char *color, int grams,
                      const char *more)
{
    char plates[512];
    snprintf(plates, sizeof(plates),
             "[{\"index\":1,\"estimated_seconds\":3600,\"grams\":%d,"
             "\"filaments\":[{\"id\":1,\"type\":\"%s\",\"color\":\"%s\","
             "\"grams\":%d}],\"printer_model\":\"P1S\","
             "\"nozzle_diameter_mm\":0.4}]",
             grams, type, color, grams);
    return make("jobs.create", "{\"file_id\":%lld%s%s}",
                (long long)add_file(plates), more[0] == '\0' ? "" : ",", more);
}

static int64_t red_job(int grams, const char *more)
{
    return job_of("pla", "#ff0000", grams, more);
}

static void what_is_loaded_on_the_shelf_and_reserved_is_told(void **state)
{
    (void)state;
    busy_printer();
    make("spools.create", "{\"material\":\"PLA\",\"color\":\"#FF0000\","
                          "\"remaining_grams\":250}");
    red_job(100, "");
    red_job(20, "\"copies\":3");
    const spd_json *row = red();
    assert_row(row, "loaded_grams", 1000);
    assert_row(row, "shelf_grams", 250);
    assert_row(row, "waiting_grams", 160);
    assert_row(row, "free_grams", 1090);
    assert_row(row, "short_grams", 0);
    assert_int_equal(json_as_int(json_member(row, "jobs"), -1), 2);
    assert_int_equal(json_as_int(json_member(row, "printers"), -1), 1);
    assert_int_equal(json_type(json_member(row, "runs_out_at")), SPD_JSON_NULL);
}

static void what_is_reserved_is_free_again_when_the_job_is_gone(void **state)
{
    (void)state;
    busy_printer();
    int64_t job = red_job(100.0, "\"copies\":2");
    int64_t held = red_job(50, "");
    make("jobs.update", "{\"print_id\":%lld,\"copies\":3}", (long long)job);
    assert_row(red(), "waiting_grams", 350);
    make("jobs.hold", "{\"id\":%lld}", (long long)held);
    assert_row(red(), "waiting_grams", 300);
    make("jobs.cancel", "{\"print_id\":%lld}", (long long)job);
    assert_row(red(), "waiting_grams", 0);
    assert_row(red(), "free_grams", 1000);
}

static void a_print_under_way_holds_what_it_will_take(void **state)
{
    (void)state;
    add_printer(0);
    job_printing(0);
    const spd_json *row = red(), *held = json_item(json_member(row, "held"), 0);
    assert_row(row, "loaded_grams", 1000);
    assert_row(row, "printing_grams", 20);
    assert_row(row, "free_grams", 980);
    assert_int_equal(json_as_int(json_member(held, "printer_id"), -1), 1);
    assert_int_equal(json_as_int(json_member(held, "slot"), -1), 0);
    assert_row(held, "grams", 20);
    say_state(0, "finished", the.machines[0].submission, 100);
    row = red();
    assert_row(row, "loaded_grams", 980);
    assert_row(row, "printing_grams", 0);
}

static void a_job_placed_in_a_slot_holds_its_grams_there(void **state)
{
    (void)state;
    busy_printer();
    red_job(300, "\"printer_id\":1,\"material_slot\":0,\"copies\":2");
    const spd_json *held = json_item(json_member(red(), "held"), 0);
    assert_row(held, "grams", 600);
    assert_int_equal(json_as_int(json_member(held, "slot"), -1), 0);
}

/* Of 1000 g the first three take 900; the fourth begins after them. */
static void it_runs_out_at_the_job_that_finds_too_little(void **state)
{
    (void)state;
    busy_printer();
    red_job(300, "");
    red_job(300, "\"copies\":1");
    int64_t fourth = red_job(300, "");
    red_job(300, "\"priority\":1");
    const spd_json *row = red();
    assert_row(row, "short_grams", 200);
    assert_row(row, "free_grams", 0);
    assert_int_equal(json_as_int(json_member(row, "runs_out_job_id"), -1),
                     fourth);
    assert_true(str_is(json_as_str(json_member(row, "runs_out_at"), STR("")),
                       "2026-01-01T03:00:00.000Z"));
    assert_true(json_as_bool(json_member(row, "low"), false));
}

static void jobs_that_sleep_come_behind_and_not_before_their_hour(void **state)
{
    (void)state;
    busy_printer();
    int64_t late = red_job(
        500, "\"priority\":9,\"scheduled_start\":\"2026-01-01T09:00:00Z\"");
    red_job(600, "");
    const spd_json *row = red();
    assert_int_equal(json_as_int(json_member(row, "runs_out_job_id"), -1),
                     late);
    assert_true(str_is(json_as_str(json_member(row, "runs_out_at"), STR("")),
                       "2026-01-01T09:00:00.000Z"));
}

static void what_nobody_has_runs_out_at_once(void **state)
{
    (void)state;
    int64_t job = job_of("PETG", "#00FF00", 30, "");
    const spd_json *row = filament("PETG", "#00FF00");
    assert_row(row, "short_grams", 30);
    assert_int_equal(json_as_int(json_member(row, "runs_out_job_id"), -1), job);
}

static void of_what_nobody_weighed_no_end_is_foretold(void **state)
{
    (void)state;
    busy_printer();
    make("spools.create", "{\"material\":\"PLA\",\"color\":\"#FF0000\","
                          "\"remaining_grams\":null}");
    red_job(3000, "");
    const spd_json *row = red();
    assert_int_equal(json_as_int(json_member(row, "unweighed"), -1), 1);
    assert_row(row, "short_grams", 0);
    assert_false(json_as_bool(json_member(row, "low"), true));
}

static void what_counts_as_it_is_counted_beside(void **state)
{
    (void)state;
    busy_printer();
    make("spools.create", "{\"material\":\"PLA Basic\",\"color\":\"#FF0000\","
                          "\"remaining_grams\":400}");
    make("substitutions.create",
         "{\"wanted\":\"PLA\",\"accepts\":\"PLA Basic\"}");
    red_job(1500, "");
    assert_row(red(), "accepted_grams", 400);
    assert_row(red(), "short_grams", 100);
    assert_row(filament("PLA Basic", "#FF0000"), "accepted_grams", 0);
}

/* Less is free than is to be kept, though more lies there. */
static void it_is_low_when_too_little_is_free(void **state)
{
    (void)state;
    make("spools.create", "{\"material\":\"PLA\",\"color\":\"#FF0000\","
                          "\"low_stock_threshold\":500}");
    assert_false(json_as_bool(json_member(red(), "low"), true));
    red_job(600, "");
    assert_true(json_as_bool(json_member(red(), "low"), false));
    assert_row(red(), "low_stock_threshold", 500);
}

/* A spool in a slot is not on the shelf as well. */
static void a_spool_in_a_printer_is_counted_once(void **state)
{
    (void)state;
    busy_printer();
    int64_t spool =
        make("spools.create", "{\"material\":\"PLA\",\"color\":\"#FF0000\","
                              "\"remaining_grams\":700}");
    make("materials.create",
         "{\"printer_id\":1,\"slot\":0,\"material_type\":\"PLA\","
         "\"color\":\"#FF0000\",\"spool_id\":%lld}",
         (long long)spool);
    assert_row(red(), "loaded_grams", 700);
    assert_row(red(), "shelf_grams", 0);
}

/* What is kept as jobs come and go is what is found by reading them all. */
static void a_restart_finds_the_same(void **state)
{
    (void)state;
    char before[4000];
    busy_printer();
    for (int i = 1; i <= 12; i++) {
        int64_t job = job_of(i % 3 == 0 ? "PETG" : "PLA",
                             i % 2 == 0 ? "#00FF00" : "#FF0000", i * 7,
                             i % 4 == 0 ? "\"copies\":3" : "");
        if (i % 5 == 0)
            make("jobs.cancel", "{\"print_id\":%lld}", (long long)job);
        if (i % 4 == 1)
            make("jobs.update",
                 "{\"print_id\":%lld,\"copies\":2,\"printer_id\":1,"
                 "\"material_slot\":0}",
                 (long long)job);
    }
    snprintf(before, sizeof(before), "%s", call("filament.list", "{}"));
    restart();
    assert_string_equal(call("filament.list", "{}"), before);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, stage_set_up, filament_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_loaded_on_the_shelf_and_reserved_is_told),
        TEST(what_is_reserved_is_free_again_when_the_job_is_gone),
        TEST(a_print_under_way_holds_what_it_will_take),
        TEST(a_job_placed_in_a_slot_holds_its_grams_there),
        TEST(it_runs_out_at_the_job_that_finds_too_little),
        TEST(jobs_that_sleep_come_behind_and_not_before_their_hour),
        TEST(what_nobody_has_runs_out_at_once),
        TEST(of_what_nobody_weighed_no_end_is_foretold),
        TEST(what_counts_as_it_is_counted_beside),
        TEST(it_is_low_when_too_little_is_free),
        TEST(a_spool_in_a_printer_is_counted_once),
        TEST(a_restart_finds_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
