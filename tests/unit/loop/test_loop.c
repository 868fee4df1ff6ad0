#include "loop/loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* A loop under a clock that stands still, and a diary of what it ran. */
struct scene {
    struct fake_clock clock;
    struct loop *loop;
    char diary[128];
    struct loop_after after, other_after;
    struct watch *watch, *other_watch;
    int pipe[2];
    int left;
};

static struct scene the;

static int set_up(void **state)
{
    (void)state;
    memset(&the, 0, sizeof(the));
    fake_clock_init(&the.clock, 1767225600000);
    the.loop = loop_new(&the.clock.clock, NULL);
    return the.loop == NULL || pipe(the.pipe) != 0;
}

static int tear_down(void **state)
{
    (void)state;
    watch_free(the.watch);
    watch_free(the.other_watch);
    loop_free(the.loop);
    close(the.pipe[0]);
    return close(the.pipe[1]);
}

static void note(void *arg)
{
    size_t used = strlen(the.diary);
    snprintf(the.diary + used, sizeof(the.diary) - used, "%s ",
             (const char *)arg);
}

static char *word(const char *text)
{
    static char words[8][16];
    static unsigned next;
    char *copy = words[next++ % 8];
    snprintf(copy, sizeof(words[0]), "%s", text);
    return copy;
}

static void turn(void)
{
    loop_turn(the.loop, 0);
}

/* -- posts -- */

static void posted_functions_run_in_the_order_posted(void **state)
{
    (void)state;
    loop_post(the.loop, note, word("one"));
    loop_post(the.loop, note, word("two"));
    loop_post(the.loop, note, word("three"));
    assert_string_equal(the.diary, "");

    turn();
    assert_string_equal(the.diary, "one two three ");
}

static void post_again(void *arg)
{
    note(arg);
    loop_post(the.loop, note, word("again"));
}

static void what_a_posted_function_posts_runs_in_the_next_turn(void **state)
{
    (void)state;
    loop_post(the.loop, post_again, word("first"));
    turn();
    assert_string_equal(the.diary, "first ");
    turn();
    assert_string_equal(the.diary, "first again ");
}

static void what_was_posted_runs_before_the_loop_is_freed(void **state)
{
    (void)state;
    loop_post(the.loop, post_again, word("last"));
    loop_free(the.loop);
    the.loop = NULL;
    assert_string_equal(the.diary, "last again ");
}

enum { POSTERS = 4, POSTS = 1000 };

static void count_down(void *arg)
{
    (void)arg;
    if (--the.left == 0)
        loop_stop(the.loop);
}

static void *post_many(void *arg)
{
    struct loop *loop = arg;
    assert_false(loop_is_here(loop));
    for (int i = 0; i < POSTS; i++)
        loop_post(loop, count_down, NULL);
    return NULL;
}

static void posts_of_other_threads_wake_the_loop_and_none_is_lost(void **state)
{
    (void)state;
    the.left = POSTERS * POSTS;
    pthread_t posters[POSTERS];
    for (int i = 0; i < POSTERS; i++)
        pthread_create(&posters[i], NULL, post_many, the.loop);
    loop_run(the.loop);
    assert_int_equal(the.left, 0);
    for (int i = 0; i < POSTERS; i++)
        pthread_join(posters[i], NULL);
}

/* -- the end of a turn -- */

static void on_readable(void *arg, bool readable, bool writable)
{
    (void)writable;
    if (readable)
        note(arg);
    loop_after_turn(the.loop, &the.after);
}

static void after_turn_runs_once_behind_all_that_was_ready(void **state)
{
    (void)state;
    int more[2];
    assert_int_equal(pipe(more), 0);
    the.after = (struct loop_after){ .fn = note, .arg = word("commit") };
    the.watch =
        watch_new(the.loop, the.pipe[0], true, false, on_readable, word("in"));
    the.other_watch =
        watch_new(the.loop, more[0], true, false, on_readable, word("in"));
    assert_int_equal(write(the.pipe[1], "x", 1), 1);
    assert_int_equal(write(more[1], "x", 1), 1);

    turn();
    assert_string_equal(the.diary, "in in commit ");
    watch_free(the.other_watch);
    the.other_watch = NULL;
    close(more[0]);
    close(more[1]);
}

