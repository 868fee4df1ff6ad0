/* The same done to many jobs: each is done or refused for itself. */
#include <stdarg.h>
#include <stdio.h>

#include "shop/job_acts.h"

enum { JOBS_MAX = 200 };

enum word { WORD_HOLD, WORD_RELEASE, WORD_CANCEL, WORD_PRIORITY, WORD_MOVE };
static const char *const words[] = { "hold",     "release", "cancel",
                                     "priority", "move",    NULL };

struct bulk {
    int act; /* enum word */
    spd_str ids;
    bool stop;
    int64_t priority, before, after;
};
static const struct field bulk_rows[] = {
    FIELD(bulk, act, FIELD_CHOICE, "what to do to each",
          .flags = FIELD_REQUIRED, .choices = words),
    FIELD(bulk, ids, FIELD_JSON, "the jobs' ids, as a list of at most 200",
          .flags = FIELD_REQUIRED, .example = "[3,5,8]"),
    FIELD(bulk, stop, FIELD_BOOL,
          "cancel: also those that are printing; stop them",
          .fallback = "false"),
    FIELD(bulk, priority, FIELD_INT, "priority: which", .flags = FIELD_NULL,
          .min = -1000, .max = 1000),
    FIELD(bulk, before, FIELD_ID,
          "move: all of them, in this order, directly before this job",
          .flags = FIELD_NULL),
    FIELD(bulk, after, FIELD_ID, "move: or directly behind this one",
          .flags = FIELD_NULL),
};
static const struct fields bulk_fields = TABLE("bulk", bulk, bulk_rows);

struct deed {
    int64_t id;
    spd_str refusal; /* empty: it was done */
};

struct batch {
    struct bulk bulk;
    struct deed deeds[JOBS_MAX];
    size_t count;
    int64_t beside_id; /* move: what the next one is put beside */
};

/* -- judging -- */

SPD_PRINTF(3, 4)
static spd_err refuse_field(struct call *call, const char *field,
                            const char *fmt, ...)
{
    char text[120];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    faults_add(call_faults(call), field, "%s", text);
    return call_refuse_faults(call);
}

static bool is_there(const struct batch *batch, int64_t id)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->deeds[i].id == id)
            return true;
    return false;
}

static spd_err take_ids(struct call *call, struct batch *batch)
{
    const spd_json *ids = json_member(call->body_json, "ids");
    size_t count = json_type(ids) == SPD_JSON_ARRAY ? json_count(ids) : 0;
    if (count < 1 || count > JOBS_MAX)
        return refuse_field(call, "ids", "must be a list of 1 to %d ids",
                            JOBS_MAX);
    for (const spd_json *v = json_first(ids); v != NULL; v = json_next(v)) {
        int64_t id = json_as_int(v, 0);
        if (json_type(v) != SPD_JSON_INT || id < 1)
            return refuse_field(call, "ids",
                                "must be a list of ids: whole "
                                "numbers from 1 on");
        if (is_there(batch, id))
            return refuse_field(call, "ids", "names job %lld twice",
                                (long long)id);
        batch->deeds[batch->count++].id = id;
    }
    return SPD_OK;
}

static spd_err take_bulk(struct call *call, struct batch *batch)
{
    struct bulk *bulk = &batch->bulk;
    fields_init(&bulk_fields, bulk);
    call_patch(call, bulk);
    if (json_member(call->body_json, "act") == NULL)
        return refuse_field(call, "act", "is required");
    if (bulk->act == WORD_PRIORITY && bulk->priority == INT_NONE)
        return refuse_field(call, "priority", "is required to set it");
    if (bulk->act == WORD_MOVE && (bulk->before != 0) == (bulk->after != 0))
        return refuse_field(call, "before",
                            "or after, one of them, says where to");
    batch->beside_id = bulk->before + bulk->after;
    return take_ids(call, batch);
}

/* -- doing -- */

static spd_err do_act(struct call *call, spd_txn *txn,
                      const struct batch *batch, struct job *job)
{
    const struct bulk *bulk = &batch->bulk;
    switch ((enum word)bulk->act) {
    case WORD_HOLD:
    case WORD_RELEASE:
        return job_set_held(call, txn, job, bulk->act == WORD_HOLD);
    case WORD_CANCEL:
        return job_cancel(call, txn, job, bulk->stop);
    case WORD_PRIORITY:
        return job_set_priority(call, txn, job, bulk->priority);
    case WORD_MOVE:
        return job_put_beside(call, txn, job, batch->beside_id,
                              bulk->before != 0);
    }
    return SPD_EINTERNAL;
}

/* A job that is refused leaves the others alone; a store that fails does not.
 */
static spd_err do_one(struct call *call, spd_txn *txn, struct batch *batch,
                      struct deed *deed)
{
    struct job job;
    spd_err rc = call_get(call, txn, &job_kind, deed->id, &job);
    if (rc == SPD_OK)
        rc = do_act(call, txn, batch, &job);
    if (rc == SPD_EIO || rc == SPD_EINTERNAL)
        return rc;
    if (rc != SPD_OK)
        deed->refusal = call_forgive(call);
    else if (batch->bulk.act == WORD_MOVE)
        batch->beside_id = deed->id; /* the next one goes beside this one */
    return SPD_OK;
}

/* Those that go before a job are put there from the last one on. */
static spd_err do_all(struct call *call, spd_txn *txn, struct batch *batch)
{
    bool backwards = batch->bulk.act == WORD_MOVE && batch->bulk.before != 0;
    spd_err rc = SPD_OK;
    for (size_t i = 0; i < batch->count && rc == SPD_OK; i++)
        rc = do_one(call, txn, batch,
                    &batch->deeds[backwards ? batch->count - 1 - i : i]);
    return rc;
}

/* -- answering -- */

static void write_done(spd_txn *txn, const struct deed *deed, struct buf *out)
{
    struct spd_error err;
    spd_str text = STR("null");
    record_text(txn, &job_kind, deed->id, &text, &err);
    buf_printf(out, "{\"id\":%lld,\"done\":true,\"job\":", (long long)deed->id);
    buf_put(out, text);
    buf_put_char(out, '}');
}

static void write_deeds(struct call *call, spd_txn *txn,
                        const struct batch *batch)
{
    struct buf *out = call_reply_buf(call);
    buf_put_char(out, '[');
    for (size_t i = 0; i < batch->count; i++) {
        const struct deed *deed = &batch->deeds[i];
        if (i > 0)
            buf_put_char(out, ',');
        if (deed->refusal.len == 0)
            write_done(txn, deed, out);
        else
            buf_printf(out, "{\"id\":%lld,\"done\":false,%s",
                       (long long)deed->id,
                       deed->refusal.ptr + 1); /* behind its brace */
    }
    buf_put_char(out, ']');
}

static spd_err run_bulk(struct call *call, spd_txn *txn)
{
    struct batch *batch = arena_new(&call->arena, sizeof(*batch));
    *batch = (struct batch){ .count = 0 };
    spd_err rc = take_bulk(call, batch);
    if (rc == SPD_OK)
        rc = do_all(call, txn, batch);
    if (rc == SPD_OK)
        write_deeds(call, txn, batch);
    return rc;
}

static const struct op bulk_ops[] = {
    { .name = "jobs.bulk",
      .route = "POST /api/bambu/scheduled-prints/bulk",
      .doc = "Hold, release, cancel, move many jobs or set their priority; the "
             "reply says of each id what happened",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .body = &bulk_fields,
      .run = run_bulk },
};

spd_err job_add_bulk_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, bulk_ops, SPD_COUNT(bulk_ops), shop, err);
}
