/* may_start: rules object to a job at a printer, and nobody waits for them. */
#include "scene.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char *ask(int64_t job_id, int64_t printer_id, uint32_t tag)
{
    struct script_pair pair = { job_id, printer_id, tag, 1 };
    return script_objects(the.script, &pair);
}

static bool is_open(const char *why)
{
    return why != NULL && strstr(why, "rules are being") != NULL;
}

/* The answer, once it is there; NULL: it may. */
static const char *answer(int64_t job_id, int64_t printer_id, uint32_t tag)
{
    int64_t until_ms = loop_now_ms(the.loop) + 60000;
    const char *why;
    while (is_open(why = ask(job_id, printer_id, tag)) &&
           loop_now_ms(the.loop) < until_ms)
        turn(20);
    return why;
}

static const char odd[] = "function may_start(job, printer)\n"
                          "  if printer.id % 2 == 1 then\n"
                          "    return false, 'job ' .. job.id .. ' is even'\n"
                          "  end\n"
                          "end\n";

static void without_such_a_rule_nothing_is_asked(void **state)
{
    (void)state;
    assert_null(ask(1, 1, 1));
    write_rule("all", "on('*', function() end)");
    assert_null(ask(1, 1, 1));
}

static void what_is_not_known_is_kept_back_and_asked(void **state)
{
    (void)state;
    write_rule("odd", odd);
    assert_string_equal(ask(4, 1, 1),
                        "the shop's rules are being asked whether it may");
    assert_string_equal(answer(4, 1, 1),
                        "the rule odd keeps it back: job 4 is even");
    assert_null(answer(4, 2, 1));
    assert_true(the.vetoes_changed > 0);
}

static void an_answer_is_kept_until_the_job_changes(void **state)
{
    (void)state;
    write_rule("odd", odd);
    answer(4, 1, 1);
    wait_for("odd", "runs", "1");
    for (int i = 0; i < 100; i++)
        assert_non_null(ask(4, 1, 1));
    turn(20);
    assert_string_equal(shown("odd", "runs"), "1");
    assert_true(is_open(ask(4, 1, 2)));
    answer(4, 1, 2);
    assert_string_equal(shown("odd", "runs"), "2");
}

static void many_printers_are_one_question(void **state)
{
    (void)state;
    write_rule("odd", odd);
    for (int64_t printer = 1; printer <= 100; printer++)
        assert_true(is_open(ask(4, printer, 1)));
    for (int64_t printer = 1; printer <= 100; printer++)
        assert_int_equal(answer(4, printer, 1) == NULL, printer % 2 == 0);
    assert_string_equal(shown("odd", "runs"), "1");
}

static void a_changed_rule_is_asked_anew(void **state)
{
    (void)state;
    write_rule("odd", odd);
    assert_non_null(answer(4, 1, 1));
    write_rule("odd", "function may_start() return true end");
    assert_null(answer(4, 1, 1));
    remove_rule("odd");
    assert_null(ask(5, 1, 1));
}

static void all_must_agree(void **state)
{
    (void)state;
    write_rule("odd", odd);
    write_rule("yes", "function may_start() return true end");
    assert_non_null(answer(4, 1, 1));
    assert_null(answer(4, 2, 1));
}

static void a_rule_that_fails_keeps_back(void **state)
{
    (void)state;
    write_rule("bad", "function may_start(job) return job.no.thing end");
    assert_non_null(strstr(answer(4, 1, 1), "attempt to index a nil value"));
}

static void a_rule_may_do_nothing_while_it_is_asked(void **state)
{
    (void)state;
    write_rule("bad", "function may_start(job)\n"
                      "  shop.notes.write{ text = 'x' } end");
    assert_non_null(strstr(answer(4, 1, 1), "cannot be called while"));
    assert_string_equal(notes(), "");
}

static void a_rule_that_loops_is_off_after_three_and_jobs_go_on(void **state)
{
    (void)state;
    write_rule("bad", "function may_start(job) while true do end end");
    for (uint32_t tag = 1; tag <= 3; tag++)
        answer(4, 1, tag);
    wait_for("bad", "offences", "3");
    assert_null(answer(4, 1, 9));
}

static void
a_process_killed_while_it_is_asked_keeps_back_until_it_is_back(void **state)
{
    (void)state;
    write_rule("odd", odd);
    kill((pid_t)script_process_id(the.script), SIGSTOP);
    assert_true(is_open(ask(4, 2, 1)));
    turn(0);
    kill((pid_t)script_process_id(the.script), SIGKILL);
    while (script_process_id(the.script) != 0)
        turn(20);
    assert_string_equal(ask(4, 2, 1),
                        "the shop's rules are being read just now");
    assert_null(answer(4, 2, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        S_TEST(without_such_a_rule_nothing_is_asked),
        S_TEST(what_is_not_known_is_kept_back_and_asked),
        S_TEST(an_answer_is_kept_until_the_job_changes),
        S_TEST(many_printers_are_one_question),
        S_TEST(a_changed_rule_is_asked_anew),
        S_TEST(all_must_agree),
        S_TEST(a_rule_that_fails_keeps_back),
        S_TEST(a_rule_may_do_nothing_while_it_is_asked),
        S_TEST(a_rule_that_loops_is_off_after_three_and_jobs_go_on),
        S_TEST(a_process_killed_while_it_is_asked_keeps_back_until_it_is_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
