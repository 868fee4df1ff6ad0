#include "mqtt.h"

#include <MQTTAsync.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* paho calls back on threads of its own, and must not be destroyed from there
 * nor while a connect is under way.  So a callback only copies what it is told
 * into the connection's inbox and posts; the loop drains the inbox; and a
 * closed connection is destroyed on the pool once paho has said its last. */

enum {
    INBOX_MAX_EVENTS = 128,
    INBOX_MAX_BYTES = 1024 * 1024,
    DISCONNECT_MS = 500,
    LAST_WAIT_SECONDS = 3,
};

enum kind { CONNECTED, UP, REFUSED, DOWN, MESSAGE, DROPPED, QUIET };

struct event {
    struct event *next;
    enum kind kind;
    size_t len;
    char data[]; /* a NUL behind */
};

struct mqtt {
    struct mqtt *next;
    struct mqtt_lib *lib;
    MQTTAsync handle;
    const struct mqtt_events *events;
    void *arg;
    char *topic;

    /* The loop's alone. */
    bool closed, connecting, connected, reaping, destroyed;

    pthread_mutex_t lock; /* around the rest */
    struct event *inbox, **inbox_end;
    size_t inbox_events, inbox_bytes;
    bool posted;
    bool settled; /* the connect under way has ended, either way */
    bool quiet;   /* paho will say no more */
};

struct mqtt_lib {
    spd_plugin *self;
    struct mqtt *all;
    /* paho stops its threads with its last client and starts them with the
     * next: this one is never connected, and keeps them running. */
    MQTTAsync anchor;
};

/* ------------------------------------------------------------- inbox -- */

static void drain(spd_plugin *self, void *arg);

static struct event *event_new(enum kind kind, const void *data, size_t len)
{
    struct event *e = calloc(1, sizeof(*e) + len + 1);
    if (e == NULL)
        return NULL;
    e->kind = kind;
    e->len = len;
    if (len > 0)
        memcpy(e->data, data, len);
    return e;
}

static bool is_full(const struct mqtt *m, const struct event *e)
{
    return e->kind == MESSAGE && (m->inbox_events >= INBOX_MAX_EVENTS ||
                                  m->inbox_bytes + e->len > INBOX_MAX_BYTES);
}

static bool is_last(enum kind kind)
{
    return kind == REFUSED || kind == DOWN || kind == QUIET;
}

/* [any] Hand an event to the loop; of messages too many, only the fact. */
static void tell(struct mqtt *m, enum kind kind, const void *data, size_t len)
{
    spd_plugin *self = m->lib->self;
    struct event *e = event_new(kind, data, len);
    if (e == NULL)
        return;
    pthread_mutex_lock(&m->lock);
    m->quiet = m->quiet || is_last(kind);
    m->settled = m->settled || is_last(kind) || kind == CONNECTED;
    if (is_full(m, e)) {
        e->kind = DROPPED;
        e->len = 0;
    }
    *m->inbox_end = e;
    m->inbox_end = &e->next;
    m->inbox_events++;
    m->inbox_bytes += e->len;
    if (!m->posted)
        m->posted = self->host->loop->post(self, drain, m) == SPD_OK;
    pthread_mutex_unlock(&m->lock);
}

static struct event *inbox_take(struct mqtt *m)
{
    pthread_mutex_lock(&m->lock);
    struct event *events = m->inbox;
    m->inbox = NULL;
    m->inbox_end = &m->inbox;
    m->inbox_events = m->inbox_bytes = 0;
    pthread_mutex_unlock(&m->lock);
    return events;
}

static void events_free(struct event *e)
{
    while (e != NULL) {
        struct event *next = e->next;
        free(e);
        e = next;
    }
}

/* ------------------------------------------- paho's threads [any] ------ */

static void on_subscribed(void *context, MQTTAsync_successData *data)
{
    (void)data;
    tell(context, UP, NULL, 0);
}

