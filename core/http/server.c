/* libmicrohttpd on our loop: its descriptor is watched, its time-outs are a
 * timer, and connections are accepted by ourselves. */
#include "http/http.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/http_internal.h"

enum {
    /* Bounds a head.  libmicrohttpd clears half of it for each request: with
     * 32 KiB a small answer takes a twentieth longer. */
    CONNECTION_MEMORY_BYTES = 16 * 1024,
    IDLE_SECONDS = 60, /* kept alive, or a reader that does not read */
    DRAIN_TURNS = 5000,
};
static const int64_t DRAIN_MS = 5000;

/* -- turning -- */

static void set_timer(struct http *http)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;
    if (MHD_get_timeout(http->daemon, &wait_ms) != MHD_YES) {
        timer_stop(http->timer);
        return;
    }
    /* Most turns change nothing: a timer that fires early does no harm. */
    int64_t due_ms = http->now_ms + (int64_t)wait_ms;
    if (timer_is_set(http->timer) && http->timer_due_ms <= due_ms)
        return;
    http->timer_due_ms = due_ms;
    timer_set(http->timer, (int64_t)wait_ms, 0);
}

static void run(void *arg)
{
    struct http *http = arg;
    http->now_ms = loop_now_ms(http->loop);
    MHD_run(http->daemon);
    set_timer(http);
}

static void on_ready(void *arg, bool readable, bool writable)
{
    (void)readable, (void)writable;
    run(arg);
}

void http_wake(struct http *http)
{
    loop_after_turn(http->loop, &http->after);
}

static void on_accepted(void *arg, const struct connection_seen *seen)
{
    struct http *http = arg;
    http->now_ms = loop_now_ms(http->loop);
    MHD_add_connection(http->daemon, seen->fd, seen->address,
                       seen->address_size);
    if (http->counts.connections >= http->options.max_connections)
        listener_pause(http->listener);
    http_wake(http);
}

/* -- building -- */

static void fill_defaults(struct http_options *options)
{
    if (options->max_body_bytes == 0)
        options->max_body_bytes = JSON_MAX_BYTES;
    if (options->max_upload_bytes == 0)
        options->max_upload_bytes = INT64_C(4) << 30;
    if (options->max_connections == 0)
        options->max_connections = 1024;
    if (options->max_per_address == 0)
        options->max_per_address = 256;
    if (options->max_streams == 0)
        options->max_streams = 64;
    if (options->head_timeout_ms == 0)
        options->head_timeout_ms = 10 * 1000;
    if (options->body_timeout_ms == 0)
        options->body_timeout_ms = 30 * 1000;
}

/* Addresses are decoded once, by url_read. */
static size_t leave_escaped(void *arg, struct MHD_Connection *connection,
                            char *text)
{
    (void)arg, (void)connection;
    return strlen(text);
}

static struct MHD_Daemon *daemon_new(struct http *http)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0,
        NULL, NULL, on_request, http, MHD_OPTION_URI_LOG_CALLBACK,
        on_request_line, http, MHD_OPTION_NOTIFY_COMPLETED, on_request_end,
        http, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_CONNECTION_LIMIT, http->options.max_connections,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, http->options.max_per_address,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}

static bool start_daemon(struct http *http, struct spd_error *err)
{
    http->daemon = daemon_new(http);
    if (http->daemon == NULL) {
        error_set(err, SPD_EIO, "cannot start libmicrohttpd: %s",
                  strerror(errno));
        return false;
    }
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    http->watch =
        watch_new(http->loop, info->epoll_fd, true, false, on_ready, http);
    http->timer = timer_new(http->loop, run, http);
    return true;
}

static bool start_listening(struct http *http, struct spd_error *err)
{
    http->listener =
        listener_new(http->loop, http->options.listen, on_accepted, http, err);
    if (http->listener == NULL)
        return false;
    snprintf(http->url, sizeof(http->url), "http://%s",
             listener_address(http->listener));
    log_info("http", "listening on %s", http->url);
    return true;
}

struct http *http_new(struct loop *loop, struct ops *ops, struct store *store,
                      const struct http_options *options, struct spd_error *err)
{
    assert(options->admit != NULL && options->is_set_up != NULL);
    struct http *http = mem_new(sizeof(*http));
    http->loop = loop;
    http->ops = ops;
    http->store = store;
    http->options = *options;
    fill_defaults(&http->options);
    http->after = (struct loop_after){ .fn = run, .arg = http };
    crypt_random(&http->next_request_id, sizeof(http->next_request_id));
    peers_init(http);
    http->streams = streams_new(http);
    if (start_daemon(http, err) && start_listening(http, err))
        return http;
    http_free(http);
    return NULL;
}

/* -- ending -- */

/* What is under way may take a moment: the loop turns for it. */
static void drain(struct http *http)
{
    int64_t until_ms = loop_now_ms(http->loop) + DRAIN_MS;
    for (int i = 0; i < DRAIN_TURNS && http->requests != NULL &&
                    loop_now_ms(http->loop) < until_ms;
         i++)
        loop_turn(http->loop, 10);
}

/* libmicrohttpd must not be stopped with anything suspended. */
static void cut_off_the_rest(struct http *http)
{
    for (struct request *r = http->requests; r != NULL; r = r->next) {
        if (!r->suspended)
            continue;
        if (r->stage == STAGE_CALL) {
            request_refuse(r, REFUSE_UNAVAILABLE, "the server is stopping");
            reply_set_refusal(r);
        }
        request_resume(r);
    }
    if (http->requests != NULL)
        MHD_run(http->daemon);
}

static void stop_daemon(struct http *http)
{
    if (http->daemon == NULL)
        return;
    streams_end(http->streams);
    drain(http);
    cut_off_the_rest(http);
    watch_free(http->watch);
    timer_free(http->timer);
    MHD_stop_daemon(http->daemon);
    loop_after_cancel(http->loop, &http->after);
}

void http_free(struct http *http)
{
    if (http == NULL)
        return;
    http->stopping = true;
    listener_free(http->listener);
    http->listener = NULL;
    stop_daemon(http);
    assert(http->requests == NULL);
    streams_free(http->streams);
    requests_free_spare(http);
    peers_fini(http);
    free(http);
}

const char *http_url(const struct http *http)
{
    return http->url;
}

struct http_counts http_counts(const struct http *http)
{
    struct http_counts counts = http->counts;
    counts.streams = (int64_t)streams_count(http->streams);
    return counts;
}
