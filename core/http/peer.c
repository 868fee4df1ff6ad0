/* Connections, and the time they may take. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "http/http_internal.h"

/* libmicrohttpd sees the end of the stream, and ends what it was about. */
static void hang_up(struct peer *peer)
{
    shutdown(peer->fd, SHUT_RDWR);
}

/* Bytes that came in so far: only the kernel knows that a head was begun. */
static uint64_t bytes_received(const struct peer *peer)
{
    struct tcp_info info = { 0 };
    socklen_t size = sizeof(info);
    if (getsockopt(peer->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return 0;
    return info.tcpi_bytes_received;
}

/* A new connection has brought its first head in time or it is over.  One
 * that is kept alive may rest; only when a head is begun in one wait and not
 * ended by the end of the next, it is over. */
static void on_head_late(void *arg, struct wait *wait)
{
    struct http *http = arg;
    struct peer *peer =
        (struct peer *)(void *)((char *)wait -
                                offsetof(struct peer, head_wait));
    uint64_t bytes = bytes_received(peer);
    bool grew = peer->bytes_seen != 0 && bytes != peer->bytes_seen;
    if (!peer->had_request || (peer->slow && grew)) {
        hang_up(peer);
        return;
    }
    peer->slow = peer->slow || grew;
    peer->bytes_seen = bytes;
    wait_begin(&http->head_waits, wait, loop_now_ms(http->loop));
}

static void on_body_late(void *arg, struct wait *wait)
{
    (void)arg;
    struct peer *peer =
        (struct peer *)(void *)((char *)wait -
                                offsetof(struct peer, body_wait));
    hang_up(peer);
}

void peers_init(struct http *http)
{
    waits_init(&http->head_waits, http->loop, http->options.head_timeout_ms,
               on_head_late, http);
    waits_init(&http->body_waits, http->loop, http->options.body_timeout_ms,
               on_body_late, http);
}

void peers_fini(struct http *http)
{
    waits_fini(&http->head_waits);
    waits_fini(&http->body_waits);
}

static void peer_begin(struct http *http, struct MHD_Connection *connection,
                       void **context)
{
    struct peer *peer = mem_new(sizeof(*peer));
    peer->http = http;
    peer->fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
            ->connect_fd;
    *context = peer;
    http->counts.connections++;
    wait_begin(&http->head_waits, &peer->head_wait, http->now_ms);
}

static void peer_end(struct http *http, struct peer *peer)
{
    wait_end(&http->head_waits, &peer->head_wait);
    wait_end(&http->body_waits, &peer->body_wait);
    free(peer);
    http->counts.connections--;
    if (http->listener != NULL)
        listener_resume(http->listener);
}

void on_connection(void *arg, struct MHD_Connection *connection, void **context,
                   enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        peer_begin(arg, connection, context);
    else
        peer_end(arg, *context);
}

void peer_head_is_read(struct peer *peer)
{
    wait_end(&peer->http->head_waits, &peer->head_wait);
    peer->had_request = true;
}

void peer_is_idle(struct peer *peer)
{
    wait_end(&peer->http->body_waits, &peer->body_wait);
    peer->bytes_seen = 0;
    peer->slow = false;
    wait_begin(&peer->http->head_waits, &peer->head_wait, peer->http->now_ms);
}
