#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"

static void time_runs_by_its_factor(void **state)
{
    (void)state;
    struct sim_clock clock;
    clock_init(&clock, 5000, 60);
    assert_int_equal(clock_now(&clock, 5000), 0);
    assert_int_equal(clock_now(&clock, 6000), 60000);
}

static void a_change_of_speed_does_not_jump(void **state)
{
    (void)state;
    struct sim_clock clock;
    clock_init(&clock, 0, 10);
    clock_set_factor(&clock, 1000, 1);
    assert_int_equal(clock_now(&clock, 1000), 10000);
    assert_int_equal(clock_now(&clock, 3000), 12000);
}

static void standing_time_moves_only_by_hand(void **state)
{
    (void)state;
    struct sim_clock clock;
    clock_init(&clock, 0, 0);
    assert_int_equal(clock_now(&clock, 999999), 0);
    assert_int_equal(clock_wait_ms(&clock, 0, 1), CLOCK_NEVER);
    clock_advance(&clock, 500);
    assert_int_equal(clock_now(&clock, 999999), 500);
    assert_int_equal(clock_wait_ms(&clock, 0, 500), 0);
}

static void a_wait_is_never_too_short(void **state)
{
    (void)state;
    struct sim_clock clock;
    clock_init(&clock, 0, 7);
    int64_t wait_ms = clock_wait_ms(&clock, 0, 100);
    assert_true(clock_now(&clock, wait_ms) >= 100);
    assert_true(clock_now(&clock, wait_ms - 1) < 100);
    assert_int_equal(clock_wait_ms(&clock, 0, CLOCK_NEVER), CLOCK_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_runs_by_its_factor),
        cmocka_unit_test(a_change_of_speed_does_not_jump),
        cmocka_unit_test(standing_time_moves_only_by_hand),
        cmocka_unit_test(a_wait_is_never_too_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
