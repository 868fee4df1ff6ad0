/* Walking through records in an index's order, and lists made of their texts
 * without looking into them. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/store_internal.h"

enum { LIST_ROOM_BYTES = 64 * 1024 }; /* at most, before the first item */

struct walk {
    spd_txn *txn;
    struct shelf *shelf;
    spd_str prefix;        /* of the entries wanted */
    struct table *entries; /* NULL: by id */
    MDB_cursor *rows, *entry;
    MDB_cursor_op step;
    bool texts_only;    /* the entries' own will do; `bytes` has no more */
    spd_str key, bytes; /* where it stands; empty key: at the end */
    int64_t id;
};

static struct table *table_of(struct shelf *shelf, const struct index *index)
{
    if (index == NULL)
        return NULL;
    size_t i = (size_t)(index - shelf->kind->indexes);
    assert(i < shelf->kind->index_count && "an index of another kind");
    return &shelf->indexes[i];
}

/* -- where a walk begins: at the first key not below the bound, or backwards
 *    at the last one below it; without a bound, at the end -- */

static bool stand_at(struct walk *walk, MDB_cursor *cursor, spd_str bound,
                     bool backwards)
{
    walk->key = bound;
    bool found = (bound.len > 0 || !backwards) &&
                 cursor_move(cursor, MDB_SET_RANGE, &walk->key, &walk->bytes);
    if (!backwards)
        return found;
    return cursor_move(cursor, found ? MDB_PREV : MDB_LAST, &walk->key,
                       &walk->bytes);
}

static bool begin_by_id(struct walk *walk, const struct span *span)
{
    assert(span->prefix == NULL && "ids have no prefix");
    int64_t bound = span->after_id + (span->backwards ? 0 : 1);
    spd_str key = span->after_id == 0 ? STR("") : id_key(&bound);
    return stand_at(walk, walk->rows, key, span->backwards);
}

/* The least key above all that begin with this one; empty: there is none. */
static void key_step_over(struct key *key)
{
    while (key->len > 0 && key->bytes[key->len - 1] == 0xff)
        key->len--;
    if (key->len > 0)
        key->bytes[key->len - 1]++;
}

/* The entry of the record to go on behind.  False: it has none any more. */
static bool entry_of(struct walk *walk, const struct index *index, int64_t id,
                     struct key *key)
{
    const struct kind *kind = walk->shelf->kind;
    struct arena arena = { 0 };
    void *record = mem_new(kind->fields->size);
    spd_str bytes;
    bool used = table_get(walk->txn, &walk->shelf->rows, id_key(&id), &bytes) &&
                record_decode(walk->txn, kind, id, bytes, record, &arena) &&
                index->key(record, key);
    if (used)
        key_put_entry_id(key, id);
    free(record);
    arena_fini(&arena);
    return used;
}

static bool begin_by_index(struct walk *walk, const struct span *span)
{
    struct key bound = { .len = 0 };
    if (span->after_id != 0) {
        if (!entry_of(walk, span->index, span->after_id, &bound))
            return false;
        if (!span->backwards)
            key_put_byte(&bound, 0);
    } else if (span->from != NULL) {
        assert(!span->backwards);
        bound = *span->from;
    } else if (span->prefix != NULL) {
        bound = *span->prefix;
        if (span->backwards)
            key_step_over(&bound);
    }
    return stand_at(walk, walk->entry, key_str(&bound), span->backwards);
}

static bool walk_begin(struct walk *walk, spd_txn *txn, const struct kind *kind,
                       const struct span *span)
{
    struct shelf *shelf = shelf_of(txn->store, kind);
    *walk = (struct walk){
        .txn = txn,
        .shelf = shelf,
        .entries = table_of(shelf, span->index),
        .rows = cursor_take(txn, &shelf->rows),
        .step = span->backwards ? MDB_PREV : MDB_NEXT,
    };
    if (span->prefix != NULL)
        walk->prefix = key_str(span->prefix);
    if (walk->entries == NULL)
        return begin_by_id(walk, span);
    walk->entry = cursor_take(txn, walk->entries);
    return begin_by_index(walk, span);
}

static void walk_end(struct walk *walk)
{
    cursor_give(walk->txn, &walk->shelf->rows, walk->rows);
    if (walk->entries != NULL)
        cursor_give(walk->txn, walk->entries, walk->entry);
}

/* -- on and on -- */

static bool walk_step(struct walk *walk)
{
    MDB_cursor *cursor = walk->entries != NULL ? walk->entry : walk->rows;
    return cursor_move(cursor, walk->step, &walk->key, &walk->bytes);
}

/* Is there a record where the walk stands?  Then `id` and `bytes` are its. */
static bool walk_row(struct walk *walk)
{
    if (walk->entries == NULL) {
        walk->id = key_id(walk->key);
        return true;
    }
    walk->id = entry_id(walk->key);
    if (walk->texts_only)
        return true;
    spd_str key = id_key(&walk->id);
    if (cursor_move(walk->rows, MDB_SET, &key, &walk->bytes))
        return true;
    log_error("store", "%s %lld is in an index, but not in the store",
              walk->shelf->kind->name, (long long)walk->id);
    return false;
}

