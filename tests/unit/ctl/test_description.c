#include "ctl/description.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ctl/completion.h"
#include "ctl/door.h"
#include "ctl/help.h"
#include "ctl/nearest.h"
#include "sample.h"

static struct scene {
    struct description *description;
    struct buf out;
    struct spd_error err;
} the;

static int set_up(void **state)
{
    (void)state;
    memset(&the, 0, sizeof(the));
    the.description = sample_description();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    description_free(the.description);
    buf_fini(&the.out);
    return 0;
}

static const struct operation *find(const char *name)
{
    const struct operation *op =
        description_find(the.description, str_of(name));
    assert_non_null(op);
    return op;
}

static void operations_come_ordered_by_name(void **state)
{
    (void)state;
    assert_int_equal(description_count(the.description), 8);
    for (size_t i = 1; i < description_count(the.description); i++)
        assert_true(str_compare(description_at(the.description, i - 1)->name,
                                description_at(the.description, i)->name) < 0);
}

static void an_operation_knows_its_route_and_who_may(void **state)
{
    (void)state;
    const struct operation *op = find("jobs.cancel");
    check_str(op->method, "DELETE");
    check_str(op->path, "/api/jobs/{id}");
    check_str(op->role, "operator");
    check_str(op->doc, "Cancel a job");
    assert_null(op->body);
    assert_false(op->is_public || op->uploads || op->streams);
    assert_true(param_is_in_path(operation_param(op, STR("id"))));
    assert_null(operation_param(op, STR("i")));
}

static void uploads_streams_and_open_doors_are_told(void **state)
{
    (void)state;
    assert_true(find("files.create")->uploads);
    assert_null(find("files.create")->body);
    assert_true(find("events")->streams);
    assert_true(find("setup")->is_public);
    assert_false(find("jobs.list")->is_public);
}

static void types_are_told_without_null(void **state)
{
    (void)state;
    const spd_json *body = find("jobs.create")->body;
    const spd_json *notes = schema_member(body, STR("notes"));
    check_str(schema_type(notes), "string");
    assert_true(schema_allows_null(notes));
    assert_false(schema_allows_null(schema_member(body, STR("file_id"))));
    check_str(schema_type(schema_member(body, STR("extra"))), "");
    assert_null(schema_member(body, STR("nothing")));
}

static void what_describes_nothing_is_refused(void **state)
{
    (void)state;
    assert_null(description_read(STR("{\"paths\":{}}"), &the.err));
    assert_null(description_read(STR("[]"), &the.err));
    assert_null(description_read(STR("<html>"), &the.err));
    assert_null(description_read(
        STR("{\"paths\":{\"/x\":{\"get\":{\"summary\":1}}}}"), &the.err));
}

static void a_server_can_be_set_up_before_it_describes_itself(void **state)
{
    (void)state;
    struct description *door = door_description();
    const struct operation *op = description_find(door, STR("setup"));
    assert_non_null(op);
    assert_true(op->is_public);
    check_str(op->method, "POST");
    check_str(op->path, "/api/setup");
    assert_non_null(schema_member(op->body, STR("code")));
    assert_non_null(schema_member(op->body, STR("email")));
    assert_non_null(schema_member(op->body, STR("password")));
    description_free(door);
}

/* -- names that were meant -- */

static void check_nearest(const char *word, const char *expected)
{
    struct nearest near = { .word = str_of(word) };
    for (size_t i = 0; i < description_count(the.description); i++)
        nearest_offer(&near, description_at(the.description, i)->name);
    buf_clear(&the.out);
    nearest_put(&near, &the.out);
    check_str(buf_str(&the.out), expected);
}

static void a_mistyped_name_suggests_the_nearest(void **state)
{
    (void)state;
    check_nearest("jobs.lst", "; did you mean jobs.list or jobs.get?");
    check_nearest("file.create", "; did you mean files.create?");
    check_nearest("cancel", "; did you mean jobs.cancel?");
}

