/* The test host, tested with plugins of its own. */
#include "testhost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* ------------------------------------- a bell: rings when a print is done */

struct bell_conf {
    const char *url;
    int64_t pause;
    bool loud;
};

static const struct spd_key bell_keys[] = {
    SPD_KEY(struct bell_conf, url, .flags = SPD_KEY_REQUIRED),
    SPD_KEY(struct bell_conf, pause, .flags = SPD_KEY_DURATION,
            .fallback = "30s"),
    SPD_KEY(struct bell_conf, loud, .fallback = "true"),
};

static void bell_rang(spd_plugin *self, void *arg, int status, spd_str body,
                      const struct spd_error *err)
{
    (void)arg, (void)body, (void)err;
    spd_log(self, SPD_INFO, "the bell said %d", status);
}

static void bell_ring(spd_plugin *self, void *arg)
{
    const struct bell_conf *conf = self->conf;
    (void)arg;
    (void)self->host->client->fetch(self,
                                    &(struct spd_fetch){
                                        .method = "POST",
                                        .url = conf->url,
                                        .body = { "ding", 4 },
                                        .done = bell_rang,
                                    },
                                    sizeof(struct spd_fetch));
}

static void bell_event(spd_plugin *self, int64_t seq, const char *topic,
                       const spd_json *payload)
{
    const struct bell_conf *conf = self->conf;
    (void)topic, (void)payload;
    self->host->loop->timer_set(self->state, conf->pause, 0);
    self->host->bus->done(self, "bell", seq);
}

static void bell_count(spd_plugin *self, spd_call *call, const spd_json *args)
{
    const struct spd_json_api *json = self->host->json;
    spd_jsonw *w = json->writer();
    json->begin(w, NULL, SPD_JSON_OBJECT);
    json->put_int(w, "twice", 2 * json->as_int(json->member(args, "n"), 0));
    json->end(w);
    self->host->ops->reply(call, w);
    json->writer_free(w);
}

static spd_err bell_start(spd_plugin *self, struct spd_error *err)
{
    static const struct spd_op ops[] = {
        { .name = "bell.count", .doc = "Twice n.", .run = bell_count },
    };
    static const struct spd_subscription topics[] = {
        { "print.*", "bell", bell_event },
    };
    const struct bell_conf *conf = self->conf;
    if (conf->url == NULL) {
        *err = (struct spd_error){ SPD_EINVAL, "url is missing" };
        return SPD_EINVAL;
    }
    self->state = self->host->loop->timer_new(self, bell_ring, NULL);
    spd_err rc = spd_ops(self, ops, SPD_COUNT(ops));
    return rc != SPD_OK ? rc : spd_subscribe(self, topics, SPD_COUNT(topics));
}

static void bell_stop(spd_plugin *self)
{
    (void)self;
}

static const struct spd_plugin_desc bell = {
    .size = sizeof(bell),
    .abi_major = SPD_ABI_MAJOR,
    .name = "bell",
    .keys = bell_keys,
    .key_count = SPD_COUNT(bell_keys),
    .key_size = sizeof(bell_keys[0]),
    .conf_size = sizeof(struct bell_conf),
    .start = bell_start,
    .stop = bell_stop,
};

static void an_event_reaches_the_bell_and_the_bell_the_network(void **state)
{
    (void)state;
    struct testhost *host = testhost_new(&bell, "url", "http://bell/", NULL);
    assert_int_equal(testhost_deliver(host, "print.finished", "{'id': 7}"), 1);
    assert_int_equal(testhost_deliver(host, "order.paid", "{}"), 0);

    testhost_advance_ms(host, 29999);
    assert_int_equal(testhost_fetches(host), 0);
    testhost_advance_ms(host, 1);
    assert_string_equal(testhost_fetch(host, 0)->url, "http://bell/");
    assert_string_equal(testhost_fetch(host, 0)->body, "ding");

    testhost_answer(host, 0, 204, "");
    assert_string_equal(testhost_log(host), "info: the bell said 204\n");
    assert_int_equal(testhost_cursor(host, "bell"), 1);
    testhost_free(host);
}

static void an_operation_is_called_with_what_it_was_given(void **state)
{
    (void)state;
    struct testhost *host =
        testhost_new(&bell, "url", "x", "pause", "2m", "loud", "false", NULL);
    const struct bell_conf *conf = testhost_plugin(host)->conf;
    assert_int_equal(conf->pause, 120000);
    assert_false(conf->loud);
    assert_string_equal(testhost_call(host, "bell.count", "{'n': 21}"),
                        "{\"twice\":42}");
    testhost_free(host);
}

