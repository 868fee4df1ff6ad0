/* Discord: an embed with fields, progress and the plate's picture. */
#include <math.h>
#include <stdio.h>

#include "form.h"

/* Characters; over any of them nothing is shown at all. */
enum {
    TITLE_MAX = 256,
    DESCRIPTION_MAX = 3500, /* 4096, but all together must stay below 6000 */
    FIELDS_MAX = 8,         /* 25 */
    FIELD_NAME_MAX = 60,    /* 256 */
    FIELD_VALUE_MAX = 200,  /* 1024 */
    USERNAME_MAX = 80,
};

static const struct spd_field settings[] = {
    { "url", "the webhook's address, as Discord shows it", SPD_T_STR,
      SPD_FIELD_REQUIRED | SPD_FIELD_SECRET, "<=500" },
    { "thread_id", "the thread to post in", SPD_T_STR, 0, "<=30" },
    { "username", "the name to post under", SPD_T_STR, 0, "<=80" },
    { 0 },
};

static spd_err check(const spd_plugin *self, const spd_json *channel,
                     struct spd_error *err)
{
    spd_str thread = member_str(self, channel, "thread_id");
    for (size_t i = 0; i < thread.len; i++)
        if (thread.ptr[i] < '0' || thread.ptr[i] > '9') {
            err->code = SPD_EINVAL;
            snprintf(err->text, sizeof(err->text),
                     "thread_id: must be a number");
            return SPD_EINVAL;
        }
    return check_url(self, channel, "url", err);
}

static int64_t color_of(spd_str severity)
{
    static const struct {
        const char *severity;
        int64_t color;
    } colors[] = {
        { "success", 0x2e9e5b },
        { "warning", 0xe0a100 },
        { "error", 0xd13438 },
    };
    for (size_t i = 0; i < SPD_COUNT(colors); i++)
        if (text_is(severity, colors[i].severity))
            return colors[i].color;
    return 0x3b78c4;
}

static void put_field(const spd_plugin *self, spd_jsonw *w, spd_str name,
                      spd_str value)
{
    const struct spd_json_api *json = self->host->json;
    json->begin(w, NULL, SPD_JSON_OBJECT);
    json->put_str(w, "name", clip_chars(name, FIELD_NAME_MAX));
    json->put_str(w, "value", clip_chars(value, FIELD_VALUE_MAX));
    json->put_bool(w, "inline", true);
    json->end(w);
}

static void put_progress(const spd_plugin *self, spd_jsonw *w,
                         const spd_json *notice)
{
    enum { STEPS = 10 };
    struct text bar = { 0 };
    double pct =
        self->host->json->as_real(member(self, notice, "progress_pct"), NAN);
    if (isnan(pct))
        return;
    int full = (int)(pct / (100 / STEPS));
    for (int i = 0; i < STEPS; i++)
        text_puts(&bar, i < full ? "\xe2\x96\x93" : "\xe2\x96\x91");
    text_printf(&bar, " %d %%", (int)pct);
    put_field(self, w, text_of("Progress"), text_str(&bar));
    text_free(&bar);
}

static void put_fields(const spd_plugin *self, spd_jsonw *w,
                       const spd_json *notice)
{
    const struct spd_json_api *json = self->host->json;
    const spd_json *facts = member(self, notice, "facts");
    size_t count = json->count(facts);
    json->begin(w, "fields", SPD_JSON_ARRAY);
    for (size_t i = 0; i < count && i < FIELDS_MAX; i++) {
        const spd_json *fact = json->item(facts, i);
        spd_str value = member_str(self, fact, "value");
        if (value.len > 0)
            put_field(self, w, member_str(self, fact, "name"), value);
    }
    put_progress(self, w, notice);
    json->end(w);
}

