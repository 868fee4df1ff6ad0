/* From a waiting job to a print and its end: when a start is sent, and that
 * each step was committed before the next was begun. */
#include "stage.h"

#include <string.h>

static void a_job_is_uploaded_started_printed_and_finished(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    say_idle(0, "");
    news();

    int64_t job = add_job("");
    assert_job(job, "queued", "uploading");
    assert_string_equal(news(), "job.created attempt.claimed job.claimed "
                                "job.uploading");
    assert_int_equal(the.machines[0].uploads, 1);

    answer_upload(0, SPD_OK);
    assert_job(job, "queued", "starting");
    assert_string_equal(news(), "attempt.uploaded job.uploaded "
                                "printer.learned attempt.starting "
                                "job.starting");
    assert_starts(0, 1);
    assert_false(read_printer(printer).plate_clear);

    answer_start(0, SPD_OK);
    say_state(0, "preparing", the.machines[0].submission, 0);
    assert_job(job, "started", "printing");
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_job(job, "completed", "done");
    assert_int_equal(read_attempt(job).outcome, OUTCOME_FINISHED);
    assert_grams(read_attempt(job).grams, 20);
    assert_grams(grams_in(printer, 0), 980);
    assert_starts(0, 1);
}

static void the_driver_is_told_the_file_the_plate_and_the_slots(void **state)
{
    (void)state;
    add_printer(0);
    job_starting(0);
    const char *order = the.machines[0].order;
    assert_non_null(strstr(order, "\"plate\":1"));
    assert_non_null(strstr(order, "\"filaments\":[{\"filament\":1,\"slot\":0"));
    assert_non_null(strstr(order, "\"size\":1000"));
    assert_non_null(strstr(order, ".gcode.3mf\""));
    int64_t submission = 0;
    assert_true(str_to_int(str_of(the.machines[0].submission), &submission));
    assert_true(submission > 0 && submission < INT32_MAX);
}

static void nothing_is_uploaded_before_the_first_full_report(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = add_job("");
    say(0, "{\"connection\":\"connected\",\"state\":\"idle\"}");
    pass_ms(MINUTE);
    assert_job(job, "queued", "waiting");
    assert_int_equal(the.machines[0].uploads, 0);
    say_idle(0, "");
    assert_int_equal(the.machines[0].uploads, 1);
}

static void an_old_full_report_is_asked_for_anew_before_the_start(void **state)
{
    (void)state;
    add_printer(0);
    job_uploading(0);
    pass_ms(11 * SECOND);
    answer_upload(0, SPD_OK);
    assert_starts(0, 0);
    assert_int_equal(the.machines[0].refreshes, 1);
    say(0, "{\"progress_pct\":0}");
    assert_starts(0, 0);
    say_idle(0, "");
    assert_starts(0, 1);
}

static void a_full_report_that_never_comes_is_asked_for_again(void **state)
{
    (void)state;
    add_printer(0);
    job_uploading(0);
    pass_ms(11 * SECOND);
    answer_upload(0, SPD_OK);
    pass_ms(30 * SECOND);
    assert_in_range(the.machines[0].refreshes, 3, 4);
    assert_starts(0, 0);
}

/* Each is said after the upload; none of them lets a start out. */
static void no_start_while_the_printer_is_not_free(void **state)
{
    static const char *const reports[] = {
        "\"state\":\"printing\"",
        "\"state\":\"paused\"",
        "\"state\":\"preparing\"",
        "\"state\":\"unknown\"",
        "\"error\":{\"code\":\"0300\",\"text\":\"the bed is too hot\"}",
        "\"connection\":\"unreachable\"",
        "\"connection\":\"silent\"",
        "\"connection\":\"key_changed\"",
    };
    (void)state;
    for (size_t i = 0; i < SPD_COUNT(reports); i++) {
        assert_int_equal(stage_tear_down(NULL), 0);
        assert_int_equal(stage_set_up(NULL), 0);
        add_printer(0);
        job_uploading(0);
        say(0, "{\"full\":true,%s}", reports[i]);
        answer_upload(0, SPD_OK);
        pass_ms(5 * SECOND);
        if (the.machines[0].starts != 0)
            fail_msg("started though %s", reports[i]);
    }
}

static void no_job_is_claimed_while_a_printer_is_not_free(void **state)
{
    static const char *const states[] = { "printing", "paused", "preparing",
                                          "unknown" };
    (void)state;
    add_printer(0);
    for (size_t i = 0; i < SPD_COUNT(states); i++) {
        say_state(0, states[i], "", 10);
        int64_t job = add_job("");
        assert_job(job, "queued", "waiting");
    }
    assert_int_equal(count_attempts(), 0);
}

static void nothing_starts_on_a_plate_that_is_not_clear(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    say_idle(0, "");
    make("printers.update", "{\"id\":%lld,\"plate_clear\":false}",
         (long long)printer);
    int64_t job = add_job("");
    pass_ms(MINUTE);
    assert_int_equal(the.machines[0].uploads, 0);
    make("printers.plate_cleared", "{\"id\":%lld}", (long long)printer);
    say_idle(0, "");
    assert_int_equal(the.machines[0].uploads, 1);
    assert_job(job, "queued", "uploading");
}

