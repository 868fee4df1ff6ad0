/* Plain JSON for programs, signed as Standard Webhooks has it. */
#include <stdio.h>

#include "form.h"
#include "sign.h"

static const struct spd_field settings[] = {
    { "url", "where to post it", SPD_T_STR, SPD_FIELD_REQUIRED, "<=2000" },
    { "secret",
      "to sign with, as webhook.secret makes one; two with a space between "
      "while it is changed; without one nothing is signed",
      SPD_T_STR, SPD_FIELD_SECRET, "<=400" },
    { "authorization", "an Authorization header, if the receiver wants one",
      SPD_T_STR, SPD_FIELD_SECRET, "<=1000" },
    { 0 },
};

static spd_err check(const spd_plugin *self, const spd_json *channel,
                     struct spd_error *err)
{
    spd_str header = member_str(self, channel, "authorization");
    spd_err rc = check_url(self, channel, "url", err);
    if (rc == SPD_OK)
        rc = secrets_check(member_str(self, channel, "secret"), err);
    for (size_t i = 0; rc == SPD_OK && i < header.len; i++)
        if ((unsigned char)header.ptr[i] < ' ') {
            rc = err->code = SPD_EINVAL;
            snprintf(err->text, sizeof(err->text),
                     "authorization: must be one line");
        }
    return rc;
}

/* How much is left out, so that it stays below the size receivers take. */
enum fullness { ALL, SHORT_ITEMS, FEW_ITEMS };
enum { BODY_MAX = 20000, ITEMS_FEW = 40 };

static void put(const spd_plugin *self, spd_jsonw *w, const spd_json *notice,
                const char *name)
{
    const spd_json *value = member(self, notice, name);
    if (!is_absent(self, value))
        self->host->json->put_json(w, name, value);
}

static void put_items(const spd_plugin *self, spd_jsonw *w,
                      const spd_json *notice, enum fullness fullness)
{
    const struct spd_json_api *json = self->host->json;
    const spd_json *items = member(self, notice, "items");
    size_t count = json->count(items);
    if (fullness == FEW_ITEMS && count > ITEMS_FEW)
        count = ITEMS_FEW;
    if (is_absent(self, items))
        return;
    json->begin(w, "items", SPD_JSON_ARRAY);
    for (size_t i = 0; i < count; i++) {
        const spd_json *item = json->item(items, i);
        json->begin(w, NULL, SPD_JSON_OBJECT);
        put(self, w, item, "topic");
        put(self, w, item, "at");
        put(self, w, item, "severity");
        put(self, w, item, "title");
        put(self, w, item, "link");
        json->end(w);
    }
    json->end(w);
}

static void write_data(const spd_plugin *self, spd_jsonw *w,
                       const spd_json *notice, enum fullness fullness)
{
    static const char *const names[] = { "severity",     "title", "text",
                                         "facts",        "link",  "thread",
                                         "progress_pct", "event" };
    for (size_t i = 0; i < SPD_COUNT(names); i++)
        put(self, w, notice, names[i]);
    if (fullness == ALL)
        put(self, w, notice, "items");
    else
        put_items(self, w, notice, fullness);
}

static void write_body(const spd_plugin *self, spd_jsonw *w,
                       const spd_json *notice, const void *arg)
{
    const struct spd_json_api *json = self->host->json;
    json->put_str(w, "type", member_str(self, notice, "topic"));
    json->put_str(w, "timestamp", member_str(self, notice, "at"));
    json->begin(w, "data", SPD_JSON_OBJECT);
    write_data(self, w, notice, *(const enum fullness *)arg);
    json->end(w);
}

static void write_headers(const spd_plugin *self, const spd_json *notice,
                          int64_t now_s, struct request *request)
{
    const spd_json *channel = member(self, notice, "channel");
    spd_str secret = member_str(self, channel, "secret");
    spd_str authorization = member_str(self, channel, "authorization");
    spd_str id = member_str(self, notice, "id");
    struct text number = { 0 }, signature = { 0 };
    text_printf(&number, "%lld", (long long)now_s);
    request_header(request, "webhook-id", id);
    request_header(request, "webhook-timestamp", text_str(&number));
    if (secret.len > 0) {
        sign(secret, id, now_s, text_str(&request->body), &signature);
        request_header(request, "webhook-signature", text_str(&signature));
    }
    if (authorization.len > 0)
        request_header(request, "Authorization", authorization);
    text_free(&number);
    text_free(&signature);
}

static void write(const spd_plugin *self, const spd_json *notice, int64_t now_s,
                  const spd_str *picture, struct request *request)
{
    (void)picture;
    const spd_json *channel = member(self, notice, "channel");
    text_put(&request->url, member_str(self, channel, "url"));
    if (!write_custom(self, notice, &request->body))
        for (enum fullness f = ALL; f <= FEW_ITEMS; f++) {
            text_free(&request->body);
            write_json(self, &request->body, write_body, notice, &f);
            if (request->body.len < BODY_MAX)
                break;
        }
    write_headers(self, notice, now_s, request);
}

/* A receiver that says no today may be repaired tomorrow; only 410 is for
 * good. */
static void read(const spd_plugin *self, const struct answer *answer,
                 struct meaning *meaning)
{
    (void)self;
    if (answer->status == 410) {
        snprintf(meaning->why, sizeof(meaning->why),
                 "the receiver says that this address is gone for good");
        return;
    }
    if (meaning->code == SPD_EINVAL || meaning->code == SPD_EAUTH)
        meaning->code = SPD_EIO;
}

const struct form form_generic = {
    .row = { .kind = "webhook",
             .doc = "JSON for programs, signed (Standard Webhooks)",
             .settings = settings,
             .flags = SPD_NOTIFIER_CUSTOM },
    .check = check,
    .write = write,
    .read = read,
};
