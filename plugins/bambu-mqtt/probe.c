#include "probe.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct lookup { /* lives with the work, so that a probe can go before it */
    struct probe *probe; /* NULL: nobody waits any more */
    char *host;
    char port[8];
    struct addrinfo *found;
};

struct probe {
    spd_plugin *self;
    struct lookup *lookup; /* while on the pool */
    struct addrinfo *addresses;
    char *sni;
    bool only_tls12, begun, connected;
    int fd;
    SSL_CTX *ctx;
    SSL *ssl;
    spd_watch *watch;
    spd_timer *timer;
    char address[PROBE_ADDRESS_CHARS];
    probe_fn *done;
    void *arg;
};

static const struct spd_loop_api *loop_of(const struct probe *p)
{
    return p->self->host->loop;
}

static void probe_free(struct probe *p)
{
    if (p->lookup != NULL)
        p->lookup->probe = NULL;
    loop_of(p)->watch_free(p->watch);
    loop_of(p)->timer_free(p->timer);
    SSL_free(p->ssl);
    SSL_CTX_free(p->ctx);
    if (p->fd >= 0)
        close(p->fd);
    if (p->addresses != NULL)
        freeaddrinfo(p->addresses);
    free(p->sni);
    free(p);
}

void probe_cancel(struct probe *probe)
{
    if (probe != NULL)
        probe_free(probe);
}

/* The probe must be gone before its owner hears of it: the owner may start
 * the next one from there. */
static void finish(struct probe *p, enum probe_end end)
{
    X509 *leaf = NULL;
    char address[PROBE_ADDRESS_CHARS];
    probe_fn *done = p->done;
    void *arg = p->arg;
    memcpy(address, p->address, sizeof(address));
    if (end == PROBE_ANSWERED) {
        leaf = SSL_get1_peer_certificate(p->ssl);
        if (leaf == NULL)
            end = PROBE_NO_TLS;
    }
    probe_free(p);
    done(arg, end, leaf, address);
    X509_free(leaf);
}

/* ------------------------------------------------------- handshake ---- */

static void on_ready(spd_plugin *self, void *arg);

static void wait_for(struct probe *p, bool readable, bool writable)
{
    loop_of(p)->watch_free(p->watch);
    p->watch =
        loop_of(p)->watch_new(p->self, p->fd, readable, writable, on_ready, p);
    if (p->watch == NULL)
        finish(p, PROBE_NO_ANSWER);
}

static void shake_hands(struct probe *p)
{
    ERR_clear_error();
    int rc = SSL_connect(p->ssl);
    int why = SSL_get_error(p->ssl, rc);
    ERR_clear_error();
    if (rc == 1)
        finish(p, PROBE_ANSWERED);
    else if (why == SSL_ERROR_WANT_READ)
        wait_for(p, true, false);
    else if (why == SSL_ERROR_WANT_WRITE)
        wait_for(p, false, true);
    else
        finish(p, PROBE_NO_TLS);
}

static bool begin_tls(struct probe *p)
{
    p->ctx = SSL_CTX_new(TLS_client_method());
    if (p->ctx == NULL)
        return false;
    /* The certificate is looked at by whoever asked. */
    SSL_CTX_set_verify(p->ctx, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_min_proto_version(p->ctx, TLS1_2_VERSION);
    if (p->only_tls12)
        SSL_CTX_set_max_proto_version(p->ctx, TLS1_2_VERSION);
    p->ssl = SSL_new(p->ctx);
    return p->ssl != NULL && SSL_set_tlsext_host_name(p->ssl, p->sni) == 1 &&
           SSL_set_fd(p->ssl, p->fd) == 1;
}

static void on_ready(spd_plugin *self, void *arg)
{
    struct probe *p = arg;
    int error = 0;
    socklen_t len = sizeof(error);
    (void)self;
    if (p->connected) {
        shake_hands(p);
        return;
    }
    if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 ||
        error != 0) {
        finish(p, PROBE_NO_ANSWER);
        return;
    }
    p->connected = true;
    if (begin_tls(p))
        shake_hands(p);
    else
        finish(p, PROBE_NO_TLS);
}

