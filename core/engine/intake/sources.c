#include "engine/intake/sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/moment.h"
#include "shop/order.h"

enum { TOLD_AFTER = 3 }; /* failures in a row */

static const spd_str cursor_space = STR_INIT("order_source");

/* An order that waits for the end of its poll. */
struct held {
    struct held *next;
    spd_str text;
};

struct source {
    struct source *next;
    struct sources *home;
    spd_plugin *self;
    const char *who;
    const struct spd_order_source *row;
    struct timer *timer;
    spd_ticket *ticket; /* NULL: it is not being asked */
    bool is_writing;
    bool again; /* ask once more as soon as this is over */

    /* what the poll under way has found */
    struct arena arena;
    struct held *first, **last;
    size_t count, bytes;
    spd_str cursor;
    struct spd_error err; /* how it ended; SPD_OK: well */

    /* how it went before */
    unsigned failures; /* in a row */
    int64_t polled_at, succeeded_at;
    int64_t received, changed; /* orders, since the start */
    bool is_told;              /* of its trouble, since it last succeeded */
    char trouble[sizeof(((struct spd_error *)0)->text)]; /* "": none */
};

struct sources {
    struct shop *shop;
    struct source *first;
    bool started;
};

/* -- writing down -- */

static spd_err take_one(spd_txn *txn, struct source *source,
                        const struct held *held, struct spd_error *err)
{
    struct arena arena = { 0 };
    struct order said;
    enum order_news news = ORDER_SAME;
    char who[64];
    snprintf(who, sizeof(who), "plugin/%s", source->who);
    spd_json *json = json_parse(held->text, err);
    spd_err rc = json == NULL ? err->code
                              : order_read(str_of(source->row->kind), json,
                                           &said, &arena, err);
    if (rc == SPD_OK)
        rc = order_take(txn, source->home->shop, &said, str_of(who), &news,
                        &arena, err);
    source->received += news == ORDER_NEW;
    source->changed += news == ORDER_CHANGED;
    json_free(json);
    arena_fini(&arena);
    return rc;
}

/* One that may be over by the next time is no news yet. */
static bool is_news(const struct source *source)
{
    return source->err.code != SPD_OK && !source->is_told &&
           (source->err.code == SPD_EAUTH ||
            source->failures + 1 >= TOLD_AFTER);
}

static spd_err tell(spd_txn *txn, const struct source *source,
                    struct spd_error *err)
{
    struct change change = { "source.failed", STR("spoold") };
    struct buf data = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &data);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(&w, "source", str_of(source->row->kind));
    jsonw_put_str(&w, "error", str_of(source->err.text));
    jsonw_end(&w);
    spd_err rc = journal_append(txn, &change, buf_str(&data), NULL, err);
    buf_fini(&data);
    return rc;
}

static spd_err run_write(spd_txn *txn, void *arg, struct spd_error *err)
{
    struct source *source = arg;
    int64_t received = source->received, changed = source->changed;
    spd_err rc = SPD_OK;
    for (const struct held *h = source->first; h != NULL && rc == SPD_OK;
         h = h->next)
        rc = take_one(txn, source, h, err);
    if (rc == SPD_OK && source->cursor.len > 0)
        rc = store_put(txn, cursor_space, str_of(source->row->kind),
                       source->cursor, err);
    if (rc == SPD_OK && is_news(source))
        rc = tell(txn, source, err);
    if (rc != SPD_OK) {
        source->received = received;
        source->changed = changed;
    }
    return rc;
}

static void forget_found(struct source *source)
{
    arena_fini(&source->arena);
    source->arena = (struct arena){ 0 };
    source->first = NULL;
    source->last = &source->first;
    source->count = source->bytes = 0;
    source->cursor = (spd_str){ NULL, 0 };
}

/* -- the next one -- */

static int64_t pause_ms(const struct source *source)
{
    int64_t pause = source->row->every_ms;
    for (unsigned i = 1; i < source->failures; i++)
        if (pause < SOURCES_PAUSE_MAX_MS)
            pause = pause < SOURCES_PAUSE_MAX_MS / 2 ? pause * 2
                                                     : SOURCES_PAUSE_MAX_MS;
    return pause;
}

static void plan_next(struct source *source)
{
    bool at_once = source->again;
    source->again = false;
    if (source->home->started)
        timer_set(source->timer, at_once ? 0 : pause_ms(source), 0);
}

