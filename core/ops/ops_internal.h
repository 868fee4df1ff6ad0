/* What the parts of ops share: the table, its routes, a call under way. */
#ifndef SPOOLD_OPS_OPS_INTERNAL_H
#define SPOOLD_OPS_OPS_INTERNAL_H

#include "ops/ops.h"

struct entry {
    const struct op *op;
    void *self;
};

struct ops {
    struct store *store;
    struct entry *entries; /* ordered by name */
    size_t count;
    struct route_node *routes;
    struct live_call *calls; /* OP_LATER and writes not answered yet */
};

enum { CALL_HEADERS_MAX = 8 };

/* A call, and what its operation need not see. */
struct live_call {
    struct call call; /* first: the one is found from the other */
    struct ops *ops;
    struct actor actor;
    spd_json *params, *body, *flat;
    spd_str idempotency_key, if_match;
    /* the reply so far */
    struct buf reply;
    spd_jsonw writer;
    bool writer_open;
    struct faults faults;
    const char *file_path, *file_type;
    struct reply_header headers[CALL_HEADERS_MAX];
    size_t header_count;
    int status; /* 0: none chosen */
    bool refused;
    /* who waits */
    void (*done)(void *arg, const struct call_result *result);
    void *arg;
    struct live_call *next, **link; /* in ops->calls */
};

static inline struct live_call *live_of(struct call *call)
{
    return (struct live_call *)(void *)call;
}

/* The status it goes out with. */
static inline int live_status(const struct live_call *live)
{
    bool creates = (live->call.op->flags & OP_CREATE) != 0;
    if (live->status != 0)
        return live->status;
    return creates ? 201 : 200;
}

/* Forget the reply so far: a write is run again. */
void reply_reset(struct live_call *live);

/* The row of that name with its `self`; NULL: none. */
struct entry *ops_entry(const struct ops *ops, spd_str name);

/* -- routes -- */
void routes_free(struct route_node *root);
/* SPD_EEXIST when the method is taken there. */
spd_err routes_add(struct route_node **root, const struct op *op,
                   struct spd_error *err);

/* Is this parameter part of the path (and not of the query)? */
bool op_has_in_path(const struct op *op, const char *name);

/* -- idempotency: a POST repeated with the same key gets the first answer -- */

/* Is there an answer for this key already? Then it is put into the reply, or
 * a refusal when the request is another one. */
bool answered_before(struct live_call *live, spd_txn *txn);
spd_err remember_answer(struct live_call *live, spd_txn *txn,
                        struct spd_error *err);

#endif
