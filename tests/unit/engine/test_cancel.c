/* Cancelling, at each step of the way; and printers that fail or go away. */
#include "stage.h"

#include <string.h>

static void cancel(int64_t job, const char *stop)
{
    call("jobs.cancel", "{\"print_id\":%lld%s}", (long long)job, stop);
}

static void a_job_cancelled_during_its_upload_prints_nothing(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    int64_t job = job_uploading(0);
    cancel(job, "");
    assert_int_equal(the.status, 200);
    assert_int_equal(the.machines[0].aborts, 1);
    assert_job(job, "cancelled", "done");
    assert_int_equal(read_attempt(job).outcome, OUTCOME_DROPPED);
    say_idle(0, "");
    pass_ms(MINUTE);
    say_idle(0, "");
    assert_starts(0, 0);
    assert_true(read_printer(printer).plate_clear);
}

static void an_upload_that_ends_well_after_the_cancel_prints_nothing(void **s)
{
    (void)s;
    add_printer(0);
    int64_t job = job_uploading(0);
    ticket_finish(the.shop.tickets, the.machines[0].upload, STR(""), NULL);
    the.machines[0].upload = NULL;
    cancel(job, "");
    assert_int_equal(the.status, 200);
    say_idle(0, "");
    pass_ms(MINUTE);
    assert_starts(0, 0);
}

static void the_printer_of_a_cancelled_job_takes_the_next_one(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_uploading(0);
    int64_t next = add_job("");
    cancel(job, "");
    assert_job(next, "queued", "uploading");
    assert_int_equal(the.machines[0].uploads, 2);
}

static void a_new_upload_waits_until_the_old_one_is_broken_off(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_uploading(0);
    int64_t next = add_job("");
    the.machines[0].aborts_late = true;
    cancel(job, "");
    pass_ms(SECOND);
    assert_int_equal(the.machines[0].uploads, 1);
    assert_job(next, "queued", "waiting");
    answer_upload(0, SPD_ECANCELED);
    assert_int_equal(the.machines[0].uploads, 2);
    assert_job(next, "queued", "uploading");
}

static void a_job_that_prints_is_cancelled_only_with_stop(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    int64_t job = job_printing(0);
    cancel(job, "");
    assert_int_equal(the.status, 409);
    assert_int_equal(the.machines[0].stops, 0);
    assert_job(job, "started", "printing");

    cancel(job, ",\"stop\":true");
    assert_int_equal(the.status, 200);
    assert_int_equal(the.machines[0].stops, 1);
    answer_stop(0, SPD_OK);
    say_state(0, "printing", the.machines[0].submission, 40);
    assert_int_equal(the.machines[0].stops, 1);
    say(0, "{\"full\":true,\"state\":\"failed\",\"canceled\":true}");
    assert_job(job, "cancelled", "done");
    assert_grams(grams_in(printer, 0), 992);
    assert_int_equal(read_attempt(job).outcome, OUTCOME_CANCELLED);
}

static void a_stop_is_said_once_on_each_connection(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_printing(0);
    cancel(job, ",\"stop\":true");
    answer_stop(0, SPD_OK);
    for (int i = 0; i < 30; i++) {
        pass_ms(SECOND);
        say_state(0, "printing", the.machines[0].submission, 10);
    }
    assert_int_equal(the.machines[0].stops, 1);
    say_offline(0);
    say_state(0, "printing", the.machines[0].submission, 10);
    assert_int_equal(the.machines[0].stops, 2);
}

/* It was said again with each report, every second. */
static void a_stop_that_was_not_taken_is_said_again_after_ten_seconds(void **s)
{
    (void)s;
    add_printer(0);
    int64_t job = job_printing(0);
    cancel(job, ",\"stop\":true");
    answer_stop(0, SPD_EIO);
    for (int i = 0; i < 9; i++) {
        pass_ms(SECOND);
        say_state(0, "printing", the.machines[0].submission, 10);
    }
    assert_int_equal(the.machines[0].stops, 1);
    pass_ms(SECOND);
    assert_int_equal(the.machines[0].stops, 2);
}

static void a_stop_asked_for_at_the_start_is_sent_when_it_prints(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_starting(0);
    cancel(job, ",\"stop\":true");
    assert_int_equal(the.status, 200);
    assert_int_equal(the.machines[0].stops, 0);
    answer_start(0, SPD_OK);
    say_state(0, "preparing", the.machines[0].submission, 0);
    assert_int_equal(the.machines[0].stops, 1);
}

static void a_refused_start_of_a_job_to_be_stopped_cancels_it(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_starting(0);
    cancel(job, ",\"stop\":true");
    answer_start(0, SPD_EBUSY);
    assert_job(job, "cancelled", "done");
    pass_ms(2 * MINUTE);
    say_idle(0, "");
    assert_starts(0, 1);
}

static void a_print_that_ends_before_the_stop_is_completed(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_printing(0);
    cancel(job, ",\"stop\":true");
    say_state(0, "finished", the.machines[0].submission, 100);
    answer_stop(0, SPD_OK);
    assert_job(job, "completed", "done");
}

/* One of three copies is not the job done. */
static void the_copies_that_a_stop_leaves_out_are_cancelled(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "");
    int64_t job = add_job("\"copies\":3");
    answer_upload(0, SPD_OK);
    say_state(0, "printing", the.machines[0].submission, 50);
    answer_start(0, SPD_OK);
    cancel(job, ",\"stop\":true");
    say_state(0, "finished", the.machines[0].submission, 100);
    answer_stop(0, SPD_EBUSY);
    assert_job(job, "cancelled", "done");
    assert_int_equal(read_job(job).copies_done, 1);
}

