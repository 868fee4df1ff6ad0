#include "broker.h"

#include <errno.h>
#include <mosquitto.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MISC_EVERY_MS = 1000, PACKETS_A_TURN = 32 };

struct broker {
    spd_plugin *self;
    const struct broker_peer *peer;
    const struct broker_events *events;
    void *arg;
    struct mosquitto *line; /* NULL: none, or still being dialed */
    struct dial *dial;      /* under way on the pool */
    spd_watch *watch;
    bool watches_writes, is_up, is_lost, has_complained;
    int refused; /* what the broker answered, when it was no */
    int64_t pause_ms, begun_ms;
    size_t queued_bytes; /* published since the line was idle last */
    spd_timer *again, *misc;
};

static const struct spd_loop_api *loop_of(const struct broker *b)
{
    return b->self->host->loop;
}

static spd_err complain(struct spd_error *err, spd_err code, const char *text)
{
    err->code = code;
    (void)snprintf(err->text, sizeof(err->text), "%s", text);
    return code;
}

static const char *words_of(int rc)
{
    return rc == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(rc);
}

/* ------------------------------------------------------------ dialing - */

/* A call to a broker, on the pool: it owns the line until it is done. */
struct dial {
    struct broker *broker; /* NULL: nobody waits for it any more */
    struct mosquitto *line;
    char *host;
    int port;
};

/* Whether it answers there; never longer than its share of the time. */
static bool answers(const struct addrinfo *at, int timeout_ms)
{
    int fd =
        socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    int error = 0;
    socklen_t size = sizeof(error);
    struct pollfd ready = { fd, POLLOUT, 0 };
    bool good = connect(fd, at->ai_addr, at->ai_addrlen) == 0;
    if (!good && errno == EINPROGRESS && poll(&ready, 1, timeout_ms) == 1 &&
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0)
        good = error == 0;
    (void)close(fd);
    return good;
}

/* The library tries the first address of a name and no other unless it may
 * block: the address it is to come from tells it which kind to take. */
static const char *family_that_answers(const struct dial *d, const char **why)
{
    struct addrinfo *all = NULL;
    const char *from = NULL;
    char port[16];
    (void)snprintf(port, sizeof(port), "%d", d->port);
    int rc = getaddrinfo(
        d->host, port, &(struct addrinfo){ .ai_socktype = SOCK_STREAM }, &all);
    *why = rc != 0 ? gai_strerror(rc) : "it does not answer";
    int timeout_ms = BROKER_CONNECT_MS / 4;
    for (struct addrinfo *at = rc == 0 ? all : NULL; at != NULL;
         at = at->ai_next) {
        if (!answers(at, timeout_ms))
            continue;
        from = at->ai_family == AF_INET6 ? "::" : "0.0.0.0";
        break;
    }
    if (rc == 0)
        freeaddrinfo(all);
    return from;
}

static spd_err dial_run(void *arg, struct spd_error *err) /* [pool] */
{
    struct dial *d = arg;
    const char *why;
    const char *from = family_that_answers(d, &why);
    if (from == NULL)
        return complain(err, SPD_EIO, why);
    int rc = mosquitto_connect_bind_async(d->line, d->host, d->port,
                                          BROKER_KEEPALIVE_SECONDS, from);
    return rc > 0 ? complain(err, SPD_EIO, words_of(rc)) : SPD_OK;
}

static void dial_free(struct dial *d)
{
    mosquitto_destroy(d->line);
    free(d->host);
    free(d);
}

/* ------------------------------------------------------- up and down -- */

static void hang_up(struct broker *b)
{
    loop_of(b)->watch_free(b->watch);
    b->watch = NULL;
    if (b->dial != NULL)
        b->dial->broker = NULL;
    b->dial = NULL;
    mosquitto_destroy(b->line);
    b->line = NULL;
    b->is_up = b->is_lost = false;
    b->queued_bytes = 0;
}

static int64_t with_jitter(int64_t pause_ms)
{
    uint32_t dice = 0;
    if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) != sizeof(dice))
        dice = (uint32_t)getpid();
    return pause_ms / 2 + (int64_t)(dice % (uint32_t)(pause_ms / 2 + 1));
}

