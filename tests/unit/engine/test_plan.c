/* What the plan says of the hours to come. The clock stands at 00:00. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/json.h"
#include "stage.h"

static spd_json *plan;

static void make_plan(const char *args)
{
    json_free(plan);
    plan = json_parse(str_of(call("plan.show", "%s", args)), NULL);
    assert_int_equal(the.status, 200);
}

static int plan_tear_down(void **state)
{
    json_free(plan);
    plan = NULL;
    return stage_tear_down(state);
}

static const spd_json *item(const char *list, size_t index)
{
    return json_item(json_member(plan, list), index);
}

static size_t count(const char *list)
{
    return json_count(json_member(plan, list));
}

static const spd_json *jobs_on(size_t printer)
{
    return json_member(item("printers", printer), "jobs");
}

static void assert_text(const spd_json *of, const char *name, const char *text)
{
    char is[100];
    snprintf(is, sizeof(is), "%.*s",
             STR_ARG(json_as_str(json_member(of, name), STR("(none)"))));
    assert_string_equal(is, text);
}

static void assert_number(const spd_json *of, const char *name, int64_t number)
{
    assert_int_equal(json_as_int(json_member(of, name), -1), number);
}

/* "01:30": in the hours after midnight. */
static void assert_stay(const spd_json *stay, int64_t job_id,
                        const char *starts, const char *ends)
{
    char text[64];
    assert_number(stay, "job_id", job_id);
    snprintf(text, sizeof(text), "2026-01-01T%s:00.000Z", starts);
    assert_text(stay, "starts_at", text);
    snprintf(text, sizeof(text), "2026-01-01T%s:00.000Z", ends);
    assert_text(stay, "ends_at", text);
}

/* At a print of somebody else's for half an hour more. */
static void busy_printer(int number)
{
    add_printer(number);
    say(number, "{\"full\":true,\"state\":\"printing\",\"submission\":\"77\","
                "\"remaining_minutes\":30}");
}

static int64_t job_of(int64_t file, int minutes, const char *more)
{
    return make("jobs.create",
                "{\"file_id\":%lld,\"plate\":1,"
                "\"estimated_duration_minutes\":%d%s%s}",
                (long long)file, minutes, more[0] == '\0' ? "" : ",", more);
}

static void one_print_comes_behind_the_other(void **state)
{
    (void)state;
    busy_printer(0);
    int64_t low = job_of(the.file_id, 30, "");
    int64_t high = job_of(the.file_id, 60, "\"priority\":5");
    make_plan("{}");
    assert_int_equal(json_count(jobs_on(0)), 2);
    assert_stay(json_item(jobs_on(0), 0), high, "00:40", "01:40");
    assert_stay(json_item(jobs_on(0), 1), low, "01:50", "02:20");
    assert_number(plan, "still_waiting", 0);
    assert_text(item("printers", 0), "free_at", "2026-01-01T02:30:00.000Z");
}

static void the_time_to_clear_a_plate_is_the_askers_word(void **state)
{
    (void)state;
    busy_printer(0);
    int64_t job = job_of(the.file_id, 30, "");
    make_plan("{\"changeover_minutes\":0}");
    assert_stay(json_item(jobs_on(0), 0), job, "00:30", "01:00");
}

static void work_is_spread_over_the_printers(void **state)
{
    (void)state;
    busy_printer(0);
    busy_printer(1);
    job_of(the.file_id, 60, "");
    job_of(the.file_id, 60, "");
    make_plan("{}");
    assert_int_equal(json_count(jobs_on(0)), 1);
    assert_int_equal(json_count(jobs_on(1)), 1);
}

static void each_copy_is_a_print(void **state)
{
    (void)state;
    busy_printer(0);
    int64_t job = job_of(the.file_id, 60, "\"copies\":3");
    make_plan("{\"hours\":2}");
    assert_int_equal(json_count(jobs_on(0)), 2);
    assert_stay(json_item(jobs_on(0), 1), job, "01:50", "02:50");
    assert_number(plan, "still_waiting", 1);
}

static void a_job_set_for_later_is_planned_for_then(void **state)
{
    (void)state;
    busy_printer(0);
    int64_t later =
        job_of(the.file_id, 60, "\"scheduled_start\":\"2026-01-01T05:00:00Z\"");
    make_plan("{}");
    assert_stay(json_item(jobs_on(0), 0), later, "05:00", "06:00");
}

