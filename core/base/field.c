/* Reading input: types, bounds and defaults, and a sentence for each fault. */
#include "base/field.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/field_internal.h"
#include "base/moment.h"

void faults_fini(struct faults *faults)
{
    buf_fini(&faults->json);
}

void faults_add(struct faults *faults, const char *field, const char *fmt, ...)
{
    char text[160];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    buf_put_char(&faults->json, faults->count == 0 ? '{' : ',');
    json_quote(&faults->json, str_of(field));
    buf_put_char(&faults->json, ':');
    json_quote(&faults->json, str_of(text));
    if (faults->count++ == 0)
        snprintf(faults->first, sizeof(faults->first), "%.60s %.96s", field,
                 text);
}

/* One value on its way into one field. */
struct intake {
    const struct field *field;
    const spd_json *value;
    void *slot; /* NULL: only checked */
    const struct fields_input *input;
    struct arena *arena;
    struct faults *faults;
};

#define REFUSE(in, ...)                                                        \
    (faults_add((in)->faults, (in)->field->name, __VA_ARGS__), false)

static bool store_int(const struct intake *in, int64_t value)
{
    if (in->slot != NULL)
        memcpy(in->slot, &value, sizeof(value));
    return true;
}

static bool take_bool(const struct intake *in)
{
    bool value = json_as_bool(in->value, false);
    if (json_type(in->value) != SPD_JSON_BOOL) {
        spd_str text = json_as_str(in->value, STR(""));
        value = str_is(text, "true");
        if (!in->input->from_text || (!value && !str_is(text, "false")))
            return REFUSE(in, "must be true or false");
    }
    if (in->slot != NULL)
        *(bool *)in->slot = value;
    return true;
}

/* A whole number, from JSON or, where allowed, from text. */
static bool whole(const struct intake *in, int64_t *out)
{
    if (json_type(in->value) == SPD_JSON_INT) {
        *out = json_as_int(in->value, 0);
        return true;
    }
    return in->input->from_text &&
           str_to_int(json_as_str(in->value, STR("")), out);
}

static bool in_bounds(const struct intake *in, double value, double min,
                      double max)
{
    const struct field *f = in->field;
    if (f->min != 0 || f->max != 0) {
        min = f->min;
        if (f->max >= f->min) /* else only a least value is given */
            max = f->max;
    }
    return (value >= min && value <= max) ||
           REFUSE(in, "must be between %.15g and %.15g", min, max);
}

static const double whole_max = 9007199254740992.0; /* 2^53 */

static bool take_int(const struct intake *in)
{
    int64_t value;
    if (!whole(in, &value))
        return REFUSE(in, "must be a whole number");
    return in_bounds(in, (double)value, -whole_max, whole_max) &&
           store_int(in, value);
}

static bool take_id(const struct intake *in)
{
    int64_t value;
    if (!whole(in, &value) || value < 1 || (double)value > whole_max)
        return REFUSE(in, "must be an id: a whole number from 1 on");
    return store_int(in, value);
}

static bool take_real(const struct intake *in)
{
    double value = json_as_real(in->value, NAN);
    if (isnan(value) && in->input->from_text)
        str_to_real(json_as_str(in->value, STR("")), &value);
    if (isnan(value))
        return REFUSE(in, "must be a number");
    if (!in_bounds(in, value, -1e15, 1e15))
        return false;
    if (in->slot != NULL)
        *(double *)in->slot = value;
    return true;
}

static bool take_text(const struct intake *in)
{
    const struct field *f = in->field;
    if (json_type(in->value) != SPD_JSON_STR)
        return REFUSE(in, "must be a text");
    spd_str text = json_as_str(in->value, STR(""));
    double max = f->max != 0 ? f->max : FIELD_TEXT_MAX;
    if ((double)text.len > max)
        return REFUSE(in, "has %zu bytes; at most %.0f fit", text.len, max);
    if ((double)text.len < f->min)
        return REFUSE(in, text.len == 0 ? "must not be empty" : "is too short");
    if (in->slot != NULL)
        *(spd_str *)in->slot = text;
    return true;
}

static bool take_time(const struct intake *in)
{
    int64_t ms;
    if (!moment_parse(json_as_str(in->value, STR("")), &ms) || ms <= 0)
        return REFUSE(in, "must be a time like 2026-11-22T21:10:00Z");
    return store_int(in, ms);
}