static void a_plugin_that_cannot_start_says_why(void **state)
{
    (void)state;
    struct spd_error err = { 0 };
    assert_int_equal(testhost_try(&bell, &err, NULL), SPD_EINVAL);
    assert_string_equal(err.text, "url is missing");
}

static void the_network_can_be_made_to_fail(void **state)
{
    (void)state;
    struct testhost *host = testhost_new(&bell, "url", "x", NULL);
    testhost_fail(host, "fetch", 1);
    (void)testhost_deliver(host, "print.failed", "{}");
    testhost_advance_ms(host, 30000);
    assert_int_equal(testhost_fetches(host), 0);
    testhost_free(host);
}

/* ------------------------------------ a shelf: keeps things in the store */

static spd_err shelf_put(spd_txn *txn, void *arg)
{
    spd_plugin *self = arg;
    const struct spd_store_api *store = self->host->store;
    spd_err rc = store->put(txn, (spd_str){ "b", 1 }, (spd_str){ "two", 3 });
    if (rc == SPD_OK)
        rc = store->put(txn, (spd_str){ "a", 1 }, (spd_str){ "one", 3 });
    return rc;
}

static bool first_only(spd_str key, spd_str value, void *arg)
{
    (void)value;
    *(char *)arg = key.ptr[0];
    return false;
}

static spd_err shelf_scan(spd_txn *txn, void *arg)
{
    char first = 0;
    spd_plugin *self = arg;
    (void)self->host->store->scan(txn, (spd_str){ "", 0 }, first_only, &first);
    return first == 'a' ? SPD_OK : SPD_ENOTFOUND;
}

static spd_err quiet_start(spd_plugin *self, struct spd_error *err)
{
    (void)self, (void)err;
    return SPD_OK;
}

static const struct spd_plugin_desc shelf = {
    .size = sizeof(shelf),
    .abi_major = SPD_ABI_MAJOR,
    .name = "shelf",
    .start = quiet_start,
    .stop = bell_stop,
};

static void a_transaction_that_fails_leaves_nothing(void **state)
{
    (void)state;
    struct spd_error err = { 0 };
    struct testhost *host = testhost_new(&shelf, NULL);
    spd_plugin *self = testhost_plugin(host);
    testhost_fail(host, "put", 2);
    assert_int_equal(self->host->store->write(self, shelf_put, self, &err),
                     SPD_EIO);
    assert_null(testhost_stored(host, "b"));

    assert_int_equal(self->host->store->write(self, shelf_put, self, &err),
                     SPD_OK);
    assert_string_equal(testhost_stored(host, "b"), "two");
    assert_int_equal(self->host->store->read(self, shelf_scan, self, &err),
                     SPD_OK);
    testhost_free(host);
}

static spd_err work_run(void *arg, struct spd_error *err)
{
    (void)err;
    strcat(arg, "r");
    return SPD_OK;
}

static void work_done(spd_plugin *self, void *arg,
                      const struct spd_error *outcome)
{
    (void)self;
    strcat(arg, outcome->code == SPD_OK ? "d" : "c");
}

static void say_a(spd_plugin *self, void *arg)
{
    (void)self;
    strcat(arg, "a");
}

static void say_b(spd_plugin *self, void *arg)
{
    (void)self;
    strcat(arg, "b");
}

static void posted_calls_run_in_order_and_work_is_done_once(void **state)
{
    (void)state;
    char said[16] = "";
    struct testhost *host = testhost_new(&shelf, NULL);
    spd_plugin *self = testhost_plugin(host);
    struct spd_work work = { work_run, work_done, said };
    assert_int_equal(self->host->loop->post(self, say_a, said), SPD_OK);
    assert_int_equal(self->host->loop->post(self, say_b, said), SPD_OK);
    assert_int_equal(spd_submit(self, &work), SPD_OK);
    assert_string_equal(said, "");
    testhost_run(host);
    assert_string_equal(said, "abrd");
    assert_int_equal(spd_submit(self, &work), SPD_OK);
    testhost_free(host); /* canceled, and told so */
    assert_string_equal(said, "abrdc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_reaches_the_bell_and_the_bell_the_network),
        cmocka_unit_test(an_operation_is_called_with_what_it_was_given),
        cmocka_unit_test(a_plugin_that_cannot_start_says_why),
        cmocka_unit_test(the_network_can_be_made_to_fail),
        cmocka_unit_test(a_transaction_that_fails_leaves_nothing),
        cmocka_unit_test(posted_calls_run_in_order_and_work_is_done_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
