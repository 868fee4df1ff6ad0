/* Prints that somebody began elsewhere: followed, kept, and adopted. */
#include "stage.h"

#include <stdio.h>
#include <string.h>

static void assert_refused(int status, const char *words)
{
    if (the.status != status || strstr(the.reply.ptr, words) == NULL)
        fail_msg("%d \"%s\" is wanted: %d %s", status, words, the.status,
                 the.reply.ptr);
}

/* The latest entry of the history: its member, as text; "" without any. */
static const char *latest(const char *member)
{
    static char text[200];
    call("history.list", "{}");
    assert_int_equal(the.status, 200);
    spd_json *list = json_parse(buf_str(&the.reply), NULL);
    const spd_json *value = json_member(json_item(list, 0), member);
    if (json_type(value) == SPD_JSON_INT)
        snprintf(text, sizeof(text), "%lld", (long long)json_as_int(value, 0));
    else if (json_type(value) == SPD_JSON_BOOL)
        snprintf(text, sizeof(text), "%s",
                 json_as_bool(value, false) ? "true" : "false");
    else
        snprintf(text, sizeof(text), "%.*s",
                 STR_ARG(json_as_str(value, STR(""))));
    json_free(list);
    return text;
}

static size_t count_history(void)
{
    call("history.list", "{}");
    spd_json *list = json_parse(buf_str(&the.reply), NULL);
    size_t count = json_count(list);
    json_free(list);
    return count;
}

static void say_named(int machine, const char *state, const char *submission,
                      const char *name)
{
    say(machine,
        "{\"connection\":\"connected\",\"full\":true,\"state\":\"%s\","
        "\"submission\":\"%s\",\"job_name\":\"%s\",\"progress_pct\":50}",
        state, submission, name);
}

/* -- followed and kept -- */

static void a_print_begun_elsewhere_is_followed_to_its_end(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "");
    news();
    say_named(0, "printing", "4711", "vase");
    assert_non_null(strstr(news(), "foreign.started"));
    assert_string_equal(latest("foreign"), "true");
    assert_string_equal(latest("step"), "printing");
    assert_string_equal(latest("job_name"), "vase");
    assert_string_equal(latest("printer_name"), "Printer 0");
    pass_ms(10 * MINUTE);
    say_named(0, "paused", "4711", "vase");
    assert_int_equal(count_history(), 1);
    say_named(0, "finished", "4711", "vase");
    assert_string_equal(latest("outcome"), "finished");
    assert_int_equal(count_history(), 1);
    assert_non_null(strstr(news(), "foreign.finished"));
}

static void the_printer_shows_whose_print_it_is_at(void **state)
{
    (void)state;
    add_printer(0);
    say_named(0, "printing", "4711", "vase");
    const char *reply = call("printers.status", "{\"id\":1}");
    assert_non_null(strstr(reply, "\"foreign\":{\"id\":"));
    say_named(0, "finished", "4711", "vase");
    reply = call("printers.status", "{\"id\":1}");
    assert_non_null(strstr(reply, "\"foreign\":null"));
}

static void the_end_of_a_foreign_print_is_told_as_the_printer_tells_it(void **s)
{
    static const struct {
        const char *report, *outcome;
    } rows[] = {
        { "{\"state\":\"finished\",\"full\":true}", "finished" },
        { "{\"state\":\"failed\",\"full\":true}", "failed" },
        { "{\"state\":\"failed\",\"canceled\":true,\"full\":true}",
          "cancelled" },
        { "{\"state\":\"idle\",\"full\":true}", "unknown" },
        { "{\"state\":\"idle\",\"submission\":\"\",\"full\":true}", "unknown" },
        { "{\"state\":\"finished\",\"submission\":\"9\",\"full\":true}",
          "unknown" },
    };
    (void)s;
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        assert_int_equal(stage_tear_down(NULL), 0);
        assert_int_equal(stage_set_up(NULL), 0);
        add_printer(0);
        say_named(0, "printing", "4711", "vase");
        say(0, "%s", rows[i].report);
        assert_string_equal(latest("outcome"), rows[i].outcome);
        assert_string_equal(latest("step"), "ended");
        assert_int_equal(count_history(), 1);
    }
}

