/* One request on its way: fetch.c leads it, transfer.c speaks to curl. */
#ifndef SPOOLD_LOOP_FETCH_INTERNAL_H
#define SPOOLD_LOOP_FETCH_INTERNAL_H

#include <curl/curl.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "loop/fetch.h"

struct fetch {
    TAILQ_ENTRY(fetch) link;
    struct fetcher *fetcher;
    struct timer *deadline;
    int64_t timeout_ms; /* < 0: none */
    bool (*on_body)(void *arg, spd_str piece);
    void (*on_header)(void *arg, spd_str name, spd_str value);
    void (*on_progress)(void *arg, int64_t sent_bytes, int64_t total_bytes);
    void (*done)(void *arg, const struct fetch_reply *reply);
    void *arg;
    const void *owner;
    bool is_over; /* `done` was called; curl still holds it */

    CURL *easy;
    struct curl_slist *headers;
    char *host; /* for sentences; never the whole url: it may hold a key */
    char *reply_header; /* may be NULL */
    uint32_t allow;
    int upload_fd; /* a copy, or -1 */
    int64_t upload_bytes, upload_at, told_bytes;
    struct buf body;
    size_t max_reply_bytes, reply_bytes, header_bytes;
    bool clip_reply, is_clipped;
    struct spd_error err; /* our own reason to end it, when there is one */
    char curl_says[CURL_ERROR_SIZE];
};

/* Turn a request into something curl can do; the reason is in fetch->err
 * when it cannot be done. */
void transfer_prepare(struct fetch *fetch, const struct fetch_request *request);

/* What became of it, as a sentence that names the host. */
void transfer_explain(struct fetch *fetch, CURLcode result);

/* The header asked for; empty without one. Borrowed. */
spd_str transfer_reply_header(struct fetch *fetch);

/* Tell on_header, where there is one, all headers of the answer. */
void transfer_tell_headers(struct fetch *fetch);

void transfer_free(struct fetch *fetch);

#endif