static void note_end(struct source *source, const struct spd_error *err)
{
    bool failed = err->code != SPD_OK;
    if (failed && !str_is(str_of(source->trouble), err->text))
        log_warn(source->who, "orders could not be fetched: %s", err->text);
    snprintf(source->trouble, sizeof(source->trouble), "%s",
             failed ? err->text : "");
    source->is_told = failed && (source->is_told || is_news(source));
    source->failures = failed ? source->failures + 1 : 0;
    if (!failed)
        source->succeeded_at = shop_now_ms(source->home->shop);
}

static void written(void *arg, const struct spd_error *err)
{
    struct source *source = arg;
    source->is_writing = false;
    note_end(source, err != NULL ? err : &source->err);
    forget_found(source);
    plan_next(source);
}

static void keep_cursor(struct source *source, spd_str cursor)
{
    if (source->err.code != SPD_OK)
        return;
    if (cursor.len > SOURCES_CURSOR_BYTES)
        error_set(&source->err, SPD_EINVAL,
                  "bug in the plugin: its cursor has %zu bytes; at most %d fit",
                  cursor.len, SOURCES_CURSOR_BYTES);
    else
        source->cursor = arena_str(&source->arena, cursor);
}

static void on_finish(void *arg, spd_str cursor, const struct spd_error *err)
{
    struct source *source = arg;
    source->ticket = NULL;
    source->err = err != NULL ? *err : (struct spd_error){ 0 };
    keep_cursor(source, cursor);
    source->is_writing = true;
    store_write(source->home->shop->store,
                &(struct store_write){ run_write, written, source });
}

/* -- asking -- */

static void poll(void *arg)
{
    struct source *source = arg;
    struct shop *shop = source->home->shop;
    spd_str cursor = { NULL, 0 };
    spd_txn *txn = store_read(shop->store);
    if (store_get(txn, cursor_space, str_of(source->row->kind), &cursor) !=
        SPD_OK)
        cursor = STR("");
    cursor = arena_str(&source->arena, cursor);
    store_read_end(txn);
    source->polled_at = shop_now_ms(shop);
    source->ticket = ticket_new(shop->tickets, source->who, SOURCES_LATE_MS,
                                on_finish, source);
    const char *before = loop_enter(shop->loop, source->who);
    source->row->poll(source->self, cursor, source->ticket);
    loop_leave(shop->loop, before);
}

static bool is_asked(const struct source *source)
{
    return source->ticket != NULL || source->is_writing;
}

static void ring(struct source *source)
{
    source->again = is_asked(source);
    if (!source->again)
        timer_set(source->timer, 0, 0);
}

spd_err sources_put(struct sources *sources, const spd_ticket *ticket,
                    const spd_json *order)
{
    struct source *source = sources->first;
    while (source != NULL && (source->ticket != ticket || ticket == NULL))
        source = source->next;
    if (source == NULL)
        return SPD_ECANCELED;
    if (json_as_str(json_member(order, "source_id"), STR("")).len == 0)
        return SPD_EINVAL;
    if (source->count >= SOURCES_HELD_MAX ||
        source->bytes >= SOURCES_HELD_BYTES) {
        source->again = true;
        return SPD_EBUSY;
    }
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_put_json(&w, NULL, order);
    struct held *held = arena_new(&source->arena, sizeof(*held));
    held->text = arena_str(&source->arena, buf_str(&text));
    *source->last = held;
    source->last = &held->next;
    source->count++;
    source->bytes += text.len;
    buf_fini(&text);
    return SPD_OK;
}

/* -- life -- */

struct sources *sources_new(struct shop *shop)
{
    struct sources *sources = mem_new(sizeof(*sources));
    sources->shop = shop;
    return sources;
}

static struct source *find(const struct sources *sources, spd_str kind)
{
    struct source *source = sources->first;
    while (source != NULL && !str_is(kind, source->row->kind))
        source = source->next;
    return source;
}

spd_err sources_add(struct sources *sources, spd_plugin *self, const char *who,
                    const struct spd_order_source *row, struct spd_error *err)
{
    const struct source *taken = find(sources, str_of(row->kind));
    if (taken != NULL || str_is(str_of(row->kind), ORDER_BY_HAND) ||
        str_is(str_of(row->kind), "csv"))
        return error_set(err, SPD_EEXIST,
                         "orders of \"%s\" are brought by %s already",
                         row->kind, taken != NULL ? taken->who : "people");
    struct source *source = mem_new(sizeof(*source));
    *source = (struct source){
        .next = sources->first,
        .home = sources,
        .self = self,
        .who = who,
        .row = row,
        .timer = timer_new(sources->shop->loop, poll, source),
    };
    source->last = &source->first;
    sources->first = source;
    if (sources->started)
        timer_set(source->timer, 0, 0);
    return SPD_OK;
}