static void tell_down(struct mqtt *m, const char *why)
{
    tell(m, DOWN, why, strlen(why));
}

static void on_not_subscribed(void *context, MQTTAsync_failureData *data)
{
    (void)data;
    tell_down(context, "the broker refused the subscription");
}

static void on_connected(void *context, MQTTAsync_successData *data)
{
    struct mqtt *m = context;
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    (void)data;
    options.onSuccess = on_subscribed;
    options.onFailure = on_not_subscribed;
    options.context = m;
    tell(m, CONNECTED, NULL, 0);
    if (MQTTAsync_subscribe(m->handle, m->topic, 0, &options) !=
        MQTTASYNC_SUCCESS)
        tell_down(m, "could not subscribe");
}

enum { CONNACK_BAD_PASSWORD = 4, CONNACK_NOT_AUTHORIZED = 5 };

static void on_not_connected(void *context, MQTTAsync_failureData *data)
{
    int code = data != NULL ? data->code : 0;
    const char *why = data != NULL && data->message != NULL
                          ? data->message
                          : "could not connect";
    if (code == CONNACK_BAD_PASSWORD || code == CONNACK_NOT_AUTHORIZED)
        tell(context, REFUSED, NULL, 0);
    else
        tell_down(context, why);
}

static void on_lost(void *context, char *cause)
{
    tell_down(context, cause != NULL ? cause : "the connection broke");
}

