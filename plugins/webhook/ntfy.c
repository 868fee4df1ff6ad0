/* ntfy: to phones, by a topic of ntfy.sh or of a server of one's own. */
#include <stdio.h>

#include "form.h"

enum { TITLE_BYTES = 200, MESSAGE_BYTES = 3900 }; /* 4096 */

static const struct spd_field settings[] = {
    { "url", "the server; https://ntfy.sh when it is not given", SPD_T_STR, 0,
      "<=500" },
    { "topic", "the topic: on a public server as good as a password", SPD_T_STR,
      SPD_FIELD_REQUIRED | SPD_FIELD_SECRET, "<=64" },
    { "token", "an access token (tk_...), if the server wants one", SPD_T_STR,
      SPD_FIELD_SECRET, "<=200" },
    { 0 },
};

static spd_err check(const spd_plugin *self, const spd_json *channel,
                     struct spd_error *err)
{
    spd_str topic = member_str(self, channel, "topic");
    for (size_t i = 0; i < topic.len; i++) {
        char c = topic.ptr[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            (c >= '0' && c <= '9') || c == '-' || c == '_')
            continue;
        err->code = SPD_EINVAL;
        snprintf(err->text, sizeof(err->text),
                 "topic: must be made of letters, digits, - and _");
        return SPD_EINVAL;
    }
    return is_absent(self, member(self, channel, "url"))
               ? SPD_OK
               : check_url(self, channel, "url", err);
}

static int64_t priority_of(spd_str severity)
{
    return text_is(severity, "error")     ? 5
           : text_is(severity, "warning") ? 4
                                          : 3;
}

static const char *tag_of(spd_str severity)
{
    if (text_is(severity, "error"))
        return "rotating_light";
    if (text_is(severity, "warning"))
        return "warning";
    return text_is(severity, "success") ? "white_check_mark" : "printer";
}

static void write_body(const spd_plugin *self, spd_jsonw *w,
                       const spd_json *notice, const void *arg)
{
    (void)arg;
    const struct spd_json_api *json = self->host->json;
    const spd_json *channel = member(self, notice, "channel");
    spd_str severity = member_str(self, notice, "severity");
    spd_str link = member_str(self, notice, "link");
    spd_str title = member_str(self, notice, "title");
    spd_str text = member_str(self, notice, "text");
    json->put_str(w, "topic", member_str(self, channel, "topic"));
    json->put_str(w, "title", clip_bytes(title, TITLE_BYTES));
    json->put_str(w, "message",
                  clip_bytes(text.len > 0 ? text : title, MESSAGE_BYTES));
    json->put_int(w, "priority", priority_of(severity));
    json->begin(w, "tags", SPD_JSON_ARRAY);
    json->put_str(w, NULL, text_of(tag_of(severity)));
    json->end(w);
    if (link.len > 0)
        json->put_str(w, "click", link);
}

static void write_own(const spd_plugin *self, const spd_json *notice,
                      struct request *request)
{
    const spd_json *channel = member(self, notice, "channel");
    struct text custom = { 0 }, topic = { 0 };
    spd_str name = member_str(self, channel, "topic"); /* needs no escapes */
    write_custom(self, notice, &custom);
    text_printf(&topic, "\"%.*s\"", (int)name.len, name.ptr);
    if (is_absent(self, member(self, member(self, notice, "custom"), "topic")))
        put_with_member(&request->body, text_str(&custom), "topic", topic.ptr);
    else
        text_put(&request->body, text_str(&custom));
    text_free(&custom);
    text_free(&topic);
}

/* JSON goes to the server itself: at a topic's address it would be shown as it
 * stands. */
static void write(const spd_plugin *self, const spd_json *notice, int64_t now_s,
                  const spd_str *picture, struct request *request)
{
    (void)now_s;
    (void)picture;
    const spd_json *channel = member(self, notice, "channel");
    spd_str url = member_str(self, channel, "url");
    spd_str token = member_str(self, channel, "token");
    text_put(&request->url, url.len > 0 ? url : text_of("https://ntfy.sh"));
    if (is_absent(self, member(self, notice, "custom")))
        write_json(self, &request->body, write_body, notice, NULL);
    else
        write_own(self, notice, request);
    if (token.len == 0)
        return;
    struct text bearer = { 0 };
    text_printf(&bearer, "Bearer %.*s", (int)token.len, token.ptr);
    request_header(request, "Authorization", text_str(&bearer));
    text_free(&bearer);
}

static void read(const spd_plugin *self, const struct answer *answer,
                 struct meaning *meaning)
{
    spd_str said = member_str(self, answer->json, "error");
    if (answer->status == 404)
        meaning->code = SPD_EIO; /* the server is another, or being set up */
    if (answer->status == 429 && meaning->wait_s == 0)
        meaning->wait_s = 60;
    if (said.len > 0)
        snprintf(meaning->why, sizeof(meaning->why), "%.*s",
                 (int)clip_bytes(said, 150).len, said.ptr);
}

const struct form form_ntfy = {
    .row = { .kind = "ntfy",
             .doc = "phones and desktops, by a topic of ntfy",
             .settings = settings,
             .flags = SPD_NOTIFIER_CUSTOM,
             .per_minute = 12 },
    .wants_object = true,
    .check = check,
    .write = write,
    .read = read,
};
