/* What becomes of a start that was sent: refused, begun, or nobody knows. */
#include "stage.h"

#include "shop/track.h"

/* So many full reports, so far apart. */
static void rests(int machine, int reports, int64_t every_ms,
                  const char *submission)
{
    for (int i = 0; i < reports; i++) {
        pass_ms(every_ms);
        say_idle(machine, submission);
    }
}

static void a_start_is_sent_once_whatever_its_ticket_says(void **state)
{
    static const spd_err codes[] = { SPD_OK, SPD_EIO, SPD_ECANCELED };
    (void)state;
    for (size_t i = 0; i < SPD_COUNT(codes); i++) {
        assert_int_equal(stage_tear_down(NULL), 0);
        assert_int_equal(stage_set_up(NULL), 0);
        add_printer(0);
        int64_t job = job_starting(0);
        answer_start(0, codes[i]);
        rests(0, 2, 30 * SECOND, "");
        say_offline(0);
        say_idle(0, "");
        assert_starts(0, 1);
        assert_job(job, "queued", "starting");
    }
}

static void a_start_that_is_never_answered_is_not_sent_again(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_starting(0);
    pass_ms(599 * SECOND);
    assert_starts(0, 1);
    assert_job(job, "queued", "starting");
    pass_ms(60 * SECOND);
    assert_job(job, "queued", "unknown");
    assert_starts(0, 1);
}

static void a_late_answer_to_a_start_changes_nothing(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_starting(0);
    say_state(0, "printing", the.machines[0].submission, 1);
    answer_start(0, SPD_OK);
    say_state(0, "printing", the.machines[0].submission, 2);
    assert_job(job, "started", "printing");
    assert_starts(0, 1);
}

static void a_refused_start_clears_the_plate_and_is_tried_once_more(void **s)
{
    static const spd_err codes[] = { SPD_EBUSY, SPD_EAUTH };
    (void)s;
    for (size_t i = 0; i < SPD_COUNT(codes); i++) {
        assert_int_equal(stage_tear_down(NULL), 0);
        assert_int_equal(stage_set_up(NULL), 0);
        int64_t printer = add_printer(0);
        int64_t job = job_starting(0);
        answer_start(0, codes[i]);
        assert_job(job, "queued", "waiting");
        assert_true(read_printer(printer).plate_clear);
        assert_int_equal(read_attempt(job).outcome, OUTCOME_REFUSED);

        pass_ms(61 * SECOND); /* the printer is left alone for a while */
        say_idle(0, "");
        answer_upload(0, SPD_OK);
        say_idle(0, "");
        assert_starts(0, 2);
        answer_start(0, codes[i]);
        assert_job(job, "failed", "done");
        assert_true(read_job(job).failed_reason.len > 0);
        assert_true(read_printer(printer).plate_clear);
        assert_int_equal(count_attempts(), 2);
    }
}

/* The refusal said that the plate was as clear as before. */
static void
a_refused_start_does_not_clear_a_plate_that_a_person_saw_taken(void **state)
{
    (void)state;
    add_printer(0);
    job_starting(0);
    make("printers.update", "{\"id\":1,\"plate_clear\":false}");
    answer_start(0, SPD_EBUSY);
    assert_false(read_printer(1).plate_clear);
    pass_ms(5 * MINUTE);
    say_idle(0, "");
    assert_starts(0, 1);
}

static void a_start_lost_on_the_way_is_given_up_by_evidence(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "77");
    int64_t job = job_starting(0);
    answer_start(0, SPD_EIO);
    rests(0, 3, 60 * SECOND, "77");
    assert_int_equal(count_attempts(), 2);
    assert_job(job, "queued", "uploading");
    answer_upload(0, SPD_OK);
    say_idle(0, "77");
    assert_starts(0, 2);
}

