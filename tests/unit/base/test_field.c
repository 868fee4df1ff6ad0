#include "base/field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

struct part {
    int64_t grams;
    spd_str color;
};

static const struct field part_rows[] = {
    FIELD(part, grams, FIELD_INT, "weight in grams", .flags = FIELD_REQUIRED,
          .min = 1),
    FIELD(part, color, FIELD_TEXT, "as #RRGGBB", .min = 7, .max = 7),
};
static const struct fields part_table = { "part", sizeof(struct part),
                                          part_rows, FIELD_COUNT(part_rows) };

struct thing {
    int64_t id, priority, due_at;
    bool enabled;
    double cost;
    spd_str name, notes, settings, code, hidden;
    int status;
    struct list parts, tags;
    struct part spare, best;
};

static const char *const states[] = { "queued", "started", "completed", NULL };

static const struct field rows[] = {
    FIELD(thing, id, FIELD_ID, "id", .flags = FIELD_READONLY),
    FIELD(thing, name, FIELD_TEXT, "name", .flags = FIELD_REQUIRED, .min = 1,
          .max = 10),
    FIELD(thing, priority, FIELD_INT, "first comes the highest", .min = 0,
          .max = 10, .fallback = "5"),
    FIELD(thing, cost, FIELD_REAL, "in euro", .flags = FIELD_NULL, .min = -1.5,
          .max = 99),
    FIELD(thing, enabled, FIELD_BOOL, "is it in use", .fallback = "true"),
    FIELD(thing, due_at, FIELD_TIME, "when", .flags = FIELD_NULL),
    FIELD(thing, status, FIELD_CHOICE, "how it is", .choices = states,
          .fallback = "\"started\""),
    FIELD(thing, notes, FIELD_TEXT, "notes", .flags = FIELD_NULL,
          .fallback = "\"none\""),
    FIELD(thing, settings, FIELD_JSON, "settings", .fallback = "{\"a\":1}"),
    FIELD(thing, code, FIELD_TEXT, "code", .flags = FIELD_SECRET | FIELD_NULL),
    FIELD(thing, hidden, FIELD_TEXT, "hidden", .flags = FIELD_INTERNAL),
    FIELD(thing, parts, FIELD_LIST, "parts", .of = &part_table, .max = 3),
    FIELD(thing, tags, FIELD_LIST, "tags", .of = NULL),
    FIELD(thing, spare, FIELD_RECORD, "a spare part", .of = &part_table,
          .flags = FIELD_NULL),
    FIELD(thing, best, FIELD_RECORD, "the best part", .of = &part_table),
};
static const struct fields table = { "thing", sizeof(struct thing), rows,
                                     FIELD_COUNT(rows) };

static struct arena arena;
static struct faults faults;
static spd_json *doc;
static struct thing thing;

static int set_up(void **state)
{
    (void)state;
    memset(&thing, 0xee, sizeof(thing));
    fields_init(&table, &thing);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    faults_fini(&faults);
    faults = (struct faults){ 0 };
    json_free(doc);
    doc = NULL;
    return 0;
}

static bool decode(const char *text, enum fields_mode mode)
{
    struct spd_error err = { 0 };
    json_free(doc);
    doc = json_parse(str_of(text), &err);
    if (doc == NULL)
        fail_msg("%s", err.text);
    struct fields_input input = { .object = doc, .mode = mode };
    return fields_decode(&table, &thing, &input, &arena, &faults);
}

static void refuses(const char *text, const char *sentence)
{
    faults_fini(&faults);
    faults = (struct faults){ 0 };
    if (decode(text, FIELDS_PATCH))
        fail_msg("%s was taken", text);
    assert_string_equal(faults.first, sentence);
}

static spd_str shown(void)
{
    static struct buf out;
    buf_clear(&out);
    spd_jsonw w;
    jsonw_init(&w, &out);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    fields_write(&table, &thing, &w);
    jsonw_end(&w);
    spd_str copy = arena_str(&arena, buf_str(&out));
    buf_fini(&out);
    return copy;
}

static void absent_members_get_their_defaults(void **state)
{
    (void)state;
    assert_true(decode("{\"name\":\"cube\"}", FIELDS_CREATE));
    assert_true(str_is(thing.name, "cube"));
    assert_int_equal(thing.priority, 5);
    assert_true(isnan(thing.cost));
    assert_true(thing.enabled);
    assert_int_equal(thing.due_at, 0);
    assert_int_equal(thing.status, 1);
    assert_true(str_is(thing.notes, "none"));
    assert_true(str_is(thing.settings, "{\"a\":1}"));
    assert_null(thing.code.ptr);
    assert_int_equal(thing.parts.count, 0);
}

