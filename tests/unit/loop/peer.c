#include "peer.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

enum { MAX_CONNECTIONS = 16, MAX_REPLIES = 8 };

struct connection {
    int fd; /* < 0: none */
    struct buf in;
};

struct peer {
    const char *replies[MAX_REPLIES + 1]; /* ends with NULL */
    pthread_t thread;
    int listener, port, stop[2];
    int requests, connections;
    struct connection open[MAX_CONNECTIONS];
    struct buf heard;
};

static void hang_up(struct connection *connection)
{
    close(connection->fd);
    connection->fd = -1;
    buf_fini(&connection->in);
}

static const char *next_reply(struct peer *peer)
{
    int last = 0;
    while (peer->replies[last + 1] != NULL)
        last++;
    int i = peer->requests < last ? peer->requests : last;
    return peer->replies[i];
}

static void answer(struct peer *peer, struct connection *connection)
{
    const char *reply = next_reply(peer);
    peer->requests++;
    bool cut = strncmp(reply, "CUT", 3) == 0;
    reply += cut ? 3 : 0;
    size_t len = strlen(reply);
    while (len > 0) {
        ssize_t sent = send(connection->fd, reply, len, MSG_NOSIGNAL);
        if (sent <= 0)
            break;
        reply += sent;
        len -= (size_t)sent;
    }
    if (cut || len > 0)
        hang_up(connection);
}

/* The bytes of the whole request, or 0 while some are missing.  What begins
 * with no letter (a TLS hello) has no end that we know: it is answered. */
static size_t request_bytes(struct buf *in)
{
    if (in->ptr[0] < 'A')
        return in->len;
    buf_put_char(in, '\0');
    in->len--;
    const char *end = strstr(in->ptr, "\r\n\r\n");
    if (end == NULL)
        return 0;
    size_t bytes = (size_t)(end - in->ptr) + 4;
    const char *length = strcasestr(in->ptr, "content-length:");
    if (length != NULL && length < end)
        bytes += strtoul(length + strlen("content-length:"), NULL, 10);
    return in->len >= bytes ? bytes : 0;
}

static void hear(struct peer *peer, struct connection *connection)
{
    ssize_t got =
        recv(connection->fd, buf_room(&connection->in, 65536), 65536, 0);
    if (got <= 0) {
        hang_up(connection);
        return;
    }
    connection->in.len += (size_t)got;
    if (request_bytes(&connection->in) == 0)
        return;
    buf_put(&peer->heard, buf_str(&connection->in));
    buf_clear(&connection->in);
    answer(peer, connection);
}

static void welcome(struct peer *peer)
{
    int fd = accept(peer->listener, NULL, NULL);
    int place = 0;
    while (place < MAX_CONNECTIONS && peer->open[place].fd >= 0)
        place++;
    assert(fd >= 0 && place < MAX_CONNECTIONS);
    peer->open[place].fd = fd;
    peer->connections++;
}

static void *serve(void *arg)
{
    struct peer *peer = arg;
    struct pollfd polls[MAX_CONNECTIONS + 2];
    for (;;) {
        for (int i = 0; i < MAX_CONNECTIONS; i++)
            polls[i] = (struct pollfd){ peer->open[i].fd, POLLIN, 0 };
        polls[MAX_CONNECTIONS] = (struct pollfd){ peer->listener, POLLIN, 0 };
        polls[MAX_CONNECTIONS + 1] =
            (struct pollfd){ peer->stop[0], POLLIN, 0 };
        poll(polls, MAX_CONNECTIONS + 2, -1);
        if (polls[MAX_CONNECTIONS + 1].revents != 0)
            return NULL;
        for (int i = 0; i < MAX_CONNECTIONS; i++)
            if (polls[i].fd >= 0 && polls[i].revents != 0)
                hear(peer, &peer->open[i]);
        if (polls[MAX_CONNECTIONS].revents != 0)
            welcome(peer);
    }
}

struct peer *peer_start(const char *const *replies)
{
    struct peer *peer = mem_new(sizeof(*peer));
    for (int i = 0; replies[i] != NULL; i++) {
        assert(i < MAX_REPLIES);
        peer->replies[i] = replies[i];
    }
    for (int i = 0; i < MAX_CONNECTIONS; i++)
        peer->open[i].fd = -1;
    struct sockaddr_in address = { .sin_family = AF_INET };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good =
        bind(peer->listener, (struct sockaddr *)&address, size) == 0 &&
        listen(peer->listener, 16) == 0 &&
        getsockname(peer->listener, (struct sockaddr *)&address, &size) == 0 &&
        pipe(peer->stop) == 0;
    assert(good && "no server for the test");
    peer->port = ntohs(address.sin_port);
    pthread_create(&peer->thread, NULL, serve, peer);
    return peer;
}

void peer_stop(struct peer *peer)
{
    if (peer->listener < 0)
        return;
    ssize_t told = write(peer->stop[1], "x", 1);
    assert(told == 1);
    (void)told;
    pthread_join(peer->thread, NULL);
    close(peer->listener);
    peer->listener = -1;
}

int peer_port(const struct peer *peer)
{
    return peer->port;
}

const char *peer_heard(const struct peer *peer, size_t *bytes)
{
    *bytes = peer->heard.len;
    return buf_str(&peer->heard).ptr;
}

int peer_requests(const struct peer *peer)
{
    return peer->requests;
}

int peer_connections(const struct peer *peer)
{
    return peer->connections;
}

void peer_free(struct peer *peer)
{
    if (peer == NULL)
        return;
    peer_stop(peer);
    for (int i = 0; i < MAX_CONNECTIONS; i++)
        if (peer->open[i].fd >= 0)
            hang_up(&peer->open[i]);
    close(peer->stop[0]);
    close(peer->stop[1]);
    buf_fini(&peer->heard);
    free(peer);
}
