#include "store/record.h"

#include <assert.h>
#include <string.h>

#include "store/store_internal.h"

/* -- what a record becomes -- */

static void set_id(void *record, int64_t id)
{
    memcpy(record, &id, sizeof(id));
}

static int64_t id_of(const void *record)
{
    int64_t id;
    memcpy(&id, record, sizeof(id));
    return id;
}

void record_show(const struct kind *kind, const void *record, struct buf *out)
{
    spd_jsonw w;
    buf_clear(out);
    jsonw_init(&w, out);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    fields_write(kind->fields, record, &w);
    if (kind->show != NULL)
        kind->show(record, &w);
    jsonw_end(&w);
    assert(!w.broken && w.depth == 0);
}

void record_places(const struct kind *kind, const void *record,
                   struct place *places)
{
    int64_t id = id_of(record);
    for (size_t i = 0; i < kind->index_count; i++) {
        struct place *place = &places[i];
        place->key.len = 0;
        place->used = kind->indexes[i].key(record, &place->key);
        if (place->used)
            key_put_entry_id(&place->key, id);
    }
}

bool record_decode(spd_txn *txn, const struct kind *kind, int64_t id,
                   spd_str bytes, void *record, struct arena *arena)
{
    struct value value;
    if (!value_read(&txn->store->crc, id_key(&id), bytes, &value) ||
        !fields_unpack(kind->fields, record, value.packed, arena))
        return false;
    set_id(record, id);
    return true;
}

/* -- reading one -- */

static spd_err not_there(const struct kind *kind, int64_t id,
                         struct spd_error *err)
{
    return error_set(err, SPD_ENOTFOUND, "there is no %s %lld", kind->name,
                     (long long)id);
}

static spd_err damaged(const struct kind *kind, int64_t id,
                       struct spd_error *err)
{
    return error_set(err, SPD_EIO, "%s %lld is damaged: restore a backup",
                     kind->name, (long long)id);
}

static bool find_row(spd_txn *txn, const struct shelf *shelf, int64_t id,
                     spd_str *bytes)
{
    return table_get(txn, &shelf->rows, id_key(&id), bytes);
}

spd_err record_get(spd_txn *txn, const struct kind *kind, int64_t id,
                   void *record, struct arena *arena, struct spd_error *err)
{
    spd_str bytes;
    if (!find_row(txn, shelf_of(txn->store, kind), id, &bytes))
        return not_there(kind, id, err);
    /* The record outlives the transaction: its texts are views of a copy. */
    if (!record_decode(txn, kind, id, arena_str(arena, bytes), record, arena))
        return damaged(kind, id, err);
    return SPD_OK;
}

bool record_exists(spd_txn *txn, const struct kind *kind, int64_t id)
{
    spd_str bytes;
    return find_row(txn, shelf_of(txn->store, kind), id, &bytes);
}

spd_err record_text(spd_txn *txn, const struct kind *kind, int64_t id,
                    spd_str *json, struct spd_error *err)
{
    struct value value;
    spd_str bytes;
    if (!find_row(txn, shelf_of(txn->store, kind), id, &bytes))
        return not_there(kind, id, err);
    if (!value_read(&txn->store->crc, id_key(&id), bytes, &value))
        return damaged(kind, id, err);
    *json = value.text;
    return SPD_OK;
}

uint32_t record_tag(spd_txn *txn, const struct kind *kind, int64_t id)
{
    spd_str bytes;
    bool found = find_row(txn, shelf_of(txn->store, kind), id, &bytes);
    return found ? value_sum(bytes) : 0;
}

size_t record_count(spd_txn *txn, const struct kind *kind)
{
    return table_count(txn, &shelf_of(txn->store, kind)->rows);
}

uint64_t record_changes(struct store *store, const struct kind *kind)
{
    return shelf_of(store, kind)->changes;
}

/* -- writing -- */

/* A record under way into the store. */
struct put {
    spd_txn *txn;
    struct shelf *shelf;
    void *record;
    int64_t id;
    bool is_new;
    struct spd_error *err;
};

