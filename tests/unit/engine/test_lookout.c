/* What only time makes news is said once. */
#include "engine/outbox/lookout.h"

#include <stdio.h>
#include <string.h>

#include "base/moment.h"
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

static void maintenance_is_due_once_by_the_hours_printed(void **state)
{
    (void)state;
    int64_t id = add_printer(0);
    call("printers.update",
         "{\"id\":%lld,\"maintenance_interval_hours\":1,"
         "\"maintenance_interval_days\":2}",
         (long long)id);
    job_printing(0);
    fake_clock_advance(&the.clock, 60 * MINUTE);
    say_state(0, "finished", the.machines[0].submission, 100);
    pass_ms(MINUTE);
    assert_int_equal(times("maintenance_due", news()), 1);
    fake_clock_advance(&the.clock, 48 * 60 * MINUTE); /* by the days, too */
    pass_ms(MINUTE);
    assert_int_equal(times("maintenance_due", news()), 0);
    call("printers.maintained", "{\"id\":%lld}", (long long)id);
    pass_ms(MINUTE);
    fake_clock_advance(&the.clock, 48 * 60 * MINUTE);
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

/* An order to be shipped in so many minutes. */
static int64_t add_order(const char *name, int64_t minutes)
{
    char ship_by[MOMENT_BYTES];
    moment_text(shop_now_ms(&the.shop) + minutes * MINUTE, ship_by);
    call("orders.create",
         "{\"source_id\":\"%s\",\"is_paid\":true,\"ship_by\":\"%s\",\"items\":"
         "[{\"source_id\":\"1\",\"title\":\"Bracket\"}]}",
         name, ship_by);
    assert_true(the.status == 201 || the.status == 200);
    spd_json *order = json_parse(buf_str(&the.reply), NULL);
    int64_t id = json_as_int(json_member(order, "id"), 0);
    json_free(order);
    return id;
}

static void an_order_is_late_once_it_cannot_be_ready_any_more(void **state)
{
    (void)state;
    char more[60];
    int64_t id = add_order("A7", 90);
    snprintf(more, sizeof(more), "\"order_id\":%lld", (long long)id);
    int64_t job = add_job(more);
    call("jobs.update", "{\"print_id\":%lld,\"estimated_duration_minutes\":60}",
         (long long)job);
    assert_int_equal(the.status, 200);
    pass_ms(29 * MINUTE);
    assert_int_equal(times("order.late", news()), 0);
    pass_ms(2 * MINUTE);
    assert_int_equal(times("order.late", news()), 1);
    start_anew();
    pass_ms(10 * MINUTE);
    assert_int_equal(times("order.late", news()), 0);

    add_order("A7", 70);
    pass_ms(5 * MINUTE);
    assert_int_equal(times("order.late", news()), 0);
    pass_ms(10 * MINUTE);
    assert_int_equal(times("order.late", news()), 1);
}

static void of_an_order_that_is_gone_nobody_says_that_it_is_late(void **state)
{
    (void)state;
    int64_t id = add_order("B", 10);
    call("orders.update", "{\"id\":%lld,\"is_shipped\":true}", (long long)id);
    assert_int_equal(the.status, 200);
    pass_ms(30 * MINUTE);
    assert_int_equal(times("order.late", news()), 0);
}

static void of_many_late_orders_each_is_told_once(void **state)
{
    (void)state;
    char name[20];
    for (int i = 0; i < 120; i++) {
        snprintf(name, sizeof(name), "C%d", i);
        add_order(name, 1 + i % 3);
    }
    pass_ms(5 * MINUTE);
    assert_int_equal(times("order.late", news()), 120);
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
        LOOKOUT_TEST(maintenance_is_due_once_by_the_hours_printed),
        LOOKOUT_TEST(a_plate_is_missed_only_while_jobs_wait_for_it),
        LOOKOUT_TEST(an_order_is_late_once_it_cannot_be_ready_any_more),
        LOOKOUT_TEST(of_an_order_that_is_gone_nobody_says_that_it_is_late),
        LOOKOUT_TEST(of_many_late_orders_each_is_told_once),
    };
    return cmocka_run_group_tests_name("lookout", tests, NULL, NULL);
}
