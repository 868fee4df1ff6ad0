#include "house.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "shop/driver.h"
#include "shop/file.h"
#include "shop/fleet.h"
#include "shop/notifier.h"

struct house the;

/* -- a driver that only listens -- */

static spd_err on_open(spd_plugin *self, spd_printer *printer,
                       const spd_json *settings, void **conn,
                       struct spd_error *err)
{
    (void)self;
    (void)err;
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_put_json(&w, NULL, settings);
    snprintf(the.settings, sizeof(the.settings), "%.*s",
             STR_ARG(buf_str(&text)));
    buf_fini(&text);
    the.printer = printer;
    the.opens++;
    *conn = &the;
    return SPD_OK;
}

static void on_close(void *conn)
{
    (void)conn;
    the.printer = NULL;
}

static void on_ask(void *conn, const spd_json *what, spd_ticket *ticket)
{
    (void)conn;
    (void)what;
    ticket_finish(the.shop.tickets, ticket, STR(""), NULL);
}

static const struct spd_model models[] = {
    { "P1S", "C12", "Bambu Lab P1S" },
    { "A1", "N2S", "Bambu Lab A1" },
    { 0 },
};
static const struct spd_field settings[] = {
    { "host", "its address", SPD_T_STR, SPD_FIELD_REQUIRED, "<=80" },
    { "port", "where it listens", SPD_T_INT, 0, "1..65535" },
    { "access_code", "as it shows", SPD_T_STR,
      SPD_FIELD_REQUIRED | SPD_FIELD_SECRET, "<=8" },
    { 0 },
};
static const struct spd_printer_driver driver = {
    .kind = "test",
    .doc = "listens",
    .models = models,
    .settings = settings,
    .open = on_open,
    .close = on_close,
    .upload = on_ask,
    .upload_abort = on_close,
    .start = on_ask,
    .command = on_ask,
};

/* -- building and taking down -- */

static void build(void)
{
    struct shop *shop = &the.shop;
    struct spd_error err = { 0 };
    char folder[80], key[80];
    snprintf(folder, sizeof(folder), "%s/data", the.root);
    snprintf(key, sizeof(key), "%s/key", the.root);
    struct store_options options = {
        .folder = folder,
        .map_bytes = (size_t)1 << 28,
        .kinds = shop_kinds,
        .kind_count = shop_kind_count,
        .min_free_bytes = 1,
    };
    shop->loop = loop_new(&the.clock.clock, &err);
    shop->store = store_open(shop->loop, &options, &err);
    shop->key = crypt_key_open(key, &err);
    shop->tickets = tickets_new(shop->loop);
    shop->ops = ops_new(shop->store);
    shop->drivers = drivers_new();
    shop->notifiers = notifiers_new();
    shop->fleet = fleet_new(shop);
    shop_add_ops(shop, &err);
    drivers_add(shop->drivers, NULL, "listener", &driver, &err);
    fleet_open(shop->fleet);
    if (err.code != SPD_OK)
        fail_msg("%s", err.text);
}

int house_set_up(void **state)
{
    (void)state;
    memset(&the, 0, sizeof(the));
    log_set_level(SPD_ERROR);
    fake_clock_init(&the.clock, 1767225600000);
    snprintf(the.root, sizeof(the.root), "/tmp/spoold-test-XXXXXX");
    if (!crypt_start() || mkdtemp(the.root) == NULL)
        return 1;
    build();
    return 0;
}

static void print_breach(void *arg, const char *sentence)
{
    (void)arg;
    print_error("breach: %s\n", sentence);
}

