/* The MQTT broker inside one printer: TLS, the access code, who listens.
 *
 * It carries bytes and refuses to know what requests and reports mean.
 * Thread: the event loop's. */
#ifndef SIM_MQTT_SERVER_H
#define SIM_MQTT_SERVER_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct machine;
struct mqtt_server;

struct mqtt_server_setup {
    struct event_base *base;
    struct machine *machine; /* borrowed for the server's life */
    const char *address;     /* copied */
    unsigned port;
    /* What a client published to this printer's request topic; borrowed. */
    void (*on_request)(void *user, const char *text, size_t len);
    void *user;
};

/* Not listening yet. */
struct mqtt_server *mqtt_server_new(const struct mqtt_server_setup *setup);
void mqtt_server_free(struct mqtt_server *server);

/* Take connections. False with errno set. */
bool mqtt_server_open(struct mqtt_server *server);

/* Refuse connections, and end those there are. */
void mqtt_server_close(struct mqtt_server *server);

/* The certificate for connections from now on; counts a reference. */
void mqtt_server_set_context(struct mqtt_server *server, SSL_CTX *context);

void mqtt_server_publish(struct mqtt_server *server, const char *text,
                         size_t len);

/* End all connections at once; safe from within a request. */
void mqtt_server_drop(struct mqtt_server *server);

/* Clients that got their CONNACK. */
size_t mqtt_server_clients(const struct mqtt_server *server);

#endif
