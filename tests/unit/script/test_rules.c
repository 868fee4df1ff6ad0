/* Rules as people write and see them: /api/rules. */
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char writer[] =
    "{\"name\":\"writer\",\"source\":\"on('order.received', function(e) "
    "shop.notes.write{ text = e.data.item } end)\"}";

static void assert_refused(int status, const char *part)
{
    assert_int_equal(the.status, status);
    if (strstr(the.reply.ptr, part) == NULL)
        fail_msg("it says: %s", the.reply.ptr);
}

static void a_rule_that_is_added_is_at_work_at_once(void **state)
{
    (void)state;
    call("rules.create", writer);
    assert_int_equal(the.status, 201);
    wait_for("writer", "loaded", "true");
    happen("order.received", "{\"item\":\"cup\"}");
    wait_for_notes("cup");
    wait_for("writer", "runs", "1");
    assert_true(strlen(shown("writer", "last_run_at")) > 0);
    assert_non_null(
        strstr(call("rules.list", "{}"), "\"hooks\":[\"order.received\"]"));
}

static void it_is_there_after_a_restart_with_what_it_keeps(void **state)
{
    (void)state;
    call("rules.create", "{\"name\":\"count\",\"role\":\"viewer\","
                         "\"source\":\"on('a.b', function() state.n = "
                         "(state.n or 0) + 1 log(state.n) end)\"}");
    wait_for("count", "loaded", "true");
    happen("a.b", "{}");
    wait_for("count", "runs", "1");
    scene_restart();
    wait_for("count", "loaded", "true");
    assert_string_equal(shown("count", "role"), "viewer");
    assert_string_equal(shown("count", "runs"), "1");
    happen("a.b", "{}");
    wait_for("count", "runs", "2");
    assert_string_equal(log_of("count"), "2");
}

static void a_text_that_is_no_lua_is_refused_with_its_line(void **state)
{
    (void)state;
    call("rules.create", "{\"name\":\"bad\",\"source\":\"on(\\n  oh no\"}");
    assert_refused(422, "line 2: ");
    call("rules.get", "{\"name\":\"bad\"}");
    assert_int_equal(the.status, 404);
}

static void a_hook_that_cannot_be_is_refused(void **state)
{
    (void)state;
    call("rules.create",
         "{\"name\":\"bad\",\"source\":\"on('failed', function() end)\"}");
    assert_refused(422, "line 1: \\\"failed\\\" is no topic");
}

static void a_text_that_acts_while_it_is_tried_is_refused(void **state)
{
    (void)state;
    call("rules.create", "{\"name\":\"bad\",\"source\":"
                         "\"shop.notes.write{ text = 'now' }\"}");
    assert_refused(422, "cannot be called while it is being loaded");
    assert_string_equal(notes(), "");
}

static void a_text_that_never_ends_is_refused_and_others_go_on(void **state)
{
    (void)state;
    call("rules.create", writer);
    wait_for("writer", "loaded", "true");
    call("rules.create",
         "{\"name\":\"bad\",\"source\":\"return ('a'):rep(30):find('^' .. "
         "('a?'):rep(30) .. ('a'):rep(30) .. '$')\"}");
    assert_refused(422, "too long");
    happen("order.received", "{\"item\":\"cup\"}");
    wait_for_notes("cup");
    assert_string_equal(shown("writer", "errors"), "0");
}

static void bad_names_and_roles_are_refused(void **state)
{
    (void)state;
    call("rules.create", "{\"name\":\"../x\",\"source\":\"\"}");
    assert_refused(400, "letters, digits");
    call("rules.create", "{\"name\":\"x\",\"source\":\"\",\"role\":\"admin\"}");
    assert_refused(400, "role");
    call("rules.create", writer);
    call("rules.create", writer);
    assert_refused(409, "already");
}

static void
a_changed_text_is_at_work_and_a_bad_one_changes_nothing(void **state)
{
    (void)state;
    call("rules.create", writer);
    call("rules.update", "{\"name\":\"writer\",\"source\":\"on('a.b', "
                         "function() shop.notes.write{ text = 'b' } end)\"}");
    assert_int_equal(the.status, 200);
    wait_for("writer", "loaded", "true");
    call("rules.update", "{\"name\":\"writer\",\"source\":\"(\"}");
    assert_int_equal(the.status, 422);
    happen("a.b", "{}");
    wait_for_notes("b");
}

