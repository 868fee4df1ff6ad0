#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

const struct spd_field settings_rows[] = {
    { "host", "the mail server", SPD_T_STR, SPD_FIELD_REQUIRED, "<=253" },
    { "port", "its port; else 465 with tls, 587 with starttls, 25 with none",
      SPD_T_INT, 0, "1..65535" },
    { "security",
      "encryption: tls from the start, starttls, or none (then without a "
      "password); else what is usual at the port",
      SPD_T_STR, 0, "tls|starttls|none" },
    { "user", "who we log in as", SPD_T_STR, 0, "<=254" },
    { "password", "and with which password", SPD_T_STR, SPD_FIELD_SECRET,
      "<=1000" },
    { "from",
      "who writes: shop@example.org, or Shop <shop@example.org>; else "
      "the user",
      SPD_T_STR, 0, "<=500" },
    { "to", "who is told, one or several, with commas between", SPD_T_STR,
      SPD_FIELD_REQUIRED, "<=8000" },
    { 0 },
};

static const struct security {
    const char *word;
    enum smtp_security security;
    int port;
} securities[] = {
    { "tls", SMTP_TLS, 465 },
    { "starttls", SMTP_STARTTLS, 587 },
    { "none", SMTP_CLEAR, 25 },
};

static spd_err refuse(struct spd_error *err, const char *why)
{
    err->code = SPD_EINVAL;
    (void)snprintf(err->text, sizeof(err->text), "%s", why);
    return SPD_EINVAL;
}

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

bool settings_is_host(const char *host)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:";
    return host[0] != '\0' && host[0] != '-' &&
           strspn(host, letters) == strlen(host);
}

/* Left out, it is what goes with the port; left out both, it is tls. */
static const struct security *security_of(spd_str word, int port)
{
    for (size_t i = 0; i < SPD_COUNT(securities); i++)
        if (text_is(word, securities[i].word))
            return &securities[i];
    return port == 587 || port == 25 ? &securities[1] : &securities[0];
}

struct reader {
    const struct spd_json_api *json;
    const spd_json *channel;
};

static spd_str str_of(const struct reader *r, const char *name)
{
    return r->json->as_str(r->json->member(r->channel, name),
                           (spd_str){ "", 0 });
}

/* NULL: it was not given. */
static char *copy_of(const struct reader *r, const char *name)
{
    spd_str text = str_of(r, name);
    return text.len == 0 ? NULL : text_copy(text);
}

static void read_server(const struct reader *r, const struct email_conf *conf,
                        struct smtp_server *server)
{
    const struct spd_json_api *json = r->json;
    int port = (int)json->as_int(json->member(r->channel, "port"), 0);
    const struct security *security = security_of(str_of(r, "security"), port);
    server->host = text_copy(str_of(r, "host"));
    server->port = port != 0 ? port : security->port;
    server->security = security->security;
    server->user = copy_of(r, "user");
    server->password = copy_of(r, "password");
    server->ca_file =
        is_set(conf->ca_file) ? text_copy(text_of(conf->ca_file)) : NULL;
    server->allow_private =
        json->as_bool(json->member(r->channel, "allow_private"), false);
}

static spd_err judge_server(const struct smtp_server *server,
                            struct spd_error *err)
{
    if (!settings_is_host(server->host))
        return refuse(err, "host: must be a name such as mail.example.org, "
                           "without a scheme or a port");
    if (server->security == SMTP_CLEAR && server->user != NULL)
        return refuse(err, "user: a password is never sent in clear; choose "
                           "the security tls or starttls, or no user");
    if ((server->user == NULL) != (server->password == NULL))
        return refuse(err, "user and password: give both, or neither");
    return SPD_OK;
}

static spd_err read_people(const struct reader *r, struct settings *out,
                           struct spd_error *err)
{
    spd_str from = str_of(r, "from");
    out->to_text = text_copy(str_of(r, "to"));
    out->from_text = text_copy(from.len > 0 ? from : str_of(r, "user"));
    spd_err rc = addresses_read(text_of(out->to_text), "to", &out->to, err);
    if (rc != SPD_OK)
        return rc;
    if (from.len == 0 && strchr(out->from_text, '@') == NULL)
        return refuse(err, "from: must say who writes, for the user is no "
                           "mail address");
    rc = addresses_read(text_of(out->from_text), "from", &out->from, err);
    return rc == SPD_OK && out->from.count != 1
               ? refuse(err, "from: one address, please")
               : rc;
}

spd_err settings_read(const struct spd_json_api *json, const spd_json *channel,
                      const struct email_conf *conf, struct settings *out,
                      struct spd_error *err)
{
    const struct reader reader = { json, channel };
    *out = (struct settings){ 0 };
    read_server(&reader, conf, &out->server);
    spd_err rc = judge_server(&out->server, err);
    if (rc == SPD_OK)
        rc = read_people(&reader, out, err);
    if (rc != SPD_OK) {
        settings_free(out);
        return rc;
    }
    out->server.greeting =
        text_copy(conf->greeting != NULL ? text_of(conf->greeting)
                                         : address_domain(&out->from.at[0]));
    return SPD_OK;
}

void settings_free(struct settings *settings)
{
    struct smtp_server *server = &settings->server;
    free(server->host);
    free(server->user);
    free(server->password);
    free(server->ca_file);
    free(server->greeting);
    free(settings->from_text);
    free(settings->to_text);
    *settings = (struct settings){ 0 };
}
