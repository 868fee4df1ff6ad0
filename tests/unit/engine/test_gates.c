/* Gates: what keeps a printer that is ready from being given a print. */
#include "stage.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/moment.h"

enum { HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* -- given -- */

/* The stage's clock begins on Thursday, 2026-01-01 at 00:00 UTC. */
static void be_at(const char *moment)
{
    int64_t ms = 0;
    assert_true(moment_parse(str_of(moment), &ms));
    the.clock.wall_now_ms = ms;
}

/* Time that is of no interest. */
static void jump_ms(int64_t ms)
{
    fake_clock_advance(&the.clock, ms);
    settle();
}

static int set_up(void **state)
{
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    return stage_set_up(state);
}

static void add_hours(const char *kind, const char *from, const char *to,
                      const char *more)
{
    make("hours.create",
         "{\"name\":\"%s %s\",\"kind\":\"%s\",\"from\":\"%s\",\"to\":\"%s\"%s}",
         kind, from, kind, from, to, more);
}

static void assert_why(int64_t printer, const char *words)
{
    const char *reply =
        call("printers.why", "{\"id\":%lld}", (long long)printer);
    if (strstr(reply, words) == NULL)
        fail_msg("\"%s\" is not in %s", words, reply);
}

static void assert_why_job(int64_t job, const char *words)
{
    const char *reply = call("jobs.why", "{\"id\":%lld}", (long long)job);
    if (strstr(reply, words) == NULL)
        fail_msg("\"%s\" is not in %s", words, reply);
}

static void assert_waits(int64_t job)
{
    assert_job(job, "queued", "waiting");
}

static void assert_begun(int64_t job)
{
    assert_job(job, "queued", "uploading");
}

/* -- quiet hours -- */

static void nothing_starts_in_quiet_hours_until_they_are_over(void **state)
{
    (void)state;
    be_at("2026-01-05T21:30:00Z"); /* Monday, 22:30 in Berlin */
    int64_t printer = add_printer(0);
    add_hours("quiet", "22:00", "07:00", "");
    say_idle(0, "");
    int64_t job = add_job("");
    assert_waits(job);
    assert_why(printer, "\"code\":\"quiet_hours\",\"text\":\"nothing starts "
                        "there in quiet hours (quiet 22:00), which last until "
                        "Tue 07:00\"");
    assert_why(printer, "\"ready\":false");
    jump_ms(8 * HOUR + 29 * MINUTE);
    assert_waits(job);
    jump_ms(MINUTE);
    assert_begun(job);
}

static void quiet_hours_that_follow_each_other_are_told_as_one(void **state)
{
    (void)state;
    be_at("2026-01-05T21:30:00Z");
    int64_t printer = add_printer(0);
    add_hours("quiet", "06:00", "08:30", "");
    add_hours("quiet", "22:00", "00:00", "");
    add_hours("quiet", "00:00", "06:30", "");
    say_idle(0, "");
    assert_why(printer, "last until Tue 08:30");
}

static void hours_that_are_always_quiet_are_told_to_be(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    add_hours("quiet", "00:00", "00:00", "");
    say_idle(0, "");
    assert_why(printer, "leave out no hour of the week");
}

static void quiet_hours_are_for_the_printers_they_name(void **state)
{
    (void)state;
    be_at("2026-01-05T21:30:00Z");
    add_printer(0);
    int64_t cellar = add_printer(1);
    make("printers.update", "{\"id\":%lld,\"location\":\"Cellar\"}",
         (long long)cellar);
    add_hours("quiet", "22:00", "07:00", ",\"location\":\"cellar\"");
    say_idle(1, "");
    int64_t job = add_job("");
    assert_waits(job);
    say_idle(0, "");
    assert_begun(job);
    assert_int_equal(the.machines[0].uploads, 1);
    assert_int_equal(the.machines[1].uploads, 0);
}

static void hours_that_are_taken_away_keep_nothing_back(void **state)
{
    (void)state;
    be_at("2026-01-05T21:30:00Z");
    add_printer(0);
    add_hours("quiet", "22:00", "07:00", "");
    say_idle(0, "");
    int64_t job = add_job("");
    assert_waits(job);
    make("hours.delete", "{\"id\":1}");
    assert_begun(job);
}

static void quiet_hours_hold_over_a_restart(void **state)
{
    (void)state;
    be_at("2026-01-05T21:30:00Z");
    add_printer(0);
    add_hours("quiet", "22:00", "07:00", "");
    say_idle(0, "");
    int64_t job = add_job("");
    restart();
    say_idle(0, "");
    assert_waits(job);
    jump_ms(9 * HOUR);
    assert_begun(job);
}

static void quiet_hours_that_begin_during_an_upload_give_the_job_back(void **s)
{
    (void)s;
    be_at("2026-01-05T20:59:30Z");
    add_printer(0);
    add_hours("quiet", "22:00", "07:00", "");
    int64_t job = job_uploading(0);
    jump_ms(MINUTE);
    say_idle(0, "");
    answer_upload(0, SPD_OK);
    assert_starts(0, 0);
    assert_waits(job);
    assert_int_equal(read_attempt(job).outcome, OUTCOME_DROPPED);
    assert_non_null(strstr(read_attempt(job).reason.ptr, "quiet hours"));
    jump_ms(9 * HOUR);
    answer_upload(0, SPD_OK);
    say_idle(0, "");
    assert_starts(0, 1);
}

/* A print that is under way is not the gates' business. */
static void a_print_goes_on_into_quiet_hours(void **state)
{
    (void)state;
    be_at("2026-01-05T20:59:30Z");
    add_printer(0);
    add_hours("quiet", "22:00", "07:00", "");
    int64_t job = job_printing(0);
    jump_ms(MINUTE);
    say_state(0, "printing", the.machines[0].submission, 50);
    assert_job(job, "started", "printing");
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_job(job, "completed", "done");
}

/* A small computer without a clock of its own wakes up in the past. */
static void a_clock_that_is_set_meanwhile_is_noticed(void **state)
{
    (void)state;
    be_at("2026-01-05T21:30:00Z");
    add_printer(0);
    add_hours("quiet", "22:00", "07:00", "");
    say_idle(0, "");
    int64_t job = add_job("");
    be_at("2026-01-06T09:00:00Z");
    jump_ms(15 * MINUTE);
    assert_begun(job);
}

/* -- staffed hours -- */

static void an_attended_job_waits_for_somebody_to_be_there(void **state)
{
    (void)state;
    be_at("2026-01-05T18:00:00Z"); /* Monday, 19:00 in Berlin */
    add_printer(0);
    add_hours("staffed", "08:00", "17:00", "");
    say_idle(0, "");
    int64_t attended = add_job("\"attended\":true");
    assert_waits(attended);
    assert_why_job(attended, "\"code\":\"unstaffed\",\"text\":\"a person has "
                             "to be there when the job starts, and nobody is "
                             "before Tue 08:00\"");
    jump_ms(13 * HOUR - SECOND);
    assert_waits(attended);
    jump_ms(SECOND);
    assert_begun(attended);
}

static void other_jobs_do_not_wait_behind_an_attended_one(void **state)
{
    (void)state;
    be_at("2026-01-05T18:00:00Z");
    add_printer(0);
    add_hours("staffed", "08:00", "17:00", "");
    int64_t attended = add_job("\"attended\":true,\"priority\":9");
    int64_t other = add_job("");
    say_idle(0, "");
    assert_waits(attended);
    assert_begun(other);
}

static void without_staffed_hours_an_attended_job_says_so(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "");
    int64_t job = add_job("\"attended\":true");
    assert_waits(job);
    assert_why_job(job, "no staffed hours are set for this printer; add some");
    make("jobs.update", "{\"print_id\":%lld,\"attended\":false}",
         (long long)job);
    assert_begun(job);
}

