/* Sources of orders: asked again and again, and each order taken in once,
 * whatever dies in between. */
#include "stage.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "engine/intake/sources.h"
#include "shop/order.h"

/* A market with orders 1 to `offered`; the cursor is the last one said. */
static struct market {
    struct sources *sources;
    spd_ticket *ticket;
    int polls;
    int64_t offered, said;
    char cursor[32]; /* as it was given last */
    spd_err last_put;
    bool answers_itself;
    spd_err fails;
} market;

static spd_err put(int64_t number, const char *more)
{
    spd_jsonw *w = jsonw_new();
    char id[32];
    snprintf(id, sizeof(id), "%lld", (long long)number);
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(w, "source_id", str_of(id));
    if (more != NULL)
        jsonw_put_str(w, "message", str_of(more));
    jsonw_end(w);
    spd_str text;
    jsonw_text(w, &text);
    spd_json *json = json_parse(text, NULL);
    spd_err rc = sources_put(market.sources, market.ticket, json);
    json_free(json);
    jsonw_free(w);
    return rc;
}

static void say_more(void)
{
    market.last_put = SPD_OK;
    while (market.said < market.offered && market.last_put == SPD_OK) {
        market.last_put = put(market.said + 1, NULL);
        if (market.last_put == SPD_OK)
            market.said++;
    }
}

static void finish(const char *why)
{
    char cursor[32];
    struct spd_error err;
    snprintf(cursor, sizeof(cursor), "%lld", (long long)market.said);
    spd_ticket *ticket = market.ticket;
    market.ticket = NULL;
    if (why != NULL)
        error_set(&err, market.fails, "%s", why);
    ticket_finish(the.shop.tickets, ticket, str_of(cursor),
                  why == NULL ? NULL : &err);
    settle();
}

static void on_poll(spd_plugin *self, spd_str cursor, spd_ticket *ticket)
{
    (void)self;
    assert_null(market.ticket); /* never two at a time */
    market.polls++;
    market.ticket = ticket;
    market.said = 0;
    snprintf(market.cursor, sizeof(market.cursor), "%.*s", STR_ARG(cursor));
    str_to_int(cursor, &market.said);
    if (!market.answers_itself)
        return;
    say_more();
    spd_str none = { NULL, 0 };
    char text[32];
    snprintf(text, sizeof(text), "%lld", (long long)market.said);
    market.ticket = NULL;
    ticket_finish(the.shop.tickets, ticket,
                  market.said == 0 ? none : str_of(text), NULL);
}

static const struct spd_order_source row = { "market", on_poll, 5 * MINUTE };

static void up(void)
{
    struct spd_error err = { 0 };
    market.sources = sources_new(&the.shop);
    if (sources_add(market.sources, NULL, "stall", &row, &err) != SPD_OK ||
        sources_add_ops(market.sources, &err) != SPD_OK)
        fail_msg("%s", err.text);
    sources_start(market.sources);
    settle();
}

static void down(void)
{
    sources_stop(market.sources);
    sources_free(market.sources);
    market.ticket = NULL;
}

static int set_up(void **state)
{
    market = (struct market){ .fails = SPD_EIO };
    int rc = stage_set_up(state);
    if (rc == 0)
        up();
    return rc;
}

static int tear_down(void **state)
{
    down();
    return stage_tear_down(state);
}

static size_t orders(void)
{
    spd_txn *txn = store_read(the.shop.store);
    size_t count = record_count(txn, &order_kind);
    store_read_end(txn);
    return count;
}

/* -- the tests -- */

static void orders_and_their_place_are_kept_together(void **state)
{
    (void)state;
    assert_int_equal(market.polls, 1); /* at once, at the start */
    assert_string_equal(market.cursor, "");
    market.offered = 3;
    say_more();
    assert_int_equal(orders(), 0); /* not before the end of the poll */
    finish(NULL);
    assert_int_equal(orders(), 3);
    pass_ms(5 * MINUTE);
    assert_int_equal(market.polls, 2);
    assert_string_equal(market.cursor, "3");
}

static void a_crash_before_the_commit_asks_for_the_same_again(void **state)
{
    (void)state;
    market.offered = 2;
    say_more();
    take_picture();
    down();
    crash_to_picture();
    up();
    assert_string_equal(market.cursor, "");
    say_more();
    finish(NULL);
    assert_int_equal(orders(), 2);
}

static void a_failed_poll_keeps_its_orders_and_not_its_place(void **state)
{
    (void)state;
    market.offered = 2;
    say_more();
    finish("the market is closed");
    assert_int_equal(orders(), 2);
    call("orders.sources", "{}");
    assert_non_null(strstr(the.reply.ptr,
                           "\"failures\":1,"
                           "\"error\":\"the market is closed\""));
    pass_ms(5 * MINUTE);
    assert_string_equal(market.cursor, "");
    say_more();
    finish(NULL);
    assert_int_equal(orders(), 2);
    call("orders.sources", "{}");
    assert_non_null(strstr(the.reply.ptr, "\"failures\":0,\"error\":null"));
}