/* A printer may take minutes from its yes to its first move. */
static void
an_accepted_start_that_never_begins_takes_twice_the_evidence(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "77");
    int64_t job = job_starting(0);
    answer_start(0, SPD_OK);
    rests(0, 4, 60 * SECOND, "77");
    assert_job(job, "queued", "starting");
    rests(0, 1, 61 * SECOND, "77");
    assert_int_equal(count_attempts(), 2);
    assert_starts(0, 1);
}

static void two_full_reports_are_no_evidence(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "77");
    int64_t job = job_starting(0);
    answer_start(0, SPD_EIO);
    rests(0, 2, 120 * SECOND, "77");
    assert_job(job, "queued", "starting");
    pass_ms(7 * MINUTE);
    assert_job(job, "queued", "unknown");
    assert_int_equal(read_attempt(job).step, STEP_UNKNOWN);
}

static void reports_that_are_not_full_are_no_evidence(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_starting(0);
    answer_start(0, SPD_EIO);
    for (int i = 0; i < 10; i++) {
        pass_ms(30 * SECOND);
        say(0, "{\"state\":\"idle\",\"submission\":\"77\"}");
    }
    assert_job(job, "queued", "starting");
}

static void contradictory_reports_end_as_unknown(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_starting(0);
    answer_start(0, SPD_EIO);
    for (int i = 0; i < 13; i++) {
        pass_ms(50 * SECOND);
        say_idle(0, i % 2 == 0 ? "77" : the.machines[0].submission);
    }
    assert_job(job, "queued", "unknown");
    assert_starts(0, 1);
}

static void an_unknown_print_is_adopted_when_the_printer_names_it(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    int64_t job = job_starting(0);
    pass_ms(11 * MINUTE);
    assert_job(job, "queued", "unknown");
    assert_true(read_job(job).failed_reason.len > 0);
    say_state(0, "printing", the.machines[0].submission, 40);
    assert_job(job, "started", "printing");
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_job(job, "completed", "done");
    assert_grams(grams_in(printer, 0), 980);
    /* It used to keep the sentence of its unknown days. */
    assert_int_equal(read_job(job).failed_reason.len, 0);
    assert_int_equal(read_attempt(job).reason.len, 0);
}

static int64_t unknown_job(void)
{
    add_printer(0);
    int64_t job = job_starting(0);
    pass_ms(11 * MINUTE);
    assert_job(job, "queued", "unknown");
    return job;
}

static struct track track_of_file(void)
{
    struct arena arena = { 0 };
    spd_txn *txn = store_read(the.shop.store);
    struct list tracks = tracks_of(txn, the.file_id, &arena);
    struct track track = tracks_on(&tracks, 1);
    store_read_end(txn);
    arena_fini(&arena);
    return track;
}

static void what_a_person_says_of_it_counts_for_the_file_there(void **state)
{
    (void)state;
    int64_t job = unknown_job();
    make("jobs.update", "{\"print_id\":%lld,\"status\":\"failed\"}",
         (long long)job);
    assert_int_equal(track_of_file().failed, 1);
    assert_int_equal(track_of_file().finished, 0);
}

static void a_person_resolves_an_unknown_print(void **state)
{
    static const struct {
        const char *said, *status, *phase;
        int outcome;
    } rows[] = {
        { "completed", "completed", "done", OUTCOME_FINISHED },
        { "failed", "failed", "done", OUTCOME_FAILED },
        { "cancelled", "cancelled", "done", OUTCOME_CANCELLED },
        { "started", "started", "printing", OUTCOME_UNKNOWN },
        { "queued", "queued", "waiting", OUTCOME_FAILED },
    };
    (void)state;
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        assert_int_equal(stage_tear_down(NULL), 0);
        assert_int_equal(stage_set_up(NULL), 0);
        int64_t job = unknown_job();
        make("jobs.update", "{\"print_id\":%lld,\"status\":\"%s\"}",
             (long long)job, rows[i].said);
        assert_job(job, rows[i].status, rows[i].phase);
        assert_int_equal(read_attempt(job).outcome, rows[i].outcome);
        assert_int_equal(read_job(job).failed_reason.len, 0);
        assert_starts(0, 1);
    }
}

