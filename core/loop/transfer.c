/* One transfer in curl's words: its options, its callbacks, its errors. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/address.h"
#include "loop/fetch_internal.h"

static const size_t REPLY_BYTES = 65536;
static const size_t REPLY_HEADER_BYTES = 65536;
static const long CONNECT_MS = 15000;

/* -- who may be talked to -- */

const char *fetch_refusal(const struct sockaddr *address, uint32_t allow)
{
    switch (address_kind(address)) {
    case ADDRESS_PUBLIC:
        return NULL;
    case ADDRESS_PRIVATE:
        return (allow & FETCH_PRIVATE) != 0
                   ? NULL
                   : "a private network, which an administrator must allow "
                     "first (allow_private)";
    case ADDRESS_LOOPBACK:
        return (allow & FETCH_LOOPBACK) != 0
                   ? NULL
                   : "this machine itself (see allow_loopback in the "
                     "configuration)";
    case ADDRESS_FORBIDDEN:
        break;
    }
    return "a place that is never talked to";
}

static bool may_talk_to(struct fetch *fetch, const struct sockaddr *address)
{
    const char *refusal = fetch_refusal(address, fetch->allow);
    if (refusal != NULL)
        error_set(&fetch->err, SPD_EINVAL,
                  "%s was not contacted: its address leads to %s", fetch->host,
                  refusal);
    return refusal == NULL;
}

static curl_socket_t on_open_socket(void *arg, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    (void)purpose;
    if (!may_talk_to(arg, &address->addr))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC,
                  address->protocol);
}

/* A connection that another request opened is used again without opening a
 * socket; that request may have been allowed more than this one. */
static int on_connected(void *arg, char *peer, char *here, int peer_port,
                        int here_port)
{
    (void)here, (void)peer_port, (void)here_port;
    struct sockaddr_in in4 = { .sin_family = AF_INET };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
    const void *address = &in4;
    if (inet_pton(AF_INET, peer, &in4.sin_addr) != 1) {
        address = &in6; /* an unreadable one stays "::", which is refused */
        (void)inet_pton(AF_INET6, peer, &in6.sin6_addr);
    }
    return may_talk_to(arg, address) ? CURL_PREREQFUNC_OK
                                     : CURL_PREREQFUNC_ABORT;
}

/* -- what comes and goes -- */

static size_t on_header(char *line, size_t one, size_t len, void *arg)
{
    (void)line, (void)one;
    struct fetch *fetch = arg;
    fetch->header_bytes += len;
    if (fetch->header_bytes <= REPLY_HEADER_BYTES)
        return len;
    error_set(&fetch->err, SPD_EIO,
              "%s answered with more than %zu bytes of headers", fetch->host,
              REPLY_HEADER_BYTES);
    return 0;
}

static size_t give_piece(struct fetch *fetch, spd_str piece)
{
    if (fetch->on_body(fetch->arg, piece))
        return piece.len;
    error_set(&fetch->err, SPD_ECANCELED, "the request to %s was cancelled",
              fetch->host);
    return CURL_WRITEFUNC_ERROR;
}

static size_t on_data(char *data, size_t one, size_t len, void *arg)
{
    (void)one;
    struct fetch *fetch = arg;
    if (fetch->is_over)
        return CURL_WRITEFUNC_ERROR;
    fetch->reply_bytes += len;
    bool is_over = fetch->max_reply_bytes > 0 &&
                   fetch->reply_bytes > fetch->max_reply_bytes;
    if (is_over && fetch->clip_reply) {
        fetch->is_clipped = true; /* enough: the rest is not waited for */
        return CURL_WRITEFUNC_ERROR;
    }
    if (is_over) {
        error_set(&fetch->err, SPD_EIO,
                  "the answer of %s is larger than the %zu bytes it may have",
                  fetch->host, fetch->max_reply_bytes);
        return CURL_WRITEFUNC_ERROR;
    }
    spd_str piece = { data, len };
    if (fetch->on_body != NULL)
        return give_piece(fetch, piece);
    buf_put(&fetch->body, piece);
    return len;
}

static size_t on_upload(char *out, size_t one, size_t len, void *arg)
{
    (void)one;
    struct fetch *fetch = arg;
    int64_t left = fetch->upload_bytes - fetch->upload_at;
    if (left == 0)
        return 0;
    if ((int64_t)len > left)
        len = (size_t)left;
    ssize_t got = pread(fetch->upload_fd, out, len, (off_t)fetch->upload_at);
    if (got > 0) {
        fetch->upload_at += got;
        return (size_t)got;
    }
    error_set(&fetch->err, SPD_EIO,
              "the file for %s could not be read to its end: %s", fetch->host,
              got == 0 ? "it became shorter" : strerror(errno));
    return CURL_READFUNC_ABORT;
}

