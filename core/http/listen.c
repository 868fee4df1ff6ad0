#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

enum { BACKLOG = 512, ACCEPTS_IN_A_TURN = 64 };
static const int64_t FIRST_BACK_OFF_MS = 50, LONGEST_BACK_OFF_MS = 2000;

struct listener {
    struct loop *loop;
    listener_fn *fn;
    void *arg;
    int fd;
    struct watch *watch;
    struct timer *back_off;
    int64_t back_off_ms; /* 0: there are descriptors */
    bool paused;
    char address[LISTENER_ADDRESS_BYTES];
};

static void set_watch(struct listener *listener)
{
    watch_set(listener->watch,
              !listener->paused && !timer_is_set(listener->back_off), false);
}

/* -- accepting -- */

static void back_off(struct listener *listener, int reason)
{
    if (listener->back_off_ms == 0)
        log_warn("http", "cannot accept connections for now: %s",
                 strerror(reason));
    int64_t longer_ms = listener->back_off_ms * 2;
    listener->back_off_ms = longer_ms == 0 ? FIRST_BACK_OFF_MS
                            : longer_ms > LONGEST_BACK_OFF_MS
                                ? LONGEST_BACK_OFF_MS
                                : longer_ms;
    timer_set(listener->back_off, listener->back_off_ms, 0);
    set_watch(listener);
}

/* A client that went away while it waited is nobody's trouble. */
static bool is_shortage(int reason)
{
    return reason == EMFILE || reason == ENFILE || reason == ENOBUFS ||
           reason == ENOMEM;
}

static bool accept_one(struct listener *listener)
{
    struct sockaddr_storage from;
    socklen_t size = sizeof(from);
    struct sockaddr *address = (struct sockaddr *)&from;
    int fd =
        accept4(listener->fd, address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (is_shortage(errno))
            back_off(listener, errno);
        return false;
    }
    listener->back_off_ms = 0;
    struct connection_seen seen = { fd, address, size };
    listener->fn(listener->arg, &seen);
    return true;
}

static void on_readable(void *arg, bool readable, bool writable)
{
    (void)readable, (void)writable;
    struct listener *listener = arg;
    for (int i = 0; i < ACCEPTS_IN_A_TURN && !listener->paused; i++)
        if (!accept_one(listener))
            return;
}

static void on_back_off_over(void *arg)
{
    set_watch(arg);
}

void listener_pause(struct listener *listener)
{
    listener->paused = true;
    set_watch(listener);
}

void listener_resume(struct listener *listener)
{
    listener->paused = false;
    set_watch(listener);
}

/* -- binding -- */

/* "[::1]:8080" in its two halves, without the brackets. */
static bool split(const char *address, char host[static 64],
                  char port[static 8])
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon == address || colon[1] == '\0' ||
        strlen(colon + 1) >= 8)
        return false;
    bool bracketed = address[0] == '[' && colon[-1] == ']';
    spd_str inside = { address + bracketed,
                       (size_t)(colon - address) - 2u * bracketed };
    if (inside.len == 0 || inside.len >= 64 ||
        (!bracketed && memchr(inside.ptr, ':', inside.len) != NULL))
        return false;
    memcpy(host, inside.ptr, inside.len);
    host[inside.len] = '\0';
    snprintf(port, 8, "%s", colon + 1);
    return true;
}

static struct addrinfo *resolve(const char *address)
{
    char host[64], port[8];
    struct addrinfo *found = NULL;
    struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
        .ai_socktype = SOCK_STREAM,
    };
    if (!split(address, host, port) ||
        getaddrinfo(host, port, &hints, &found) != 0)
        return NULL;
    return found;
}

/* Accepted sockets inherit TCP_NODELAY. */
static int bind_and_listen(const struct addrinfo *at)
{
    int one = 1;
    int fd =
        socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

static void note_address(struct listener *listener)
{
    struct sockaddr_storage own;
    socklen_t size = sizeof(own);
    char host[64], port[8];
    if (getsockname(listener->fd, (struct sockaddr *)&own, &size) != 0 ||
        getnameinfo((struct sockaddr *)&own, size, host, sizeof(host), port,
                    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    snprintf(listener->address, sizeof(listener->address),
             own.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

struct listener *listener_new(struct loop *loop, const char *address,
                              listener_fn *fn, void *arg, struct spd_error *err)
{
    struct addrinfo *at = resolve(address);
    if (at == NULL) {
        error_set(err, SPD_EINVAL,
                  "cannot listen on \"%s\": write an address and a port, such "
                  "as 127.0.0.1:8080 or [::1]:8080",
                  address);
        return NULL;
    }
    int fd = bind_and_listen(at);
    int reason = errno;
    freeaddrinfo(at);
    if (fd < 0) {
        error_set(err, SPD_EIO, "cannot listen on %s: %s%s", address,
                  strerror(reason),
                  reason == EADDRINUSE ? "; is spoold running already?" : "");
        return NULL;
    }
    struct listener *listener = mem_new(sizeof(*listener));
    *listener =
        (struct listener){ .loop = loop, .fn = fn, .arg = arg, .fd = fd };
    listener->back_off = timer_new(loop, on_back_off_over, listener);
    listener->watch = watch_new(loop, fd, true, false, on_readable, listener);
    note_address(listener);
    return listener;
}

void listener_free(struct listener *listener)
{
    if (listener == NULL)
        return;
    watch_free(listener->watch);
    timer_free(listener->back_off);
    close(listener->fd);
    free(listener);
}

const char *listener_address(const struct listener *listener)
{
    return listener->address;
}
