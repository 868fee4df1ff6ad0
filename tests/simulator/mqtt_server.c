#include "mqtt_server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "machine.h"
#include "memory.h"
#include "mqtt_packet.h"
#include "net.h"

enum {
    PACKET_MAX = 64 * 1024,
    UNREAD_MAX = 4 * 1024 * 1024, /* reports a client left lying */
    CLIENT_ID_MAX = 128,
    TOPIC_MAX = 16 + SERIAL_MAX,
    CONNECT_WITHIN_S = 10,
};

enum connack { CONNACK_OK = 0, CONNACK_NO_ID = 2, CONNACK_BAD_CODE = 5 };

struct client {
    LIST_ENTRY(client) link;
    struct mqtt_server *server;
    struct bufferevent *stream;
    char id[CLIENT_ID_MAX];
    bool connected; /* CONNACK 0 was sent */
    bool reports;   /* listens to report */
    bool requests;  /* listens to request, where that is allowed */
    bool leaving;   /* closes when everything is written */
    bool doomed;    /* closes as soon as the loop is back */
};

LIST_HEAD(client_list, client);

struct mqtt_server {
    struct mqtt_server_setup setup;
    char address[NET_ADDRESS_MAX];
    struct evconnlistener *listener;
    SSL_CTX *context;
    struct event *reaper;
    struct client_list clients;
};

/* A client is never freed where it was being served, so that no caller up
 * the stack holds a dead one. */
static void doom(struct client *client)
{
    client->doomed = true;
    client->reports = client->requests = false;
    bufferevent_disable(client->stream, EV_READ);
    event_active(client->server->reaper, EV_TIMEOUT, 0);
}

static void client_free(struct client *client)
{
    LIST_REMOVE(client, link);
    bufferevent_free(client->stream);
    free(client);
}

static void on_reap(evutil_socket_t fd, short what, void *user)
{
    (void)fd, (void)what;
    struct mqtt_server *server = user;
    struct client *client = LIST_FIRST(&server->clients);
    while (client != NULL) {
        struct client *next = LIST_NEXT(client, link);
        if (client->doomed)
            client_free(client);
        client = next;
    }
}

static void leave(struct client *client)
{
    client->leaving = true;
    bufferevent_disable(client->stream, EV_READ);
}

static void send_bytes(struct client *client, const void *bytes, size_t len)
{
    bufferevent_write(client->stream, bytes, len);
}

static void make_topic(const struct mqtt_server *server, const char *last,
                       char out[static TOPIC_MAX])
{
    snprintf(out, TOPIC_MAX, "device/%s/%s", server->setup.machine->wire_serial,
             last);
}

static void send_message(struct client *client, const char *topic,
                         const void *payload, size_t len)
{
    uint8_t head[MQTT_HEADER_MAX + 2 + TOPIC_MAX];
    struct evbuffer *output = bufferevent_get_output(client->stream);
    if (evbuffer_get_length(output) + len > UNREAD_MAX) {
        doom(client);
        return;
    }
    size_t head_len = mqtt_write_publish(head, sizeof head, topic, len);
    send_bytes(client, head, head_len);
    send_bytes(client, payload, len);
}

void mqtt_server_publish(struct mqtt_server *server, const char *text,
                         size_t len)
{
    char topic[TOPIC_MAX];
    struct client *client;
    make_topic(server, "report", topic);
    LIST_FOREACH(client, &server->clients, link)
    if (client->reports)
        send_message(client, topic, text, len);
}

static void echo_request(struct mqtt_server *server,
                         const struct mqtt_publish *publish)
{
    char topic[TOPIC_MAX];
    struct client *client;
    make_topic(server, "request", topic);
    LIST_FOREACH(client, &server->clients, link)
    if (client->requests)
        send_message(client, topic, publish->payload.at, publish->payload.len);
}

static void take_over(struct client *client)
{
    struct client *other;
    LIST_FOREACH(other, &client->server->clients, link)
    if (other != client && other->connected && client->id[0] != '\0' &&
        strcmp(other->id, client->id) == 0)
        doom(other);
}

static uint8_t judge_connect(struct client *client,
                             const struct mqtt_connect *connect)
{
    struct machine *machine = client->server->setup.machine;
    if (connect->client_id.len >= sizeof client->id)
        return CONNACK_NO_ID;
    if (!mqtt_slice_is(connect->user, "bblp") ||
        !mqtt_slice_is(connect->password, machine->access_code))
        return CONNACK_BAD_CODE;
    const struct armed_fault *refusal =
        fault_take(&machine->faults, FAULT_REFUSE_CODE);
    return refusal != NULL ? (uint8_t)refusal->value : CONNACK_OK;
}

