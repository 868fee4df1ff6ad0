#include "lua/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct conf *read_well(const char *text)
{
    struct spd_error err = { 0 };
    struct conf *conf = conf_of_text("spoold.conf", str_of(text), &err);
    if (conf == NULL)
        fail_msg("%s", err.text);
    return conf;
}

static void check_json(const char *text, const char *json)
{
    struct conf *conf = read_well(text);
    spd_jsonw *w = jsonw_new();
    spd_str got;
    jsonw_put_json(w, NULL, conf_root(conf));
    assert_int_equal(jsonw_text(w, &got), SPD_OK);
    if (!str_is(got, json))
        fail_msg("%.*s instead of %s", STR_ARG(got), json);
    jsonw_free(w);
    conf_free(conf);
}

static void check_error(const char *text, const char *sentence)
{
    struct spd_error err = { 0 };
    assert_null(conf_of_text("spoold.conf", str_of(text), &err));
    assert_string_equal(err.text, sentence);
    assert_int_equal(err.code, SPD_EINVAL);
}

static void assignments_are_members(void **state)
{
    (void)state;
    check_json("listen = '127.0.0.1:8080'\nworkers = 2\nquiet = true\n"
               "factor = 1.5",
               "{\"listen\":\"127.0.0.1:8080\",\"workers\":2,\"quiet\":true,"
               "\"factor\":1.5}");
}

static void an_empty_text_is_an_empty_object(void **state)
{
    (void)state;
    check_json("", "{}");
    check_json("-- nothing yet\n", "{}");
}

static void plugins_keep_the_order_in_which_they_are_written(void **state)
{
    (void)state;
    check_json("plugins = {\n  'zebra',\n  etsy = { shop = 7 },\n"
               "  'bambu-mqtt', -- the printers\n"
               "  ['scheduler-priority'] = { age = true },\n  aaa = {},\n}",
               "{\"plugins\":{\"zebra\":{},\"etsy\":{\"shop\":7},"
               "\"bambu-mqtt\":{},\"scheduler-priority\":{\"age\":true},"
               "\"aaa\":{}}}");
}

static void a_list_stays_a_list(void **state)
{
    (void)state;
    check_json("names = { 'a', 'b' }\nnone = {}\n"
               "pairs = { { 1, 2 }, { x = 3 } }",
               "{\"names\":[\"a\",\"b\"],\"none\":{},"
               "\"pairs\":[[1,2],{\"x\":3}]}");
}

static void values_may_be_computed_from_others(void **state)
{
    (void)state;
    check_json("host = '10.0.0.1'\nlisten = host .. ':80'\nwait = 60 * 5",
               "{\"host\":\"10.0.0.1\",\"listen\":\"10.0.0.1:80\","
               "\"wait\":300}");
}

static void errors_name_file_line_and_what_is_expected(void **state)
{
    (void)state;
    check_error("a = 1\nlisten = localhost\n",
                "spoold.conf line 2: listen gets no value: is that a text "
                "without quotes?");
    check_error("a = 1\nb = 2\na = 3\n",
                "spoold.conf line 3: a stands here again; it has a value from "
                "line 1 already");
    check_error("x = {\n  y = {\n    f = function() end,\n  },\n}",
                "spoold.conf line 3: x.y.f must be a text, a number, true, "
                "false or a table");
    check_error("x = { 1,\n  y = 2 }",
                "spoold.conf line 1: x mixes names with entries that are "
                "neither \"name\" nor name = value");
    check_error("x = { [1.5] = 2 }",
                "spoold.conf line 1: x has a key that is no name");
    check_error("x = { [1] = 1, [9] = 2 }",
                "spoold.conf line 1: x is a list with holes");
    check_error("x = '\\255'", "spoold.conf line 1: x is not a text in UTF-8");
}

static void a_mistake_of_grammar_is_told_with_its_line(void **state)
{
    (void)state;
    struct spd_error err = { 0 };
    assert_null(conf_of_text("spoold.conf", STR("a = 1\nb = = 2\n"), &err));
    assert_non_null(strstr(err.text, "spoold.conf line 2: unexpected symbol"));
}

static void there_is_no_library(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "x = os.getenv('HOME')",  "x = require 'socket'", "x = ('x'):rep(9)",
        "x = load('return 1')()", "print('x')",           "x = _G",
    };
    for (size_t i = 0; i < SPD_COUNT(texts); i++)
        assert_null(conf_of_text("c", str_of(texts[i]), NULL));
}

