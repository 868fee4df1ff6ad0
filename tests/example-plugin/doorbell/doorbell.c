/* Rings a bell over HTTP when a print is finished, and when asked to. */
#include <spoold/plugin.h>
#include <stdlib.h>
#include <string.h>

struct conf {
    const char *url;
    int64_t timeout; /* milliseconds */
};

struct doorbell {
    spd_metric *rings;
};

/* An event that is being told: done once the bell has rung. */
struct ringing {
    int64_t seq;
};

static void on_rung(spd_plugin *self, void *arg, int status, spd_str body,
                    const struct spd_error *err)
{
    (void)body;
    struct ringing *ringing = arg;
    struct doorbell *bell = self->state;
    if (err != NULL)
        spd_log(self, SPD_WARN, "the bell does not answer: %s", err->text);
    else if (status >= 300)
        spd_log(self, SPD_WARN, "the bell says %d", status);
    else
        self->host->metric->add(bell->rings, 1);
    if (err == NULL || err->code != SPD_ECANCELED)
        self->host->bus->done(self, "rung", ringing->seq);
    free(ringing);
}

static void on_finished(spd_plugin *self, int64_t seq, const char *topic,
                        const spd_json *payload)
{
    (void)topic;
    (void)payload;
    const struct conf *conf = self->conf;
    struct ringing *ringing = malloc(sizeof(*ringing));
    if (ringing == NULL)
        abort();
    ringing->seq = seq;
    const struct spd_fetch fetch = { .method = "POST",
                                     .url = conf->url,
                                     .timeout_ms = conf->timeout,
                                     .done = on_rung,
                                     .arg = ringing };
    if (self->host->client->fetch(self, &fetch, sizeof(fetch)) != SPD_OK)
        free(ringing);
}

static const struct spd_subscription subscriptions[] = {
    { "print.finished", "rung", on_finished },
};

static spd_err start(spd_plugin *self, struct spd_error *err)
{
    const struct conf *conf = self->conf;
    if (strncmp(conf->url, "https://", 8) != 0) {
        const struct spd_error why = { SPD_EINVAL, "url must be https" };
        *err = why;
        return SPD_EINVAL;
    }
    struct doorbell *bell = calloc(1, sizeof(*bell));
    if (bell == NULL)
        return SPD_ENOMEM;
    self->state = bell;
    bell->rings = self->host->metric->counter(self, "rings", "bells rung");
    spd_err rc = spd_subscribe(self, subscriptions, SPD_COUNT(subscriptions));
    if (rc != SPD_OK)
        free(bell);
    return rc;
}

static void stop(spd_plugin *self)
{
    free(self->state);
}

static const struct spd_key keys[] = {
    SPD_KEY(struct conf, url, .doc = "where the bell hangs",
            .fallback = "https://bell.example/ring"),
    SPD_KEY(struct conf, timeout, .doc = "how long to wait for it",
            .fallback = "5s", .flags = SPD_KEY_DURATION),
};

SPD_PLUGIN(0, .name = "doorbell", .version = "1.0", .license = "MIT",
           .summary = "rings when a print is finished", .keys = keys,
           .key_count = SPD_COUNT(keys), .conf_size = sizeof(struct conf),
           .start = start, .stop = stop);
