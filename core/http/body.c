/* The body: JSON is gathered within its bound, a file goes to the disk piece
 * by piece. */
#include "base/error.h"
#include "http/http_internal.h"

/* Fewer bytes than this do not count as progress. */
static const int64_t PROGRESS_BYTES = 4096;

static bool is_upload(const struct request *request)
{
    return (request->route.op->flags & OP_UPLOAD) != 0;
}

static bool is_raw(const struct request *request)
{
    return (request->route.op->flags & OP_RAW) != 0;
}

static bool upload_begin(struct request *request)
{
    struct spd_error err = { 0 };
    if (url_member(&request->url, "name").len == 0)
        return request_refuse(request, REFUSE_INVALID,
                              "the address must end in ?name= and the file's "
                              "name");
    request->upload = blob_begin(request->http->store, &err);
    if (request->upload != NULL)
        return true;
    return request_refuse(request, REFUSE_UNAVAILABLE, "%.190s", err.text);
}

bool body_begin(struct request *request)
{
    if (request->has_body)
        wait_begin(&request->http->body_waits, &request->peer->body_wait,
                   request->http->now_ms);
    return !is_upload(request) || upload_begin(request);
}

static void note_progress(struct request *request)
{
    if (request->body_bytes - request->body_noted_bytes < PROGRESS_BYTES)
        return;
    request->body_noted_bytes = request->body_bytes;
    wait_begin(&request->http->body_waits, &request->peer->body_wait,
               request->http->now_ms);
}

static bool upload_piece(struct request *request, spd_str piece)
{
    struct spd_error err = { 0 };
    if (blob_write(request->upload, piece, &err) == SPD_OK)
        return true;
    return request_refuse(request, REFUSE_UNAVAILABLE, "%.190s", err.text);
}

bool body_piece(struct request *request, spd_str piece)
{
    request->body_bytes += (int64_t)piece.len;
    request->http->counts.body_bytes += (int64_t)piece.len;
    if (request->body_bytes > request->body_max_bytes)
        return request_refuse(request, REFUSE_TOO_LARGE,
                              "the body is larger than the %lld bytes allowed",
                              (long long)request->body_max_bytes);
    note_progress(request);
    if (is_upload(request))
        return upload_piece(request, piece);
    buf_put(&request->body, piece);
    return true;
}

static size_t
gather_params(const struct request *request,
              struct pair out[static ROUTE_PARAMS_MAX + URL_PAIRS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < request->route.param_count; i++)
        out[count++] = request->route.params[i];
    if (is_raw(request))
        return count;
    for (size_t i = 0; i < request->url.pair_count; i++)
        out[count++] = request->url.pairs[i];
    return count;
}

static bool read_params(struct request *request, struct call_request *call)
{
    struct spd_error err = { 0 };
    struct pair pairs[ROUTE_PARAMS_MAX + URL_PAIRS_MAX];
    size_t count = gather_params(request, pairs);
    if (count == 0)
        return true;
    call->params = json_of_pairs(pairs, count, &err);
    return call->params != NULL ||
           request_refuse(request, REFUSE_INVALID, "%.190s", err.text);
}

static bool read_json(struct request *request, struct call_request *call)
{
    struct spd_error err = { 0 };
    if (request->body.len == 0 || is_raw(request))
        return true;
    call->body = json_parse(buf_str(&request->body), &err);
    return call->body != NULL || request_refuse(request, REFUSE_INVALID,
                                                "the body is not JSON: "
                                                "%.170s",
                                                err.text);
}

bool body_end(struct request *request, struct call_request *call)
{
    wait_end(&request->http->body_waits, &request->peer->body_wait);
    if (!read_json(request, call))
        return false;
    if (!read_params(request, call)) {
        json_free(call->body);
        return false;
    }
    call->upload = request->upload;
    request->upload = NULL;
    return true;
}

void body_raw(struct request *request, struct raw_input *raw)
{
    static_assert((int)URL_PAIRS_MAX <= (int)RAW_PAIRS_MAX, "a query is lost");
    raw->body = buf_str(&request->body);
    for (size_t i = 0; i < request->url.pair_count; i++)
        raw->query[raw->query_count++] = request->url.pairs[i];
    raw->header_count =
        head_list(request->connection, raw->headers, RAW_PAIRS_MAX);
}

void body_drop(struct request *request)
{
    blob_drop(request->upload);
    request->upload = NULL;
}