static void somebody_who_left_during_the_upload_gives_the_job_back(void **state)
{
    (void)state;
    be_at("2026-01-05T15:59:30Z");
    add_printer(0);
    add_hours("staffed", "08:00", "17:00", "");
    say_idle(0, "");
    int64_t job = add_job("\"attended\":true");
    assert_begun(job);
    jump_ms(MINUTE);
    say_idle(0, "");
    answer_upload(0, SPD_OK);
    assert_starts(0, 0);
    assert_waits(job);
}

/* -- maintenance -- */

static void set(int64_t printer, const char *members)
{
    make("printers.update", "{\"id\":%lld,%s}", (long long)printer, members);
}

static void a_printer_whose_maintenance_blocks_starts_nothing(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    set(printer, "\"maintenance_interval_days\":30,"
                 "\"maintenance_blocks\":true,"
                 "\"last_maintenance_at\":\"2025-11-20T00:00:00Z\"");
    say_idle(0, "");
    int64_t job = add_job("");
    assert_waits(job);
    assert_why(printer, "\"code\":\"maintenance_due\",\"text\":\"its "
                        "maintenance is due: the last one was 42 days ago, and "
                        "it is to be done every 30; do it and say so\"");
    assert_why(printer, "\"ready\":false");
    news();
    make("printers.maintained", "{\"id\":%lld}", (long long)printer);
    assert_non_null(strstr(news(), "printer.maintained"));
    assert_begun(job);
    assert_why(printer, "\"maintenance\":null");
}

