/* A request's life: head judged, body taken in, operation called, answered.
 *
 * libmicrohttpd calls on_request once with the head, once for each piece of
 * the body and then until it is given the answer.  An answer given to the
 * first of these calls ends the connection, so only refused bodies get that. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "http/http_internal.h"

enum { SPARE_REQUESTS = 64, SPARE_BUF_BYTES = 64 * 1024 };

/* -- begin and end -- */

static struct request *request_new(struct http *http)
{
    struct request *request = http->spare;
    if (request == NULL)
        request = mem_new(sizeof(*request));
    else {
        http->spare = request->next;
        http->spare_count--;
    }
    request->next = http->requests;
    request->link = &http->requests;
    if (request->next != NULL)
        request->next->link = &request->next;
    http->requests = request;
    return request;
}

static void request_free(struct request *request)
{
    url_fini(&request->url);
    buf_fini(&request->body);
    free(request);
}

/* What grew by usual requests is kept for the next ones. */
static void request_put_aside(struct request *request)
{
    struct http *http = request->http;
    *request->link = request->next;
    if (request->next != NULL)
        request->next->link = request->link;
    if (request->body.cap > SPARE_BUF_BYTES)
        buf_fini(&request->body);
    if (http->spare_count == SPARE_REQUESTS) {
        request_free(request);
        return;
    }
    memset(request, 0, offsetof(struct request, url));
    buf_clear(&request->body);
    request->next = http->spare;
    http->spare = request;
    http->spare_count++;
}

void requests_free_spare(struct http *http)
{
    while (http->spare != NULL) {
        struct request *request = http->spare;
        http->spare = request->next;
        request_free(request);
    }
}

void *on_request_line(void *arg, const char *url,
                      struct MHD_Connection *connection)
{
    struct http *http = arg;
    struct request *request = request_new(http);
    request->http = http;
    request->connection = connection;
    request->peer =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
            ->socket_context;
    request->began_ms = http->now_ms;
    request->raw_url = str_of(url);
    request->url_fault = url_read(&request->url, request->raw_url);
    return request;
}

void on_request_end(void *arg, struct MHD_Connection *connection,
                    void **context, enum MHD_RequestTerminationCode why)
{
    (void)connection, (void)why;
    struct http *http = arg;
    struct request *request = *context;
    if (request == NULL)
        return;
    *context = NULL;
    if (request->slip != NULL)
        request->slip->request = NULL;
    body_drop(request);
    stream_end(request);
    if (request->response != NULL)
        MHD_destroy_response(request->response);
    http->counts.answered[request->status / 100]++;
    http->counts.latency_ms += http->now_ms - request->began_ms;
    peer_is_idle(request->peer);
    request_put_aside(request);
}

/* -- answering -- */

bool request_refuse(struct request *request, enum refusal refusal,
                    const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(request->sentence, sizeof(request->sentence), fmt, args);
    va_end(args);
    request->refused = true;
    request->refusal = refusal;
    return false;
}

static enum MHD_Result send_reply(struct request *request)
{
    struct MHD_Response *response = request->response;
    request->response = NULL;
    request->stage = STAGE_REPLY;
    enum MHD_Result queued = MHD_queue_response(
        request->connection, (unsigned)request->status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result send_refusal(struct request *request)
{
    reply_set_refusal(request);
    return send_reply(request);
}

void request_resume(struct request *request)
{
    if (!request->suspended)
        return;
    request->suspended = false;
    MHD_resume_connection(request->connection);
    http_wake(request->http);
}

/* -- the call -- */

static void on_done(void *arg, const struct call_result *result)
{
    struct slip *slip = arg;
    struct request *request = slip->request;
    free(slip);
    if (request == NULL)
        return;
    request->slip = NULL;
    reply_set(request, result);
    request_resume(request);
}

static bool begin_call(struct request *request)
{
    if ((request->route.op->flags & OP_EVENTS) != 0)
        return stream_begin(request);
    struct call_request call = {
        .op = request->route.op,
        .actor = request->actor,
        .idempotency_key = request->head.idempotency_key,
        .if_match = request->head.if_match,
        .done = on_done,
    };
    if (!body_end(request, &call))
        return false;
    struct raw_input raw = { 0 };
    if ((call.op->flags & OP_RAW) != 0) {
        body_raw(request, &raw);
        call.raw = &raw;
    }
    request->slip = mem_new(sizeof(*request->slip));
    request->slip->request = request;
    call.arg = request->slip;
    request->stage = STAGE_CALL;
    ops_call(request->http->ops, &call);
    return true;
}

/* -- libmicrohttpd asks -- */

static enum MHD_Result on_head(struct request *request, const char *method,
                               const char *version)
{
    request->stage = STAGE_BODY;
    request->method = str_of(method);
    peer_head_is_read(request->peer);
    head_read(&request->head, request->connection);
    if (!judge_head(request, version) || !body_begin(request))
        if (request->has_body || request->must_close)
            return send_refusal(request);
    return MHD_YES;
}

static enum MHD_Result on_piece(struct request *request, const char *data,
                                size_t *size)
{
    spd_str piece = { data, *size };
    *size = 0;
    if (body_piece(request, piece))
        return MHD_YES;
    reply_send_refusal(request);
    return MHD_NO;
}

static enum MHD_Result on_whole(struct request *request)
{
    if (request->stage == STAGE_BODY && !request->refused)
        begin_call(request);
    if (request->response != NULL)
        return send_reply(request);
    if (request->refused)
        return send_refusal(request);
    request->suspended = true;
    MHD_suspend_connection(request->connection);
    return MHD_YES;
}

enum MHD_Result on_request(void *arg, struct MHD_Connection *connection,
                           const char *url, const char *method,
                           const char *version, const char *data, size_t *size,
                           void **context)
{
    (void)arg, (void)connection, (void)url;
    struct request *request = *context;
    if (request->stage == STAGE_HEAD)
        return on_head(request, method, version);
    if (*size > 0)
        return on_piece(request, data, size);
    return on_whole(request);
}
