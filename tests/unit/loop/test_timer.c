#include "loop/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { MANY = 500 };

static struct scene {
    struct fake_clock clock;
    struct loop *loop;
    struct timer *timers[MANY];
    int64_t due_ms[MANY];
    char diary[64];
    int fired;
} the;

static int set_up(void **state)
{
    (void)state;
    memset(&the, 0, sizeof(the));
    fake_clock_init(&the.clock, 1767225600000);
    the.loop = loop_new(&the.clock.clock, NULL);
    return the.loop == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < MANY; i++)
        timer_free(the.timers[i]);
    loop_free(the.loop);
    return 0;
}

static void pass_ms(int64_t ms)
{
    fake_clock_advance(&the.clock, ms);
    loop_turn(the.loop, 0);
}

static void note(void *arg)
{
    struct timer *const *timer = arg;
    char letter[] = { (char)('a' + (timer - the.timers)), '\0' };
    strcat(the.diary, letter);
}

/* The i-th timer writes the i-th letter into the diary. */
static void set(int i, int64_t first_ms, int64_t every_ms)
{
    if (the.timers[i] == NULL)
        the.timers[i] = timer_new(the.loop, note, &the.timers[i]);
    timer_set(the.timers[i], first_ms, every_ms);
}

static void a_timer_fires_at_its_time_and_not_before(void **state)
{
    (void)state;
    set(0, 100, 0);
    pass_ms(99);
    assert_string_equal(the.diary, "");
    assert_true(timer_is_set(the.timers[0]));
    pass_ms(1);
    assert_string_equal(the.diary, "a");
    assert_false(timer_is_set(the.timers[0]));
    pass_ms(1000);
    assert_string_equal(the.diary, "a");
}

static void timers_fire_in_the_order_of_their_times(void **state)
{
    (void)state;
    set(0, 300, 0);
    set(1, 100, 0);
    set(2, 200, 0);
    set(3, 100, 0);
    pass_ms(1000);
    assert_string_equal(the.diary, "bdca");
}

static void setting_a_timer_again_forgets_its_former_time(void **state)
{
    (void)state;
    set(0, 100, 0);
    set(0, 500, 0);
    pass_ms(499);
    assert_string_equal(the.diary, "");
    pass_ms(1);
    assert_string_equal(the.diary, "a");
}

static void a_repeating_timer_keeps_its_beat_when_the_loop_is_late(void **state)
{
    (void)state;
    set(0, 10, 100);
    pass_ms(10);
    assert_string_equal(the.diary, "a");
    pass_ms(130); /* 30 late */
    assert_string_equal(the.diary, "aa");
    pass_ms(69);
    assert_string_equal(the.diary, "aa");
    pass_ms(1);
    assert_string_equal(the.diary, "aaa");
}

static void ticks_slept_through_are_not_made_up_for(void **state)
{
    (void)state;
    set(0, 10, 10);
    pass_ms(1000);
    assert_string_equal(the.diary, "a");
    loop_turn(the.loop, 0);
    assert_string_equal(the.diary, "a");
}

static void a_stopped_timer_does_not_fire(void **state)
{
    (void)state;
    set(0, 10, 10);
    timer_stop(the.timers[0]);
    timer_stop(the.timers[0]);
    pass_ms(100);
    assert_string_equal(the.diary, "");
}

static void free_itself(void *arg)
{
    struct timer **timer = arg;
    timer_free(*timer);
    *timer = NULL;
    the.fired++;
}

static void a_repeating_timer_may_free_itself(void **state)
{
    (void)state;
    the.timers[0] = timer_new(the.loop, free_itself, &the.timers[0]);
    timer_set(the.timers[0], 10, 10);
    pass_ms(10);
    pass_ms(10);
    assert_int_equal(the.fired, 1);
}

static void stop_the_other(void *arg)
{
    timer_stop(arg);
    the.fired++;
}

