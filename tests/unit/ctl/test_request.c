#include "ctl/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sample.h"

static struct scene {
    struct description *description;
    struct arena arena;
    struct request request;
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
    arena_fini(&the.arena);
    return 0;
}

/* The words behind the operation's name end with NULL. */
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const char *const no_words[] = { NULL };

static spd_err make(const char *operation, const char *const *words)
{
    int count = 0;
    while (words[count] != NULL)
        count++;
    const struct operation *op =
        description_find(the.description, str_of(operation));
    assert_non_null(op);
    return request_make(&the.request, op, words, count, &the.arena, &the.err);
}

static void check_request(const char *operation, const char *const *words,
                          const char *target, const char *body)
{
    if (make(operation, words) != SPD_OK) {
        print_error("%s\n", the.err.text);
        fail();
    }
    assert_string_equal(the.request.target, target);
    check_str(the.request.body, body);
}

static void check_mistake(const char *operation, const char *const *words,
                          const char *sentence)
{
    assert_int_equal(make(operation, words), SPD_EINVAL);
    check_contains(str_of(the.err.text), sentence);
}

/* -- where a word goes -- */

static void a_parameter_goes_into_the_query(void **state)
{
    (void)state;
    check_request("jobs.list", WORDS("status=queued", "limit=5"),
                  "/api/jobs?status=queued&limit=5", "");
}

static void what_the_query_could_misread_is_encoded(void **state)
{
    (void)state;
    check_request("events", WORDS("topic=a&b=c #\xC3\xBC"),
                  "/api/events?topic=a%26b%3Dc%20%23%C3%BC", "");
}

static void a_path_is_filled_in(void **state)
{
    (void)state;
    check_request("jobs.get", WORDS("id=7"), "/api/jobs/7", "");
    assert_null(the.request.upload_path);
}

static void a_bare_word_is_the_next_part_of_the_path(void **state)
{
    (void)state;
    check_request("jobs.cancel", WORDS("7"), "/api/jobs/7", "");
}

static void a_path_cannot_be_left_with_what_a_value_says(void **state)
{
    (void)state;
    check_mistake("jobs.get", WORDS("id=../people"), "whole number");
    check_mistake("rules.get", WORDS(".."), "dots alone");
    check_request("rules.get", WORDS("../people?x"),
                  "/api/rules/..%2Fpeople%3Fx", "");
}

static void a_missing_part_of_the_path_is_named(void **state)
{
    (void)state;
    check_mistake("jobs.get", no_words, "jobs.get needs id=");
}

static void a_bare_word_too_many_is_refused(void **state)
{
    (void)state;
    check_mistake("jobs.get", WORDS("7", "8"), "\"8\" has no name");
}

static void members_go_into_the_body_by_their_types(void **state)
{
    (void)state;
    check_request("jobs.create",
                  WORDS("file_id=7", "job_name=7", "scale=1.5", "urgent=yes",
                        "tags=a, b", "notes=null", "printer_id=null"),
                  "/api/jobs",
                  "{\"file_id\":7,\"job_name\":\"7\",\"scale\":1.5,"
                  "\"urgent\":true,\"tags\":[\"a\",\"b\"],\"notes\":\"null\","
                  "\"printer_id\":null}");
}

static void raw_json_goes_as_it_is(void **state)
{
    (void)state;
    check_request("jobs.create", WORDS("notes:=null", "needs:=[{\"id\":1}]"),
                  "/api/jobs", "{\"notes\":null,\"needs\":[{\"id\":1}]}");
}

static void a_list_of_records_may_be_written_as_json(void **state)
{
    (void)state;
    check_request("jobs.create", WORDS("needs=[{\"id\":1}]"), "/api/jobs",
                  "{\"needs\":[{\"id\":1}]}");
    check_mistake("jobs.create", WORDS("needs=a,b"), "is not a list");
}

static void an_empty_text_and_an_empty_list_are_sent_as_such(void **state)
{
    (void)state;
    check_request("jobs.create", WORDS("job_name=", "tags="), "/api/jobs",
                  "{\"job_name\":\"\",\"tags\":[]}");
}

static void a_field_of_any_type_takes_json_or_else_a_text(void **state)
{
    (void)state;
    check_request("jobs.create", WORDS("extra={\"a\":1}"), "/api/jobs",
                  "{\"extra\":{\"a\":1}}");
    check_request("jobs.create", WORDS("extra=hello"), "/api/jobs",
                  "{\"extra\":\"hello\"}");
}

