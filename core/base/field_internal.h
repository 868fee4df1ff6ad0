/* What the parts of fields share: the place of a field in its record. */
#ifndef SPOOLD_BASE_FIELD_INTERNAL_H
#define SPOOLD_BASE_FIELD_INTERNAL_H

#include "base/field.h"

static inline void *field_at(const struct field *field, void *record)
{
    return (char *)record + field->offset;
}

static inline const void *field_in(const struct field *field,
                                   const void *record)
{
    return (const char *)record + field->offset;
}

/* Bytes of one item of a LIST field. */
static inline size_t field_item_size(const struct field *field)
{
    return field->of == NULL ? sizeof(spd_str) : field->of->size;
}

/* The `i`-th item; its record or its spd_str. */
static inline void *field_item(const struct field *field,
                               const struct list *list, size_t i)
{
    return (char *)list->items + i * field_item_size(field);
}

#endif
