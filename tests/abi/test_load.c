/* A plugin that keeps the rules: loaded, configured, called, stopped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "house.h"

#define SETTINGS "{'password': 'open sesame'}"

static void hang_bell(struct house *house)
{
    struct spd_error err = { 0 };
    spd_err rc = house_load(house, "bell", SETTINGS, &err);
    if (rc != SPD_OK)
        print_error("%s\n", err.text);
    assert_int_equal(rc, SPD_OK);
}

static void a_plugin_loads_starts_answers_and_stops(void **state)
{
    (void)state;
    struct house house = { 0 };
    house_open(&house, ABI_PLUGINS);
    hang_bell(&house);

    assert_string_equal(
        house_call(&house, "bell.ring", "{'door': 2, 'times': 3}"),
        "{\"door\":2,\"times\":3,\"sound\":\"ding\"}");
    assert_int_equal(house.status, 200);

    house_close(&house);
}

static void settings_reach_the_plugin_in_its_own_struct(void **state)
{
    (void)state;
    struct house house = { 0 };
    house_open(&house, ABI_PLUGINS);
    struct spd_error err = { 0 };
    assert_int_equal(house_load(&house, "bell",
                                "{'password': 'x', 'sound': 'dong', "
                                "'pause': '5m', 'loud': true, 'volume': 2}",
                                &err),
                     SPD_OK);
    const char *said = house_call(&house, "bell.report", NULL);
    assert_non_null(strstr(said, "\"pause\":300000"));
    assert_non_null(strstr(said, "\"loud\":true"));
    assert_non_null(strstr(said, "\"volume\":2"));
    house_close(&house);
}

static void absent_settings_take_their_fallback(void **state)
{
    (void)state;
    struct house house = { 0 };
    house_open(&house, ABI_PLUGINS);
    hang_bell(&house);
    const char *said = house_call(&house, "bell.report", NULL);
    assert_non_null(strstr(said, "\"pause\":2000"));
    assert_non_null(strstr(said, "\"loud\":false"));
    assert_non_null(strstr(said, "\"volume\":0.5"));
    house_close(&house);
}

static spd_err reconfigure(struct house *house, const char *json,
                           struct spd_error *err)
{
    spd_json *settings = json_parse(str_of(json), NULL);
    assert_non_null(settings);
    spd_err rc = host_reconfigure(house->host, "bell", settings, NULL, err);
    json_free(settings);
    return rc;
}

static void new_settings_reach_a_running_plugin(void **state)
{
    (void)state;
    struct house house = { 0 };
    house_open(&house, ABI_PLUGINS);
    hang_bell(&house);
    assert_int_equal(
        reconfigure(&house, "{\"password\":\"x\",\"volume\":3}", NULL), SPD_OK);
    assert_non_null(
        strstr(house_call(&house, "bell.report", NULL), "\"volume\":3"));
    house_close(&house);
}

static void refused_settings_leave_the_old_ones(void **state)
{
    (void)state;
    struct house house = { 0 };
    struct spd_error err = { 0 };
    house_open(&house, ABI_PLUGINS);
    hang_bell(&house);
    assert_int_equal(
        reconfigure(&house, "{\"password\":\"x\",\"volume\":11}", &err),
        SPD_EINVAL);
    assert_string_equal(err.text, "bell does not take its new settings: that "
                                  "is too loud");
    assert_int_equal(reconfigure(&house, "{}", &err), SPD_EINVAL);
    assert_non_null(
        strstr(house_call(&house, "bell.report", NULL), "\"volume\":0.5"));
    house_close(&house);
}

static void a_wrong_setting_is_named_with_its_place(void **state)
{
    (void)state;
    static const struct row {
        const char *settings, *text;
    } rows[] = {
        { "{}", "spoold.conf line 3: bell needs password: to ring it" },
        { "{'password': 7}",
          "spoold.conf line 3: bell.password must be a text in quotes" },
        { "{'password': 'x', 'pause': 7}",
          "bell.pause must be a time such as \"30s\"" },
        { "{'password': 'x', 'pause': '7 parsecs'}", "bell.pause must be" },
        { "{'password': 'x', 'loud': 'yes'}",
          "bell.loud must be true or false" },
        { "{'password': 'x', 'volume': 'eleven'}",
          "bell.volume must be a number" },
        { "{'pasword': 'x'}",
          "spoold.conf line 3: bell has no key pasword; it knows sound, "
          "pause, loud, volume, password" },
        { "['x']", "bell takes a table of keys (key = value)" },
        { "7", "spoold.conf line 3: bell takes a table of keys" },
        { "'x'", "bell takes a table of keys" },
    };
    struct house house = { 0 };
    house_open(&house, ABI_PLUGINS);
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        struct spd_error err = { 0 };
        assert_int_equal(
            house_load(&house, ABI_PLUGINS "/bell.so", rows[i].settings, &err),
            SPD_EINVAL);
        if (strstr(err.text, rows[i].text) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", rows[i].text, err.text);
    }
    house_close(&house);
}

static void members_are_checked_before_the_plugin_sees_them(void **state)
{
    (void)state;
    struct house house = { 0 };
    house_open(&house, ABI_PLUGINS);
    hang_bell(&house);
    static const char *const wrong[] = {
        "{'door': 10, 'times': 3}",
        "{'door': 2, 'times': 101}",
        "{'door': 2, 'times': 'many'}",
        "{'door': 2}",
        "{'times': 2}",
        "{'door': 2, 'times': 3, 'x': 1}",
        "{'door': 2, 'times': 3, 'sound': 'bang'}",
    };
    for (size_t i = 0; i < SPD_COUNT(wrong); i++) {
        house_call(&house, "bell.ring", wrong[i]);
        if (house.status != 400)
            fail_msg("%s: %d %s", wrong[i], house.status, house.answer.ptr);
    }
    house_close(&house);
}

static void an_operation_without_a_role_is_for_administrators(void **state)
{
    (void)state;
    struct house house = { 0 };
    house_open(&house, ABI_PLUGINS);
    hang_bell(&house);
    house_call_as(&house, SPD_MANAGER, "bell.wait", NULL);
    assert_int_equal(house.status, 403);
    house_call_as(&house, SPD_VIEWER, "bell.ring", "{'door': 2, 'times': 3}");
    assert_int_equal(house.status, 403);
    house_close(&house);
}

static void a_refusal_of_the_plugin_reaches_the_caller(void **state)
{
    (void)state;
    struct house house = { 0 };
    house_open(&house, ABI_PLUGINS);
    hang_bell(&house);
    const char *said = house_call(&house, "bell.refuse", NULL);
    assert_int_equal(house.status, 404);
    assert_non_null(strstr(said, "there is no such bell"));
    house_close(&house);
}

static void an_answer_may_come_later(void **state)
{
    (void)state;
    struct house house = { 0 };
    house_open(&house, ABI_PLUGINS);
    hang_bell(&house);
    house_call(&house, "bell.wait", NULL);
    assert_int_equal(house.status, 0);
    house_advance(&house, 100);
    assert_int_equal(house.status, 200);
    house_close(&house);
}

static void a_call_left_open_at_stop_ends_as_unavailable(void **state)
{
    (void)state;
    struct house house = { 0 };
    house_open(&house, ABI_PLUGINS);
    hang_bell(&house);
    house_call(&house, "bell.wait", NULL);
    assert_int_equal(house.status, 0);
    house_reopen(&house, ABI_PLUGINS);
    assert_int_equal(house.status, 503);
    assert_true(house_logged(&house, "warn: bell: bell.wait was left "
                                     "unanswered"));
    house_close(&house);
}

static bool bell_says(struct house *house, const char *text)
{
    return strstr(house_call(house, "bell.report", NULL), text) != NULL;
}

/* Work runs on a real thread: turn the loop until it has come back. */
static bool bell_comes_to_say(struct house *house, const char *text)
{
    for (int i = 0; i < 200; i++)
        if (bell_says(house, text))
            return true;
    return false;
}

