/* Showing records: as JSON, and as the schema that documents them. */
#include <math.h>
#include <string.h>

#include "base/field_internal.h"
#include "base/moment.h"

static void write_list(const struct field *field, const void *slot,
                       spd_jsonw *w, const char *name)
{
    const struct list *list = slot;
    jsonw_begin(w, name, SPD_JSON_ARRAY);
    for (size_t i = 0; i < list->count; i++) {
        const void *item = field_item(field, list, i);
        if (field->of == NULL) {
            jsonw_put_str(w, NULL, *(const spd_str *)item);
            continue;
        }
        jsonw_begin(w, NULL, SPD_JSON_OBJECT);
        fields_write(field->of, item, w);
        jsonw_end(w);
    }
    jsonw_end(w);
}

static void write_int(int64_t value, int64_t none, spd_jsonw *w,
                      const char *name)
{
    if (value == none)
        jsonw_put_null(w, name);
    else
        jsonw_put_int(w, name, value);
}

static void write_time(int64_t utc_ms, spd_jsonw *w, const char *name)
{
    char text[MOMENT_BYTES];
    if (utc_ms == 0)
        jsonw_put_null(w, name);
    else
        jsonw_put_str(w, name, moment_text(utc_ms, text));
}

static void write_text(spd_str text, bool is_json, spd_jsonw *w,
                       const char *name)
{
    if (text.ptr == NULL)
        jsonw_put_null(w, name);
    else if (is_json)
        jsonw_put_raw(w, name, text);
    else
        jsonw_put_str(w, name, text);
}

static bool is_null(const struct field *field, const void *slot)
{
    switch (field->type) {
    case FIELD_INT:
        return *(const int64_t *)slot == INT_NONE;
    case FIELD_ID:
    case FIELD_TIME:
        return *(const int64_t *)slot == 0;
    case FIELD_REAL:
        return isnan(*(const double *)slot);
    case FIELD_TEXT:
    case FIELD_JSON:
        return ((const spd_str *)slot)->ptr == NULL;
    case FIELD_RECORD:
        return is_null(&field->of->rows[0],
                       field_in(&field->of->rows[0], slot));
    case FIELD_BOOL:
    case FIELD_CHOICE:
    case FIELD_LIST:
        return false;
    }
    return false;
}

static void write_record(const struct field *field, const void *slot,
                         spd_jsonw *w)
{
    if ((field->flags & FIELD_NULL) != 0 && is_null(field, slot)) {
        jsonw_put_null(w, field->name);
        return;
    }
    jsonw_begin(w, field->name, SPD_JSON_OBJECT);
    fields_write(field->of, slot, w);
    jsonw_end(w);
}

static void write_field(const struct field *field, const void *slot,
                        spd_jsonw *w)
{
    const char *name = field->name;
    switch (field->type) {
    case FIELD_BOOL:
        jsonw_put_bool(w, name, *(const bool *)slot);
        return;
    case FIELD_INT:
        write_int(*(const int64_t *)slot, INT_NONE, w, name);
        return;
    case FIELD_ID:
        write_int(*(const int64_t *)slot, 0, w, name);
        return;
    case FIELD_REAL:
        jsonw_put_real(w, name, *(const double *)slot);
        return;
    case FIELD_TIME:
        write_time(*(const int64_t *)slot, w, name);
        return;
    case FIELD_CHOICE:
        jsonw_put_str(w, name, str_of(field->choices[*(const int *)slot]));
        return;
    case FIELD_TEXT:
    case FIELD_JSON:
        write_text(*(const spd_str *)slot, field->type == FIELD_JSON, w, name);
        return;
    case FIELD_LIST:
        write_list(field, slot, w, name);
        return;
    case FIELD_RECORD:
        write_record(field, slot, w);
        return;
    }
}

void fields_write(const struct fields *table, const void *record, spd_jsonw *w)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->rows[i];
        if ((field->flags & (FIELD_INTERNAL | FIELD_SECRET)) == 0)
            write_field(field, field_in(field, record), w);
    }
}

static const char *const schema_type[] = {
    [FIELD_BOOL] = "boolean",  [FIELD_INT] = "integer",
    [FIELD_REAL] = "number",   [FIELD_TEXT] = "string",
    [FIELD_ID] = "integer",    [FIELD_TIME] = "string",
    [FIELD_CHOICE] = "string", [FIELD_LIST] = "array",
    [FIELD_RECORD] = "object",
};

