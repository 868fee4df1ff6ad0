/* A call, from the door to its answer. */
#include "counter.h"

#include <string.h>

static const struct asking as_admin = { .role = SPD_ADMIN };

static void assert_reply(int status, const char *part)
{
    assert_int_equal(the.status, status);
    if (strstr(the.reply.ptr, part) == NULL)
        fail_msg("%s is not in %s", part, the.reply.ptr);
}

static void a_note_is_created_read_and_listed(void **state)
{
    (void)state;
    ask("notes.create", "{\"text\":\"milk\"}");
    assert_reply(201, "{\"id\":1,\"text\":\"milk\",\"pages\":1}");
    ask("notes.get", "{\"id\":1}");
    assert_reply(200, "{\"id\":1,\"text\":\"milk\",\"pages\":1}");
    ask("notes.list", "{}");
    assert_reply(200, "[{\"id\":1,\"text\":\"milk\",\"pages\":1}]");
}

static void an_update_keeps_what_is_not_given(void **state)
{
    (void)state;
    ask("notes.create", "{\"text\":\"milk\",\"pages\":4}");
    ask("notes.update", "{\"id\":1,\"text\":\"bread\"}");
    assert_reply(200, "{\"id\":1,\"text\":\"bread\",\"pages\":4}");
}

static void the_role_decides_who_may_call(void **state)
{
    static const struct {
        enum spd_role role;
        const char *op;
        int status;
        const char *code;
    } rows[] = {
        { 0, "notes.list", 401, "\"code\":\"unauthenticated\"" },
        { 0, "notes.ping", 200, "[]" },
        { SPD_VIEWER, "notes.list", 200, "[]" },
        { SPD_VIEWER, "notes.create", 403, "\"code\":\"forbidden\"" },
        { SPD_OPERATOR, "notes.create", 400, "\"code\":\"invalid\"" },
        { SPD_ADMIN, "notes.create", 400, "\"code\":\"invalid\"" },
    };
    (void)state;
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        ask_flat((struct asking){ .role = rows[i].role }, rows[i].op, "{}");
        settle();
        assert_reply(rows[i].status, rows[i].code);
    }
    assert_int_equal(the.runs, 0);
}

static void what_is_wrong_is_said_field_by_field(void **state)
{
    static const struct {
        const char *op, *input, *part;
    } rows[] = {
        { "notes.create", "{}", "\"fields\":{\"text\":" },
        { "notes.create", "{\"text\":\"\"}", "\"fields\":{\"text\":" },
        { "notes.create", "{\"text\":7}", "\"fields\":{\"text\":" },
        { "notes.create", "{\"text\":\"a\",\"pages\":10}", "\"pages\":" },
        { "notes.create", "{\"text\":\"a\",\"pages\":1.5}", "\"pages\":" },
        { "notes.create", "{\"text\":\"a\",\"id\":5}", "\"id\":" },
        { "notes.create", "{\"text\":\"a\",\"color\":1}",
          "is not known to notes.create" },
        { "notes.create", "{\"pages\":99,\"color\":1}", "and 2 more" },
        { "notes.get", "{}", "\"fields\":{\"id\":" },
        { "notes.get", "{\"id\":\"x\"}", "\"fields\":{\"id\":" },
    };
    (void)state;
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        ask(rows[i].op, rows[i].input);
        assert_reply(400, rows[i].part);
        spd_json *reply = json_parse(buf_str(&the.reply), NULL);
        assert_non_null(reply);
        json_free(reply);
    }
    assert_int_equal(count_notes(), 0);
}

static void parameters_of_the_path_come_as_texts(void **state)
{
    (void)state;
    ask("notes.create", "{\"text\":\"milk\"}");
    ask_http(as_admin, "notes.get", "{\"id\":\"1\"}", NULL);
    assert_reply(200, "milk");
    ask_http(as_admin, "notes.get", "{\"id\":\"1e0\"}", NULL);
    assert_reply(400, "\"id\":");
    ask_http(as_admin, "notes.update", "{\"id\":\"1\"}", "{\"pages\":2}");
    settle();
    assert_reply(200, "\"pages\":2");
}

