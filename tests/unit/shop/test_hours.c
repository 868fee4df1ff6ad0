/* Hours of the week: when they hold, by the clock on the wall. */
#include "shop/hours.h"

#include <stdlib.h>
#include <time.h>

#include "base/moment.h"
#include "house.h"

static int64_t at(const char *moment)
{
    int64_t ms = 0;
    assert_true(moment_parse(str_of(moment), &ms));
    return ms;
}

static void be_in(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

static struct hours every_day(const char *from, const char *to)
{
    return (struct hours){ .from = str_of(from), .to = str_of(to) };
}

static void assert_holds(const struct hours *hours, const char *moment,
                         bool holds, const char *until)
{
    char text[MOMENT_BYTES];
    int64_t changes_ms = 0;
    bool got = hours_hold(hours, at(moment), &changes_ms);
    if (got != holds || changes_ms != at(until))
        fail_msg("at %s: %s until %s", moment, got ? "holds" : "does not hold",
                 moment_text(changes_ms, text).ptr);
}

static void a_night_ends_on_the_day_after(void **state)
{
    (void)state;
    be_in("UTC");
    struct hours night = every_day("22:00", "07:00");
    assert_holds(&night, "2026-01-05T21:59:59Z", false, "2026-01-05T22:00:00Z");
    assert_holds(&night, "2026-01-05T22:00:00Z", true, "2026-01-06T07:00:00Z");
    assert_holds(&night, "2026-01-06T06:59:59Z", true, "2026-01-06T07:00:00Z");
    assert_holds(&night, "2026-01-06T07:00:00Z", false, "2026-01-06T22:00:00Z");
}

/* The night from Friday to Saturday belongs to Friday. */
static void a_night_belongs_to_the_day_on_which_it_begins(void **state)
{
    (void)state;
    be_in("UTC");
    spd_str days[] = { STR("fri") };
    struct hours night = every_day("22:00", "07:00");
    night.days = (struct list){ days, 1 };
    assert_holds(&night, "2026-01-09T03:00:00Z", false, "2026-01-09T22:00:00Z");
    assert_holds(&night, "2026-01-10T03:00:00Z", true, "2026-01-10T07:00:00Z");
    assert_holds(&night, "2026-01-10T08:00:00Z", false, "2026-01-16T22:00:00Z");
}

static void a_whole_day_lasts_until_the_next(void **state)
{
    (void)state;
    be_in("UTC");
    spd_str days[] = { STR("sun") };
    struct hours sunday = every_day("00:00", "00:00");
    sunday.days = (struct list){ days, 1 };
    assert_holds(&sunday, "2026-01-10T23:59:00Z", false,
                 "2026-01-11T00:00:00Z");
    assert_holds(&sunday, "2026-01-11T23:59:00Z", true, "2026-01-12T00:00:00Z");
    assert_holds(&sunday, "2026-01-12T00:00:00Z", false,
                 "2026-01-18T00:00:00Z");
}

/* On 2026-03-29 the clocks in Berlin went from 02:00 to 03:00: the night is
 * an hour shorter, and in October an hour longer. */
static void nights_keep_to_the_wall_clock_when_summer_comes_and_goes(void **s)
{
    (void)s;
    be_in("Europe/Berlin");
    struct hours night = every_day("22:00", "07:00");
    assert_holds(&night, "2026-03-28T21:00:00Z", true, "2026-03-29T05:00:00Z");
    assert_holds(&night, "2026-03-29T05:00:00Z", false, "2026-03-29T20:00:00Z");
    assert_holds(&night, "2026-10-24T20:00:00Z", true, "2026-10-25T06:00:00Z");
    assert_holds(&night, "2026-10-25T05:59:59Z", true, "2026-10-25T06:00:00Z");
}

static void the_hour_that_comes_twice_is_taken_the_first_time(void **state)
{
    (void)state;
    be_in("Europe/Berlin");
    struct hours early = every_day("02:30", "06:00");
    for (int i = 0; i < 3; i++) {
        assert_holds(&early, "2026-10-25T00:00:00Z", false,
                     "2026-10-25T00:30:00Z");
        assert_holds(&early, "2026-10-25T01:00:00Z", true,
                     "2026-10-25T05:00:00Z");
        hours_hold(&early, at("2026-01-25T01:00:00Z"), &(int64_t){ 0 });
    }
}

static void far_east_of_here_it_is_another_day(void **state)
{
    (void)state;
    be_in("Pacific/Auckland");
    spd_str days[] = { STR("mon") };
    struct hours staffed = every_day("08:00", "17:00");
    staffed.days = (struct list){ days, 1 };
    assert_holds(&staffed, "2026-01-04T19:00:00Z", true,
                 "2026-01-05T04:00:00Z");
}

static void they_are_said_in_local_time(void **state)
{
    (void)state;
    char text[HOURS_TEXT_BYTES];
    be_in("Europe/Berlin");
    assert_string_equal(hours_text(at("2026-07-06T05:00:00Z"), text),
                        "Mon 07:00");
}

static void they_are_for_the_printers_that_they_name(void **state)
{
    (void)state;
    spd_str tags[] = { STR("loud"), STR("big") };
    struct printer printer = { .id = 3,
                               .location = STR("Cellar"),
                               .tags = { tags, 2 } };
    struct hours hours = { 0 };
    assert_true(hours_are_for(&hours, &printer));
    hours.tag = STR("big");
    hours.location = STR("cellar");
    hours.printer_id = 3;
    assert_true(hours_are_for(&hours, &printer));
    hours.tag = STR("small");
    assert_false(hours_are_for(&hours, &printer));
    hours.tag = STR("");
    hours.location = STR("Attic");
    assert_false(hours_are_for(&hours, &printer));
    hours.location = STR("");
    hours.printer_id = 4;
    assert_false(hours_are_for(&hours, &printer));
}

#define NIGHT "\"name\":\"Night\",\"kind\":\"quiet\",\"from\":\"22:00\""

static void what_cannot_be_hours_is_said_field_by_field(void **state)
{
    static const struct {
        const char *input, *sentence;
    } rows[] = {
        { NIGHT, "to is required" },
        { NIGHT ",\"to\":\"24:00\"", "to must be a time of day" },
        { NIGHT ",\"to\":\"7:000\"", "to must be a time of day" },
        { NIGHT ",\"to\":\"07:60\"", "to must be a time of day" },
        { NIGHT ",\"to\":\"-1:30\"", "to must be a time of day" },
        { NIGHT ",\"to\":\"07:00\",\"days\":[\"monday\"]",
          "\\\"monday\\\" is not one of mon" },
        { NIGHT ",\"to\":\"07:00\",\"days\":[1]", "days" },
        { NIGHT ",\"to\":\"07:00\",\"printer_id\":9", "there is no printer 9" },
        { "\"name\":\"Night\",\"kind\":\"loud\",\"from\":\"22:00\",\"to\":"
          "\"07:00\"",
          "kind" },
    };
    (void)state;
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        call("hours.create", "{%s}", rows[i].input);
        assert_reply(400, rows[i].sentence);
    }
    call("hours.get", "{\"id\":1}");
    assert_reply(404, "there is no hours 1");
}

