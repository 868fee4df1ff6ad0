/* bench_limit ADDRESS:PORT WORK BODY HEAD FOLDER: how fast it could be.
 *
 * A bare libmicrohttpd on a libevent loop through its epoll descriptor, one
 * thread, answering what spoold answers but without all that makes it spoold:
 * no Host, token, role, table of operations, records or journal.  WORK says
 * what is done for a request:
 *
 *   bytes  nothing: BODY goes out
 *   list   the items of the array in BODY, stored in FOLDER once, are joined
 *   keep   the request's body is parsed by cJSON and put into FOLDER; all of
 *          one turn of the loop share a synced commit; then BODY goes out
 *
 * HEAD holds the answer's header lines, "Name: value" each. */
#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <event2/event.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "limit_store.h"

enum {
    HEADERS_MAX = 32,
    GROUP_MAX = 1024,
    FILE_MAX_BYTES = 1 << 20,
    REQUEST_MAX_BYTES = 64 * 1024,
    CONNECTION_MEMORY_BYTES = 16 * 1024,
};

struct limit;

/* What is done for a request: the answer's bytes. */
typedef struct MHD_Response *work_fn(struct limit *limit);

struct text {
    char *bytes;
    size_t len;
};

struct limit {
    const struct work *work;
    struct limit_store *store;
    struct text body, head;
    struct header {
        const char *name, *value;
    } headers[HEADERS_MAX];
    size_t header_count;
    struct MHD_Daemon *daemon;
    struct event *timer;
    struct request *group[GROUP_MAX]; /* wait for the turn's commit */
    size_t group_count;
};

struct request {
    struct MHD_Connection *connection;
    struct text body;
    bool kept;
};

static void end(const char *sentence)
{
    fprintf(stderr, "bench_limit: %s\n", sentence);
    exit(EXIT_FAILURE);
}

static void *must(void *memory)
{
    if (memory == NULL)
        end("out of memory");
    return memory;
}

/* -- what each kind of work is -- */

static struct MHD_Response *answer_body(struct limit *limit)
{
    return MHD_create_response_from_buffer(limit->body.len, limit->body.bytes,
                                           MHD_RESPMEM_PERSISTENT);
}

static struct MHD_Response *answer_list(struct limit *limit)
{
    size_t len;
    char *joined = limit_store_join(limit->store, &len);
    return MHD_create_response_from_buffer(len, joined, MHD_RESPMEM_MUST_FREE);
}

static const struct work {
    const char *name;
    work_fn *answer;
    unsigned status;
    bool stores, fills, keeps;
} works[] = {
    { "bytes", answer_body, MHD_HTTP_OK, false, false, false },
    { "list", answer_list, MHD_HTTP_OK, true, true, false },
    { "keep", answer_body, MHD_HTTP_CREATED, true, false, true },
};

static const struct work *work_named(const char *name)
{
    for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++)
        if (strcmp(works[i].name, name) == 0)
            return &works[i];
    end("the work is bytes, list or keep");
    return NULL;
}

/* -- a request -- */

static void request_free(struct request *request)
{
    free(request->body.bytes);
    free(request);
}

static void on_request_end(void *arg, struct MHD_Connection *connection,
                           void **context, enum MHD_RequestTerminationCode why)
{
    (void)arg, (void)connection, (void)why;
    if (*context != NULL)
        request_free(*context);
}

static void gather(struct request *request, const char *data, size_t len)
{
    struct text *body = &request->body;
    if (body->len + len > REQUEST_MAX_BYTES)
        end("a request's body is too long");
    body->bytes = must(realloc(body->bytes, body->len + len));
    memcpy(body->bytes + body->len, data, len);
    body->len += len;
}

