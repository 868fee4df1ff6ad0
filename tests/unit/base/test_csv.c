/* Tables in the encodings and with the separators that spreadsheets use. */
#include "base/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static struct arena arena;
static struct csv csv;
static struct csv_row row;
static struct spd_error err;

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    arena = (struct arena){ 0 };
    return 0;
}

static void begin(const char *text, size_t len)
{
    err = (struct spd_error){ 0 };
    csv_begin(&csv, (spd_str){ text, len }, &arena);
}

#define BEGIN(literal) begin(literal, sizeof(literal) - 1)

/* The next row's cells, joined by "/". */
static void next_is(const char *joined)
{
    struct buf text = { 0 };
    assert_true(csv_next(&csv, &row, &err));
    for (size_t i = 0; i < row.count; i++)
        buf_printf(&text, "%s%.*s", i == 0 ? "" : "/", STR_ARG(row.cells[i]));
    buf_put_char(&text, '\0');
    assert_string_equal(text.ptr, joined);
    buf_fini(&text);
}

static void ends(void)
{
    assert_false(csv_next(&csv, &row, &err));
    assert_int_equal(err.code, SPD_OK);
}

static void any_separator_is_told_from_the_first_line(void **state)
{
    (void)state;
    BEGIN("a,b\n1,2\n");
    next_is("a/b");
    next_is("1/2");
    ends();
    BEGIN("a;b\r\n1,5;2\r\n");
    next_is("a/b");
    next_is("1,5/2");
    ends();
    BEGIN("a\tb\r1\t2");
    next_is("a/b");
    next_is("1/2");
    ends();
    BEGIN("sep=|\na;b|c\n");
    next_is("a;b/c");
    assert_int_equal(row.line, 2);
}

static void quotes_hold_separators_lines_and_quotes(void **state)
{
    (void)state;
    BEGIN("\"a,b\",\"c\"\"d\"\n\"two\nlines\", \" x \"\nlast,\n");
    next_is("a,b/c\"d");
    next_is("two\nlines/x");
    assert_int_equal(row.line, 2);
    next_is("last/");
    assert_int_equal(row.line, 4);
    ends();
}

static void empty_lines_are_passed_over_and_counted(void **state)
{
    (void)state;
    BEGIN("a,b\n\n , \r\n1,2");
    next_is("a/b");
    next_is("1/2");
    assert_int_equal(row.line, 4);
    ends();
    BEGIN("");
    ends();
}

static void encodings_are_told_from_the_bytes(void **state)
{
    (void)state;
    BEGIN("\xef\xbb\xbf"
          "n\xc3\xa4me,b\n");
    assert_string_equal(csv.encoding, "UTF-8");
    next_is("n\xc3\xa4me/b");
    BEGIN("n\xe4me;\x80\n");
    assert_string_equal(csv.encoding, "Windows-1252");
    next_is("n\xc3\xa4me/\xe2\x82\xac");
    BEGIN("\xff\xfe\xe4\0,\0\x3d\xd8\x09\xde");
    assert_string_equal(csv.encoding, "UTF-16LE");
    next_is("\xc3\xa4/\xf0\x9f\x98\x89");
    BEGIN("\xfe\xff\0a\0,\0b");
    assert_string_equal(csv.encoding, "UTF-16BE");
    next_is("a/b");
    BEGIN("a\0,\0b\0");
    assert_string_equal(csv.encoding, "UTF-16LE");
    next_is("a/b");
}

static void what_is_no_text_becomes_text(void **state)
{
    (void)state;
    BEGIN("a\0b\x01,c\n");
    next_is("a\xef\xbf\xbd"
            "b\xef\xbf\xbd/c");
}

static void an_open_quote_is_said_with_its_line(void **state)
{
    (void)state;
    BEGIN("a,b\n1,\"2\n3,4\n");
    next_is("a/b");
    assert_false(csv_next(&csv, &row, &err));
    assert_string_equal(err.text,
                        "a quote that is opened in line 2 is never closed");
}

static void too_many_columns_are_refused(void **state)
{
    (void)state;
    char commas[CSV_COLUMNS_MAX + 1];
    memset(commas, ',', sizeof(commas));
    begin(commas, CSV_COLUMNS_MAX);
    assert_false(csv_next(&csv, &row, &err));
    assert_string_equal(err.text, "line 1 has more than 256 columns");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(any_separator_is_told_from_the_first_line,
                                  tear_down),
        cmocka_unit_test_teardown(quotes_hold_separators_lines_and_quotes,
                                  tear_down),
        cmocka_unit_test_teardown(empty_lines_are_passed_over_and_counted,
                                  tear_down),
        cmocka_unit_test_teardown(encodings_are_told_from_the_bytes, tear_down),
        cmocka_unit_test_teardown(what_is_no_text_becomes_text, tear_down),
        cmocka_unit_test_teardown(an_open_quote_is_said_with_its_line,
                                  tear_down),
        cmocka_unit_test_teardown(too_many_columns_are_refused, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
