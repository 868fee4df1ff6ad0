#include "ctl/description.h"

#include <ctype.h>
#include <stdlib.h>

struct description {
    spd_json *doc;
    struct arena arena;
    struct operation *operations;
    size_t count;
};

static spd_str text_member(const spd_json *object, const char *name)
{
    return json_as_str(json_member(object, name), STR(""));
}

static spd_str upper(struct arena *arena, spd_str text)
{
    spd_str copy = arena_str(arena, text);
    char *letters = arena_new(arena, text.len + 1);
    for (size_t i = 0; i < copy.len; i++)
        letters[i] = (char)toupper((unsigned char)copy.ptr[i]);
    return (spd_str){ letters, copy.len };
}

/* The first kind of content of a body or reply, by its own name. */
static const spd_json *content_of(const spd_json *part)
{
    return json_first(json_member(part, "content"));
}

/* The reply when all goes well: the one whose status begins with 2. */
static const spd_json *good_reply(const spd_json *row)
{
    const spd_json *replies = json_member(row, "responses");
    for (const spd_json *r = json_first(replies); r != NULL; r = json_next(r))
        if (str_starts(json_name(r), STR("2")))
            return r;
    return NULL;
}

static void read_body(struct operation *op, const spd_json *row)
{
    const spd_json *content = content_of(json_member(row, "requestBody"));
    if (content == NULL)
        return;
    if (str_is(json_name(content), "application/json"))
        op->body = json_member(content, "schema");
    else
        op->uploads = true;
}

static void read_reply(struct operation *op, const spd_json *row)
{
    const spd_json *content = content_of(good_reply(row));
    if (content == NULL)
        return;
    op->reply = json_member(content, "schema");
    op->streams = str_is(json_name(content), "text/event-stream");
}

static void read_operation(struct description *description,
                           const spd_json *path, const spd_json *row)
{
    spd_str name = text_member(row, "operationId");
    if (name.len == 0)
        return;
    const spd_json *security = json_member(row, "security");
    struct operation *op = &description->operations[description->count++];
    *op = (struct operation){
        .name = name,
        .doc = text_member(row, "summary"),
        .role = text_member(row, "x-spoold-role"),
        .method = upper(&description->arena, json_name(row)),
        .path = json_name(path),
        .params = json_member(row, "parameters"),
        .is_public =
            json_type(security) == SPD_JSON_ARRAY && json_count(security) == 0,
    };
    read_body(op, row);
    read_reply(op, row);
}

static int by_name(const void *a, const void *b)
{
    const struct operation *left = a, *right = b;
    return str_compare(left->name, right->name);
}

static size_t count_rows(const spd_json *paths)
{
    size_t count = 0;
    for (const spd_json *p = json_first(paths); p != NULL; p = json_next(p))
        count += json_count(p);
    return count;
}

static void read_paths(struct description *description, const spd_json *paths)
{
    description->operations =
        mem_array(count_rows(paths) + 1, sizeof(*description->operations));
    for (const spd_json *p = json_first(paths); p != NULL; p = json_next(p))
        for (const spd_json *r = json_first(p); r != NULL; r = json_next(r))
            read_operation(description, p, r);
    qsort(description->operations, description->count,
          sizeof(*description->operations), by_name);
}

struct description *description_read(spd_str json, struct spd_error *err)
{
    spd_json *doc = json_parse(json, err);
    if (doc == NULL)
        return NULL;
    struct description *description = mem_new(sizeof(*description));
    description->doc = doc;
    read_paths(description, json_member(doc, "paths"));
    if (description->count > 0)
        return description;
    error_set(err, SPD_EINVAL, "it describes no operation");
    description_free(description);
    return NULL;
}

void description_free(struct description *description)
{
    if (description == NULL)
        return;
    free(description->operations);
    arena_fini(&description->arena);
    json_free(description->doc);
    free(description);
}

size_t description_count(const struct description *description)
{
    return description->count;
}

const struct operation *description_at(const struct description *description,
                                       size_t index)
{
    return &description->operations[index];
}

const struct operation *description_find(const struct description *description,
                                         spd_str name)
{
    for (size_t i = 0; i < description->count; i++)
        if (str_equal(description->operations[i].name, name))
            return &description->operations[i];
    return NULL;
}

/* -- parts of an operation -- */

const spd_json *operation_param(const struct operation *op, spd_str name)
{
    for (const spd_json *p = json_first(op->params); p != NULL;
         p = json_next(p))
        if (str_equal(text_member(p, "name"), name))
            return p;
    return NULL;
}

bool param_is_in_path(const spd_json *param)
{
    return str_is(text_member(param, "in"), "path");
}

const spd_json *schema_member(const spd_json *schema, spd_str name)
{
    const spd_json *members = json_member(schema, "properties");
    for (const spd_json *m = json_first(members); m != NULL; m = json_next(m))
        if (str_equal(json_name(m), name))
            return m;
    return NULL;
}

/* "type" is one word or a list of them. */
spd_str schema_type(const spd_json *schema)
{
    const spd_json *type = json_member(schema, "type");
    if (json_type(type) != SPD_JSON_ARRAY)
        return json_as_str(type, STR(""));
    for (const spd_json *t = json_first(type); t != NULL; t = json_next(t))
        if (!str_is(json_as_str(t, STR("")), "null"))
            return json_as_str(t, STR(""));
    return STR("");
}

bool schema_allows_null(const spd_json *schema)
{
    const spd_json *type = json_member(schema, "type");
    for (const spd_json *t = json_first(type); t != NULL; t = json_next(t))
        if (str_is(json_as_str(t, STR("")), "null"))
            return true;
    return false;
}

const spd_json *schema_record(const spd_json *schema)
{
    const spd_json *items = json_member(schema, "items");
    return items != NULL ? items : schema;
}