static void jobs_that_would_miss_their_date_are_told(void **state)
{
    (void)state;
    busy_printer(0);
    int64_t late =
        job_of(the.file_id, 60, "\"ship_by\":\"2026-01-01T01:10:00Z\"");
    int64_t never =
        job_of(the.file_id, 60, "\"ship_by\":\"2026-01-01T01:30:00Z\"");
    job_of(the.file_id, 60,
           "\"priority\":1,"
           "\"ship_by\":\"2026-01-01T09:00:00Z\","
           "\"scheduled_start\":\"2026-01-01T08:00:00Z\"");
    make_plan("{\"hours\":2,\"changeover_minutes\":60}");
    assert_int_equal(count("late"), 2);
    assert_number(item("late", 0), "job_id", late);
    assert_text(item("late", 0), "ends_at", "2026-01-01T02:30:00.000Z");
    assert_number(json_item(jobs_on(0), 0), "late_minutes", 80);
    assert_number(item("late", 1), "job_id", never);
    assert_number(item("late", 1), "ends_at", -1);
}

static int64_t file_of(const char *type, const char *color, int grams)
{
    char plates[512];
    snprintf(plates, sizeof(plates),
             "[{\"index\":1,\"estimated_seconds\":3600,\"grams\":%d,"
             "\"filaments\":[{\"id\":1,\"type\":\"%s\",\"color\":\"%s\","
             "\"grams\":%d}],\"printer_model\":\"P1S\","
             "\"nozzle_diameter_mm\":0.4}]",
             grams, type, color, grams);
    return add_file(plates);
}

static void spools_to_load_are_told_with_the_hour(void **state)
{
    (void)state;
    busy_printer(0);
    int64_t red = job_of(the.file_id, 60, "\"priority\":1");
    int64_t blue = job_of(file_of("PETG", "#0000FF", 70), 60, "\"copies\":2");
    make_plan("{}");
    assert_number(json_item(jobs_on(0), 0), "job_id", red);
    assert_stay(json_item(jobs_on(0), 1), blue, "01:50", "02:50");
    assert_int_equal(count("loads"), 1);
    assert_text(item("loads", 0), "by", "2026-01-01T01:50:00.000Z");
    assert_text(item("loads", 0), "material_type", "PETG");
    assert_text(item("loads", 0), "color", "#0000FF");
    assert_number(item("loads", 0), "slot", 0);
    assert_number(item("loads", 0), "grams", 140);
    assert_number(item("loads", 0), "job_id", blue);
}

/* A kilogram lies there, and each takes 400 g. */
static void a_spool_that_runs_dry_is_loaded_anew_in_time(void **state)
{
    (void)state;
    busy_printer(0);
    int64_t file = file_of("PLA", "#FF0000", 400);
    for (int i = 0; i < 3; i++)
        job_of(file, 60, "");
    make_plan("{}");
    assert_int_equal(json_count(jobs_on(0)), 3);
    assert_int_equal(count("loads"), 1);
    assert_text(item("loads", 0), "by", "2026-01-01T03:00:00.000Z");
    assert_number(item("loads", 0), "grams", 400);
}

static void a_printer_that_is_off_is_left_out_and_why_is_said(void **state)
{
    (void)state;
    busy_printer(0);
    int64_t off = add_printer(1);
    make("printers.update", "{\"id\":%lld,\"enabled\":false}", (long long)off);
    job_of(the.file_id, 60, "");
    make_plan("{}");
    assert_int_equal(count("printers"), 1);
    assert_int_equal(count("left_out"), 1);
    assert_number(item("left_out", 0), "printer_id", off);
    assert_text(item("left_out", 0), "code", "switched_off");
}

/* Prints of an hour take an hour and a half here. */
static void prints_are_planned_as_long_as_they_take_here(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "");
    int64_t first = job_of(the.file_id, 60, "");
    answer_upload(0, SPD_OK);
    answer_start(0, SPD_OK);
    say_state(0, "printing", the.machines[0].submission, 0);
    pass_ms(90 * MINUTE);
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_job(first, "completed", "done");
    int64_t second = job_of(the.file_id, 60, "");
    make_plan("{}");
    assert_stay(json_item(jobs_on(0), 0), second, "01:40", "03:10");
}