/* Said once until it is well again: a broker may be off for a week. */
static void lose(struct broker *b, const char *why)
{
    if (!b->has_complained)
        spd_log(b->self, SPD_WARN,
                "no line to the broker %s:%d: %s; trying again", b->peer->host,
                b->peer->port, why);
    b->has_complained = true;
    hang_up(b);
    loop_of(b)->timer_set(b->again, with_jitter(b->pause_ms), 0);
    b->pause_ms = b->pause_ms * 2 < BROKER_PAUSE_MOST_MS ? b->pause_ms * 2
                                                         : BROKER_PAUSE_MOST_MS;
}

static void on_ready(spd_plugin *self, void *arg);

/* The first time also for writing: that is how a connection shows itself. */
static void watch_line(struct broker *b, bool writes)
{
    int fd = mosquitto_socket(b->line);
    if (b->watch != NULL && b->watches_writes == writes)
        return;
    loop_of(b)->watch_free(b->watch);
    b->watches_writes = writes;
    b->watch = loop_of(b)->watch_new(b->self, fd, true, writes, on_ready, b);
}

/* After anything that was done to the line. */
static void settle(struct broker *b, int rc)
{
    if (b->refused != 0)
        lose(b, mosquitto_connack_string(b->refused));
    else if (rc != MOSQ_ERR_SUCCESS || b->is_lost ||
             mosquitto_socket(b->line) < 0)
        lose(b, rc != MOSQ_ERR_SUCCESS ? words_of(rc) : "it hung up");
    else {
        bool wants_write = mosquitto_want_write(b->line);
        if (!wants_write)
            b->queued_bytes = 0;
        watch_line(b, wants_write);
    }
}

static void on_ready(spd_plugin *self, void *arg)
{
    (void)self;
    struct broker *b = arg;
    int rc = mosquitto_loop_read(b->line, PACKETS_A_TURN);
    if (rc == MOSQ_ERR_SUCCESS && mosquitto_socket(b->line) >= 0)
        rc = mosquitto_loop_write(b->line, PACKETS_A_TURN);
    settle(b, rc);
}

static void on_misc(spd_plugin *self, void *arg)
{
    (void)self;
    struct broker *b = arg;
    if (b->line == NULL)
        return;
    if (!b->is_up && loop_of(b)->now_ms() - b->begun_ms > BROKER_CONNECT_MS)
        lose(b, "it does not answer");
    else
        settle(b, mosquitto_loop_misc(b->line));
}

static void dial_done(spd_plugin *self, void *arg,
                      const struct spd_error *outcome)
{
    (void)self;
    struct dial *d = arg;
    struct broker *b = d->broker;
    if (b != NULL)
        b->dial = NULL;
    if (b != NULL && outcome->code == SPD_OK) {
        b->line = d->line;
        d->line = NULL;
        watch_line(b, true);
    } else if (b != NULL) {
        lose(b, outcome->text);
    }
    dial_free(d);
}

/* ------------------------------------- what the library tells us ------ */
/* From inside of loop_read: the line must not be ended here. */

static void on_connect(struct mosquitto *line, void *arg, int answer)
{
    (void)line;
    struct broker *b = arg;
    if (answer != 0) {
        b->refused = answer;
        return;
    }
    b->is_up = true;
    b->has_complained = false;
    b->pause_ms = BROKER_PAUSE_FIRST_MS;
    spd_log(b->self, SPD_INFO, "connected to the broker %s:%d", b->peer->host,
            b->peer->port);
    (void)broker_publish(b, b->peer->will_topic, (spd_str){ "online", 6 },
                         true);
    b->events->up(b->arg);
}

static void on_disconnect(struct mosquitto *line, void *arg, int rc)
{
    (void)line, (void)rc;
    struct broker *b = arg;
    b->is_lost = true;
}

static void on_message(struct mosquitto *line, void *arg,
                       const struct mosquitto_message *m)
{
    (void)line;
    struct broker *b = arg;
    spd_str payload = { m->payload, (size_t)m->payloadlen };
    b->events->message(b->arg, (spd_str){ m->topic, strlen(m->topic) }, payload,
                       m->retain);
}

/* --------------------------------------------------------------- life - */