static void hours_are_made_changed_and_taken_away(void **state)
{
    (void)state;
    news();
    call("hours.create", "{" NIGHT ",\"to\":\"07:00\"}");
    assert_reply(201, "\"days\":[]");
    call("hours.create", "{" NIGHT ",\"to\":\"07:00\"}");
    assert_reply(409, "hours 1 has the same name already");
    call("hours.update", "{\"id\":1,\"from\":\"23:00\"}");
    assert_reply(200, "\"from\":\"23:00\",\"to\":\"07:00\"");
    call("hours.update", "{\"id\":1,\"from\":\"late\"}");
    assert_reply(400, "from");
    call("hours.list", "{}");
    assert_reply(200, "Night");
    call("hours.delete", "{\"id\":1}");
    assert_reply(200, "1");
    call("hours.delete", "{\"id\":1}");
    assert_reply(404, "1");
    assert_string_equal(news(), "hours.created hours.updated hours.deleted");
}

static void a_printer_takes_its_own_hours_along(void **state)
{
    (void)state;
    add_printer();
    call("hours.create", "{" NIGHT ",\"to\":\"07:00\",\"printer_id\":1}");
    assert_reply(201, "");
    call("hours.create",
         "{\"name\":\"All\",\"kind\":\"quiet\",\"from\":\"22:00\","
         "\"to\":\"07:00\"}");
    news();
    call("printers.delete", "{\"id\":1}");
    assert_reply(200, "");
    assert_string_equal(news(), "printer.deleted hours.deleted");
    call("hours.get", "{\"id\":2}");
    assert_reply(200, "All");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_night_ends_on_the_day_after),
        cmocka_unit_test(a_night_belongs_to_the_day_on_which_it_begins),
        cmocka_unit_test(a_whole_day_lasts_until_the_next),
        cmocka_unit_test(
            nights_keep_to_the_wall_clock_when_summer_comes_and_goes),
        cmocka_unit_test(the_hour_that_comes_twice_is_taken_the_first_time),
        cmocka_unit_test(far_east_of_here_it_is_another_day),
        cmocka_unit_test(they_are_said_in_local_time),
        cmocka_unit_test(they_are_for_the_printers_that_they_name),
        A_TEST(what_cannot_be_hours_is_said_field_by_field),
        A_TEST(hours_are_made_changed_and_taken_away),
        A_TEST(a_printer_takes_its_own_hours_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