static int on_message(void *context, char *topic, int topic_len,
                      MQTTAsync_message *message)
{
    (void)topic_len;
    size_t len = message->payloadlen > 0 ? (size_t)message->payloadlen : 0;
    if (len <= MQTT_MESSAGE_MAX_BYTES)
        tell(context, MESSAGE, message->payload, len);
    else
        tell(context, DROPPED, NULL, 0);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

static void on_disconnected(void *context, MQTTAsync_successData *data)
{
    (void)data;
    tell(context, QUIET, NULL, 0);
}

static void on_not_disconnected(void *context, MQTTAsync_failureData *data)
{
    (void)data;
    tell(context, QUIET, NULL, 0);
}

/* -------------------------------------------------------- reaping ----- */

static void unlink_from_lib(struct mqtt *m)
{
    struct mqtt **at = &m->lib->all;
    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
}

static void mqtt_free(struct mqtt *m)
{
    events_free(m->inbox);
    pthread_mutex_destroy(&m->lock);
    free(m->topic);
    free(m);
}

static void mqtt_destroy(struct mqtt *m)
{
    if (m->handle != NULL)
        MQTTAsync_destroy(&m->handle); /* which makes it NULL */
}

static spd_err reap_run(void *arg, struct spd_error *err) /* [pool] */
{
    (void)err;
    mqtt_destroy(arg);
    return SPD_OK;
}

/* A drain may still be posted: then that one frees. */
static void free_unless_posted(struct mqtt *m)
{
    pthread_mutex_lock(&m->lock);
    bool posted = m->posted;
    pthread_mutex_unlock(&m->lock);
    if (posted)
        return;
    unlink_from_lib(m);
    mqtt_free(m);
}

static void reap_done(spd_plugin *self, void *arg,
                      const struct spd_error *outcome)
{
    struct mqtt *m = arg;
    (void)self, (void)outcome;
    mqtt_destroy(m); /* when it was canceled before it ran */
    m->destroyed = true;
    free_unless_posted(m);
}

static void reap(struct mqtt *m)
{
    struct spd_work work = { reap_run, reap_done, m };
    if (!m->reaping)
        m->reaping = spd_submit(m->lib->self, &work) == SPD_OK;
}

/* What could not be submitted is tried again whenever another one goes. */
static void reap_leftovers(struct mqtt_lib *lib)
{
    for (struct mqtt *m = lib->all; m != NULL; m = m->next)
        if (m->closed && !m->connecting && !m->connected)
            reap(m);
}

static void disconnect(struct mqtt *m)
{
    MQTTAsync_disconnectOptions options =
        MQTTAsync_disconnectOptions_initializer;
    options.timeout = DISCONNECT_MS;
    options.onSuccess = on_disconnected;
    options.onFailure = on_not_disconnected;
    options.context = m;
    if (MQTTAsync_disconnect(m->handle, &options) != MQTTASYNC_SUCCESS)
        tell(m, QUIET, NULL, 0);
}

/* ------------------------------------------------------ on the loop --- */

static void note(struct mqtt *m, const struct event *e)
{
    switch (e->kind) {
    case CONNECTED:
        m->connecting = false;
        m->connected = true;
        if (m->closed)
            disconnect(m);
        return;
    case REFUSED:
    case DOWN:
    case QUIET:
        m->connecting = m->connected = false;
        return;
    case UP:
    case MESSAGE:
    case DROPPED:
        return;
    }
}

static void deliver(struct mqtt *m, const struct event *e)
{
    switch (e->kind) {
    case UP:
        m->events->up(m->arg);
        return;
    case REFUSED:
        m->events->refused(m->arg);
        return;
    case DOWN:
        m->events->down(m->arg, e->data);
        return;
    case MESSAGE:
        m->events->message(m->arg, (spd_str){ e->data, e->len });
        return;
    case DROPPED:
        m->events->dropped(m->arg);
        return;
    case CONNECTED:
    case QUIET:
        return;
    }
}

static void drain(spd_plugin *self, void *arg)
{
    struct mqtt *m = arg;
    (void)self;
    pthread_mutex_lock(&m->lock);
    m->posted = false;
    pthread_mutex_unlock(&m->lock);
    struct event *events = inbox_take(m);
    for (struct event *e = events; e != NULL; e = e->next) {
        note(m, e);
        if (!m->closed)
            deliver(m, e);
    }
    events_free(events);
    if (m->destroyed)
        free_unless_posted(m);
    else if (m->closed && !m->connecting && !m->connected)
        reap(m);
}

/* ------------------------------------------------------ life ---------- */

static struct mqtt *mqtt_new(struct mqtt_lib *lib, const char *topic)
{
    struct mqtt *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return NULL;
    m->topic = strdup(topic);
    if (m->topic == NULL) {
        free(m);
        return NULL;
    }
    m->lib = lib;
    m->inbox_end = &m->inbox;
    pthread_mutex_init(&m->lock, NULL);
    return m;
}

/* Any id will do, as long as no other client of the printer has it. */
static void client_id(char *out, size_t size)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    (void)snprintf(out, size, "spoold%08lx%08lx",
                   (unsigned long)now.tv_sec & 0xFFFFFFFFul,
                   (unsigned long)now.tv_nsec);
}