static void schema_of_type(const struct field *field, spd_jsonw *w)
{
    const char *type =
        field->type == FIELD_JSON ? NULL : schema_type[field->type];
    bool nullable = (field->flags & FIELD_NULL) != 0;
    if (type == NULL)
        return;
    if (!nullable) {
        jsonw_put_str(w, "type", str_of(type));
        return;
    }
    jsonw_begin(w, "type", SPD_JSON_ARRAY);
    jsonw_put_str(w, NULL, str_of(type));
    jsonw_put_str(w, NULL, STR("null"));
    jsonw_end(w);
}

static void schema_of_bounds(const struct field *field, spd_jsonw *w)
{
    static const char *const names[][2] = {
        [FIELD_INT] = { "minimum", "maximum" },
        [FIELD_REAL] = { "minimum", "maximum" },
        [FIELD_TEXT] = { "minLength", "maxLength" },
        [FIELD_LIST] = { "minItems", "maxItems" },
        [FIELD_JSON] = { NULL, NULL },
        [FIELD_RECORD] = { NULL, NULL },
    };
    if (field->type == FIELD_ID)
        jsonw_put_int(w, "minimum", 1);
    if (field->type == FIELD_TIME)
        jsonw_put_str(w, "format", STR("date-time"));
    if (names[field->type][0] == NULL || (field->min == 0 && field->max == 0))
        return;
    jsonw_put_real(w, names[field->type][0], field->min);
    if (field->max >= field->min)
        jsonw_put_real(w, names[field->type][1], field->max);
}

static void schema_of_members(const struct fields *table, bool as_request,
                              spd_jsonw *w);

static void schema_of_parts(const struct field *field, bool as_request,
                            spd_jsonw *w)
{
    if (field->type == FIELD_CHOICE) {
        jsonw_begin(w, "enum", SPD_JSON_ARRAY);
        for (const char *const *c = field->choices; *c != NULL; c++)
            jsonw_put_str(w, NULL, str_of(*c));
        jsonw_end(w);
    }
    if (field->type == FIELD_RECORD)
        schema_of_members(field->of, as_request, w);
    if (field->type != FIELD_LIST)
        return;
    if (field->of != NULL) {
        fields_schema(field->of, as_request, w, "items");
        return;
    }
    jsonw_begin(w, "items", SPD_JSON_OBJECT);
    jsonw_put_str(w, "type", STR("string"));
    jsonw_end(w);
}

void field_schema(const struct field *field, bool as_request, spd_jsonw *w,
                  const char *name)
{
    jsonw_begin(w, name, SPD_JSON_OBJECT);
    schema_of_type(field, w);
    jsonw_put_str(w, "description", str_of(field->doc));
    schema_of_bounds(field, w);
    schema_of_parts(field, as_request, w);
    if (field->fallback != NULL && as_request)
        jsonw_put_raw(w, "default", str_of(field->fallback));
    if (field->example != NULL)
        jsonw_put_raw(w, "example", str_of(field->example));
    if ((field->flags & FIELD_SECRET) != 0)
        jsonw_put_bool(w, "writeOnly", true);
    jsonw_end(w);
}

static uint32_t hidden_flags(bool as_request)
{
    return as_request ? FIELD_INTERNAL | FIELD_READONLY
                      : FIELD_INTERNAL | FIELD_SECRET;
}

static void schema_required(const struct fields *table, spd_jsonw *w)
{
    jsonw_begin(w, "required", SPD_JSON_ARRAY);
    for (size_t i = 0; i < table->count; i++) {
        uint32_t flags = table->rows[i].flags;
        if ((flags & FIELD_REQUIRED) != 0 && (flags & hidden_flags(true)) == 0)
            jsonw_put_str(w, NULL, str_of(table->rows[i].name));
    }
    jsonw_end(w);
}

static void schema_of_members(const struct fields *table, bool as_request,
                              spd_jsonw *w)
{
    jsonw_begin(w, "properties", SPD_JSON_OBJECT);
    for (size_t i = 0; i < table->count; i++)
        if ((table->rows[i].flags & hidden_flags(as_request)) == 0)
            field_schema(&table->rows[i], as_request, w, table->rows[i].name);
    jsonw_end(w);
    if (as_request)
        schema_required(table, w);
}

void fields_schema(const struct fields *table, bool as_request, spd_jsonw *w,
                   const char *name)
{
    jsonw_begin(w, name, SPD_JSON_OBJECT);
    jsonw_put_str(w, "type", STR("object"));
    schema_of_members(table, as_request, w);
    jsonw_end(w);
}
