/* What can be said of a request before its body: is it well-formed, is it
 * meant for us, what does it want, who sends it and may they, and is the body
 * one that we would take.  In this order, so that strangers learn little. */
#include <string.h>

#include "base/log.h"
#include "http/host_name.h"
#include "http/http_internal.h"

static const int64_t HOST_LOG_EVERY_MS = 60 * 1000;

static bool is_reading(const struct request *request)
{
    return str_is(request->method, "GET") || str_is(request->method, "HEAD");
}

/* A NUL byte in the line hides what stands between it and the version, which
 * libmicrohttpd keeps one byte behind the address. */
static bool judge_url(struct request *request, const char *version)
{
    const char *end = request->raw_url.ptr + request->raw_url.len;
    if (version != end + 1 || strcmp(version, "HTTP/1.1") > 0)
        return request_refuse(request, REFUSE_INVALID,
                              "the request line is not one of HTTP/1.1");
    if (request->url_fault != NULL)
        return request_refuse(request, REFUSE_INVALID, "%s",
                              request->url_fault);
    return true;
}

static bool judge_lines(struct request *request, const char *version)
{
    const struct head *head = &request->head;
    bool chunked = head->transfer_encoding.ptr != NULL;
    request->has_body = chunked || (head->content_length.len > 0 &&
                                    !str_is(head->content_length, "0"));
    const char *fault = head->fault;
    if (fault == NULL && chunked && head->content_length.ptr != NULL)
        fault = "the body's length is told in two ways";
    if (fault == NULL && chunked &&
        (!str_equal_fold(head->transfer_encoding, STR("chunked")) ||
         strcmp(version, "HTTP/1.1") != 0))
        fault = "the only transfer encoding is chunked, in HTTP/1.1";
    if (fault == NULL && request->has_body && is_reading(request))
        fault = "a request that only reads has no body";
    if (fault == NULL)
        return true;
    request->must_close = true; /* who knows where the next one begins */
    return request_refuse(request, REFUSE_INVALID, "%s", fault);
}

/* Nearly all requests name the host that the one before named. */
static bool is_our_host(struct http *http, spd_str host)
{
    if (host.len > 0 && str_is(host, http->good_host))
        return true;
    if (!host_name_is_ours(host, http->options.hosts))
        return false;
    if (host.len < sizeof(http->good_host)) {
        memcpy(http->good_host, host.ptr, host.len);
        http->good_host[host.len] = '\0';
    }
    return true;
}

static void log_host(struct http *http, spd_str host)
{
    if (http->host_logged_ms != 0 &&
        http->now_ms - http->host_logged_ms < HOST_LOG_EVERY_MS)
        return;
    http->host_logged_ms = http->now_ms;
    log_warn("http",
             "refused a request for the host \"%.*s\": add it to the allowed "
             "hosts if it is yours",
             STR_ARG(str_clip(host, 100)));
}

static bool judge_host(struct request *request)
{
    spd_str host = request->head.host;
    if (host.len == 0)
        return request_refuse(request, REFUSE_INVALID,
                              "the head lacks the line Host");
    if (is_our_host(request->http, host))
        return true;
    log_host(request->http, host);
    return request_refuse(request, REFUSE_FORBIDDEN,
                          "this server does not go by that name; its "
                          "administrator can allow it");
}

static bool judge_route(struct request *request)
{
    struct http *http = request->http;
    spd_str method = request->method;
    if (str_is(method, "HEAD"))
        method = STR("GET");
    request->route = ops_route(http->ops, method, request->url.path);
    if (request->route.op != NULL)
        return true;
    if (request->route.path_known)
        return request_refuse(request, REFUSE_METHOD,
                              "this address does not take %.16s",
                              request->method.ptr);
    return request_refuse(request, REFUSE_NOT_FOUND,
                          "there is nothing at this address");
}

static bool judge_set_up(struct request *request)
{
    const struct http *http = request->http;
    if (http->stopping)
        return request_refuse(request, REFUSE_UNAVAILABLE,
                              "the server is stopping");
    if ((request->route.op->flags & OP_PUBLIC) != 0 ||
        http->options.is_set_up(http->options.arg))
        return true;
    return request_refuse(request, REFUSE_UNAVAILABLE,
                          "the server is not set up yet: send the set-up code "
                          "to POST /api/setup");
}

/* -- who sends it -- */

