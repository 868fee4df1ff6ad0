/* What the parts of the door share: the server, its connections, a request
 * under way. */
#ifndef SPOOLD_HTTP_HTTP_INTERNAL_H
#define SPOOLD_HTTP_HTTP_INTERNAL_H

#include <microhttpd.h>

#include "http/head.h"
#include "http/http.h"
#include "http/listen.h"
#include "http/url.h"
#include "http/waits.h"
#include "store/blob.h"

struct streams;

struct http {
    struct loop *loop;
    struct ops *ops;
    struct store *store;
    struct http_options options; /* with the defaults filled in */
    struct listener *listener;
    struct MHD_Daemon *daemon;
    struct watch *watch; /* of the daemon's epoll descriptor */
    struct timer *timer; /* of the daemon's own wishes */
    int64_t timer_due_ms;
    int64_t now_ms;          /* as this run of libmicrohttpd began */
    struct loop_after after; /* after something was resumed */
    struct waits head_waits, body_waits;
    struct request *requests, *spare; /* under way, and kept for the next */
    size_t spare_count;
    struct streams *streams;
    uint64_t next_request_id;
    int64_t host_logged_ms; /* 0: never */
    char good_host[64];     /* the last one that was found to be ours */
    bool stopping;
    struct http_counts counts;
    char url[LISTENER_ADDRESS_BYTES + sizeof("http://")];
};

/* Let libmicrohttpd run at the end of this turn. */
void http_wake(struct http *http);

/* -- a connection -- */

struct peer {
    struct http *http;
    int fd;
    struct wait head_wait, body_wait;
    bool had_request;    /* this is no new connection any more */
    uint64_t bytes_seen; /* when we looked last; 0: not since the request */
    bool slow;           /* a head was begun then and is not finished yet */
};

void peers_init(struct http *http);
void peers_fini(struct http *http);
/* libmicrohttpd calls this for each connection's begin and end. */
void on_connection(void *arg, struct MHD_Connection *connection, void **context,
                   enum MHD_ConnectionNotificationCode code);
/* The head is there; and later: the answer is out. */
void peer_head_is_read(struct peer *peer);
void peer_is_idle(struct peer *peer);

/* -- a request -- */

enum stage {
    STAGE_HEAD, /* being read by libmicrohttpd */
    STAGE_BODY,
    STAGE_CALL, /* the operation has it */
    STAGE_REPLY,
};

/* The slip of paper between a call and the request that waits for it: either
 * may end first. */
struct slip {
    struct request *request; /* NULL: nobody waits any more */
};

struct request {
    struct http *http;
    struct peer *peer;
    struct MHD_Connection *connection;
    struct request *next, **link; /* in http->requests */
    enum stage stage;
    bool suspended;
    int64_t began_ms;
    /* what was asked */
    spd_str raw_url; /* in the connection's memory, up to the first NUL */
    const char *url_fault;
    spd_str method;
    struct head head;
    struct route route;
    struct actor actor;
    bool has_body, must_close;
    int64_t body_max_bytes;
    /* what was refused */
    bool refused;
    enum refusal refusal;
    /* the body so far */
    int64_t body_bytes, body_noted_bytes;
    struct blob_in *upload;
    /* the answer */
    struct slip *slip;
    struct stream *stream;
    struct MHD_Response *response;
    int status;
    /* from here on it outlasts the request, for the next one's use */
    struct url url;
    struct buf body;
    char sentence[200];
};

/* libmicrohttpd's callbacks: first line, then head, pieces and end of the
 * body, then the end of the request. */
void *on_request_line(void *arg, const char *url,
                      struct MHD_Connection *connection);
enum MHD_Result on_request(void *arg, struct MHD_Connection *connection,
                           const char *url, const char *method,
                           const char *version, const char *data, size_t *size,
                           void **context);
void on_request_end(void *arg, struct MHD_Connection *connection,
                    void **context, enum MHD_RequestTerminationCode why);

/* Remember the refusal; false, for `return request_refuse(...)`. */
bool request_refuse(struct request *request, enum refusal refusal,
                    const char *fmt, ...) SPD_PRINTF(3, 4);
/* The answer is there: go on. */
void request_resume(struct request *request);
void requests_free_spare(struct http *http);

/* Judge all that can be judged before the body; false: refused. */
bool judge_head(struct request *request, const char *version);

/* -- the body -- */

/* False: refused. */
bool body_begin(struct request *request);
/* False: refused, and the rest must not be read. */
bool body_piece(struct request *request, spd_str piece);
/* The whole body is there: fill the call in; false: refused. */
bool body_end(struct request *request, struct call_request *call);
/* What an OP_RAW wants of it; views into the request. */
void body_raw(struct request *request, struct raw_input *raw);
void body_drop(struct request *request);

/* -- the answer -- */

/* Set request->response and ->status. */
void reply_set(struct request *request, const struct call_result *result);
void reply_set_refusal(struct request *request);
/* The headers that every answer has. */
void reply_add_headers(struct request *request, struct MHD_Response *response);
/* The refusal written to the socket by ourselves, for when libmicrohttpd
 * takes no answer any more; the connection must end then. */
void reply_send_refusal(struct request *request);

/* -- streams of events -- */

struct streams *streams_new(struct http *http);
void streams_free(struct streams *streams);
/* Let them end at their next piece. */
void streams_end(struct streams *streams);
size_t streams_count(const struct streams *streams);
/* Sets request->response; false: refused. */
bool stream_begin(struct request *request);
/* At the request's end; also when it is none of a stream. */
void stream_end(struct request *request);

#endif