static void maintenance_that_does_not_block_is_told_all_the_same(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    set(printer, "\"maintenance_interval_days\":30,"
                 "\"last_maintenance_at\":\"2025-11-20T00:00:00Z\"");
    say_idle(0, "");
    assert_why(printer, "\"ready\":true");
    assert_why(printer, "\"maintenance\":\"its maintenance is due");
    int64_t job = add_job("");
    assert_begun(job);
    assert_why_job(job, "\"maintenance\":\"its maintenance is due");
}

static void hours_of_printing_make_maintenance_due(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    set(printer, "\"maintenance_interval_hours\":2,"
                 "\"maintenance_blocks\":true");
    for (int i = 0; i < 2; i++) {
        job_printing(0);
        jump_ms(HOUR);
        say_state(0, "finished", the.machines[0].submission, 100);
        assert_why(printer, i == 0 ? "\"maintenance\":null"
                                   : "it has printed 2 hours since the last "
                                     "one, and it is to be done every 2; do it "
                                     "and say so");
        make("printers.plate_cleared", "{\"id\":%lld}", (long long)printer);
        say_idle(0, the.machines[0].submission);
    }
    int64_t job = add_job("");
    assert_waits(job);
    restart();
    say(0, "{\"connection\":\"connected\",\"full\":true,\"state\":\"idle\","
           "\"slots\":[{\"slot\":0,\"loaded\":true,\"material_type\":\"PLA\","
           "\"color\":\"#FF0000\"}]}");
    assert_waits(job);
    make("printers.maintained", "{\"id\":%lld}", (long long)printer);
    assert_begun(job);
    assert_why(printer, "\"maintenance\":null");
}

/* It went on being due by its hours. */
static void a_date_that_is_stated_counts_for_the_hours_as_well(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    set(printer, "\"maintenance_interval_hours\":1");
    job_printing(0);
    jump_ms(HOUR);
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_why(printer, "its maintenance is due");
    set(printer, "\"last_maintenance_at\":\"2026-01-01T00:00:00Z\"");
    assert_why(printer, "\"maintenance\":null");
}

static void what_cannot_be_maintained_is_said(void **state)
{
    (void)state;
    call("printers.maintained", "{\"id\":77}");
    assert_int_equal(the.status, 404);
    int64_t printer = add_printer(0);
    call("printers.update", "{\"id\":%lld,\"maintenance_interval_hours\":0}",
         (long long)printer);
    assert_int_equal(the.status, 400);
    call("printers.update", "{\"id\":%lld,\"maintenance_blocks\":\"often\"}",
         (long long)printer);
    assert_int_equal(the.status, 400);
}

#define GATE_TEST(name)                                                        \
    cmocka_unit_test_setup_teardown(name, set_up, stage_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        GATE_TEST(nothing_starts_in_quiet_hours_until_they_are_over),
        GATE_TEST(quiet_hours_that_follow_each_other_are_told_as_one),
        GATE_TEST(hours_that_are_always_quiet_are_told_to_be),
        GATE_TEST(quiet_hours_are_for_the_printers_they_name),
        GATE_TEST(hours_that_are_taken_away_keep_nothing_back),
        GATE_TEST(quiet_hours_hold_over_a_restart),
        GATE_TEST(quiet_hours_that_begin_during_an_upload_give_the_job_back),
        GATE_TEST(a_print_goes_on_into_quiet_hours),
        GATE_TEST(a_clock_that_is_set_meanwhile_is_noticed),
        GATE_TEST(an_attended_job_waits_for_somebody_to_be_there),
        GATE_TEST(other_jobs_do_not_wait_behind_an_attended_one),
        GATE_TEST(without_staffed_hours_an_attended_job_says_so),
        GATE_TEST(somebody_who_left_during_the_upload_gives_the_job_back),
        GATE_TEST(a_printer_whose_maintenance_blocks_starts_nothing),
        GATE_TEST(maintenance_that_does_not_block_is_told_all_the_same),
        GATE_TEST(hours_of_printing_make_maintenance_due),
        GATE_TEST(a_date_that_is_stated_counts_for_the_hours_as_well),
        GATE_TEST(what_cannot_be_maintained_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
