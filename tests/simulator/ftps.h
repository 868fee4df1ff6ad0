/* The implicit-TLS FTP server inside one printer.
 *
 * It moves files between clients and the machine's storage, and refuses to
 * know what they are for. Thread: the event loop's. */
#ifndef SIM_FTPS_H
#define SIM_FTPS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct machine;
struct ftps_server;

struct ftps_setup {
    struct event_base *base;
    struct machine *machine; /* borrowed for the server's life */
    const char *address;     /* copied */
    unsigned port;
};

/* Not listening yet. */
struct ftps_server *ftps_new(const struct ftps_setup *setup);
void ftps_free(struct ftps_server *server);

/* Take connections. False with errno set. */
bool ftps_open(struct ftps_server *server);

/* Refuse connections, and cut those there are. */
void ftps_close(struct ftps_server *server);

/* The certificate for connections from now on; counts a reference. */
void ftps_set_context(struct ftps_server *server, SSL_CTX *context);

size_t ftps_clients(const struct ftps_server *server);

#endif
