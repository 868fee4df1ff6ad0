#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void is_refused(spd_str text, const char *because)
{
    struct spd_error err = { 0 };
    spd_json *doc = json_parse(text, &err);
    if (doc != NULL)
        fail_msg("read: %.*s", STR_ARG(text));
    assert_int_equal(err.code, SPD_EINVAL);
    if (strstr(err.text, because) == NULL)
        fail_msg("%.*s: %s", STR_ARG(text), err.text);
}

static spd_json *parsed(const char *text)
{
    struct spd_error err = { 0 };
    spd_json *doc = json_parse(str_of(text), &err);
    if (doc == NULL)
        fail_msg("%s: %s", text, err.text);
    return doc;
}

static void members_and_items_are_found(void **state)
{
    (void)state;
    spd_json *doc =
        parsed(" {\"a\": [1, \"two\", null], \"B\": {\"c\": true}} ");
    const spd_json *a = json_member(doc, "a");
    assert_int_equal(json_count(a), 3);
    assert_int_equal(json_as_int(json_item(a, 0), -1), 1);
    assert_true(str_is(json_as_str(json_item(a, 1), STR("")), "two"));
    assert_null(json_item(a, 3));
    assert_true(json_as_bool(json_member(json_member(doc, "B"), "c"), false));
    assert_null(json_member(doc, "b")); /* case counts */
    json_free(doc);
}

static void a_missing_member_reads_as_the_fallback(void **state)
{
    (void)state;
    spd_json *doc = parsed("{\"text\":\"7\"}");
    const spd_json *text = json_member(doc, "text");
    const spd_json *none = json_member(doc, "none");
    assert_int_equal(json_type(none), SPD_JSON_NULL);
    assert_int_equal(json_as_int(none, -1), -1);
    assert_int_equal(json_as_int(text, -1), -1);
    assert_true(json_as_real(text, 0.5) == 0.5);
    assert_true(json_as_bool(text, true));
    assert_true(str_is(json_as_str(none, STR("fallback")), "fallback"));
    assert_null(json_first(none));
    assert_null(json_member(none, "deeper"));
    assert_int_equal(json_count(text), 0);
    json_free(doc);
}

static void walking_gives_names_in_order(void **state)
{
    (void)state;
    spd_json *doc = parsed("{\"z\":1,\"a\":2,\"\":3}");
    char names[16] = "";
    for (const spd_json *v = json_first(doc); v != NULL; v = json_next(v)) {
        strcat(names, json_name(v).ptr);
        strcat(names, ",");
    }
    assert_string_equal(names, "z,a,,");
    json_free(doc);
}

static void integers_are_whole_beyond_32_bits(void **state)
{
    (void)state;
    spd_json *doc = parsed("[3000000000, -9007199254740991, 1e3, 1.5, -0]");
    assert_true(json_as_int(json_item(doc, 0), 0) == 3000000000);
    assert_true(json_as_int(json_item(doc, 1), 0) == -9007199254740991);
    assert_int_equal(json_as_int(json_item(doc, 2), 0), 1000);
    assert_int_equal(json_type(json_item(doc, 3)), SPD_JSON_REAL);
    assert_int_equal(json_as_int(json_item(doc, 3), -1), -1);
    assert_int_equal(json_as_int(json_item(doc, 4), -1), 0);
    json_free(doc);
}

static void
an_id_that_json_would_round_is_not_taken_for_its_neighbour(void **state)
{
    (void)state;
    spd_json *doc = parsed("[9007199254740993, 1e300]");
    assert_int_equal(json_as_int(json_item(doc, 0), -1), -1);
    assert_int_equal(json_as_int(json_item(doc, 1), -1), -1);
    json_free(doc);
}

static void escapes_are_read(void **state)
{
    (void)state;
    spd_json *doc =
        parsed("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00fc\\ud83d\\ude00\"]");
    assert_true(str_is(json_as_str(json_item(doc, 0), STR("")),
                       "\"\\/\b\f\n\r\t\xc3\xbc\xf0\x9f\x98\x80"));
    json_free(doc);
}

static void what_is_behind_the_view_is_not_read(void **state)
{
    (void)state;
    spd_json *doc = json_parse((spd_str){ "123456", 3 }, NULL);
    assert_int_equal(json_as_int(doc, -1), 123);
    json_free(doc);
    char *exact = mem_new(4); /* no NUL behind it: the sanitizer watches */
    memcpy(exact, "true", 4);
    doc = json_parse((spd_str){ exact, 4 }, NULL);
    assert_true(json_as_bool(doc, false));
    json_free(doc);
    free(exact);
}