static bool refuse_choice(const struct intake *in)
{
    char words[120] = "";
    size_t used = 0;
    for (const char *const *c = in->field->choices; *c != NULL; c++) {
        int len = snprintf(words + used, sizeof(words) - used, "%s%s",
                           used == 0 ? "" : ", ", *c);
        used += len < 0 ? 0 : (size_t)len;
        if (used >= sizeof(words))
            break;
    }
    return REFUSE(in, "must be one of %s", words);
}

static bool take_choice(const struct intake *in)
{
    spd_str text = json_as_str(in->value, STR(""));
    for (int i = 0; in->field->choices[i] != NULL; i++)
        if (str_is(text, in->field->choices[i])) {
            if (in->slot != NULL)
                *(int *)in->slot = i;
            return true;
        }
    return refuse_choice(in);
}

/* A record within a record comes whole. */
static bool take_members(const struct intake *in, const char *what,
                         const spd_json *value, void *slot)
{
    const struct fields *table = in->field->of;
    for (const spd_json *m = json_first(value); m != NULL; m = json_next(m))
        if (fields_find(table, json_name(m)) == NULL)
            return REFUSE(in, "has %sn unknown member \"%.40s\"", what,
                          json_name(m).ptr);
    struct fields_input input = *in->input;
    input.object = value;
    input.mode = FIELDS_CREATE;
    return fields_decode(table, slot, &input, in->arena, in->faults);
}

static bool take_record(const struct intake *in)
{
    if (json_type(in->value) != SPD_JSON_OBJECT)
        return REFUSE(in, "must be an object");
    return take_members(in, "a", in->value, in->slot);
}

static bool take_item(const struct intake *list, const spd_json *value,
                      void *slot)
{
    const struct field *f = list->field;
    if (f->of == NULL) {
        struct field text = { .name = f->name, .type = FIELD_TEXT };
        struct intake item = *list;
        item.field = &text;
        item.value = value;
        item.slot = slot;
        return take_text(&item);
    }
    if (json_type(value) != SPD_JSON_OBJECT)
        return REFUSE(list, "must be a list of objects");
    return take_members(list, "an item with a", value, slot);
}

static bool take_list(const struct intake *in)
{
    const struct field *f = in->field;
    if (json_type(in->value) != SPD_JSON_ARRAY)
        return REFUSE(in, "must be a list");
    struct list list = { .count = json_count(in->value) };
    double max = f->max != 0 ? f->max : FIELD_LIST_MAX;
    if ((double)list.count < f->min || (double)list.count > max)
        return REFUSE(in, "has %zu items; %.0f to %.0f may be given",
                      list.count, f->min, max);
    bool keep = in->slot != NULL;
    if (keep)
        list.items = arena_new(in->arena, list.count * field_item_size(f));
    size_t i = 0;
    for (const spd_json *v = json_first(in->value); v != NULL;
         v = json_next(v), i++)
        if (!take_item(in, v, keep ? field_item(f, &list, i) : NULL))
            return false;
    if (keep)
        *(struct list *)in->slot = list;
    return true;
}

static bool take_json(const struct intake *in)
{
    if (in->slot == NULL)
        return true;
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_put_json(&w, NULL, in->value);
    *(spd_str *)in->slot = arena_str(in->arena, buf_str(&text));
    buf_fini(&text);
    return true;
}

static bool (*const take_value[])(const struct intake *) = {
    [FIELD_BOOL] = take_bool,     [FIELD_INT] = take_int,
    [FIELD_REAL] = take_real,     [FIELD_TEXT] = take_text,
    [FIELD_ID] = take_id,         [FIELD_TIME] = take_time,
    [FIELD_CHOICE] = take_choice, [FIELD_LIST] = take_list,
    [FIELD_JSON] = take_json,     [FIELD_RECORD] = take_record,
};