static void a_print_that_a_person_saw_finished_has_used_its_filament(void **s)
{
    (void)s;
    int64_t job = unknown_job();
    make("jobs.update", "{\"print_id\":%lld,\"status\":\"completed\"}",
         (long long)job);
    assert_grams(grams_in(1, 0), 980);
    assert_grams(read_attempt(job).grams, 20);
}

static void an_unknown_print_that_the_printer_says_failed_has_failed(void **s)
{
    (void)s;
    int64_t job = unknown_job();
    say_state(0, "failed", the.machines[0].submission, 50);
    assert_job(job, "failed", "done");
    assert_starts(0, 1);
}

/* It stayed in the phase unknown for good, and nobody printed it. */
static void an_unknown_job_put_back_into_the_queue_is_printed(void **state)
{
    (void)state;
    int64_t job = unknown_job();
    make("jobs.update", "{\"print_id\":%lld,\"status\":\"queued\"}",
         (long long)job);
    make("printers.plate_cleared", "{\"id\":1}");
    say_idle(0, "");
    assert_job(job, "queued", "uploading");
}

/* Another tag or slot for it says nothing of how the attempt ended. */
static void changing_an_unknown_job_does_not_decide_its_fate(void **state)
{
    (void)state;
    int64_t job = unknown_job();
    call("jobs.update", "{\"print_id\":%lld,\"material_slot\":0}",
         (long long)job);
    assert_int_equal(the.status, 409);
    assert_int_equal(read_attempt(job).step, STEP_UNKNOWN);
    assert_job(job, "queued", "unknown");
}

static void a_foreign_print_holds_our_job(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    say_state(0, "printing", "4711", 50);
    int64_t job = add_job("");
    say_state(0, "finished", "4711", 100);
    pass_ms(MINUTE);
    assert_job(job, "queued", "waiting");
    assert_false(read_printer(printer).plate_clear);
    assert_int_equal(the.machines[0].uploads, 0);
    make("printers.plate_cleared", "{\"id\":%lld}", (long long)printer);
    assert_job(job, "queued", "uploading");
}

/* A part of somebody else's lies on the plate then, and the next start would
 * have gone right into it. */
static void
a_foreign_print_while_we_wait_for_ours_keeps_the_plate_covered(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    int64_t job = job_starting(0);
    answer_start(0, SPD_EIO);
    say_state(0, "printing", "4711", 50);
    pass_ms(10 * SECOND);
    say_state(0, "finished", "4711", 100);
    for (int i = 0; i < 4; i++) {
        pass_ms(60 * SECOND);
        say_state(0, "finished", "4711", 100);
    }
    assert_int_equal(read_attempt(job).outcome, OUTCOME_REFUSED);
    assert_false(read_printer(printer).plate_clear);
    pass_ms(5 * MINUTE);
    say_state(0, "finished", "4711", 100);
    assert_starts(0, 1);
}

/* Ours was printed, then another, and nobody saw it: it was printed again. */
static void a_print_that_came_and_went_out_of_sight_is_not_begun_again(void **s)
{
    (void)s;
    add_printer(0);
    say_idle(0, "77");
    int64_t job = job_starting(0);
    answer_start(0, SPD_EIO);
    say_offline(0);
    pass_ms(5 * MINUTE);
    say_state(0, "finished", "4711", 100);
    rests(0, 3, 60 * SECOND, "4711");
    assert_job(job, "queued", "unknown");
    assert_int_equal(count_attempts(), 1);
    assert_false(read_printer(1).plate_clear);
}

/* The power failed for both: half a print lay there, and the next was begun. */
static void a_printer_that_forgot_all_out_of_sight_is_looked_at(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "77");
    int64_t job = job_starting(0);
    crash();
    say_idle(0, "");
    rests(0, 3, 60 * SECOND, "");
    assert_job(job, "queued", "unknown");
    assert_starts(0, 1);
    assert_false(read_printer(1).plate_clear);
}

