#include "ftps.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "ftps_internal.h"
#include "memory.h"

enum {
    LINE_MAX_BYTES = 1024,
    WAITING_MAX_BYTES = 4096, /* commands sent ahead during a transfer */
    SESSIONS_MAX = 8,
    IDLE_S = 300,
};

void ftp_doom(struct ftp_session *session)
{
    session->doomed = true;
    bufferevent_disable(session->control, EV_READ);
    event_active(session->server->reaper, EV_TIMEOUT, 0);
}

static void session_free(struct ftp_session *session)
{
    LIST_REMOVE(session, link);
    ftp_transfer_abort(session->transfer);
    if (session->passive != NULL)
        evconnlistener_free(session->passive);
    bufferevent_free(session->control);
    free(session);
}

static void on_reap(evutil_socket_t fd, short what, void *user)
{
    (void)fd, (void)what;
    struct ftps_server *server = user;
    struct ftp_session *session = LIST_FIRST(&server->sessions);
    while (session != NULL) {
        struct ftp_session *next = LIST_NEXT(session, link);
        if (session->doomed)
            session_free(session);
        session = next;
    }
}

void ftp_reply(struct ftp_session *session, const char *format, ...)
{
    struct evbuffer *output = bufferevent_get_output(session->control);
    va_list arguments;
    va_start(arguments, format);
    evbuffer_add_vprintf(output, format, arguments);
    va_end(arguments);
    evbuffer_add(output, "\r\n", 2);
}

static void serve(struct ftp_session *session)
{
    struct evbuffer *input = bufferevent_get_input(session->control);
    while (!session->doomed && !session->leaving && session->transfer == NULL) {
        size_t len;
        char *line = evbuffer_readln(input, &len, EVBUFFER_EOL_CRLF);
        if (line == NULL) {
            if (evbuffer_get_length(input) > LINE_MAX_BYTES)
                ftp_doom(session);
            return;
        }
        ftp_command(session, line);
        free(line);
    }
}

void ftp_session_resume(struct ftp_session *session)
{
    session->transfer = NULL;
    serve(session);
}

static void on_read(struct bufferevent *control, void *user)
{
    (void)control;
    serve(user);
}

static void on_written(struct bufferevent *control, void *user)
{
    (void)control;
    struct ftp_session *session = user;
    if (session->leaving)
        ftp_doom(session);
}

static void on_event(struct bufferevent *control, short what, void *user)
{
    struct ftp_session *session = user;
    if ((what & BEV_EVENT_CONNECTED) != 0) {
        ftp_reply(session, "220 (vsFTPd 3.0.3)");
    } else if ((what & BEV_EVENT_TIMEOUT) != 0 && session->transfer != NULL) {
        bufferevent_enable(control, EV_READ); /* busy is not idle */
    } else {
        ftp_doom(session);
    }
}

static size_t count(const struct ftps_server *server)
{
    size_t sessions = 0;
    const struct ftp_session *session;
    LIST_FOREACH(session, &server->sessions, link)
    sessions += !session->doomed;
    return sessions;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *address, int len, void *user)
{
    (void)listener, (void)address, (void)len;
    struct ftps_server *server = user;
    SSL *ssl = count(server) < SESSIONS_MAX ? SSL_new(server->context) : NULL;
    if (ssl == NULL) {
        evutil_closesocket(fd);
        return;
    }
    struct ftp_session *session = mem_new(1, sizeof *session);
    session->server = server;
    session->control = bufferevent_openssl_socket_new(
        server->setup.base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
        BEV_OPT_CLOSE_ON_FREE);
    if (session->control == NULL) {
        free(session);
        return;
    }
    LIST_INSERT_HEAD(&server->sessions, session, link);
    struct timeval idle = { .tv_sec = IDLE_S };
    bufferevent_set_timeouts(session->control, &idle, NULL);
    bufferevent_setwatermark(session->control, EV_READ, 0, WAITING_MAX_BYTES);
    bufferevent_setcb(session->control, on_read, on_written, on_event, session);
    bufferevent_enable(session->control, EV_READ | EV_WRITE);
}

struct ftps_server *ftps_new(const struct ftps_setup *setup)
{
    struct ftps_server *server = mem_new(1, sizeof *server);
    server->setup = *setup;
    snprintf(server->address, sizeof server->address, "%s", setup->address);
    LIST_INIT(&server->sessions);
    server->reaper = event_new(setup->base, -1, 0, on_reap, server);
    return server;
}

void ftps_free(struct ftps_server *server)
{
    if (server == NULL)
        return;
    ftps_close(server);
    on_reap(-1, 0, server);
    event_free(server->reaper);
    SSL_CTX_free(server->context);
    free(server);
}

bool ftps_open(struct ftps_server *server)
{
    server->listener = net_listen(server->setup.base, server->address,
                                  server->setup.port, false, on_accept, server);
    return server->listener != NULL;
}

void ftps_close(struct ftps_server *server)
{
    if (server->listener != NULL)
        evconnlistener_free(server->listener);
    server->listener = NULL;
    struct ftp_session *session;
    LIST_FOREACH(session, &server->sessions, link)
    ftp_doom(session);
}

void ftps_set_context(struct ftps_server *server, SSL_CTX *context)
{
    SSL_CTX_up_ref(context);
    SSL_CTX_free(server->context);
    server->context = context;
}

size_t ftps_clients(const struct ftps_server *server)
{
    return count(server);
}