static void a_patch_leaves_absent_members_alone(void **state)
{
    (void)state;
    thing.priority = 9;
    thing.status = 2;
    assert_true(decode("{\"cost\":2.5}", FIELDS_PATCH));
    assert_int_equal(thing.priority, 9);
    assert_int_equal(thing.status, 2);
    assert_true(thing.cost == 2.5);
}

static void every_type_is_read(void **state)
{
    (void)state;
    assert_true(decode(
        "{\"name\":\"cube\",\"priority\":0,\"cost\":-1.5,\"enabled\":false,"
        "\"due_at\":\"2026-11-22T22:10:29+01:00\",\"status\":\"completed\","
        "\"settings\":[1,{\"b\":null}],\"code\":\"1234\","
        "\"parts\":[{\"grams\":3,\"color\":\"#ff0000\"},{\"grams\":4}],"
        "\"tags\":[\"a\",\"b\"]}",
        FIELDS_CREATE));
    assert_int_equal(thing.priority, 0);
    assert_true(thing.cost == -1.5);
    assert_false(thing.enabled);
    assert_true(thing.due_at == 1795381829000);
    assert_int_equal(thing.status, 2);
    assert_true(str_is(thing.settings, "[1,{\"b\":null}]"));
    assert_true(str_is(thing.code, "1234"));
    const struct part *parts = thing.parts.items;
    assert_int_equal(thing.parts.count, 2);
    assert_int_equal(parts[0].grams, 3);
    assert_true(str_is(parts[0].color, "#ff0000"));
    assert_int_equal(parts[1].grams, 4);
    assert_null(parts[1].color.ptr);
    const spd_str *tags = thing.tags.items;
    assert_int_equal(thing.tags.count, 2);
    assert_true(str_is(tags[1], "b"));
}

static void each_fault_is_a_sentence_that_names_the_field(void **state)
{
    (void)state;
    refuses("{\"priority\":11}", "priority must be between 0 and 10");
    refuses("{\"priority\":1.5}", "priority must be a whole number");
    refuses("{\"priority\":\"1\"}", "priority must be a whole number");
    refuses("{\"priority\":null}", "priority must not be null");
    refuses("{\"cost\":100}", "cost must be between -1.5 and 99");
    refuses("{\"cost\":\"1\"}", "cost must be a number");
    refuses("{\"enabled\":1}", "enabled must be true or false");
    refuses("{\"name\":7}", "name must be a text");
    refuses("{\"name\":\"\"}", "name must not be empty");
    refuses("{\"name\":\"12345678901\"}", "name has 11 bytes; at most 10 fit");
    refuses("{\"due_at\":\"tomorrow\"}",
            "due_at must be a time like 2026-11-22T21:10:00Z");
    refuses("{\"status\":\"done\"}",
            "status must be one of queued, started, completed");
    refuses("{\"status\":1}",
            "status must be one of queued, started, completed");
    refuses("{\"id\":7}", "id is set by the server and cannot be sent");
    refuses("{\"hidden\":\"x\"}",
            "hidden is set by the server and cannot be sent");
    refuses("{\"tags\":\"a\"}", "tags must be a list");
    refuses("{\"tags\":[1]}", "tags must be a text");
    refuses("{\"parts\":[1]}", "parts must be a list of objects");
    refuses("{\"parts\":[{\"grams\":1,\"size\":2}]}",
            "parts has an item with an unknown member \"size\"");
    refuses("{\"parts\":[{}]}", "grams is required");
    refuses("{\"parts\":[{\"grams\":1},{\"grams\":1},{\"grams\":1},"
            "{\"grams\":1}]}",
            "parts has 4 items; 0 to 3 may be given");
}

static void a_record_within_a_record_comes_whole_or_not_at_all(void **state)
{
    (void)state;
    assert_true(decode("{\"spare\":{\"grams\":9,\"color\":\"#ff0000\"}}",
                       FIELDS_PATCH));
    assert_true(decode("{\"spare\":{\"grams\":8}}", FIELDS_PATCH));
    assert_int_equal(thing.spare.grams, 8);
    assert_null(thing.spare.color.ptr);
    assert_true(decode("{\"spare\":null}", FIELDS_PATCH));
    assert_true(thing.spare.grams == INT_NONE);
    refuses("{\"best\":null}", "best must not be null");
    refuses("{\"spare\":7}", "spare must be an object");
    refuses("{\"spare\":{}}", "grams is required");
    refuses("{\"spare\":{\"grams\":1,\"size\":2}}",
            "spare has an unknown member \"size\"");
}

