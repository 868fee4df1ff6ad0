/* Rules that loop, leak, grow and cheat cost nothing but themselves: another
 * rule goes on, and the loop is not held up. */
#include "scene.h"

#include <stdio.h>
#include <string.h>

/* A rule with this in its function, and one that shows that all goes on. */
static void let_loose(const char *body)
{
    char source[2000];
    snprintf(source, sizeof(source),
             "on('order.received', function(e)\n%s\nend)", body);
    write_rule("good", "on('order.received', function(e)\n"
                       "  shop.notes.write{ text = e.data.item }\nend)");
    write_rule("bad", source);
    happen("order.received", "{\"item\":\"cup\"}");
    wait_for_notes("cup");
    wait_for("bad", "errors", "1");
    happen("order.received", "{\"item\":\"hat\"}");
    wait_for_notes("cup hat");
}

static void assert_said(const char *part)
{
    const char *error = shown("bad", "last_error");
    if (strstr(error, part) == NULL)
        fail_msg("the error is: %s", error);
}

static void an_endless_loop_is_broken_off_and_its_line_told(void **state)
{
    (void)state;
    let_loose("while true do end");
    assert_said("runs too long");
    assert_string_equal(shown("bad", "last_line"), "2");
}

static void pcall_around_the_limit_does_not_help(void **state)
{
    (void)state;
    let_loose("while true do pcall(function() while true do end end) end");
    assert_said("too long");
}

static void coroutines_around_the_limit_do_not_help(void **state)
{
    (void)state;
    let_loose("while true do\n"
              "  local co = coroutine.wrap(function() while true do end end)\n"
              "  pcall(co)\n"
              "end");
    assert_said("too long");
}

static void a_text_repeated_for_ever_is_refused(void **state)
{
    (void)state;
    let_loose("local s = string.rep('', 1 << 40)");
    assert_said("a million");
}

static void a_pattern_that_explodes_is_killed(void **state)
{
    (void)state;
    let_loose("local a = ('a?'):rep(30) .. ('a'):rep(30)\n"
              "return ('a'):rep(30):find('^' .. a .. '$')");
    assert_said("killed");
}

static void a_table_of_10_gb_finds_no_memory(void **state)
{
    (void)state;
    let_loose("local t = {} for i = 1, 1 << 34 do t[i] = {i} end");
    assert_said("memory");
}

static void memory_caught_by_pcall_ends_with_the_time(void **state)
{
    (void)state;
    let_loose("while true do\n"
              "  pcall(function() local t = {} while true do t[#t+1] = {} end "
              "end)\n"
              "end");
    assert_said("too long");
}

static void deep_recursion_is_an_error(void **state)
{
    (void)state;
    let_loose("local function f(n) return 1 + f(n + 1) end f(1)");
    assert_said("too much memory");
}

static void an_error_object_is_told_as_text(void **state)
{
    (void)state;
    let_loose("error({ code = 7 })");
    assert_said("table: ");
    assert_string_equal(shown("bad", "last_line"), "2");
}

static void an_error_whose_text_loops_is_told_somehow(void **state)
{
    (void)state;
    let_loose("error(setmetatable({}, { __tostring = function()\n"
              "  while true do end end }))");
    assert_true(strlen(shown("bad", "last_error")) > 0);
}

static void nothing_leads_out_of_lua(void **state)
{
    (void)state;
    write_rule("r", "for _, name in ipairs{ 'os', 'io', 'load', 'loadstring',\n"
                    "  'loadfile', 'dofile', 'require', 'package', 'debug',\n"
                    "  'collectgarbage' } do\n"
                    "  if _G and _G[name] or _ENV[name] then error(name) end\n"
                    "end\n"
                    "assert(string.dump == nil and ('').dump == nil)\n"
                    "assert(getmetatable('') == false)\n"
                    "assert(not pcall(setmetatable, {}, { __gc = print }))\n"
                    "assert(not pcall(function() shop.jobs = 1 end))\n"
                    "assert(not pcall(setmetatable, shop, {}))\n");
    assert_string_equal(shown("r", "loaded"), "true");
}

static void bytecode_is_not_loaded(void **state)
{
    (void)state;
    write_file("bad", "\x1bLuaS");
    wait_for("bad", "errors", "1");
    assert_said("attempt to load a binary chunk");
}

static void a_finaliser_is_refused(void **state)
{
    (void)state;
    let_loose("setmetatable({}, { __gc = function() while true do end end })");
    assert_said("no use for __gc");
}