static void one_foreign_print_after_the_other_is_two(void **state)
{
    (void)state;
    add_printer(0);
    say_named(0, "printing", "1", "vase");
    pass_ms(MINUTE);
    say_named(0, "printing", "2", "cup");
    assert_int_equal(count_history(), 2);
    assert_string_equal(latest("job_name"), "cup");
    say_named(0, "finished", "2", "cup");
    assert_string_equal(latest("outcome"), "finished");
}

/* It was two: the state came first, and its name with the next report. */
static void a_print_whose_name_comes_late_is_one(void **state)
{
    (void)state;
    add_printer(0);
    say_named(0, "finished", "1", "vase");
    say_named(0, "preparing", "1", "vase");
    pass_ms(2 * SECOND);
    say_named(0, "preparing", "", "");
    say_named(0, "preparing", "2", "cup");
    assert_int_equal(count_history(), 1);
    assert_string_equal(latest("job_name"), "cup");
    assert_string_equal(latest("submission"), "2");
}

/* From the printer's own storage: without any number. */
static void prints_without_a_number_are_told_apart_by_their_names(void **state)
{
    (void)state;
    add_printer(0);
    say_named(0, "printing", "", "vase");
    say_named(0, "printing", "", "vase");
    assert_int_equal(count_history(), 1);
    say_named(0, "finished", "", "vase");
    say_named(0, "printing", "", "cup");
    assert_int_equal(count_history(), 2);
}

static void a_foreign_print_outlives_restarts_and_lost_connections(void **s)
{
    (void)s;
    add_printer(0);
    say_named(0, "printing", "4711", "vase");
    say_offline(0);
    assert_string_equal(latest("step"), "printing");
    restart();
    say_named(0, "printing", "4711", "vase");
    crash();
    say_named(0, "finished", "4711", "vase");
    assert_int_equal(count_history(), 1);
    assert_string_equal(latest("outcome"), "finished");
}

static void a_foreign_print_that_nobody_saw_is_kept_all_the_same(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "4710");
    say_offline(0);
    say_named(0, "finished", "4711", "vase");
    assert_int_equal(count_history(), 1);
    assert_string_equal(latest("outcome"), "finished");
    assert_string_equal(latest("reason"), "it was seen only when it was over");
    restart();
    say_named(0, "finished", "4711", "vase");
    assert_int_equal(count_history(), 1);
}

static void the_last_print_of_a_new_printer_is_none_of_our_history(void **s)
{
    (void)s;
    add_printer(0);
    say_named(0, "finished", "4711", "vase");
    assert_int_equal(count_history(), 0);
}

static void our_own_prints_are_not_foreign(void **state)
{
    (void)state;
    add_printer(0);
    say_named(0, "finished", "4711", "vase"); /* what it still names */
    make("printers.plate_cleared", "{\"id\":1}");
    say_named(0, "idle", "4711", "vase");
    int64_t job = add_job("");
    answer_upload(0, SPD_OK);
    say_named(0, "idle", "4711", "vase");
    answer_start(0, SPD_OK);
    say_named(0, "preparing", "", "");
    say_state(0, "printing", the.machines[0].submission, 1);
    assert_job(job, "started", "printing");
    assert_int_equal(count_history(), 1);
    assert_string_equal(latest("foreign"), "false");
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_int_equal(count_history(), 1);
}

/* For a moment the old number stands beside the new state. */
static void
a_printer_that_names_the_last_print_at_our_start_is_not_foreign(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "");
    say_named(0, "printing", "4711", "vase");
    say_named(0, "finished", "4711", "vase");
    make("printers.plate_cleared", "{\"id\":1}");
    add_job("");
    answer_upload(0, SPD_OK);
    say_named(0, "finished", "4711", "vase");
    answer_start(0, SPD_OK);
    size_t before = count_history();
    say_named(0, "preparing", "4711", "vase");
    assert_int_equal(count_history(), before);
}