/* An id that a run which came to nothing had been given, and puts again. */
static bool is_given_again(const struct shelf *shelf, int64_t id)
{
    return id > shelf->kept && id <= shelf->given;
}

/* What is there now, in shelf->old and shelf->old_places. */
static spd_err load_old(spd_txn *txn, struct shelf *shelf, int64_t id,
                        struct spd_error *err)
{
    const struct kind *kind = shelf->kind;
    struct arena arena = { 0 };
    spd_str bytes;
    if (!find_row(txn, shelf, id, &bytes))
        return not_there(kind, id, err);
    bool whole = record_decode(txn, kind, id, bytes, shelf->old, &arena);
    if (whole)
        record_places(kind, shelf->old, shelf->old_places);
    arena_fini(&arena);
    return whole ? SPD_OK : damaged(kind, id, err);
}

static spd_err settle_id(struct put *put)
{
    struct shelf *shelf = put->shelf;
    put->id = id_of(put->record);
    spd_err rc = put->id == 0 ? SPD_ENOTFOUND
                              : load_old(put->txn, shelf, put->id, put->err);
    if (rc == SPD_OK)
        return SPD_OK;
    if (rc != SPD_ENOTFOUND ||
        (put->id != 0 && !is_given_again(shelf, put->id)))
        return rc;
    put->is_new = true;
    if (put->id == 0)
        put->id = shelf->given + 1;
    for (size_t i = 0; i < shelf->kind->index_count; i++)
        shelf->old_places[i].used = false;
    return SPD_OK;
}

/* The first record but this one with exactly this key; 0: none. */
static int64_t holder_of(struct put *put, struct table *index, spd_str entry)
{
    spd_str key = entry_key(entry), found = key, bytes;
    int64_t holder = 0;
    MDB_cursor *cursor = cursor_take(put->txn, index);
    bool more = cursor_move(cursor, MDB_SET_RANGE, &found, &bytes);
    while (more && holder == 0 && str_starts(found, key)) {
        if (found.len == entry.len && entry_id(found) != put->id)
            holder = entry_id(found);
        more = cursor_move(cursor, MDB_NEXT, &found, &bytes);
    }
    cursor_give(put->txn, index, cursor);
    return holder;
}

static bool place_is_same(const struct place *a, const struct place *b)
{
    return a->used == b->used &&
           (!a->used || str_equal(key_str(&a->key), key_str(&b->key)));
}

static spd_err check_unique(struct put *put)
{
    const struct shelf *shelf = put->shelf;
    const struct kind *kind = shelf->kind;
    for (size_t i = 0; i < kind->index_count; i++) {
        const struct place *place = &shelf->new_places[i];
        if (!index_has(&kind->indexes[i], INDEX_UNIQUE) || !place->used ||
            place_is_same(place, &shelf->old_places[i]))
            continue;
        int64_t holder =
            holder_of(put, &shelf->indexes[i], key_str(&place->key));
        if (holder != 0)
            return error_set(put->err, SPD_EEXIST,
                             "%s %lld has the same %s already", kind->name,
                             (long long)holder, kind->indexes[i].name);
    }
    return SPD_OK;
}

static spd_err put_entry(spd_txn *txn, const struct table *table, bool carries,
                         spd_str key, struct spd_error *err)
{
    struct value value = { .text = buf_str(&txn->store->text) };
    return carries ? table_put(txn, table, key, &value, err)
                   : table_put_key(txn, table, key, err);
}

static spd_err move_place(spd_txn *txn, const struct shelf *shelf, size_t i,
                          struct spd_error *err)
{
    const struct table *table = &shelf->indexes[i];
    const struct place *from = &shelf->old_places[i];
    const struct place *to = &shelf->new_places[i];
    bool carries = index_has(&shelf->kind->indexes[i], INDEX_CARRIES_TEXT);
    bool is_same = place_is_same(from, to);
    spd_err rc = SPD_OK;
    if (from->used && !is_same)
        rc = table_del(txn, table, key_str(&from->key), err);
    if (rc == SPD_OK && to->used && (carries || !is_same))
        rc = put_entry(txn, table, carries, key_str(&to->key), err);
    return rc;
}