static int prepare(struct mosquitto *line, const struct broker_peer *peer)
{
    static const char system_trust[] = "/etc/ssl/certs";
    int rc = mosquitto_will_set(line, peer->will_topic, 7, "offline", 1, true);
    if (rc == MOSQ_ERR_SUCCESS && peer->user != NULL)
        rc = mosquitto_username_pw_set(line, peer->user, peer->password);
    if (rc == MOSQ_ERR_SUCCESS && peer->tls)
        rc = mosquitto_tls_set(line, peer->ca_file,
                               peer->ca_file == NULL ? system_trust : NULL,
                               NULL, NULL, NULL);
    mosquitto_connect_callback_set(line, on_connect);
    mosquitto_disconnect_callback_set(line, on_disconnect);
    mosquitto_message_callback_set(line, on_message);
    return rc;
}

static void begin(spd_plugin *self, void *arg)
{
    struct broker *b = arg;
    struct dial *d = calloc(1, sizeof(*d));
    if (d == NULL) {
        lose(b, "there is no memory left");
        return;
    }
    d->broker = b;
    d->port = b->peer->port;
    d->host = strdup(b->peer->host);
    d->line = mosquitto_new(b->peer->client_id, true, b);
    int rc = d->line != NULL ? prepare(d->line, b->peer) : MOSQ_ERR_NOMEM;
    b->refused = 0;
    b->begun_ms = loop_of(b)->now_ms();
    const struct spd_work work = { dial_run, dial_done, d };
    if (rc == MOSQ_ERR_SUCCESS && d->host != NULL &&
        spd_submit(self, &work) == SPD_OK) {
        b->dial = d;
        return;
    }
    dial_free(d);
    lose(b, rc != MOSQ_ERR_SUCCESS ? words_of(rc) : "too much is under way");
}

struct broker *broker_new(spd_plugin *self, const struct broker_peer *peer,
                          const struct broker_events *events, void *arg,
                          struct spd_error *err)
{
    struct broker *b = calloc(1, sizeof(*b));
    if (b == NULL || mosquitto_lib_init() != MOSQ_ERR_SUCCESS) {
        free(b);
        (void)complain(err, SPD_ENOMEM, "there is no memory left");
        return NULL;
    }
    *b = (struct broker){ .self = self,
                          .peer = peer,
                          .events = events,
                          .arg = arg,
                          .pause_ms = BROKER_PAUSE_FIRST_MS };
    b->again = self->host->loop->timer_new(self, begin, b);
    b->misc = self->host->loop->timer_new(self, on_misc, b);
    self->host->loop->timer_set(b->again, 0, 0);
    self->host->loop->timer_set(b->misc, MISC_EVERY_MS, MISC_EVERY_MS);
    return b;
}

void broker_free(struct broker *b)
{
    if (b == NULL)
        return;
    if (b->is_up) {
        (void)broker_publish(b, b->peer->will_topic, (spd_str){ "offline", 7 },
                             true);
        (void)mosquitto_disconnect(b->line);
    }
    hang_up(b);
    loop_of(b)->timer_free(b->again);
    loop_of(b)->timer_free(b->misc);
    mosquitto_lib_cleanup();
    free(b);
}

bool broker_is_up(const struct broker *b)
{
    return b->is_up && !b->is_lost;
}

bool broker_is_idle(const struct broker *b)
{
    return broker_is_up(b) && !mosquitto_want_write(b->line);
}

/* ------------------------------------------------------------ talking - */

/* The library sends at once what it can; the rest when the watch says so. */
static void watch_rest(struct broker *b)
{
    if (b->watch != NULL && mosquitto_socket(b->line) >= 0)
        watch_line(b, b->watches_writes || mosquitto_want_write(b->line));
}

spd_err broker_publish(struct broker *b, const char *topic, spd_str payload,
                       bool retain)
{
    if (!broker_is_up(b))
        return SPD_EIO;
    if (b->queued_bytes > BROKER_QUEUE_MAX_BYTES)
        return SPD_EBUSY;
    int rc = mosquitto_publish(b->line, NULL, topic, (int)payload.len,
                               payload.ptr, 0, retain);
    if (mosquitto_want_write(b->line))
        b->queued_bytes += payload.len;
    watch_rest(b);
    return rc == MOSQ_ERR_SUCCESS ? SPD_OK : SPD_EIO;
}

spd_err broker_subscribe(struct broker *b, const char *topic)
{
    if (!broker_is_up(b))
        return SPD_EIO;
    int rc = mosquitto_subscribe(b->line, NULL, topic, 0);
    watch_rest(b);
    return rc == MOSQ_ERR_SUCCESS ? SPD_OK : SPD_EIO;
}
