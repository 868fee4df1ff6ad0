/* The plate: nothing is printed onto what lies there, over restarts and
 * whatever the printer is at; and when it becomes clear by itself. */
#include "stage.h"

#include <stdio.h>
#include <string.h>

static void set(int64_t printer, const char *members)
{
    make("printers.update", "{\"id\":%lld,%s}", (long long)printer, members);
}

static void say_bed(int machine, double celsius)
{
    say(machine, "{\"bed_celsius\":%g}", celsius);
}

/* A printer whose print of ours is finished, with the bed at 60 degrees. */
static int64_t finished_print(const char *members)
{
    int64_t printer = add_printer(0);
    set(printer, members);
    job_printing(0);
    say_bed(0, 60);
    say_state(0, "finished", the.machines[0].submission, 100);
    return printer;
}

static bool is_clear(int64_t printer)
{
    return read_printer(printer).plate_clear;
}

static bool note_who(void *arg, const struct event *event)
{
    struct buf *said = arg;
    spd_json *json = json_parse(event->text, NULL);
    if (str_is(event->topic, "printer.plate_cleared"))
        buf_printf(said, "%.*s ",
                   STR_ARG(json_as_str(json_member(json, "who"), STR("?"))));
    json_free(json);
    return true;
}

static void assert_cleared_by(const char *who)
{
    struct buf said = { 0 };
    spd_txn *txn = store_read(the.shop.store);
    journal_each(txn, 0, note_who, &said);
    store_read_end(txn);
    buf_put_char(&said, '\0');
    assert_string_equal(said.ptr, who);
    buf_fini(&said);
}

#define COOL "\"ejects\":\"when_cool\",\"eject_below_c\":30"

static void a_covered_plate_stays_covered_over_a_restart(void **state)
{
    (void)state;
    int64_t printer = finished_print("\"notes\":\"\"");
    int64_t next = add_job("");
    restart();
    say_state(0, "finished", the.machines[0].submission, 100);
    say_idle(0, the.machines[0].submission);
    assert_false(is_clear(printer));
    assert_job(next, "queued", "waiting");
    crash();
    say_idle(0, the.machines[0].submission);
    assert_job(next, "queued", "waiting");
}

static void a_plate_is_cleared_while_the_printer_is_off(void **state)
{
    (void)state;
    int64_t printer = finished_print("\"notes\":\"\"");
    int64_t next = add_job("");
    say_offline(0);
    make("printers.plate_cleared", "{\"id\":%lld}", (long long)printer);
    assert_true(is_clear(printer));
    restart();
    assert_true(is_clear(printer));
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_true(is_clear(printer));
    assert_job(next, "queued", "uploading");
}

static void a_plate_is_cleared_while_the_printer_is_switched_off_here(void **s)
{
    (void)s;
    int64_t printer = finished_print("\"enabled\":true");
    set(printer, "\"enabled\":false");
    make("printers.plate_cleared", "{\"id\":%lld}", (long long)printer);
    assert_true(is_clear(printer));
}

static void a_person_who_clears_it_stands_in_the_journal(void **state)
{
    (void)state;
    int64_t printer = finished_print("\"notes\":\"\"");
    make("printers.plate_cleared", "{\"id\":%lld}", (long long)printer);
    assert_cleared_by("person/1 ");
}

static void a_plate_clears_itself_once_the_bed_is_cool(void **state)
{
    (void)state;
    int64_t printer = finished_print(COOL);
    int64_t next = add_job("");
    say_bed(0, 30.5);
    assert_false(is_clear(printer));
    assert_job(next, "queued", "waiting");
    say_bed(0, 30);
    assert_true(is_clear(printer));
    assert_cleared_by("printer/1 ");
    assert_job(next, "queued", "uploading");
}

static void a_plate_cools_also_while_spoold_is_down(void **state)
{
    (void)state;
    int64_t printer = finished_print(COOL);
    crash();
    say(0, "{\"connection\":\"connected\",\"bed_celsius\":20}");
    assert_false(is_clear(printer)); /* the report is not whole yet */
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_true(is_clear(printer));
}

static void a_plate_clears_itself_by_the_end_of_the_print(void **state)
{
    (void)state;
    int64_t printer = finished_print("\"ejects\":\"at_end\"");
    assert_true(is_clear(printer));
    assert_cleared_by("printer/1 ");
}

static void a_printer_that_never_says_how_warm_it_is_waits(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    set(printer, COOL);
    job_printing(0);
    say_state(0, "finished", the.machines[0].submission, 100);
    pass_ms(MINUTE);
    assert_false(is_clear(printer));
}

static void a_failed_print_is_never_ejected(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    set(printer, COOL);
    job_printing(0);
    say_state(0, "failed", the.machines[0].submission, 50);
    say_bed(0, 20);
    assert_false(is_clear(printer));
}

static void a_stopped_print_is_never_ejected(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    set(printer, "\"ejects\":\"at_end\"");
    job_printing(0);
    say(0, "{\"full\":true,\"state\":\"failed\",\"canceled\":true}");
    assert_false(is_clear(printer));
}