static void a_body_that_is_no_object_is_refused(void **state)
{
    (void)state;
    ask_http(as_admin, "notes.create", NULL, "[1]");
    settle();
    assert_reply(400, "must be a JSON object");
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    ask("notes.get", "{\"id\":9}");
    assert_reply(404, "\"code\":\"not_found\"");
    ask("notes.update", "{\"id\":9,\"pages\":2}");
    assert_reply(404, "there is no note 9");
}

static void a_second_of_the_same_key_is_a_conflict(void **state)
{
    (void)state;
    ask("notes.create", "{\"text\":\"milk\"}");
    ask("notes.create", "{\"text\":\"milk\"}");
    assert_reply(409, "\"code\":\"conflict\"");
}

static void a_failed_write_leaves_no_trace_and_spoils_no_other(void **state)
{
    (void)state;
    ask_flat(as_admin, "notes.create", "{\"text\":\"milk\"}");
    ask_flat(as_admin, "notes.create", "{\"text\":\"bad egg\"}");
    ask_flat(as_admin, "notes.create", "{\"text\":\"bread\"}");
    settle();
    assert_int_equal(the.done, 3);
    assert_int_equal(count_notes(), 2);
    ask("notes.list", "{}");
    assert_reply(200, "bread");
    assert_null(strstr(the.reply.ptr, "bad egg"));
}

static void a_long_list_is_led_on_by_a_link(void **state)
{
    (void)state;
    ask("notes.create", "{\"text\":\"a\"}");
    ask("notes.create", "{\"text\":\"b\"}");
    ask("notes.create", "{\"text\":\"c\"}");
    ask_http(as_admin, "notes.list", "{\"limit\":\"2\"}", NULL);
    assert_string_equal(the.headers,
                        "Link: <?after=2&limit=2>; rel=\"next\"\n");
    ask_http(as_admin, "notes.list", "{\"limit\":\"2\",\"after\":\"2\"}", NULL);
    assert_reply(200, "[{\"id\":3");
    assert_string_equal(the.headers, "");
}

static void a_reply_that_is_no_json_is_told_as_a_bug(void **state)
{
    (void)state;
    ask("notes.broken", "{}");
    assert_reply(500, "\"code\":\"internal\"");
    ask("notes.mute", "{}");
    assert_reply(500, "without saying why");
}

static void a_late_answer_goes_out_when_it_is_there(void **state)
{
    (void)state;
    ask("notes.wait", "{}");
    assert_int_equal(the.done, 0);
    buf_put(call_reply_buf(the.waiting), STR("{\"now\":true}"));
    call_end(the.waiting);
    assert_reply(200, "{\"now\":true}");
    assert_int_equal(the.done, 1);
}

static void calls_under_way_end_when_their_operation_goes_away(void **state)
{
    (void)state;
    ask("notes.wait", "{}");
    ops_remove(the.ops, note_ops, note_op_count);
    assert_reply(503, "\"code\":\"unavailable\"");
    assert_int_equal(the.done, 1);
    assert_int_equal(ops_count(the.ops), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_note_is_created_read_and_listed),
        A_TEST(an_update_keeps_what_is_not_given),
        A_TEST(the_role_decides_who_may_call),
        A_TEST(what_is_wrong_is_said_field_by_field),
        A_TEST(parameters_of_the_path_come_as_texts),
        A_TEST(a_body_that_is_no_object_is_refused),
        A_TEST(what_is_not_there_is_not_found),
        A_TEST(a_second_of_the_same_key_is_a_conflict),
        A_TEST(a_failed_write_leaves_no_trace_and_spoils_no_other),
        A_TEST(a_long_list_is_led_on_by_a_link),
        A_TEST(a_reply_that_is_no_json_is_told_as_a_bug),
        A_TEST(a_late_answer_goes_out_when_it_is_there),
        A_TEST(calls_under_way_end_when_their_operation_goes_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