static void posts_work_fetches_calls_and_events_come_back(void **state)
{
    (void)state;
    struct house house = { 0 };
    house_open(&house, ABI_PLUGINS);
    hang_bell(&house);
    house_call(&house, "bell.busy", NULL);
    assert_int_equal(house.status, 200);
    assert_true(bell_comes_to_say(&house, "\"works\":1"));
    assert_true(bell_says(&house, "\"posts\":1"));
    assert_true(bell_says(&house, "\"events\":1"));
    assert_true(bell_says(&house, "\"durable_events\":1"));
    assert_true(bell_says(&house, "\"result\":3"));
    /* Loopback is refused unless the server's options allow it. */
    assert_true(bell_comes_to_say(&house, "\"fetched_status\":-"));
    house_close(&house);
}

static void what_is_under_way_at_stop_is_told_before_stop(void **state)
{
    (void)state;
    struct house house = { 0 };
    house_open(&house, ABI_PLUGINS);
    hang_bell(&house);
    const struct op *op = ops_find(house.ops, STR("bell.busy"));
    assert_non_null(op);
    house_call(&house, "bell.keep", NULL);
    for (int i = 0; i < 3; i++)
        house_call(&house, "bell.busy", NULL);
    /* LeakSanitizer and the asserts of host_free judge the rest. */
    house_close(&house);
}

static void a_durable_subscription_goes_on_where_it_was(void **state)
{
    (void)state;
    struct house house = { 0 };
    house_open(&house, ABI_PLUGINS);
    hang_bell(&house);
    house_call(&house, "bell.busy", NULL);
    house_run(&house);
    assert_true(bell_says(&house, "\"durable_events\":1"));

    house_reopen(&house, ABI_PLUGINS);
    house_call(&house, "plugins.list", NULL);
    hang_bell(&house);
    house_run(&house);
    assert_true(bell_says(&house, "\"durable_events\":0"));
    assert_true(bell_says(&house, "\"events\":0"));
    house_call(&house, "bell.busy", NULL);
    house_run(&house);
    assert_true(bell_says(&house, "\"durable_events\":1"));
    house_close(&house);
}