static void a_printer_that_maintenance_blocks_is_left_out(void **state)
{
    (void)state;
    int64_t due = add_printer(0);
    make("printers.update",
         "{\"id\":%lld,\"maintenance_interval_days\":1,"
         "\"maintenance_blocks\":true,"
         "\"last_maintenance_at\":\"2025-12-24T00:00:00Z\"}",
         (long long)due);
    say_idle(0, "");
    job_of(the.file_id, 60, "");
    make_plan("{}");
    assert_number(item("left_out", 0), "printer_id", due);
    assert_text(item("left_out", 0), "code", "maintenance_due");
    assert_text(
        item("left_out", 0), "text",
        "its maintenance is due: the last one was 8 days ago, and it is "
        "to be done every 1; do it and say so");
}

static void hours(const char *kind, const char *from, const char *to)
{
    make("hours.create",
         "{\"name\":\"%s\",\"kind\":\"%s\",\"from\":\"%s\",\"to\":\"%s\"}",
         kind, kind, from, to);
}

static void nothing_is_planned_to_start_in_quiet_hours(void **state)
{
    (void)state;
    busy_printer(0);
    hours("quiet", "00:30", "07:00");
    int64_t job = job_of(the.file_id, 60, "");
    make_plan("{}");
    assert_stay(json_item(jobs_on(0), 0), job, "07:00", "08:00");
}

static void a_print_of_the_night_is_cleared_in_the_morning(void **state)
{
    (void)state;
    busy_printer(0);
    hours("staffed", "08:00", "17:00");
    job_of(the.file_id, 60, "");
    int64_t second = job_of(the.file_id, 60, "");
    make_plan("{}");
    assert_stay(json_item(jobs_on(0), 1), second, "08:10", "09:10");
}

static void an_attended_job_is_planned_for_when_somebody_is_there(void **state)
{
    (void)state;
    busy_printer(0);
    hours("staffed", "08:00", "17:00");
    int64_t job = job_of(the.file_id, 60, "\"attended\":true");
    make_plan("{}");
    assert_stay(json_item(jobs_on(0), 0), job, "08:00", "09:00");
}

static void nothing_is_changed_by_planning(void **state)
{
    (void)state;
    busy_printer(0);
    int64_t job = job_of(the.file_id, 60, "\"copies\":2");
    news();
    make_plan("{}");
    assert_string_equal(news(), "");
    assert_job(job, "queued", "waiting");
}

static void absurd_hours_are_refused(void **state)
{
    (void)state;
    call("plan.show", "{\"hours\":0}");
    assert_int_equal(the.status, 400);
    call("plan.show", "{\"hours\":1000}");
    assert_int_equal(the.status, 400);
    call("plan.show", "{\"changeover_minutes\":-1}");
    assert_int_equal(the.status, 400);
}

#define A_PLAN(name)                                                           \
    cmocka_unit_test_setup_teardown(name, stage_set_up, plan_tear_down)

int main(void)
{
    setenv("TZ", "UTC", 1);
    tzset();
    const struct CMUnitTest tests[] = {
        A_PLAN(one_print_comes_behind_the_other),
        A_PLAN(the_time_to_clear_a_plate_is_the_askers_word),
        A_PLAN(work_is_spread_over_the_printers),
        A_PLAN(each_copy_is_a_print),
        A_PLAN(a_job_set_for_later_is_planned_for_then),
        A_PLAN(jobs_that_would_miss_their_date_are_told),
        A_PLAN(spools_to_load_are_told_with_the_hour),
        A_PLAN(a_spool_that_runs_dry_is_loaded_anew_in_time),
        A_PLAN(a_printer_that_is_off_is_left_out_and_why_is_said),
        A_PLAN(prints_are_planned_as_long_as_they_take_here),
        A_PLAN(a_printer_that_maintenance_blocks_is_left_out),
        A_PLAN(nothing_is_planned_to_start_in_quiet_hours),
        A_PLAN(a_print_of_the_night_is_cleared_in_the_morning),
        A_PLAN(an_attended_job_is_planned_for_when_somebody_is_there),
        A_PLAN(nothing_is_changed_by_planning),
        A_PLAN(absurd_hours_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