static void to_the_lenient_null_and_no_text_are_as_absent(void **state)
{
    (void)state;
    doc = json_parse(STR("{\"name\":\"\",\"priority\":null,\"due_at\":\"\","
                         "\"parts\":[{\"grams\":1,\"color\":\"\"}]}"),
                     NULL);
    struct fields_input input = { .object = doc, .lenient = true };
    assert_false(fields_decode(&table, &thing, &input, &arena, &faults));
    assert_string_equal(faults.first, "name is required");
    assert_int_equal(faults.count, 1);
    assert_int_equal(thing.priority, 5);
}

static void a_least_value_alone_does_not_refuse_every_value(void **state)
{
    (void)state;
    assert_true(decode("{\"parts\":[{\"grams\":5000}]}", FIELDS_PATCH));
    refuses("{\"parts\":[{\"grams\":0}]}",
            "grams must be between 1 and 9.00719925474099e+15");
}

static void all_faults_are_told_at_once(void **state)
{
    (void)state;
    assert_false(
        decode("{\"priority\":11,\"enabled\":\"\\\"\"}", FIELDS_CREATE));
    assert_int_equal(faults.count, 3);
    assert_true(str_is(buf_str(&faults.json),
                       "{\"name\":\"is required\",\"priority\":\"must be "
                       "between 0 and 10\",\"enabled\":\"must be true or "
                       "false\""));
}

static void null_clears_what_may_be_cleared(void **state)
{
    (void)state;
    thing.cost = 7;
    thing.due_at = 7;
    assert_true(
        decode("{\"cost\":null,\"due_at\":null,\"notes\":null}", FIELDS_PATCH));
    assert_true(isnan(thing.cost));
    assert_int_equal(thing.due_at, 0);
    assert_null(thing.notes.ptr);
}

static void texts_of_a_query_are_read_as_the_fields_type(void **state)
{
    (void)state;
    doc = json_parse(STR("{\"priority\":\"3\",\"cost\":\"2.5\","
                         "\"enabled\":\"false\",\"id\":\"9\"}"),
                     NULL);
    struct fields_input input = {
        .object = doc, .mode = FIELDS_PATCH, .from_text = true, .trusted = true
    };
    assert_true(fields_decode(&table, &thing, &input, &arena, &faults));
    assert_int_equal(thing.priority, 3);
    assert_true(thing.cost == 2.5);
    assert_false(thing.enabled);
    assert_int_equal(thing.id, 9);
}

static void without_a_record_the_input_is_only_checked(void **state)
{
    (void)state;
    doc = json_parse(STR("{\"name\":\"x\",\"parts\":[{\"grams\":0}]}"), NULL);
    struct fields_input input = { .object = doc };
    assert_false(fields_decode(&table, NULL, &input, &arena, &faults));
    assert_int_equal(faults.count, 1);
    input.object = NULL;
    assert_false(fields_decode(&table, NULL, &input, &arena, &faults));
}

static void secrets_and_internal_fields_are_not_shown(void **state)
{
    (void)state;
    decode("{\"name\":\"a\\\"b\",\"code\":\"1234\","
           "\"due_at\":\"2026-11-22T21:10:29.000Z\","
           "\"parts\":[{\"grams\":3}],\"tags\":[\"t\"]}",
           FIELDS_CREATE);
    thing.hidden = STR("hidden");
    thing.id = 7;
    spd_str text = shown();
    assert_string_equal(
        text.ptr,
        "{\"id\":7,\"name\":\"a\\\"b\",\"priority\":5,\"cost\":null,"
        "\"enabled\":true,\"due_at\":\"2026-11-22T21:10:29.000Z\","
        "\"status\":\"started\",\"notes\":\"none\",\"settings\":{\"a\":1},"
        "\"parts\":[{\"grams\":3,\"color\":null}],\"tags\":[\"t\"],"
        "\"spare\":null,\"best\":{\"grams\":null,\"color\":null}}");
}

/* -- the store's form -- */

static void fill(void)
{
    assert_true(decode("{\"name\":\"cube\",\"cost\":1.25,\"code\":\"\","
                       "\"parts\":[{\"grams\":3,\"color\":\"#ff0000\"}],"
                       "\"tags\":[\"a\",\"\"]}",
                       FIELDS_CREATE));
    thing.id = 7;
    thing.hidden = STR("x\0y");
}

static void a_packed_record_reads_back_the_same(void **state)
{
    (void)state;
    fill();
    thing.spare.grams = 9;
    spd_str before = shown();
    struct buf packed = { 0 };
    fields_pack(&table, &thing, &packed);
    memset(&thing, 0xee, sizeof(thing));
    assert_true(fields_unpack(&table, &thing, buf_str(&packed), &arena));
    assert_string_equal(shown().ptr, before.ptr);
    assert_true(str_equal(thing.hidden, STR("x\0y")));
    assert_true(thing.code.ptr != NULL && thing.code.len == 0);
    buf_fini(&packed);
}

