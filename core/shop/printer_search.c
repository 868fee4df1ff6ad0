#include "shop/printer_search.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "shop/driver.h"
#include "shop/printer.h"
#include "shop/printer_settings.h"

/* -- asking a driver -- */

enum { LATE_MS = 60 * 1000, FOUND_MAX = 1000 };

struct search {
    struct call *call;
    struct buf found; /* JSON objects, with commas between them */
    size_t count;
    unsigned open; /* drivers that have not answered; one more while asking */
};

/* -- discovery -- */

struct discover_param {
    int64_t seconds;
};
static const struct field discover_rows[] = {
    FIELD(discover_param, seconds, FIELD_INT, "how long to look for them",
          .fallback = "6", .min = 1, .max = 30),
};
static const struct fields discover_fields =
    TABLE("discover", discover_param, discover_rows);

struct identity {
    spd_str kind, text;
    int64_t printer_id; /* 0: nobody of the shop */
};

static bool has_value(spd_str settings, spd_str text)
{
    spd_json *json = json_parse(settings, NULL);
    bool found = false;
    for (const spd_json *m = json_first(json); m != NULL; m = json_next(m))
        found |= str_equal(json_as_str(m, STR("")), text);
    json_free(json);
    return found;
}

static bool is_same(void *arg, const void *record)
{
    struct identity *identity = arg;
    const struct printer *printer = record;
    if (str_equal(printer->kind, identity->kind) &&
        has_value(printer->settings, identity->text))
        identity->printer_id = printer->id;
    return identity->printer_id == 0;
}

/* The printer of the shop that this one is. */
static int64_t known_as(struct shop *shop, spd_str kind, spd_str text)
{
    struct identity identity = { kind, text, 0 };
    if (text.len == 0)
        return 0;
    spd_txn *txn = store_read(shop->store);
    record_each(txn, &printer_kind, &(struct span){ 0 }, is_same, &identity);
    store_read_end(txn);
    return identity.printer_id;
}

static void put_found(struct search *search, const char *kind,
                      const spd_json *one)
{
    static const char *const members[] = { "model", "name", "identity",
                                           "detail", "settings" };
    int64_t id = known_as(search->call->self, str_of(kind),
                          json_as_str(json_member(one, "identity"), STR("")));
    spd_jsonw w;
    buf_put(&search->found, search->count++ > 0 ? STR(",") : STR(""));
    jsonw_init(&w, &search->found);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(&w, "kind", str_of(kind));
    for (size_t i = 0; i < SPD_COUNT(members); i++)
        if (json_member(one, members[i]) != NULL)
            jsonw_put_json(&w, members[i], json_member(one, members[i]));
    if (id != 0)
        jsonw_put_int(&w, "printer_id", id);
    else
        jsonw_put_null(&w, "printer_id");
    jsonw_end(&w);
}

static void settle(struct search *search)
{
    if (--search->open > 0)
        return;
    struct buf *reply = call_reply_buf(search->call);
    buf_put(reply, STR("["));
    buf_put(reply, buf_str(&search->found));
    buf_put(reply, STR("]"));
    call_end(search->call);
    buf_fini(&search->found);
    free(search);
}

struct inquiry {
    struct search *search;
    char kind[32]; /* of the driver, which may be gone by then */
};

/* A driver that found nothing because it could not look is no reason to keep
 * what others found. */
static void on_found(void *arg, spd_str result, const struct spd_error *err)
{
    struct inquiry *inquiry = arg;
    spd_json *list = err == NULL ? json_parse(result, NULL) : NULL;
    for (const spd_json *one = json_first(list); one != NULL;
         one = json_next(one))
        if (inquiry->search->count < FOUND_MAX)
            put_found(inquiry->search, inquiry->kind, one);
    json_free(list);
    settle(inquiry->search);
    free(inquiry);
}

static void ask_driver(struct search *search, const struct driver *driver,
                       const spd_json *how)
{
    struct shop *shop = search->call->self;
    if (driver->row->discover == NULL)
        return;
    struct inquiry *inquiry = mem_new(sizeof(*inquiry));
    inquiry->search = search;
    snprintf(inquiry->kind, sizeof(inquiry->kind), "%s", driver->row->kind);
    search->open++;
    spd_ticket *ticket =
        ticket_new(shop->tickets, driver->who, LATE_MS, on_found, inquiry);
    const char *before = loop_enter(shop->loop, driver->who);
    driver->row->discover(driver->self, how, ticket);
    loop_leave(shop->loop, before);
}