static void a_plugins_store_outlives_a_restart(void **state)
{
    (void)state;
    struct house house = { 0 };
    house_open(&house, ABI_PLUGINS);
    hang_bell(&house);
    house_call(&house, "bell.keep", NULL);
    assert_string_equal(house_call(&house, "bell.keep", NULL), "{\"kept\":2}");
    house_reopen(&house, ABI_PLUGINS);
    hang_bell(&house);
    assert_string_equal(house_call(&house, "bell.keep", NULL), "{\"kept\":3}");
    house_close(&house);
}

static void what_a_plugin_counts_can_be_read(void **state)
{
    (void)state;
    struct house house = { 0 };
    house_open(&house, ABI_PLUGINS);
    hang_bell(&house);
    house_call(&house, "bell.ring", "{'door': 2, 'times': 3}");
    struct buf out = { 0 };
    host_metrics(house.host, &out);
    buf_put_char(&out, '\0');
    assert_string_equal(out.ptr, "# HELP spoold_bell_rings_total bells rung\n"
                                 "# TYPE spoold_bell_rings_total counter\n"
                                 "spoold_bell_rings_total 1\n");
    buf_fini(&out);
    house_close(&house);
}

static void a_plugin_is_not_loaded_twice(void **state)
{
    (void)state;
    struct house house = { 0 };
    struct spd_error err = { 0 };
    house_open(&house, ABI_PLUGINS);
    hang_bell(&house);
    assert_int_equal(house_load(&house, "bell", SETTINGS, &err), SPD_EEXIST);
    house_close(&house);
}

static void the_list_says_who_runs_and_who_failed_and_why(void **state)
{
    (void)state;
    struct house house = { 0 };
    house_open(&house, ABI_PLUGINS);
    hang_bell(&house);
    assert_int_equal(house_load(&house, "nobody", NULL, NULL), SPD_ENOTFOUND);
    const char *said = house_call(&house, "plugins.list", NULL);
    assert_non_null(strstr(said, "{\"name\":\"bell\",\"version\":\"1.2\","
                                 "\"state\":\"running\",\"error\":null"));
    assert_non_null(strstr(said, "\"name\":\"nobody\""));
    assert_non_null(strstr(said, "\"state\":\"failed\""));
    assert_non_null(strstr(said, "nobody.so: No such file"));
    house_close(&house);
}

static void check_plugin_tells_what_it_found(void **state)
{
    (void)state;
    struct house house = { 0 };
    struct buf report = { 0 };
    struct spd_error err = { 0 };
    house_open(&house, ABI_PLUGINS);
    spd_json *settings = json_parse(STR("{\"password\":\"x\"}"), &err);
    assert_int_equal(host_check_plugin(house.host, ABI_PLUGINS "/bell.so",
                                       settings, &report, &err),
                     SPD_OK);
    buf_put_char(&report, '\0');
    assert_non_null(strstr(report.ptr, ", MIT): rings\n"
                                       "    sound (text, else ding)"));
    assert_non_null(strstr(report.ptr, "password (text, required, secret)"));
    assert_non_null(strstr(report.ptr, "it registered: operations\n"));
    assert_non_null(strstr(report.ptr, "it stopped\n"));
    json_free(settings);
    buf_fini(&report);
    house_close(&house);
}

static void a_folder_of_plugins_is_listed_with_their_keys(void **state)
{
    (void)state;
    struct buf out = { 0 };
    host_list(ABI_PLUGINS, &out);
    buf_put_char(&out, '\0');
    assert_non_null(strstr(out.ptr, "bell 1.2 (plugin ABI 1."));
    assert_non_null(strstr(out.ptr, "pause (time, else 2s): between rings\n"));
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plugin_loads_starts_answers_and_stops),
        cmocka_unit_test(settings_reach_the_plugin_in_its_own_struct),
        cmocka_unit_test(absent_settings_take_their_fallback),
        cmocka_unit_test(new_settings_reach_a_running_plugin),
        cmocka_unit_test(refused_settings_leave_the_old_ones),
        cmocka_unit_test(a_wrong_setting_is_named_with_its_place),
        cmocka_unit_test(members_are_checked_before_the_plugin_sees_them),
        cmocka_unit_test(an_operation_without_a_role_is_for_administrators),
        cmocka_unit_test(a_refusal_of_the_plugin_reaches_the_caller),
        cmocka_unit_test(an_answer_may_come_later),
        cmocka_unit_test(a_call_left_open_at_stop_ends_as_unavailable),
        cmocka_unit_test(posts_work_fetches_calls_and_events_come_back),
        cmocka_unit_test(what_is_under_way_at_stop_is_told_before_stop),
        cmocka_unit_test(a_durable_subscription_goes_on_where_it_was),
        cmocka_unit_test(a_plugins_store_outlives_a_restart),
        cmocka_unit_test(what_a_plugin_counts_can_be_read),
        cmocka_unit_test(a_plugin_is_not_loaded_twice),
        cmocka_unit_test(the_list_says_who_runs_and_who_failed_and_why),
        cmocka_unit_test(check_plugin_tells_what_it_found),
        cmocka_unit_test(a_folder_of_plugins_is_listed_with_their_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
