/* The plugin: sends what a form has written, and understands the answer. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "form.h"
#include "sign.h"

enum {
    TIMEOUT_MS = 20 * 1000,
    ANSWER_MAX = 64 * 1024,
    PICTURE_MAX = 8 * 1024 * 1024,
};

static const struct form *const forms[] = {
    &form_generic, &form_discord,  &form_slack,
    &form_ntfy,    &form_telegram, &form_home_assistant,
};

struct state {
    struct spd_notifier rows[SPD_COUNT(forms)];
};

static const struct form *form_of(const spd_plugin *self,
                                  const spd_json *channel)
{
    spd_str kind = member_str(self, channel, "kind");
    for (size_t i = 0; i < SPD_COUNT(forms); i++)
        if (text_is(kind, forms[i]->row.kind))
            return forms[i];
    return &form_generic;
}

/* -- one message on its way -- */

struct flight {
    const struct form *form;
    spd_ticket *ticket;
    int64_t wait_s;
    int64_t now_s;
    char host[100]; /* for sentences; never more of the address */
};

static void note_host(struct flight *flight, spd_str url)
{
    const char *from = strstr(url.ptr, "://");
    from = from == NULL ? url.ptr : from + 3;
    size_t len = strcspn(from, "/?#");
    for (size_t i = 0; i < len; i++) /* what stands before @ is a password */
        if (from[i] == '@') {
            from += i + 1;
            len -= i + 1;
            i = 0;
        }
    snprintf(flight->host, sizeof(flight->host), "%.*s",
             (int)(len < 90 ? len : 90), from);
}

static void finish(const spd_plugin *self, struct flight *flight, spd_err code,
                   int64_t wait_s, const char *why)
{
    struct spd_error err = { .code = code };
    char wait[24] = "";
    snprintf(err.text, sizeof(err.text), "%s", why);
    if (wait_s > 0)
        snprintf(wait, sizeof(wait), "%lld", (long long)wait_s);
    self->host->role->finish(flight->ticket, text_of(wait),
                             code == SPD_OK ? NULL : &err);
    free(flight);
}

/* -- answers -- */

/* What a status means to most. */
static spd_err code_of(int status)
{
    if (status >= 200 && status < 300)
        return SPD_OK;
    switch (status) {
    case 401:
    case 403:
    case 404:
    case 410:
        return SPD_EAUTH;
    case 429:
        return SPD_EBUSY;
    case 408:
    case 425:
        return SPD_EIO;
    default:
        return status >= 400 && status < 500 ? SPD_EINVAL : SPD_EIO;
    }
}

/* Seconds, or a date: RFC 9110 has both. */
static int64_t wait_of(spd_str value, int64_t now_s)
{
    char text[64], *end;
    struct tm when = { 0 };
    snprintf(text, sizeof(text), "%.*s", (int)value.len, value.ptr);
    long long seconds = strtoll(text, &end, 10);
    if (end != text && *end == '\0')
        return seconds > 0 ? (int64_t)seconds : 0;
    if (strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &when) == NULL)
        return 0;
    int64_t at_s = (int64_t)timegm(&when);
    return at_s > now_s ? at_s - now_s : 0;
}

static void on_header(spd_plugin *self, void *arg, spd_str name, spd_str value)
{
    (void)self;
    struct flight *flight = arg;
    static const char wanted[] = "retry-after";
    if (name.len == sizeof(wanted) - 1 &&
        strncasecmp(name.ptr, wanted, name.len) == 0)
        flight->wait_s = wait_of(value, flight->now_s);
}

static void understand(const spd_plugin *self, struct flight *flight,
                       int status, spd_str body)
{
    const struct spd_json_api *json = self->host->json;
    struct meaning meaning = { .code = code_of(status),
                               .wait_s = flight->wait_s };
    if (meaning.code == SPD_OK) {
        finish(self, flight, SPD_OK, 0, "");
        return;
    }
    if (status >= 300 && status < 400)
        snprintf(meaning.why, sizeof(meaning.why),
                 "redirects are not followed; set the address it leads to");
    spd_json *doc = json->parse(body, NULL);
    const struct answer answer = { status, body, doc, flight->wait_s };
    flight->form->read(self, &answer, &meaning);
    json->free(doc);
    char why[320];
    snprintf(why, sizeof(why), "%s answered %d%s%s", flight->host, status,
             meaning.why[0] == '\0' ? "" : ": ", meaning.why);
    finish(self, flight, meaning.code, meaning.wait_s, why);
}

/* An address that may not be talked to will not be allowed by itself; all else
 * may be better in a while. */
static void on_done(spd_plugin *self, void *arg, int status, spd_str body,
                    const struct spd_error *err)
{
    struct flight *flight = arg;
    if (err == NULL)
        understand(self, flight, status, body);
    else if (err->code == SPD_ECANCELED)
        finish(self, flight, SPD_ECANCELED, 0, err->text);
    else
        finish(self, flight, err->code == SPD_EINVAL ? SPD_EAUTH : SPD_EIO, 0,
               err->text);
}

/* -- sending -- */

static bool read_picture(const spd_plugin *self, const spd_json *notice,
                         struct text *out)
{
    struct text path = { 0 };
    char bytes[16384];
    size_t got;
    text_put(&path, member_str(self, notice, "picture"));
    FILE *file = path.len == 0 ? NULL : fopen(path.ptr, "rbe");
    text_free(&path);
    if (file == NULL)
        return false;
    while ((got = fread(bytes, 1, sizeof(bytes), file)) > 0 &&
           out->len < PICTURE_MAX)
        text_put(out, (spd_str){ bytes, got });
    bool is_whole = feof(file) && out->len > 0;
    fclose(file);
    return is_whole;
}