/* It had to be deleted and added anew, which its jobs did not allow. */
static void a_printer_whose_key_is_given_up_is_met_anew(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    say(0, "{\"full\":true,\"pin\":\"aa\"}");
    assert_true(str_is(read_printer(printer).pin, "aa"));
    make("printers.forget_key", "{\"id\":%lld}", (long long)printer);
    assert_int_equal(read_printer(printer).pin.len, 0);
    assert_int_equal(the.machines[0].opens, 2);
}

/* It kept the job, while another printer stood idle. */
static void a_plate_taken_during_the_upload_gives_the_job_back(void **s)
{
    (void)s;
    int64_t printer = add_printer(0);
    int64_t job = job_uploading(0);
    make("printers.update", "{\"id\":%lld,\"plate_clear\":false}",
         (long long)printer);
    say_idle(0, "");
    answer_upload(0, SPD_OK);
    say_idle(0, "");
    assert_starts(0, 0);
    assert_job(job, "queued", "waiting");
    assert_int_equal(read_attempt(job).outcome, OUTCOME_DROPPED);
    add_printer(1);
    say_idle(1, "");
    assert_job(job, "queued", "uploading");
    assert_int_equal(the.machines[1].uploads, 1);
}

/* It was printed in whatever was loaded by then: the match was minutes old. */
static void a_spool_changed_during_the_upload_gives_the_job_back(void **s)
{
    static const struct {
        const char *type, *color;
        int pct;
    } changes[] = {
        { "PLA", "#0000FF", 100 },
        { "PETG", "#FF0000", 100 },
        { "PLA", "#FF0000", 1 },
    };
    (void)s;
    for (size_t i = 0; i < SPD_COUNT(changes); i++) {
        assert_int_equal(stage_tear_down(NULL), 0);
        assert_int_equal(stage_set_up(NULL), 0);
        add_printer(0);
        int64_t job = job_uploading(0);
        say(0,
            "{\"slots\":[{\"slot\":0,\"loaded\":true,\"tray_uuid\":\"7\","
            "\"material_type\":\"%s\",\"color\":\"%s\",\"weight_grams\":1000,"
            "\"remaining_pct\":%d}]}",
            changes[i].type, changes[i].color, changes[i].pct);
        answer_upload(0, SPD_OK);
        say_idle(0, "");
        assert_starts(0, 0);
        assert_job(job, "queued", "waiting");
        assert_int_equal(read_attempt(job).outcome, OUTCOME_DROPPED);
        assert_true(read_printer(1).plate_clear);
    }
}

static void a_spool_taken_out_during_the_upload_gives_the_job_back(void **s)
{
    (void)s;
    add_printer(0);
    int64_t job = job_uploading(0);
    say(0, "{\"slots\":[{\"slot\":0,\"loaded\":false}]}");
    answer_upload(0, SPD_OK);
    say_idle(0, "");
    assert_starts(0, 0);
    assert_job(job, "queued", "waiting");
}

/* It went round in circles: matched, uploaded, and not fit to be started. */
static void a_job_that_wants_another_colour_than_was_sliced_starts(void **s)
{
    (void)s;
    add_printer(0);
    say_idle(0, "");
    say(0, "{\"slots\":[{\"slot\":0,\"loaded\":true,\"material_type\":\"PLA\","
           "\"color\":\"#0000FF\"}]}");
    add_job("\"needs\":[{\"filament\":1,\"color\":\"#0000FF\"}]");
    answer_upload(0, SPD_OK);
    assert_starts(0, 1);
}

static void a_nozzle_changed_during_the_upload_gives_the_job_back(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_uploading(0);
    say(0, "{\"nozzle_diameter_mm\":0.6}");
    answer_upload(0, SPD_OK);
    say_idle(0, "");
    assert_starts(0, 0);
    assert_job(job, "queued", "waiting");
}

/* It did: each PUT sealed the secrets anew, and that looked like a change. */
static void notes_about_a_printer_do_not_break_off_its_upload(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    job_uploading(0);
    make("printers.update", "{\"id\":%lld,\"notes\":\"oil the rods\"}",
         (long long)printer);
    assert_int_equal(the.machines[0].opens, 1);
    assert_non_null(the.machines[0].upload);
}

static void the_next_job_waits_until_the_plate_is_cleared(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    job_printing(0);
    int64_t next = add_job("");
    say_state(0, "finished", the.machines[0].submission, 100);
    pass_ms(MINUTE);
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_job(next, "queued", "waiting");
    make("printers.plate_cleared", "{\"id\":%lld}", (long long)printer);
    assert_job(next, "queued", "uploading");
}

