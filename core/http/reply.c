/* Answers: from what an operation said, or from a refusal. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "http/http_internal.h"

static const char JSON_TYPE[] = "application/json; charset=utf-8";

/* An operation may say otherwise, except what is `fixed`. */
static const struct common {
    const char *name, *value;
    bool fixed;
} common[] = {
    { "Cache-Control", "no-store", false },
    { "X-Content-Type-Options", "nosniff", true },
    { "Content-Security-Policy",
      "default-src 'self'; frame-ancestors 'none'; object-src 'none'; "
      "base-uri 'none'",
      true },
    { "Referrer-Policy", "no-referrer", true },
};
enum { COMMON_COUNT = sizeof(common) / sizeof(common[0]) };

/* -- headers -- */

static bool has_header(const struct call_result *result, const char *name)
{
    for (size_t i = 0; result != NULL && i < result->header_count; i++)
        if (str_equal_fold(str_of(result->headers[i].name), str_of(name)))
            return true;
    return false;
}

static void add_header(struct MHD_Response *response, const char *name,
                       const char *value)
{
    if (MHD_add_response_header(response, name, value) != MHD_YES)
        log_error("http", "an answer lacks its line %s, which cannot be sent",
                  name);
}

static void add_request_id(struct request *request,
                           struct MHD_Response *response)
{
    static const char digits[] = "0123456789abcdef";
    char text[17];
    uint64_t id = request->http->next_request_id++;
    for (int i = 15; i >= 0; i--, id >>= 4)
        text[i] = digits[id & 15];
    text[16] = '\0';
    add_header(response, "X-Request-Id", text);
}

static void add_common(struct request *request, struct MHD_Response *response,
                       const struct call_result *result)
{
    for (size_t i = 0; i < COMMON_COUNT; i++)
        if (common[i].fixed || !has_header(result, common[i].name))
            add_header(response, common[i].name, common[i].value);
    add_request_id(request, response);
}

void reply_add_headers(struct request *request, struct MHD_Response *response)
{
    add_common(request, response, NULL);
}

static void add_own(struct MHD_Response *response,
                    const struct call_result *result)
{
    for (size_t i = 0; i < result->header_count; i++) {
        const struct reply_header *header = &result->headers[i];
        char *value = mem_text(header->value);
        add_header(response, header->name, value);
        free(value);
    }
}

/* -- bodies -- */

/* Takes what the buffer holds; no type: JSON. */
static struct MHD_Response *body_response(struct buf *body, const char *type)
{
    size_t len = body->len;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        len, buf_take(body), MHD_RESPMEM_MUST_FREE);
    add_header(response, "Content-Type", type == NULL ? JSON_TYPE : type);
    return response;
}

/* Only pictures are shown by a browser, and only those that hold no script. */
static bool is_picture(const char *type)
{
    static const char *const pictures[] = { "image/png", "image/jpeg",
                                            "image/webp" };
    for (size_t i = 0; i < sizeof(pictures) / sizeof(pictures[0]); i++)
        if (strcmp(type, pictures[i]) == 0)
            return true;
    return false;
}

static struct MHD_Response *file_response(const struct call_result *result)
{
    struct stat info;
    int fd = open(result->file_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        log_error("http", "cannot read the file %s: %s", result->file_path,
                  strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    struct MHD_Response *response =
        MHD_create_response_from_fd64((uint64_t)info.st_size, fd);
    const char *type = result->file_type == NULL ? "application/octet-stream"
                                                 : result->file_type;
    add_header(response, "Content-Type", type);
    if (!is_picture(type) && !has_header(result, "Content-Disposition"))
        add_header(response, "Content-Disposition", "attachment");
    return response;
}

void reply_set(struct request *request, const struct call_result *result)
{
    struct MHD_Response *response =
        result->file_path != NULL
            ? file_response(result)
            : body_response(result->body, result->file_type);
    if (response == NULL) {
        request_refuse(request, REFUSE_UNAVAILABLE,
                       "the file cannot be read now");
        reply_set_refusal(request);
        return;
    }
    request->status = result->status;
    add_common(request, response, result);
    add_own(response, result);
    request->response = response;
}

/* -- refusals -- */

static void add_allow(const struct request *request,
                      struct MHD_Response *response)
{
    static const char *const methods[] = { "GET", "POST", "PUT", "PATCH",
                                           "DELETE" };
    char allow[64] = "";
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        struct route route = ops_route(request->http->ops, str_of(methods[i]),
                                       request->url.path);
        size_t used = strlen(allow);
        if (route.op != NULL)
            snprintf(allow + used, sizeof(allow) - used, "%s%s",
                     used > 0 ? ", " : "", methods[i]);
    }
    add_header(response, "Allow", allow);
}

void reply_set_refusal(struct request *request)
{
    struct buf body = { 0 };
    refusal_write(&body, request->refusal, request->sentence);
    struct MHD_Response *response = body_response(&body, NULL);
    add_common(request, response, NULL);
    if (request->refusal == REFUSE_METHOD)
        add_allow(request, response);
    if (request->refusal == REFUSE_UNKNOWN_ACTOR)
        add_header(response, "WWW-Authenticate", "Bearer");
    request->status = refusal_status(request->refusal);
    request->response = response;
}

void reply_send_refusal(struct request *request)
{
    struct buf body = { 0 }, text = { 0 };
    refusal_write(&body, request->refusal, request->sentence);
    request->status = refusal_status(request->refusal);
    buf_printf(&text,
               "HTTP/1.1 %d Refused\r\nContent-Type: %s\r\n"
               "Content-Length: %zu\r\nX-Content-Type-Options: nosniff\r\n"
               "Connection: close\r\n\r\n%.*s",
               request->status, JSON_TYPE, body.len, STR_ARG(buf_str(&body)));
    /* Nothing was sent on this connection for this request, so a socket that
     * does not take these few bytes is one that nobody reads. */
    ssize_t sent = send(request->peer->fd, text.ptr, text.len,
                        MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent;
    buf_fini(&body);
    buf_fini(&text);
}