static void one_that_is_off_is_told_nothing_and_misses_what_happened(void **s)
{
    (void)s;
    call("rules.create", writer);
    wait_for("writer", "loaded", "true");
    call("rules.update", "{\"name\":\"writer\",\"enabled\":false}");
    happen("order.received", "{\"item\":\"cup\"}");
    call("rules.update", "{\"name\":\"writer\",\"enabled\":true}");
    wait_for("writer", "loaded", "true");
    happen("order.received", "{\"item\":\"hat\"}");
    wait_for_notes("hat");
}

static void what_it_did_wrong_is_forgiven_with_a_new_text(void **state)
{
    (void)state;
    call("rules.create", "{\"name\":\"r\",\"source\":\"on('a.b', function() "
                         "while true do end end)\"}");
    wait_for("r", "loaded", "true");
    for (int i = 0; i < 3; i++)
        happen("a.b", "{}");
    wait_for("r", "offences", "3");
    assert_string_equal(shown("r", "loaded"), "false");
    call("rules.update", "{\"name\":\"r\",\"source\":\"on('a.b', function() "
                         "log('fine') end)\"}");
    wait_for("r", "loaded", "true");
    assert_string_equal(shown("r", "switched_off"), "");
    happen("a.b", "{}");
    wait_for("r", "runs", "4");
    assert_string_equal(shown("r", "offences"), "0");
}

static void one_that_is_deleted_is_gone_with_what_it_kept(void **state)
{
    (void)state;
    call("rules.create", writer);
    wait_for("writer", "loaded", "true");
    call("rules.delete", "{\"name\":\"writer\"}");
    assert_int_equal(the.status, 200);
    happen("order.received", "{\"item\":\"cup\"}");
    turn(50);
    assert_string_equal(notes(), "");
    scene_restart();
    call("rules.get", "{\"name\":\"writer\"}");
    assert_int_equal(the.status, 404);
    assert_non_null(strstr(topics(), "rule.created rule.deleted"));
}

static void a_file_is_switched_off_here_and_changed_there(void **state)
{
    (void)state;
    write_rule("r", "on('a.b', function() log('told') end)");
    call("rules.update", "{\"name\":\"r\",\"source\":\"log(1)\"}");
    assert_refused(409, "change it there");
    call("rules.delete", "{\"name\":\"r\"}");
    assert_refused(409, "remove it there");
    call("rules.update", "{\"name\":\"r\",\"enabled\":false}");
    assert_int_equal(the.status, 200);
    scene_restart();
    assert_string_equal(shown("r", "enabled"), "false");
    assert_string_equal(shown("r", "loaded"), "false");
}

static void without_the_process_the_server_works_and_says_so(void **state)
{
    (void)state;
    script_free(the.script);
    for (size_t i = 0; i < ops_count(the.ops); i++)
        if (strncmp(ops_at(the.ops, i)->name, "rules.", 6) == 0) {
            ops_remove(the.ops, ops_at(the.ops, i), 1);
            i--;
        }
    the.script = script_new(&(struct script_options){
        .loop = the.loop,
        .store = the.store,
        .ops = the.ops,
        .program = "/nonexistent/spoold-rules",
    });
    struct spd_error err;
    assert_int_equal(script_add_ops(the.script, &err), SPD_OK);
    script_start(the.script);
    call("rules.create", writer);
    assert_refused(503, "the rules process is not there");
    happen("order.received", "{\"item\":\"cup\"}");
    call("notes.write", "{\"text\":\"b\"}");
    assert_int_equal(the.status, 201);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        S_TEST(a_rule_that_is_added_is_at_work_at_once),
        S_TEST(it_is_there_after_a_restart_with_what_it_keeps),
        S_TEST(a_text_that_is_no_lua_is_refused_with_its_line),
        S_TEST(a_hook_that_cannot_be_is_refused),
        S_TEST(a_text_that_acts_while_it_is_tried_is_refused),
        S_TEST(a_text_that_never_ends_is_refused_and_others_go_on),
        S_TEST(bad_names_and_roles_are_refused),
        S_TEST(a_changed_text_is_at_work_and_a_bad_one_changes_nothing),
        S_TEST(one_that_is_off_is_told_nothing_and_misses_what_happened),
        S_TEST(what_it_did_wrong_is_forgiven_with_a_new_text),
        S_TEST(one_that_is_deleted_is_gone_with_what_it_kept),
        S_TEST(a_file_is_switched_off_here_and_changed_there),
        S_TEST(without_the_process_the_server_works_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