static spd_err discover(struct call *call, spd_txn *txn)
{
    (void)txn;
    struct shop *shop = call->self;
    const struct discover_param *param = call->params;
    struct search *search = mem_new(sizeof(*search));
    search->call = call;
    search->open = 1;
    spd_json *how = json_parse(arena_printf(&call->arena, "{\"seconds\":%lld}",
                                            (long long)param->seconds),
                               NULL);
    const struct driver *driver = NULL;
    while ((driver = driver_next(shop->drivers, driver)) != NULL)
        ask_driver(search, driver, how);
    json_free(how);
    settle(search);
    return SPD_OK;
}

/* -- would it work? -- */

struct check_body {
    spd_str kind, model;
};
static const struct field check_rows[] = {
    FIELD(check_body, kind, FIELD_TEXT, "of which kind it is",
          .flags = FIELD_REQUIRED, .min = 1, .example = "\"bambu\""),
    FIELD(check_body, model, FIELD_TEXT, "its model; need not be known",
          .flags = FIELD_NULL),
};
static const struct fields check_fields =
    TABLE("check", check_body, check_rows);

static void on_checked(void *arg, spd_str result, const struct spd_error *err)
{
    struct call *call = arg;
    if (err != NULL)
        call_fail(call, err);
    else
        buf_put(call_reply_buf(call), result);
    call_end(call);
}

static spd_err need_checker(struct call *call, spd_str kind,
                            const struct driver **driver)
{
    struct shop *shop = call->self;
    *driver = driver_find(shop->drivers, kind);
    if (*driver != NULL && (*driver)->row->check != NULL)
        return SPD_OK;
    faults_add(call_faults(call), "kind",
               *driver != NULL ? "has a driver that cannot check this"
                               : "names no loaded driver");
    return call_refuse_faults(call);
}

static void ask_checker(struct call *call, const struct driver *driver,
                        const spd_json *settings)
{
    struct shop *shop = call->self;
    spd_ticket *ticket =
        ticket_new(shop->tickets, driver->who, LATE_MS, on_checked, call);
    const char *before = loop_enter(shop->loop, driver->who);
    driver->row->check(driver->self, settings, ticket);
    loop_leave(shop->loop, before);
}

static spd_err check_printer(struct call *call, spd_txn *txn)
{
    (void)txn;
    struct shop *shop = call->self;
    struct check_body body;
    struct fields_input input = { .object = call->body_json,
                                  .mode = FIELDS_CREATE };
    const struct driver *driver = NULL;
    fields_init(&check_fields, &body);
    if (!fields_decode(&check_fields, &body, &input, &call->arena,
                       call_faults(call)))
        return call_refuse_faults(call);
    spd_err rc = need_checker(call, body.kind, &driver);
    struct printer printer = { .kind = body.kind,
                               .model = body.model,
                               .created_at = shop_now_ms(shop) };
    if (rc == SPD_OK)
        rc = settings_take(call, driver, FIELDS_CREATE, &printer);
    if (rc != SPD_OK)
        return rc;
    struct buf text = { 0 };
    struct spd_error err = { 0 };
    rc = printer_settings(shop, &printer, &text, &err);
    if (rc == SPD_OK) {
        spd_json *settings = json_parse(buf_str(&text), NULL);
        ask_checker(call, driver, settings);
        json_free(settings);
    }
    buf_fini(&text);
    return rc == SPD_OK ? SPD_OK : call_fail(call, &err);
}

static const struct op search_ops[] = {
    { .name = "printers.discover",
      .route = "POST /api/printers/discover",
      .doc =
          "Look for printers in the network; printer_id says which are known",
      .role = SPD_MANAGER,
      .flags = OP_LATER,
      .params = &discover_fields,
      .run = discover },
    { .name = "printers.check",
      .route = "POST /api/printers/check",
      .doc = "Would a printer with these settings work? Says what does not",
      .role = SPD_MANAGER,
      .flags = OP_LATER | OP_OPEN,
      .body = &check_fields,
      .run = check_printer },
};

spd_err printer_search_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, search_ops, SPD_COUNT(search_ops), shop, err);
}
