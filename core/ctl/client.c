#include "ctl/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypt.h"
#include "loop/fetch.h"

static const size_t reply_max_bytes = 64 * 1024 * 1024;
enum {
    CALL_TIMEOUT_MS = 5 * 60 * 1000,
    STREAM_HEAD_BYTES = 16 * 1024, /* enough for a refusal */
    KEY_BYTES = 16,
};

struct client {
    const struct target *target;
    struct loop *loop;
    struct fetcher *fetcher;
    /* The call under way. */
    const struct client_call *call;
    struct reply *reply;
    struct spd_error *err;
    struct timer *silence;
    bool silent; /* too long: we ended it */
    spd_err rc;
};

static void on_silence(void *arg)
{
    struct client *client = arg;
    client->silent = true;
    fetch_cancel(client->fetcher, client);
}

struct client *client_new(const struct target *target, struct spd_error *err)
{
    struct client *client = mem_new(sizeof(*client));
    client->target = target;
    client->loop = loop_new(&clock_system, err);
    if (client->loop != NULL)
        client->fetcher = fetcher_new(client->loop, err);
    if (client->fetcher == NULL) {
        client_free(client);
        return NULL;
    }
    client->silence = timer_new(client->loop, on_silence, client);
    return client;
}

void client_free(struct client *client)
{
    if (client == NULL)
        return;
    timer_free(client->silence);
    if (client->fetcher != NULL)
        fetcher_free(client->fetcher);
    if (client->loop != NULL)
        loop_free(client->loop);
    free(client);
}

void reply_fini(struct reply *reply)
{
    buf_fini(&reply->body);
    buf_fini(&reply->header);
}

bool reply_is_good(const struct reply *reply)
{
    return reply->status >= 200 && reply->status < 300;
}

/* -- what comes -- */

static bool on_body(void *arg, spd_str piece)
{
    struct client *client = arg;
    timer_set(client->silence, client->call->silence_ms, 0);
    if (client->reply->body.len + piece.len <= STREAM_HEAD_BYTES)
        buf_put(&client->reply->body, piece);
    return client->call->on_piece(client->call->arg, piece);
}

static void on_progress(void *arg, int64_t sent_bytes, int64_t total_bytes)
{
    const struct client *client = arg;
    client->call->on_progress(client->call->arg, sent_bytes, total_bytes);
}

static void on_done(void *arg, const struct fetch_reply *reply)
{
    struct client *client = arg;
    client->reply->status = reply->status;
    buf_put(&client->reply->body, reply->body);
    buf_put(&client->reply->header, reply->location);
    if (client->silent)
        client->rc = error_set(client->err, SPD_EIO, "the server fell silent");
    else if (reply->err != NULL)
        client->rc =
            error_set(client->err, reply->err->code, "%s", reply->err->text);
    loop_stop(client->loop);
}

/* -- what goes -- */

enum { HEADERS_MAX = 5 };
struct headers {
    const char *lines[HEADERS_MAX + 1];
    size_t count;
    struct arena arena;
};

static void add_header(struct headers *headers, const char *name,
                       const char *value)
{
    headers->lines[headers->count++] =
        arena_printf(&headers->arena, "%s: %s", name, value).ptr;
}

/* A request that came twice on a bad line is still done once. */
static void add_idempotency_key(struct headers *headers)
{
    unsigned char random[KEY_BYTES];
    struct buf key = { 0 };
    crypt_random(random, sizeof(random));
    hex_put(&key, random, sizeof(random));
    buf_put_char(&key, '\0');
    add_header(headers, "Idempotency-Key", key.ptr);
    buf_fini(&key);
}

static void add_headers(struct headers *headers, const struct target *target,
                        const struct client_call *call)
{
    if (target->token != NULL)
        headers->lines[headers->count++] =
            arena_printf(&headers->arena, "Authorization: Bearer %s",
                         target->token)
                .ptr;
    if (call->upload_path != NULL)
        add_header(headers, "Content-Type", "application/octet-stream");
    else if (call->body.len > 0)
        add_header(headers, "Content-Type", "application/json");
    if (call->last_event_id != NULL)
        add_header(headers, "Last-Event-ID", call->last_event_id);
    if (call->on_piece != NULL)
        add_header(headers, "Accept", "text/event-stream");
    else if (strcmp(call->method, "POST") == 0)
        add_idempotency_key(headers);
}

static void run(struct client *client, const struct client_call *call, int fd)
{
    struct headers headers = { 0 };
    add_headers(&headers, client->target, call);
    spd_str url = arena_printf(&headers.arena, "%s%s", client->target->server,
                               call->path);
    bool endless = call->on_piece != NULL || fd > 0;
    struct fetch_request request = {
        .method = call->method,
        .url = url.ptr,
        .headers = headers.lines,
        .body = call->body,
        .upload_fd = fd,
        .timeout_ms = endless ? -1 : CALL_TIMEOUT_MS,
        .max_reply_bytes = call->on_piece != NULL ? 0 : reply_max_bytes,
        .allow = FETCH_PRIVATE | FETCH_LOOPBACK,
        .ca_file = client->target->ca_file,
        .reply_header = call->reply_header,
        .on_body = call->on_piece != NULL ? on_body : NULL,
        .on_progress = call->on_progress != NULL ? on_progress : NULL,
        .done = on_done,
        .arg = client,
        .owner = client,
    };
    fetch_start(client->fetcher, &request);
    if (call->on_piece != NULL)
        timer_set(client->silence, call->silence_ms, 0);
    loop_run(client->loop);
    timer_stop(client->silence);
    arena_fini(&headers.arena);
}

spd_err client_call(struct client *client, const struct client_call *call,
                    struct reply *reply, struct spd_error *err)
{
    *reply = (struct reply){ 0 };
    int fd = 0;
    if (call->upload_path != NULL) {
        fd = open(call->upload_path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return error_set(err, SPD_EINVAL, "cannot open %s: %s",
                             call->upload_path, strerror(errno));
    }
    client->call = call;
    client->reply = reply;
    client->err = err;
    client->silent = false;
    client->rc = SPD_OK;
    run(client, call, fd);
    if (fd > 0)
        close(fd);
    return client->rc;
}

/* -- waiting -- */

static void on_waited(void *arg)
{
    loop_stop(arg);
}

void client_wait(struct client *client, int64_t ms)
{
    struct timer *timer = timer_new(client->loop, on_waited, client->loop);
    timer_set(timer, ms, 0);
    loop_run(client->loop);
    timer_free(timer);
}
