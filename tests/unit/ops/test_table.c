/* The table itself: what a row must have, its routes, its documentation; and
 * answers that are given twice. */
#include "counter.h"

#include <string.h>

/* -- rows -- */

static spd_err run_nothing(struct call *call, spd_txn *txn)
{
    (void)call;
    (void)txn;
    return SPD_OK;
}

static struct op row_named(const char *name)
{
    return (struct op){ .name = name,
                        .doc = "Do more",
                        .role = SPD_ADMIN,
                        .flags = OP_READ,
                        .run = run_nothing };
}

static void a_row_that_lacks_something_is_refused(void **state)
{
    enum { ROWS = 8 };
    struct op rows[ROWS];
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        rows[i] = row_named("more.do");
    rows[0].doc = NULL;
    rows[1].name = NULL;
    rows[2].run = NULL;
    rows[3].role = 0;
    rows[4].role = SPD_ADMIN + 1;
    rows[5].flags = 0;
    rows[6].flags = OP_READ | OP_WRITE;
    rows[7].flags = OP_READ | OP_PUBLIC; /* and a role */
    for (size_t i = 0; i < ROWS; i++) {
        struct spd_error err = { 0 };
        if (ops_add(the.ops, &rows[i], 1, NULL, &err) != SPD_EINVAL)
            fail_msg("row %zu was taken", i);
        assert_true(strlen(err.text) > 0);
    }
    assert_int_equal(ops_count(the.ops), note_op_count);
}

static void a_name_or_a_route_is_given_once(void **state)
{
    struct op same_name = row_named("notes.get");
    struct op same_route[] = { row_named("more.first"),
                               row_named("more.second") };
    struct spd_error err = { 0 };
    (void)state;
    same_route[1].route = "GET /api/notes/{name}";
    assert_int_equal(ops_add(the.ops, &same_name, 1, NULL, &err), SPD_EEXIST);
    assert_int_equal(ops_add(the.ops, same_route, 2, NULL, &err), SPD_EEXIST);
    assert_non_null(strstr(err.text, "notes.get"));
    assert_null(ops_find(the.ops, STR("more.first"))); /* all or nothing */
    assert_int_equal(ops_count(the.ops), note_op_count);
}

static void rows_are_ordered_by_name(void **state)
{
    (void)state;
    for (size_t i = 1; i < ops_count(the.ops); i++)
        assert_true(
            strcmp(ops_at(the.ops, i - 1)->name, ops_at(the.ops, i)->name) < 0);
}

/* -- routes -- */

static void a_path_leads_to_its_operation(void **state)
{
    static const struct {
        const char *method, *path, *op, *id;
        bool known;
    } rows[] = {
        { "GET", "/api/notes", "notes.list", NULL, true },
        { "GET", "/api/notes/7", "notes.get", "7", true },
        { "GET", "/api/notes/a b", "notes.get", "a b", true },
        { "GET", "/api/notes/latest", "notes.wait", NULL, true },
        { "PUT", "/api/notes/latest", NULL, NULL, true }, /* a literal wins */
        { "DELETE", "/api/notes/7", NULL, NULL, true },
        { "DELETE", "/api/notes", NULL, NULL, true },
        { "GET", "/api/notes/7/8", NULL, NULL, false },
        { "GET", "/api/notes//", NULL, NULL, false },
        { "GET", "/api", NULL, NULL, false },
        { "GET", "/", NULL, NULL, false },
        { "GET", "", NULL, NULL, false },
        { "get", "/api/notes", NULL, NULL, true },
    };
    (void)state;
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        struct route route =
            ops_route(the.ops, str_of(rows[i].method), str_of(rows[i].path));
        const char *name = route.op == NULL ? NULL : route.op->name;
        bool right = (name == NULL) == (rows[i].op == NULL) &&
                     (name == NULL || strcmp(name, rows[i].op) == 0) &&
                     route.path_known == rows[i].known;
        if (!right)
            fail_msg("%s %s leads to %s", rows[i].method, rows[i].path,
                     name == NULL ? "nothing" : name);
        if (rows[i].id != NULL)
            assert_true(str_is(route.params[0].value, rows[i].id));
    }
}

static void a_removed_operation_has_no_route(void **state)
{
    (void)state;
    ops_remove(the.ops, &note_ops[1], 1); /* notes.get */
    struct route route = ops_route(the.ops, STR("GET"), STR("/api/notes/7"));
    assert_null(route.op);
    assert_true(route.path_known); /* notes.update is still there */
}

/* -- documentation -- */

static void the_description_is_json_and_knows_every_route(void **state)
{
    struct buf text = { 0 };
    struct spd_error err = { 0 };
    (void)state;
    ops_describe(the.ops, &text);
    spd_json *json = json_parse(buf_str(&text), &err);
    if (json == NULL)
        fail_msg("%s", err.text);
    const spd_json *paths = json_member(json, "paths");
    for (size_t i = 0; i < ops_count(the.ops); i++) {
        const struct op *op = ops_at(the.ops, i);
        if (op->route == NULL)
            continue;
        char method[8] = "";
        size_t len = strcspn(op->route, " ");
        for (size_t c = 0; c < len; c++)
            method[c] = (char)(op->route[c] - 'A' + 'a');
        const spd_json *path = json_member(paths, strchr(op->route, '/'));
        const spd_json *row = json_member(path, method);
        assert_true(
            str_is(json_as_str(json_member(row, "summary"), STR("")), op->doc));
    }
    json_free(json);
    buf_fini(&text);
}