static bool walk_is_inside(const struct walk *walk)
{
    spd_str prefix = walk->prefix;
    return prefix.len == 0 ||
           (walk->key.len >= prefix.len &&
            memcmp(walk->key.ptr, prefix.ptr, prefix.len) == 0);
}

int64_t record_find(spd_txn *txn, const struct kind *kind,
                    const struct index *index, const struct key *prefix)
{
    struct shelf *shelf = shelf_of(txn->store, kind);
    struct table *entries = table_of(shelf, index);
    spd_str key = key_str(prefix), bytes;
    MDB_cursor *cursor = cursor_take(txn, entries);
    bool found = cursor_move(cursor, MDB_SET_RANGE, &key, &bytes) &&
                 str_starts(key, key_str(prefix));
    int64_t id = found ? entry_id(key) : 0;
    cursor_give(txn, entries, cursor);
    return id;
}

/* A record as its callers see it, decoded only for those who ask. */
struct viewer {
    record_fn *fn;
    void *arg;
    void *record;
    struct arena arena;
};

static bool viewer_see(struct viewer *viewer, const struct walk *walk,
                       bool *answer)
{
    const struct kind *kind = walk->shelf->kind;
    bool whole = record_decode(walk->txn, kind, walk->id, walk->bytes,
                               viewer->record, &viewer->arena);
    if (whole)
        *answer = viewer->fn(viewer->arg, viewer->record);
    else
        log_error("store", "%s %lld is damaged and passed over", kind->name,
                  (long long)walk->id);
    arena_fini(&viewer->arena);
    return whole;
}

size_t record_each(spd_txn *txn, const struct kind *kind,
                   const struct span *span, record_fn *fn, void *arg)
{
    struct viewer viewer = { fn, arg, mem_new(kind->fields->size), { 0 } };
    struct walk walk;
    size_t visited = 0;
    bool wants_more = true;
    bool more = walk_begin(&walk, txn, kind, span);
    while (more && wants_more && walk_is_inside(&walk) &&
           (span->limit == 0 || visited < span->limit)) {
        if (walk_row(&walk) && viewer_see(&viewer, &walk, &wants_more))
            visited++;
        more = walk_step(&walk);
    }
    walk_end(&walk);
    free(viewer.record);
    return visited;
}

/* -- lists -- */

static bool is_wanted(struct viewer *viewer, const struct walk *walk)
{
    bool wanted = true;
    return viewer->fn == NULL || (viewer_see(viewer, walk, &wanted) && wanted);
}

/* The text goes out as it lies there: its checksum is what record_get and
 * store_check look at, for it would cost a list more than all the rest. */
static void put_item(const struct walk *walk, bool first, struct buf *out)
{
    struct value value;
    if (!value_split(walk->bytes, &value)) {
        log_error("store", "%s %lld is damaged and passed over",
                  walk->shelf->kind->name, (long long)walk->id);
        return;
    }
    char *at = buf_room(out, value.text.len + 1);
    size_t comma = first ? 0 : 1;
    at[0] = ',';
    memcpy(at + comma, value.text.ptr, value.text.len);
    out->len += comma + value.text.len;
}

/* A list is mostly as long as the one before it: growing there by doubling
 * would copy it once more.  One byte beyond is for the NUL of buf_take. */
static void make_room(const struct walk *walk, struct buf *out)
{
    size_t wanted = walk->shelf->list_bytes + 1;
    buf_room(out, wanted < LIST_ROOM_BYTES ? wanted : LIST_ROOM_BYTES);
}

int64_t record_list(spd_txn *txn, const struct kind *kind,
                    const struct span *span, record_fn *wanted, void *arg,
                    struct buf *out)
{
    struct viewer viewer = { .fn = wanted, .arg = arg };
    if (wanted != NULL)
        viewer.record = mem_new(kind->fields->size);
    struct walk walk;
    size_t count = 0;
    int64_t last_id = 0, next_after = 0;
    bool more = walk_begin(&walk, txn, kind, span);
    make_room(&walk, out);
    size_t begin = out->len;
    buf_put_char(out, '[');
    walk.texts_only = wanted == NULL && span->index != NULL &&
                      index_has(span->index, INDEX_CARRIES_TEXT);
    for (; more && walk_is_inside(&walk); more = walk_step(&walk)) {
        if (!walk_row(&walk) || !is_wanted(&viewer, &walk))
            continue;
        if (span->limit != 0 && count == span->limit) {
            next_after = last_id;
            break;
        }
        put_item(&walk, count++ == 0, out);
        last_id = walk.id;
    }
    buf_put_char(out, ']');
    walk.shelf->list_bytes = out->len - begin;
    walk_end(&walk);
    free(viewer.record);
    return next_after;
}
