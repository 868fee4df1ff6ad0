/* What only time makes news is said once. */
#include "engine/lookout.h"

#include <string.h>

#include "stage.h"

static struct lookout *lookout;

static void look_out(void)
{
    lookout = lookout_new(&the.shop);
    lookout_start(lookout);
    settle();
}

static int set_up(void **state)
{
    int rc = stage_set_up(state);
    if (rc == 0)
        look_out();
    return rc;
}

static int tear_down(void **state)
{
    lookout_free(lookout);
    return stage_tear_down(state);
}

static void start_anew(void)
{
    lookout_free(lookout);
    restart();
    look_out();
}

static unsigned times(const char *topic, const char *in)
{
    unsigned count = 0;
    while ((in = strstr(in, topic)) != NULL) {
        count++;
        in += strlen(topic);
    }
    return count;
}

static void a_printer_that_stays_away_is_gone_and_comes_back(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "");
    say_offline(0);
    pass_ms(4 * MINUTE);
    assert_int_equal(times("printer.gone", news()), 0);
    start_anew();
    pass_ms(2 * MINUTE);
    assert_int_equal(times("printer.gone", news()), 1);
    pass_ms(10 * MINUTE);
    start_anew();
    pass_ms(10 * MINUTE);
    assert_int_equal(times("printer.gone", news()), 0);
    say_idle(0, "");
    pass_ms(MINUTE);
    assert_int_equal(times("printer.back", news()), 1);
}

static void a_printer_that_was_away_for_a_moment_is_no_news(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "");
    for (int i = 0; i < 5; i++) {
        say_offline(0);
        pass_ms(3 * MINUTE);
        say_idle(0, "");
        pass_ms(MINUTE);
    }
    const char *said = news();
    assert_int_equal(times("printer.gone", said) + times("printer.back", said),
                     0);
}

static void a_printer_that_is_switched_off_here_is_not_missed(void **state)
{
    (void)state;
    int64_t id = add_printer(0);
    say_idle(0, "");
    say_offline(0);
    call("printers.update", "{\"id\":%lld,\"enabled\":false}", (long long)id);
    pass_ms(10 * MINUTE);
    assert_int_equal(times("printer.gone", news()), 0);
}

static void maintenance_is_due_once_for_each_date(void **state)
{
    (void)state;
    enum { DAY = 24 * 60 * MINUTE };
    int64_t id = add_printer(0);
    say_idle(0, "");
    call("printers.update", "{\"id\":%lld,\"maintenance_interval_days\":2}",
         (long long)id);
    fake_clock_advance(&the.clock, DAY);
    pass_ms(MINUTE);
    assert_int_equal(times("maintenance_due", news()), 0);
    fake_clock_advance(&the.clock, DAY);
    pass_ms(MINUTE);
    assert_int_equal(times("maintenance_due", news()), 1);
    start_anew();
    pass_ms(MINUTE);
    assert_int_equal(times("maintenance_due", news()), 0);
    call("printers.update",
         "{\"id\":%lld,\"last_maintenance_at\":\"2026-01-03T00:00:00Z\"}",
         (long long)id);
    pass_ms(MINUTE);
    assert_int_equal(times("maintenance_due", news()), 0);
    fake_clock_advance(&the.clock, 2LL * DAY);
    pass_ms(MINUTE);
    assert_int_equal(times("maintenance_due", news()), 1);
}

static void a_plate_is_missed_only_while_jobs_wait_for_it(void **state)
{
    (void)state;
    int64_t id = add_printer(0);
    job_printing(0);
    say_state(0, "finished", the.machines[0].submission, 100);
    pass_ms(40 * MINUTE);
    assert_int_equal(times("plate_waits", news()), 0);
    add_job("");
    pass_ms(29 * MINUTE);
    assert_int_equal(times("plate_waits", news()), 0);
    pass_ms(2 * MINUTE);
    assert_int_equal(times("plate_waits", news()), 1);
    pass_ms(40 * MINUTE);
    assert_int_equal(times("plate_waits", news()), 0);
    call("printers.plate_cleared", "{\"id\":%lld}", (long long)id);
    pass_ms(MINUTE);
}

#define LOOKOUT_TEST(name)                                                     \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOKOUT_TEST(a_printer_that_stays_away_is_gone_and_comes_back),
        LOOKOUT_TEST(a_printer_that_was_away_for_a_moment_is_no_news),
        LOOKOUT_TEST(a_printer_that_is_switched_off_here_is_not_missed),
        LOOKOUT_TEST(maintenance_is_due_once_for_each_date),
        LOOKOUT_TEST(a_plate_is_missed_only_while_jobs_wait_for_it),
    };
    return cmocka_run_group_tests_name("lookout", tests, NULL, NULL);
}
