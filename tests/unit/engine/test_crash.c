/* What is lost when the power fails: nothing that was decided, and nothing is
 * done twice. */
#include "stage.h"

#include <stdio.h>
#include <string.h>

static void a_crash_before_the_intent_does_the_upload_again(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_uploading(0);
    crash();
    assert_job(job, "queued", "uploading");
    say_idle(0, "");
    assert_int_equal(the.machines[0].uploads, 2);
    answer_upload(0, SPD_OK);
    assert_starts(0, 1);
    assert_int_equal(count_attempts(), 1);
}

static void a_crash_after_the_upload_goes_on_to_one_start(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_uploading(0);
    pass_ms(11 * SECOND); /* so that the start waits for a full report */
    answer_upload(0, SPD_OK);
    assert_int_equal(read_attempt(job).step, STEP_UPLOADED);
    crash();
    say_idle(0, "");
    assert_int_equal(the.machines[0].uploads, 1);
    assert_starts(0, 1);
}

/* The intent is on the disk and nothing was sent. */
static int64_t crash_at_the_intent(void)
{
    int64_t job = job_uploading(0);
    the.machines[0].dies_at_start = true;
    answer_upload(0, SPD_OK);
    the.machines[0].dies_at_start = false;
    crash_to_picture();
    assert_starts(0, 0);
    assert_job(job, "queued", "starting");
    return job;
}

static void after_a_crash_at_the_intent_nothing_is_sent(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = crash_at_the_intent();
    for (int i = 0; i < 2; i++) {
        pass_ms(50 * SECOND);
        say_idle(0, "");
    }
    assert_starts(0, 0);
    assert_job(job, "queued", "starting");
}

static void after_a_crash_at_the_intent_the_print_is_adopted(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    int64_t job = crash_at_the_intent();
    struct attempt attempt = read_attempt(job);
    char submission[16];
    snprintf(submission, sizeof(submission), "%.*s",
             STR_ARG(attempt.submission));
    say_state(0, "preparing", submission, 0);
    assert_job(job, "started", "printing");
    say_state(0, "finished", submission, 100);
    assert_job(job, "completed", "done");
    assert_grams(grams_in(printer, 0), 980);
    assert_starts(0, 0);
}

static void a_crash_at_the_intent_is_given_up_only_by_evidence(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "77");
    int64_t job = crash_at_the_intent();
    for (int i = 0; i < 3; i++) {
        pass_ms(60 * SECOND);
        say_idle(0, "77");
    }
    assert_int_equal(count_attempts(), 2);
    assert_job(job, "queued", "uploading");
    answer_upload(0, SPD_OK);
    say_idle(0, "77");
    assert_starts(0, 1);
}

static void a_crash_at_the_intent_without_a_word_ends_as_unknown(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = crash_at_the_intent();
    pass_ms(11 * MINUTE);
    assert_job(job, "queued", "unknown");
    assert_starts(0, 0);
}

static void a_print_is_followed_over_a_crash_and_charged_once(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    int64_t job = job_printing(0);
    for (int i = 0; i < 3; i++) {
        crash();
        assert_job(job, "started", "printing");
        say_state(0, "printing", the.machines[0].submission, 30);
    }
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_job(job, "completed", "done");
    crash();
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_grams(grams_in(printer, 0), 980);
    assert_starts(0, 1);
}

static void a_print_that_ends_while_we_are_down_is_credited(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    int64_t job = job_printing(0);
    restart();
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_job(job, "completed", "done");
    assert_grams(grams_in(printer, 0), 980);
}

/* It was shown as paused until its end. */
static void a_pause_that_ends_while_we_are_down_is_noticed(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_printing(0);
    say_state(0, "paused", the.machines[0].submission, 10);
    assert_job(job, "started", "paused");
    restart();
    news();
    say_state(0, "printing", the.machines[0].submission, 12);
    assert_job(job, "started", "printing");
    say_state(0, "paused", the.machines[0].submission, 12);
    restart();
    news();
    say_state(0, "paused", the.machines[0].submission, 12);
    assert_null(strstr(news(), "print.paused"));
}

static void a_wish_to_stop_survives_a_crash(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_printing(0);
    say_offline(0);
    make("jobs.cancel", "{\"print_id\":%lld,\"stop\":true}", (long long)job);
    assert_int_equal(the.machines[0].stops, 0);
    crash();
    say_state(0, "printing", the.machines[0].submission, 10);
    assert_int_equal(the.machines[0].stops, 1);
}

static void a_claim_that_is_committed_as_we_stop_is_taken_up_later(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_uploading(0);
    restart();
    restart();
    say_idle(0, "");
    assert_job(job, "queued", "uploading");
    assert_int_equal(count_attempts(), 1);
    assert_int_equal(the.machines[0].uploads, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_crash_before_the_intent_does_the_upload_again),
        A_TEST(a_crash_after_the_upload_goes_on_to_one_start),
        A_TEST(after_a_crash_at_the_intent_nothing_is_sent),
        A_TEST(after_a_crash_at_the_intent_the_print_is_adopted),
        A_TEST(a_crash_at_the_intent_is_given_up_only_by_evidence),
        A_TEST(a_crash_at_the_intent_without_a_word_ends_as_unknown),
        A_TEST(a_print_is_followed_over_a_crash_and_charged_once),
        A_TEST(a_print_that_ends_while_we_are_down_is_credited),
        A_TEST(a_pause_that_ends_while_we_are_down_is_noticed),
        A_TEST(a_wish_to_stop_survives_a_crash),
        A_TEST(a_claim_that_is_committed_as_we_stop_is_taken_up_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
