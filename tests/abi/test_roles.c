/* What plugins offer for printing reaches the floor below, whole; what they
 * say comes to the loop in order; and all of it is withdrawn before stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "house.h"

struct shop {
    struct house house;
    spd_plugin *self;
    const char *who;
    const struct spd_printer_driver *driver;
    const struct spd_order_source *source;
    const struct spd_notifier *notifier;
    const struct spd_scheduler *scheduler;
    bool withdrawn, was_stopped; /* stop had run before the withdrawal */
    char layers[32];             /* of the reports, in order */
    int64_t attempt, sent_bytes;
    char order[32];
    bool refuses;
    int ended;
    spd_err outcome;
    char result[32];
};

static spd_err take_driver(void *arg, spd_plugin *self, const char *who,
                           const struct spd_printer_driver *driver,
                           struct spd_error *err)
{
    struct shop *shop = arg;
    shop->self = self;
    if (shop->refuses)
        return error_set(err, SPD_EEXIST, "the kind one is taken");
    shop->who = who;
    shop->driver = driver;
    return SPD_OK;
}

static spd_err take_source(void *arg, spd_plugin *self, const char *who,
                           const struct spd_order_source *source,
                           struct spd_error *err)
{
    (void)self;
    (void)who;
    (void)err;
    ((struct shop *)arg)->source = source;
    return SPD_OK;
}

static spd_err take_notifier(void *arg, spd_plugin *self, const char *who,
                             const struct spd_notifier *notifier,
                             struct spd_error *err)
{
    (void)self;
    (void)who;
    (void)err;
    ((struct shop *)arg)->notifier = notifier;
    return SPD_OK;
}

static spd_err take_scheduler(void *arg, spd_plugin *self, const char *who,
                              const struct spd_scheduler *scheduler,
                              struct spd_error *err)
{
    (void)self;
    (void)who;
    (void)err;
    ((struct shop *)arg)->scheduler = scheduler;
    return SPD_OK;
}

static void withdraw(void *arg, spd_plugin *self)
{
    struct shop *shop = arg;
    assert_ptr_equal(self, shop->self);
    shop->withdrawn = true;
    shop->was_stopped = house_logged(&shop->house, "roles: stopped");
}

static void take_report(void *arg, spd_printer *printer, const spd_json *report)
{
    struct shop *shop = arg;
    assert_ptr_equal(printer, (spd_printer *)(void *)shop);
    size_t len = strlen(shop->layers);
    snprintf(shop->layers + len, sizeof(shop->layers) - len, "%d ",
             (int)json_as_int(json_member(report, "layer"), -1));
}

static void take_progress(void *arg, spd_printer *printer, int64_t attempt,
                          int64_t sent_bytes)
{
    struct shop *shop = arg;
    (void)printer;
    shop->attempt = attempt;
    shop->sent_bytes = sent_bytes;
}

static spd_err take_order(void *arg, spd_ticket *ticket, const spd_json *order)
{
    struct shop *shop = arg;
    assert_true(ticket_is_open(shop->house.tickets, ticket));
    snprintf(shop->order, sizeof(shop->order), "%.*s",
             STR_ARG(json_as_str(json_member(order, "source_id"), STR(""))));
    return SPD_OK;
}

static void open_shop(struct shop *shop)
{
    *shop = (struct shop){ 0 };
    shop->house.roles = (struct host_roles){
        .arg = shop,
        .printer_driver = take_driver,
        .order_source = take_source,
        .notifier = take_notifier,
        .scheduler = take_scheduler,
        .withdraw = withdraw,
        .printer_report = take_report,
        .upload_progress = take_progress,
        .order_put = take_order,
    };
    house_open(&shop->house, ABI_PLUGINS);
}

static void load_roles(struct shop *shop)
{
    struct spd_error err = { 0 };
    if (house_load(&shop->house, "roles", NULL, &err) != SPD_OK)
        fail_msg("%s", err.text);
}

static void on_end(void *arg, spd_str result, const struct spd_error *err)
{
    struct shop *shop = arg;
    shop->ended++;
    shop->outcome = err == NULL ? SPD_OK : err->code;
    snprintf(shop->result, sizeof(shop->result), "%.*s", STR_ARG(result));
}

static spd_ticket *ticket(struct shop *shop)
{
    return ticket_new(shop->house.tickets, "roles", 0, on_end, shop);
}

static void every_role_reaches_the_floor_below(void **state)
{
    (void)state;
    struct shop shop;
    open_shop(&shop);
    load_roles(&shop);
    assert_string_equal(shop.who, "roles");
    assert_string_equal(shop.driver->kind, "one");
    assert_string_equal(shop.driver->models[0].slicer_id, "O1");
    assert_string_equal(shop.source->kind, "shop");
    assert_string_equal(shop.notifier->kind, "pigeon");
    const struct spd_job job = { .size = sizeof(job), .priority = 9 };
    assert_int_equal(shop.scheduler->rank(shop.self, &job), -9);
    house_close(&shop.house);
}

