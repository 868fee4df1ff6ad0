/* Slack: blocks, with a text for where they are not shown. */
#include <stdio.h>

#include "form.h"

/* Characters; with room to spare, for entities count as what they look like in
 * the text. */
enum {
    HEADER_MAX = 150,
    SECTION_MAX = 2900, /* 3000 */
    FIELDS_MAX = 10,
    FIELD_MAX = 400, /* 2000, but all blocks together break near 13,000 */
    FALLBACK_MAX = 3000,
};

static const struct spd_field settings[] = {
    { "url", "the incoming webhook's address, as Slack shows it", SPD_T_STR,
      SPD_FIELD_REQUIRED | SPD_FIELD_SECRET, "<=500" },
    { 0 },
};

static spd_err check(const spd_plugin *self, const spd_json *channel,
                     struct spd_error *err)
{
    return check_url(self, channel, "url", err);
}

static void put_text(const spd_plugin *self, spd_jsonw *w, const char *name,
                     const char *type, spd_str text)
{
    const struct spd_json_api *json = self->host->json;
    json->begin(w, name, SPD_JSON_OBJECT);
    json->put_str(w, "type", text_of(type));
    json->put_str(w, "text", text);
    json->end(w);
}

static void put_header(const spd_plugin *self, spd_jsonw *w,
                       const spd_json *notice)
{
    const struct spd_json_api *json = self->host->json;
    json->begin(w, NULL, SPD_JSON_OBJECT);
    json->put_str(w, "type", text_of("header"));
    put_text(self, w, "text", "plain_text",
             clip_chars(member_str(self, notice, "title"), HEADER_MAX));
    json->end(w);
}

static void put_section(const spd_plugin *self, spd_jsonw *w,
                        const spd_json *notice)
{
    const struct spd_json_api *json = self->host->json;
    spd_str said = member_str(self, notice, "text");
    struct text text = { 0 };
    put_escaped(&text, said, SECTION_MAX);
    if (text.len == 0)
        return;
    json->begin(w, NULL, SPD_JSON_OBJECT);
    json->put_str(w, "type", text_of("section"));
    put_text(self, w, "text", "mrkdwn", text_str(&text));
    json->end(w);
    text_free(&text);
}

static void put_field(const spd_plugin *self, spd_jsonw *w,
                      const spd_json *fact)
{
    struct text text = { 0 };
    text_puts(&text, "*");
    put_escaped(&text, member_str(self, fact, "name"), 60);
    text_puts(&text, "*\n");
    put_escaped(&text, member_str(self, fact, "value"), FIELD_MAX);
    put_text(self, w, NULL, "mrkdwn", text_str(&text));
    text_free(&text);
}

static void put_fields(const spd_plugin *self, spd_jsonw *w,
                       const spd_json *notice)
{
    const struct spd_json_api *json = self->host->json;
    const spd_json *facts = member(self, notice, "facts");
    size_t count = json->count(facts);
    if (count == 0)
        return;
    json->begin(w, NULL, SPD_JSON_OBJECT);
    json->put_str(w, "type", text_of("section"));
    json->begin(w, "fields", SPD_JSON_ARRAY);
    for (size_t i = 0; i < count && i < FIELDS_MAX; i++)
        put_field(self, w, json->item(facts, i));
    json->end(w);
    json->end(w);
}

static void put_link(const spd_plugin *self, spd_jsonw *w,
                     const spd_json *notice)
{
    const struct spd_json_api *json = self->host->json;
    spd_str link = member_str(self, notice, "link");
    struct text text = { 0 };
    if (link.len == 0)
        return;
    text_puts(&text, "<");
    put_escaped(&text, link, 400);
    text_puts(&text, "|Open in spoold>");
    json->begin(w, NULL, SPD_JSON_OBJECT);
    json->put_str(w, "type", text_of("context"));
    json->begin(w, "elements", SPD_JSON_ARRAY);
    put_text(self, w, NULL, "mrkdwn", text_str(&text));
    json->end(w);
    json->end(w);
    text_free(&text);
}

static void write_body(const spd_plugin *self, spd_jsonw *w,
                       const spd_json *notice, const void *arg)
{
    (void)arg;
    const struct spd_json_api *json = self->host->json;
    struct text fallback = { 0 };
    put_escaped(&fallback, member_str(self, notice, "title"), FALLBACK_MAX);
    json->put_str(w, "text", text_str(&fallback));
    json->begin(w, "blocks", SPD_JSON_ARRAY);
    put_header(self, w, notice);
    put_section(self, w, notice);
    put_fields(self, w, notice);
    put_link(self, w, notice);
    json->end(w);
    text_free(&fallback);
}

static void write(const spd_plugin *self, const spd_json *notice, int64_t now_s,
                  const spd_str *picture, struct request *request)
{
    (void)now_s;
    (void)picture;
    const spd_json *channel = member(self, notice, "channel");
    text_put(&request->url, member_str(self, channel, "url"));
    if (!write_custom(self, notice, &request->body))
        write_json(self, &request->body, write_body, notice, NULL);
}

/* Its refusals are one word of text, not JSON. */
static void read(const spd_plugin *self, const struct answer *answer,
                 struct meaning *meaning)
{
    (void)self;
    spd_str said = clip_bytes(answer->body, 80);
    if (said.len > 0 && said.ptr[0] != '<')
        snprintf(meaning->why, sizeof(meaning->why), "%.*s", (int)said.len,
                 said.ptr);
}

const struct form form_slack = {
    .row = { .kind = "slack",
             .doc = "a Slack channel, by an incoming webhook",
             .settings = settings,
             .flags = SPD_NOTIFIER_CUSTOM,
             .per_minute = 60 },
    .wants_object = true,
    .check = check,
    .write = write,
    .read = read,
};