static void a_foreign_print_is_credited_to_no_job(void **state)
{
    (void)state;
    add_printer(0);
    say_named(0, "printing", "4711", "part 0.gcode.3mf");
    int64_t job = add_job("\"job_name\":\"part 0.gcode.3mf\"");
    say_named(0, "finished", "4711", "part 0.gcode.3mf");
    assert_job(job, "queued", "waiting");
    assert_int_equal(read_job(job).copies_done, 0);
    assert_grams(grams_in(1, 0), 1000);
}

static void a_printer_with_a_foreign_print_can_be_taken_away(void **state)
{
    (void)state;
    add_printer(0);
    say_named(0, "printing", "4711", "vase");
    make("printers.delete", "{\"id\":1}");
    assert_string_equal(latest("outcome"), "unknown");
    assert_string_equal(latest("printer_name"), "Printer 0");
}

static void the_history_of_one_printer_is_its_own(void **state)
{
    (void)state;
    add_printer(0);
    add_printer(1);
    say_named(0, "printing", "1", "vase");
    say_named(1, "printing", "2", "cup");
    call("history.list", "{\"printer_id\":1}");
    assert_non_null(strstr(the.reply.ptr, "vase"));
    assert_null(strstr(the.reply.ptr, "cup"));
}

/* -- adopted -- */

static void adopt(int64_t job, int64_t printer)
{
    call("jobs.adopt", "{\"id\":%lld,\"printer_id\":%lld}", (long long)job,
         (long long)printer);
}

static int64_t adopted_job(void)
{
    add_printer(0);
    say_named(0, "printing", "4711", "vase");
    int64_t job = add_job("");
    pass_ms(5 * MINUTE);
    adopt(job, 1);
    assert_int_equal(the.status, 200);
    assert_job(job, "started", "printing");
    return job;
}

static void an_adopted_print_is_followed_to_its_end_and_credited_once(void **s)
{
    (void)s;
    int64_t job = adopted_job();
    struct attempt attempt = read_attempt(job);
    assert_true(attempt.foreign);
    assert_true(str_is(attempt.asked_by, "person/1"));
    assert_int_equal(read_job(job).started_at, attempt.printing_at);
    say_named(0, "finished", "4711", "vase");
    assert_job(job, "completed", "done");
    say_named(0, "finished", "4711", "vase");
    restart();
    say_named(0, "finished", "4711", "vase");
    assert_int_equal(read_job(job).copies_done, 1);
    assert_grams(grams_in(1, 0), 980);
    assert_int_equal(count_history(), 1);
    assert_int_equal(count_attempts(), 1);
    assert_starts(0, 0);
}

static void an_adopted_print_survives_a_crash(void **state)
{
    (void)state;
    int64_t job = adopted_job();
    crash();
    assert_job(job, "started", "printing");
    say_named(0, "finished", "4711", "vase");
    assert_job(job, "completed", "done");
    assert_grams(grams_in(1, 0), 980);
}

static void an_adopted_print_that_fails_fails_its_job(void **state)
{
    (void)state;
    int64_t job = adopted_job();
    say_named(0, "failed", "4711", "vase");
    assert_job(job, "failed", "done");
    assert_grams(grams_in(1, 0), 990);
}

static void an_adopted_print_can_be_stopped(void **state)
{
    (void)state;
    int64_t job = adopted_job();
    call("jobs.cancel", "{\"print_id\":%lld,\"stop\":true}", (long long)job);
    assert_int_equal(the.machines[0].stops, 1);
    answer_stop(0, SPD_OK);
    say_named(0, "failed", "4711", "vase");
    assert_job(job, "cancelled", "done");
    assert_true(str_is(read_attempt(job).ended_by, "person/1"));
}

static void a_print_is_adopted_by_one_job_alone(void **state)
{
    (void)state;
    adopted_job();
    int64_t other = add_job("");
    adopt(other, 1);
    assert_refused(409, "printer 1 is at job");
    say_named(0, "finished", "4711", "vase");
    adopt(other, 1);
    assert_refused(409, "is a job's already");
    assert_job(other, "queued", "waiting");
}

