/* The API's documentation, made from the table: OpenAPI 3.1. */
#include <ctype.h>
#include <string.h>

#include "ops/ops_internal.h"

static const char *const role_names[] = { "nobody", "viewer", "operator",
                                          "manager", "admin" };

static void describe_param(const struct op *op, const struct field *row,
                           spd_jsonw *w)
{
    bool is_path = op_has_in_path(op, row->name);
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(w, "name", str_of(row->name));
    jsonw_put_str(w, "in", is_path ? STR("path") : STR("query"));
    jsonw_put_bool(w, "required",
                   is_path || (row->flags & FIELD_REQUIRED) != 0);
    jsonw_put_str(w, "description", str_of(row->doc));
    field_schema(row, true, w, "schema");
    jsonw_end(w);
}

static void describe_params(const struct op *op, spd_jsonw *w)
{
    if (op->params == NULL)
        return;
    jsonw_begin(w, "parameters", SPD_JSON_ARRAY);
    for (size_t i = 0; i < op->params->count; i++)
        describe_param(op, &op->params->rows[i], w);
    jsonw_end(w);
}

static void begin_content(spd_jsonw *w, const char *type)
{
    jsonw_begin(w, "content", SPD_JSON_OBJECT);
    jsonw_begin(w, type, SPD_JSON_OBJECT);
}

static void end_content(spd_jsonw *w)
{
    jsonw_end(w);
    jsonw_end(w);
}

static void describe_body(const struct op *op, spd_jsonw *w)
{
    bool upload = (op->flags & OP_UPLOAD) != 0;
    if (op->body == NULL && !upload)
        return;
    jsonw_begin(w, "requestBody", SPD_JSON_OBJECT);
    jsonw_put_bool(w, "required", (op->flags & OP_CREATE) != 0);
    begin_content(w, upload ? "application/octet-stream" : "application/json");
    if (!upload)
        fields_schema(op->body, true, w, "schema");
    end_content(w);
    jsonw_end(w);
}

static void describe_reply_schema(const struct op *op, spd_jsonw *w)
{
    bool is_list = (op->flags & OP_LIST) != 0;
    if (op->reply == NULL)
        return;
    if (!is_list) {
        fields_schema(op->reply, false, w, "schema");
        return;
    }
    jsonw_begin(w, "schema", SPD_JSON_OBJECT);
    jsonw_put_str(w, "type", STR("array"));
    fields_schema(op->reply, false, w, "items");
    jsonw_end(w);
}

static void describe_replies(const struct op *op, spd_jsonw *w)
{
    bool events = (op->flags & OP_EVENTS) != 0;
    jsonw_begin(w, "responses", SPD_JSON_OBJECT);
    jsonw_begin(w, (op->flags & OP_CREATE) != 0 ? "201" : "200",
                SPD_JSON_OBJECT);
    jsonw_put_str(w, "description", str_of(op->doc));
    begin_content(w, events ? "text/event-stream" : "application/json");
    if (!events)
        describe_reply_schema(op, w);
    end_content(w);
    jsonw_end(w);
    jsonw_begin(w, "default", SPD_JSON_OBJECT);
    jsonw_put_str(w, "$ref", STR("#/components/responses/Refusal"));
    jsonw_end(w);
    jsonw_end(w);
}

static void describe_op(const struct op *op, spd_jsonw *w)
{
    char method[16] = "";
    for (size_t i = 0; op->route[i] != ' ' && i + 1 < sizeof(method); i++)
        method[i] = (char)tolower((unsigned char)op->route[i]);
    jsonw_begin(w, method, SPD_JSON_OBJECT);
    jsonw_put_str(w, "operationId", str_of(op->name));
    jsonw_put_str(w, "summary", str_of(op->doc));
    jsonw_put_str(w, "x-spoold-role", str_of(role_names[op->role]));
    jsonw_put_str(w, "x-spoold-kind",
                  (op->flags & (OP_READ | OP_EVENTS)) != 0 ? STR("read")
                                                           : STR("write"));
    if ((op->flags & OP_PUBLIC) != 0) {
        jsonw_begin(w, "security", SPD_JSON_ARRAY);
        jsonw_end(w);
    }
    describe_params(op, w);
    describe_body(op, w);
    describe_replies(op, w);
    jsonw_end(w);
}

static const char *path_of(const struct op *op)
{
    return op->route == NULL ? NULL : strchr(op->route, '/');
}

/* One object a path, though the table is ordered by name. */
static void describe_path(const struct ops *ops, size_t first, spd_jsonw *w)
{
    const char *path = path_of(ops_at(ops, first));
    for (size_t i = 0; i < first; i++)
        if (path_of(ops_at(ops, i)) != NULL &&
            strcmp(path_of(ops_at(ops, i)), path) == 0)
            return;
    jsonw_begin(w, path, SPD_JSON_OBJECT);
    for (size_t i = first; i < ops->count; i++) {
        const struct op *op = ops_at(ops, i);
        if (path_of(op) != NULL && strcmp(path_of(op), path) == 0)
            describe_op(op, w);
    }
    jsonw_end(w);
}

static const char *const frame_head =
    "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"spoold\",\"version\":"
    "\"1\",\"description\":\"The print shop's operations.\"},"
    "\"security\":[{\"token\":[]}],\"paths\":{";
static const char *const frame_tail =
    "},\"components\":{\"securitySchemes\":{\"token\":{\"type\":\"http\","
    "\"scheme\":\"bearer\"}},\"responses\":{\"Refusal\":{\"description\":"
    "\"Why it was not done\",\"content\":{\"application/json\":{\"schema\":"
    "{\"type\":\"object\",\"required\":[\"error\",\"code\"],\"properties\":{"
    "\"error\":{\"type\":\"string\",\"description\":\"One sentence for a "
    "person\"},\"code\":{\"type\":\"string\",\"description\":\"One word for a "
    "program\"},\"fields\":{\"type\":\"object\",\"description\":\"What is "
    "wrong with which field\",\"additionalProperties\":{\"type\":\"string\""
    "}}}}}}}}}}";

void ops_describe(const struct ops *ops, struct buf *out)
{
    struct buf paths = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &paths);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    for (size_t i = 0; i < ops->count; i++)
        if (path_of(ops_at(ops, i)) != NULL)
            describe_path(ops, i, &w);
    jsonw_end(&w);
    spd_str body = buf_str(&paths);
    buf_put(out, str_of(frame_head));
    buf_put(out, (spd_str){ body.ptr + 1, body.len - 2 });
    buf_put(out, str_of(frame_tail));
    buf_fini(&paths);
}
