/* What users of other print farms have suffered, told as they saw it.  Those
 * that have a test elsewhere are listed with these in tests/README.md. */
#include "stage.h"

#include <stdio.h>
#include <string.h>

static void clear_plate(int64_t printer)
{
    make("printers.plate_cleared", "{\"id\":%lld}", (long long)printer);
}

/* It counted as idle until its first move, and got a second start, which
 * cancelled the first: some take minutes from their yes to that. */
static void a_printer_that_still_says_finished_gets_no_second_start(void **s)
{
    (void)s;
    add_printer(0);
    say_state(0, "finished", "77", 100);
    clear_plate(1);
    int64_t job = job_starting(0);
    int64_t next = add_job("");
    answer_start(0, SPD_OK);
    for (int i = 0; i < 21; i++) {
        pass_ms(10 * SECOND);
        say_state(0, "finished", "77", 100);
        assert_starts(0, 1);
        assert_job(job, "queued", "starting");
        assert_job(next, "queued", "waiting");
    }
    say_state(0, "printing", the.machines[0].submission, 1);
    assert_job(job, "started", "printing");
    assert_int_equal(count_attempts(), 1);
}

/* That it shows the new number was taken for printing. */
static void a_printer_that_names_our_print_at_rest_does_not_print(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_starting(0);
    answer_start(0, SPD_OK);
    for (int i = 0; i < 9; i++) {
        say_idle(0, the.machines[0].submission);
        assert_job(job, "queued", "starting");
        pass_ms(60 * SECOND);
    }
    pass_ms(2 * MINUTE);
    assert_job(job, "queued", "unknown");
    assert_starts(0, 1);
}

/* One half of it was printed here, and the other half there. */
static void a_job_cannot_be_reassigned_while_it_is_uploaded(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_uploading(0);
    int64_t other = add_printer(1);
    say_idle(1, "");
    call("jobs.update", "{\"print_id\":%lld,\"printer_id\":%lld}",
         (long long)job, (long long)other);
    assert_int_equal(the.status, 409);
    assert_non_null(strstr(the.reply.ptr, "on printer 1 just now"));
    answer_upload(0, SPD_OK);
    pass_ms(MINUTE);
    assert_starts(0, 1);
    assert_int_equal(the.machines[1].uploads, 0);
}

/* It was written down as a failure, and its filament charged twice. */
static void a_restart_in_the_middle_of_a_print_is_no_failure(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_printing(0);
    for (int i = 0; i < 3; i++) {
        restart();
        say_state(0, "unknown", "", 0);
        say_state(0, "printing", the.machines[0].submission, 30);
    }
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_job(job, "completed", "done");
    assert_int_equal(read_job(job).failures, 0);
    assert_int_equal(count_attempts(), 1);
    assert_grams(grams_in(1, 0), 980);
    assert_grams(read_attempt(job).grams, 20);
}

/* The last file was begun again by the printer itself when the power came back,
 * and the next order was credited with it. */
static void a_leftover_that_a_printer_begins_by_itself_is_nobodys(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_printing(0);
    char last[16];
    snprintf(last, sizeof(last), "%s", the.machines[0].submission);
    say_state(0, "finished", last, 100);
    say_offline(0);
    clear_plate(1);
    int64_t next = add_job("");
    say_state(0, "printing", last, 3);
    say_state(0, "finished", last, 100);
    pass_ms(MINUTE);
    say_state(0, "finished", last, 100);
    assert_job(next, "queued", "waiting");
    assert_starts(0, 1);
    assert_false(read_printer(1).plate_clear);
    assert_int_equal(read_job(job).copies_done, 1);
    assert_grams(grams_in(1, 0), 980);
}

/* The last job of the queue printed the file of the one before: both had the
 * same name on the printer. */
static void each_attempt_has_a_file_name_of_its_own(void **state)
{
    (void)state;
    add_printer(0);
    char names[2][80];
    for (int i = 0; i < 2; i++) {
        int64_t job = job_printing(0);
        struct attempt attempt = read_attempt(job);
        snprintf(names[i], sizeof(names[i]), "%.*s",
                 STR_ARG(attempt.remote_name));
        assert_non_null(strstr(the.machines[0].order, names[i]));
        say_state(0, "finished", the.machines[0].submission, 100);
        clear_plate(1);
    }
    assert_string_not_equal(names[0], names[1]);
}

/* Every later job waited for a success before it. */
static void a_failed_print_does_not_hold_back_the_next_job(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_printing(0);
    int64_t next = add_job("");
    say_state(0, "failed", the.machines[0].submission, 50);
    assert_job(job, "failed", "done");
    clear_plate(1);
    assert_job(next, "queued", "uploading");
}

/* "Any printer" took the very one that had too little left. */
static void a_job_for_any_goes_to_a_printer_with_enough_filament(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "");
    make("materials.update", "{\"material_id\":1,\"remaining_grams\":19}");
    add_printer(1);
    say_idle(1, "");
    int64_t job = add_job("");
    assert_job(job, "queued", "uploading");
    assert_int_equal(the.machines[0].uploads, 0);
    assert_int_equal(the.machines[1].uploads, 1);
}

/* The last end was announced again with every connect. */
static void an_end_that_is_shown_again_after_a_reconnect_is_no_news(void **s)
{
    (void)s;
    add_printer(0);
    int64_t job = job_printing(0);
    say_state(0, "finished", the.machines[0].submission, 100);
    news();
    for (int i = 0; i < 3; i++) {
        say_offline(0);
        say_state(0, "finished", the.machines[0].submission, 100);
    }
    restart();
    say_state(0, "finished", the.machines[0].submission, 100);
    const char *topics = news();
    assert_null(strstr(topics, "print."));
    assert_null(strstr(topics, "attempt."));
    assert_int_equal(read_job(job).copies_done, 1);
}

/* Its job was started again and again, all night. */
static void a_printer_that_never_begins_is_not_tried_for_ever(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "77");
    int64_t job = job_starting(0);
    for (int i = 0; i < 120; i++) {
        if (the.machines[0].upload != NULL)
            answer_upload(0, SPD_OK);
        if (the.machines[0].start != NULL)
            answer_start(0, SPD_OK);
        pass_ms(30 * SECOND);
        say_idle(0, "77");
    }
    assert_job(job, "failed", "done");
    assert_starts(0, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_printer_that_still_says_finished_gets_no_second_start),
        A_TEST(a_printer_that_names_our_print_at_rest_does_not_print),
        A_TEST(a_job_cannot_be_reassigned_while_it_is_uploaded),
        A_TEST(a_restart_in_the_middle_of_a_print_is_no_failure),
        A_TEST(a_leftover_that_a_printer_begins_by_itself_is_nobodys),
        A_TEST(each_attempt_has_a_file_name_of_its_own),
        A_TEST(a_failed_print_does_not_hold_back_the_next_job),
        A_TEST(a_job_for_any_goes_to_a_printer_with_enough_filament),
        A_TEST(an_end_that_is_shown_again_after_a_reconnect_is_no_news),
        A_TEST(a_printer_that_never_begins_is_not_tried_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
