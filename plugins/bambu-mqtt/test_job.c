/* What the printer's word for its job means, over time. */
#include "job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { CANCEL = 0x0300400C };

struct scene {
    struct job job;
    struct report report;
    int64_t now_ms;
};

static struct scene new_scene(void)
{
    struct scene s = { .now_ms = 5000 };
    report_init(&s.report);
    return s;
}

static enum job_state see(struct scene *s, const char *gcode_state,
                          const char *id)
{
    s->now_ms += 1000;
    (void)snprintf(s->report.gcode_state, sizeof(s->report.gcode_state), "%s",
                   gcode_state);
    (void)snprintf(s->report.task_id, sizeof(s->report.task_id), "%s", id);
    (void)snprintf(s->report.subtask_id, sizeof(s->report.subtask_id), "%s",
                   id);
    (void)job_update(&s->job, &s->report, s->now_ms);
    return s->job.shown;
}

static void a_print_is_prepared_printed_and_finished(void **state)
{
    (void)state;
    struct scene s = new_scene();
    assert_int_equal(see(&s, "IDLE", "0"), JOB_IDLE);
    assert_int_equal(see(&s, "PREPARE", "7"), JOB_PREPARING);
    assert_int_equal(see(&s, "RUNNING", "7"), JOB_PRINTING);
    assert_int_equal(see(&s, "PAUSE", "7"), JOB_PAUSED);
    assert_int_equal(see(&s, "RUNNING", "7"), JOB_PRINTING);
    assert_int_equal(see(&s, "FINISH", "7"), JOB_FINISHED);
    assert_string_equal(s.job.submission, "7");
}

static void the_last_end_does_not_count_for_the_next_submission(void **state)
{
    (void)state;
    struct scene s = new_scene();
    assert_int_equal(see(&s, "FINISH", "7"), JOB_FINISHED);
    assert_int_equal(see(&s, "FINISH", "8"), JOB_IDLE);
    assert_string_equal(s.job.submission, "8");
    job_reconnected(&s.job); /* and neither after a hiccup of the network */
    assert_int_equal(see(&s, "FINISH", "8"), JOB_IDLE);
    assert_int_equal(see(&s, "RUNNING", "8"), JOB_PRINTING);
    assert_int_equal(see(&s, "FINISH", "8"), JOB_FINISHED);
}

static void a_number_that_goes_away_does_not_undo_the_end(void **state)
{
    (void)state;
    struct scene s = new_scene();
    (void)see(&s, "RUNNING", "7");
    assert_int_equal(see(&s, "FINISH", "7"), JOB_FINISHED);
    assert_int_equal(see(&s, "FINISH", "0"), JOB_FINISHED);
}

static void a_failure_is_told_after_it_could_have_been_a_stop(void **state)
{
    (void)state;
    struct scene s = new_scene();
    (void)see(&s, "RUNNING", "7");
    assert_int_equal(see(&s, "FAILED", "7"), JOB_PRINTING);
    int64_t again = job_update(&s.job, &s.report, s.now_ms);
    assert_int_equal(again, s.now_ms + JOB_SETTLE_MS);
    (void)job_update(&s.job, &s.report, again);
    assert_int_equal(s.job.shown, JOB_FAILED);
    assert_false(s.job.canceled);
}

static void a_stop_at_the_printer_is_told_by_its_late_code(void **state)
{
    (void)state;
    struct scene s = new_scene();
    (void)see(&s, "RUNNING", "7");
    assert_int_equal(see(&s, "FAILED", "7"), JOB_PRINTING);
    s.report.print_error = CANCEL;
    assert_int_equal(see(&s, "FAILED", "7"), JOB_FAILED);
    assert_true(s.job.canceled);
}

static void our_own_stop_is_a_stop_at_once(void **state)
{
    (void)state;
    struct scene s = new_scene();
    (void)see(&s, "RUNNING", "7");
    job_stop_sent(&s.job, s.now_ms);
    assert_int_equal(see(&s, "FAILED", "7"), JOB_FAILED);
    assert_true(s.job.canceled);
    (void)see(&s, "RUNNING", "8"); /* and does not count for the next one */
    assert_int_equal(see(&s, "FAILED", "8"), JOB_PRINTING);
}

static void idle_out_of_a_print_is_a_print_given_up(void **state)
{
    (void)state;
    struct scene s = new_scene();
    (void)see(&s, "RUNNING", "7");
    (void)see(&s, "IDLE", "7");
    s.now_ms += JOB_SETTLE_MS;
    assert_int_equal(see(&s, "IDLE", "7"), JOB_FAILED);
}

static void idle_after_a_reconnect_is_just_idle(void **state)
{
    (void)state;
    struct scene s = new_scene();
    (void)see(&s, "RUNNING", "7");
    job_reconnected(&s.job);
    assert_int_equal(see(&s, "IDLE", "0"), JOB_IDLE);
}

static void an_old_failure_is_a_snapshot_and_told_as_it_is(void **state)
{
    (void)state;
    struct scene s = new_scene();
    assert_int_equal(see(&s, "FAILED", "0"), JOB_FAILED);
    assert_false(s.job.canceled);
}

static void a_failure_while_preparing_is_one_too(void **state)
{
    (void)state;
    struct scene s = new_scene();
    (void)see(&s, "PREPARE", "7");
    (void)see(&s, "FAILED", "7");
    s.now_ms += JOB_SETTLE_MS;
    assert_int_equal(see(&s, "FAILED", "7"), JOB_FAILED);
}

static void a_word_nobody_knows_is_unknown_and_passes(void **state)
{
    (void)state;
    struct scene s = new_scene();
    (void)see(&s, "RUNNING", "7");
    assert_int_equal(see(&s, "INIT", "7"), JOB_UNKNOWN);
    assert_int_equal(see(&s, "RUNNING", "7"), JOB_PRINTING);
}

static void a_cloud_job_is_nobodys_submission(void **state)
{
    (void)state;
    struct scene s = new_scene();
    (void)see(&s, "RUNNING", "7");
    (void)snprintf(s.report.subtask_id, sizeof(s.report.subtask_id), "9");
    (void)job_update(&s.job, &s.report, s.now_ms);
    assert_string_equal(s.job.submission, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_print_is_prepared_printed_and_finished),
        cmocka_unit_test(the_last_end_does_not_count_for_the_next_submission),
        cmocka_unit_test(a_number_that_goes_away_does_not_undo_the_end),
        cmocka_unit_test(a_failure_is_told_after_it_could_have_been_a_stop),
        cmocka_unit_test(a_stop_at_the_printer_is_told_by_its_late_code),
        cmocka_unit_test(our_own_stop_is_a_stop_at_once),
        cmocka_unit_test(idle_out_of_a_print_is_a_print_given_up),
        cmocka_unit_test(idle_after_a_reconnect_is_just_idle),
        cmocka_unit_test(an_old_failure_is_a_snapshot_and_told_as_it_is),
        cmocka_unit_test(a_failure_while_preparing_is_one_too),
        cmocka_unit_test(a_word_nobody_knows_is_unknown_and_passes),
        cmocka_unit_test(a_cloud_job_is_nobodys_submission),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