static void
a_record_packed_before_a_field_was_added_reads_its_default(void **state)
{
    (void)state;
    fill();
    struct fields former = table;
    former.count = 3; /* id, name, priority */
    struct buf packed = { 0 };
    fields_pack(&former, &thing, &packed);
    memset(&thing, 0xee, sizeof(thing));
    assert_true(fields_unpack(&table, &thing, buf_str(&packed), &arena));
    assert_true(str_is(thing.name, "cube"));
    assert_true(str_is(thing.settings, "{\"a\":1}"));
    assert_int_equal(thing.status, 1);
    assert_int_equal(thing.tags.count, 0);
    buf_fini(&packed);
}

static void a_record_packed_by_a_newer_version_is_refused(void **state)
{
    (void)state;
    struct buf packed = { 0 };
    fields_pack(&table, &thing, &packed);
    struct fields former = table;
    former.count = 3;
    assert_false(fields_unpack(&former, &thing, buf_str(&packed), &arena));
    buf_fini(&packed);
}

static void damaged_bytes_never_read_beyond_their_end(void **state)
{
    (void)state;
    fill();
    struct buf packed = { 0 };
    fields_pack(&table, &thing, &packed);
    for (size_t len = 0; len < packed.len; len++)
        assert_false(fields_unpack(&table, &thing, (spd_str){ packed.ptr, len },
                                   &arena));
    for (size_t i = 0; i < packed.len; i++) {
        packed.ptr[i] ^= (char)0xff;
        (void)fields_unpack(&table, &thing, buf_str(&packed), &arena);
        packed.ptr[i] ^= (char)0xff;
    }
    buf_put_char(&packed, 'x');
    assert_false(fields_unpack(&table, &thing, buf_str(&packed), &arena));
    buf_fini(&packed);
}

/* -- the documentation -- */

static bool schema_has(bool as_request, const char *text)
{
    struct buf out = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &out);
    fields_schema(&table, as_request, &w, NULL);
    assert_int_equal(json_check(buf_str(&out), NULL), SPD_OK);
    bool has = memmem(out.ptr, out.len, text, strlen(text)) != NULL;
    buf_fini(&out);
    return has;
}

static void the_schema_of_a_request_has_what_may_be_sent(void **state)
{
    (void)state;
    assert_true(schema_has(true, "\"code\":{"));
    assert_false(schema_has(true, "\"id\":{"));
    assert_false(schema_has(true, "\"hidden\":{"));
    assert_true(schema_has(true, "\"required\":[\"name\"]"));
    assert_true(schema_has(true, "\"minimum\":0,\"maximum\":10"));
    assert_true(schema_has(true, "\"default\":\"started\""));
    assert_true(
        schema_has(true, "\"enum\":[\"queued\",\"started\",\"completed\"]"));
    assert_true(schema_has(true, "[\"number\",\"null\"]"));
    assert_true(schema_has(true, "[\"object\",\"null\"]"));
}

static void the_schema_of_a_reply_has_what_is_shown(void **state)
{
    (void)state;
    assert_true(schema_has(false, "\"id\":{"));
    assert_false(schema_has(false, "\"code\":{"));
    assert_false(schema_has(false, "\"hidden\":{"));
}

static void a_least_value_alone_is_documented_without_a_largest(void **state)
{
    (void)state;
    assert_true(schema_has(true, "\"minimum\":1"));
    assert_false(schema_has(true, "\"maximum\":0"));
}

static void a_field_is_found_by_its_name(void **state)
{
    (void)state;
    assert_ptr_equal(fields_find(&table, STR("name")), &rows[1]);
    assert_null(fields_find(&table, STR("nam")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(absent_members_get_their_defaults),
        TEST(a_patch_leaves_absent_members_alone),
        TEST(every_type_is_read),
        TEST(each_fault_is_a_sentence_that_names_the_field),
        TEST(a_record_within_a_record_comes_whole_or_not_at_all),
        TEST(to_the_lenient_null_and_no_text_are_as_absent),
        TEST(a_least_value_alone_does_not_refuse_every_value),
        TEST(all_faults_are_told_at_once),
        TEST(null_clears_what_may_be_cleared),
        TEST(texts_of_a_query_are_read_as_the_fields_type),
        TEST(without_a_record_the_input_is_only_checked),
        TEST(secrets_and_internal_fields_are_not_shown),
        TEST(a_packed_record_reads_back_the_same),
        TEST(a_record_packed_before_a_field_was_added_reads_its_default),
        TEST(a_record_packed_by_a_newer_version_is_refused),
        TEST(damaged_bytes_never_read_beyond_their_end),
        TEST(the_schema_of_a_request_has_what_may_be_sent),
        TEST(the_schema_of_a_reply_has_what_is_shown),
        TEST(a_least_value_alone_is_documented_without_a_largest),
        TEST(a_field_is_found_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