static int minutes_to_the_next(void)
{
    int minutes = 0, before = market.polls;
    finish("no");
    for (; market.polls == before; minutes++)
        pass_ms(MINUTE);
    return minutes;
}

static void the_pauses_grow_up_to_an_hour_while_it_fails(void **state)
{
    (void)state;
    static const int minutes[] = { 5, 10, 20, 40, 60, 60 };
    for (size_t i = 0; i < SPD_COUNT(minutes); i++)
        assert_int_equal(minutes_to_the_next(), minutes[i]);
    finish(NULL);
    pass_ms(5 * MINUTE);
    assert_int_equal(market.polls, 8);
}

static void people_are_told_once_that_a_source_fails(void **state)
{
    (void)state;
    news();
    for (int i = 0; i < 4; i++)
        minutes_to_the_next();
    const char *told = strstr(news(), "source.failed");
    assert_non_null(told);
    assert_null(strstr(told + 1, "source.failed"));
    finish(NULL);
    pass_ms(5 * MINUTE);
    market.fails = SPD_EAUTH;
    finish("connect it again"); /* no use to wait */
    assert_non_null(strstr(news(), "source.failed"));
}

static void who_rings_is_asked_at_once_and_never_twice_at_a_time(void **state)
{
    (void)state;
    call("orders.sync", "{\"source\":\"market\"}");
    assert_int_equal(market.polls, 1); /* it is being asked */
    finish(NULL);
    assert_int_equal(market.polls, 2); /* and is asked once more */
    finish(NULL);
    assert_int_equal(market.polls, 2);
    call("orders.sync", "{}");
    assert_int_equal(market.polls, 3);
    call("orders.sync", "{\"source\":\"nobody\"}");
    assert_int_equal(the.status, 404);
}

static void two_hundred_a_poll_and_the_next_follows_at_once(void **state)
{
    (void)state;
    market.offered = 450;
    say_more();
    assert_int_equal(market.last_put, SPD_EBUSY);
    assert_int_equal(market.said, 200);
    market.answers_itself = true;
    finish(NULL);
    settle();
    assert_int_equal(orders(), 450);
    assert_int_equal(market.polls, 3);
}

static void a_poll_that_is_not_finished_is_finished_for_it(void **state)
{
    (void)state;
    spd_ticket *old = market.ticket;
    market.ticket = NULL;
    pass_ms(SOURCES_LATE_MS + 5 * MINUTE);
    assert_int_equal(market.polls, 2);
    call("orders.sources", "{}");
    assert_non_null(strstr(the.reply.ptr, "stall did not answer in time"));
    market.ticket = old;
    assert_int_equal(put(1, NULL), SPD_ECANCELED);
}

static void what_is_no_order_is_refused(void **state)
{
    (void)state;
    spd_json *json = json_parse(STR("{\"number\":\"7\"}"), NULL);
    assert_int_equal(sources_put(market.sources, market.ticket, json),
                     SPD_EINVAL);
    json_free(json);
    json = json_parse(STR("{\"source_id\":\"7\",\"total\":\"much\"}"), NULL);
    assert_int_equal(sources_put(market.sources, market.ticket, json), SPD_OK);
    json_free(json);
    finish(NULL);
    call("orders.get", "{\"id\":1}");
    assert_non_null(strstr(the.reply.ptr, "\"problem\":\"total must be an "
                                          "object\""));
}

static void one_word_for_one_source(void **state)
{
    (void)state;
    struct spd_error err = { 0 };
    assert_int_equal(sources_add(market.sources, NULL, "other", &row, &err),
                     SPD_EEXIST);
    assert_non_null(strstr(err.text, "brought by stall already"));
    const struct spd_order_source api = { "api", on_poll, 1 };
    assert_int_equal(sources_add(market.sources, NULL, "other", &api, &err),
                     SPD_EEXIST);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(orders_and_their_place_are_kept_together),
        TEST(a_crash_before_the_commit_asks_for_the_same_again),
        TEST(a_failed_poll_keeps_its_orders_and_not_its_place),
        TEST(the_pauses_grow_up_to_an_hour_while_it_fails),
        TEST(people_are_told_once_that_a_source_fails),
        TEST(who_rings_is_asked_at_once_and_never_twice_at_a_time),
        TEST(two_hundred_a_poll_and_the_next_follows_at_once),
        TEST(a_poll_that_is_not_finished_is_finished_for_it),
        TEST(what_is_no_order_is_refused),
        TEST(one_word_for_one_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
