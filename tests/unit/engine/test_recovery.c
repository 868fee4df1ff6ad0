/* Printers taken away or replaced in the middle, connections that come and go,
 * and a clock on the wall that somebody sets. */
#include "stage.h"

#include <string.h>

#include "engine/queue/pace.h"

enum { HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* Somebody sets the clock; no time passes. */
static void set_clock(int64_t by_ms)
{
    the.clock.wall_now_ms += by_ms;
}

static void enable(int64_t printer, bool enabled)
{
    make("printers.update", "{\"id\":%lld,\"enabled\":%s}", (long long)printer,
         enabled ? "true" : "false");
    settle();
}

static void set_status(int64_t job, const char *status)
{
    call("jobs.update", "{\"print_id\":%lld,\"status\":\"%s\"}", (long long)job,
         status);
}

static void assert_refused(int status, const char *words)
{
    if (the.status != status || strstr(the.reply.ptr, words) == NULL)
        fail_msg("%d \"%s\" is wanted: %d %s", status, words, the.status,
                 the.reply.ptr);
}

/* At rest after that print, for so many full reports. */
static void rests(int reports, const char *submission)
{
    for (int i = 0; i < reports; i++) {
        pass_ms(61 * SECOND);
        say_idle(0, submission);
    }
}

/* -- switched off -- */

/* It stayed "printing" for ever, and neither job nor printer could be ended. */
static void a_print_on_a_printer_that_is_switched_off_is_for_a_person(void **s)
{
    (void)s;
    int64_t printer = add_printer(0);
    int64_t job = job_printing(0);
    enable(printer, false);
    assert_job(job, "started", "unknown");
    set_status(job, "failed");
    assert_int_equal(the.status, 200);
    assert_job(job, "failed", "done");
    make("printers.delete", "{\"id\":%lld}", (long long)printer);
}

static void a_printer_that_is_switched_on_again_goes_on_with_our_print(void **s)
{
    (void)s;
    int64_t printer = add_printer(0);
    int64_t job = job_printing(0);
    enable(printer, false);
    enable(printer, true);
    assert_job(job, "started", "unknown");
    say_state(0, "printing", the.machines[0].submission, 60);
    assert_job(job, "started", "printing");
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_job(job, "completed", "done");
    assert_grams(grams_in(1, 0), 980);
    assert_starts(0, 1);
}

static void a_start_on_a_printer_that_is_switched_off_is_for_a_person(void **s)
{
    (void)s;
    int64_t printer = add_printer(0);
    int64_t job = job_starting(0);
    enable(printer, false);
    assert_job(job, "queued", "unknown");
    assert_starts(0, 1);
}

static void a_printer_in_use_is_not_taken_out_of_the_shop(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    job_printing(0);
    call("printers.delete", "{\"id\":%lld}", (long long)printer);
    assert_refused(409, "has jobs that are not done");
}

/* -- out of reach -- */

static void of_a_printer_out_of_reach_a_person_may_say_how_it_ended(void **s)
{
    static const struct {
        const char *said, *status, *phase;
        double left;
    } rows[] = {
        { "completed", "completed", "done", 980 },
        { "failed", "failed", "done", 1000 },
        { "cancelled", "cancelled", "done", 1000 },
    };
    (void)s;
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        assert_int_equal(stage_tear_down(NULL), 0);
        assert_int_equal(stage_set_up(NULL), 0);
        add_printer(0);
        int64_t job = job_printing(0);
        set_status(job, rows[i].said);
        assert_refused(409, "is on printer 1 just now");
        say_offline(0);
        set_status(job, rows[i].said);
        assert_int_equal(the.status, 200);
        assert_job(job, rows[i].status, rows[i].phase);
        assert_grams(grams_in(1, 0), rows[i].left);
        assert_true(str_is(read_attempt(job).ended_by, "person/1"));
    }
}

/* It comes back, and is at it still. */
static void
a_print_that_a_person_ended_is_neither_ours_nor_charged_twice(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_printing(0);
    char submission[16];
    strcpy(submission, the.machines[0].submission);
    say_offline(0);
    set_status(job, "completed");
    say_state(0, "printing", submission, 80);
    int64_t next = add_job("");
    say_state(0, "finished", submission, 100);
    assert_grams(grams_in(1, 0), 980);
    assert_int_equal(read_job(job).copies_done, 0);
    assert_job(next, "queued", "waiting"); /* its part lies there */
    assert_starts(0, 1);
    assert_int_equal(count_attempts(), 1);
}

/* -- replaced -- */

static void replace(int64_t printer)
{
    make("printers.update", "{\"id\":%lld,\"serial\":\"0b\"}",
         (long long)printer);
    settle();
}

