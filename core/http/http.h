/* The REST door: HTTP on our loop, operations behind it.
 *
 * The only user of libmicrohttpd.  Knows operations and the journal, not
 * printing.  Nobody's body is read before it is known who sends it. */
#ifndef SPOOLD_HTTP_HTTP_H
#define SPOOLD_HTTP_HTTP_H

#include "loop/loop.h"
#include "ops/ops.h"

struct http;

/* What a request brings to prove who sends it; empty where absent. */
struct credentials {
    spd_str bearer; /* Authorization: Bearer ..., or X-Api-Key */
    spd_str cookie; /* the session cookie's value */
};

struct http_options {
    const char *listen;       /* "127.0.0.1:8080", "[::1]:0" */
    const char *const *hosts; /* allowed Host names beside the address and
                                 localhost; ends with NULL; may be NULL */
    int64_t max_body_bytes;   /* of JSON; 0: 1 MiB */
    int64_t max_upload_bytes; /* 0: 4 GiB */
    unsigned max_connections; /* 0: 1024 */
    unsigned max_per_address; /* 0: 256 */
    unsigned max_streams;     /* of OP_EVENTS; 0: 64 */
    int64_t head_timeout_ms;  /* 0: 10 s, for the whole head */
    int64_t body_timeout_ms;  /* 0: 30 s without 4 KiB more ends it */
    /* Fill `actor` and return true for good credentials.  Everything else is
     * false: there is no way around it. */
    bool (*admit)(void *arg, const struct credentials *given,
                  struct actor *actor);
    /* Is the server set up? Until then all but public rows answer 503. */
    bool (*is_set_up)(void *arg);
    void *arg;
};

/* Binds and listens; the error says which address and why.  The options are
 * copied, what they point to is borrowed. Owned. */
struct http *http_new(struct loop *loop, struct ops *ops, struct store *store,
                      const struct http_options *options,
                      struct spd_error *err);
/* Stops accepting, ends streams, answers what is under way (turning the loop
 * for up to 5 s), closes.  Not from inside a turn of the loop. */
void http_free(struct http *http);

/* "http://127.0.0.1:8080", with the port that was really taken. */
const char *http_url(const struct http *http);

/* For metrics: what happened since the start, and what is there now. */
struct http_counts {
    int64_t answered[6]; /* by the status's first digit; 0: cut off */
    int64_t latency_ms;  /* from a request's first line to its end, summed */
    int64_t body_bytes;  /* that were read */
    int64_t connections, streams; /* now */
};
struct http_counts http_counts(const struct http *http);

#endif
