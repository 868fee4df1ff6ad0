#include "counter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

struct counter the;

/* -- notes -- */

struct note {
    int64_t id;
    spd_str text;
    int64_t pages;
};

static const struct field note_rows[] = {
    FIELD(note, id, FIELD_ID, "the note's id", .flags = FIELD_READONLY),
    FIELD(note, text, FIELD_TEXT, "what it says", .flags = FIELD_REQUIRED,
          .min = 1, .max = 20),
    FIELD(note, pages, FIELD_INT, "how long it is", .max = 9, .fallback = "1"),
};
static const struct fields note_fields = TABLE("note", note, note_rows);

static bool by_text(const void *record, struct key *key)
{
    key_put_text(key, ((const struct note *)record)->text);
    return true;
}

static const struct index note_indexes[] = {
    { .name = "text", .key = by_text, .flags = INDEX_UNIQUE },
};
static const struct kind note_kind = {
    .name = "note",
    .plural = "notes",
    .fields = &note_fields,
    .indexes = note_indexes,
    .index_count = 1,
};

static spd_err get_note(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    return call_reply_record(call, txn, &note_kind, which->id);
}

static spd_err list_notes(struct call *call, spd_txn *txn)
{
    const struct page_param *param = call->params;
    call_reply_list(call, txn, &note_kind, (struct span){ 0 }, &param->page);
    return SPD_OK;
}