/* Its part lay on the plate, which was thought to be clear. */
static void a_foreign_print_that_nobody_saw_covers_the_plate(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    say_idle(0, "4710");
    assert_true(read_printer(printer).plate_clear);
    say_offline(0);
    int64_t job = add_job("");
    say_state(0, "finished", "4711", 100);
    assert_false(read_printer(printer).plate_clear);
    assert_job(job, "queued", "waiting");
    make("printers.plate_cleared", "{\"id\":%lld}", (long long)printer);
    restart();
    say_state(0, "finished", "4711", 100);
    assert_job(job, "queued", "uploading");
    answer_upload(0, SPD_OK);
    assert_starts(0, 1);
}

static void only_our_own_submission_is_credited(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_starting(0);
    answer_start(0, SPD_OK);
    say_state(0, "printing", "4711", 50);
    say_state(0, "finished", "4711", 100);
    assert_job(job, "queued", "starting");
    assert_int_equal(read_attempt(job).outcome, OUTCOME_NONE);
}

static void a_print_that_turns_into_another_is_unknown_after_evidence(void **s)
{
    (void)s;
    int64_t printer = add_printer(0);
    int64_t job = job_printing(0);
    say_state(0, "finished", "4711", 100);
    assert_job(job, "started", "printing");
    for (int i = 0; i < 4; i++) {
        pass_ms(59 * SECOND);
        say_state(0, i == 1 ? "failed" : "finished", "4711", 100);
    }
    assert_job(job, "started", "unknown");
    assert_int_equal(read_attempt(job).step, STEP_UNKNOWN);
    assert_grams(grams_in(printer, 0), 1000);
}

static void a_print_that_names_itself_again_goes_on(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_printing(0);
    for (int i = 0; i < 20; i++) {
        pass_ms(59 * SECOND);
        say_state(0, "printing",
                  i % 3 == 2 ? the.machines[0].submission : "4711", 5);
    }
    assert_job(job, "started", "printing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_start_is_sent_once_whatever_its_ticket_says),
        A_TEST(a_start_that_is_never_answered_is_not_sent_again),
        A_TEST(a_late_answer_to_a_start_changes_nothing),
        A_TEST(a_refused_start_clears_the_plate_and_is_tried_once_more),
        A_TEST(a_refused_start_does_not_clear_a_plate_that_a_person_saw_taken),
        A_TEST(a_start_lost_on_the_way_is_given_up_by_evidence),
        A_TEST(an_accepted_start_that_never_begins_takes_twice_the_evidence),
        A_TEST(two_full_reports_are_no_evidence),
        A_TEST(reports_that_are_not_full_are_no_evidence),
        A_TEST(contradictory_reports_end_as_unknown),
        A_TEST(an_unknown_print_is_adopted_when_the_printer_names_it),
        A_TEST(what_a_person_says_of_it_counts_for_the_file_there),
        A_TEST(a_person_resolves_an_unknown_print),
        A_TEST(a_print_that_a_person_saw_finished_has_used_its_filament),
        A_TEST(an_unknown_print_that_the_printer_says_failed_has_failed),
        A_TEST(an_unknown_job_put_back_into_the_queue_is_printed),
        A_TEST(changing_an_unknown_job_does_not_decide_its_fate),
        A_TEST(a_foreign_print_holds_our_job),
        A_TEST(a_foreign_print_while_we_wait_for_ours_keeps_the_plate_covered),
        A_TEST(a_print_that_came_and_went_out_of_sight_is_not_begun_again),
        A_TEST(a_printer_that_forgot_all_out_of_sight_is_looked_at),
        A_TEST(a_foreign_print_that_nobody_saw_covers_the_plate),
        A_TEST(only_our_own_submission_is_credited),
        A_TEST(a_print_that_turns_into_another_is_unknown_after_evidence),
        A_TEST(a_print_that_names_itself_again_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
