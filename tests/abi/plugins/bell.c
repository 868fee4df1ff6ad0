/* A plugin that keeps every rule, and uses every table it is given. */
#include <stdlib.h>
#include <string.h>

#include <spoold/plugin.h>

struct bell_conf {
    const char *sound;
    int64_t pause; /* milliseconds */
    bool loud;
    double volume;
    const char *password;
};

struct bell {
    spd_metric *rings;
    spd_timer *timer;
    spd_call *waiting; /* bell.wait, until the timer rings */
    int64_t ticks, posts, works, events, durable_events;
    int64_t fetched_status, result;
};

#define STRING(text) ((spd_str){ (text), sizeof(text) - 1 })

static struct bell *bell_of(spd_plugin *self)
{
    return self->state;
}

/* -- operations -- */

static void ring(spd_plugin *self, spd_call *call, const spd_json *args)
{
    const struct spd_json_api *json = self->host->json;
    const struct bell_conf *conf = self->conf;
    self->host->metric->add(bell_of(self)->rings, 1);
    spd_jsonw *w = json->writer();
    json->begin(w, NULL, SPD_JSON_OBJECT);
    json->put_int(w, "door", json->as_int(json->member(args, "door"), -1));
    json->put_int(w, "times", json->as_int(json->member(args, "times"), 1));
    spd_str sound = { conf->sound, strlen(conf->sound) };
    json->put_str(w, "sound", json->as_str(json->member(args, "sound"), sound));
    json->end(w);
    self->host->ops->reply(call, w);
    json->writer_free(w);
}

static void refuse(spd_plugin *self, spd_call *call, const spd_json *args)
{
    (void)args;
    struct spd_error err = { SPD_ENOTFOUND, "there is no such bell" };
    self->host->ops->fail(call, &err);
}

static void wait(spd_plugin *self, spd_call *call, const spd_json *args)
{
    (void)args;
    bell_of(self)->waiting = call;
    self->host->loop->timer_set(bell_of(self)->timer, 100, 0);
}

static void report(spd_plugin *self, spd_call *call, const spd_json *args)
{
    (void)args;
    const struct spd_json_api *json = self->host->json;
    const struct bell *bell = self->state;
    const struct bell_conf *conf = self->conf;
    spd_jsonw *w = json->writer();
    json->begin(w, NULL, SPD_JSON_OBJECT);
    json->put_int(w, "ticks", bell->ticks);
    json->put_int(w, "posts", bell->posts);
    json->put_int(w, "works", bell->works);
    json->put_int(w, "events", bell->events);
    json->put_int(w, "durable_events", bell->durable_events);
    json->put_int(w, "fetched_status", bell->fetched_status);
    json->put_int(w, "result", bell->result);
    json->put_int(w, "pause", conf->pause);
    json->put_bool(w, "loud", conf->loud);
    json->put_real(w, "volume", conf->volume);
    json->end(w);
    self->host->ops->reply(call, w);
    json->writer_free(w);
}

/* Remember how often, in the store. */
static spd_err count_up(spd_txn *txn, void *arg)
{
    spd_plugin *self = arg;
    const struct spd_store_api *store = self->host->store;
    spd_str old = { 0 };
    store->get(txn, STRING("count"), &old);
    char now[12] = { 0 };
    size_t len = old.len < sizeof(now) - 1 ? old.len : 0;
    memcpy(now, old.ptr == NULL ? "" : old.ptr, len);
    now[len++] = '|';
    return store->put(txn, STRING("count"), (spd_str){ now, len });
}

struct counted {
    spd_plugin *self;
    size_t count;
};

static spd_err read_count(spd_txn *txn, void *arg)
{
    struct counted *counted = arg;
    spd_str value = { 0 };
    spd_err rc = counted->self->host->store->get(txn, STRING("count"), &value);
    counted->count = value.len;
    return rc;
}

static void keep(spd_plugin *self, spd_call *call, const spd_json *args)
{
    (void)args;
    struct spd_error err = { 0 };
    struct counted counted = { self, 0 };
    if (self->host->store->write(self, count_up, self, &err) != SPD_OK ||
        self->host->store->read(self, read_count, &counted, &err) != SPD_OK) {
        self->host->ops->fail(call, &err);
        return;
    }
    spd_jsonw *w = self->host->json->writer();
    self->host->json->begin(w, NULL, SPD_JSON_OBJECT);
    self->host->json->put_int(w, "kept", (int64_t)counted.count);
    self->host->json->end(w);
    self->host->ops->reply(call, w);
    self->host->json->writer_free(w);
}

static void on_result(spd_plugin *self, void *arg, const spd_json *result,
                      const struct spd_error *err)
{
    (void)arg;
    const struct spd_json_api *json = self->host->json;
    bell_of(self)->result =
        err == NULL ? json->as_int(json->member(result, "times"), -1)
                    : -(int64_t)err->code;
}

static void on_fetched(spd_plugin *self, void *arg, int status, spd_str body,
                       const struct spd_error *err)
{
    (void)arg;
    (void)body;
    bell_of(self)->fetched_status = err == NULL ? status : -(int64_t)err->code;
}

static void on_post(spd_plugin *self, void *arg)
{
    (void)arg;
    bell_of(self)->posts++;
}

static spd_err work(void *arg, struct spd_error *err)
{
    (void)arg;
    (void)err;
    return SPD_OK;
}

static void on_worked(spd_plugin *self, void *arg,
                      const struct spd_error *outcome)
{
    (void)arg;
    bell_of(self)->works += outcome->code == SPD_OK ? 1 : 1000;
}

