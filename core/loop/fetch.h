/* Outgoing HTTP, without blocking the loop.  The only user of libcurl here.
 *
 * The address a request really connects to is judged, whatever the name said:
 * loopback, link-local, multicast and unspecified addresses are refused, and
 * private networks too, unless the request allows them.  No redirects, no
 * proxy from the environment, http and https only. */
#ifndef SPOOLD_LOOP_FETCH_H
#define SPOOLD_LOOP_FETCH_H

#include "base/str.h"
#include "loop/loop.h"

struct fetcher;

struct fetcher *fetcher_new(struct loop *loop, struct spd_error *err);
/* Requests under way end with SPD_ECANCELED.  Not from inside a callback of
 * a request. */
void fetcher_free(struct fetcher *fetcher);

enum fetch_allow {
    FETCH_PRIVATE = 1u << 0,  /* 10/8, 172.16/12, 192.168/16, fc00::/7 */
    FETCH_LOOPBACK = 1u << 1, /* tests, demos, spoolctl on the same machine */
};

/* [any] Why a request that allows this may not go to that address, as in
 * "its address leads to this machine itself" (static); NULL: it may. */
struct sockaddr;
const char *fetch_refusal(const struct sockaddr *address, uint32_t allow);

struct fetch_reply {
    int status;       /* 0 when no whole answer came */
    spd_str body;     /* borrowed; empty when on_body took it */
    spd_str location; /* borrowed: the Location, Link... header asked for */
    const struct spd_error *err; /* NULL when an answer came, whatever status */
};

struct fetch_request {
    const char *method; /* NULL: POST with a body, GET without */
    const char *url;
    /* "Name: value", ends with NULL; may be NULL. A body should have its
     * Content-Type: without one it is called a form. */
    const char *const *headers;
    spd_str body;
    int upload_fd;            /* > 0: the body is this file; stays yours */
    int64_t timeout_ms;       /* of all of it; 0: 20 s; < 0: none */
    size_t max_reply_bytes;   /* 0: 64 KiB; with on_body: no limit */
    bool clip_reply;          /* of a longer one the beginning will do */
    uint32_t allow;           /* enum fetch_allow */
    const char *ca_file;      /* NULL: the system's */
    const char *reply_header; /* header wanted in `location`, or NULL */
    /* Optional: each piece of the reply's body as it comes (event streams,
     * downloads). False ends the request with SPD_ECANCELED. */
    bool (*on_body)(void *arg, spd_str piece);
    /* Optional: each header of the answer, before `done`. */
    void (*on_header)(void *arg, spd_str name, spd_str value);
    /* Optional: how much of the upload is through. */
    void (*on_progress)(void *arg, int64_t sent_bytes, int64_t total_bytes);
    void (*done)(void *arg, const struct fetch_reply *reply); /* exactly once */
    void *arg;
    const void *owner; /* for fetch_cancel; may be NULL */
};

/* Everything in the request is copied; `done` is never called from inside. */
void fetch_start(struct fetcher *fetcher, const struct fetch_request *request);

/* Requests of this owner end with SPD_ECANCELED before this returns; also from
 * inside a callback of a request. `owner` is not NULL. */
void fetch_cancel(struct fetcher *fetcher, const void *owner);

#endif
