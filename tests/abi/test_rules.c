/* Plugins that break the rules: each is caught, and named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/log.h"
#include "host/blame.h"
#include "house.h"

static void check_logged(struct house *house, const char *text)
{
    if (!house_logged(house, text))
        fail_msg("\"%s\" is not in the log:\n%s", text, house->log.ptr);
}

/* -- those that do not get in -- */

static void check_refused(const char *name, spd_err code, const char *text)
{
    struct house house = { 0 };
    struct spd_error err = { 0 };
    house_open(&house, ABI_PLUGINS);
    assert_int_equal(house_load(&house, name, NULL, &err), code);
    if (strstr(err.text, text) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", text, err.text);
    house_close(&house);
}

static void another_major_version_is_refused(void **state)
{
    (void)state;
    check_refused("major", SPD_EUNSUPPORTED,
                  "major is built for plugin ABI 2, this server has 1.1");
}

static void one_that_needs_a_newer_server_is_refused(void **state)
{
    (void)state;
    check_refused("minor", SPD_EUNSUPPORTED,
                  "minor needs plugin ABI 1.9, this server has 1.1");
}

static void a_descriptor_that_says_more_than_we_know_is_refused(void **state)
{
    (void)state;
    check_refused("tail", SPD_EUNSUPPORTED,
                  "tail: its descriptor says more than this server");
}

static void a_longer_descriptor_that_says_nothing_more_is_taken(void **state)
{
    (void)state;
    struct house house = { 0 };
    house_open(&house, ABI_PLUGINS);
    assert_int_equal(house_load(&house, "longer", NULL, NULL), SPD_OK);
    house_close(&house);
}

static void a_name_that_is_not_the_files_is_refused(void **state)
{
    (void)state;
    check_refused("alias", SPD_EINVAL, "alias.so says that it is \"other\"");
}

static void a_file_without_the_symbol_is_refused(void **state)
{
    (void)state;
    check_refused("nameless", SPD_EINVAL, "exports no spd_plugin_desc");
}

/* A copy of a plugin that others may write. */
static void copy_bell(const char *path, mode_t mode)
{
    struct buf bytes = { 0 };
    struct spd_error err = { 0 };
    assert_int_equal(file_read(ABI_PLUGINS "/bell.so", 16 << 20, &bytes, &err),
                     SPD_OK);
    assert_int_equal(file_write(path, buf_str(&bytes), 0600, &err), SPD_OK);
    assert_int_equal(chmod(path, mode), 0);
    buf_fini(&bytes);
}

static void a_file_that_others_may_write_is_refused_unopened(void **state)
{
    (void)state;
    static const mode_t modes[] = { 0602, 0620, 0666 };
    struct house house = { 0 };
    house_open(&house, ABI_PLUGINS);
    char path[128];
    snprintf(path, sizeof(path), "%s/bell.so", house.folder);
    for (size_t i = 0; i < SPD_COUNT(modes); i++) {
        struct spd_error err = { 0 };
        copy_bell(path, modes[i]);
        assert_int_equal(house_load(&house, path, "{'password': 'x'}", &err),
                         SPD_EAUTH);
        assert_non_null(strstr(err.text, "bell.so: writable by others"));
    }
    house_close(&house);
}

static void a_link_is_not_followed(void **state)
{
    (void)state;
    struct house house = { 0 };
    struct spd_error err = { 0 };
    house_open(&house, ABI_PLUGINS);
    char path[128];
    snprintf(path, sizeof(path), "%s/bell.so", house.folder);
    assert_int_equal(symlink(ABI_PLUGINS "/bell.so", path), 0);
    assert_int_equal(house_load(&house, path, "{'password': 'x'}", &err),
                     SPD_EAUTH);
    assert_non_null(strstr(err.text, "not a regular file"));
    house_close(&house);
}

/* -- those that do not get through start -- */

static void check_start_fails(const char *name, const char *logged)
{
    struct house house = { 0 };
    struct spd_error err = { 0 };
    house_open(&house, ABI_PLUGINS);
    assert_int_not_equal(house_load(&house, name, NULL, &err), SPD_OK);
    check_logged(&house, logged);
    char op[64];
    snprintf(op, sizeof(op), "%s.act", name);
    assert_null(ops_find(house.ops, str_of(op)));
    house_close(&house);
}

static void rows_that_break_a_rule_end_the_start(void **state)
{
    (void)state;
    static const struct row {
        const char *name, *logged;
    } rows[] = {
        { "has-no-doc", "has-no-doc: bug in the plugin: its operation "
                        "has-no-doc.act: it has no doc line" },
        { "has-anothers-name", "its operation jobs.cancel_all: its name must "
                               "begin with the plugin's" },
        { "has-a-page-route", "its route must read \"METHOD /api/...\"" },
        { "has-an-unknown-role", "its role or its flags are unknown" },
        { "has-a-secret-in-the-url", "the secret key may not stand in a path" },
        { "has-an-unknown-tail", "say more than this server understands" },
        { "emits-for-another",
          "emits-for-another: bug in the plugin: it emits \"job.finished\"; "
          "its topics begin \"emits-for-another.\"" },
        { "offers-half-a-role", "its notifier lacks a member" },
    };
    for (size_t i = 0; i < SPD_COUNT(rows); i++)
        check_start_fails(rows[i].name, rows[i].logged);
}

static void a_longer_row_that_says_nothing_more_is_taken(void **state)
{
    (void)state;
    struct house house = { 0 };
    house_open(&house, ABI_PLUGINS);
    assert_int_equal(house_load(&house, "has-a-zero-tail", NULL, NULL), SPD_OK);
    assert_non_null(ops_find(house.ops, STR("has-a-zero-tail.act")));
    house_close(&house);
}

static void a_failed_start_leaves_nothing_registered(void **state)
{
    (void)state;
    struct house house = { 0 };
    struct spd_error err = { 0 };
    house_open(&house, ABI_PLUGINS);
    assert_int_equal(house_load(&house, "fails", NULL, &err), SPD_EIO);
    assert_string_equal(err.text, "fails did not start: it does not say why");
    assert_null(ops_find(house.ops, STR("fails.act")));
    assert_non_null(strstr(house_call(&house, "plugins.list", NULL),
                           "\"state\":\"failed\""));
    house_close(&house);
}

/* -- those that misbehave in service -- */

static void open_with(struct house *house, const char *name)
{
    struct spd_error err = { 0 };
    *house = (struct house){ 0 };
    house_open(house, ABI_PLUGINS);
    if (house_load(house, name, NULL, &err) != SPD_OK)
        fail_msg("%s", err.text);
}

static void a_second_answer_is_ignored_and_named(void **state)
{
    (void)state;
    struct house house;
    open_with(&house, "answers-twice");
    house_call(&house, "answers-twice.act", NULL);
    assert_int_equal(house.status, 200);
    check_logged(&house, "error: answers-twice: bug in the plugin: ops->reply "
                         "for a call that is over");
    house_close(&house);
}

static void a_dropped_call_is_answered_by_the_host(void **state)
{
    (void)state;
    struct house house;
    open_with(&house, "never-answers");
    house_call(&house, "never-answers.act", NULL);
    assert_int_equal(house.status, 0);
    house_advance(&house, 60 * 1000);
    assert_int_equal(house.status, 500);
    check_logged(&house, "error: never-answers: bug in the plugin: "
                         "never-answers.act was not answered in 60 s");
    house_close(&house);
}

static void a_failure_without_a_reason_is_a_bug(void **state)
{
    (void)state;
    struct house house;
    open_with(&house, "fails-silently");
    house_call(&house, "fails-silently.act", NULL);
    assert_int_equal(house.status, 500);
    house_close(&house);
}

static void a_reply_that_is_not_whole_is_a_bug(void **state)
{
    (void)state;
    struct house house;
    open_with(&house, "writes-broken-json");
    house_call(&house, "writes-broken-json.act", NULL);
    assert_int_equal(house.status, 500);
    house_close(&house);
}

static void one_that_blocks_the_loop_is_counted(void **state)
{
    (void)state;
    struct house house;
    open_with(&house, "blocks");
    house.tick_ms = 1;
    house_call(&house, "blocks.act", NULL);
    house.tick_ms = 0;
    const char *said = house_call(&house, "plugins.list", NULL);
    assert_non_null(strstr(said, "\"name\":\"blocks\""));
    assert_non_null(strstr(said, "\"slow_calls\":1,\"longest_ms\":5"));
    house_close(&house);
}

static void a_transaction_that_was_kept_is_dead(void **state)
{
    (void)state;
    struct house house;
    open_with(&house, "writes-later");
    house_call(&house, "writes-later.act", NULL);
    check_logged(&house, "store->put with a transaction that is over");
    house_close(&house);
}

static void a_plugin_calls_as_a_manager_and_no_more(void **state)
{
    (void)state;
    struct house house;
    open_with(&house, "calls-freely");
    house_call(&house, "calls-freely.act", NULL);
    check_logged(&house, "calls-freely: answer 6: ");
    house_close(&house);
}

static void an_event_that_is_never_done_holds_up_the_next(void **state)
{
    (void)state;
    struct house house;
    open_with(&house, "never-done");
    house_run(&house);
    check_logged(&house, "never-done: got 1 never-done.one");
    assert_false(house_logged(&house, "never-done.two"));
    house_advance(&house, 60 * 1000);
    check_logged(&house, "error: never-done: bug in the plugin: event 1 was "
                         "handed over 60 s ago");
    house_close(&house);
}

static void an_event_that_was_not_done_comes_again(void **state)
{
    (void)state;
    struct house house;
    open_with(&house, "never-done");
    house_run(&house);
    house_reopen(&house, ABI_PLUGINS);
    buf_clear(&house.log);
    assert_int_equal(house_load(&house, "never-done", NULL, NULL), SPD_OK);
    house_run(&house);
    check_logged(&house, "never-done: got 1 never-done.one");
    house_close(&house);
}

static void a_done_for_nothing_is_named(void **state)
{
    (void)state;
    struct house house;
    open_with(&house, "does-another-event");
    check_logged(&house, "does-another-event: bug in the plugin: bus->done "
                         "for event 7 of \"nothing\"");
    house_close(&house);
}

static void timers_end_with_their_plugin(void **state)
{
    (void)state;
    struct house house;
    open_with(&house, "leaves-timers");
    house_advance(&house, 1000);
    check_logged(&house, "the timer still runs");
    house_reopen(&house, ABI_PLUGINS);
    buf_clear(&house.log);
    house_advance(&house, 5000);
    assert_false(house_logged(&house, "the timer still runs"));
    house_close(&house);
}

static bool comes_to_log(struct house *house, const char *text)
{
    for (int i = 0; i < 200 && !house_logged(house, text); i++)
        house_run(house);
    return house_logged(house, text);
}

static void a_call_from_another_thread_is_refused_and_named(void **state)
{
    (void)state;
    struct house house;
    open_with(&house, "leaves-the-loop");
    assert_true(comes_to_log(&house, "refused: yes"));
    check_logged(&house, "leaves-the-loop: bug in the plugin: called ops->add "
                         "from another thread than the loop's");
    house_close(&house);
}

/* -- those that take the server down -- */

/* In a child, with what it says on standard error in `said`. */
static void crash_in_child(struct house *house, struct buf *said)
{
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(pipes[1], STDERR_FILENO);
        host_load(house->host, "crashes", NULL, NULL, NULL);
        _exit(0);
    }
    close(pipes[1]);
    ssize_t got;
    while ((got = read(pipes[0], buf_room(said, 4096), 4096)) > 0)
        said->len += (size_t)got;
    close(pipes[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) ||
                (WIFEXITED(status) && WEXITSTATUS(status) != 0));
    buf_put_char(said, '\0');
    said->len--;
}

