/* Operations: everything the server can do is a row.
 *
 * REST, Lua, plugins and spoolctl all come in by this table, so that
 * authorisation, validation, limits, audit and documentation are done once and
 * cannot be forgotten.  Knows no noun of the shop and no door. */
#ifndef SPOOLD_OPS_OP_H
#define SPOOLD_OPS_OP_H

#include "base/field.h"
#include "store/record.h"

/* Who asks. */
struct actor {
    enum spd_role role; /* 0: nobody */
    int64_t person_id, token_id;
    char who[64]; /* as it stands in the journal: "person/1" */
};

struct call;

/* Most operations on one record take just its id. */
struct id_param {
    int64_t id;
};
extern const struct fields id_param_fields;

enum op_flag {
    OP_READ = 1u << 0,   /* run within a read transaction */
    OP_WRITE = 1u << 1,  /* run within the group commit, perhaps twice */
    OP_LATER = 1u << 2,  /* run without one; answered by call_end */
    OP_LIST = 1u << 3,   /* the reply is an array of `reply` records */
    OP_CREATE = 1u << 4, /* 201; absent body members get their defaults */
    OP_OPEN = 1u << 5,   /* unknown body members are left to `run` */
    OP_UPLOAD = 1u << 6, /* the body is a file, streamed: call->upload;
                            has a parameter `name` */
    OP_EVENTS = 1u << 7, /* the reply is the journal as a stream; door's work */
    OP_PUBLIC = 1u << 8, /* needs nobody; the core's own, and few */
    OP_RAW = 1u << 9,    /* any query, a body as it came: call->raw */
    OP_LENIENT = 1u << 10, /* null and "" in the body are as absent */
};

/* A request of which the door knows no more than that it is well-formed. */
enum { RAW_PAIRS_MAX = 32, RAW_BODY_MAX_BYTES = 64 * 1024 };
struct raw_input {
    spd_str body;
    struct pair query[RAW_PAIRS_MAX];
    struct pair headers[RAW_PAIRS_MAX]; /* without credentials */
    size_t query_count, header_count;
};

/* `run` answers through the call_ functions.  SPD_OK: what was replied goes
 * out (after the commit).  Else call_refuse has said why, and a write leaves
 * no trace.  `txn` is NULL with OP_LATER: then SPD_OK means that call_end
 * follows, now or later. */
typedef spd_err op_fn(struct call *call, spd_txn *txn);

struct op {
    const char *name;   /* "jobs.cancel": what Lua, plugins, spoolctl say */
    const char *route;  /* "DELETE /api/jobs/{id}" */
    const char *doc;    /* one line */
    enum spd_role role; /* least role; only OP_PUBLIC rows have none */
    uint32_t flags;     /* enum op_flag */
    const struct fields *params; /* path and query; NULL: none */
    const struct fields *body;   /* NULL: no body */
    const struct fields *reply;  /* NULL: none, or free-form */
    op_fn *run;
};

/* A call as its operation sees it. */
struct call {
    const struct op *op;
    const struct actor *actor;
    void *self; /* as given with the rows */
    struct store *store;
    void *params;              /* decoded struct of op->params, or NULL */
    void *body;                /* decoded struct of op->body, for OP_CREATE */
    const spd_json *body_json; /* checked; NULL without a body */
    struct blob_in *upload;    /* OP_UPLOAD: take it by setting NULL */
    struct arena arena;        /* dies with the call */
    /* OP_RAW: until `run` returns; NULL by another door than HTTP. */
    const struct raw_input *raw;
};

/* Read a record into the call's arena, or refuse: there is none. */
spd_err call_get(struct call *call, spd_txn *txn, const struct kind *kind,
                 int64_t id, void *record);

/* Lay the body's members over a record that was read: for updates. They have
 * been checked, so this cannot fail. */
void call_patch(struct call *call, void *record);

/* What goes into the journal for a change made by this call. */
struct change call_change(const struct call *call, const char *topic);

/* -- the reply -- */