/* A connection that had gone stale: the file is sent again from its start. */
static int on_seek(void *arg, curl_off_t offset, int origin)
{
    struct fetch *fetch = arg;
    if (origin != SEEK_SET || offset < 0 || offset > fetch->upload_bytes)
        return CURL_SEEKFUNC_FAIL;
    fetch->upload_at = offset;
    return CURL_SEEKFUNC_OK;
}

static int on_transfer(void *arg, curl_off_t down_total, curl_off_t down,
                       curl_off_t up_total, curl_off_t up)
{
    (void)down_total, (void)down;
    struct fetch *fetch = arg;
    if (fetch->is_over)
        return 1;
    if (up_total > 0 && up != fetch->told_bytes) {
        fetch->told_bytes = up;
        fetch->on_progress(fetch->arg, up, up_total);
    }
    return 0;
}

/* -- making it -- */

static bool refuse(struct fetch *fetch, const char *what)
{
    error_set(&fetch->err, SPD_EINVAL, "%s", what);
    return false;
}

static bool read_url(struct fetch *fetch, const char *url)
{
    CURLU *parts = curl_url();
    char *scheme = NULL, *host = NULL;
    bool good =
        parts != NULL && url != NULL &&
        curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    curl_easy_setopt(fetch->easy, CURLOPT_URL, url);
    fetch->host = mem_text(good ? str_of(host) : STR("the server"));
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(parts);
    return good || refuse(fetch, "not a web address; it must look like "
                                 "https://example.org/path");
}

static bool is_method(const char *method)
{
    size_t len = strlen(method);
    for (size_t i = 0; i < len; i++)
        if (!isupper((unsigned char)method[i]))
            return false;
    return len > 0 && len < 16;
}

/* Line ends in a header would begin headers of their own. */
static bool is_header(const char *line)
{
    return strpbrk(line, "\r\n") == NULL && strchr(line, ':') != NULL;
}

static bool read_headers(struct fetch *fetch, const char *const *headers)
{
    for (; headers != NULL && *headers != NULL; headers++) {
        if (!is_header(*headers))
            return refuse(fetch, "a header of the request holds a line end or "
                                 "no colon");
        fetch->headers = curl_slist_append(fetch->headers, *headers);
    }
    curl_easy_setopt(fetch->easy, CURLOPT_HTTPHEADER, fetch->headers);
    return true;
}

static bool open_upload(struct fetch *fetch, int fd)
{
    struct stat info;
    fetch->upload_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (fetch->upload_fd < 0 || fstat(fetch->upload_fd, &info) != 0 ||
        !S_ISREG(info.st_mode))
        return refuse(fetch, "only a file that is open for reading can be "
                             "sent");
    fetch->upload_bytes = info.st_size;
    curl_easy_setopt(fetch->easy, CURLOPT_READFUNCTION, on_upload);
    curl_easy_setopt(fetch->easy, CURLOPT_READDATA, fetch);
    curl_easy_setopt(fetch->easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(fetch->easy, CURLOPT_SEEKDATA, fetch);
    curl_easy_setopt(fetch->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     (curl_off_t)info.st_size);
    return true;
}

static bool read_body(struct fetch *fetch, const struct fetch_request *request)
{
    curl_easy_setopt(fetch->easy, CURLOPT_POST, 1L);
    if (request->upload_fd > 0)
        return open_upload(fetch, request->upload_fd);
    curl_easy_setopt(fetch->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     (curl_off_t)request->body.len);
    curl_easy_setopt(fetch->easy, CURLOPT_COPYPOSTFIELDS,
                     request->body.len > 0 ? request->body.ptr : "");
    return true;
}

static bool read_method(struct fetch *fetch,
                        const struct fetch_request *request)
{
    bool has_body = request->upload_fd > 0 || request->body.len > 0;
    const char *method = request->method;
    if (method == NULL)
        method = has_body ? "POST" : "GET";
    if (!is_method(method))
        return refuse(fetch, "the method of a request is one word in capitals");
    bool wants_body = strcmp(method, "POST") == 0 ||
                      strcmp(method, "PUT") == 0 ||
                      strcmp(method, "PATCH") == 0;
    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(fetch->easy, CURLOPT_NOBODY, 1L);
    else if ((has_body || wants_body) && !read_body(fetch, request))
        return false;
    curl_easy_setopt(fetch->easy, CURLOPT_CUSTOMREQUEST, method);
    return true;
}

/* The same for everybody. */
static void set_manners(CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "spoold");
}