static void
a_timer_stopped_by_one_of_the_same_moment_does_not_fire(void **state)
{
    (void)state;
    set(1, 10, 0);
    timer_stop(the.timers[1]);
    the.timers[0] = timer_new(the.loop, stop_the_other, the.timers[1]);
    timer_set(the.timers[0], 10, 0);
    timer_set(the.timers[1], 10, 0);
    pass_ms(10);
    assert_int_equal(the.fired, 1);
    assert_string_equal(the.diary, "");
}

static void set_again_at_once(void *arg)
{
    struct timer **timer = arg;
    timer_set(*timer, 0, 0);
    the.fired++;
}

static void a_timer_that_sets_itself_for_now_fires_once_a_turn(void **state)
{
    (void)state;
    the.timers[0] = timer_new(the.loop, set_again_at_once, &the.timers[0]);
    timer_set(the.timers[0], -5, 0);
    pass_ms(0);
    assert_int_equal(the.fired, 1);
    pass_ms(0);
    assert_int_equal(the.fired, 2);
}

static void a_timer_that_outlives_the_loop_can_still_be_freed(void **state)
{
    (void)state;
    set(0, 10, 0);
    loop_free(the.loop);
    the.loop = NULL;
    assert_false(timer_is_set(the.timers[0]));
}

static void a_time_beyond_all_bounds_is_never(void **state)
{
    (void)state;
    set(0, INT64_MAX, 0);
    pass_ms(INT64_C(1) << 50);
    assert_string_equal(the.diary, "");
}

static void check_time(void *arg)
{
    struct timer *const *timer = arg;
    int64_t due_ms = the.due_ms[timer - the.timers];
    assert_int_equal(loop_now_ms(the.loop), due_ms);
    the.fired++;
}

/* A fixed sequence that looks random: the same in every run. */
static unsigned shuffled(unsigned i)
{
    return (i * 7919u + 13u) % 1009u;
}

static void
five_hundred_timers_set_and_stopped_all_keep_their_time(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        the.timers[i] = timer_new(the.loop, check_time, &the.timers[i]);
        the.due_ms[i] = loop_now_ms(the.loop) + 1 + shuffled(i);
        timer_set(the.timers[i], 1 + shuffled(i), 0);
    }
    for (unsigned i = 0; i < MANY; i += 3)
        timer_stop(the.timers[(i * 31) % MANY]);
    int set_count = 0;
    for (int i = 0; i < MANY; i++)
        set_count += timer_is_set(the.timers[i]);
    for (int ms = 0; ms <= 1010; ms++)
        pass_ms(1);
    assert_true(set_count > MANY / 2);
    assert_int_equal(the.fired, set_count);
}

static void stop_loop(void *arg)
{
    loop_stop(arg);
}

static void a_loop_that_sleeps_wakes_for_its_timer(void **state)
{
    (void)state;
    struct loop *loop = loop_new(&clock_system, NULL);
    struct timer *timer = timer_new(loop, stop_loop, loop);
    int64_t began_ms = loop_now_ms(loop);
    timer_set(timer, 15, 0);
    loop_run(loop);
    assert_true(loop_now_ms(loop) - began_ms >= 15);
    /* It slept: it did not turn round and round until it was time. */
    assert_true(loop_health(loop).turns < 5);
    timer_free(timer);
    loop_free(loop);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_timer_fires_at_its_time_and_not_before),
        TEST(timers_fire_in_the_order_of_their_times),
        TEST(setting_a_timer_again_forgets_its_former_time),
        TEST(a_repeating_timer_keeps_its_beat_when_the_loop_is_late),
        TEST(ticks_slept_through_are_not_made_up_for),
        TEST(a_stopped_timer_does_not_fire),
        TEST(a_repeating_timer_may_free_itself),
        TEST(a_timer_stopped_by_one_of_the_same_moment_does_not_fire),
        TEST(a_timer_that_sets_itself_for_now_fires_once_a_turn),
        TEST(a_timer_that_outlives_the_loop_can_still_be_freed),
        TEST(a_time_beyond_all_bounds_is_never),
        TEST(five_hundred_timers_set_and_stopped_all_keep_their_time),
        TEST(a_loop_that_sleeps_wakes_for_its_timer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