static void a_member_the_description_lacks_is_the_servers_to_judge(void **state)
{
    (void)state;
    check_request("jobs.create", WORDS("access_code=123"), "/api/jobs",
                  "{\"access_code\":\"123\"}");
}

static void an_equals_sign_may_stand_in_a_value(void **state)
{
    (void)state;
    check_request("jobs.create", WORDS("notes=a=b:=c"), "/api/jobs",
                  "{\"notes\":\"a=b:=c\"}");
}

/* -- mistakes -- */

static void a_value_of_another_type_is_refused_by_name(void **state)
{
    (void)state;
    check_mistake("jobs.create", WORDS("file_id=seven"),
                  "file_id: \"seven\" is not a whole number");
    check_mistake("jobs.create", WORDS("scale=big"), "is not a number");
    check_mistake("jobs.create", WORDS("urgent=2"), "true or false");
    check_mistake("jobs.create", WORDS("notes=\xFF"), "not a text in UTF-8");
    check_mistake("jobs.list", WORDS("limit=all"),
                  "limit: \"all\" is not a whole number");
}

static void raw_json_that_is_none_is_refused(void **state)
{
    (void)state;
    check_mistake("jobs.create", WORDS("notes:={"), "notes:");
}

static void a_field_given_twice_is_refused(void **state)
{
    (void)state;
    check_mistake("jobs.create", WORDS("file_id=1", "file_id=2"),
                  "file_id is given twice");
}

static void an_unknown_parameter_suggests_the_nearest(void **state)
{
    (void)state;
    check_mistake("jobs.list", WORDS("stauts=queued"),
                  "jobs.list has no field stauts; did you mean status?");
}

/* -- files -- */

static void a_file_to_upload_brings_its_name(void **state)
{
    (void)state;
    check_request("files.create", WORDS("@parts/big box.gcode.3mf"),
                  "/api/files?name=big%20box.gcode.3mf", "");
    assert_string_equal(the.request.upload_path, "parts/big box.gcode.3mf");
}

static void an_upload_may_be_named_otherwise(void **state)
{
    (void)state;
    check_request("files.create", WORDS("@a.gcode.3mf", "name=b.gcode.3mf"),
                  "/api/files?name=b.gcode.3mf", "");
}

static void an_upload_needs_one_file(void **state)
{
    (void)state;
    check_mistake("files.create", WORDS("name=a"), "needs a file");
    check_mistake("files.create", WORDS("@a", "@b"), "only one file");
}

static void a_value_can_be_the_text_of_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/spoold-test-value-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "two\nlines\n", 10), 10);
    close(fd);
    spd_str word = arena_printf(&the.arena, "notes=@%s", path);
    check_request("jobs.create", WORDS(word.ptr), "/api/jobs",
                  "{\"notes\":\"two\\nlines\"}");
    unlink(path);
    assert_int_equal(make("jobs.create", WORDS(word.ptr)), SPD_ENOTFOUND);
    check_contains(str_of(the.err.text), path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_parameter_goes_into_the_query),
        TEST(what_the_query_could_misread_is_encoded),
        TEST(a_path_is_filled_in),
        TEST(a_bare_word_is_the_next_part_of_the_path),
        TEST(a_path_cannot_be_left_with_what_a_value_says),
        TEST(a_missing_part_of_the_path_is_named),
        TEST(a_bare_word_too_many_is_refused),
        TEST(members_go_into_the_body_by_their_types),
        TEST(raw_json_goes_as_it_is),
        TEST(a_list_of_records_may_be_written_as_json),
        TEST(an_empty_text_and_an_empty_list_are_sent_as_such),
        TEST(a_field_of_any_type_takes_json_or_else_a_text),
        TEST(a_member_the_description_lacks_is_the_servers_to_judge),
        TEST(an_equals_sign_may_stand_in_a_value),
        TEST(a_value_of_another_type_is_refused_by_name),
        TEST(raw_json_that_is_none_is_refused),
        TEST(a_field_given_twice_is_refused),
        TEST(an_unknown_parameter_suggests_the_nearest),
        TEST(a_file_to_upload_brings_its_name),
        TEST(an_upload_may_be_named_otherwise),
        TEST(an_upload_needs_one_file),
        TEST(a_value_can_be_the_text_of_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