static enum MHD_Result send_answer(struct limit *limit, struct request *request)
{
    struct MHD_Response *response = limit->work->answer(limit);
    for (size_t i = 0; i < limit->header_count; i++)
        MHD_add_response_header(response, limit->headers[i].name,
                                limit->headers[i].value);
    enum MHD_Result queued =
        MHD_queue_response(request->connection, limit->work->status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result wait_for_commit(struct limit *limit,
                                       struct request *request)
{
    if (limit->group_count == GROUP_MAX)
        end("too many requests in one turn");
    limit->group[limit->group_count++] = request;
    MHD_suspend_connection(request->connection);
    return MHD_YES;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *size, void **context)
{
    (void)url, (void)method, (void)version;
    struct limit *limit = arg;
    struct request *request = *context;
    if (request == NULL) {
        request = must(calloc(1, sizeof(*request)));
        request->connection = connection;
        *context = request;
        return MHD_YES;
    }
    if (*size > 0) {
        gather(request, data, *size);
        *size = 0;
        return MHD_YES;
    }
    if (limit->work->keeps && !request->kept)
        return wait_for_commit(limit, request);
    return send_answer(limit, request);
}

/* -- the turn -- */

static void commit_group(struct limit *limit)
{
    limit_store_begin(limit->store);
    for (size_t i = 0; i < limit->group_count; i++) {
        const struct text *body = &limit->group[i]->body;
        cJSON *json = cJSON_ParseWithLength(body->bytes, body->len);
        if (json == NULL)
            end("a request's body is not JSON");
        cJSON_Delete(json);
        limit_store_put(limit->store, body->bytes, body->len);
    }
    limit_store_commit(limit->store);
    for (size_t i = 0; i < limit->group_count; i++) {
        limit->group[i]->kept = true;
        MHD_resume_connection(limit->group[i]->connection);
    }
    limit->group_count = 0;
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct limit *limit = arg;
    MHD_UNSIGNED_LONG_LONG wait_ms;
    MHD_run(limit->daemon);
    while (limit->group_count > 0) {
        commit_group(limit);
        MHD_run(limit->daemon);
    }
    if (MHD_get_timeout(limit->daemon, &wait_ms) != MHD_YES) {
        event_del(limit->timer);
        return;
    }
    struct timeval wait = { (time_t)(wait_ms / 1000),
                            (suseconds_t)(wait_ms % 1000 * 1000) };
    event_add(limit->timer, &wait);
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    event_base_loopbreak(arg);
}

/* -- beginning -- */

static struct text read_file(const char *path)
{
    struct text text = { must(malloc(FILE_MAX_BYTES)), 0 };
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        end("a sample cannot be opened");
    text.len = fread(text.bytes, 1, FILE_MAX_BYTES - 1, file);
    text.bytes[text.len] = '\0';
    fclose(file);
    return text;
}

static void split_head(struct limit *limit)
{
    char *rest = NULL;
    char *line = strtok_r(limit->head.bytes, "\n", &rest);
    for (; line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char *colon = strstr(line, ": ");
        if (colon == NULL || limit->header_count == HEADERS_MAX)
            end("a header line is not \"Name: value\", or they are too many");
        *colon = '\0';
        limit->headers[limit->header_count++] =
            (struct header){ line, colon + 2 };
    }
}

static int listen_on(char *address)
{
    int one = 1;
    char *colon = strrchr(address, ':');
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t size = sizeof(at);
    if (colon == NULL)
        end("the address is ADDRESS:PORT");
    *colon = '\0';
    at.sin_port = htons((uint16_t)atoi(colon + 1));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (inet_pton(AF_INET, address, &at.sin_addr) != 1 ||
        bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) != 0)
        end("cannot listen there");
    printf("READY http://%s:%d\n", address, ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static struct MHD_Daemon *daemon_new(struct limit *limit, int fd)
{
    return must(MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request,
        limit, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED,
        on_request_end, limit, MHD_OPTION_CONNECTION_LIMIT, 1024u,
        MHD_OPTION_CONNECTION_TIMEOUT, 60u, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY_BYTES, MHD_OPTION_END));
}

static void serve(struct limit *limit, char *address)
{
    limit->daemon = daemon_new(limit, listen_on(address));
    struct event_base *base = must(event_base_new());
    int fd =
        MHD_get_daemon_info(limit->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    struct event *ready =
        event_new(base, fd, EV_READ | EV_PERSIST, on_turn, limit);
    struct event *stop = evsignal_new(base, SIGTERM, on_signal, base);
    limit->timer = evtimer_new(base, on_turn, limit);
    event_add(ready, NULL);
    event_add(stop, NULL);
    event_base_dispatch(base);
    MHD_stop_daemon(limit->daemon);
    event_free(ready);
    event_free(stop);
    event_free(limit->timer);
    event_base_free(base);
}

int main(int argc, char **argv)
{
    if (argc != 6)
        end("usage: bench_limit ADDRESS:PORT bytes|list|keep BODY HEAD FOLDER");
    signal(SIGPIPE, SIG_IGN);
    struct limit limit = {
        .work = work_named(argv[2]),
        .body = read_file(argv[3]),
        .head = read_file(argv[4]),
    };
    split_head(&limit);
    if (limit.work->stores)
        limit.store = limit_store_open(argv[5]);
    if (limit.work->fills)
        limit_store_fill(limit.store, limit.body.bytes, limit.body.len);
    serve(&limit, argv[1]);
    limit_store_close(limit.store);
    free(limit.body.bytes);
    free(limit.head.bytes);
    return EXIT_SUCCESS;
}