int house_tear_down(void **state)
{
    struct shop *shop = &the.shop;
    (void)state;
    size_t breaches = store_check(shop->store, print_breach, NULL) +
                      shop_check(shop->store, print_breach, NULL);
    fleet_close(shop->fleet);
    fleet_free(shop->fleet);
    tickets_end(shop->tickets);
    store_flush(shop->store);
    ops_free(shop->ops);
    notifiers_free(shop->notifiers);
    drivers_free(shop->drivers);
    crypt_key_free(shop->key);
    store_close(shop->store);
    loop_free(shop->loop);
    tickets_free(shop->tickets);
    buf_fini(&the.reply);
    buf_fini(&the.news);
    file_remove_folder(the.root);
    return breaches == 0 ? 0 : 1;
}

/* -- calling and saying -- */

void settle(void)
{
    for (int i = 0; i < 5; i++)
        loop_turn(the.shop.loop, 0);
}

static void on_done(void *arg, const struct call_result *result)
{
    (void)arg;
    the.status = result->status;
    buf_clear(&the.reply);
    buf_put(&the.reply, buf_str(result->body));
    buf_put_char(&the.reply, '\0');
    the.reply.len--;
}

static spd_json *parsed(const char *text)
{
    struct spd_error err = { 0 };
    spd_json *json = json_parse(str_of(text), &err);
    if (json == NULL)
        fail_msg("%s", err.text);
    return json;
}

const char *call(const char *op, const char *fmt, ...)
{
    char text[2048];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    struct call_request request = {
        .op = ops_find(the.shop.ops, str_of(op)),
        .actor = { .role = SPD_ADMIN, .person_id = 1, .who = "person/1" },
        .flat = parsed(text),
        .done = on_done,
    };
    the.status = 0;
    ops_call(the.shop.ops, &request);
    settle();
    return the.reply.ptr;
}

void assert_reply(int status, const char *part)
{
    if (the.status != status || strstr(the.reply.ptr, part) == NULL)
        fail_msg("%d \"%s\" is wanted: %d %s", status, part, the.status,
                 the.reply.ptr);
}

void say(const char *text)
{
    spd_json *report = parsed(text);
    fleet_report(the.shop.fleet, the.printer, report);
    json_free(report);
    settle();
}

static bool note_topic(void *arg, const struct event *event)
{
    struct buf *topics = arg;
    if (topics->len > 0)
        buf_put_char(topics, ' ');
    buf_put(topics, event->topic);
    return true;
}

const char *news(void)
{
    buf_clear(&the.news);
    spd_txn *txn = store_read(the.shop.store);
    journal_each(txn, the.read_seq, note_topic, &the.news);
    the.read_seq = journal_last(txn);
    store_read_end(txn);
    buf_put_char(&the.news, '\0');
    the.news.len--;
    return the.news.ptr;
}

/* -- the shop's things -- */

void add_printer(void)
{
    call("printers.create",
         "{\"name\":\"Left\",\"model\":\"p1s\",\"kind\":\"test\","
         "\"host\":\"10.0.0.7\",\"access_code\":\"12345678\"}");
    assert_int_equal(the.status, 201);
    news();
}

static spd_err run_put_file(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct change change = { "file.created", STR("person/1") };
    return record_put(txn, &file_kind, arg, &change, err);
}

int64_t add_file(const char *model)
{
    struct sliced_filament filaments[] = {
        { 1, STR("PLA"), STR("#FF0000"), STR(""), 20 },
        { 3, STR("PETG"), STR("#00FF00"), STR(""), 5 },
    };
    struct sliced_plate plate = {
        .index = 1,
        .estimated_seconds = 3601,
        .grams = 25,
        .filaments = { filaments, 2 },
        .slicer_model_id = str_of(model),
        .printer_model = str_of(model),
        .nozzle_diameter_mm = 0.4,
    };
    struct file file = {
        .name = STR("part.gcode.3mf"),
        .sha256 = str_of(model),
        .size = 1000,
        .plates = { &plate, 1 },
    };
    struct spd_error err = { 0 };
    if (store_write_now(the.shop.store, run_put_file, &file, &err) != SPD_OK)
        fail_msg("%s", err.text);
    settle();
    return file.id;
}
