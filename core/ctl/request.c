#include "ctl/request.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "ctl/nearest.h"
#include "ctl/value.h"

enum { FILE_TEXT_MAX_BYTES = JSON_MAX_BYTES };

/* One "name=value" as it was understood. */
struct given {
    spd_str name, value;
    bool raw; /* "name:=JSON" */
};

struct builder {
    const struct operation *op;
    struct arena *arena;
    struct given *params, *members;
    size_t param_count, member_count;
    const char *upload_path;
};

/* -- reading a word -- */

/* The text of `@path`; "@-" is standard input. One line end is taken off. */
static spd_err read_text(const char *path, struct arena *arena, spd_str *text,
                         struct spd_error *err)
{
    struct buf content = { 0 };
    const char *file = strcmp(path, "-") == 0 ? "/dev/stdin" : path;
    spd_err rc = file_read(file, FILE_TEXT_MAX_BYTES, &content, err);
    *text = arena_str(arena, buf_str(&content));
    if (str_ends(*text, STR("\n")))
        text->len--;
    buf_fini(&content);
    return rc;
}

static spd_err split(const char *word, const char *equals, struct given *given,
                     struct arena *arena, struct spd_error *err)
{
    given->name = (spd_str){ word, (size_t)(equals - word) };
    given->value = str_of(equals + 1);
    given->raw = str_ends(given->name, STR(":"));
    if (given->raw) {
        given->name.len--;
        if (json_check(given->value, err) != SPD_OK)
            return error_in(err, "%.*s", STR_ARG(given->name));
        return SPD_OK;
    }
    if (given->value.len > 1 && given->value.ptr[0] == '@')
        return read_text(given->value.ptr + 1, arena, &given->value, err);
    return SPD_OK;
}

static bool is_given(const struct given *rows, size_t count, spd_str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(rows[i].name, name))
            return true;
    return false;
}

static void offer_members(struct nearest *near, const spd_json *schema)
{
    const spd_json *members = json_member(schema, "properties");
    for (const spd_json *m = json_first(members); m != NULL; m = json_next(m))
        nearest_offer(near, json_name(m));
}

static spd_err refuse_name(const struct operation *op, spd_str name,
                           struct spd_error *err)
{
    struct nearest near = { .word = name };
    struct buf hint = { 0 };
    for (const spd_json *p = json_first(op->params); p != NULL;
         p = json_next(p))
        nearest_offer(&near, json_as_str(json_member(p, "name"), STR("")));
    offer_members(&near, op->body);
    nearest_put(&near, &hint);
    error_set(err, SPD_EINVAL, "%.*s has no field %.*s%.*s", STR_ARG(op->name),
              STR_ARG(name), STR_ARG(buf_str(&hint)));
    buf_fini(&hint);
    return SPD_EINVAL;
}

/* A name that the body's schema lacks is sent as it is: some bodies have
 * members that depend on others, and the server knows them. */
static spd_err take_pair(struct builder *b, const char *word,
                         const char *equals, struct spd_error *err)
{
    struct given given = { 0 };
    spd_err rc = split(word, equals, &given, b->arena, err);
    if (rc != SPD_OK)
        return rc;
    if (is_given(b->params, b->param_count, given.name) ||
        is_given(b->members, b->member_count, given.name))
        return error_set(err, SPD_EINVAL, "%.*s is given twice",
                         STR_ARG(given.name));
    if (operation_param(b->op, given.name) != NULL)
        b->params[b->param_count++] = given;
    else if (b->op->body != NULL && given.name.len > 0)
        b->members[b->member_count++] = given;
    else
        return refuse_name(b->op, given.name, err);
    return SPD_OK;
}

/* A bare word is the next part of the path that is not known yet. */
static spd_err take_bare(struct builder *b, const char *word,
                         struct spd_error *err)
{
    for (const spd_json *p = json_first(b->op->params); p != NULL;
         p = json_next(p)) {
        spd_str name = json_as_str(json_member(p, "name"), STR(""));
        if (!param_is_in_path(p) || is_given(b->params, b->param_count, name))
            continue;
        b->params[b->param_count++] =
            (struct given){ .name = name, .value = str_of(word) };
        return SPD_OK;
    }
    return error_set(err, SPD_EINVAL,
                     "\"%.60s\" has no name; write name=%.60s, and see "
                     "spoolctl help %.*s",
                     word, word, STR_ARG(b->op->name));
}

static spd_err take_word(struct builder *b, const char *word,
                         struct spd_error *err)
{
    const char *equals = strchr(word, '=');
    if (word[0] == '@' && b->op->uploads) {
        if (b->upload_path != NULL)
            return error_set(err, SPD_EINVAL, "only one file can be sent");
        b->upload_path = word + 1;
        return SPD_OK;
    }
    return equals != NULL ? take_pair(b, word, equals, err)
                          : take_bare(b, word, err);
}

/* An upload is called as its file is, unless something else was said. */
static void name_upload(struct builder *b)
{
    if (b->upload_path == NULL || operation_param(b->op, STR("name")) == NULL ||
        is_given(b->params, b->param_count, STR("name")))
        return;
    const char *slash = strrchr(b->upload_path, '/');
    b->params[b->param_count++] = (struct given){
        .name = STR("name"),
        .value = str_of(slash == NULL ? b->upload_path : slash + 1),
    };
}