static void set_keepalive(struct client *client, uint16_t keepalive_s)
{
    /* One and a half times the keepalive. [3.1.2.10] */
    struct timeval patience = {
        .tv_sec = keepalive_s + keepalive_s / 2,
        .tv_usec = keepalive_s % 2 * 500000,
    };
    bufferevent_set_timeouts(client->stream, keepalive_s > 0 ? &patience : NULL,
                             NULL);
}

static bool on_connect(struct client *client, const struct mqtt_packet *packet)
{
    struct mqtt_connect connect;
    uint8_t answer[MQTT_ACK_BYTES];
    if (client->connected || !mqtt_parse_connect(&connect, packet))
        return false;
    uint8_t code = judge_connect(client, &connect);
    send_bytes(client, answer, mqtt_write_connack(answer, code));
    if (code != CONNACK_OK) {
        leave(client);
        return true;
    }
    if (connect.client_id.len > 0)
        memcpy(client->id, connect.client_id.at, connect.client_id.len);
    take_over(client);
    client->connected = true;
    set_keepalive(client, connect.keepalive_s);
    return true;
}

static bool on_publish(struct client *client, const struct mqtt_packet *packet)
{
    struct mqtt_server *server = client->server;
    struct mqtt_publish publish;
    uint8_t answer[MQTT_ACK_BYTES];
    char topic[TOPIC_MAX];
    if (!mqtt_parse_publish(&publish, packet) || publish.qos > 1)
        return false;
    if (publish.qos == 1)
        send_bytes(client, answer,
                   mqtt_write_id(answer, MQTT_PUBACK, publish.id));
    make_topic(server, "request", topic);
    if (!mqtt_slice_is(publish.topic, topic))
        return true;
    echo_request(server, &publish);
    server->setup.on_request(server->setup.user,
                             (const char *)publish.payload.at,
                             publish.payload.len);
    return true;
}

static bool on_subscribe(struct client *client,
                         const struct mqtt_packet *packet)
{
    const struct machine *machine = client->server->setup.machine;
    struct mqtt_filters filters;
    uint8_t answer[5 + MQTT_SUBACK_MAX];
    char report[TOPIC_MAX], request[TOPIC_MAX];
    if (!mqtt_parse_filters(&filters, packet))
        return false;
    make_topic(client->server, "report", report);
    make_topic(client->server, "request", request);
    for (size_t i = 0; i < filters.count; i++) {
        bool requests = mqtt_filter_matches(filters.filter[i], request);
        if (requests && machine->model->guards_requests)
            return false;
        client->requests |= requests;
        client->reports |= mqtt_filter_matches(filters.filter[i], report);
    }
    send_bytes(client, answer,
               mqtt_write_suback(answer, filters.id, filters.count));
    return true;
}

static bool on_unsubscribe(struct client *client,
                           const struct mqtt_packet *packet)
{
    struct mqtt_filters filters;
    uint8_t answer[MQTT_ACK_BYTES];
    char report[TOPIC_MAX];
    if (!mqtt_parse_filters(&filters, packet))
        return false;
    make_topic(client->server, "report", report);
    for (size_t i = 0; i < filters.count; i++)
        if (mqtt_filter_matches(filters.filter[i], report))
            client->reports = false;
    send_bytes(client, answer,
               mqtt_write_id(answer, MQTT_UNSUBACK, filters.id));
    return true;
}

static bool on_ping(struct client *client, const struct mqtt_packet *packet)
{
    static const uint8_t answer[] = { MQTT_PINGRESP << 4, 0 };
    send_bytes(client, answer, sizeof answer);
    return packet->body.len == 0;
}

static bool on_puback(struct client *client, const struct mqtt_packet *packet)
{
    (void)client; /* nothing is sent that wants one */
    return packet->body.len == 2;
}

/* False: the connection is not worth keeping. */
static bool serve(struct client *client, const struct mqtt_packet *packet)
{
    static bool (*const handlers[16])(struct client *,
                                      const struct mqtt_packet *) = {
        [MQTT_CONNECT] = on_connect,         [MQTT_PUBLISH] = on_publish,
        [MQTT_PUBACK] = on_puback,           [MQTT_SUBSCRIBE] = on_subscribe,
        [MQTT_UNSUBSCRIBE] = on_unsubscribe, [MQTT_PINGREQ] = on_ping,
    };
    if (handlers[packet->type] == NULL) /* DISCONNECT comes here too */
        return false;
    if (!client->connected && packet->type != MQTT_CONNECT)
        return false;
    return handlers[packet->type](client, packet);
}