static void what_is_not_json_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *because;
    } rows[] = {
        { "{\"a\":1} x", "byte 9: something follows" },
        { "{} {}", "byte 4" },
        { "[1,]", "byte 4: a value" },
        { "[1 2]", "a comma or ]" },
        { "{\"a\" 1}", "a colon" },
        { "{\"a\":1,}", "double quotes" },
        { "{a:1}", "double quotes" },
        { "{'a':1}", "double quotes" },
        { "{\"a\":1", "a comma or }" },
        { "[", "a value" },
        { "\"open", "not closed" },
        { "01", "something follows" },
        { "1.", "digits are missing" },
        { ".5", "a value" },
        { "+1", "a value" },
        { "-", "a value" },
        { "1e", "exponent" },
        { "1e999", "too large" },
        { "nan", "a value" },
        { "tru", "a value" },
        { "True", "a value" },
        { "// x\n1", "a value" },
        { "\"a\nb\"", "control character" },
        { "\"\\x41\"", "no such escape" },
        { "\"\\u00g0\"", "four hex digits" },
        { "\"a\\u0000b\"", "\\u0000" },
        { "\"\\ud800\"", "surrogate" },
        { "\"\\ud800\\u0041\"", "surrogate" },
        { "\"\\udc00\"", "surrogate" },
        { "\"\xff\"", "UTF-8" },
        { "\xef\xbb\xbf{}", "a value" },
        { "   ", "a value" },
        { "", "nothing came" },
        { "{\"a\":1,\"a\":2}", "\"a\" stands here twice" },
        { "[{\"b\":{\"a\":1,\"\\u0061\":2}}]", "twice" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        is_refused(str_of(rows[i].text), rows[i].because);
    is_refused(STR("1\0"), "something follows");
    is_refused((spd_str){ NULL, 0 }, "nothing came");
}

static void nesting_ends_at_32_levels(void **state)
{
    (void)state;
    char deep[80] = "";
    for (int i = 0; i < 32; i++)
        strcat(deep, "[");
    for (int i = 0; i < 32; i++)
        strcat(deep, "]");
    json_free(parsed(deep));
    memmove(deep + 33, deep + 32, 33);
    deep[32] = '[';
    strcat(deep, "]");
    is_refused(str_of(deep), "32 levels");
}

static void more_than_a_mebibyte_is_refused(void **state)
{
    (void)state;
    char *much = mem_new(JSON_MAX_BYTES + 1);
    memset(much, ' ', JSON_MAX_BYTES + 1);
    much[0] = '1';
    is_refused((spd_str){ much, JSON_MAX_BYTES + 1 }, "at most");
    spd_json *doc = json_parse((spd_str){ much, JSON_MAX_BYTES }, NULL);
    assert_int_equal(json_as_int(doc, 0), 1);
    json_free(doc);
    free(much);
}

/* cJSON looks members up one by one: finding twins must not be quadratic. */
static void forty_thousand_members_are_checked_for_twins_at_once(void **state)
{
    (void)state;
    struct buf text = { 0 };
    buf_put_char(&text, '{');
    for (int i = 0; i < 40000; i++)
        buf_printf(&text, "\"member%d\":0,", i);
    buf_put(&text, STR("\"member7\":1}"));
    is_refused(buf_str(&text), "\"member7\" stands here twice");
    buf_fini(&text);
}

/* -- writing -- */

static void writes(spd_jsonw *w, const char *expected)
{
    spd_str text;
    assert_int_equal(jsonw_text(w, &text), SPD_OK);
    if (!str_is(text, expected))
        fail_msg("%.*s", STR_ARG(text));
    jsonw_free(w);
}

static void a_document_is_written_compactly(void **state)
{
    (void)state;
    spd_jsonw *w = jsonw_new();
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    jsonw_put_int(w, "id", 7);
    jsonw_begin(w, "list", SPD_JSON_ARRAY);
    jsonw_put_str(w, NULL, STR("a"));
    jsonw_put_null(w, NULL);
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    jsonw_end(w);
    jsonw_end(w);
    jsonw_put_bool(w, "ok", true);
    jsonw_put_raw(w, "raw", STR("[1]"));
    jsonw_end(w);
    writes(w, "{\"id\":7,\"list\":[\"a\",null,{}],\"ok\":true,\"raw\":[1]}");
}

static void the_largest_and_smallest_integers_are_written(void **state)
{
    (void)state;
    spd_jsonw *w = jsonw_new();
    jsonw_begin(w, NULL, SPD_JSON_ARRAY);
    jsonw_put_int(w, NULL, INT64_MAX);
    jsonw_put_int(w, NULL, INT64_MIN);
    jsonw_put_int(w, NULL, 0);
    jsonw_end(w);
    writes(w, "[9223372036854775807,-9223372036854775808,0]");
}

static void real_numbers_read_back_the_same(void **state)
{
    (void)state;
    static const double values[] = {
        0.1, 1.0 / 3, 1e-320, 1.7976931348623157e308, 123.456, 1e15, -0.5, 4.35
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        spd_jsonw *w = jsonw_new();
        spd_str text;
        jsonw_put_real(w, NULL, values[i]);
        assert_int_equal(jsonw_text(w, &text), SPD_OK);
        spd_json *doc = json_parse(text, NULL);
        assert_true(json_as_real(doc, NAN) == values[i]);
        json_free(doc);
        jsonw_free(w);
    }
    spd_jsonw *w = jsonw_new();
    jsonw_put_real(w, NULL, 4.35);
    writes(w, "4.35");
    w = jsonw_new();
    jsonw_put_real(w, NULL, NAN);
    writes(w, "null");
}

static void texts_are_escaped(void **state)
{
    (void)state;
    spd_jsonw *w = jsonw_new();
    jsonw_put_str(w, NULL, STR("\"\\/\b\f\n\r\t\x01\x1f\xc3\xbc"));
    writes(w, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\xc3\xbc\"");
}

static void no_text_is_written_as_the_empty_text(void **state)
{
    (void)state;
    spd_jsonw *w = jsonw_new();
    jsonw_put_str(w, NULL, (spd_str){ NULL, 0 });
    writes(w, "\"\"");
}

static void a_value_is_copied_with_all_that_is_in_it(void **state)
{
    (void)state;
    const char *text =
        "{\"a\":[1,-2.5,\"x\\n\",null,true,{}],\"b\":{\"c\":[]}}";
    spd_json *doc = parsed(text);
    spd_jsonw *w = jsonw_new();
    jsonw_put_json(w, NULL, doc);
    writes(w, text);
    json_free(doc);
}

static void is_broken(spd_jsonw *w)
{
    spd_str text;
    assert_int_equal(jsonw_text(w, &text), SPD_EINTERNAL);
    jsonw_free(w);
}

static void a_document_put_together_wrongly_is_never_given_out(void **state)
{
    (void)state;
    spd_jsonw *w = jsonw_new();
    is_broken(w); /* empty */
    w = jsonw_new();
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    is_broken(w); /* open */
    w = jsonw_new();
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    jsonw_put_int(w, NULL, 1);
    jsonw_end(w);
    is_broken(w); /* a name is missing */
    w = jsonw_new();
    jsonw_begin(w, NULL, SPD_JSON_ARRAY);
    jsonw_put_int(w, "name", 1);
    jsonw_end(w);
    is_broken(w); /* a name too many */
    w = jsonw_new();
    jsonw_put_int(w, NULL, 1);
    jsonw_put_int(w, NULL, 2);
    is_broken(w); /* two documents */
    w = jsonw_new();
    jsonw_put_int(w, NULL, 1);
    jsonw_end(w);
    is_broken(w); /* an end too many */
    w = jsonw_new();
    for (int i = 0; i <= JSON_MAX_DEPTH; i++)
        jsonw_begin(w, NULL, SPD_JSON_ARRAY);
    for (int i = 0; i <= JSON_MAX_DEPTH; i++)
        jsonw_end(w);
    is_broken(w); /* too deep to be read again */
}

static void a_writer_adds_to_what_is_in_the_buffer(void **state)
{
    (void)state;
    struct buf out = { 0 };
    buf_put(&out, STR("data: "));
    spd_jsonw w;
    jsonw_init(&w, &out);
    jsonw_put_int(&w, NULL, 5);
    assert_true(str_is(buf_str(&out), "data: 5"));
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_and_items_are_found),
        cmocka_unit_test(a_missing_member_reads_as_the_fallback),
        cmocka_unit_test(walking_gives_names_in_order),
        cmocka_unit_test(integers_are_whole_beyond_32_bits),
        cmocka_unit_test(
            an_id_that_json_would_round_is_not_taken_for_its_neighbour),
        cmocka_unit_test(escapes_are_read),
        cmocka_unit_test(what_is_behind_the_view_is_not_read),
        cmocka_unit_test(what_is_not_json_is_refused_with_its_place),
        cmocka_unit_test(nesting_ends_at_32_levels),
        cmocka_unit_test(more_than_a_mebibyte_is_refused),
        cmocka_unit_test(forty_thousand_members_are_checked_for_twins_at_once),
        cmocka_unit_test(a_document_is_written_compactly),
        cmocka_unit_test(the_largest_and_smallest_integers_are_written),
        cmocka_unit_test(real_numbers_read_back_the_same),
        cmocka_unit_test(texts_are_escaped),
        cmocka_unit_test(no_text_is_written_as_the_empty_text),
        cmocka_unit_test(a_value_is_copied_with_all_that_is_in_it),
        cmocka_unit_test(a_document_put_together_wrongly_is_never_given_out),
        cmocka_unit_test(a_writer_adds_to_what_is_in_the_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