/* --------------------------------------------------------- connect ---- */

static int begin_connect(const struct addrinfo *to)
{
    int fd =
        socket(to->ai_family, to->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
               to->ai_protocol);
    if (fd < 0)
        return -1;
    if (connect(fd, to->ai_addr, to->ai_addrlen) == 0 || errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

static void connect_to_first(struct probe *p)
{
    for (const struct addrinfo *a = p->addresses; a != NULL; a = a->ai_next) {
        if (getnameinfo(a->ai_addr, a->ai_addrlen, p->address,
                        sizeof(p->address), NULL, 0, NI_NUMERICHOST) != 0)
            continue;
        p->fd = begin_connect(a);
        if (p->fd >= 0) {
            wait_for(p, false, true);
            return;
        }
    }
    finish(p, PROBE_NO_ANSWER);
}

/* ---------------------------------------------------------- lookup ---- */

static spd_err lookup_run(void *arg, struct spd_error *err) /* [pool] */
{
    struct lookup *l = arg;
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    (void)err;
    return getaddrinfo(l->host, l->port, &hints, &l->found) == 0
               ? SPD_OK
               : SPD_ENOTFOUND;
}

static void lookup_free(struct lookup *l)
{
    if (l->found != NULL)
        freeaddrinfo(l->found);
    free(l->host);
    free(l);
}

static void lookup_done(spd_plugin *self, void *arg,
                        const struct spd_error *outcome)
{
    struct lookup *l = arg;
    struct probe *p = l->probe;
    (void)self;
    if (p != NULL) {
        p->lookup = NULL;
        p->addresses = l->found;
        l->found = NULL;
        if (outcome->code == SPD_OK && p->addresses != NULL)
            connect_to_first(p);
        else
            finish(p, PROBE_NO_SUCH_NAME);
    }
    lookup_free(l);
}

static bool lookup_on_pool(struct probe *p, const char *host, const char *port)
{
    struct lookup *l = calloc(1, sizeof(*l));
    if (l == NULL)
        return false;
    struct spd_work work = { lookup_run, lookup_done, l };
    l->host = strdup(host);
    (void)snprintf(l->port, sizeof(l->port), "%s", port);
    if (l->host == NULL || spd_submit(p->self, &work) != SPD_OK) {
        lookup_free(l);
        return false;
    }
    l->probe = p;
    p->lookup = l;
    return true;
}

static bool is_waiting_for_lookup(const struct probe *p)
{
    return p->addresses == NULL;
}

/* First after no time at all: the owner must hold its probe before it is told
 * how that went, and a numeric address goes wrong at once.  Then when time is
 * up. */
static void on_timer(spd_plugin *self, void *arg)
{
    struct probe *p = arg;
    (void)self;
    if (p->begun) {
        finish(p, p->connected ? PROBE_NO_TLS : PROBE_NO_ANSWER);
        return;
    }
    p->begun = true;
    loop_of(p)->timer_set(p->timer, PROBE_TIMEOUT_MS, 0);
    if (p->fd < 0 && !is_waiting_for_lookup(p))
        connect_to_first(p);
}

static bool begin(struct probe *p, const char *host, int port)
{
    char service[8];
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_NUMERICHOST };
    (void)snprintf(service, sizeof(service), "%d", port);
    p->timer = loop_of(p)->timer_new(p->self, on_timer, p);
    if (p->timer == NULL)
        return false;
    loop_of(p)->timer_set(p->timer, 0, 0);
    return getaddrinfo(host, service, &hints, &p->addresses) == 0 ||
           lookup_on_pool(p, host, service);
}

struct probe *probe_start(spd_plugin *self, const char *host, int port,
                          const char *sni, bool only_tls12, probe_fn *done,
                          void *arg)
{
    struct probe *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return NULL;
    p->self = self;
    p->fd = -1;
    p->only_tls12 = only_tls12;
    p->done = done;
    p->arg = arg;
    p->sni = strdup(sni);
    if (p->sni == NULL || !begin(p, host, port)) {
        probe_free(p);
        return NULL;
    }
    return p;
}