static void an_operation_above_its_role_is_refused(void **state)
{
    (void)state;
    let_loose("shop.notes.order{ text = 'gold' }");
    assert_said("notes.order: notes.order is for a higher role than yours");
}

static void rules_are_not_changed_by_rules(void **state)
{
    (void)state;
    write_rule("bad", "-- role: manager\n"
                      "on('order.received', function()\n"
                      "  shop.rules.create{ name = 'x', source = '' }\n"
                      "end)");
    happen("order.received", "{}");
    wait_for("bad", "errors", "1");
    assert_said("rules are not changed by rules");
}

static void rules_that_set_off_each_other_are_stopped(void **state)
{
    (void)state;
    write_rule("ping", "on('note.written', function(e)\n"
                       "  if e.data.text == 'pong' then\n"
                       "    shop.notes.write{ text = 'ping' } end\nend)");
    write_rule("pong", "on('note.written', function(e)\n"
                       "  if e.data.text == 'ping' then\n"
                       "    shop.notes.write{ text = 'pong' } end\nend)");
    call("notes.write", "{\"text\":\"ping\"}");
    wait_for_notes("ping pong ping pong ping pong ping pong ping");
    const char *one = shown("ping", "last_error");
    if (strlen(one) == 0)
        one = shown("pong", "last_error");
    assert_non_null(strstr(one, "in a circle"));
}

static void endless_calls_are_broken_off(void **state)
{
    (void)state;
    let_loose("while true do shop.notes.list{} end");
    assert_true(strstr(shown("bad", "last_error"), "500 calls") != NULL ||
                strstr(shown("bad", "last_error"), "too long") != NULL);
}

static void endless_talk_is_cut(void **state)
{
    (void)state;
    let_loose("while true do log('again') end");
    assert_said("too long");
}

static void a_state_that_grows_is_refused(void **state)
{
    (void)state;
    let_loose("for i = 1, 10000 do state[i] = ('x'):rep(100) end");
    assert_said("state is too large");
}

static void a_state_that_holds_itself_is_refused(void **state)
{
    (void)state;
    let_loose("state.me = state");
    assert_said("contains itself");
}

static void three_offences_switch_a_rule_off_and_the_owner_hears(void **state)
{
    (void)state;
    let_loose("while true do end");
    happen("order.received", "{\"item\":\"pot\"}");
    wait_for("bad", "offences", "3");
    assert_string_equal(shown("bad", "loaded"), "false");
    assert_non_null(strstr(shown("bad", "switched_off"), "too long"));
    turn(20);
    assert_non_null(strstr(topics(), "rule.switched_off"));
    wait_for_notes("cup hat pot");
    scene_restart();
    wait_for("good", "loaded", "true");
    assert_string_equal(shown("bad", "loaded"), "false");
    write_rule("bad", "log('better')");
}

static void a_rule_that_never_ends_loading_is_switched_off(void **state)
{
    (void)state;
    write_file("bad", "return ('a'):rep(30):find('^' .. ('a?'):rep(30) .. "
                      "('a'):rep(30) .. '$')");
    wait_for("bad", "offences", "3");
    assert_string_equal(shown("bad", "loaded"), "false");
    write_rule("good", "log('here')");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        S_TEST(an_endless_loop_is_broken_off_and_its_line_told),
        S_TEST(pcall_around_the_limit_does_not_help),
        S_TEST(coroutines_around_the_limit_do_not_help),
        S_TEST(a_text_repeated_for_ever_is_refused),
        S_TEST(a_pattern_that_explodes_is_killed),
        S_TEST(a_table_of_10_gb_finds_no_memory),
        S_TEST(memory_caught_by_pcall_ends_with_the_time),
        S_TEST(deep_recursion_is_an_error),
        S_TEST(an_error_object_is_told_as_text),
        S_TEST(an_error_whose_text_loops_is_told_somehow),
        S_TEST(nothing_leads_out_of_lua),
        S_TEST(bytecode_is_not_loaded),
        S_TEST(a_finaliser_is_refused),
        S_TEST(an_operation_above_its_role_is_refused),
        S_TEST(rules_are_not_changed_by_rules),
        S_TEST(rules_that_set_off_each_other_are_stopped),
        S_TEST(endless_calls_are_broken_off),
        S_TEST(endless_talk_is_cut),
        S_TEST(a_state_that_grows_is_refused),
        S_TEST(a_state_that_holds_itself_is_refused),
        S_TEST(three_offences_switch_a_rule_off_and_the_owner_hears),
        S_TEST(a_rule_that_never_ends_loading_is_switched_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