/* Nobody said so before it was over. */
static void a_print_that_is_over_is_adopted_as_long_as_it_is_shown(void **s)
{
    (void)s;
    add_printer(0);
    say_idle(0, "");
    say_named(0, "printing", "4711", "vase");
    say_named(0, "finished", "4711", "vase");
    int64_t job = add_job("");
    adopt(job, 1);
    assert_int_equal(the.status, 200);
    assert_job(job, "completed", "done");
    assert_grams(grams_in(1, 0), 980);
    assert_int_equal(count_history(), 1);
}

/* As begun at the printer's own display. */
static void a_print_without_a_number_is_followed_by_its_name(void **state)
{
    (void)state;
    add_printer(0);
    say_named(0, "printing", "", "vase");
    int64_t job = add_job("");
    adopt(job, 1);
    assert_int_equal(the.status, 200);
    crash();
    say_named(0, "printing", "", "vase");
    assert_job(job, "started", "printing");
    say_named(0, "finished", "", "vase");
    assert_job(job, "completed", "done");
    assert_grams(grams_in(1, 0), 980);
    assert_int_equal(count_history(), 1);
    int64_t other = add_job("");
    adopt(other, 1);
    assert_refused(409, "is a job's already");
    say_named(0, "printing", "", "vase");
    assert_int_equal(count_history(), 2);
    adopt(other, 1);
    say_named(0, "finished", "", "vase");
    assert_job(other, "completed", "done");
    assert_grams(grams_in(1, 0), 960);
}

static void another_print_without_a_number_is_not_the_adopted_one(void **state)
{
    (void)state;
    add_printer(0);
    say_named(0, "printing", "", "vase");
    int64_t job = add_job("");
    adopt(job, 1);
    for (int i = 0; i < 5; i++) {
        say_named(0, i < 3 ? "printing" : "finished", "", "cup");
        pass_ms(MINUTE);
    }
    assert_job(job, "started", "unknown");
    assert_int_equal(count_history(), 2);
    assert_string_equal(latest("job_name"), "cup");
    assert_grams(grams_in(1, 0), 1000);
}

static void a_job_started_by_hand_can_adopt_its_print(void **state)
{
    (void)state;
    add_printer(0);
    say_named(0, "printing", "4711", "vase");
    int64_t job = add_job("");
    make("jobs.update", "{\"print_id\":%lld,\"status\":\"started\"}",
         (long long)job);
    adopt(job, 1);
    assert_int_equal(the.status, 200);
    say_named(0, "finished", "4711", "vase");
    assert_job(job, "completed", "done");
    assert_int_equal(read_job(job).copies_done, 1);
}

static void what_cannot_be_adopted_is_refused_in_words(void **state)
{
    (void)state;
    add_printer(0);
    add_printer(1);
    int64_t job = add_job("\"printer_id\":1");
    adopt(job, 1);
    assert_refused(409, "printer 1 is not connected");
    say_offline(0);
    adopt(job, 2);
    assert_refused(409, "is for printer 1; change that first");
    adopt(job, 9);
    assert_refused(422, "there is no printer 9");
    adopt(99, 1);
    assert_refused(404, "there is no job 99");
    say_named(0, "printing", "", "");
    adopt(job, 1);
    assert_refused(409, "has neither number nor name");
    call("jobs.adopt", "{\"id\":%lld}", (long long)job);
    assert_refused(400, "printer_id is required");
    make("jobs.cancel", "{\"print_id\":%lld}", (long long)job);
    adopt(job, 1);
    assert_refused(409, "only a job that waits or was started by hand");
}

/* -- the ledger -- */