static void arm_other(void *arg)
{
    note(arg);
    loop_after_turn(the.loop, &the.other_after);
}

static void what_is_armed_at_the_end_of_a_turn_runs_in_it(void **state)
{
    (void)state;
    the.after = (struct loop_after){ .fn = arm_other, .arg = word("one") };
    the.other_after = (struct loop_after){ .fn = note, .arg = word("two") };
    loop_after_turn(the.loop, &the.after);
    turn();
    assert_string_equal(the.diary, "one two ");
}

static void arm_itself(void *arg)
{
    (void)arg;
    the.left++;
    loop_after_turn(the.loop, &the.after);
}

static void
one_that_arms_itself_for_ever_does_not_starve_the_others(void **state)
{
    (void)state;
    the.after = (struct loop_after){ .fn = arm_itself };
    loop_after_turn(the.loop, &the.after);
    turn();
    loop_post(the.loop, note, word("posted"));
    turn();
    assert_string_equal(the.diary, "posted ");
    assert_true(the.left > 1 && the.left < 1000);
    loop_after_cancel(the.loop, &the.after);
}

static void a_cancelled_after_turn_does_not_run(void **state)
{
    (void)state;
    the.after = (struct loop_after){ .fn = note, .arg = word("one") };
    the.other_after = (struct loop_after){ .fn = note, .arg = word("two") };
    loop_after_turn(the.loop, &the.after);
    loop_after_turn(the.loop, &the.other_after);
    loop_after_cancel(the.loop, &the.other_after);
    loop_after_cancel(the.loop, &the.other_after);
    turn();
    assert_string_equal(the.diary, "one ");

    loop_after_turn(the.loop, &the.other_after);
    turn();
    assert_string_equal(the.diary, "one two ");
}

/* -- watches -- */

static void a_watch_tells_again_as_long_as_there_is_something(void **state)
{
    (void)state;
    the.after = (struct loop_after){ .fn = note, .arg = word("|") };
    the.watch =
        watch_new(the.loop, the.pipe[0], true, false, on_readable, word("in"));
    turn();
    assert_string_equal(the.diary, "");
    assert_int_equal(write(the.pipe[1], "x", 1), 1);
    turn();
    turn();
    assert_string_equal(the.diary, "in | in | ");

    char byte;
    assert_int_equal(read(the.pipe[0], &byte, 1), 1);
    turn();
    assert_string_equal(the.diary, "in | in | ");
}

static void a_watch_that_asks_for_nothing_hears_nothing(void **state)
{
    (void)state;
    the.after = (struct loop_after){ .fn = note, .arg = word("|") };
    the.watch =
        watch_new(the.loop, the.pipe[0], true, false, on_readable, word("in"));
    assert_int_equal(write(the.pipe[1], "x", 1), 1);
    watch_set(the.watch, false, false);
    turn();
    assert_string_equal(the.diary, "");
    watch_set(the.watch, true, false);
    turn();
    assert_string_equal(the.diary, "in | ");
}

static void free_both(void *arg, bool readable, bool writable)
{
    (void)readable, (void)writable;
    note(arg);
    watch_free(the.watch);
    watch_free(the.other_watch);
    the.watch = the.other_watch = NULL;
}

static void a_watch_may_free_itself_and_another_that_is_ready_too(void **state)
{
    (void)state;
    int copy = dup(the.pipe[0]);
    the.watch =
        watch_new(the.loop, the.pipe[0], true, false, free_both, word("in"));
    the.other_watch =
        watch_new(the.loop, copy, true, false, free_both, word("in"));
    assert_int_equal(write(the.pipe[1], "x", 1), 1);
    turn();
    turn();
    assert_string_equal(the.diary, "in ");
    close(copy);
}

/* -- signals -- */

static void a_signal_runs_its_function_on_the_loop(void **state)
{
    (void)state;
    loop_on_signal(the.loop, SIGUSR1, note, word("usr1"));
    raise(SIGUSR1);
    assert_string_equal(the.diary, "");
    turn();
    assert_string_equal(the.diary, "usr1 ");
}

static void
writing_to_a_peer_that_is_gone_does_not_end_the_process(void **state)
{
    (void)state;
    int gone[2];
    assert_int_equal(pipe(gone), 0);
    close(gone[0]);
    assert_int_equal(write(gone[1], "x", 1), -1);
    close(gone[1]);
}