static void a_name_like_nothing_suggests_nothing(void **state)
{
    (void)state;
    check_nearest("frobnicate", "");
    check_nearest("", "");
}

static void no_more_than_three_names_are_suggested(void **state)
{
    (void)state;
    struct nearest near = { .word = STR("abc") };
    nearest_offer(&near, STR("abx"));
    nearest_offer(&near, STR("aby"));
    nearest_offer(&near, STR("abz"));
    nearest_offer(&near, STR("abc"));
    nearest_offer(&near, STR("abw"));
    nearest_put(&near, &the.out);
    check_str(buf_str(&the.out), "; did you mean abc, abx or aby?");
}

/* -- help -- */

static void help_lists_every_operation(void **state)
{
    (void)state;
    help_put_list(&the.out, the.description);
    check_contains(buf_str(&the.out), "jobs.cancel   Cancel a job\n");
    check_contains(buf_str(&the.out), "events        What happens\n");
}

static void help_tells_fields_types_bounds_and_docs(void **state)
{
    (void)state;
    help_put_operation(&the.out, find("jobs.create"));
    spd_str text = buf_str(&the.out);
    check_contains(text, "jobs.create: Queue a job\nPOST /api/jobs, for role "
                         "operator and above\n");
    check_contains(text, "  file_id *                   integer 1..\n"
                         "      the file to print\n");
    check_contains(text, "text 1..80 bytes\n");
    check_contains(text, "integer 0..100\n      higher first (else 0)\n");
    check_contains(text, "text, or null\n");
    check_contains(text, "\nExample\n  spoolctl jobs.create file_id=7\n");
    check_contains(text, "\nReply\n  id                          the job\n");
}

static void help_tells_the_choices_of_a_parameter(void **state)
{
    (void)state;
    help_put_operation(&the.out, find("jobs.list"));
    check_contains(buf_str(&the.out), "queued|started\n      only these\n");
    check_contains(buf_str(&the.out), "Reply: a list of\n");
}

static void help_shows_how_to_upload_and_to_follow(void **state)
{
    (void)state;
    help_put_operation(&the.out, find("files.create"));
    check_contains(buf_str(&the.out),
                   "spoolctl files.create @bracket.gcode.3mf\n");
    buf_clear(&the.out);
    help_put_operation(&the.out, find("events"));
    check_contains(buf_str(&the.out), "spoolctl events --follow\n");
}

/* -- completion -- */

static void check_words(const char *const *words, int count,
                        const char *expected)
{
    buf_clear(&the.out);
    completion_put_words(&the.out, the.description, words, count);
    check_str(buf_str(&the.out), expected);
}

static void
an_operation_is_completed_with_the_fields_that_are_left(void **state)
{
    (void)state;
    check_words((const char *const[]){ "jobs.list", "status", "=", "queued" },
                4, "limit=\n");
    check_words((const char *const[]){ "help", "jobs.list" }, 2, "");
}

static void an_empty_line_is_completed_with_every_name(void **state)
{
    (void)state;
    completion_put_words(&the.out, the.description, NULL, 0);
    check_contains(buf_str(&the.out), "jobs.create\n");
    check_contains(buf_str(&the.out), "help\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(operations_come_ordered_by_name),
        TEST(an_operation_knows_its_route_and_who_may),
        TEST(uploads_streams_and_open_doors_are_told),
        TEST(types_are_told_without_null),
        TEST(what_describes_nothing_is_refused),
        TEST(a_server_can_be_set_up_before_it_describes_itself),
        TEST(a_mistyped_name_suggests_the_nearest),
        TEST(a_name_like_nothing_suggests_nothing),
        TEST(no_more_than_three_names_are_suggested),
        TEST(help_lists_every_operation),
        TEST(help_tells_fields_types_bounds_and_docs),
        TEST(help_tells_the_choices_of_a_parameter),
        TEST(help_shows_how_to_upload_and_to_follow),
        TEST(an_operation_is_completed_with_the_fields_that_are_left),
        TEST(an_empty_line_is_completed_with_every_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