static spd_str bearer_of(const struct head *head)
{
    spd_str value = head->authorization;
    if (value.ptr == NULL)
        return head->api_key;
    if (!str_equal_fold(str_cut(&value, ' '), STR("Bearer")))
        return (spd_str){ NULL, 0 };
    return str_trim(value);
}

/* "http://127.0.0.1:8080" fits the Host "127.0.0.1:8080". */
static bool is_own_origin(const struct head *head)
{
    spd_str rest = head->origin;
    str_cut(&rest, ':');
    return str_starts(rest, STR("//")) && head->host.len > 0 &&
           str_equal_fold((spd_str){ rest.ptr + 2, rest.len - 2 }, head->host);
}

/* Browsers send cookies also for pages that are not ours: such a request must
 * be told by its head to come from our own page.  Everything that speaks must
 * speak for it; for reading, silence is enough. */
static bool cookie_counts(const struct request *request)
{
    const struct head *head = &request->head;
    bool has_origin = head->origin.ptr != NULL;
    bool has_site = head->fetch_site.ptr != NULL;
    bool same_site = str_is(head->fetch_site, "same-origin");
    if (has_origin && !is_own_origin(head))
        return false;
    if (is_reading(request))
        return !has_site || same_site || str_is(head->fetch_site, "none");
    return (has_origin || has_site) && (!has_site || same_site) &&
           str_is(head->requested_with, "spoold");
}

static bool judge_credentials(struct request *request)
{
    const struct http_options *options = &request->http->options;
    struct credentials given = { .bearer = bearer_of(&request->head) };
    if (given.bearer.len == 0 && request->head.cookie.len > 0)
        given.cookie = head_cookie(&request->head, STR("spoold_session"));
    bool is_public = (request->route.op->flags & OP_PUBLIC) != 0;
    if (given.cookie.len > 0 && !cookie_counts(request)) {
        given.cookie = (spd_str){ NULL, 0 };
        if (!is_public)
            return request_refuse(request, REFUSE_FORBIDDEN,
                                  "a session is only good for requests from "
                                  "this server's own page");
    }
    bool known = (given.bearer.len > 0 || given.cookie.len > 0) &&
                 options->admit(options->arg, &given, &request->actor);
    if (!known)
        request->actor = (struct actor){ 0 };
    if (known || is_public)
        return true;
    return request_refuse(request, REFUSE_UNKNOWN_ACTOR,
                          "a valid token is needed");
}

static bool judge_role(struct request *request)
{
    const struct op *op = request->route.op;
    if (op_allows(op, &request->actor))
        return true;
    return request_refuse(request, REFUSE_FORBIDDEN,
                          "%s is for a higher role than yours", op->name);
}

/* -- the body to come -- */

static bool judge_type(struct request *request)
{
    spd_str type = request->head.content_type;
    spd_str name = str_trim(str_cut(&type, ';'));
    if (!request->has_body)
        return true;
    if ((request->route.op->flags & OP_UPLOAD) != 0) {
        if (!str_starts(name, STR("multipart/")))
            return true;
        return request_refuse(request, REFUSE_TYPE,
                              "send the file itself as the body, and its name "
                              "as ?name=");
    }
    if (str_equal_fold(name, STR("application/json")))
        return true;
    return request_refuse(request, REFUSE_TYPE,
                          "the body must be application/json");
}

static bool judge_length(struct request *request)
{
    const struct http_options *options = &request->http->options;
    bool is_file = (request->route.op->flags & OP_UPLOAD) != 0;
    request->body_max_bytes =
        is_file ? options->max_upload_bytes : options->max_body_bytes;
    if ((request->route.op->flags & OP_RAW) != 0)
        request->body_max_bytes = RAW_BODY_MAX_BYTES;
    int64_t length = 0;
    if (request->head.content_length.len > 0 &&
        !str_to_int(request->head.content_length, &length))
        length = INT64_MAX;
    if (length <= request->body_max_bytes)
        return true;
    return request_refuse(request, REFUSE_TOO_LARGE,
                          "the body is larger than the %lld bytes allowed",
                          (long long)request->body_max_bytes);
}

bool judge_head(struct request *request, const char *version)
{
    static bool (*const judges[])(struct request *) = {
        judge_host, judge_route, judge_set_up, judge_credentials,
        judge_role, judge_type,  judge_length,
    };
    if (!judge_lines(request, version) || !judge_url(request, version))
        return false;
    for (size_t i = 0; i < sizeof(judges) / sizeof(judges[0]); i++)
        if (!judges[i](request))
            return false;
    return true;
}
