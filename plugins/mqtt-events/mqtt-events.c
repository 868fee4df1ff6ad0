/* The shop on a broker: printers for Home Assistant, events for everybody. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "board.h"
#include "broker.h"
#include "state.h"

/* Home Assistant asks that not everybody answers its first word at once. */
enum { GREETING_SPREAD_MS = 5000, NAME_MAX_CHARS = 32, PRESS_MAX_BYTES = 64 };

struct conf {
    const char *host;
    int64_t port;
    bool tls;
    const char *ca_file, *user, *password;
    const char *name, *prefix, *url;
    bool discovery, commands;
    int64_t refresh;
};

struct events {
    spd_plugin *self;
    struct naming naming;
    struct broker_peer peer;
    struct board_plan plan;
    struct broker *broker;
    struct board *board;
    spd_timer *greeting;
    spd_metric *published, *dropped, *commands;
    char will_topic[TOPIC_MAX_CHARS], birth_topic[TOPIC_MAX_CHARS];
    char client_id[64];
};

/* ------------------------------------------------------------- commands - */

static const struct button {
    const char *word, *operation;
} buttons[] = {
    { "pause", "printers.pause" },
    { "resume", "printers.resume" },
    { "stop", "printers.stop" },
    { "plate_cleared", "printers.plate_cleared" },
};

struct press {
    struct events *events;
    const struct button *button;
    int64_t printer_id;
};

/* People who pressed in vain should be able to see why. */
static void on_answer(spd_plugin *self, void *arg, const spd_json *result,
                      const struct spd_error *err)
{
    (void)result;
    const struct press p = *(struct press *)arg;
    const struct spd_json_api *json = self->host->json;
    bool accepted = err == NULL || err->code == SPD_OK;
    char topic[TOPIC_MAX_CHARS];
    spd_str text;
    free(arg);
    if (!accepted && err->code == SPD_ECANCELED)
        return; /* stopping */
    if (!accepted)
        spd_log(self, SPD_WARN, "printer %" PRId64 ": %s refused: %s",
                p.printer_id, p.button->word, err->text);
    board_touch(p.events->board, p.printer_id);
    printer_topic(&p.events->naming, p.printer_id, "answer", topic);
    spd_jsonw *w = json->writer();
    json->begin(w, NULL, SPD_JSON_OBJECT);
    json->put_str(w, "command",
                  (spd_str){ p.button->word, strlen(p.button->word) });
    json->put_bool(w, "accepted", accepted);
    if (!accepted)
        json->put_str(w, "error", (spd_str){ err->text, strlen(err->text) });
    json->end(w);
    if (json->text(w, &text) == SPD_OK)
        (void)broker_publish(p.events->broker, topic, text, false);
    json->writer_free(w);
}

static void press(struct events *e, const struct button *button,
                  int64_t printer_id)
{
    const struct spd_host *host = e->self->host;
    struct press *p = malloc(sizeof(*p));
    if (p == NULL)
        return;
    *p = (struct press){ e, button, printer_id };
    spd_jsonw *w = host->json->writer();
    host->json->begin(w, NULL, SPD_JSON_OBJECT);
    host->json->put_int(w, "id", printer_id);
    host->json->end(w);
    host->metric->add(e->commands, 1);
    spd_err rc = host->ops->call(e->self, button->operation, w, on_answer, p);
    host->json->writer_free(w);
    if (rc == SPD_OK)
        return;
    spd_log(e->self, SPD_WARN, "printer %" PRId64 ": %s could not be asked for",
            printer_id, button->word);
    free(p);
}

/* "7/command/pause", what follows BASE/printer/ */
static const struct button *button_of(const char *text, int64_t *printer_id)
{
    char word[32] = "", rest = '\0';
    if (strlen(text) > PRESS_MAX_BYTES || text[0] < '1' || text[0] > '9' ||
        sscanf(text, "%15" SCNd64 "/command/%31[a-z_]%c", printer_id, word,
               &rest) != 2)
        return NULL;
    for (size_t i = 0; i < SPD_COUNT(buttons); i++)
        if (strcmp(buttons[i].word, word) == 0)
            return &buttons[i];
    return NULL;
}

/* A command that lay at the broker is not one that somebody gives now: it
 * would stop a print each time we connect. */
static void on_command(struct events *e, const char *rest, spd_str payload,
                       bool retained)
{
    int64_t printer_id = 0;
    const struct button *button = button_of(rest, &printer_id);
    bool is_press = payload.len == 5 && memcmp(payload.ptr, "PRESS", 5) == 0;
    if (retained && payload.len > 0)
        spd_log(e->self, SPD_WARN,
                "a command was left at the broker and is not obeyed; commands "
                "must not be retained");
    else if (button == NULL || !is_press)
        spd_log(e->self, SPD_WARN, "a message that is no command: %.100s",
                rest);
    else if (e->naming.commands)
        press(e, button, printer_id);
}

/* ----------------------------------------------------- from the broker - */