static void set_callbacks(struct fetch *fetch)
{
    CURL *easy = fetch->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, fetch);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, fetch->curl_says);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
    if (fetch->on_progress == NULL)
        return;
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_transfer);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, fetch);
}

void transfer_prepare(struct fetch *fetch, const struct fetch_request *request)
{
    fetch->upload_fd = -1;
    fetch->allow = request->allow;
    fetch->max_reply_bytes = request->max_reply_bytes;
    fetch->clip_reply = request->clip_reply;
    if (fetch->max_reply_bytes == 0 && request->on_body == NULL)
        fetch->max_reply_bytes = REPLY_BYTES;
    if (request->reply_header != NULL)
        fetch->reply_header = mem_text(str_of(request->reply_header));
    fetch->easy = curl_easy_init();
    if (fetch->easy == NULL) {
        error_set(&fetch->err, SPD_ENOMEM, "no memory for another request");
        return;
    }
    set_manners(fetch->easy);
    set_callbacks(fetch);
    if (request->ca_file != NULL)
        curl_easy_setopt(fetch->easy, CURLOPT_CAINFO, request->ca_file);
    if (read_url(fetch, request->url) && read_headers(fetch, request->headers))
        read_method(fetch, request);
}

/* -- what became of it -- */

static const struct explanation {
    CURLcode result;
    spd_err code;
    const char *text; /* behind the name of the host */
} explanations[] = {
    { CURLE_COULDNT_RESOLVE_HOST, SPD_EIO,
      "is not known by that name; is it spelt right, and is the network up?" },
    { CURLE_COULDNT_CONNECT, SPD_EIO,
      "cannot be reached; is it on, and is the port right?" },
    { CURLE_OPERATION_TIMEDOUT, SPD_EIO, "did not answer in time; is it on?" },
    { CURLE_PEER_FAILED_VERIFICATION, SPD_EAUTH,
      "has a certificate that is not trusted; correct the name, or give its "
      "authority as the CA file" },
    { CURLE_SSL_CACERT_BADFILE, SPD_EINVAL,
      "was not contacted: the CA file for it cannot be read" },
    { CURLE_SSL_CONNECT_ERROR, SPD_EIO,
      "makes no secure connection; does it speak TLS on that port?" },
    { CURLE_GOT_NOTHING, SPD_EIO,
      "closed the connection without an answer; try again later" },
    { CURLE_PARTIAL_FILE, SPD_EIO,
      "broke off in the middle of its answer; try again later" },
    { CURLE_RECV_ERROR, SPD_EIO, "broke off the connection; try again later" },
    { CURLE_SEND_ERROR, SPD_EIO, "broke off the connection; try again later" },
};

static const struct explanation unexplained = {
    CURL_LAST, SPD_EIO, "did not get as far as an answer"
};

static const struct explanation *explanation_of(CURLcode result)
{
    size_t count = sizeof(explanations) / sizeof(explanations[0]);
    for (size_t i = 0; i < count; i++)
        if (explanations[i].result == result)
            return &explanations[i];
    return &unexplained;
}

void transfer_explain(struct fetch *fetch, CURLcode result)
{
    if (fetch->err.code != SPD_OK)
        return;
    const struct explanation *why = explanation_of(result);
    error_set(&fetch->err, why->code, "%s %s (%s)", fetch->host, why->text,
              fetch->curl_says[0] != '\0' ? fetch->curl_says
                                          : curl_easy_strerror(result));
}

spd_str transfer_reply_header(struct fetch *fetch)
{
    struct curl_header *header;
    if (fetch->reply_header == NULL ||
        curl_easy_header(fetch->easy, fetch->reply_header, 0, CURLH_HEADER, -1,
                         &header) != CURLHE_OK)
        return STR("");
    return str_of(header->value);
}

void transfer_tell_headers(struct fetch *fetch)
{
    struct curl_header *header = NULL;
    if (fetch->on_header == NULL)
        return;
    while ((header = curl_easy_nextheader(fetch->easy, CURLH_HEADER, -1,
                                          header)) != NULL)
        fetch->on_header(fetch->arg, str_of(header->name),
                         str_of(header->value));
}

void transfer_free(struct fetch *fetch)
{
    curl_easy_cleanup(fetch->easy);
    curl_slist_free_all(fetch->headers);
    if (fetch->upload_fd >= 0)
        close(fetch->upload_fd);
    buf_fini(&fetch->body);
    free(fetch->host);
    free(fetch->reply_header);
}
