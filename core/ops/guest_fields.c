#include "ops/guest_fields.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* A table with all its parts in one place. */
struct guest_table {
    struct fields table; /* first: the one is freed as the other */
    struct arena arena;
};

static const enum field_type types[] = {
    [SPD_T_BOOL] = FIELD_BOOL,
    [SPD_T_INT] = FIELD_INT,
    [SPD_T_REAL] = FIELD_REAL,
    [SPD_T_STR] = FIELD_TEXT,
};

/* "0..100" or "<=255" */
static bool read_bounds(spd_str rule, struct field *field)
{
    if (str_starts(rule, STR("<=")))
        return str_to_real((spd_str){ rule.ptr + 2, rule.len - 2 },
                           &field->max);
    const char *dots = strstr(rule.ptr, "..");
    if (dots == NULL)
        return false;
    spd_str low = { rule.ptr, (size_t)(dots - rule.ptr) };
    return str_to_real(low, &field->min) &&
           str_to_real(str_of(dots + 2), &field->max);
}

/* "queued|started" */
static void read_choices(spd_str rule, struct field *field, struct arena *arena)
{
    size_t count = 1, i = 0;
    for (const char *at = rule.ptr; (at = strchr(at, '|')) != NULL; at++)
        count++;
    const char **words = arena_new(arena, (count + 1) * sizeof(*words));
    while (rule.len > 0)
        words[i++] = arena_str(arena, str_cut(&rule, '|')).ptr;
    field->choices = words;
    field->type = FIELD_CHOICE;
}

static bool read_row(const struct spd_field *row, struct field *field,
                     struct arena *arena)
{
    if (row->type < SPD_T_BOOL || row->type > SPD_T_STR || row->doc == NULL)
        return false;
    *field = (struct field){
        .name = row->name,
        .doc = row->doc,
        .type = types[row->type],
    };
    if ((row->flags & SPD_FIELD_REQUIRED) != 0)
        field->flags |= FIELD_REQUIRED;
    if ((row->flags & SPD_FIELD_SECRET) != 0)
        field->flags |= FIELD_SECRET;
    if (row->rule == NULL)
        return true;
    if (row->type == SPD_T_STR && strstr(row->rule, "<=") == NULL) {
        read_choices(str_of(row->rule), field, arena);
        return true;
    }
    return read_bounds(str_of(row->rule), field);
}

spd_err guest_fields_new(struct fields **out, const char *name,
                         const struct spd_field *rows, struct spd_error *err)
{
    struct guest_table *guest = mem_new(sizeof(*guest));
    size_t count = 0;
    while (rows != NULL && rows[count].name != NULL)
        count++;
    struct field *fields = arena_new(&guest->arena, count * sizeof(*fields));
    guest->table = (struct fields){ name, 0, fields, count };
    for (size_t i = 0; i < count; i++)
        if (!read_row(&rows[i], &fields[i], &guest->arena)) {
            error_set(err, SPD_EINVAL,
                      "the field \"%s\" of %s lacks a doc or a known type, or "
                      "has a rule that cannot be read",
                      rows[i].name, name);
            guest_fields_free(&guest->table);
            return SPD_EINVAL;
        }
    *out = &guest->table;
    return SPD_OK;
}

void guest_fields_free(struct fields *table)
{
    if (table == NULL)
        return;
    struct guest_table *guest = (struct guest_table *)(void *)table;
    arena_fini(&guest->arena);
    free(guest);
}
