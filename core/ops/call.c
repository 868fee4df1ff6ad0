/* A call, from the door to its answer: judge, decode, run, commit, reply. */
#include <assert.h>
#include <stdlib.h>

#include "base/crash.h"
#include "base/log.h"
#include "ops/ops_internal.h"
#include "store/blob.h"

static struct live_call *live_new(struct ops *ops, struct call_request *request)
{
    struct live_call *live = mem_new(sizeof(*live));
    live->ops = ops;
    live->actor = request->actor;
    live->params = request->params;
    live->body = request->body;
    live->flat = request->flat;
    live->done = request->done;
    live->arg = request->arg;
    live->call = (struct call){
        .op = request->op,
        .actor = &live->actor,
        .self = ops_entry(ops, str_of(request->op->name))->self,
        .store = ops->store,
        .upload = request->upload,
        .raw = request->raw,
    };
    struct arena *arena = &live->call.arena;
    if (request->idempotency_key.len > 0)
        live->idempotency_key = arena_str(arena, request->idempotency_key);
    if (request->if_match.len > 0)
        live->if_match = arena_str(arena, request->if_match);
    live->next = ops->calls;
    live->link = &ops->calls;
    if (live->next != NULL)
        live->next->link = &live->next;
    ops->calls = live;
    return live;
}

static void live_free(struct live_call *live)
{
    *live->link = live->next;
    if (live->next != NULL)
        live->next->link = live->link;
    blob_drop(live->call.upload);
    buf_fini(&live->reply);
    faults_fini(&live->faults);
    arena_fini(&live->call.arena);
    json_free(live->params);
    json_free(live->body);
    json_free(live->flat);
    free(live);
}

/* A reply that was begun and not ended, or two values in one, is a bug. */
static void judge_reply(struct live_call *live)
{
    spd_str text;
    if (!live->writer_open || live->refused)
        return;
    if (jsonw_text(&live->writer, &text) != SPD_OK)
        call_refuse(&live->call, REFUSE_BUG,
                    "%s wrote a reply that is not JSON; please report this",
                    live->call.op->name);
}

static void answer(struct live_call *live)
{
    judge_reply(live);
    struct call_result result = {
        .status = live_status(live),
        .body = &live->reply,
        .file_path = live->file_path,
        .file_type = live->file_type,
        .headers = live->headers,
        .header_count = live->header_count,
    };
    live->done(live->arg, &result);
    live_free(live);
}

void call_end(struct call *call)
{
    answer(live_of(call));
}

/* -- judging the input -- */

static bool known(const struct fields *table, spd_str name)
{
    return table != NULL && fields_find(table, name) != NULL;
}

/* Members nobody knows are mistakes, and a mistake is told. */
static void find_unknown(struct live_call *live, const spd_json *object,
                         const struct fields *table)
{
    for (const spd_json *m = json_first(object); m != NULL; m = json_next(m))
        if (!known(table, json_name(m)))
            faults_add(&live->faults, json_name(m).ptr, "is not known to %s",
                       live->call.op->name);
}

static void *decode(struct live_call *live, const struct fields *table,
                    const spd_json *object, bool from_text, bool keep)
{
    struct fields_input input = {
        .object = object,
        .mode = FIELDS_CREATE,
        .from_text = from_text,
        .lenient = !from_text && (live->call.op->flags & OP_LENIENT) != 0,
    };
    if (!keep)
        input.mode = FIELDS_PATCH;
    void *record = keep && table->size > 0
                       ? arena_new(&live->call.arena, table->size)
                       : NULL;
    fields_decode(table, record, &input, &live->call.arena, &live->faults);
    return record;
}

/* One flat object, as other doors than HTTP give it, sorted into parameters
 * and body: a name that is both is the parameter. */
static spd_json *pick(const spd_json *flat, const struct fields *params,
                      bool wanted)
{
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    for (const spd_json *m = json_first(flat); m != NULL; m = json_next(m))
        if (known(params, json_name(m)) == wanted)
            jsonw_put_json(&w, json_name(m).ptr, m);
    jsonw_end(&w);
    spd_json *picked = json_parse(buf_str(&text), NULL);
    buf_fini(&text);
    return picked;
}

