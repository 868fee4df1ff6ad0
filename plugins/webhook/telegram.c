/* Telegram: a bot writes to a chat, with the plate's picture where there is
 * one. */
#include <stdio.h>
#include <string.h>

#include "form.h"

/* Characters, as they are read: entities do not count. */
enum { TITLE_MAX = 250, TEXT_MAX = 3000, CAPTION_TEXT_MAX = 700 };

static const struct spd_field settings[] = {
    { "token", "the bot's token, as @BotFather gave it", SPD_T_STR,
      SPD_FIELD_REQUIRED | SPD_FIELD_SECRET, "<=100" },
    { "chat_id", "the chat: a number, or @channel", SPD_T_STR,
      SPD_FIELD_REQUIRED, "<=64" },
    { "thread_id", "the topic within the chat", SPD_T_INT, 0, "0..2000000000" },
    { "silent", "no sound, but for errors", SPD_T_BOOL, 0, NULL },
    { "url", "another server than https://api.telegram.org", SPD_T_STR, 0,
      "<=500" },
    { 0 },
};

static bool is_made_of(spd_str text, const char *letters)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr(letters, text.ptr[i]) == NULL || text.ptr[i] == '\0')
            return false;
    return text.len > 0;
}

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static spd_err refuse(struct spd_error *err, const char *why)
{
    err->code = SPD_EINVAL;
    snprintf(err->text, sizeof(err->text), "%s", why);
    return SPD_EINVAL;
}

static spd_err check(const spd_plugin *self, const spd_json *channel,
                     struct spd_error *err)
{
    spd_str chat = member_str(self, channel, "chat_id");
    if (!is_made_of(member_str(self, channel, "token"), DIGITS LETTERS ":-_"))
        return refuse(err, "token: must look like 123456:AAbb-cc");
    if (!is_made_of(chat, DIGITS LETTERS "@-_"))
        return refuse(err, "chat_id: must be a number, or @ and a name");
    return is_absent(self, member(self, channel, "url"))
               ? SPD_OK
               : check_url(self, channel, "url", err);
}

static void write_html(const spd_plugin *self, const spd_json *notice,
                       size_t text_max, struct text *out)
{
    static const size_t no_limit = SIZE_MAX;
    spd_str link = member_str(self, notice, "link");
    spd_str text = member_str(self, notice, "text");
    text_puts(out, "<b>");
    put_escaped(out, clip_chars(member_str(self, notice, "title"), TITLE_MAX),
                no_limit);
    text_puts(out, "</b>\n");
    put_escaped(out, clip_chars(text, text_max), no_limit);
    if (link.len == 0 || memchr(link.ptr, '"', link.len) != NULL)
        return;
    text_puts(out, "\n<a href=\"");
    put_escaped(out, link, no_limit);
    text_puts(out, "\">Open in spoold</a>");
}

static bool is_silent(const spd_plugin *self, const spd_json *notice)
{
    const spd_json *channel = member(self, notice, "channel");
    return self->host->json->as_bool(member(self, channel, "silent"), false) &&
           !text_is(member_str(self, notice, "severity"), "error");
}

static int64_t thread_of(const spd_plugin *self, const spd_json *notice)
{
    const spd_json *channel = member(self, notice, "channel");
    return self->host->json->as_int(member(self, channel, "thread_id"), 0);
}

static void write_body(const spd_plugin *self, spd_jsonw *w,
                       const spd_json *notice, const void *arg)
{
    (void)arg;
    const struct spd_json_api *json = self->host->json;
    const spd_json *channel = member(self, notice, "channel");
    struct text html = { 0 };
    write_html(self, notice, TEXT_MAX, &html);
    json->put_str(w, "chat_id", member_str(self, channel, "chat_id"));
    json->put_str(w, "text", text_str(&html));
    json->put_str(w, "parse_mode", text_of("HTML"));
    json->put_bool(w, "disable_notification", is_silent(self, notice));
    if (thread_of(self, notice) > 0)
        json->put_int(w, "message_thread_id", thread_of(self, notice));
    json->begin(w, "link_preview_options", SPD_JSON_OBJECT);
    json->put_bool(w, "is_disabled", true);
    json->end(w);
    text_free(&html);
}