/* The old machine printed it all the same, and the new one again. */
static void
a_replaced_printer_gives_no_evidence_that_a_start_was_lost(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    say_idle(0, "77");
    int64_t job = job_starting(0);
    answer_start(0, SPD_EIO);
    replace(printer);
    say_idle(0, "88");
    rests(5, "88");
    assert_job(job, "queued", "unknown");
    assert_non_null(strstr(call("jobs.get", "{\"id\":%lld}", (long long)job),
                           "may be another one"));
    assert_int_equal(count_attempts(), 1);
    assert_starts(0, 1);
}

static void a_print_on_a_replaced_printer_is_for_a_person(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    int64_t job = job_printing(0);
    replace(printer);
    rests(5, "88");
    assert_job(job, "started", "unknown");
    assert_grams(grams_in(1, 0), 1000);
}

/* Its file lay on the old machine. */
static void a_printer_replaced_after_the_upload_is_uploaded_to_again(void **s)
{
    (void)s;
    int64_t printer = add_printer(0);
    int64_t job = job_uploading(0);
    say_offline(0);
    say(0, "{\"connection\":\"connected\"}"); /* no full report yet */
    answer_upload(0, SPD_OK);
    assert_job(job, "queued", "uploaded");
    replace(printer);
    say_idle(0, "");
    assert_int_equal(read_attempt(job).step, STEP_CLAIMED);
    assert_int_equal(count_attempts(), 2);
    assert_starts(0, 0);
}

static void notes_and_tags_do_not_make_it_another_printer(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    say_idle(0, "77");
    int64_t job = job_starting(0);
    answer_start(0, SPD_EIO);
    make("printers.update",
         "{\"id\":%lld,\"notes\":\"squeaks\",\"tags\":[\"old\"]}",
         (long long)printer);
    rests(4, "77");
    assert_int_equal(count_attempts(), 2); /* lost by evidence, as ever */
    assert_job(job, "queued", "uploading");
}

/* -- what a connection begins with -- */

/* Whatever it was at when it was lost: after each connect the first full
 * report is compared with what we know. */
static void each_connect_begins_with_a_look_at_what_is_so(void **state)
{
    static const struct {
        const char *says, *status, *phase;
        double left;
    } rows[] = {
        { "printing", "started", "printing", 1000 },
        { "paused", "started", "paused", 1000 },
        { "finished", "completed", "done", 980 },
        { "failed", "failed", "done", 990 },
    };
    (void)state;
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        assert_int_equal(stage_tear_down(NULL), 0);
        assert_int_equal(stage_set_up(NULL), 0);
        add_printer(0);
        int64_t job = job_printing(0);
        say_offline(0);
        pass_ms(HOUR);
        assert_job(job, "started", "printing");
        say(0, "{\"connection\":\"connected\",\"state\":\"idle\"}");
        assert_job(job, "started", "printing"); /* not whole: says nothing */
        say_state(0, rows[i].says, the.machines[0].submission, 50);
        assert_job(job, rows[i].status, rows[i].phase);
        assert_grams(grams_in(1, 0), rows[i].left);
    }
}

static void a_restart_in_the_middle_is_no_failure_and_charges_nothing(void **s)
{
    (void)s;
    add_printer(0);
    int64_t job = job_printing(0);
    for (int i = 0; i < 3; i++) {
        restart();
        pass_ms(20 * MINUTE);
        assert_job(job, "started", "printing");
        say_offline(0);
        say_state(0, "printing", the.machines[0].submission, 20);
        assert_grams(grams_in(1, 0), 1000);
    }
    say_state(0, "finished", the.machines[0].submission, 100);
    restart();
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_job(job, "completed", "done");
    assert_int_equal(read_job(job).failures, 0);
    assert_int_equal(read_job(job).copies_done, 1);
    assert_grams(grams_in(1, 0), 980);
    assert_starts(0, 1);
}

/* -- the clock on the wall -- */

/* A board without a battery wakes up in 1970, and is told the time later. */
static void an_hour_that_comes_by_a_set_clock_is_seen_within_a_minute(void **s)
{
    (void)s;
    add_printer(0);
    say_idle(0, "");
    int64_t job = add_job("\"scheduled_start\":\"2026-01-03T00:00:00Z\"");
    pass_ms(MINUTE);
    assert_job(job, "scheduled", "waiting");
    set_clock(3 * DAY);
    pass_ms(MINUTE);
    assert_job(job, "scheduled", "uploading");
}

static void a_clock_set_back_makes_a_job_wait_longer_and_not_for_ever(void **s)
{
    (void)s;
    add_printer(0);
    say_idle(0, "");
    int64_t job = add_job("\"scheduled_start\":\"2026-01-01T01:00:00Z\"");
    pass_ms(30 * MINUTE);
    set_clock(-2 * HOUR);
    pass_ms(2 * HOUR);
    assert_job(job, "scheduled", "waiting");
    pass_ms(31 * MINUTE);
    assert_job(job, "scheduled", "uploading");
}