/* A writer on the reply; write one JSON value. Borrowed. */
spd_jsonw *call_reply(struct call *call);
/* Or: the buffer itself, for text that is JSON already. */
struct buf *call_reply_buf(struct call *call);
/* Or: the shown text of a record. */
spd_err call_reply_record(struct call *call, spd_txn *txn,
                          const struct kind *kind, int64_t id);
/* The same with its ETag, for records that several people edit... */
spd_err call_reply_tagged(struct call *call, spd_txn *txn,
                          const struct kind *kind, int64_t id);
/* ...and before such an edit: refuses (412) a caller whose If-Match names the
 * record as it was before somebody else changed it. */
spd_err call_judge_tag(struct call *call, spd_txn *txn, const struct kind *kind,
                       int64_t id);
/* Or: a file, read when it is sent; `type` static. Copies `path`. */
void call_reply_file(struct call *call, const char *path, const char *type);
/* Or: bytes that are not JSON; `type` static. */
void call_reply_bytes(struct call *call, spd_str bytes, const char *type);
/* Another success than 200, or 201 of an OP_CREATE. */
void call_status(struct call *call, int status);
/* Or: a page of records; takes `limit` and `after` of the page and writes the
 * Link header. Is there any record on it? */
struct page {
    int64_t limit, after; /* after: an id; 0: from the start */
};
struct page_param {
    struct page page;
};
extern const struct fields page_param_fields;
#define PAGE_ROWS(struct_name, member)                                         \
    { .name = "limit",                                                         \
      .type = FIELD_INT,                                                       \
      .doc = "how many at most; the Link header leads to more",                \
      .offset = offsetof(struct struct_name, member.limit),                    \
      .min = 1,                                                                \
      .max = 1000,                                                             \
      .fallback = "100" },                                                     \
    {                                                                          \
        .name = "after", .type = FIELD_ID,                                     \
        .doc = "go on behind the record of this id",                           \
        .offset = offsetof(struct struct_name, member.after)                   \
    }
bool call_reply_list(struct call *call, spd_txn *txn, const struct kind *kind,
                     struct span span, const struct page *page);
/* The Link header of a list that an operation made otherwise: the next page
 * goes on behind this record. */
void call_link_next(struct call *call, int64_t after, int64_t limit);
/* Headers of the reply that an operation may set; texts are copied. */
void call_header(struct call *call, const char *name, spd_str value);

/* -- refusals: {"error": sentence, "code": ..., "fields": {...}} -- */

enum refusal {
    REFUSE_INVALID,       /* 400 */
    REFUSE_UNKNOWN_ACTOR, /* 401 */
    REFUSE_FORBIDDEN,     /* 403 */
    REFUSE_NOT_FOUND,     /* 404 */
    REFUSE_METHOD,        /* 405 */
    REFUSE_CONFLICT,      /* 409 */
    REFUSE_CHANGED,       /* 412 */
    REFUSE_TOO_LARGE,     /* 413 */
    REFUSE_TYPE,          /* 415 */
    REFUSE_CONTENT,       /* 422 */
    REFUSE_TOO_MANY,      /* 429 */
    REFUSE_BUG,           /* 500 */
    REFUSE_UNAVAILABLE,   /* 503 */
};
int refusal_status(enum refusal refusal);
const char *refusal_code(enum refusal refusal); /* "conflict" */

/* Say why; returns an error for `return call_refuse(...)`. */
spd_err call_refuse(struct call *call, enum refusal refusal, const char *fmt,
                    ...) SPD_PRINTF(3, 4);
/* The same from a failure below: its code chooses the refusal. */
spd_err call_fail(struct call *call, const struct spd_error *err);
/* Name a field; then call_refuse(REFUSE_INVALID, ...) or let it speak. */
struct faults *call_faults(struct call *call);
spd_err call_refuse_faults(struct call *call);

/* Take the refusal back, for an operation that goes on with the next of many
 * things: what would have gone out, {"error": ...}, in the call's arena and
 * with a NUL behind. */
spd_str call_forgive(struct call *call);

/* OP_LATER: answered; the call must not be touched afterwards. After
 * call_refuse it goes out as that refusal. */
void call_end(struct call *call);

#endif