static void an_attempt_says_for_whom_where_and_when(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_printing(0);
    pass_ms(MINUTE);
    say_state(0, "finished", the.machines[0].submission, 100);
    struct attempt attempt = read_attempt(job);
    assert_true(str_is(attempt.asked_by, "person/1"));
    assert_true(str_is(attempt.ended_by, "spoold"));
    assert_true(str_is(attempt.printer_name, "Printer 0"));
    assert_true(attempt.job_name.len > 0);
    assert_false(attempt.foreign);
    assert_true(attempt.created_at <= attempt.uploaded_at &&
                attempt.uploaded_at <= attempt.start_at &&
                attempt.start_at <= attempt.printing_at &&
                attempt.printing_at + MINUTE <= attempt.ended_at);
    assert_grams(attempt.grams, 20);
}

static void an_attempt_that_a_person_ended_says_who(void **state)
{
    (void)state;
    add_printer(0);
    int64_t dropped = job_uploading(0);
    make("jobs.cancel", "{\"print_id\":%lld}", (long long)dropped);
    assert_true(str_is(read_attempt(dropped).ended_by, "person/1"));
    int64_t unknown = job_starting(0);
    pass_ms(11 * MINUTE);
    assert_true(read_attempt(unknown).unknown_at != 0);
    make("jobs.update", "{\"print_id\":%lld,\"status\":\"failed\"}",
         (long long)unknown);
    assert_true(str_is(read_attempt(unknown).ended_by, "person/1"));
}

/* It ended by itself before the stop was there. */
static void a_stop_that_came_too_late_did_not_end_it(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_printing(0);
    call("jobs.cancel", "{\"print_id\":%lld,\"stop\":true}", (long long)job);
    say_state(0, "finished", the.machines[0].submission, 100);
    answer_stop(0, SPD_EBUSY);
    assert_job(job, "completed", "done");
    assert_true(str_is(read_attempt(job).ended_by, "spoold"));
}

static void the_history_leaves_out_what_never_began(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_starting(0);
    answer_start(0, SPD_EBUSY);
    assert_int_equal(read_attempt(job).outcome, OUTCOME_REFUSED);
    assert_int_equal(count_history(), 0);
    call("jobs.attempts", "{\"id\":%lld}", (long long)job);
    assert_non_null(strstr(the.reply.ptr, "\"outcome\":\"refused\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_print_begun_elsewhere_is_followed_to_its_end),
        A_TEST(the_printer_shows_whose_print_it_is_at),
        A_TEST(the_end_of_a_foreign_print_is_told_as_the_printer_tells_it),
        A_TEST(one_foreign_print_after_the_other_is_two),
        A_TEST(a_print_whose_name_comes_late_is_one),
        A_TEST(prints_without_a_number_are_told_apart_by_their_names),
        A_TEST(a_foreign_print_outlives_restarts_and_lost_connections),
        A_TEST(a_foreign_print_that_nobody_saw_is_kept_all_the_same),
        A_TEST(the_last_print_of_a_new_printer_is_none_of_our_history),
        A_TEST(our_own_prints_are_not_foreign),
        A_TEST(a_printer_that_names_the_last_print_at_our_start_is_not_foreign),
        A_TEST(a_foreign_print_is_credited_to_no_job),
        A_TEST(a_printer_with_a_foreign_print_can_be_taken_away),
        A_TEST(the_history_of_one_printer_is_its_own),
        A_TEST(an_adopted_print_is_followed_to_its_end_and_credited_once),
        A_TEST(an_adopted_print_survives_a_crash),
        A_TEST(an_adopted_print_that_fails_fails_its_job),
        A_TEST(an_adopted_print_can_be_stopped),
        A_TEST(a_print_is_adopted_by_one_job_alone),
        A_TEST(a_print_that_is_over_is_adopted_as_long_as_it_is_shown),
        A_TEST(a_print_without_a_number_is_followed_by_its_name),
        A_TEST(another_print_without_a_number_is_not_the_adopted_one),
        A_TEST(a_job_started_by_hand_can_adopt_its_print),
        A_TEST(what_cannot_be_adopted_is_refused_in_words),
        A_TEST(an_attempt_says_for_whom_where_and_when),
        A_TEST(an_attempt_that_a_person_ended_says_who),
        A_TEST(a_stop_that_came_too_late_did_not_end_it),
        A_TEST(the_history_leaves_out_what_never_began),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
