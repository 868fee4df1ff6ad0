/* Rules are told what happens, once, and do what they say. */
#include "scene.h"

#include <signal.h>
#include <string.h>

static const char writer[] = "on('order.received', function(e)\n"
                             "  shop.notes.write{ text = e.data.item }\n"
                             "end)\n";

static void a_rule_is_told_of_its_topic_and_acts_as_itself(void **state)
{
    (void)state;
    write_rule("writer", writer);
    happen("order.received", "{\"item\":\"cup\"}");
    happen("order.shipped", "{\"item\":\"hat\"}");
    wait_for_notes("cup");
    wait_for("writer", "runs", "1");
    assert_string_equal(shown("writer", "errors"), "0");
    spd_txn *txn = store_read(the.store);
    assert_int_equal(journal_last(txn), 3);
    store_read_end(txn);
}

static bool sees_who(void *arg, const struct event *event)
{
    bool *seen = arg;
    static const char who[] = "\"who\":\"rule/writer\"";
    if (str_is(event->topic, "note.written"))
        *seen = memmem(event->text.ptr, event->text.len, who,
                       sizeof(who) - 1) != NULL;
    return true;
}

static void the_journal_says_which_rule_it_was(void **state)
{
    (void)state;
    bool seen = false;
    write_rule("writer", writer);
    happen("order.received", "{\"item\":\"cup\"}");
    wait_for_notes("cup");
    spd_txn *txn = store_read(the.store);
    journal_each(txn, 0, sees_who, &seen);
    store_read_end(txn);
    assert_true(seen);
}

static void patterns_and_several_functions_are_told(void **state)
{
    (void)state;
    write_rule("many", "on('order.*', function(e) log('noun', e.topic) end)\n"
                       "on('*', function(e) log('all') end)\n"
                       "on('order.received', function(e) log('one') end)\n"
                       "on('order.received', function(e) log('two') end)\n");
    happen("order.received", "{}");
    wait_for("many", "runs", "1");
    assert_string_equal(log_of("many"), "one|two|noun order.received|all");
}

static void what_is_missed_while_the_server_is_down_is_told_after(void **state)
{
    (void)state;
    write_rule("writer", writer);
    script_stop(the.script);
    happen("order.received", "{\"item\":\"cup\"}");
    happen("order.received", "{\"item\":\"hat\"}");
    scene_restart();
    wait_for("writer", "runs", "2");
    assert_string_equal(notes(), "cup hat");
    scene_restart();
    happen("order.received", "{\"item\":\"pot\"}");
    wait_for_notes("cup hat pot");
}

static void a_new_rule_is_not_told_the_history(void **state)
{
    (void)state;
    happen("order.received", "{\"item\":\"cup\"}");
    write_rule("writer", writer);
    happen("order.received", "{\"item\":\"hat\"}");
    wait_for_notes("hat");
}

static void the_state_is_kept(void **state)
{
    (void)state;
    write_rule("counter", "on('order.received', function()\n"
                          "  state.count = (state.count or 0) + 1\n"
                          "  log(state.count)\n"
                          "end)\n");
    happen("order.received", "{}");
    happen("order.received", "{}");
    wait_for("counter", "runs", "2");
    scene_restart();
    happen("order.received", "{}");
    wait_for("counter", "runs", "3");
    assert_string_equal(log_of("counter"), "3");
}

static void a_killed_process_is_started_anew_and_told_again(void **state)
{
    (void)state;
    write_rule("writer", writer);
    kill((pid_t)script_process_id(the.script), SIGSTOP);
    happen("order.received", "{\"item\":\"cup\"}");
    turn(0);
    kill((pid_t)script_process_id(the.script), SIGKILL);
    wait_for_notes("cup");
    assert_string_equal(shown("writer", "loaded"), "true");
    assert_string_equal(shown("writer", "switched_off"), "");
}

static void a_changed_file_is_at_work_at_once(void **state)
{
    (void)state;
    write_rule("r", "on('order.received', function() log('old') end)");
    write_rule("r", "on('order.received', function() log('new') end)");
    happen("order.received", "{}");
    wait_for("r", "runs", "1");
    assert_string_equal(log_of("r"), "new");
    remove_rule("r");
    assert_int_equal(the.status, 404);
}

static void an_error_names_its_line_and_stops_nobody_else(void **state)
{
    (void)state;
    write_rule("bad", "on('order.received', function(e)\n"
                      "  local n = e.data.nothing.more\n"
                      "end)\n");
    write_rule("writer", writer);
    happen("order.received", "{\"item\":\"cup\"}");
    wait_for_notes("cup");
    assert_string_equal(shown("bad", "errors"), "1");
    assert_string_equal(shown("bad", "last_line"), "2");
    assert_string_equal(shown("bad", "last_error"),
                        "attempt to index a nil value (field 'nothing')");
}

static void a_refusal_can_be_caught_and_says_why(void **state)
{
    (void)state;
    write_rule("r", "on('order.received', function(e)\n"
                    "  local fine, why = pcall(shop.notes.write, {})\n"
                    "  log(fine, why)\n"
                    "  local fine, why = pcall(shop.nots.write, {})\n"
                    "  log(why)\n"
                    "  log(#shop.notes.list{limit = 5})\n"
                    "end)\n");
    happen("order.received", "{}");
    wait_for("r", "runs", "1");
    assert_string_equal(shown("r", "last_error"), "");
    assert_string_equal(log_of("r"),
                        "false notes.write: text is required|"
                        "nots.write: there is no such operation|0");
}

static void a_rule_does_not_hear_itself(void **state)
{
    (void)state;
    write_rule("echo", "on('note.written', function(e)\n"
                       "  shop.notes.write{ text = 'echo' }\n"
                       "end)\n");
    call("notes.write", "{\"text\":\"hello\"}");
    wait_for("echo", "runs", "1");
    happen("other.thing", "{}");
    turn(50);
    assert_string_equal(notes(), "hello echo");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        S_TEST(a_rule_is_told_of_its_topic_and_acts_as_itself),
        S_TEST(the_journal_says_which_rule_it_was),
        S_TEST(patterns_and_several_functions_are_told),
        S_TEST(what_is_missed_while_the_server_is_down_is_told_after),
        S_TEST(a_new_rule_is_not_told_the_history),
        S_TEST(the_state_is_kept),
        S_TEST(a_killed_process_is_started_anew_and_told_again),
        S_TEST(a_changed_file_is_at_work_at_once),
        S_TEST(an_error_names_its_line_and_stops_nobody_else),
        S_TEST(a_refusal_can_be_caught_and_says_why),
        S_TEST(a_rule_does_not_hear_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