static void compiled_chunks_are_refused(void **state)
{
    (void)state;
    struct spd_error err = { 0 };
    assert_null(conf_of_text("c", STR("\x1bLua\x54"), &err));
    assert_non_null(strstr(err.text, "binary"));
}

static void an_endless_loop_ends(void **state)
{
    (void)state;
    check_error("x = 1\nwhile true do end",
                "spoold.conf line 2: this computes too long for a "
                "configuration");
}

static void memory_is_bounded(void **state)
{
    (void)state;
    struct spd_error err = { 0 };
    assert_null(conf_of_text("spoold.conf",
                             STR("local s = 'xxxxxxxxxxxxxxxx'\n"
                                 "for i = 1, 40 do s = s .. s end\nx = s"),
                             &err));
    assert_string_equal(err.text, "spoold.conf: not enough memory");
}

static void a_table_within_itself_ends_in_an_error(void **state)
{
    (void)state;
    struct spd_error err = { 0 };
    assert_null(conf_of_text("c", STR("t = {}\nt.t = t"), &err));
    assert_non_null(strstr(err.text, "is nested too deeply"));
}

static void deep_nesting_in_the_text_is_survived(void **state)
{
    (void)state;
    char text[600] = "x = ";
    memset(text + 4, '{', 250);
    memset(text + 254, '}', 250);
    struct spd_error err = { 0 };
    assert_null(conf_of_text("c", str_of(text), &err));
}

static void every_key_has_its_place(void **state)
{
    (void)state;
    struct conf *conf = read_well("-- [[ not = 1 ]]\n"            /* 1 */
                                  "--[==[\nlisten = 'no'\n]==]\n" /* 2-4 */
                                  "listen = [[\nhere]]\n"         /* 5, 6 */
                                  "plugins = {\n"                 /* 7 */
                                  "  'bambu-mqtt',\n"             /* 8 */
                                  "  etsy = {\n"                  /* 9 */
                                  "    key = 'a = {',\n"          /* 10 */
                                  "    ['shop'] = 7,\n"           /* 11 */
                                  "  },\n}\n");
    char place[CONF_PLACE_BYTES];
    assert_string_equal(conf_place(conf, "listen", place),
                        "spoold.conf line 5");
    assert_string_equal(conf_place(conf, "plugins.bambu-mqtt", place),
                        "spoold.conf line 8");
    assert_string_equal(conf_place(conf, "plugins.etsy.key", place),
                        "spoold.conf line 10");
    assert_string_equal(conf_place(conf, "plugins.etsy.shop", place),
                        "spoold.conf line 11");
    /* One that is not there stands where its table does. */
    assert_string_equal(conf_place(conf, "plugins.etsy.nothing", place),
                        "spoold.conf line 9");
    assert_string_equal(conf_place(conf, "nothing", place), "spoold.conf");
    conf_free(conf);
}

static void a_file_is_read_and_a_missing_one_is_named(void **state)
{
    (void)state;
    char path[] = "/tmp/spoold-conf-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "a = 1", 5), 5);
    close(fd);
    struct conf *conf = conf_load(path, NULL);
    assert_non_null(conf);
    assert_int_equal(json_as_int(json_member(conf_root(conf), "a"), 0), 1);
    conf_free(conf);
    unlink(path);

    struct spd_error err = { 0 };
    assert_null(conf_load(path, &err));
    assert_int_equal(err.code, SPD_ENOTFOUND);
    assert_non_null(strstr(err.text, path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assignments_are_members),
        cmocka_unit_test(an_empty_text_is_an_empty_object),
        cmocka_unit_test(plugins_keep_the_order_in_which_they_are_written),
        cmocka_unit_test(a_list_stays_a_list),
        cmocka_unit_test(values_may_be_computed_from_others),
        cmocka_unit_test(errors_name_file_line_and_what_is_expected),
        cmocka_unit_test(a_mistake_of_grammar_is_told_with_its_line),
        cmocka_unit_test(there_is_no_library),
        cmocka_unit_test(compiled_chunks_are_refused),
        cmocka_unit_test(an_endless_loop_ends),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(a_table_within_itself_ends_in_an_error),
        cmocka_unit_test(deep_nesting_in_the_text_is_survived),
        cmocka_unit_test(every_key_has_its_place),
        cmocka_unit_test(a_file_is_read_and_a_missing_one_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
