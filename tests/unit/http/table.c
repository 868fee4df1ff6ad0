/* The operations that the tests call. */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scene.h"
#include "store/blob.h"

struct thing {
    spd_str name;
    int64_t count;
};

static const struct field thing_rows[] = {
    FIELD(thing, name, FIELD_TEXT, "what it is called",
          .flags = FIELD_REQUIRED),
    FIELD(thing, count, FIELD_INT, "how many there are", .min = 0, .max = 1000),
};
static const struct fields thing_fields = { "thing", sizeof(struct thing),
                                            thing_rows, 2 };

static spd_err say_hello(struct call *call, spd_txn *txn)
{
    (void)txn;
    the.ran++;
    jsonw_begin(call_reply(call), NULL, SPD_JSON_OBJECT);
    jsonw_put_str(call_reply(call), "message", STR("hello"));
    jsonw_end(call_reply(call));
    return SPD_OK;
}

static spd_err show_thing(struct call *call, spd_txn *txn)
{
    (void)txn;
    const struct thing *thing = call->params;
    jsonw_begin(call_reply(call), NULL, SPD_JSON_OBJECT);
    jsonw_put_str(call_reply(call), "name", thing->name);
    jsonw_put_int(call_reply(call), "count", thing->count);
    jsonw_end(call_reply(call));
    call_header(call, "ETag", STR("\"7\""));
    return SPD_OK;
}

static spd_err put_thing(struct call *call, spd_txn *txn)
{
    struct spd_error err;
    const struct thing *thing = call->body;
    struct change change = call_change(call, "thing.created");
    struct buf data = { 0 };
    int64_t seq;
    the.ran++;
    json_quote(&data, thing->name);
    spd_err rc = journal_append(txn, &change, buf_str(&data), &seq, &err);
    buf_fini(&data);
    if (rc != SPD_OK)
        return call_fail(call, &err);
    if (str_is(thing->name, "unwanted"))
        return call_refuse(call, REFUSE_CONFLICT, "nobody wants that");
    jsonw_begin(call_reply(call), NULL, SPD_JSON_OBJECT);
    jsonw_put_int(call_reply(call), "seq", seq);
    jsonw_end(call_reply(call));
    call_header(call, "Location", STR("/api/things/7"));
    return SPD_OK;
}

static spd_err answer_later(struct call *call, spd_txn *txn)
{
    (void)txn;
    the.ran++;
    the.waiting = call;
    return SPD_OK;
}

struct upload {
    spd_str name;
};

static const struct field upload_rows[] = {
    FIELD(upload, name, FIELD_TEXT, "what the file is called",
          .flags = FIELD_REQUIRED),
};
static const struct fields upload_fields = { "upload", sizeof(struct upload),
                                             upload_rows, 1 };

static spd_err take_file(struct call *call, spd_txn *txn)
{
    (void)txn;
    const struct upload *upload = call->params;
    the.ran++;
    jsonw_begin(call_reply(call), NULL, SPD_JSON_OBJECT);
    jsonw_put_str(call_reply(call), "name", upload->name);
    jsonw_put_int(call_reply(call), "bytes", blob_size(call->upload));
    jsonw_end(call_reply(call));
    blob_drop(call->upload);
    call->upload = NULL;
    call_end(call);
    return SPD_OK;
}

static spd_err send_file(struct call *call, spd_txn *txn)
{
    (void)txn;
    char path[128];
    snprintf(path, sizeof(path), "%s/a-file", the.folder);
    call_reply_file(call, path, "text/html");
    return SPD_OK;
}

static spd_err send_picture(struct call *call, spd_txn *txn)
{
    (void)txn;
    char path[128];
    snprintf(path, sizeof(path), "%s/a-file", the.folder);
    call_reply_file(call, path, "image/png");
    return SPD_OK;
}

static const struct op rows[] = {
    { .name = "test.health",
      .route = "GET /api/health",
      .doc = "for everybody",
      .flags = OP_READ | OP_PUBLIC,
      .run = say_hello },
    { .name = "test.setup",
      .route = "POST /api/setup",
      .doc = "for everybody, a write",
      .flags = OP_LATER | OP_PUBLIC,
      .run = answer_later },
    { .name = "test.hello",
      .route = "GET /api/hello",
      .doc = "says hello",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .run = say_hello },
    { .name = "test.secret",
      .route = "GET /api/secret",
      .doc = "for administrators",
      .role = SPD_ADMIN,
      .flags = OP_READ,
      .run = say_hello },
    { .name = "things.get",
      .route = "GET /api/things/{name}",
      .doc = "shows what was asked for",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .params = &thing_fields,
      .run = show_thing },
    { .name = "things.create",
      .route = "POST /api/things",
      .doc = "writes an event",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE | OP_CREATE,
      .body = &thing_fields,
      .run = put_thing },
    { .name = "test.later",
      .route = "POST /api/later",
      .doc = "answers when the test wants it",
      .role = SPD_OPERATOR,
      .flags = OP_LATER,
      .run = answer_later },
    { .name = "files.create",
      .route = "POST /api/files",
      .doc = "takes a file",
      .role = SPD_OPERATOR,
      .flags = OP_LATER | OP_UPLOAD,
      .params = &upload_fields,
      .run = take_file },
    { .name = "files.get",
      .route = "GET /api/file",
      .doc = "gives a file",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .run = send_file },
    { .name = "files.picture",
      .route = "GET /api/picture",
      .doc = "gives a picture",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .run = send_picture },
    { .name = "test.events",
      .route = "GET /api/events",
      .doc = "the journal",
      .role = SPD_VIEWER,
      .flags = OP_EVENTS },
};

void table_add(struct ops *ops)
{
    struct spd_error err;
    if (ops_add(ops, rows, sizeof(rows) / sizeof(rows[0]), NULL, &err) !=
        SPD_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
}

void table_remove(struct ops *ops)
{
    ops_remove(ops, rows, sizeof(rows) / sizeof(rows[0]));
}