static void set_null(const struct field *field, void *slot)
{
    static const int64_t int_none = INT_NONE;
    static const double real_none = NAN;
    switch (field->type) {
    case FIELD_INT:
        memcpy(slot, &int_none, sizeof(int_none));
        return;
    case FIELD_REAL:
        memcpy(slot, &real_none, sizeof(real_none));
        return;
    case FIELD_BOOL:
        *(bool *)slot = false;
        return;
    case FIELD_ID:
    case FIELD_TIME:
        *(int64_t *)slot = 0;
        return;
    case FIELD_CHOICE:
        *(int *)slot = 0;
        return;
    case FIELD_TEXT:
    case FIELD_JSON:
        *(spd_str *)slot = (spd_str){ NULL, 0 };
        return;
    case FIELD_LIST:
        *(struct list *)slot = (struct list){ NULL, 0 };
        return;
    case FIELD_RECORD:
        fields_init(field->of, slot);
        return;
    }
}

/* What most defaults are, and each new record has some. */
static bool take_plain(const struct intake *in, spd_str text)
{
    int64_t number;
    switch (in->field->type) {
    case FIELD_INT:
        return str_to_int(text, &number) &&
               in_bounds(in, (double)number, -whole_max, whole_max) &&
               store_int(in, number);
    case FIELD_BOOL:
        *(bool *)in->slot = str_is(text, "true");
        return true;
    case FIELD_REAL:
    case FIELD_ID:
    case FIELD_TIME:
    case FIELD_CHOICE:
    case FIELD_TEXT:
    case FIELD_JSON:
    case FIELD_LIST:
    case FIELD_RECORD:
        break;
    }
    return false;
}

/* Defaults are scalars or JSON; texts among them are static. */
static void set_fallback(const struct field *field, void *slot)
{
    set_null(field, slot);
    if (field->fallback == NULL)
        return;
    spd_str text = str_of(field->fallback);
    if (field->type == FIELD_TEXT) {
        *(spd_str *)slot = (spd_str){ text.ptr + 1, text.len - 2 };
        return;
    }
    if (field->type == FIELD_JSON) {
        *(spd_str *)slot = text;
        return;
    }
    struct faults faults = { 0 };
    struct fields_input input = { .trusted = true };
    struct intake in = { field, NULL, slot, &input, NULL, &faults };
    bool taken = take_plain(&in, text);
    if (!taken) {
        spd_json *value = json_parse(text, NULL);
        in.value = value;
        taken = take_value[field->type](&in);
        json_free(value);
    }
    assert(taken && "a field's fallback must fit the field");
    (void)taken;
    faults_fini(&faults);
}

void fields_init(const struct fields *table, void *record)
{
    for (size_t i = 0; i < table->count; i++)
        set_fallback(&table->rows[i], field_at(&table->rows[i], record));
}

static bool is_closed(const struct field *field,
                      const struct fields_input *input)
{
    return !input->trusted &&
           (field->flags & (FIELD_READONLY | FIELD_INTERNAL)) != 0;
}

static bool decode_one(struct intake *in)
{
    const struct field *field = in->field;
    bool is_null = json_type(in->value) == SPD_JSON_NULL;
    if (is_closed(field, in->input))
        return REFUSE(in, "is set by the server and cannot be sent");
    if (!is_null)
        return take_value[field->type](in);
    if ((field->flags & FIELD_NULL) == 0)
        return REFUSE(in, "must not be null");
    if (in->slot != NULL)
        set_null(field, in->slot);
    return true;
}

static bool is_blank(const spd_json *value)
{
    return json_type(value) == SPD_JSON_NULL ||
           (json_type(value) == SPD_JSON_STR &&
            json_as_str(value, STR("")).len == 0);
}

bool fields_decode(const struct fields *table, void *record,
                   const struct fields_input *input, struct arena *arena,
                   struct faults *faults)
{
    unsigned before = faults->count;
    bool keep = record != NULL && table->size > 0;
    if (keep && input->mode == FIELDS_CREATE)
        fields_init(table, record);
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->rows[i];
        struct intake in = { field,
                             json_member(input->object, field->name),
                             keep ? field_at(field, record) : NULL,
                             input,
                             arena,
                             faults };
        if (input->lenient && is_blank(in.value))
            in.value = NULL;
        if (in.value != NULL)
            decode_one(&in);
        else if (input->mode == FIELDS_CREATE &&
                 (field->flags & FIELD_REQUIRED) != 0 &&
                 !is_closed(field, input))
            faults_add(faults, field->name, "is required");
    }
    return faults->count == before;
}

const struct field *fields_find(const struct fields *table, spd_str name)
{
    for (size_t i = 0; i < table->count; i++)
        if (str_is(name, table->rows[i].name))
            return &table->rows[i];
    return NULL;
}
