#include "host/blame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

static char path[] = "/tmp/spoold-blame-XXXXXX";

static void write_crashes(const char *text)
{
    assert_int_equal(file_write(path, str_of(text), 0600, NULL), SPD_OK);
}

static void two_crashes_within_ten_minutes_leave_it_out_once(void **state)
{
    (void)state;
    write_crashes("1000 bell\n1599 bell\n");
    assert_true(blame_is_due(path, "bell"));
    assert_false(blame_is_due(path, "bell"));
}

static void crashes_further_apart_are_forgiven(void **state)
{
    (void)state;
    write_crashes("1000 bell\n1601 bell\n");
    assert_false(blame_is_due(path, "bell"));
    write_crashes("1000 bell\n");
    assert_false(blame_is_due(path, "bell"));
}

static void only_the_last_two_count(void **state)
{
    (void)state;
    write_crashes("1000 bell\n1001 bell\n9000 bell\n");
    assert_false(blame_is_due(path, "bell"));
    write_crashes("1 bell\n9000 bell\n9001 bell\n");
    assert_true(blame_is_due(path, "bell"));
}

static void others_are_not_blamed_nor_forgotten(void **state)
{
    (void)state;
    write_crashes("1000 bell\n1001 horn\n1002 bell\n1003 horn\n");
    assert_true(blame_is_due(path, "bell"));
    assert_true(blame_is_due(path, "horn"));
    assert_false(blame_is_due(path, "drum"));
}

static void a_damaged_or_missing_file_blames_nobody(void **state)
{
    (void)state;
    write_crashes("bell\n\n12x bell\n1000 bell");
    assert_false(blame_is_due(path, "bell"));
    assert_false(blame_is_due("/nonexistent/file", "bell"));
}

static void a_file_that_grew_too_long_begins_anew(void **state)
{
    (void)state;
    struct buf text = { 0 };
    while (text.len < 80 * 1024)
        buf_put(&text, STR("1000 horn\n"));
    assert_int_equal(file_write(path, buf_str(&text), 0600, NULL), SPD_OK);
    assert_false(blame_is_due(path, "bell"));
    buf_clear(&text);
    assert_int_equal(file_read(path, 1024, &text, NULL), SPD_OK);
    assert_int_equal(text.len, 0);
    buf_fini(&text);
}

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    if (fd < 0)
        return -1;
    return close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_crashes_within_ten_minutes_leave_it_out_once),
        cmocka_unit_test(crashes_further_apart_are_forgiven),
        cmocka_unit_test(only_the_last_two_count),
        cmocka_unit_test(others_are_not_blamed_nor_forgotten),
        cmocka_unit_test(a_damaged_or_missing_file_blames_nobody),
        cmocka_unit_test(a_file_that_grew_too_long_begins_anew),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