static void all_is_withdrawn_before_the_plugin_stops(void **state)
{
    (void)state;
    struct shop shop;
    open_shop(&shop);
    load_roles(&shop);
    assert_false(shop.withdrawn);
    house_reopen(&shop.house, ABI_PLUGINS);
    assert_true(shop.withdrawn);
    assert_false(shop.was_stopped);
    assert_true(house_logged(&shop.house, "roles: stopped"));
    house_close(&shop.house);
}

static void a_role_that_is_refused_ends_the_start(void **state)
{
    (void)state;
    struct shop shop;
    open_shop(&shop);
    shop.refuses = true;
    assert_int_equal(house_load(&shop.house, "roles", NULL, NULL), SPD_EEXIST);
    assert_true(house_logged(&shop.house,
                             "error: roles: its printer driver was refused: "
                             "the kind one is taken"));
    house_close(&shop.house);
}

static void *open_printer(struct shop *shop)
{
    void *conn = NULL;
    assert_int_equal(shop->driver->open(shop->self, (spd_printer *)(void *)shop,
                                        NULL, &conn, NULL),
                     SPD_OK);
    return conn;
}

static void
reports_of_a_thread_come_in_order_before_the_tickets_end(void **state)
{
    (void)state;
    struct shop shop;
    open_shop(&shop);
    load_roles(&shop);
    void *conn = open_printer(&shop);
    shop.driver->upload(conn, NULL, ticket(&shop));
    assert_string_equal(shop.layers, "");
    house_run(&shop.house);
    assert_string_equal(shop.layers, "1 2 3 ");
    assert_int_equal(shop.attempt, 7);
    assert_int_equal(shop.sent_bytes, 512);
    assert_int_equal(shop.ended, 1);
    assert_int_equal(shop.outcome, SPD_OK);
    assert_string_equal(shop.result, "done");
    shop.driver->close(conn);
    house_close(&shop.house);
}

static void what_is_no_report_is_dropped_and_said(void **state)
{
    (void)state;
    struct shop shop;
    open_shop(&shop);
    load_roles(&shop);
    void *conn = open_printer(&shop);
    shop.driver->start(conn, NULL, ticket(&shop));
    house_run(&shop.house);
    assert_string_equal(shop.layers, "");
    assert_true(house_logged(&shop.house, "its report is not an object"));
    shop.driver->close(conn);
    house_close(&shop.house);
}

static void a_ticket_ends_once_however_often_it_is_finished(void **state)
{
    (void)state;
    struct shop shop;
    open_shop(&shop);
    load_roles(&shop);
    void *conn = open_printer(&shop);
    shop.driver->start(conn, NULL, ticket(&shop));
    house_run(&shop.house);
    assert_int_equal(shop.ended, 1);
    assert_int_equal(shop.outcome, SPD_EBUSY);
    shop.driver->close(conn);
    house_close(&shop.house);
}

static void a_report_beyond_256_kib_is_refused(void **state)
{
    (void)state;
    struct shop shop;
    open_shop(&shop);
    load_roles(&shop);
    void *conn = open_printer(&shop);
    shop.driver->command(conn, NULL, ticket(&shop));
    house_run(&shop.house);
    assert_int_equal(shop.outcome, SPD_EINVAL);
    assert_string_equal(shop.layers, "");
    shop.driver->close(conn);
    house_close(&shop.house);
}

static void reports_on_their_way_at_the_end_are_delivered(void **state)
{
    (void)state;
    struct shop shop;
    open_shop(&shop);
    load_roles(&shop);
    void *conn = open_printer(&shop);
    shop.driver->upload(conn, NULL, ticket(&shop));
    shop.driver->close(conn);
    house_close(&shop.house);
    assert_string_equal(shop.layers, "1 2 3 ");
}

static void an_order_comes_with_its_ticket(void **state)
{
    (void)state;
    struct shop shop;
    open_shop(&shop);
    load_roles(&shop);
    shop.source->poll(shop.self, STR("before"), ticket(&shop));
    assert_string_equal(shop.order, "before");
    house_run(&shop.house);
    assert_string_equal(shop.result, "next");
    house_close(&shop.house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_role_reaches_the_floor_below),
        cmocka_unit_test(all_is_withdrawn_before_the_plugin_stops),
        cmocka_unit_test(a_role_that_is_refused_ends_the_start),
        cmocka_unit_test(
            reports_of_a_thread_come_in_order_before_the_tickets_end),
        cmocka_unit_test(what_is_no_report_is_dropped_and_said),
        cmocka_unit_test(a_ticket_ends_once_however_often_it_is_finished),
        cmocka_unit_test(a_report_beyond_256_kib_is_refused),
        cmocka_unit_test(reports_on_their_way_at_the_end_are_delivered),
        cmocka_unit_test(an_order_comes_with_its_ticket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
