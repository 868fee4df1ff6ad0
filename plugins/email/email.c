/* The plugin: a notice becomes a mail and goes to the post. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "letter.h"
#include "post.h"
#include "settings.h"

enum { PICTURE_MAX_BYTES = 2 * 1024 * 1024 };

static const struct spd_key keys[] = {
    SPD_KEY(struct email_conf, ca_file,
            .doc = "PEM file of whom to trust at mail servers; else whom the "
                   "system trusts"),
    SPD_KEY(struct email_conf, greeting,
            .doc = "the name this machine goes by at mail servers; else the "
                   "sender's domain"),
};

static spd_str str_of(const spd_plugin *self, const spd_json *of,
                      const char *name)
{
    const struct spd_json_api *json = self->host->json;
    return json->as_str(json->member(of, name), (spd_str){ "", 0 });
}

/* ----------------------------------------------------------- a mail - */

/* Without a picture the mail goes all the same. */
static void read_picture(const spd_plugin *self, const spd_json *notice,
                         struct text *out)
{
    char *path = text_copy(str_of(self, notice, "picture"));
    char bytes[16384];
    size_t got;
    FILE *file = path[0] == '\0' ? NULL : fopen(path, "rbe");
    free(path);
    if (file == NULL)
        return;
    while ((got = fread(bytes, 1, sizeof(bytes), file)) > 0 &&
           out->len <= PICTURE_MAX_BYTES)
        text_put(out, (spd_str){ bytes, got });
    if (!feof(file))
        text_free(out);
    (void)fclose(file);
}

static void write_mail(const spd_plugin *self, const spd_json *notice,
                       struct mail *mail)
{
    const struct spd_json_api *json = self->host->json;
    const spd_json *channel = json->member(notice, "channel");
    spd_str thread = str_of(self, notice, "thread");
    struct text threads = { 0 };
    mail->channel_id = json->as_int(json->member(channel, "id"), 0);
    mail->date_ms = self->host->loop->wall_ms();
    mail->id = text_copy(str_of(self, notice, "id"));
    mail->subject = text_copy(str_of(self, notice, "title"));
    /* A print's mails to one channel, not those to another. */
    if (thread.len > 0)
        text_printf(&threads, "%.*s-%lld", (int)thread.len, thread.ptr,
                    (long long)mail->channel_id);
    mail->thread = text_copy(text_str(&threads));
    text_free(&threads);
    read_picture(self, notice, &mail->picture);
    letter_text(json, notice, &mail->plain);
    letter_html(json, notice, mail->picture.len > 0, &mail->html);
}

static void send_mail(spd_plugin *self, const spd_json *notice,
                      spd_ticket *ticket)
{
    const struct spd_json_api *json = self->host->json;
    struct spd_error err = { 0 };
    struct mail *mail = calloc(1, sizeof(*mail));
    if (mail == NULL)
        abort();
    mail->ticket = ticket;
    if (settings_read(json, json->member(notice, "channel"), self->conf,
                      &mail->settings, &err) != SPD_OK) {
        err.code = SPD_EAUTH; /* nor will any other: the channel is at fault */
        self->host->role->finish(ticket, (spd_str){ "", 0 }, &err);
        mail_free(mail);
        return;
    }
    write_mail(self, notice, mail);
    post_send(self->state, mail);
}

static spd_err preview(spd_plugin *self, const spd_json *notice, spd_jsonw *out,
                       struct spd_error *err)
{
    (void)err;
    const struct spd_json_api *json = self->host->json;
    struct text plain = { 0 }, html = { 0 };
    letter_text(json, notice, &plain);
    letter_html(json, notice, false, &html);
    json->put_str(out, "subject", str_of(self, notice, "title"));
    json->put_str(out, "body", text_str(&plain));
    json->put_str(out, "html", text_str(&html));
    text_free(&plain);
    text_free(&html);
    return SPD_OK;
}

static spd_err check(spd_plugin *self, const spd_json *channel,
                     struct spd_error *err)
{
    struct settings settings;
    spd_err rc =
        settings_read(self->host->json, channel, self->conf, &settings, err);
    if (rc == SPD_OK)
        settings_free(&settings);
    return rc;
}

/* ----------------------------------------------------------------- life - */

static const struct spd_notifier notifier = {
    .kind = "email",
    .send = send_mail,
    .doc = "mail, by any mail server",
    .settings = settings_rows,
    .check = check,
    .preview = preview,
    .flags = SPD_NOTIFIER_PICTURES,
    .per_minute = 20,
};

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static spd_err judge_conf(const struct email_conf *conf, struct spd_error *err)
{
    FILE *file = is_set(conf->ca_file) ? fopen(conf->ca_file, "rbe") : NULL;
    if (is_set(conf->ca_file) && file == NULL) {
        err->code = SPD_EINVAL;
        (void)snprintf(err->text, sizeof(err->text),
                       "ca_file: %.150s cannot be read", conf->ca_file);
        return SPD_EINVAL;
    }
    if (file != NULL)
        (void)fclose(file);
    if (!is_set(conf->greeting) || settings_is_host(conf->greeting))
        return SPD_OK;
    err->code = SPD_EINVAL;
    (void)snprintf(err->text, sizeof(err->text),
                   "greeting: must be a name such as shop.example.org");
    return SPD_EINVAL;
}

static spd_err start(spd_plugin *self, struct spd_error *err)
{
    spd_err rc = judge_conf(self->conf, err);
    if (rc != SPD_OK)
        return rc;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return SPD_EINTERNAL;
    self->state = post_new(self);
    rc = self->state == NULL
             ? SPD_ENOMEM
             : self->host->role->notifier(self, &notifier, sizeof(notifier));
    if (rc == SPD_OK)
        return SPD_OK;
    if (self->state != NULL)
        post_free(self->state);
    curl_global_cleanup();
    return rc;
}

static spd_err reconfigure(spd_plugin *self, struct spd_error *err)
{
    return judge_conf(self->conf, err);
}

static void stop(spd_plugin *self)
{
    post_free(self->state);
    curl_global_cleanup();
}

SPD_PLUGIN(1, .name = "email", .version = "1.0", .license = "Apache-2.0",
           .summary = "tells people by mail", .keys = keys,
           .key_count = SPD_COUNT(keys), .conf_size = sizeof(struct email_conf),
           .start = start, .reconfigure = reconfigure, .stop = stop);
