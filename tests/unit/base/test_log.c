#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static char line[4096];
static int lines;
static enum spd_level level;

static void keep(void *arg, enum spd_level at, const char *text)
{
    (void)arg;
    lines++;
    level = at;
    snprintf(line, sizeof(line), "%s", text);
}

static int listen_here(void **state)
{
    (void)state;
    (void)state;
    log_listen(keep, NULL);
    return 0;
}

static void a_line_names_who_speaks(void **state)
{
    (void)state;
    log_warn("etsy", "order %d has no buyer", 7);
    assert_string_equal(line, "etsy: order 7 has no buyer");
    assert_int_equal(level, SPD_WARN);
}

static void lines_below_the_level_are_dropped(void **state)
{
    (void)state;
    lines = 0;
    log_debug("x", "not shown at first");
    assert_int_equal(lines, 0);
    log_set_level(SPD_ERROR);
    log_warn("x", "not shown");
    log_error("x", "shown");
    log_set_level(SPD_INFO);
    assert_int_equal(lines, 1);
}

static void a_file_name_cannot_write_lines_of_its_own(void **state)
{
    (void)state;
    log_info("files", "took %s", "a\nerror: \x1b[31mb\x7f");
    assert_string_equal(line, "files: took a\\x0aerror: \\x1b[31mb\\x7f");
}

static void control_characters_in_utf8_are_escaped_too(void **state)
{
    (void)state;
    log_info("files", "took %s",
             "a\xc2\x85"
             "b\xc2\x9b"
             "31m\xc2\xa0\xc3\xbc");
    assert_string_equal(line, "files: took a\\xc2\\x85"
                              "b\\xc2\\x9b"
                              "31m\xc2\xa0\xc3\xbc");
}

static void utf8_stays_readable_and_other_bytes_are_escaped(void **state)
{
    (void)state;
    log_info("files", "took %s", "W\xc3\xbcrfel");
    assert_string_equal(line, "files: took W\xc3\xbcrfel");
    log_info("files", "took %s", "W\xfcrfel");
    assert_string_equal(line, "files: took W\\xfcrfel");
}

static void a_long_line_is_cut_and_stays_readable(void **state)
{
    (void)state;
    char name[3001] = "";
    for (int i = 0; i < 1000; i++)
        strcat(name, "\xe2\x82\xac");
    log_info("files", "took %s", name);
    assert_true(strlen(line) > 1000);
    assert_null(strchr(line, '\\'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_names_who_speaks),
        cmocka_unit_test(lines_below_the_level_are_dropped),
        cmocka_unit_test(a_file_name_cannot_write_lines_of_its_own),
        cmocka_unit_test(control_characters_in_utf8_are_escaped_too),
        cmocka_unit_test(utf8_stays_readable_and_other_bytes_are_escaped),
        cmocka_unit_test(a_long_line_is_cut_and_stays_readable),
    };
    return cmocka_run_group_tests(tests, listen_here, NULL);
}