/* Start one of everything that ends later. */
static void busy(spd_plugin *self, spd_call *call, const spd_json *args)
{
    (void)args;
    const struct spd_json_api *json = self->host->json;
    spd_jsonw *w = json->writer();
    json->begin(w, NULL, SPD_JSON_OBJECT);
    json->put_int(w, "door", 7);
    json->put_int(w, "times", 3);
    json->end(w);
    struct spd_work row = { .run = work, .done = on_worked };
    struct spd_fetch fetch = { .method = "GET",
                               .url = "http://127.0.0.1:9/",
                               .done = on_fetched };
    if (self->host->loop->post(self, on_post, NULL) != SPD_OK ||
        spd_submit(self, &row) != SPD_OK ||
        self->host->client->fetch(self, &fetch, sizeof(fetch)) != SPD_OK ||
        self->host->ops->call(self, "bell.ring", w, on_result, NULL) !=
            SPD_OK ||
        self->host->bus->emit(self, "bell.busy", w) != SPD_OK)
        abort();
    json->writer_free(w);
    self->host->ops->reply(call, NULL);
}

static const struct spd_field ring_in[] = {
    { "door", "which door", SPD_T_INT, SPD_FIELD_REQUIRED, "1..9" },
    { "times", "how often", SPD_T_INT, SPD_FIELD_REQUIRED, "1..100" },
    { "sound", "of the bell", SPD_T_STR, 0, "ding|dong" },
    { 0 },
};

static const struct spd_op ops[] = {
    { .name = "bell.ring",
      .route = "POST /api/bell/{door}/ring",
      .doc = "Ring a bell",
      .run = ring,
      .in = ring_in,
      .role = SPD_OPERATOR },
    { .name = "bell.refuse",
      .route = "GET /api/bell/refuse",
      .doc = "Always refuse",
      .run = refuse,
      .role = SPD_VIEWER },
    { .name = "bell.wait", .doc = "Ring later", .run = wait },
    { .name = "bell.report",
      .doc = "Say what happened",
      .run = report,
      .role = SPD_VIEWER },
    { .name = "bell.keep",
      .doc = "Count in the store",
      .run = keep,
      .role = SPD_VIEWER },
    { .name = "bell.busy",
      .doc = "Start one of everything",
      .run = busy,
      .role = SPD_VIEWER },
};

/* -- events, timer, life -- */

static void on_event(spd_plugin *self, int64_t seq, const char *topic,
                     const spd_json *payload)
{
    (void)seq;
    const struct spd_json_api *json = self->host->json;
    if (strcmp(topic, "bell.busy") == 0 &&
        json->as_int(json->member(payload, "door"), 0) == 7)
        bell_of(self)->events++;
}

static void on_durable_event(spd_plugin *self, int64_t seq, const char *topic,
                             const spd_json *payload)
{
    (void)topic;
    (void)payload;
    bell_of(self)->durable_events++;
    self->host->bus->done(self, "all", seq);
}

static const struct spd_subscription subscriptions[] = {
    { "bell.*", NULL, on_event },
    { "bell.busy", "all", on_durable_event },
};

static void on_timer(spd_plugin *self, void *arg)
{
    (void)arg;
    struct bell *bell = self->state;
    bell->ticks++;
    if (bell->waiting != NULL)
        self->host->ops->reply(bell->waiting, NULL);
    bell->waiting = NULL;
}

static spd_err start(spd_plugin *self, struct spd_error *err)
{
    (void)err;
    struct bell *bell = calloc(1, sizeof(*bell));
    if (bell == NULL)
        return SPD_ENOMEM;
    self->state = bell;
    bell->rings = self->host->metric->counter(self, "rings", "bells rung");
    bell->timer = self->host->loop->timer_new(self, on_timer, NULL);
    spd_err rc = spd_ops(self, ops, SPD_COUNT(ops));
    if (rc == SPD_OK)
        rc = spd_subscribe(self, subscriptions, SPD_COUNT(subscriptions));
    if (rc != SPD_OK)
        free(bell);
    spd_log(self, SPD_INFO, "the bell hangs");
    return rc;
}

static spd_err reconfigure(spd_plugin *self, struct spd_error *err)
{
    static const struct spd_error too_loud = { SPD_EINVAL, "that is too loud" };
    const struct bell_conf *conf = self->conf;
    if (conf->volume <= 10)
        return SPD_OK;
    *err = too_loud;
    return SPD_EINVAL;
}

static void stop(spd_plugin *self)
{
    spd_log(self, SPD_INFO, "the bell is taken down");
    free(self->state);
}

static const struct spd_key keys[] = {
    SPD_KEY(struct bell_conf, sound, .doc = "of the bell", .fallback = "ding"),
    SPD_KEY(struct bell_conf, pause, .doc = "between rings", .fallback = "2s",
            .flags = SPD_KEY_DURATION),
    SPD_KEY(struct bell_conf, loud, .doc = "can all hear it"),
    SPD_KEY(struct bell_conf, volume, .doc = "how loud", .fallback = "0.5"),
    SPD_KEY(struct bell_conf, password, .doc = "to ring it",
            .flags = SPD_KEY_REQUIRED | SPD_KEY_SECRET),
};

SPD_PLUGIN(0, .name = "bell", .version = "1.2", .license = "MIT",
           .summary = "rings", .keys = keys, .key_count = SPD_COUNT(keys),
           .conf_size = sizeof(struct bell_conf), .start = start,
           .reconfigure = reconfigure, .stop = stop);