static void a_clock_that_jumps_makes_no_evidence_and_no_verdict(void **state)
{
    static const int64_t jumps[] = { 3 * DAY, -3 * DAY };
    (void)state;
    for (size_t i = 0; i < SPD_COUNT(jumps); i++) {
        assert_int_equal(stage_tear_down(NULL), 0);
        assert_int_equal(stage_set_up(NULL), 0);
        add_printer(0);
        say_idle(0, "77");
        int64_t job = job_starting(0);
        answer_start(0, SPD_EIO);
        for (int j = 0; j < 4; j++) {
            set_clock(jumps[i]);
            pass_ms(10 * SECOND);
            say_idle(0, "77");
        }
        assert_job(job, "queued", "starting");
        rests(3, "77"); /* two minutes that really pass */
        assert_int_equal(count_attempts(), 2);
    }
}

static void a_clock_that_jumps_does_not_end_a_printers_rest(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_starting(0);
    answer_start(0, SPD_EBUSY);
    set_clock(DAY);
    pass_ms(30 * SECOND);
    say_idle(0, "");
    assert_job(job, "queued", "waiting");
    set_clock(-2 * DAY);
    pass_ms(31 * SECOND);
    say_idle(0, "");
    assert_job(job, "queued", "uploading");
}

/* It was three days, or less than nothing. */
static void hours_of_printing_do_not_follow_a_clock_that_is_set(void **state)
{
    static const int64_t jumps[] = { 3 * DAY, -3 * DAY };
    (void)state;
    for (size_t i = 0; i < SPD_COUNT(jumps); i++) {
        assert_int_equal(stage_tear_down(NULL), 0);
        assert_int_equal(stage_set_up(NULL), 0);
        int64_t printer = add_printer(0);
        job_printing(0);
        set_clock(jumps[i]);
        pass_ms(30 * MINUTE);
        say_state(0, "finished", the.machines[0].submission, 100);
        assert_int_equal(read_printer(printer).printed_ms, 30 * MINUTE);
    }
}

/* Estimates are corrected by what prints really took: seventy-two times as
 * long, or less than nothing. */
static void estimates_do_not_follow_a_clock_that_is_set(void **state)
{
    static const int64_t jumps[] = { 3 * DAY, -3 * DAY };
    (void)state;
    for (size_t i = 0; i < SPD_COUNT(jumps); i++) {
        assert_int_equal(stage_tear_down(NULL), 0);
        assert_int_equal(stage_set_up(NULL), 0);
        add_printer(0);
        job_printing(0);
        set_clock(jumps[i]);
        pass_ms(HOUR); /* as estimated */
        say_state(0, "finished", the.machines[0].submission, 100);
        struct pace pace;
        spd_txn *txn = store_read(the.shop.store);
        pace_load(&pace, txn);
        store_read_end(txn);
        assert_int_equal(pace_correct(&pace, HOUR), HOUR);
        assert_true(pace.taken_ms > 0);
    }
}

/* A part of somebody else's lay there, by a clock that was set back. */
static void a_clock_set_back_does_not_clear_a_plate(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    say_idle(0, "77");
    int64_t job = job_starting(0);
    answer_start(0, SPD_EIO);
    set_clock(-DAY);
    say_state(0, "printing", "4711", 50);
    pass_ms(10 * SECOND);
    rests(4, "4711");
    assert_int_equal(read_attempt(job).outcome, OUTCOME_REFUSED);
    assert_false(read_printer(printer).plate_clear);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_print_on_a_printer_that_is_switched_off_is_for_a_person),
        A_TEST(a_printer_that_is_switched_on_again_goes_on_with_our_print),
        A_TEST(a_start_on_a_printer_that_is_switched_off_is_for_a_person),
        A_TEST(a_printer_in_use_is_not_taken_out_of_the_shop),
        A_TEST(of_a_printer_out_of_reach_a_person_may_say_how_it_ended),
        A_TEST(a_print_that_a_person_ended_is_neither_ours_nor_charged_twice),
        A_TEST(a_replaced_printer_gives_no_evidence_that_a_start_was_lost),
        A_TEST(a_print_on_a_replaced_printer_is_for_a_person),
        A_TEST(a_printer_replaced_after_the_upload_is_uploaded_to_again),
        A_TEST(notes_and_tags_do_not_make_it_another_printer),
        A_TEST(each_connect_begins_with_a_look_at_what_is_so),
        A_TEST(a_restart_in_the_middle_is_no_failure_and_charges_nothing),
        A_TEST(an_hour_that_comes_by_a_set_clock_is_seen_within_a_minute),
        A_TEST(a_clock_set_back_makes_a_job_wait_longer_and_not_for_ever),
        A_TEST(a_clock_that_jumps_makes_no_evidence_and_no_verdict),
        A_TEST(a_clock_that_jumps_does_not_end_a_printers_rest),
        A_TEST(hours_of_printing_do_not_follow_a_clock_that_is_set),
        A_TEST(estimates_do_not_follow_a_clock_that_is_set),
        A_TEST(a_clock_set_back_does_not_clear_a_plate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