static void sort_flat(struct live_call *live)
{
    const struct fields *params = live->call.op->params;
    live->params = pick(live->flat, params, true);
    live->body = pick(live->flat, params, false);
}

static void decode_input(struct live_call *live)
{
    const struct op *op = live->call.op;
    find_unknown(live, live->params, op->params);
    if ((op->flags & OP_OPEN) == 0)
        find_unknown(live, live->body, op->body);
    if (op->params != NULL)
        live->call.params = decode(live, op->params, live->params, true, true);
    live->call.body_json = live->body;
    if (op->body != NULL)
        live->call.body = decode(live, op->body, live->body, false,
                                 (op->flags & OP_CREATE) != 0);
}

static bool judge(struct live_call *live)
{
    struct call *call = &live->call;
    if (!op_allows(call->op, &live->actor)) {
        if (live->actor.role == 0)
            call_refuse(call, REFUSE_UNKNOWN_ACTOR, "a valid token is needed");
        else
            call_refuse(call, REFUSE_FORBIDDEN,
                        "%s is for a higher role than yours", call->op->name);
        return false;
    }
    if (live->flat != NULL)
        sort_flat(live);
    if (live->body != NULL && json_type(live->body) != SPD_JSON_OBJECT) {
        call_refuse(call, REFUSE_INVALID, "the body must be a JSON object");
        return false;
    }
    decode_input(live);
    if (live->faults.count > 0)
        call_refuse_faults(call);
    return live->faults.count == 0;
}

/* -- running -- */

static spd_err run(struct live_call *live, spd_txn *txn)
{
    spd_err rc = live->call.op->run(&live->call, txn);
    if (rc != SPD_OK && !live->refused)
        return call_refuse(&live->call, REFUSE_BUG,
                           "%s failed without saying why; please report this",
                           live->call.op->name);
    return rc;
}

static spd_err run_write(spd_txn *txn, void *arg, struct spd_error *err)
{
    struct live_call *live = arg;
    crash_before("call.write");
    reply_reset(live);
    if (live->idempotency_key.len > 0 && answered_before(live, txn))
        return SPD_OK;
    spd_err rc = run(live, txn);
    if (rc == SPD_OK && live->idempotency_key.len > 0)
        rc = remember_answer(live, txn, err);
    return rc;
}

static void write_done(void *arg, const struct spd_error *err)
{
    struct live_call *live = arg;
    if (err == NULL)
        crash_after("call.write");
    if (err != NULL && !live->refused)
        call_fail(&live->call, err);
    answer(live);
}

static void dispatch(struct live_call *live)
{
    uint32_t flags = live->call.op->flags;
    if ((flags & OP_WRITE) != 0) {
        struct store_write write = { run_write, write_done, live };
        store_write(live->ops->store, &write);
        return;
    }
    if ((flags & OP_READ) != 0) {
        spd_txn *txn = store_read(live->ops->store);
        run(live, txn);
        store_read_end(txn);
        answer(live);
        return;
    }
    if (run(live, NULL) != SPD_OK)
        answer(live);
}

void ops_call(struct ops *ops, struct call_request *request)
{
    struct live_call *live = live_new(ops, request);
    if ((live->call.op->flags & OP_EVENTS) != 0)
        call_refuse(&live->call, REFUSE_METHOD,
                    "%s is a stream: follow it over HTTP", live->call.op->name);
    else if (judge(live)) {
        dispatch(live);
        return;
    }
    answer(live);
}

/* -- for operations -- */

spd_err call_get(struct call *call, spd_txn *txn, const struct kind *kind,
                 int64_t id, void *record)
{
    struct spd_error err;
    if (record_get(txn, kind, id, record, &call->arena, &err) == SPD_OK)
        return SPD_OK;
    return call_fail(call, &err);
}

void call_patch(struct call *call, void *record)
{
    struct fields_input input = {
        .object = call->body_json,
        .mode = FIELDS_PATCH,
    };
    struct faults faults = { 0 };
    bool fits =
        fields_decode(call->op->body, record, &input, &call->arena, &faults);
    assert(fits && "the body was judged before the operation ran");
    (void)fits;
    faults_fini(&faults);
}

struct change call_change(const struct call *call, const char *topic)
{
    return (struct change){ topic, str_of(call->actor->who) };
}