static void two_crashes_leave_a_plugin_out_once(void **state)
{
    (void)state;
    struct house house = { 0 };
    struct buf said = { 0 };
    struct spd_error err = { 0 };
    house_open(&house, ABI_PLUGINS);
    crash_in_child(&house, &said);
    assert_non_null(strstr(said.ptr, "spoold: crashed in the plugin crashes"));
    crash_in_child(&house, &said);

    assert_int_equal(house_load(&house, "crashes", NULL, &err), SPD_EBUSY);
    assert_string_equal(err.text,
                        "crashes crashed the server twice within ten minutes "
                        "and is left out; the next start tries it again");
    char path[128];
    snprintf(path, sizeof(path), "%s/data/plugin-crashes", house.folder);
    assert_false(blame_is_due(path, "crashes"));
    buf_fini(&said);
    house_close(&house);
}

/* -- what the host says to those who ask -- */

static void open_toil(struct house *house)
{
    struct spd_error err = { 0 };
    house_open(house, ABI_PLUGINS);
    assert_int_equal(house_load(house, "toil", NULL, &err), SPD_OK);
}

static void the_host_says_where_a_plugin_may_connect_to(void **state)
{
    (void)state;
    struct house house = { 0 };
    open_toil(&house);
    assert_string_equal(
        house_call(&house, "toil.where", NULL),
        "{\"public\":\"none\",\"loopback\":\"this machine itself "
        "(see allow_loopback in the configuration)\",\"private\":\"a private "
        "network, which an administrator must allow first (allow_private)\","
        "\"allowed\":\"none\"}");
    house_close(&house);
}