/* What it has found by now is fetched again by the next poll. */
static void call_off(struct source *source)
{
    if (source->ticket != NULL)
        ticket_forget(source->home->shop->tickets, source->ticket);
    source->ticket = NULL;
    if (source->is_writing)
        store_flush(source->home->shop->store);
    timer_stop(source->timer);
    forget_found(source);
}

static void source_free(struct source *source)
{
    call_off(source);
    timer_free(source->timer);
    free(source);
}

void sources_withdraw(struct sources *sources, const spd_plugin *self)
{
    struct source **at = &sources->first;
    while (*at != NULL) {
        struct source *source = *at;
        if (source->self != self) {
            at = &source->next;
            continue;
        }
        *at = source->next;
        source_free(source);
    }
}

void sources_start(struct sources *sources)
{
    sources->started = true;
    for (struct source *s = sources->first; s != NULL; s = s->next)
        timer_set(s->timer, 0, 0);
}

void sources_stop(struct sources *sources)
{
    sources->started = false;
    for (struct source *s = sources->first; s != NULL; s = s->next)
        call_off(s);
}

void sources_free(struct sources *sources)
{
    if (sources == NULL)
        return;
    while (sources->first != NULL) {
        struct source *source = sources->first;
        sources->first = source->next;
        source_free(source);
    }
    free(sources);
}

/* -- operations -- */

static void write_moment(spd_jsonw *w, const char *name, int64_t at)
{
    char text[MOMENT_BYTES];
    if (at == 0)
        jsonw_put_null(w, name);
    else
        jsonw_put_str(w, name, moment_text(at, text));
}

static void write_source(const struct source *source, spd_jsonw *w)
{
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(w, "source", str_of(source->row->kind));
    jsonw_put_str(w, "plugin", str_of(source->who));
    jsonw_put_bool(w, "is_asked", is_asked(source));
    write_moment(w, "polled_at", source->polled_at);
    write_moment(w, "succeeded_at", source->succeeded_at);
    jsonw_put_int(w, "failures", source->failures);
    if (source->trouble[0] == '\0')
        jsonw_put_null(w, "error");
    else
        jsonw_put_str(w, "error", str_of(source->trouble));
    jsonw_put_int(w, "orders_received", source->received);
    jsonw_put_int(w, "orders_changed", source->changed);
    jsonw_end(w);
}

static void write_sources(const struct sources *sources, spd_jsonw *w)
{
    jsonw_begin(w, NULL, SPD_JSON_ARRAY);
    for (const struct source *s = sources->first; s != NULL; s = s->next)
        write_source(s, w);
    jsonw_end(w);
}

static spd_err list_sources(struct call *call, spd_txn *txn)
{
    (void)txn;
    write_sources(call->self, call_reply(call));
    return SPD_OK;
}

struct which_source {
    spd_str source;
};
static const struct field which_source_rows[] = {
    FIELD(which_source, source, FIELD_TEXT, "only this one",
          .example = "\"etsy\""),
};
static const struct fields which_source_fields =
    TABLE("which_source", which_source, which_source_rows);

static spd_err sync_orders(struct call *call, spd_txn *txn)
{
    (void)txn;
    struct sources *sources = call->self;
    const struct which_source *which = call->params;
    bool all = which->source.len == 0;
    if (!all && find(sources, which->source) == NULL)
        return call_refuse(call, REFUSE_NOT_FOUND,
                           "no loaded plugin brings orders of %.*s",
                           STR_ARG(str_clip(which->source, 60)));
    for (struct source *s = sources->first; s != NULL; s = s->next)
        if (sources->started && (all || str_is(which->source, s->row->kind)))
            ring(s);
    write_sources(sources, call_reply(call));
    call_end(call);
    return SPD_OK;
}

static const struct op source_ops[] = {
    { .name = "orders.sources",
      .route = "GET /api/orders/sources",
      .doc = "Where orders come from, and how the last look there went",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .run = list_sources },
    { .name = "orders.sync",
      .route = "POST /api/orders/sync",
      .doc = "Look for orders now; the reply is as orders.sources, and does "
             "not wait for them",
      .role = SPD_OPERATOR,
      .flags = OP_LATER,
      .params = &which_source_fields,
      .run = sync_orders },
};

spd_err sources_add_ops(struct sources *sources, struct spd_error *err)
{
    return ops_add(sources->shop->ops, source_ops, SPD_COUNT(source_ops),
                   sources, err);
}