/* -- how it is -- */

static char logged[256];

static void keep_line(void *arg, enum spd_level level, const char *line)
{
    (void)arg, (void)level;
    snprintf(logged, sizeof(logged), "%s", line);
}

static void dawdle_ms(int64_t ms, const char *who)
{
    const char *before = loop_enter(the.loop, who);
    fake_clock_advance(&the.clock, ms);
    loop_leave(the.loop, before);
}

static void be_quick(void *arg)
{
    (void)arg;
    dawdle_ms(20, "etsy");
}

static void be_slow(void *arg)
{
    (void)arg;
    dawdle_ms(60, "webhook");
    dawdle_ms(100, "etsy");
    dawdle_ms(70, "webhook");
}

static void a_slow_turn_is_logged_with_the_name_of_who_held_it(void **state)
{
    (void)state;
    log_listen(keep_line, NULL);
    logged[0] = '\0';
    loop_post(the.loop, be_slow, NULL);
    turn();
    log_listen(NULL, NULL);
    assert_string_equal(logged, "loop: nothing else was done for 230 ms; "
                                "130 ms of it in webhook");
}

static void be_nested(void *arg)
{
    const char *before = loop_enter(the.loop, "outer");
    dawdle_ms(150, "inner");
    fake_clock_advance(&the.clock, 100);
    loop_leave(the.loop, before);
    (void)arg;
}

static void a_guest_is_not_blamed_for_the_guest_it_calls(void **state)
{
    (void)state;
    log_listen(keep_line, NULL);
    loop_post(the.loop, be_nested, NULL);
    turn();
    log_listen(NULL, NULL);
    assert_non_null(strstr(logged, "150 ms of it in inner"));
}

static void health_counts_turns_over_20_ms(void **state)
{
    (void)state;
    loop_post(the.loop, be_quick, NULL);
    turn();
    struct loop_health health = loop_health(the.loop);
    assert_int_equal(health.turns, 1);
    assert_int_equal(health.long_turns, 1);
    assert_int_equal(health.slow_turns, 0);
    assert_int_equal(health.longest_ms, 20);

    loop_post(the.loop, be_quick, NULL);
    loop_post(the.loop, be_quick, NULL);
    turn();
    health = loop_health(the.loop);
    assert_int_equal(health.turns, 2);
    assert_int_equal(health.long_turns, 2);
    assert_int_equal(health.slow_turns, 1);
    assert_int_equal(health.longest_ms, 40);
}

static void be_short(void *arg)
{
    (void)arg;
    fake_clock_advance(&the.clock, 4);
}

static void a_turn_of_four_milliseconds_is_not_long(void **state)
{
    (void)state;
    loop_post(the.loop, be_short, NULL);
    turn();
    assert_int_equal(loop_health(the.loop).long_turns, 0);
}

static void time_between_turns_is_nobodys_fault(void **state)
{
    (void)state;
    fake_clock_advance(&the.clock, 5000);
    turn();
    assert_int_equal(loop_health(the.loop).longest_ms, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(posted_functions_run_in_the_order_posted),
        TEST(what_a_posted_function_posts_runs_in_the_next_turn),
        TEST(what_was_posted_runs_before_the_loop_is_freed),
        TEST(posts_of_other_threads_wake_the_loop_and_none_is_lost),
        TEST(after_turn_runs_once_behind_all_that_was_ready),
        TEST(what_is_armed_at_the_end_of_a_turn_runs_in_it),
        TEST(one_that_arms_itself_for_ever_does_not_starve_the_others),
        TEST(a_cancelled_after_turn_does_not_run),
        TEST(a_watch_tells_again_as_long_as_there_is_something),
        TEST(a_watch_that_asks_for_nothing_hears_nothing),
        TEST(a_watch_may_free_itself_and_another_that_is_ready_too),
        TEST(a_signal_runs_its_function_on_the_loop),
        TEST(writing_to_a_peer_that_is_gone_does_not_end_the_process),
        TEST(a_slow_turn_is_logged_with_the_name_of_who_held_it),
        TEST(a_guest_is_not_blamed_for_the_guest_it_calls),
        TEST(health_counts_turns_over_20_ms),
        TEST(a_turn_of_four_milliseconds_is_not_long),
        TEST(time_between_turns_is_nobodys_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
