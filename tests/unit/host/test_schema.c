#include "host/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct spd_field rows[] = {
    { "id", "which one", SPD_T_INT, SPD_FIELD_REQUIRED, "1..9" },
    { "level", "how loud", SPD_T_STR, 0, "low|high" },
    { "note", "for people", SPD_T_STR, 0, NULL },
    { 0 },
};

static struct schema *make(const char *route, enum schema_part part)
{
    struct schema *schema = NULL;
    struct spd_error err = { 0 };
    if (schema_new(&schema, "test", rows, route, part, &err) != SPD_OK)
        fail_msg("%s", err.text);
    return schema;
}

static void fields_are_sorted_by_where_they_stand(void **state)
{
    (void)state;
    struct schema *path = make("PUT /api/t/{id}/x", SCHEMA_PATH);
    struct schema *body = make("PUT /api/t/{id}/x", SCHEMA_NOT_PATH);
    assert_int_equal(schema_fields(path)->count, 1);
    assert_string_equal(schema_fields(path)->rows[0].name, "id");
    assert_int_equal(schema_fields(body)->count, 2);
    assert_string_equal(schema_fields(body)->rows[0].name, "level");
    schema_free(path);
    schema_free(body);
}

static void without_rows_there_is_no_table(void **state)
{
    (void)state;
    struct schema *none = make("GET /api/t", SCHEMA_PATH);
    assert_null(schema_fields(none));
    schema_free(none);
}

static void records_can_be_decoded(void **state)
{
    (void)state;
    struct schema *all = make("GET /api/t", SCHEMA_ALL);
    const struct fields *table = schema_fields(all);
    struct arena arena = { 0 };
    struct faults faults = { 0 };
    void *record = arena_new(&arena, table->size);
    spd_json *json = json_parse(
        STR("{\"id\":\"3\",\"level\":\"high\",\"note\":\"x\"}"), NULL);
    struct fields_input input = { .object = json, .from_text = true };
    assert_true(fields_decode(table, record, &input, &arena, &faults));

    struct buf out = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &out);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    fields_write(table, record, &w);
    jsonw_end(&w);
    assert_true(
        str_is(buf_str(&out), "{\"id\":3,\"level\":\"high\",\"note\":\"x\"}"));
    buf_fini(&out);
    json_free(json);
    faults_fini(&faults);
    arena_fini(&arena);
    schema_free(all);
}

static void rows_that_cannot_be_read_are_named(void **state)
{
    (void)state;
    static const struct spd_field bad[][2] = {
        { { "Name", "doc", SPD_T_INT, 0, NULL }, { 0 } },
        { { "name", "", SPD_T_INT, 0, NULL }, { 0 } },
        { { "name", "doc", 9, 0, NULL }, { 0 } },
        { { "name", "doc", SPD_T_INT, 1u << 9, NULL }, { 0 } },
        { { "name", "doc", SPD_T_INT, 0, "a few" }, { 0 } },
    };
    for (size_t i = 0; i < SPD_COUNT(bad); i++) {
        struct schema *schema = NULL;
        struct spd_error err = { 0 };
        assert_int_equal(
            schema_new(&schema, "test", bad[i], "GET /api/t", SCHEMA_ALL, &err),
            SPD_EINVAL);
        if (strstr(err.text, bad[i][0].name) == NULL)
            fail_msg("%s", err.text);
    }
}

static void each_part_of_the_path_is_a_field(void **state)
{
    (void)state;
    struct spd_error err = { 0 };
    assert_int_equal(schema_judge_route("GET /api/t/{id}", rows, &err), SPD_OK);
    assert_int_equal(schema_judge_route("GET /api/t/{other}", rows, &err),
                     SPD_EINVAL);
    assert_non_null(strstr(err.text, "{other}"));
    assert_int_equal(schema_judge_route("GET /api/t/{id}", NULL, &err),
                     SPD_EINVAL);
}

static void secrets_stand_in_bodies_only(void **state)
{
    (void)state;
    static const struct spd_field secret[] = {
        { "key", "of the door", SPD_T_STR, SPD_FIELD_SECRET, NULL },
        { 0 },
    };
    struct spd_error err = { 0 };
    assert_int_equal(schema_judge_route("POST /api/t", secret, &err), SPD_OK);
    assert_int_equal(schema_judge_route("POST /api/t/{key}", secret, &err),
                     SPD_EINVAL);
    assert_int_equal(schema_judge_route("GET /api/t", secret, &err),
                     SPD_EINVAL);
    assert_int_equal(schema_judge_route("DELETE /api/t", secret, &err),
                     SPD_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_sorted_by_where_they_stand),
        cmocka_unit_test(without_rows_there_is_no_table),
        cmocka_unit_test(records_can_be_decoded),
        cmocka_unit_test(rows_that_cannot_be_read_are_named),
        cmocka_unit_test(each_part_of_the_path_is_a_field),
        cmocka_unit_test(secrets_stand_in_bodies_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
