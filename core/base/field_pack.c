/* The store's form of a record: the number of fields, then each in the
 * table's order, little-endian.  Numbers take 8 bytes, choices and booleans
 * one; texts carry their length plus one, 0 being null; lists their count. */
#include <string.h>

#include "base/field_internal.h"

static void put_u32(struct buf *out, uint32_t value)
{
    buf_put(out, (spd_str){ (const char *)&value, sizeof(value) });
}

static void pack_text(struct buf *out, spd_str text)
{
    put_u32(out, text.ptr == NULL ? 0 : (uint32_t)text.len + 1);
    buf_put(out, text);
}

static void pack_list(const struct field *field, const struct list *list,
                      struct buf *out)
{
    put_u32(out, (uint32_t)list->count);
    for (size_t i = 0; i < list->count; i++) {
        const void *item = field_item(field, list, i);
        if (field->of == NULL)
            pack_text(out, *(const spd_str *)item);
        else
            fields_pack(field->of, item, out);
    }
}

static void pack_field(const struct field *field, const void *slot,
                       struct buf *out)
{
    switch (field->type) {
    case FIELD_BOOL:
        buf_put_char(out, (char)*(const bool *)slot);
        return;
    case FIELD_CHOICE:
        buf_put_char(out, (char)*(const int *)slot);
        return;
    case FIELD_INT:
    case FIELD_ID:
    case FIELD_TIME:
    case FIELD_REAL:
        buf_put(out, (spd_str){ slot, 8 });
        return;
    case FIELD_TEXT:
    case FIELD_JSON:
        pack_text(out, *(const spd_str *)slot);
        return;
    case FIELD_LIST:
        pack_list(field, slot, out);
        return;
    case FIELD_RECORD:
        fields_pack(field->of, slot, out);
        return;
    }
}

void fields_pack(const struct fields *table, const void *record,
                 struct buf *out)
{
    buf_put_char(out, (char)table->count);
    for (size_t i = 0; i < table->count; i++)
        pack_field(&table->rows[i], field_in(&table->rows[i], record), out);
}

struct reader {
    spd_str rest;
    struct arena *arena;
};

static bool take_bytes(struct reader *r, void *out, size_t size)
{
    if (r->rest.len < size)
        return false;
    memcpy(out, r->rest.ptr, size);
    r->rest.ptr += size;
    r->rest.len -= size;
    return true;
}

static bool unpack_text(struct reader *r, spd_str *text)
{
    uint32_t size;
    if (!take_bytes(r, &size, sizeof(size)))
        return false;
    *text = (spd_str){ NULL, 0 };
    if (size == 0)
        return true;
    if (r->rest.len < size - 1)
        return false;
    *text = (spd_str){ r->rest.ptr, size - 1 };
    r->rest.ptr += size - 1;
    r->rest.len -= size - 1;
    return true;
}

static bool unpack_record(const struct fields *table, void *record,
                          struct reader *r);

static bool unpack_list(const struct field *field, struct list *list,
                        struct reader *r)
{
    uint32_t count;
    if (!take_bytes(r, &count, sizeof(count)) || count > r->rest.len)
        return false;
    list->count = count;
    list->items = arena_new(r->arena, count * field_item_size(field));
    for (size_t i = 0; i < count; i++) {
        void *item = field_item(field, list, i);
        if (field->of == NULL ? !unpack_text(r, item)
                              : !unpack_record(field->of, item, r))
            return false;
    }
    return true;
}

static bool unpack_choice(const struct field *field, void *slot,
                          struct reader *r)
{
    unsigned char place;
    if (!take_bytes(r, &place, 1))
        return false;
    for (int i = 0; i <= place; i++)
        if (field->choices[i] == NULL)
            return false;
    *(int *)slot = place;
    return true;
}

static bool unpack_field(const struct field *field, void *slot,
                         struct reader *r)
{
    unsigned char byte;
    switch (field->type) {
    case FIELD_BOOL:
        if (!take_bytes(r, &byte, 1))
            return false;
        *(bool *)slot = byte != 0;
        return true;
    case FIELD_CHOICE:
        return unpack_choice(field, slot, r);
    case FIELD_INT:
    case FIELD_ID:
    case FIELD_TIME:
    case FIELD_REAL:
        return take_bytes(r, slot, 8);
    case FIELD_TEXT:
    case FIELD_JSON:
        return unpack_text(r, slot);
    case FIELD_LIST:
        return unpack_list(field, slot, r);
    case FIELD_RECORD:
        return unpack_record(field->of, slot, r);
    }
    return false;
}

static bool unpack_record(const struct fields *table, void *record,
                          struct reader *r)
{
    unsigned char count;
    if (!take_bytes(r, &count, 1) || count > table->count)
        return false;
    if (count < table->count)
        fields_init(table, record);
    for (size_t i = 0; i < count; i++)
        if (!unpack_field(&table->rows[i], field_at(&table->rows[i], record),
                          r))
            return false;
    return true;
}

bool fields_unpack(const struct fields *table, void *record, spd_str packed,
                   struct arena *arena)
{
    struct reader reader = { packed, arena };
    return unpack_record(table, record, &reader) && reader.rest.len == 0;
}
