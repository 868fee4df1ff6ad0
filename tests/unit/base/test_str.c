#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

static const spd_str none = { NULL, 0 };

static void no_text_is_equal_to_the_empty_text(void **state)
{
    (void)state;
    assert_true(str_equal(none, STR("")));
    assert_true(str_is(none, ""));
    assert_true(str_equal(none, str_of(NULL)));
    assert_int_equal(str_compare(none, STR("")), 0);
    assert_true(str_starts(none, none) && str_ends(none, none));
    assert_true(str_equal(str_trim(none), none));
}

static void a_nul_within_a_text_counts(void **state)
{
    (void)state;
    assert_false(str_equal(STR("a\0b"), STR("a\0c")));
    assert_false(str_is(STR("a\0b"), "a"));
}

static void only_ascii_letters_are_folded(void **state)
{
    (void)state;
    assert_true(str_equal_fold(STR("ContEnt-Type"), STR("content-type")));
    assert_false(str_equal_fold(STR("a["), STR("a{")));
}

static void prefixes_and_suffixes_are_found(void **state)
{
    (void)state;
    assert_true(str_starts(STR("printer/7"), STR("printer/")));
    assert_false(str_starts(STR("print"), STR("printer")));
    assert_true(str_ends(STR("cube.gcode.3mf"), STR(".3mf")));
    assert_false(str_ends(STR("mf"), STR(".3mf")));
}

static void
texts_are_ordered_by_their_bytes_and_a_prefix_comes_first(void **state)
{
    (void)state;
    assert_true(str_compare(STR("a"), STR("ab")) < 0);
    assert_true(str_compare(STR("b"), STR("ab")) > 0);
    assert_true(str_compare(STR("\xff"), STR("a")) > 0);
    assert_int_equal(str_compare(STR("ab"), STR("ab")), 0);
}

static void cutting_takes_pieces_off_the_front(void **state)
{
    (void)state;
    spd_str rest = STR("a,,b");
    assert_true(str_is(str_cut(&rest, ','), "a"));
    assert_true(str_is(str_cut(&rest, ','), ""));
    assert_true(str_is(str_cut(&rest, ','), "b"));
    assert_null(rest.ptr);
}

static void a_separator_at_the_end_leaves_an_empty_piece(void **state)
{
    (void)state;
    spd_str rest = STR("a,");
    assert_true(str_is(str_cut(&rest, ','), "a"));
    assert_non_null(rest.ptr);
    assert_true(str_is(str_cut(&rest, ','), ""));
    assert_null(rest.ptr);
}

static void white_space_is_trimmed_at_both_ends_only(void **state)
{
    (void)state;
    assert_true(str_is(str_trim(STR(" \t a b\r\n")), "a b"));
    assert_true(str_is(str_trim(STR(" \n ")), ""));
}

static void whole_numbers_are_read_to_the_last_digit(void **state)
{
    (void)state;
    int64_t value = 0;
    assert_true(str_to_int(STR("9223372036854775807"), &value));
    assert_true(value == INT64_MAX);
    assert_true(str_to_int(STR("-9223372036854775808"), &value));
    assert_true(value == INT64_MIN);
    assert_true(str_to_int((spd_str){ "123", 2 }, &value));
    assert_int_equal(value, 12);
}

static void what_is_not_a_whole_number_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = { "",
                                         "-",
                                         "1 ",
                                         " 1",
                                         "\v1",
                                         "\f1",
                                         "1.5",
                                         "0x10",
                                         "1e3",
                                         "+5",
                                         "9223372036854775808" };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int64_t value = 42;
        if (str_to_int(str_of(texts[i]), &value))
            fail_msg("\"%s\" was read as %lld", texts[i], (long long)value);
        assert_int_equal(value, 42);
    }
    int64_t value;
    assert_false(str_to_int(STR("1\0"), &value));
}

static void real_numbers_are_read(void **state)
{
    (void)state;
    double value = 0;
    assert_true(str_to_real(STR("-0.25"), &value));
    assert_true(value == -0.25);
    assert_true(str_to_real(STR("1e3"), &value));
    assert_true(value == 1000);
}

static void hexadecimal_is_not_taken_for_a_decimal_number(void **state)
{
    (void)state;
    static const char *const texts[] = { "0x10",      "-0x1p3", "nan", "inf",
                                         "-infinity", "1e999",  "",    ".",
                                         "1,5",       "\v1.5",  "+1.5" };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        double value = 42;
        if (str_to_real(str_of(texts[i]), &value))
            fail_msg("\"%s\" was read as %g", texts[i], value);
        assert_true(value == 42);
    }
}

static void well_formed_utf8_is_recognised(void **state)
{
    (void)state;
    static const char *const good[] = { "",
                                        "plain",
                                        "\xc3\xbc",
                                        "\xe2\x82\xac",
                                        "\xf0\x9f\x90\x99",
                                        "\xed\x9f\xbf",
                                        "\xf4\x8f\xbf\xbf" };
    static const char *const bad[] = {
        "\x80",         "\xc3",         "\xc0\xaf",         "\xc1\xbf",
        "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
        "\xf5\x80\x80", "\xff",         "\xe2\x82",         "\xe2(\xa1",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(str_is_utf8(str_of(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(str_is_utf8(str_of(bad[i])));
}

static void a_text_is_clipped_between_characters(void **state)
{
    (void)state;
    spd_str text = STR("a\xe2\x82\xac"
                       "b");
    assert_true(str_is(str_clip(text, 9), "a\xe2\x82\xac"
                                          "b"));
    assert_true(str_is(str_clip(text, 4), "a\xe2\x82\xac"));
    assert_true(str_is(str_clip(text, 3), "a"));
    assert_true(str_is(str_clip(text, 2), "a"));
    assert_true(str_is(str_clip(text, 0), ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_text_is_equal_to_the_empty_text),
        cmocka_unit_test(a_nul_within_a_text_counts),
        cmocka_unit_test(only_ascii_letters_are_folded),
        cmocka_unit_test(prefixes_and_suffixes_are_found),
        cmocka_unit_test(
            texts_are_ordered_by_their_bytes_and_a_prefix_comes_first),
        cmocka_unit_test(cutting_takes_pieces_off_the_front),
        cmocka_unit_test(a_separator_at_the_end_leaves_an_empty_piece),
        cmocka_unit_test(white_space_is_trimmed_at_both_ends_only),
        cmocka_unit_test(whole_numbers_are_read_to_the_last_digit),
        cmocka_unit_test(what_is_not_a_whole_number_is_refused),
        cmocka_unit_test(real_numbers_are_read),
        cmocka_unit_test(hexadecimal_is_not_taken_for_a_decimal_number),
        cmocka_unit_test(well_formed_utf8_is_recognised),
        cmocka_unit_test(a_text_is_clipped_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