/* -- writing the request -- */

static void put_encoded(struct buf *out, spd_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (isalnum(c) || (c != '\0' && strchr("-._~", c) != NULL))
            buf_put_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

/* Parameters travel as texts; their type is looked at all the same, because
 * the answer is quicker from here. */
static spd_err check_param(const struct builder *b, const struct given *given,
                           struct spd_error *err)
{
    const spd_json *param = operation_param(b->op, given->name);
    const spd_json *schema = json_member(param, "schema");
    struct buf scratch = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &scratch);
    jsonw_begin(&w, NULL, SPD_JSON_ARRAY);
    spd_err rc = value_write(schema, given->value, &w, NULL, err);
    buf_fini(&scratch);
    return rc == SPD_OK ? SPD_OK : error_in(err, "%.*s", STR_ARG(given->name));
}

static const struct given *param_value(const struct builder *b, spd_str name)
{
    for (size_t i = 0; i < b->param_count; i++)
        if (str_equal(b->params[i].name, name))
            return &b->params[i];
    return NULL;
}

/* "/api/jobs/{id}" with its braces filled in. */
static spd_err put_path(const struct builder *b, struct buf *out,
                        struct spd_error *err)
{
    spd_str rest = b->op->path;
    while (rest.ptr != NULL) {
        buf_put(out, str_cut(&rest, '{'));
        if (rest.ptr == NULL)
            break;
        spd_str name = str_cut(&rest, '}');
        const struct given *given = param_value(b, name);
        if (given == NULL || given->value.len == 0)
            return error_set(err, SPD_EINVAL, "%.*s needs %.*s=...",
                             STR_ARG(b->op->name), STR_ARG(name));
        /* Dots alone would lead to another path, however encoded. */
        if (str_is(given->value, ".") || str_is(given->value, ".."))
            return error_set(err, SPD_EINVAL, "%.*s: dots alone are no name",
                             STR_ARG(name));
        put_encoded(out, given->value);
    }
    return SPD_OK;
}

static void put_query(const struct builder *b, struct buf *out)
{
    char before = '?';
    for (size_t i = 0; i < b->param_count; i++) {
        const struct given *given = &b->params[i];
        if (param_is_in_path(operation_param(b->op, given->name)))
            continue;
        buf_put_char(out, before);
        put_encoded(out, given->name);
        buf_put_char(out, '=');
        put_encoded(out, given->value);
        before = '&';
    }
}

static spd_err write_target(const struct builder *b, struct request *request,
                            struct spd_error *err)
{
    for (size_t i = 0; i < b->param_count; i++) {
        spd_err rc = check_param(b, &b->params[i], err);
        if (rc != SPD_OK)
            return rc;
    }
    struct buf target = { 0 };
    spd_err rc = put_path(b, &target, err);
    put_query(b, &target);
    request->target = arena_str(b->arena, buf_str(&target)).ptr;
    buf_fini(&target);
    return rc;
}

static spd_err write_member(const struct builder *b, const struct given *given,
                            spd_jsonw *w, struct spd_error *err)
{
    spd_str name = arena_str(b->arena, given->name);
    if (given->raw) {
        jsonw_put_raw(w, name.ptr, given->value);
        return SPD_OK;
    }
    spd_err rc = value_write(schema_member(b->op->body, given->name),
                             given->value, w, name.ptr, err);
    return rc == SPD_OK ? SPD_OK : error_in(err, "%s", name.ptr);
}

static spd_err write_body(const struct builder *b, struct request *request,
                          struct spd_error *err)
{
    bool wanted = b->op->body != NULL && !str_is(b->op->method, "DELETE");
    if (!wanted && b->member_count == 0)
        return SPD_OK;
    struct buf body = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &body);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    spd_err rc = SPD_OK;
    for (size_t i = 0; i < b->member_count && rc == SPD_OK; i++)
        rc = write_member(b, &b->members[i], &w, err);
    jsonw_end(&w);
    request->body = arena_str(b->arena, buf_str(&body));
    buf_fini(&body);
    return rc;
}

spd_err request_make(struct request *request, const struct operation *op,
                     const char *const *words, int word_count,
                     struct arena *arena, struct spd_error *err)
{
    size_t room = ((size_t)word_count + 1) * sizeof(struct given);
    struct builder b = { .op = op,
                         .arena = arena,
                         .params = arena_new(arena, room),
                         .members = arena_new(arena, room) };
    *request = (struct request){ .op = op };
    for (int i = 0; i < word_count; i++) {
        spd_err rc = take_word(&b, words[i], err);
        if (rc != SPD_OK)
            return rc;
    }
    if (op->uploads && b.upload_path == NULL)
        return error_set(err, SPD_EINVAL,
                         "%.*s needs a file; write @PATH of it",
                         STR_ARG(op->name));
    name_upload(&b);
    request->upload_path = b.upload_path;
    spd_err rc = write_target(&b, request, err);
    return rc == SPD_OK ? write_body(&b, request, err) : rc;
}