static void write_photo(const spd_plugin *self, const spd_json *notice,
                        spd_str picture, struct request *request)
{
    const spd_json *channel = member(self, notice, "channel");
    struct text html = { 0 }, thread = { 0 };
    write_html(self, notice, CAPTION_TEXT_MAX, &html);
    write_part(request, "chat_id", member_str(self, channel, "chat_id"), NULL);
    write_part(request, "parse_mode", text_of("HTML"), NULL);
    if (is_silent(self, notice))
        write_part(request, "disable_notification", text_of("true"), NULL);
    text_printf(&thread, "%lld", (long long)thread_of(self, notice));
    if (thread_of(self, notice) > 0)
        write_part(request, "message_thread_id", text_str(&thread), NULL);
    write_parts(request, "caption", text_str(&html), NULL, "photo", picture);
    text_free(&html);
    text_free(&thread);
}

static void write_own(const spd_plugin *self, const spd_json *notice,
                      struct request *request)
{
    const spd_json *channel = member(self, notice, "channel");
    spd_str name = member_str(self, channel, "chat_id"); /* needs no escapes */
    struct text custom = { 0 }, chat = { 0 };
    write_custom(self, notice, &custom);
    text_printf(&chat, "\"%.*s\"", (int)name.len, name.ptr);
    put_with_member(&request->body, text_str(&custom), "chat_id", chat.ptr);
    text_free(&custom);
    text_free(&chat);
}

static void write(const spd_plugin *self, const spd_json *notice, int64_t now_s,
                  const spd_str *picture, struct request *request)
{
    (void)now_s;
    const spd_json *channel = member(self, notice, "channel");
    spd_str url = member_str(self, channel, "url");
    spd_str token = member_str(self, channel, "token");
    bool is_own = !is_absent(self, member(self, notice, "custom"));
    text_put(&request->url,
             url.len > 0 ? url : text_of("https://api.telegram.org"));
    text_printf(&request->url, "/bot%.*s/%s", (int)token.len, token.ptr,
                picture != NULL && !is_own ? "sendPhoto" : "sendMessage");
    if (is_own)
        write_own(self, notice, request);
    else if (picture != NULL)
        write_photo(self, notice, *picture, request);
    else
        write_json(self, &request->body, write_body, notice, NULL);
}

static void read(const spd_plugin *self, const struct answer *answer,
                 struct meaning *meaning)
{
    const struct spd_json_api *json = self->host->json;
    const spd_json *more = member(self, answer->json, "parameters");
    int64_t moved = json->as_int(member(self, more, "migrate_to_chat_id"), 0);
    spd_str said =
        clip_bytes(member_str(self, answer->json, "description"), 150);
    if (said.len > 0)
        snprintf(meaning->why, sizeof(meaning->why), "%.*s", (int)said.len,
                 said.ptr);
    if (answer->status == 429 && meaning->wait_s == 0)
        meaning->wait_s = json->as_int(member(self, more, "retry_after"), 0);
    if (moved != 0) {
        meaning->code = SPD_EAUTH;
        snprintf(meaning->why, sizeof(meaning->why),
                 "the group has another number now; set chat_id to %lld",
                 (long long)moved);
    }
}

const struct form form_telegram = {
    .row = { .kind = "telegram",
             .doc = "a Telegram chat, by a bot",
             .settings = settings,
             .flags = SPD_NOTIFIER_CUSTOM | SPD_NOTIFIER_PICTURES,
             .per_minute = 20 },
    .wants_object = true,
    .check = check,
    .write = write,
    .read = read,
};
