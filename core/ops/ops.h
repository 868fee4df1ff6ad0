/* The operations table and what a door does with it: find the row, and call.
 */
#ifndef SPOOLD_OPS_OPS_H
#define SPOOLD_OPS_OPS_H

#include "ops/op.h"

struct ops;

struct ops *ops_new(struct store *store); /* owned: ops_free */
void ops_free(struct ops *ops);

/* Rows and what they point to are borrowed until they are removed. `self`
 * reaches each call. A row that lacks a role, names a route or an operation
 * that exists, or has no doc is refused: SPD_EINVAL, SPD_EEXIST. */
spd_err ops_add(struct ops *ops, const struct op *rows, size_t count,
                void *self, struct spd_error *err);
/* Calls under way at them end as REFUSE_UNAVAILABLE. */
void ops_remove(struct ops *ops, const struct op *rows, size_t count);

const struct op *ops_find(const struct ops *ops, spd_str name);

/* Every row, ordered by name. */
size_t ops_count(const struct ops *ops);
const struct op *ops_at(const struct ops *ops, size_t index);

/* -- routes -- */

enum { ROUTE_PARAMS_MAX = 4 };
struct route {
    const struct op *op; /* NULL: no such path, or not with this method */
    bool path_known;     /* then another method would do: 405 */
    struct pair params[ROUTE_PARAMS_MAX]; /* values: views into the path */
    size_t param_count;
};
/* `path` is decoded, without query. */
struct route ops_route(const struct ops *ops, spd_str method, spd_str path);

/* -- calling -- */

struct reply_header {
    const char *name;
    spd_str value;
};

/* How a call ended. Borrowed until `done` returns, but `body` may be taken
 * with buf_take. */
struct call_result {
    int status;            /* 200, 201, ... as HTTP numbers them */
    struct buf *body;      /* JSON, or of file_type; empty with a file */
    const char *file_path; /* NULL: none */
    const char *file_type; /* NULL: JSON */
    const struct reply_header *headers;
    size_t header_count;
};

struct call_request {
    const struct op *op;
    struct actor actor;
    /* Taken. Members of path and query, as texts; and the body. A door whose
     * caller gives one flat object sets `flat` and the ops sort them out. */
    spd_json *params, *body, *flat;
    struct blob_in *upload;      /* taken */
    spd_str idempotency_key;     /* copied; empty: none */
    spd_str if_match;            /* copied; empty: whatever it is by now */
    const struct raw_input *raw; /* of an OP_RAW; borrowed */
    /* Exactly once; before ops_call returns when it can be. */
    void (*done)(void *arg, const struct call_result *result);
    void *arg;
};
void ops_call(struct ops *ops, struct call_request *request);

/* May this actor? Doors ask before they read a body. */
bool op_allows(const struct op *op, const struct actor *actor);

/* A refusal as its JSON body, for doors that refuse before a call exists. */
void refusal_write(struct buf *out, enum refusal refusal, const char *sentence);

/* The whole API as OpenAPI 3.1, appended. */
void ops_describe(const struct ops *ops, struct buf *out);

#endif
