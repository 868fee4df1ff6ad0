/* A print that failed: what becomes of its job. */
#include "stage.h"

#include <stdio.h>
#include <string.h>

/* The machine prints what it was given, and gives it up half-way. */
static void fail_on(int machine)
{
    answer_upload(machine, SPD_OK);
    settle();
    answer_start(machine, SPD_OK);
    const char *submission = the.machines[machine].submission;
    say_state(machine, "printing", submission, 10);
    say_state(machine, "failed", submission, 50);
}

static void clear_plate(int64_t printer)
{
    make("printers.plate_cleared", "{\"id\":%lld}", (long long)printer);
}

static void
a_failed_print_fails_its_job_where_nothing_else_is_said(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "");
    int64_t job = add_job("");
    fail_on(0);
    assert_job(job, "failed", "done");
    assert_int_equal(read_job(job).failures, 1);
}

static void
a_job_is_tried_again_here_though_another_printer_is_idle(void **state)
{
    (void)state;
    int64_t first = add_printer(0);
    say_idle(0, "");
    int64_t job = add_job("\"on_failure\":\"retry_here\"");
    fail_on(0);
    assert_job(job, "queued", "waiting");
    assert_true(read_job(job).failed_reason.len > 0);
    add_printer(1);
    say_idle(1, "");
    pass_ms(MINUTE);
    assert_job(job, "queued", "waiting");
    clear_plate(first);
    assert_job(job, "queued", "uploading");
    assert_int_equal(read_attempt(job).printer_id, first);
}

static void
a_job_is_tried_again_elsewhere_and_never_where_it_failed(void **state)
{
    (void)state;
    int64_t first = add_printer(0);
    say_idle(0, "");
    int64_t job = add_job("\"on_failure\":\"retry_elsewhere\"");
    fail_on(0);
    clear_plate(first);
    pass_ms(MINUTE);
    assert_job(job, "queued", "waiting");
    const char *why = call("jobs.why", "{\"id\":%lld}", (long long)job);
    assert_non_null(strstr(why, "\"code\":\"avoided\""));
    int64_t second = add_printer(1);
    say_idle(1, "");
    assert_job(job, "queued", "uploading");
    assert_int_equal(read_attempt(job).printer_id, second);
}

/* It waited for good: for the one printer that it was to avoid. */
static void
a_job_given_to_the_printer_that_failed_it_is_printed_there(void **state)
{
    (void)state;
    int64_t first = add_printer(0);
    say_idle(0, "");
    int64_t job = add_job("\"on_failure\":\"retry_elsewhere\"");
    fail_on(0);
    clear_plate(first);
    assert_job(job, "queued", "waiting");
    make("jobs.update", "{\"print_id\":%lld,\"printer_id\":%lld}",
         (long long)job, (long long)first);
    assert_job(job, "queued", "uploading");
}

/* It waited for good, for a printer that was not there any more. */
static void
a_job_to_be_tried_again_on_a_printer_that_is_taken_out_goes_elsewhere(
    void **state)
{
    (void)state;
    int64_t first = add_printer(0);
    say_idle(0, "");
    int64_t job = add_job("\"on_failure\":\"retry_here\"");
    fail_on(0);
    assert_job(job, "queued", "waiting");
    make("printers.delete", "{\"id\":%lld}", (long long)first);
    add_printer(1);
    say_idle(1, "");
    assert_job(job, "queued", "uploading");
    assert_int_equal(the.machines[1].uploads, 1);
}

static void a_job_for_one_printer_alone_is_not_tried_elsewhere(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    char more[80];
    snprintf(more, sizeof(more),
             "\"on_failure\":\"retry_elsewhere\",\"printer_id\":%lld",
             (long long)printer);
    say_idle(0, "");
    int64_t job = add_job(more);
    fail_on(0);
    assert_job(job, "failed", "done");
}

static void a_job_fails_for_good_when_its_tries_are_used_up(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    say_idle(0, "");
    int64_t job = add_job("\"on_failure\":\"retry_here\",\"attempts_max\":2");
    fail_on(0);
    assert_job(job, "queued", "waiting");
    clear_plate(printer);
    fail_on(0);
    assert_job(job, "failed", "done");
    assert_int_equal(read_job(job).failures, 2);
    assert_starts(0, 2);
}

static void a_failed_job_put_back_by_hand_may_go_anywhere_again(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    say_idle(0, "");
    int64_t job = add_job("\"on_failure\":\"retry_elsewhere\","
                          "\"attempts_max\":1");
    fail_on(0);
    assert_job(job, "failed", "done");
    clear_plate(printer);
    make("jobs.update", "{\"print_id\":%lld,\"status\":\"queued\"}",
         (long long)job);
    settle();
    assert_job(job, "queued", "uploading");
    assert_int_equal(read_job(job).failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_failed_print_fails_its_job_where_nothing_else_is_said),
        A_TEST(a_job_is_tried_again_here_though_another_printer_is_idle),
        A_TEST(a_job_is_tried_again_elsewhere_and_never_where_it_failed),
        A_TEST(
            a_job_to_be_tried_again_on_a_printer_that_is_taken_out_goes_elsewhere),
        A_TEST(a_job_given_to_the_printer_that_failed_it_is_printed_there),
        A_TEST(a_job_for_one_printer_alone_is_not_tried_elsewhere),
        A_TEST(a_job_fails_for_good_when_its_tries_are_used_up),
        A_TEST(a_failed_job_put_back_by_hand_may_go_anywhere_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