static void long_work_hears_that_its_plugin_is_stopped(void **state)
{
    (void)state;
    struct house house = { 0 };
    struct timespec began, ended;
    open_toil(&house);
    house_call(&house, "toil.begin", NULL);
    clock_gettime(CLOCK_MONOTONIC, &began);
    house_close(&house);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    assert_true(ended.tv_sec - began.tv_sec < 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_major_version_is_refused),
        cmocka_unit_test(one_that_needs_a_newer_server_is_refused),
        cmocka_unit_test(a_descriptor_that_says_more_than_we_know_is_refused),
        cmocka_unit_test(a_longer_descriptor_that_says_nothing_more_is_taken),
        cmocka_unit_test(a_name_that_is_not_the_files_is_refused),
        cmocka_unit_test(a_file_without_the_symbol_is_refused),
        cmocka_unit_test(a_file_that_others_may_write_is_refused_unopened),
        cmocka_unit_test(a_link_is_not_followed),
        cmocka_unit_test(rows_that_break_a_rule_end_the_start),
        cmocka_unit_test(a_longer_row_that_says_nothing_more_is_taken),
        cmocka_unit_test(a_failed_start_leaves_nothing_registered),
        cmocka_unit_test(a_second_answer_is_ignored_and_named),
        cmocka_unit_test(a_dropped_call_is_answered_by_the_host),
        cmocka_unit_test(a_failure_without_a_reason_is_a_bug),
        cmocka_unit_test(a_reply_that_is_not_whole_is_a_bug),
        cmocka_unit_test(one_that_blocks_the_loop_is_counted),
        cmocka_unit_test(a_transaction_that_was_kept_is_dead),
        cmocka_unit_test(a_plugin_calls_as_a_manager_and_no_more),
        cmocka_unit_test(an_event_that_is_never_done_holds_up_the_next),
        cmocka_unit_test(an_event_that_was_not_done_comes_again),
        cmocka_unit_test(a_done_for_nothing_is_named),
        cmocka_unit_test(timers_end_with_their_plugin),
        cmocka_unit_test(a_call_from_another_thread_is_refused_and_named),
        cmocka_unit_test(two_crashes_leave_a_plugin_out_once),
        cmocka_unit_test(the_host_says_where_a_plugin_may_connect_to),
        cmocka_unit_test(long_work_hears_that_its_plugin_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
