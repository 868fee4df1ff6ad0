#include "base/moment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int64_t read_moment(const char *text)
{
    int64_t ms = -1;
    if (!moment_parse(str_of(text), &ms))
        fail_msg("\"%s\" was refused", text);
    return ms;
}

static void a_moment_is_written_as_rfc_3339_in_utc(void **state)
{
    (void)state;
    char text[MOMENT_BYTES];
    assert_true(str_is(moment_text(0, text), "1970-01-01T00:00:00.000Z"));
    assert_true(
        str_is(moment_text(1795381829123, text), "2026-11-22T21:10:29.123Z"));
    assert_true(str_is(moment_text(-1, text), "1969-12-31T23:59:59.999Z"));
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
}

static void every_day_of_eight_centuries_reads_back(void **state)
{
    (void)state;
    char text[MOMENT_BYTES];
    const int64_t day_ms = 86400000;
    for (int64_t day = -146097; day < 146097; day++)
        assert_true(read_moment(moment_text(day * day_ms + 1, text).ptr) ==
                    day * day_ms + 1);
}

static void offsets_fractions_and_small_letters_are_read(void **state)
{
    (void)state;
    int64_t noon = read_moment("2026-02-03T12:00:00Z");
    assert_true(read_moment("2026-02-03t12:00:00z") == noon);
    assert_true(read_moment("2026-02-03 12:00:00") == noon);
    assert_true(read_moment("2026-02-03T14:30:00+02:30") == noon);
    assert_true(read_moment("2026-02-03T07:00:00-05:00") == noon);
    assert_true(read_moment("2026-02-03T12:00:00.5Z") == noon + 500);
    assert_true(read_moment("2026-02-03T12:00:00.123456789Z") == noon + 123);
    assert_true(read_moment("2026-02-03T11:59:60Z") == noon);
}

static void what_is_not_a_moment_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "2026",
        "2026-02-03",
        "2026-02-03T",
        "2026-02-03T12:00",
        "2026-02-30T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-00T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-02-03T24:00:00Z",
        "2026-02-03T12:60:00Z",
        "2026-02-03T12:00:61Z",
        "2026-02-03T12:00:00.Z",
        "2026-02-03T12:00:00+24:00",
        "2026-02-03T12:00:00+0200",
        "2026-02-03T12:00:00Z ",
        "2026-02-03T12:00:00ZZ",
        "-026-02-03T12:00:00Z",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int64_t ms;
        if (moment_parse(str_of(texts[i]), &ms))
            fail_msg("\"%s\" was read as %lld", texts[i], (long long)ms);
    }
}

static void leap_days_are_known(void **state)
{
    (void)state;
    int64_t day_ms = 86400000;
    assert_true(read_moment("2000-03-01T00:00:00Z") -
                    read_moment("2000-02-29T00:00:00Z") ==
                day_ms);
    assert_true(read_moment("2024-03-01T00:00:00Z") -
                    read_moment("2024-02-28T00:00:00Z") ==
                2 * day_ms);
}

static void a_nul_byte_is_no_separator(void **state)
{
    (void)state;
    int64_t ms;
    assert_false(moment_parse(STR("2026\0"
                                  "02-03T12:00:00Z"),
                              &ms));
    assert_false(moment_parse(STR("2026-02-03T12:00:00\0"), &ms));
}

static void
a_moment_that_its_offset_pushes_out_of_the_calendar_is_refused(void **state)
{
    (void)state;
    int64_t ms;
    char text[MOMENT_BYTES];
    assert_false(moment_parse(STR("9999-12-31T23:59:59-00:01"), &ms));
    assert_false(moment_parse(STR("0000-01-01T00:00:00+00:01"), &ms));
    assert_true(
        str_is(moment_text(read_moment("9999-12-31T23:59:59.999Z"), text),
               "9999-12-31T23:59:59.999Z"));
    assert_true(str_is(moment_text(read_moment("0000-01-01T00:00:00Z"), text),
                       "0000-01-01T00:00:00.000Z"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_moment_is_written_as_rfc_3339_in_utc),
        cmocka_unit_test(every_day_of_eight_centuries_reads_back),
        cmocka_unit_test(offsets_fractions_and_small_letters_are_read),
        cmocka_unit_test(what_is_not_a_moment_is_refused),
        cmocka_unit_test(leap_days_are_known),
        cmocka_unit_test(a_nul_byte_is_no_separator),
        cmocka_unit_test(
            a_moment_that_its_offset_pushes_out_of_the_calendar_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