static void put_embed(const spd_plugin *self, spd_jsonw *w,
                      const spd_json *notice, bool has_picture)
{
    const struct spd_json_api *json = self->host->json;
    spd_str link = member_str(self, notice, "link");
    json->begin(w, NULL, SPD_JSON_OBJECT);
    json->put_str(w, "title",
                  clip_chars(member_str(self, notice, "title"), TITLE_MAX));
    json->put_str(
        w, "description",
        clip_chars(member_str(self, notice, "text"), DESCRIPTION_MAX));
    if (link.len > 0)
        json->put_str(w, "url", link);
    json->put_int(w, "color", color_of(member_str(self, notice, "severity")));
    json->put_str(w, "timestamp", member_str(self, notice, "at"));
    put_fields(self, w, notice);
    if (has_picture) {
        json->begin(w, "image", SPD_JSON_OBJECT);
        json->put_str(w, "url", text_of("attachment://plate.png"));
        json->end(w);
    }
    json->end(w);
}

/* What an order's text says is never a call to everybody. */
static const char no_mentions[] = "{\"parse\":[]}";

static void write_body(const spd_plugin *self, spd_jsonw *w,
                       const spd_json *notice, const void *arg)
{
    const struct spd_json_api *json = self->host->json;
    const spd_json *channel = member(self, notice, "channel");
    spd_str username = member_str(self, channel, "username");
    json->begin(w, "allowed_mentions", SPD_JSON_OBJECT);
    json->begin(w, "parse", SPD_JSON_ARRAY);
    json->end(w);
    json->end(w);
    if (username.len > 0)
        json->put_str(w, "username", clip_chars(username, USERNAME_MAX));
    json->begin(w, "embeds", SPD_JSON_ARRAY);
    put_embed(self, w, notice, *(const bool *)arg);
    json->end(w);
}

static bool write_own(const spd_plugin *self, const spd_json *notice,
                      struct text *out)
{
    struct text custom = { 0 };
    const spd_json *value = member(self, notice, "custom");
    if (!write_custom(self, notice, &custom))
        return false;
    if (self->host->json->type(value) == SPD_JSON_OBJECT &&
        is_absent(self, member(self, value, "allowed_mentions")))
        put_with_member(out, text_str(&custom), "allowed_mentions",
                        no_mentions);
    else
        text_put(out, text_str(&custom));
    text_free(&custom);
    return true;
}

static void write(const spd_plugin *self, const spd_json *notice, int64_t now_s,
                  const spd_str *picture, struct request *request)
{
    (void)now_s;
    const spd_json *channel = member(self, notice, "channel");
    spd_str thread = member_str(self, channel, "thread_id");
    bool has_picture = picture != NULL;
    struct text json = { 0 };
    text_put(&request->url, member_str(self, channel, "url"));
    text_puts(&request->url, "?wait=true");
    if (thread.len > 0)
        text_printf(&request->url, "&thread_id=%.*s", (int)thread.len,
                    thread.ptr);
    if (write_own(self, notice, &json))
        has_picture = false;
    else
        write_json(self, &json, write_body, notice, &has_picture);
    if (has_picture)
        write_parts(request, "payload_json", text_str(&json),
                    "application/json", "files[0]", *picture);
    else
        text_put(&request->body, text_str(&json));
    text_free(&json);
}

static void read(const spd_plugin *self, const struct answer *answer,
                 struct meaning *meaning)
{
    const struct spd_json_api *json = self->host->json;
    spd_str said = member_str(self, answer->json, "message");
    if (answer->status == 429 && meaning->wait_s == 0)
        meaning->wait_s = (int64_t)ceil(
            json->as_real(member(self, answer->json, "retry_after"), 0));
    if (said.len > 0)
        snprintf(meaning->why, sizeof(meaning->why), "%.*s",
                 (int)clip_bytes(said, 150).len, said.ptr);
}

const struct form form_discord = {
    .row = { .kind = "discord",
             .doc = "a Discord channel, by its webhook",
             .settings = settings,
             .flags = SPD_NOTIFIER_CUSTOM | SPD_NOTIFIER_PICTURES,
             .per_minute = 30 },
    .wants_object = true,
    .check = check,
    .write = write,
    .read = read,
};