static void copies_are_printed_one_after_the_other(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    say_idle(0, "");
    int64_t job = add_job("\"copies\":3");
    for (int64_t copy = 1; copy <= 3; copy++) {
        answer_upload(0, SPD_OK);
        answer_start(0, SPD_OK);
        say_state(0, "printing", the.machines[0].submission, 50);
        say_state(0, "finished", the.machines[0].submission, 100);
        assert_int_equal(read_job(job).copies_done, copy);
        make("printers.plate_cleared", "{\"id\":%lld}", (long long)printer);
        say_idle(0, the.machines[0].submission);
    }
    assert_job(job, "completed", "done");
    assert_starts(0, 3);
    assert_int_equal(count_attempts(), 3);
    assert_grams(grams_in(printer, 0), 940);
}

/* It printed one more. */
static void a_job_of_which_fewer_copies_are_wanted_is_done(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "");
    int64_t job = add_job("\"copies\":3");
    answer_upload(0, SPD_OK);
    answer_start(0, SPD_OK);
    say_state(0, "printing", the.machines[0].submission, 1);
    say_state(0, "finished", the.machines[0].submission, 100);
    make("jobs.update", "{\"print_id\":%lld,\"copies\":2}", (long long)job);
    assert_job(job, "queued", "waiting");
    make("jobs.update", "{\"print_id\":%lld,\"copies\":1}", (long long)job);
    assert_job(job, "completed", "done");
    make("printers.plate_cleared", "{\"id\":1}");
    pass_ms(MINUTE);
    assert_starts(0, 1);
}

static void a_print_is_paused_and_goes_on(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_printing(0);
    news();
    say_state(0, "paused", the.machines[0].submission, 20);
    assert_job(job, "started", "paused");
    say_state(0, "printing", the.machines[0].submission, 20);
    assert_job(job, "started", "printing");
    assert_string_equal(news(), "printer.paused print.paused "
                                "printer.printing print.resumed");
}

static void a_print_that_fails_is_charged_by_its_share(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    int64_t job = job_printing(0);
    say(0, "{\"full\":true,\"state\":\"failed\",\"progress_pct\":25,"
           "\"error\":{\"code\":\"1\",\"text\":\"it came off the bed\"}}");
    assert_job(job, "failed", "done");
    assert_true(str_is(read_job(job).failed_reason, "it came off the bed"));
    assert_grams(grams_in(printer, 0), 995);
    assert_false(read_printer(printer).plate_clear);
}

static void a_print_stopped_at_the_printer_is_cancelled_not_failed(void **s)
{
    (void)s;
    add_printer(0);
    int64_t job = job_printing(0);
    say(0, "{\"full\":true,\"state\":\"failed\",\"canceled\":true}");
    assert_job(job, "cancelled", "done");
}

/* Sliced in green, and wanted in the red that is loaded. */
static void a_job_in_another_color_than_sliced_is_started_too(void **state)
{
    (void)state;
    add_printer(0);
    int64_t file = add_file(
        "[{\"index\":1,\"estimated_seconds\":3600,\"grams\":20,"
        "\"filaments\":[{\"id\":1,\"type\":\"PLA\",\"color\":\"#00FF00\","
        "\"grams\":20}],\"printer_model\":\"P1S\","
        "\"nozzle_diameter_mm\":0.4}]");
    say_idle(0, "");
    int64_t job = make("jobs.create",
                       "{\"file_id\":%lld,\"plate\":1,\"needs\":[{"
                       "\"filament\":1,\"color\":\"#FF0000\"}]}",
                       (long long)file);
    assert_job(job, "queued", "uploading");
    answer_upload(0, SPD_OK);
    assert_starts(0, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_job_is_uploaded_started_printed_and_finished),
        A_TEST(the_driver_is_told_the_file_the_plate_and_the_slots),
        A_TEST(nothing_is_uploaded_before_the_first_full_report),
        A_TEST(an_old_full_report_is_asked_for_anew_before_the_start),
        A_TEST(a_full_report_that_never_comes_is_asked_for_again),
        A_TEST(no_start_while_the_printer_is_not_free),
        A_TEST(no_job_is_claimed_while_a_printer_is_not_free),
        A_TEST(nothing_starts_on_a_plate_that_is_not_clear),
        A_TEST(a_printer_whose_key_is_given_up_is_met_anew),
        A_TEST(a_plate_taken_during_the_upload_gives_the_job_back),
        A_TEST(a_spool_changed_during_the_upload_gives_the_job_back),
        A_TEST(a_spool_taken_out_during_the_upload_gives_the_job_back),
        A_TEST(a_job_that_wants_another_colour_than_was_sliced_starts),
        A_TEST(a_nozzle_changed_during_the_upload_gives_the_job_back),
        A_TEST(notes_about_a_printer_do_not_break_off_its_upload),
        A_TEST(the_next_job_waits_until_the_plate_is_cleared),
        A_TEST(copies_are_printed_one_after_the_other),
        A_TEST(a_job_of_which_fewer_copies_are_wanted_is_done),
        A_TEST(a_print_is_paused_and_goes_on),
        A_TEST(a_print_that_fails_is_charged_by_its_share),
        A_TEST(a_print_stopped_at_the_printer_is_cancelled_not_failed),
        A_TEST(a_job_in_another_color_than_sliced_is_started_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
