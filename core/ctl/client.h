/* Calls to the server, one after the other: each waits for its answer. */
#ifndef SPOOLD_CTL_CLIENT_H
#define SPOOLD_CTL_CLIENT_H

#include "base/buf.h"
#include "ctl/saved.h"

struct client;

/* The target is borrowed. Owned: client_free. NULL on failure. */
struct client *client_new(const struct target *target, struct spd_error *err);
void client_free(struct client *client);

struct client_call {
    const char *method;        /* "GET" */
    const char *path;          /* with its query */
    spd_str body;              /* JSON; no text: none */
    const char *upload_path;   /* NULL: none */
    const char *reply_header;  /* wanted of the reply; NULL: none */
    const char *last_event_id; /* NULL: none */
    /* A stream: each piece as it comes; false ends it with
     * SPD_ECANCELED, and silence_ms without a piece with SPD_EIO. */
    bool (*on_piece)(void *arg, spd_str piece);
    int64_t silence_ms;
    void (*on_progress)(void *arg, int64_t sent_bytes, int64_t total_bytes);
    void *arg;
};

struct reply {
    int status;
    struct buf body;   /* of a stream: its first bytes */
    struct buf header; /* the one asked for */
};
void reply_fini(struct reply *reply);
bool reply_is_good(const struct reply *reply); /* 200 to 299 */

/* SPD_OK: there was an answer, perhaps a refusal.  SPD_EIO, SPD_EAUTH: there
 * was none.  SPD_EINVAL: the file or the address is of no use. */
spd_err client_call(struct client *client, const struct client_call *call,
                    struct reply *reply, struct spd_error *err);

void client_wait(struct client *client, int64_t ms);

#endif
