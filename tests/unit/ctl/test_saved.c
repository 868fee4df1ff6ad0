#include "ctl/saved.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "sample.h"

static struct scene {
    char folder[64];
    struct arena arena;
    struct options options;
    struct target target;
    struct spd_error err;
} the;

static int set_up(void **state)
{
    (void)state;
    memset(&the, 0, sizeof(the));
    strcpy(the.folder, "/tmp/spoold-test-saved-XXXXXX");
    if (mkdtemp(the.folder) == NULL)
        return 1;
    setenv("XDG_CONFIG_HOME", the.folder, 1);
    unsetenv("SPOOLD_SERVER");
    unsetenv("SPOOLD_TOKEN");
    unsetenv("SPOOLD_CA_FILE");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    target_forget();
    spd_str folder = arena_printf(&the.arena, "%s/spoold", the.folder);
    rmdir(folder.ptr);
    rmdir(the.folder);
    options_fini(&the.options);
    arena_fini(&the.arena);
    return 0;
}

static void choose(void)
{
    assert_int_equal(
        target_choose(&the.target, &the.options, &the.arena, &the.err), SPD_OK);
}

static void save(const char *server, const char *token)
{
    struct target target = { .server = server, .token = token };
    assert_int_equal(target_save(&target, &the.err), SPD_OK);
}

/* -- which server, and who -- */

static void without_anything_it_is_the_server_on_this_machine(void **state)
{
    (void)state;
    choose();
    assert_string_equal(the.target.server, "http://127.0.0.1:8080");
    assert_null(the.target.token);
}

static void what_was_saved_is_used(void **state)
{
    (void)state;
    save("https://shop.example", "spd_1");
    choose();
    assert_string_equal(the.target.server, "https://shop.example");
    assert_string_equal(the.target.token, "spd_1");
}

static void an_option_goes_before_the_environment_before_the_saved(void **state)
{
    (void)state;
    save("http://saved", "spd_saved");
    setenv("SPOOLD_SERVER", "http://environment", 1);
    setenv("SPOOLD_TOKEN", "spd_environment", 1);
    choose();
    assert_string_equal(the.target.server, "http://environment");
    assert_string_equal(the.target.token, "spd_environment");
    the.options.server = "http://option";
    the.options.token = "spd_option";
    choose();
    assert_string_equal(the.target.server, "http://option");
    assert_string_equal(the.target.token, "spd_option");
}

static void a_saved_token_goes_to_no_other_server(void **state)
{
    (void)state;
    save("http://saved", "spd_saved");
    the.options.server = "http://elsewhere";
    choose();
    assert_null(the.target.token);
    the.options.server = "http://saved/";
    choose();
    assert_string_equal(the.target.token, "spd_saved");
}

static void an_address_may_be_short(void **state)
{
    (void)state;
    the.options.server = " pi.local:8080// ";
    choose();
    assert_string_equal(the.target.server, "http://pi.local:8080");
}

static void the_saved_file_is_for_its_owner_alone(void **state)
{
    (void)state;
    save("http://saved", "spd_saved");
    struct stat info;
    assert_int_equal(stat(saved_path(&the.arena), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void what_was_saved_can_be_forgotten(void **state)
{
    (void)state;
    save("http://saved", "spd_saved");
    assert_true(target_forget());
    assert_false(target_forget());
    choose();
    assert_null(the.target.token);
}

static void a_damaged_saved_file_says_how_to_be_rid_of_it(void **state)
{
    (void)state;
    save("http://saved", "spd_saved");
    assert_int_equal(
        file_write(saved_path(&the.arena), STR("{oops"), 0600, NULL), SPD_OK);
    assert_int_equal(
        target_choose(&the.target, &the.options, &the.arena, &the.err),
        SPD_EINVAL);
    check_contains(str_of(the.err.text), "spoolctl forget");
}

/* -- the words of the command line -- */

static spd_err parse(const char *const *words)
{
    int count = 0;
    while (words[count] != NULL)
        count++;
    options_fini(&the.options);
    return options_parse(&the.options, count, words, &the.err);
}

#define WORDS(...) ((const char *const[]){ "spoolctl", __VA_ARGS__, NULL })

static void options_may_stand_anywhere(void **state)
{
    (void)state;
    assert_int_equal(parse(WORDS("events", "--follow", "topic=a", "--server",
                                 "http://x", "--json")),
                     SPD_OK);
    assert_true(the.options.follow && the.options.json);
    assert_string_equal(the.options.server, "http://x");
    assert_int_equal(the.options.word_count, 2);
    assert_string_equal(the.options.words[0], "events");
    assert_string_equal(the.options.words[1], "topic=a");
}

static void an_options_value_may_follow_an_equals_sign(void **state)
{
    (void)state;
    assert_int_equal(parse(WORDS("--server=http://x?a=b", "jobs.list")),
                     SPD_OK);
    assert_string_equal(the.options.server, "http://x?a=b");
    assert_int_equal(the.options.word_count, 1);
}

static void behind_two_dashes_everything_is_a_word(void **state)
{
    (void)state;
    assert_int_equal(parse(WORDS("jobs.create", "--", "--json")), SPD_OK);
    assert_false(the.options.json);
    assert_int_equal(the.options.word_count, 2);
}

static void mistaken_options_are_named(void **state)
{
    (void)state;
    assert_int_equal(parse(WORDS("--jsn")), SPD_EINVAL);
    check_contains(str_of(the.err.text), "no option --jsn");
    assert_int_equal(parse(WORDS("--server")), SPD_EINVAL);
    check_contains(str_of(the.err.text), "--server needs a value");
    assert_int_equal(parse(WORDS("--json=yes")), SPD_EINVAL);
    check_contains(str_of(the.err.text), "--json takes no value");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_anything_it_is_the_server_on_this_machine),
        TEST(what_was_saved_is_used),
        TEST(an_option_goes_before_the_environment_before_the_saved),
        TEST(a_saved_token_goes_to_no_other_server),
        TEST(an_address_may_be_short),
        TEST(the_saved_file_is_for_its_owner_alone),
        TEST(what_was_saved_can_be_forgotten),
        TEST(a_damaged_saved_file_says_how_to_be_rid_of_it),
        TEST(options_may_stand_anywhere),
        TEST(an_options_value_may_follow_an_equals_sign),
        TEST(behind_two_dashes_everything_is_a_word),
        TEST(mistaken_options_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