static void cancelling_twice_is_cancelling_once(void **state)
{
    (void)state;
    int64_t job = add_job("");
    cancel(job, "");
    assert_int_equal(the.status, 200);
    cancel(job, "");
    assert_int_equal(the.status, 200);
    assert_job(job, "cancelled", "done");
}

static void fail_uploads(int times)
{
    for (int i = 0; i < times; i++) {
        answer_upload(0, SPD_EIO);
        pass_ms(21 * SECOND);
    }
}

static void an_upload_is_tried_three_times_and_then_left_alone(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_uploading(0);
    fail_uploads(2);
    assert_int_equal(the.machines[0].uploads, 3);
    answer_upload(0, SPD_EIO);
    assert_job(job, "queued", "waiting");
    assert_int_equal(read_attempt(job).outcome, OUTCOME_DROPPED);
    pass_ms(59 * SECOND);
    say_idle(0, "");
    assert_int_equal(the.machines[0].uploads, 3);
    pass_ms(SECOND);
    assert_int_equal(the.machines[0].uploads, 4);
}

static void each_failed_attempt_doubles_the_pause(void **state)
{
    (void)state;
    add_printer(0);
    job_uploading(0);
    for (int pause = 60; pause <= 240; pause *= 2) {
        fail_uploads(2);
        unsigned uploads = the.machines[0].uploads;
        answer_upload(0, SPD_EIO);
        pass_ms((pause - 1) * SECOND);
        assert_int_equal(the.machines[0].uploads, uploads);
        pass_ms(SECOND);
        assert_int_equal(the.machines[0].uploads, uploads + 1);
    }
}

static void another_printer_takes_the_job_of_one_that_pauses(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_uploading(0);
    fail_uploads(2);
    answer_upload(0, SPD_EIO);
    assert_job(job, "queued", "waiting");
    add_printer(1);
    say_idle(1, "");
    assert_int_equal(the.machines[1].uploads, 1);
    assert_job(job, "queued", "uploading");
}

static void
a_printer_that_goes_away_before_the_start_gives_the_job_back(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_uploading(0);
    pass_ms(11 * SECOND);
    answer_upload(0, SPD_OK);
    say_offline(0);
    pass_ms(50 * SECOND);
    assert_job(job, "queued", "uploaded");
    pass_ms(12 * SECOND);
    assert_job(job, "queued", "waiting");
    assert_starts(0, 0);
}

static void a_printer_switched_off_in_the_shop_lets_go_of_its_upload(void **s)
{
    (void)s;
    int64_t printer = add_printer(0);
    int64_t job = job_uploading(0);
    make("printers.update", "{\"id\":%lld,\"enabled\":false}",
         (long long)printer);
    assert_null(the.machines[0].printer);
    assert_job(job, "queued", "waiting");
    pass_ms(5 * MINUTE);
    assert_job(job, "queued", "waiting");
    assert_starts(0, 0);
}

static void changed_settings_during_a_print_do_not_lose_it(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    int64_t job = job_printing(0);
    make("printers.update", "{\"id\":%lld,\"serial\":\"0b\"}",
         (long long)printer);
    assert_int_equal(the.machines[0].opens, 2);
    assert_job(job, "started", "printing");
    pass_ms(5 * MINUTE);
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_job(job, "completed", "done");
    assert_starts(0, 1);
}

static void changed_settings_at_the_start_do_not_send_it_again(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    int64_t job = job_starting(0);
    make("printers.update", "{\"id\":%lld,\"serial\":\"0b\"}",
         (long long)printer);
    assert_job(job, "queued", "starting");
    say_idle(0, "");
    assert_starts(0, 1);
    say_state(0, "printing", the.machines[0].submission, 10);
    assert_job(job, "started", "printing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_job_cancelled_during_its_upload_prints_nothing),
        A_TEST(an_upload_that_ends_well_after_the_cancel_prints_nothing),
        A_TEST(the_printer_of_a_cancelled_job_takes_the_next_one),
        A_TEST(a_new_upload_waits_until_the_old_one_is_broken_off),
        A_TEST(a_job_that_prints_is_cancelled_only_with_stop),
        A_TEST(a_stop_is_said_once_on_each_connection),
        A_TEST(a_stop_that_was_not_taken_is_said_again_after_ten_seconds),
        A_TEST(a_stop_asked_for_at_the_start_is_sent_when_it_prints),
        A_TEST(a_refused_start_of_a_job_to_be_stopped_cancels_it),
        A_TEST(a_print_that_ends_before_the_stop_is_completed),
        A_TEST(the_copies_that_a_stop_leaves_out_are_cancelled),
        A_TEST(cancelling_twice_is_cancelling_once),
        A_TEST(an_upload_is_tried_three_times_and_then_left_alone),
        A_TEST(each_failed_attempt_doubles_the_pause),
        A_TEST(another_printer_takes_the_job_of_one_that_pauses),
        A_TEST(a_printer_that_goes_away_before_the_start_gives_the_job_back),
        A_TEST(a_printer_switched_off_in_the_shop_lets_go_of_its_upload),
        A_TEST(changed_settings_during_a_print_do_not_lose_it),
        A_TEST(changed_settings_at_the_start_do_not_send_it_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