/* A text that begins with "bad" is refused after it has been written. */
static spd_err put_note(struct call *call, spd_txn *txn, struct note *note)
{
    struct spd_error err;
    struct change change = call_change(call, "note.put");
    if (record_put(txn, &note_kind, note, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    if (str_starts(note->text, STR("bad")))
        return call_refuse(call, REFUSE_CONTENT, "that is a bad word");
    return call_reply_record(call, txn, &note_kind, note->id);
}

static spd_err create_note(struct call *call, spd_txn *txn)
{
    the.runs++;
    struct note note = *(struct note *)call->body;
    return put_note(call, txn, &note);
}

static spd_err update_note(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct note note;
    struct spd_error err;
    if (record_get(txn, &note_kind, which->id, &note, &call->arena, &err) !=
        SPD_OK)
        return call_fail(call, &err);
    call_patch(call, &note);
    return put_note(call, txn, &note);
}

static spd_err keep_waiting(struct call *call, spd_txn *txn)
{
    (void)txn;
    the.waiting = call;
    return SPD_OK;
}

static spd_err write_nonsense(struct call *call, spd_txn *txn)
{
    (void)txn;
    jsonw_begin(call_reply(call), NULL, SPD_JSON_OBJECT);
    return SPD_OK; /* and never ends it */
}

static spd_err say_nothing(struct call *call, spd_txn *txn)
{
    (void)call;
    (void)txn;
    return SPD_EIO;
}

const struct op note_ops[] = {
    { .name = "notes.list",
      .route = "GET /api/notes",
      .doc = "All notes",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &page_param_fields,
      .reply = &note_fields,
      .run = list_notes },
    { .name = "notes.get",
      .route = "GET /api/notes/{id}",
      .doc = "One note",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .params = &id_param_fields,
      .reply = &note_fields,
      .run = get_note },
    { .name = "notes.create",
      .route = "POST /api/notes",
      .doc = "Write a note",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE | OP_CREATE,
      .body = &note_fields,
      .reply = &note_fields,
      .run = create_note },
    { .name = "notes.update",
      .route = "PUT /api/notes/{id}",
      .doc = "Change a note",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .body = &note_fields,
      .reply = &note_fields,
      .run = update_note },
    { .name = "notes.wait",
      .route = "GET /api/notes/latest",
      .doc = "Answered when somebody feels like it",
      .role = SPD_VIEWER,
      .flags = OP_LATER,
      .run = keep_waiting },
    { .name = "notes.broken",
      .doc = "Writes what is no JSON",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .run = write_nonsense },
    { .name = "notes.mute",
      .doc = "Fails and does not say why",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .run = say_nothing },
    { .name = "notes.ping",
      .route = "GET /api/ping",
      .doc = "Is somebody there?",
      .flags = OP_READ | OP_PUBLIC,
      .run = list_notes,
      .params = &page_param_fields },
};
const size_t note_op_count = SPD_COUNT(note_ops);

/* -- calling -- */

static void on_done(void *arg, const struct call_result *result)
{
    (void)arg;
    the.done++;
    the.status = result->status;
    buf_clear(&the.reply);
    buf_put(&the.reply, buf_str(result->body));
    buf_put_char(&the.reply, '\0');
    the.reply.len--;
    size_t used = 0;
    the.headers[0] = '\0';
    for (size_t i = 0; i < result->header_count; i++)
        used += (size_t)snprintf(the.headers + used, sizeof(the.headers) - used,
                                 "%s: %.*s\n", result->headers[i].name,
                                 STR_ARG(result->headers[i].value));
}

static spd_json *parsed(const char *text)
{
    struct spd_error err = { 0 };
    spd_json *json = text == NULL ? NULL : json_parse(str_of(text), &err);
    if (text != NULL && json == NULL)
        fail_msg("%s", err.text);
    return json;
}

static struct call_request request_of(struct asking how, const char *op)
{
    struct call_request request = {
        .op = ops_find(the.ops, str_of(op)),
        .actor = { .role = how.role, .person_id = 1 },
        .idempotency_key = str_of(how.key),
        .done = on_done,
    };
    snprintf(request.actor.who, sizeof(request.actor.who), "%s",
             how.who == NULL ? "person/1" : how.who);
    assert_non_null(request.op);
    return request;
}

void ask_flat(struct asking how, const char *op, const char *json)
{
    struct call_request request = request_of(how, op);
    request.flat = parsed(json);
    ops_call(the.ops, &request);
}

void ask_http(struct asking how, const char *op, const char *params,
              const char *body)
{
    struct call_request request = request_of(how, op);
    request.params = parsed(params);
    request.body = parsed(body);
    ops_call(the.ops, &request);
}

void settle(void)
{
    for (int i = 0; i < 3; i++)
        loop_turn(the.loop, 0);
}

const char *ask(const char *op, const char *json)
{
    ask_flat((struct asking){ .role = SPD_ADMIN }, op, json);
    settle();
    return the.reply.ptr;
}

size_t count_notes(void)
{
    spd_txn *txn = store_read(the.store);
    size_t count = record_count(txn, &note_kind);
    store_read_end(txn);
    return count;
}

/* -- for cmocka -- */

int counter_set_up(void **state)
{
    static const struct kind *const kinds[] = { &note_kind };
    struct spd_error err = { 0 };
    (void)state;
    memset(&the, 0, sizeof(the));
    log_set_level(SPD_ERROR);
    fake_clock_init(&the.clock, 1767225600000);
    the.loop = loop_new(&the.clock.clock, NULL);
    snprintf(the.root, sizeof(the.root), "/tmp/spoold-test-XXXXXX");
    if (!crypt_start() || mkdtemp(the.root) == NULL)
        return 1;
    char folder[80];
    snprintf(folder, sizeof(folder), "%s/data", the.root);
    struct store_options options = {
        .folder = folder,
        .map_bytes = (size_t)1 << 28,
        .kinds = kinds,
        .kind_count = 1,
        .min_free_bytes = 1,
    };
    the.store = store_open(the.loop, &options, &err);
    the.ops = ops_new(the.store);
    return ops_add(the.ops, note_ops, note_op_count, NULL, &err) != SPD_OK;
}

int counter_tear_down(void **state)
{
    (void)state;
    size_t breaches = store_check(the.store, NULL, NULL);
    ops_free(the.ops);
    store_close(the.store);
    loop_free(the.loop);
    buf_fini(&the.reply);
    file_remove_folder(the.root);
    return breaches == 0 ? 0 : 1;
}