static void write_request(const spd_plugin *self, const struct form *form,
                          const spd_json *notice, struct request *request)
{
    struct text picture = { 0 };
    bool has_picture = read_picture(self, notice, &picture);
    spd_str bytes = text_str(&picture);
    form->write(self, notice, self->host->loop->wall_ms() / 1000,
                has_picture ? &bytes : NULL, request);
    text_free(&picture);
}

static void fetch(spd_plugin *self, const spd_json *channel,
                  const struct request *request, struct flight *flight)
{
    char type[120];
    const char *headers[HEADERS_MAX + 2] = { type };
    const struct spd_json_api *json = self->host->json;
    bool may_private =
        json->as_bool(json->member(channel, "allow_private"), false);
    snprintf(type, sizeof(type), "Content-Type: %s",
             request->type == NULL ? "application/json" : request->type);
    for (size_t i = 0; i < request->header_count; i++)
        headers[i + 1] = request->headers[i].ptr;
    note_host(flight, text_str(&request->url));
    struct spd_fetch row = {
        .method = "POST",
        .url = request->url.ptr,
        .headers = headers,
        .body = text_str(&request->body),
        .timeout_ms = TIMEOUT_MS,
        .done = on_done,
        .arg = flight,
        .header = on_header,
        .flags = SPD_FETCH_CLIP | (may_private ? SPD_FETCH_PRIVATE : 0u),
        .max_reply_bytes = ANSWER_MAX,
    };
    if (self->host->client->fetch(self, &row, sizeof(row)) != SPD_OK)
        finish(self, flight, SPD_EIO, 0, "no request can be made now");
}

static bool fits(const spd_plugin *self, const struct form *form,
                 const spd_json *notice)
{
    const spd_json *custom = member(self, notice, "custom");
    return !form->wants_object || is_absent(self, custom) ||
           self->host->json->type(custom) == SPD_JSON_OBJECT;
}

static void send(spd_plugin *self, const spd_json *notice, spd_ticket *ticket)
{
    const spd_json *channel = self->host->json->member(notice, "channel");
    struct request request = { 0 };
    struct flight *flight = calloc(1, sizeof(*flight));
    if (flight == NULL)
        abort();
    flight->form = form_of(self, channel);
    flight->ticket = ticket;
    flight->now_s = self->host->loop->wall_ms() / 1000;
    if (!fits(self, flight->form, notice)) {
        finish(self, flight, SPD_EINVAL, 0,
               "the channel's template must be an object for this receiver");
        return;
    }
    write_request(self, flight->form, notice, &request);
    fetch(self, channel, &request, flight);
    request_free(&request);
}

static spd_err preview(spd_plugin *self, const spd_json *notice, spd_jsonw *out,
                       struct spd_error *err)
{
    (void)err;
    const struct form *form =
        form_of(self, self->host->json->member(notice, "channel"));
    struct request request = { 0 };
    if (fits(self, form, notice))
        write_request(self, form, notice, &request);
    const struct text *body =
        request.shown.len > 0 ? &request.shown : &request.body;
    self->host->json->put_str(out, "body", text_str(body));
    request_free(&request);
    return SPD_OK;
}

static spd_err check(spd_plugin *self, const spd_json *channel,
                     struct spd_error *err)
{
    return form_of(self, channel)->check(self, channel, err);
}

/* -- operations -- */

static void new_secret(spd_plugin *self, spd_call *call, const spd_json *args)
{
    (void)args;
    const struct spd_json_api *json = self->host->json;
    struct text secret = { 0 };
    secret_new(&secret);
    spd_jsonw *w = json->writer();
    json->begin(w, NULL, SPD_JSON_OBJECT);
    json->put_str(w, "secret", text_str(&secret));
    json->end(w);
    self->host->ops->reply(call, w);
    json->writer_free(w);
    text_free(&secret);
}

static const struct spd_field secret_out[] = {
    { "secret", "to set at the channel, and to give to the receiver", SPD_T_STR,
      0, NULL },
    { 0 },
};

static const struct spd_op ops[] = {
    { .name = "webhook.secret",
      .route = "POST /api/webhook/secret",
      .doc = "A fresh secret to sign webhooks with; it is kept nowhere",
      .run = new_secret,
      .out = secret_out,
      .role = SPD_MANAGER },
};

/* -- life -- */

static spd_err start(spd_plugin *self, struct spd_error *err)
{
    if (sodium_init() < 0) {
        err->code = SPD_EINTERNAL;
        snprintf(err->text, sizeof(err->text), "no source of randomness");
        return SPD_EINTERNAL;
    }
    struct state *state = calloc(1, sizeof(*state));
    if (state == NULL)
        return SPD_ENOMEM;
    self->state = state;
    spd_err rc = spd_ops(self, ops, SPD_COUNT(ops));
    for (size_t i = 0; i < SPD_COUNT(forms) && rc == SPD_OK; i++) {
        struct spd_notifier *row = &state->rows[i];
        *row = forms[i]->row;
        row->send = send;
        row->check = check;
        row->preview = preview;
        rc = self->host->role->notifier(self, row, sizeof(*row));
    }
    if (rc != SPD_OK)
        free(state);
    return rc;
}

static void stop(spd_plugin *self)
{
    free(self->state);
}

SPD_PLUGIN(1, .name = "webhook", .version = "1.0", .license = "Apache-2.0",
           .summary = "tells people by HTTP: signed JSON, Discord, Slack, "
                      "ntfy, Telegram, Home Assistant",
           .start = start, .stop = stop);
