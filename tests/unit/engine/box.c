#include "box.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "shop/notifier.h"
#include "shop/template.h"

struct box box;

static void on_send(spd_plugin *self, const spd_json *notice,
                    spd_ticket *ticket)
{
    (void)self;
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_put_json(&w, NULL, notice);
    assert_true(box.count < NOTICES_MAX);
    box.notices[box.count++] = json_parse(buf_str(&text), NULL);
    buf_fini(&text);
    assert_null(box.waiting); /* one at a time, as the tests are */
    if (box.answers_itself)
        ticket_finish(the.shop.tickets, ticket, STR(""), NULL);
    else
        box.waiting = ticket;
}

static spd_err on_check(spd_plugin *self, const spd_json *channel,
                        struct spd_error *err)
{
    (void)self;
    spd_str roof = json_as_str(json_member(channel, "roof"), STR(""));
    return str_is(roof, "the moon")
               ? error_set(err, SPD_EINVAL, "roof: no pigeon flies there")
               : SPD_OK;
}

static spd_err on_preview(spd_plugin *self, const spd_json *notice,
                          spd_jsonw *out, struct spd_error *err)
{
    (void)self;
    (void)err;
    jsonw_put_json(out, "body", json_member(notice, "custom"));
    return SPD_OK;
}

static const struct spd_field settings[] = {
    { "roof", "where it lands", SPD_T_STR, SPD_FIELD_REQUIRED, "<=80" },
    { "call", "what it listens to", SPD_T_STR, SPD_FIELD_SECRET, "<=80" },
    { 0 },
};
static const struct spd_field webhook_settings[] = {
    { "url", "where to", SPD_T_STR, SPD_FIELD_REQUIRED, "<=2000" },
    { 0 },
};
static const struct spd_notifier pigeon = {
    .kind = "pigeon",
    .send = on_send,
    .doc = "by air",
    .settings = settings,
    .check = on_check,
    .preview = on_preview,
    .flags = SPD_NOTIFIER_CUSTOM,
};
static const struct spd_notifier webhook = {
    .kind = "webhook",
    .send = on_send,
    .doc = "by wire",
    .settings = webhook_settings,
};
static const struct spd_notifier email = {
    .kind = "email",
    .send = on_send,
    .doc = "by letter",
};

/* -- life -- */

static void up(void)
{
    struct spd_error err = { 0 };
    struct notifiers *notifiers = the.shop.notifiers;
    box.outbox = outbox_new(
        &the.shop, &(struct outbox_options){ .url = "http://shop.example" });
    notifiers_add(notifiers, NULL, "pigeons", &pigeon, &err);
    notifiers_add(notifiers, NULL, "wires", &webhook, &err);
    notifiers_add(notifiers, NULL, "letters", &email, &err);
    if (outbox_add_ops(box.outbox, &err) != SPD_OK)
        fail_msg("%s", err.text);
    outbox_start(box.outbox, "");
    settle();
}

static void down(void)
{
    outbox_stop(box.outbox);
    tickets_end(the.shop.tickets);
    store_flush(the.shop.store);
    outbox_free(box.outbox);
    box.waiting = NULL;
}

int box_set_up(void **state)
{
    box = (struct box){ 0 };
    int rc = stage_set_up(state);
    if (rc == 0)
        up();
    return rc;
}

int box_tear_down(void **state)
{
    down();
    for (size_t i = 0; i < box.count; i++)
        json_free(box.notices[i]);
    return stage_tear_down(state);
}

void box_restart(void)
{
    down();
    restart();
    up();
}

void box_crash(void)
{
    take_picture();
    down();
    crash_to_picture();
    up();
}

/* -- asking and answering -- */

int64_t add_channel(const char *name, const char *more)
{
    return make("channels.create",
                "{\"name\":\"%s\",\"kind\":\"pigeon\",\"roof\":\"barn\"%s%s}",
                name, more[0] == '\0' ? "" : ",", more);
}

void answer(spd_err code, const char *beside)
{
    struct spd_error err;
    spd_ticket *ticket = box.waiting;
    assert_non_null(ticket);
    box.waiting = NULL;
    error_set(&err, code, "the pigeon says %d", (int)code);
    ticket_finish(the.shop.tickets, ticket, str_of(beside),
                  code == SPD_OK ? NULL : &err);
    settle();
}

const char *said(size_t i, const char *path)
{
    static struct buf texts[4];
    static unsigned next;
    struct buf *text = &texts[next++ % 4];
    assert_true(i < box.count);
    const spd_json *value = template_find(box.notices[i], str_of(path));
    buf_clear(text);
    if (json_type(value) == SPD_JSON_STR) {
        buf_put(text, json_as_str(value, STR("")));
    } else if (value != NULL) {
        spd_jsonw w;
        jsonw_init(&w, text);
        jsonw_put_json(&w, NULL, value);
    }
    buf_put_char(text, '\0');
    return text->ptr;
}

const char *last_said(const char *path)
{
    return said(box.count - 1, path);
}

void assert_sent(size_t count)
{
    if (box.count != count)
        fail_msg("%zu notices are wanted; there are %zu, the last is \"%s\"",
                 count, box.count, box.count == 0 ? "" : last_said("title"));
}

const char *delivery(int64_t id)
{
    static char text[80];
    call("deliveries.get", "{\"id\":%lld}", (long long)id);
    assert_int_equal(the.status, 200);
    spd_json *reply = json_parse(buf_str(&the.reply), NULL);
    snprintf(text, sizeof(text), "%.*s %d",
             STR_ARG(json_as_str(json_member(reply, "state"), STR("?"))),
             (int)json_as_int(json_member(reply, "tries"), -1));
    json_free(reply);
    return text;
}