static void a_print_nobody_knows_the_end_of_is_never_ejected(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    set(printer, COOL);
    int64_t job = job_printing(0);
    for (int i = 0; i < 8; i++) {
        say_idle(0, "another");
        pass_ms(50 * SECOND);
    }
    assert_job(job, "started", "unknown");
    make("jobs.update", "{\"print_id\":%lld,\"status\":\"completed\"}",
         (long long)job);
    say_bed(0, 20);
    assert_false(is_clear(printer));
}

static void a_print_started_by_hand_is_never_ejected(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    set(printer, COOL);
    say_idle(0, "");
    say_state(0, "printing", "by-hand", 10);
    say_state(0, "finished", "by-hand", 100);
    say_bed(0, 20);
    assert_false(is_clear(printer));
}

static void a_print_by_hand_on_top_of_ours_is_not_ejected(void **state)
{
    (void)state;
    int64_t printer = finished_print(COOL);
    say_state(0, "printing", "by-hand", 10);
    say_state(0, "finished", "by-hand", 100);
    say_bed(0, 20);
    assert_false(is_clear(printer));
}

static void a_print_by_hand_while_nobody_looked_is_not_ejected(void **state)
{
    (void)state;
    int64_t printer = finished_print(COOL);
    say_offline(0);
    say_bed(0, 20);
    say_state(0, "finished", "by-hand", 100);
    say_bed(0, 20);
    assert_false(is_clear(printer));
}

/* What lay there when it began, and how it was sliced, nobody knows. */
static void a_print_by_hand_that_a_job_adopts_is_not_ejected(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    set(printer, "\"ejects\":\"at_end\"");
    say_state(0, "printing", "4711", 10);
    int64_t job = add_job("");
    make("jobs.adopt", "{\"id\":%lld,\"printer_id\":%lld}", (long long)job,
         (long long)printer);
    say_state(0, "finished", "4711", 100);
    assert_job(job, "completed", "done");
    assert_false(is_clear(printer));
}

/* It was printed without the lines that throw it off. */
static void a_profile_set_after_the_print_clears_nothing(void **state)
{
    (void)state;
    int64_t printer = finished_print("\"ejects\":\"none\"");
    set(printer, "\"ejects\":\"at_end\"");
    assert_false(is_clear(printer));
}

static void a_profile_taken_away_meanwhile_clears_nothing(void **state)
{
    (void)state;
    int64_t printer = finished_print(COOL);
    set(printer, "\"ejects\":\"none\"");
    say_bed(0, 20);
    assert_false(is_clear(printer));
}

static void a_person_who_says_it_is_not_clear_is_believed(void **state)
{
    (void)state;
    int64_t printer = finished_print(COOL);
    set(printer, "\"plate_clear\":false");
    say_bed(0, 20);
    assert_false(is_clear(printer));
}

static void how_cool_must_be_said(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    const char *reply =
        call("printers.update", "{\"id\":%lld,\"ejects\":\"when_cool\"}",
             (long long)printer);
    assert_int_equal(the.status, 400);
    assert_non_null(strstr(reply, "eject_below_c is needed"));
    call("printers.update",
         "{\"id\":%lld,\"ejects\":\"when_cool\",\"eject_below_c\":500}",
         (long long)printer);
    assert_int_equal(the.status, 400);
    call("printers.update", "{\"id\":%lld,\"ejects\":\"kicks\"}",
         (long long)printer);
    assert_int_equal(the.status, 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_covered_plate_stays_covered_over_a_restart),
        A_TEST(a_plate_is_cleared_while_the_printer_is_off),
        A_TEST(a_plate_is_cleared_while_the_printer_is_switched_off_here),
        A_TEST(a_person_who_clears_it_stands_in_the_journal),
        A_TEST(a_plate_clears_itself_once_the_bed_is_cool),
        A_TEST(a_plate_cools_also_while_spoold_is_down),
        A_TEST(a_plate_clears_itself_by_the_end_of_the_print),
        A_TEST(a_printer_that_never_says_how_warm_it_is_waits),
        A_TEST(a_failed_print_is_never_ejected),
        A_TEST(a_stopped_print_is_never_ejected),
        A_TEST(a_print_nobody_knows_the_end_of_is_never_ejected),
        A_TEST(a_print_started_by_hand_is_never_ejected),
        A_TEST(a_print_by_hand_on_top_of_ours_is_not_ejected),
        A_TEST(a_print_by_hand_while_nobody_looked_is_not_ejected),
        A_TEST(a_print_by_hand_that_a_job_adopts_is_not_ejected),
        A_TEST(a_profile_set_after_the_print_clears_nothing),
        A_TEST(a_profile_taken_away_meanwhile_clears_nothing),
        A_TEST(a_person_who_says_it_is_not_clear_is_believed),
        A_TEST(how_cool_must_be_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
