/* every() and at(): when they come. */
#include "script/hours.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/moment.h"
#include "scene.h"

static const char *after(const char *hook, const char *moment)
{
    static char text[MOMENT_BYTES];
    int64_t at_ms;
    assert_true(moment_parse(str_of(moment), &at_ms));
    moment_text(rule_hour(str_of(hook), at_ms), text);
    return text;
}

static int in_berlin(void **state)
{
    (void)state;
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    return 0;
}

static void an_interval_counts_from_now(void **state)
{
    (void)state;
    assert_string_equal(after("every 15m", "2026-11-27T10:01:00Z"),
                        "2026-11-27T10:16:00.000Z");
    assert_string_equal(after("every 2d", "2026-11-27T10:01:00Z"),
                        "2026-11-29T10:01:00.000Z");
}

/* The 27th is a Friday; Berlin is an hour ahead. */
static void an_hour_comes_today_or_on_the_next_day_named(void **state)
{
    (void)state;
    assert_string_equal(after("at 07:00", "2026-11-27T05:59:00Z"),
                        "2026-11-27T06:00:00.000Z");
    assert_string_equal(after("at 07:00", "2026-11-27T06:00:00Z"),
                        "2026-11-28T06:00:00.000Z");
    assert_string_equal(after("at 07:00 Mon-Fri", "2026-11-27T06:00:00Z"),
                        "2026-11-30T06:00:00.000Z");
    assert_string_equal(after("at 18:30 Fri", "2026-11-27T17:30:00Z"),
                        "2026-12-04T17:30:00.000Z");
    assert_string_equal(after("at 10:00 Sat-Mon,Wed", "2026-11-30T10:00:00Z"),
                        "2026-12-02T09:00:00.000Z");
}

static void the_clock_that_is_set_back_moves_no_hour(void **state)
{
    (void)state;
    assert_string_equal(after("at 07:00", "2026-10-24T12:00:00Z"),
                        "2026-10-25T06:00:00.000Z");
    assert_string_equal(after("at 07:00", "2026-03-28T12:00:00Z"),
                        "2026-03-29T05:00:00.000Z");
}

static void other_hooks_are_no_hours(void **state)
{
    (void)state;
    assert_int_equal(rule_hour(STR("print.failed"), 1000), 0);
    assert_int_equal(rule_hour(STR("may_start"), 1000), 0);
}

static void an_interval_is_told_again_and_again(void **state)
{
    (void)state;
    write_rule("tick", "every('1s', function(e)\n"
                       "  state.n = (state.n or 0) + 1\n"
                       "  shop.notes.write{ text = e.topic .. state.n }\n"
                       "end)\n"
                       "on('*', function(e) log(e.topic) end)\n");
    wait_for_notes("every 1s1 every 1s2");
    assert_null(strstr(log_of("tick"), "every"));
}

static void what_is_no_hour_is_refused(void **state)
{
    (void)state;
    call("rules.create", "{\"name\":\"r\",\"source\":"
                         "\"every('soon', function() end)\"}");
    assert_non_null(strstr(the.reply.ptr, "not \\\"soon\\\""));
    call("rules.create", "{\"name\":\"r\",\"source\":"
                         "\"at('25:00', function() end)\"}");
    assert_int_equal(the.status, 422);
    call("rules.create", "{\"name\":\"r\",\"source\":"
                         "\"at('07:00 Mo', function() end)\"}");
    assert_int_equal(the.status, 422);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interval_counts_from_now),
        cmocka_unit_test(an_hour_comes_today_or_on_the_next_day_named),
        cmocka_unit_test(the_clock_that_is_set_back_moves_no_hour),
        cmocka_unit_test(other_hooks_are_no_hours),
        S_TEST(an_interval_is_told_again_and_again),
        S_TEST(what_is_no_hour_is_refused),
    };
    return cmocka_run_group_tests(tests, in_berlin, NULL);
}