static int create(MQTTAsync *handle, const struct mqtt_peer *peer)
{
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    char uri[128], id[24];
    bool v6 = strchr(peer->address, ':') != NULL;
    (void)snprintf(uri, sizeof(uri), v6 ? "ssl://[%s]:%d" : "ssl://%s:%d",
                   peer->address, peer->port);
    client_id(id, sizeof(id));
    options.MQTTVersion = MQTTVERSION_3_1_1;
    options.sendWhileDisconnected = 0;
    options.persistQoS0 = 0;
    options.restoreMessages = 0;
    return MQTTAsync_createWithOptions(
        handle, uri, id, MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
}

static int begin_connect(struct mqtt *m, const struct mqtt_peer *peer)
{
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    tls.trustStore = peer->trust_path;
    tls.disableDefaultTrustStore = 1;
    tls.enableServerCertAuth = 1;
    tls.verify = 0; /* of the name: printers have none, the pin does it */
    tls.sslVersion =
        peer->only_tls12 ? MQTT_SSL_VERSION_TLS_1_2 : MQTT_SSL_VERSION_DEFAULT;
    options.ssl = &tls;
    options.username = peer->user;
    options.password = peer->password;
    options.MQTTVersion = MQTTVERSION_3_1_1;
    options.cleansession = 1;
    options.automaticReconnect = 0;
    options.keepAliveInterval = MQTT_KEEPALIVE_SECONDS;
    options.connectTimeout = MQTT_CONNECT_SECONDS;
    options.onSuccess = on_connected;
    options.onFailure = on_not_connected;
    options.context = m;
    return MQTTAsync_connect(m->handle, &options);
}

static spd_err fail(struct spd_error *err, spd_err code, const char *text)
{
    err->code = code;
    (void)snprintf(err->text, sizeof(err->text), "%s", text);
    return code;
}

struct mqtt *mqtt_open(struct mqtt_lib *lib, const struct mqtt_peer *peer,
                       const struct mqtt_events *events, void *arg,
                       struct spd_error *err)
{
    struct mqtt *m = mqtt_new(lib, peer->topic);
    if (m == NULL || create(&m->handle, peer) != MQTTASYNC_SUCCESS)
        goto failed;
    m->events = events;
    m->arg = arg;
    if (MQTTAsync_setCallbacks(m->handle, m, on_lost, on_message, NULL) !=
            MQTTASYNC_SUCCESS ||
        begin_connect(m, peer) != MQTTASYNC_SUCCESS)
        goto failed;
    m->connecting = true;
    m->next = lib->all;
    lib->all = m;
    return m;
failed:
    if (m != NULL) {
        mqtt_destroy(m);
        mqtt_free(m);
    }
    (void)fail(err, SPD_ENOMEM, "the MQTT client could not be made");
    return NULL;
}

spd_err mqtt_publish(struct mqtt *m, const char *topic, spd_str payload)
{
    if (!m->connected || payload.len > MQTT_MESSAGE_MAX_BYTES)
        return SPD_EIO;
    return MQTTAsync_send(m->handle, topic, (int)payload.len, payload.ptr, 0, 0,
                          NULL) == MQTTASYNC_SUCCESS
               ? SPD_OK
               : SPD_EIO;
}

void mqtt_close(struct mqtt *m)
{
    if (m == NULL)
        return;
    m->closed = true;
    if (m->connected)
        disconnect(m);
    reap_leftovers(m->lib);
}

struct mqtt_lib *mqtt_lib_new(spd_plugin *self, struct spd_error *err)
{
    MQTTAsync_init_options options = MQTTAsync_init_options_initializer;
    struct mqtt_lib *lib = calloc(1, sizeof(*lib));
    options.do_openssl_init = 0; /* curl and others have done it, too */
    if (lib == NULL)
        goto failed;
    lib->self = self;
    MQTTAsync_global_init(&options);
    if (MQTTAsync_create(&lib->anchor, "tcp://127.0.0.1:1", "anchor",
                         MQTTCLIENT_PERSISTENCE_NONE,
                         NULL) != MQTTASYNC_SUCCESS)
        goto failed;
    return lib;
failed:
    free(lib);
    (void)fail(err, SPD_ENOMEM, "the MQTT library did not start");
    return NULL;
}

static bool is_quiet(struct mqtt *m)
{
    pthread_mutex_lock(&m->lock);
    bool quiet = m->quiet || (m->connecting && m->settled);
    pthread_mutex_unlock(&m->lock);
    return quiet || !(m->connecting || m->connected);
}

/* At the end there is no loop any more to wait on. */
static void wait_until_quiet(struct mqtt *m)
{
    const struct timespec pause = { 0, 10 * 1000 * 1000 };
    for (int i = 0; i < LAST_WAIT_SECONDS * 100 && !is_quiet(m); i++)
        nanosleep(&pause, NULL);
}

void mqtt_lib_free(struct mqtt_lib *lib)
{
    if (lib == NULL)
        return;
    while (lib->all != NULL) {
        struct mqtt *m = lib->all;
        lib->all = m->next;
        wait_until_quiet(m);
        mqtt_destroy(m);
        mqtt_free(m);
    }
    MQTTAsync_destroy(&lib->anchor);
    free(lib);
}
