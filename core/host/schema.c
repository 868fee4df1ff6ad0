#include "host/schema.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "ops/guest_fields.h"

enum {
    ROWS_MAX = 64,
    TEXT_MAX_BYTES = 64 * 1024, /* of a text without a rule: "any" */
};

struct schema {
    struct spd_field chosen[ROWS_MAX + 1]; /* ends without a name */
    struct fields *read;                   /* what they say */
    struct field rows[ROWS_MAX];
    struct fields table;
};

/* -- one row -- */

static bool is_field_name(const char *name)
{
    if (!islower((unsigned char)name[0]) || strlen(name) > 64)
        return false;
    for (const char *c = name; *c != '\0'; c++)
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) &&
            *c != '_')
            return false;
    return true;
}

static size_t size_of_type(enum field_type type)
{
    switch (type) {
    case FIELD_BOOL:
        return sizeof(bool);
    case FIELD_INT:
    case FIELD_ID:
    case FIELD_TIME:
        return sizeof(int64_t);
    case FIELD_REAL:
        return sizeof(double);
    case FIELD_CHOICE:
        return sizeof(int);
    case FIELD_TEXT:
    case FIELD_JSON:
        return sizeof(spd_str);
    case FIELD_LIST:
        return sizeof(struct list);
    case FIELD_RECORD:
        break; /* guests have none */
    }
    return 0;
}

static spd_err judge_row(const struct spd_field *row, struct spd_error *err)
{
    const uint32_t known = SPD_FIELD_REQUIRED | SPD_FIELD_SECRET;
    if (!is_field_name(row->name))
        return error_set(err, SPD_EINVAL,
                         "the field %.60s is not named with a-z, 0-9 and _",
                         row->name);
    if (row->doc == NULL || row->doc[0] == '\0')
        return error_set(err, SPD_EINVAL, "the field %.60s has no doc line",
                         row->name);
    if ((row->flags & ~known) != 0)
        return error_set(err, SPD_EINVAL, "the field %.60s has unknown flags",
                         row->name);
    return SPD_OK;
}

/* A struct for the records, behind a copy of the table as it was read. */
static void lay_out(struct schema *schema)
{
    const struct fields *from = schema->read;
    memcpy(schema->rows, from->rows, from->count * sizeof(*from->rows));
    schema->table = (struct fields){ from->name, 0, schema->rows, from->count };
    for (size_t i = 0; i < from->count; i++) {
        struct field *field = &schema->rows[i];
        field->offset = schema->table.size;
        if (field->type == FIELD_TEXT && field->max == 0)
            field->max = TEXT_MAX_BYTES;
        /* Rounded so that the next one is aligned, whatever it is. */
        schema->table.size += (size_of_type(field->type) + 15) & ~(size_t)15;
    }
}

/* -- the route -- */

/* The next `{name}`; the route without it remains. */
static bool next_param(spd_str *route, spd_str *name)
{
    str_cut(route, '{');
    *name = str_cut(route, '}');
    return name->len > 0;
}

static bool is_in_path(const char *route, const char *name)
{
    spd_str rest = str_of(route), param;
    while (next_param(&rest, &param))
        if (str_is(param, name))
            return true;
    return false;
}

static const struct spd_field *find_row(const struct spd_field *rows,
                                        spd_str name)
{
    for (; rows != NULL && rows->name != NULL; rows++)
        if (str_is(name, rows->name))
            return rows;
    return NULL;
}

static bool in_url(const char *route, const char *name)
{
    return strncmp(route, "GET ", 4) == 0 ||
           strncmp(route, "DELETE ", 7) == 0 || is_in_path(route, name);
}

spd_err schema_judge_route(const char *route, const struct spd_field *rows,
                           struct spd_error *err)
{
    spd_str rest = str_of(route), param;
    while (next_param(&rest, &param))
        if (find_row(rows, param) == NULL)
            return error_set(err, SPD_EINVAL,
                             "the route names {%.*s}, which is no field of "
                             "`in`",
                             STR_ARG(str_clip(param, 60)));
    for (; rows != NULL && rows->name != NULL; rows++)
        if ((rows->flags & SPD_FIELD_SECRET) != 0 && in_url(route, rows->name))
            return error_set(err, SPD_EINVAL,
                             "the secret %.60s may not stand in a path or a "
                             "query, for those are logged",
                             rows->name);
    return SPD_OK;
}

static bool is_wanted(const char *route, enum schema_part part,
                      const char *name)
{
    return part == SCHEMA_ALL ||
           is_in_path(route, name) == (part == SCHEMA_PATH);
}

/* The wanted rows, ended as a plugin's are. */
static spd_err choose(struct schema *schema, const struct spd_field *rows,
                      const char *route, enum schema_part part,
                      struct spd_error *err)
{
    size_t count = 0;
    for (; rows != NULL && rows->name != NULL; rows++) {
        if (!is_wanted(route, part, rows->name))
            continue;
        if (count == ROWS_MAX)
            return error_set(err, SPD_EINVAL, "more than %d fields", ROWS_MAX);
        if (judge_row(rows, err) != SPD_OK)
            return SPD_EINVAL;
        schema->chosen[count++] = *rows;
    }
    return SPD_OK;
}

spd_err schema_new(struct schema **out, const char *name,
                   const struct spd_field *rows, const char *route,
                   enum schema_part part, struct spd_error *err)
{
    struct schema *schema = mem_new(sizeof(*schema));
    spd_err rc = choose(schema, rows, route, part, err);
    if (rc == SPD_OK)
        rc = guest_fields_new(&schema->read, name, schema->chosen, err);
    if (rc != SPD_OK) {
        schema_free(schema);
        return rc;
    }
    lay_out(schema);
    *out = schema;
    return SPD_OK;
}

void schema_free(struct schema *schema)
{
    if (schema == NULL)
        return;
    guest_fields_free(schema->read);
    free(schema);
}

const struct fields *schema_fields(const struct schema *schema)
{
    return schema->table.count == 0 ? NULL : &schema->table;
}