static void on_up(void *arg)
{
    struct events *e = arg;
    char topic[TOPIC_MAX_CHARS];
    (void)snprintf(topic, sizeof(topic), "%s/printer/+/command/+",
                   e->naming.base);
    if (e->naming.commands)
        (void)broker_subscribe(e->broker, topic);
    if (e->plan.discovery)
        (void)broker_subscribe(e->broker, e->birth_topic);
    board_repeat(e->board);
}

static void greet(spd_plugin *self, void *arg)
{
    (void)self;
    board_repeat(((struct events *)arg)->board);
}

static void on_birth(struct events *e, spd_str payload, bool retained)
{
    uint32_t dice = 0;
    if (retained || payload.len != 6 || memcmp(payload.ptr, "online", 6) != 0)
        return; /* retained: we have just said everything anyway */
    if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) != sizeof(dice))
        dice = 0;
    e->self->host->loop->timer_set(e->greeting,
                                   (int64_t)(dice % GREETING_SPREAD_MS), 0);
}

static void on_message(void *arg, spd_str topic, spd_str payload, bool retained)
{
    struct events *e = arg;
    char ours[TOPIC_MAX_CHARS], text[TOPIC_MAX_CHARS];
    (void)snprintf(ours, sizeof(ours), "%s/printer/", e->naming.base);
    (void)snprintf(text, sizeof(text), "%.*s", (int)topic.len, topic.ptr);
    if (strcmp(text, e->birth_topic) == 0)
        on_birth(e, payload, retained);
    else if (strncmp(text, ours, strlen(ours)) == 0)
        on_command(e, text + strlen(ours), payload, retained);
}

static const struct broker_events from_broker = { on_up, on_message };

/* --------------------------------------------------- from the journal -- */

/* BASE/events/print/failed */
static void publish_event(struct events *e, int64_t seq, const char *topic,
                          const spd_json *data)
{
    const struct spd_json_api *json = e->self->host->json;
    char out[TOPIC_MAX_CHARS];
    spd_str text;
    (void)snprintf(out, sizeof(out), "%s/events/%s", e->naming.base, topic);
    for (char *c = out + strlen(e->naming.base); *c != '\0'; c++)
        if (*c == '.')
            *c = '/';
    spd_jsonw *w = json->writer();
    event_write(json, seq, topic, data, w);
    bool is_out = json->text(w, &text) == SPD_OK &&
                  broker_publish(e->broker, out, text, false) == SPD_OK;
    json->writer_free(w);
    e->self->host->metric->add(is_out ? e->published : e->dropped, 1);
}

static int64_t member_id(struct events *e, const spd_json *data,
                         const char *name)
{
    const struct spd_json_api *json = e->self->host->json;
    return json->as_int(json->member(data, name), 0);
}

static void on_printer(spd_plugin *self, int64_t seq, const char *topic,
                       const spd_json *data)
{
    struct events *e = self->state;
    int64_t id = member_id(e, data, "id");
    publish_event(e, seq, topic, data);
    if (strcmp(topic, "printer.deleted") == 0)
        board_remove(e->board, id);
    else if (strcmp(topic, "printer.created") == 0 ||
             strcmp(topic, "printer.updated") == 0)
        board_relist(e->board);
    else
        board_touch(e->board, id);
}

static void on_other(spd_plugin *self, int64_t seq, const char *topic,
                     const spd_json *data)
{
    struct events *e = self->state;
    publish_event(e, seq, topic, data);
    board_touch(e->board, member_id(e, data, "printer_id"));
}

/* BASE/job/7, too: where a single job is followed, filters by topic do. */
static void on_job(spd_plugin *self, int64_t seq, const char *topic,
                   const spd_json *data)
{
    struct events *e = self->state;
    const struct spd_json_api *json = self->host->json;
    char out[TOPIC_MAX_CHARS];
    spd_str text;
    on_other(self, seq, topic, data);
    (void)snprintf(out, sizeof(out), "%s/job/%" PRId64, e->naming.base,
                   member_id(e, data, "id"));
    spd_jsonw *w = json->writer();
    event_write(json, seq, topic, data, w);
    if (json->text(w, &text) == SPD_OK)
        (void)broker_publish(e->broker, out, text, false);
    json->writer_free(w);
}

/* What concerns people and their tokens stays inside. */
static const struct spd_subscription subscriptions[] = {
    { "printer.*", NULL, on_printer }, { "job.*", NULL, on_job },
    { "print.*", NULL, on_job },       { "attempt.*", NULL, on_other },
    { "material.*", NULL, on_other },  { "spool.*", NULL, on_other },
    { "order.*", NULL, on_other },     { "file.*", NULL, on_other },
};

/* ------------------------------------------------------------------ life */

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static spd_err refuse(struct spd_error *err, const char *text)
{
    err->code = SPD_EINVAL;
    (void)snprintf(err->text, sizeof(err->text), "%s", text);
    return SPD_EINVAL;
}

static bool is_name(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len <= NAME_MAX_CHARS &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789_-") == len;
}