static spd_err move_places(spd_txn *txn, const struct shelf *shelf,
                           struct spd_error *err)
{
    spd_err rc = SPD_OK;
    for (size_t i = 0; rc == SPD_OK && i < shelf->kind->index_count; i++)
        rc = move_place(txn, shelf, i, err);
    return rc;
}

/* From old_places to new_places, with what `packed` and `text` hold. */
static spd_err write_row(spd_txn *txn, const struct shelf *shelf, int64_t id,
                         struct spd_error *err)
{
    struct store *store = txn->store;
    struct value value = { buf_str(&store->packed), buf_str(&store->text) };
    spd_err rc = move_places(txn, shelf, err);
    if (rc != SPD_OK)
        return rc;
    return table_put(txn, &shelf->rows, id_key(&id), &value, err);
}

static void pack(struct store *store, const struct kind *kind,
                 const void *record)
{
    buf_clear(&store->packed);
    fields_pack(kind->fields, record, &store->packed);
    record_show(kind, record, &store->text);
}

static spd_err put_new_id(struct put *put)
{
    struct shelf *shelf = put->shelf;
    if (!put->is_new)
        return SPD_OK;
    if (put->id > shelf->given)
        shelf->given = put->id;
    return schema_keep_id(put->txn, shelf, shelf->given, put->err);
}

/* All that may refuse comes before all that writes. */
static spd_err put_record(struct put *put, const struct change *change)
{
    struct shelf *shelf = put->shelf;
    const struct kind *kind = shelf->kind;
    struct store *store = put->txn->store;
    shelf->changes++;
    set_id(put->record, put->id);
    record_places(kind, put->record, shelf->new_places);
    spd_err rc = check_unique(put);
    if (rc != SPD_OK)
        return rc;
    pack(store, kind, put->record);
    rc = put_new_id(put);
    if (rc == SPD_OK)
        rc = write_row(put->txn, shelf, put->id, put->err);
    struct written written = { kind->name, put->id };
    if (rc == SPD_OK)
        rc = journal_note(put->txn, change, &written, buf_str(&store->text),
                          NULL, put->err);
    return rc;
}

spd_err record_put(spd_txn *txn, const struct kind *kind, void *record,
                   const struct change *change, struct spd_error *err)
{
    assert(txn->writing);
    struct put put = { .txn = txn,
                       .shelf = shelf_of(txn->store, kind),
                       .record = record,
                       .err = err };
    int64_t id_before = id_of(record);
    spd_err rc = settle_id(&put);
    if (rc == SPD_OK)
        rc = put_record(&put, change);
    if (rc != SPD_OK)
        set_id(record, id_before);
    return rc;
}

spd_err record_rewrite(spd_txn *txn, struct shelf *shelf, const void *record,
                       struct spd_error *err)
{
    for (size_t i = 0; i < shelf->kind->index_count; i++)
        shelf->old_places[i].used = false;
    record_places(shelf->kind, record, shelf->new_places);
    pack(txn->store, shelf->kind, record);
    return write_row(txn, shelf, id_of(record), err);
}

/* The event tells what was there. */
spd_err record_del(spd_txn *txn, const struct kind *kind, int64_t id,
                   const struct change *change, struct spd_error *err)
{
    assert(txn->writing);
    struct store *store = txn->store;
    struct shelf *shelf = shelf_of(store, kind);
    spd_str json;
    shelf->changes++;
    spd_err rc = load_old(txn, shelf, id, err);
    if (rc == SPD_OK)
        rc = record_text(txn, kind, id, &json, err);
    if (rc != SPD_OK)
        return rc;
    buf_clear(&store->text);
    buf_put(&store->text, json);
    for (size_t i = 0; i < kind->index_count; i++)
        shelf->new_places[i].used = false;
    rc = move_places(txn, shelf, err);
    if (rc == SPD_OK)
        rc = table_del(txn, &shelf->rows, id_key(&id), err);
    struct written written = { kind->name, id };
    if (rc == SPD_OK)
        rc = journal_note(txn, change, &written, buf_str(&store->text), NULL,
                          err);
    return rc;
}