static void each_refusal_has_its_status_and_its_code(void **state)
{
    static const int statuses[] = { 400, 401, 403, 404, 405, 409, 412,
                                    413, 415, 422, 429, 500, 503 };
    (void)state;
    for (int i = REFUSE_INVALID; i <= REFUSE_UNAVAILABLE; i++) {
        struct buf body = { 0 };
        refusal_write(&body, (enum refusal)i, "no \"way\"\n");
        spd_json *json = json_parse(buf_str(&body), NULL);
        assert_int_equal(refusal_status((enum refusal)i), statuses[i]);
        assert_true(str_is(json_as_str(json_member(json, "error"), STR("")),
                           "no \"way\"\n"));
        assert_true(str_is(json_as_str(json_member(json, "code"), STR("")),
                           refusal_code((enum refusal)i)));
        json_free(json);
        buf_fini(&body);
    }
}

/* -- the same request twice -- */

static void create(const char *who, const char *key, const char *json)
{
    struct asking how = { .role = SPD_ADMIN, .who = who, .key = key };
    ask_flat(how, "notes.create", json);
    settle();
}

static void a_request_repeated_with_its_key_is_done_once(void **state)
{
    (void)state;
    create(NULL, "k1", "{\"text\":\"milk\"}");
    assert_int_equal(the.status, 201);
    create(NULL, "k1", "{\"text\":\"milk\"}");
    assert_int_equal(the.status, 201);
    assert_string_equal(the.reply.ptr,
                        "{\"id\":1,\"text\":\"milk\",\"pages\":1}");
    assert_non_null(strstr(the.headers, "Idempotency-Replayed: true"));
    assert_int_equal(count_notes(), 1);
}

static void two_of_one_key_in_one_turn_are_done_once(void **state)
{
    struct asking how = { .role = SPD_ADMIN, .key = "k1" };
    (void)state;
    ask_flat(how, "notes.create", "{\"text\":\"milk\"}");
    ask_flat(how, "notes.create", "{\"text\":\"milk\"}");
    settle();
    assert_int_equal(the.done, 2);
    assert_int_equal(the.status, 201);
    assert_int_equal(count_notes(), 1);
}

static void a_key_with_another_request_is_refused(void **state)
{
    (void)state;
    create(NULL, "k1", "{\"text\":\"milk\"}");
    create(NULL, "k1", "{\"text\":\"bread\"}");
    assert_int_equal(the.status, 422);
    assert_int_equal(count_notes(), 1);
}

static void keys_of_two_people_are_two_keys(void **state)
{
    (void)state;
    create("person/1", "k1", "{\"text\":\"milk\"}");
    create("person/2", "k1", "{\"text\":\"bread\"}");
    assert_int_equal(the.status, 201);
    assert_int_equal(count_notes(), 2);
}

static void a_refusal_is_not_remembered(void **state)
{
    (void)state;
    create(NULL, "k1", "{\"text\":\"bad egg\"}");
    assert_int_equal(the.status, 422);
    create(NULL, "k1", "{\"text\":\"egg\"}");
    assert_int_equal(the.status, 201);
}

enum { HOUR = 3600 * 1000 };

static void an_answer_is_kept_for_a_day(void **state)
{
    (void)state;
    create(NULL, "k1", "{\"text\":\"milk\"}");
    fake_clock_advance(&the.clock, 23 * HOUR);
    create(NULL, "k2", "{\"text\":\"bread\"}");
    create(NULL, "k1", "{\"text\":\"milk\"}");
    assert_non_null(strstr(the.headers, "Idempotency-Replayed"));
    fake_clock_advance(&the.clock, 2 * HOUR);
    create(NULL, "k3", "{\"text\":\"butter\"}"); /* sweeps */
    create(NULL, "k1", "{\"text\":\"milk\"}");
    assert_int_equal(the.status, 409); /* done anew, and there is one */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_row_that_lacks_something_is_refused),
        A_TEST(a_name_or_a_route_is_given_once),
        A_TEST(rows_are_ordered_by_name),
        A_TEST(a_path_leads_to_its_operation),
        A_TEST(a_removed_operation_has_no_route),
        A_TEST(the_description_is_json_and_knows_every_route),
        A_TEST(each_refusal_has_its_status_and_its_code),
        A_TEST(a_request_repeated_with_its_key_is_done_once),
        A_TEST(two_of_one_key_in_one_turn_are_done_once),
        A_TEST(a_key_with_another_request_is_refused),
        A_TEST(keys_of_two_people_are_two_keys),
        A_TEST(a_refusal_is_not_remembered),
        A_TEST(an_answer_is_kept_for_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