static spd_err judge(const struct conf *conf, struct spd_error *err)
{
    if (!is_set(conf->host))
        return refuse(err, "host: the broker's address, or its name");
    if (conf->port < 0 || conf->port > 65535)
        return refuse(err, "port: 1 to 65535");
    if (!is_name(conf->name))
        return refuse(err, "name: 1 to 32 of a-z A-Z 0-9 _ and -");
    if (!is_name(conf->prefix))
        return refuse(err, "prefix: 1 to 32 of a-z A-Z 0-9 _ and -");
    if (is_set(conf->password) && !is_set(conf->user))
        return refuse(err, "password: there is no user it belongs to");
    if (is_set(conf->ca_file) && !conf->tls)
        return refuse(err, "ca_file: of use with tls = true only");
    if (conf->refresh < 1000)
        return refuse(err, "refresh: not under a second");
    return SPD_OK;
}

static const char *or_null(const char *text)
{
    return is_set(text) ? text : NULL;
}

static void plan(struct events *e, const struct conf *conf)
{
    e->naming = (struct naming){ conf->name, conf->prefix, or_null(conf->url),
                                 e->self->host->version, conf->commands };
    (void)snprintf(e->will_topic, sizeof(e->will_topic), "%s/status",
                   conf->name);
    (void)snprintf(e->birth_topic, sizeof(e->birth_topic), "%s/status",
                   conf->prefix);
    (void)snprintf(e->client_id, sizeof(e->client_id), "spoold-%s", conf->name);
    int port = conf->port != 0 ? (int)conf->port : conf->tls ? 8883 : 1883;
    e->peer = (struct broker_peer){ conf->host,          port,
                                    conf->tls,           or_null(conf->ca_file),
                                    or_null(conf->user), conf->password,
                                    e->client_id,        e->will_topic };
    e->plan = (struct board_plan){ &e->naming, conf->discovery, conf->refresh };
}

static void events_free(struct events *e)
{
    board_free(e->board);
    broker_free(e->broker);
    e->self->host->loop->timer_free(e->greeting);
    free(e);
}

static spd_err start(spd_plugin *self, struct spd_error *err)
{
    const struct conf *conf = self->conf;
    const struct spd_metric_api *metric = self->host->metric;
    if (judge(conf, err) != SPD_OK)
        return err->code;
    struct events *e = calloc(1, sizeof(*e));
    if (e == NULL)
        return err->code = SPD_ENOMEM;
    e->self = self;
    plan(e, conf);
    e->published = metric->counter(self, "events", "Events published");
    e->dropped = metric->counter(self, "dropped_events",
                                 "Events the broker could not take");
    e->commands = metric->counter(self, "commands", "Buttons pressed");
    e->greeting = self->host->loop->timer_new(self, greet, e);
    e->broker = broker_new(self, &e->peer, &from_broker, e, err);
    spd_err rc = e->broker != NULL ? SPD_OK : err->code;
    if (rc == SPD_OK)
        e->board = board_new(self, e->broker, &e->plan, err);
    rc = e->board != NULL ? SPD_OK : err->code;
    if (rc == SPD_OK)
        rc = spd_subscribe(self, subscriptions, SPD_COUNT(subscriptions));
    if (rc != SPD_OK) {
        events_free(e);
        return rc;
    }
    self->state = e;
    return SPD_OK;
}

static void stop(spd_plugin *self)
{
    events_free(self->state);
}

static const struct spd_key keys[] = {
    SPD_KEY(struct conf, host, .doc = "the broker's address, or its name",
            .flags = SPD_KEY_REQUIRED),
    SPD_KEY(struct conf, port, .doc = "its port; 0: 1883, or 8883 with tls",
            .fallback = "0"),
    SPD_KEY(struct conf, tls, .doc = "encrypt, and check its certificate",
            .fallback = "false"),
    SPD_KEY(struct conf, ca_file,
            .doc = "PEM file of whom to trust; else whom the system trusts"),
    SPD_KEY(struct conf, user, .doc = "who we are to the broker"),
    SPD_KEY(struct conf, password, .doc = "of that user",
            .flags = SPD_KEY_SECRET),
    SPD_KEY(struct conf, name,
            .doc = "our topics begin so; another one for each spoold",
            .fallback = "spoold"),
    SPD_KEY(struct conf, prefix, .doc = "Home Assistant's discovery prefix",
            .fallback = "homeassistant"),
    SPD_KEY(struct conf, url, .doc = "spoold's page, to be linked to"),
    SPD_KEY(struct conf, discovery, .doc = "announce it to Home Assistant",
            .fallback = "true"),
    SPD_KEY(struct conf, commands,
            .doc = "obey pause, resume, stop, plate cleared from the broker",
            .fallback = "true"),
    SPD_KEY(struct conf, refresh,
            .doc = "look at printers without news so often", .fallback = "10s",
            .flags = SPD_KEY_DURATION),
};

SPD_PLUGIN(1, .name = "mqtt-events", .version = "1.0.0",
           .summary = "printers, jobs and events for an MQTT broker",
           .license = "Apache-2.0", .keys = keys, .key_count = SPD_COUNT(keys),
           .conf_size = sizeof(struct conf), .start = start, .stop = stop);