static void on_read(struct bufferevent *stream, void *user)
{
    struct client *client = user;
    struct evbuffer *input = bufferevent_get_input(stream);
    while (!client->doomed && !client->leaving) {
        struct mqtt_packet packet;
        size_t used, len = evbuffer_get_length(input);
        if (len == 0)
            return;
        enum mqtt_verdict verdict = mqtt_packet_parse(
            &packet, &used, evbuffer_pullup(input, -1), len, PACKET_MAX);
        if (verdict == MQTT_MORE)
            return;
        if (verdict == MQTT_BAD || !serve(client, &packet)) {
            doom(client);
            return;
        }
        evbuffer_drain(input, used);
    }
}

static void on_written(struct bufferevent *stream, void *user)
{
    (void)stream;
    struct client *client = user;
    if (client->leaving)
        doom(client);
}

static void on_event(struct bufferevent *stream, short what, void *user)
{
    (void)stream;
    if ((what & BEV_EVENT_CONNECTED) == 0)
        doom(user);
}

static size_t count(const struct mqtt_server *server)
{
    size_t clients = 0;
    struct client *client;
    LIST_FOREACH(client, &server->clients, link)
    clients += !client->doomed;
    return clients;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *address, int len, void *user)
{
    (void)listener, (void)address, (void)len;
    struct mqtt_server *server = user;
    SSL *ssl = NULL;
    if (count(server) < server->setup.machine->model->max_clients)
        ssl = SSL_new(server->context);
    if (ssl == NULL) {
        evutil_closesocket(fd);
        return;
    }
    struct client *client = mem_new(1, sizeof *client);
    client->server = server;
    client->stream = bufferevent_openssl_socket_new(server->setup.base, fd, ssl,
                                                    BUFFEREVENT_SSL_ACCEPTING,
                                                    BEV_OPT_CLOSE_ON_FREE);
    if (client->stream == NULL) { /* it has freed the SSL and the socket */
        free(client);
        return;
    }
    LIST_INSERT_HEAD(&server->clients, client, link);
    struct timeval patience = { .tv_sec = CONNECT_WITHIN_S };
    bufferevent_set_timeouts(client->stream, &patience, NULL);
    bufferevent_setwatermark(client->stream, EV_READ, 0,
                             PACKET_MAX + MQTT_HEADER_MAX);
    bufferevent_setcb(client->stream, on_read, on_written, on_event, client);
    bufferevent_enable(client->stream, EV_READ | EV_WRITE);
}

struct mqtt_server *mqtt_server_new(const struct mqtt_server_setup *setup)
{
    struct mqtt_server *server = mem_new(1, sizeof *server);
    server->setup = *setup;
    snprintf(server->address, sizeof server->address, "%s", setup->address);
    LIST_INIT(&server->clients);
    server->reaper = event_new(setup->base, -1, 0, on_reap, server);
    return server;
}

void mqtt_server_free(struct mqtt_server *server)
{
    if (server == NULL)
        return;
    mqtt_server_close(server);
    on_reap(-1, 0, server);
    event_free(server->reaper);
    SSL_CTX_free(server->context);
    free(server);
}

bool mqtt_server_open(struct mqtt_server *server)
{
    server->listener = net_listen(server->setup.base, server->address,
                                  server->setup.port, false, on_accept, server);
    return server->listener != NULL;
}

void mqtt_server_drop(struct mqtt_server *server)
{
    struct client *client;
    LIST_FOREACH(client, &server->clients, link)
    doom(client);
}

void mqtt_server_close(struct mqtt_server *server)
{
    if (server->listener != NULL)
        evconnlistener_free(server->listener);
    server->listener = NULL;
    mqtt_server_drop(server);
}

void mqtt_server_set_context(struct mqtt_server *server, SSL_CTX *context)
{
    SSL_CTX_up_ref(context);
    SSL_CTX_free(server->context);
    server->context = context;
}

size_t mqtt_server_clients(const struct mqtt_server *server)
{
    size_t clients = 0;
    const struct client *client;
    LIST_FOREACH(client, &server->clients, link)
    clients += client->connected && !client->doomed;
    return clients;
}
