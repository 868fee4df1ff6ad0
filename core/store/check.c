/* The store looked through from end to end, in a transaction of its own: on
 * the loop, on a worker, or in a process beside. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypt.h"
#include "store/store_internal.h"

struct check {
    struct store *store;
    spd_txn txn;
    void (*found)(void *arg, const char *sentence);
    void *arg;
    size_t breaches;
    struct buf text;
};

static void breach(struct check *check, const char *fmt, ...) SPD_PRINTF(2, 3);

static void breach(struct check *check, const char *fmt, ...)
{
    char sentence[240];
    va_list args;
    va_start(args, fmt);
    vsnprintf(sentence, sizeof(sentence), fmt, args);
    va_end(args);
    check->breaches++;
    if (check->found != NULL)
        check->found(check->arg, sentence);
}

/* -- records and their indexes -- */

/* One kind under check. */
struct sight {
    struct check *check;
    struct shelf *shelf;
    void *record;
    struct place *places;
};

static void check_text(struct sight *sight, int64_t id, spd_str bytes)
{
    const struct kind *kind = sight->shelf->kind;
    struct buf *text = &sight->check->text;
    struct value value;
    record_show(kind, sight->record, text);
    if (value_split(bytes, &value) && !str_equal(value.text, buf_str(text)))
        breach(sight->check, "%s %lld does not show what it is", kind->name,
               (long long)id);
}

/* One that carries the text carries today's, which check_text left us. */
static bool entry_is_good(struct sight *sight, size_t i)
{
    struct check *check = sight->check;
    const struct shelf *shelf = sight->shelf;
    spd_str key = key_str(&sight->places[i].key), bytes;
    struct value value;
    if (!table_get(&check->txn, &shelf->indexes[i], key, &bytes))
        return false;
    return !index_has(&shelf->kind->indexes[i], INDEX_CARRIES_TEXT) ||
           (value_read(&check->store->crc, key, bytes, &value) &&
            str_equal(value.text, buf_str(&check->text)));
}

static void check_places(struct sight *sight, int64_t id)
{
    const struct kind *kind = sight->shelf->kind;
    record_places(kind, sight->record, sight->places);
    for (size_t i = 0; i < kind->index_count; i++)
        if (sight->places[i].used && !entry_is_good(sight, i))
            breach(sight->check, "%s %lld is missing in its index %s",
                   kind->name, (long long)id, kind->indexes[i].name);
}

static void check_row(struct sight *sight, int64_t id, spd_str bytes)
{
    const struct kind *kind = sight->shelf->kind;
    struct check *check = sight->check;
    struct arena arena = { 0 };
    if (id < 1 || id > sight->shelf->given)
        breach(check, "%s %lld has an id that was never given", kind->name,
               (long long)id);
    if (record_decode(&check->txn, kind, id, bytes, sight->record, &arena)) {
        check_text(sight, id, bytes);
        check_places(sight, id);
    } else {
        breach(check, "%s %lld is damaged", kind->name, (long long)id);
    }
    arena_fini(&arena);
}

static void check_rows(struct sight *sight)
{
    spd_txn *txn = &sight->check->txn;
    struct table *rows = &sight->shelf->rows;
    spd_str key = { NULL, 0 }, bytes;
    MDB_cursor *cursor = cursor_take(txn, rows);
    bool more = cursor_move(cursor, MDB_FIRST, &key, &bytes);
    for (; more; more = cursor_move(cursor, MDB_NEXT, &key, &bytes))
        check_row(sight, key_id(key), bytes);
    cursor_give(txn, rows, cursor);
}

/* Does the record say that it belongs here? */
static bool entry_belongs(struct sight *sight, size_t i, spd_str entry)
{
    struct shelf *shelf = sight->shelf;
    spd_txn *txn = &sight->check->txn;
    struct arena arena = { 0 };
    int64_t id = entry_id(entry);
    spd_str bytes;
    bool belongs = table_get(txn, &shelf->rows, id_key(&id), &bytes);
    if (belongs &&
        record_decode(txn, shelf->kind, id, bytes, sight->record, &arena)) {
        record_places(shelf->kind, sight->record, sight->places);
        const struct place *place = &sight->places[i];
        belongs = place->used && str_equal(key_str(&place->key), entry);
    } /* one that is damaged was told of already */
    arena_fini(&arena);
    return belongs;
}

static void check_entry(struct sight *sight, size_t i, spd_str entry,
                        spd_str before)
{
    const struct kind *kind = sight->shelf->kind;
    const struct index *index = &kind->indexes[i];
    if (entry.len < sizeof(int64_t) || !entry_belongs(sight, i, entry))
        breach(sight->check, "the index %s of %s has an entry of no %s",
               index->name, kind->plural, kind->name);
    else if (index_has(index, INDEX_UNIQUE) && before.len == entry.len &&
             str_equal(entry_key(before), entry_key(entry)))
        breach(sight->check, "%s %lld and %lld have the same %s", kind->name,
               (long long)entry_id(before), (long long)entry_id(entry),
               index->name);
}

static void check_index(struct sight *sight, size_t i)
{
    spd_txn *txn = &sight->check->txn;
    struct table *index = &sight->shelf->indexes[i];
    spd_str entry = { NULL, 0 }, before = { NULL, 0 }, nothing;
    MDB_cursor *cursor = cursor_take(txn, index);
    bool more = cursor_move(cursor, MDB_FIRST, &entry, &nothing);
    while (more) {
        check_entry(sight, i, entry, before);
        before = entry;
        more = cursor_move(cursor, MDB_NEXT, &entry, &nothing);
    }
    cursor_give(txn, index, cursor);
}

static void check_shelf(struct check *check, struct shelf *shelf)
{
    const struct kind *kind = shelf->kind;
    struct sight sight = {
        .check = check,
        .shelf = shelf,
        .record = mem_new(kind->fields->size),
        .places = mem_array(kind->index_count, sizeof(struct place)),
    };
    check_rows(&sight);
    for (size_t i = 0; i < kind->index_count; i++)
        check_index(&sight, i);
    free(sight.places);
    free(sight.record);
}

/* -- the journal -- */

static void check_event(struct check *check, spd_str key, spd_str bytes)
{
    struct event event;
    int64_t at_ms;
    if (!journal_read(&check->txn, key, bytes, &event, &at_ms) ||
        json_check(event.text, NULL) != SPD_OK)
        breach(check, "event %lld is damaged", (long long)key_id(key));
}

static void check_journal(struct check *check)
{
    struct table *journal = &check->store->journal;
    int64_t before = 0;
    spd_str key = { NULL, 0 }, bytes;
    MDB_cursor *cursor = cursor_take(&check->txn, journal);
    bool more = cursor_move(cursor, MDB_FIRST, &key, &bytes);
    for (; more; more = cursor_move(cursor, MDB_NEXT, &key, &bytes)) {
        if (before != 0 && key_id(key) != before + 1)
            breach(check, "the journal has a gap behind event %lld",
                   (long long)before);
        check_event(check, key, bytes);
        before = key_id(key);
    }
    cursor_give(&check->txn, journal, cursor);
}

/* A table of values that nothing else looks into. */
static void check_values(struct check *check, struct table *table,
                         const char *name)
{
    struct value value;
    spd_str key = { NULL, 0 }, bytes;
    MDB_cursor *cursor = cursor_take(&check->txn, table);
    bool more = cursor_move(cursor, MDB_FIRST, &key, &bytes);
    for (; more; more = cursor_move(cursor, MDB_NEXT, &key, &bytes))
        if (!value_read(&check->store->crc, key, bytes, &value))
            breach(check, "a value of \"%s\" is damaged: %.*s", name,
                   STR_ARG(key));
    cursor_give(&check->txn, table, cursor);
}

/* -- files -- */

static bool hash_file(int fd, struct sha256 *sum)
{
    char piece[65536];
    ssize_t got;
    struct sha256_stream *stream = sha256_start();
    while ((got = read(fd, piece, sizeof(piece))) > 0)
        sha256_add(stream, (spd_str){ piece, (size_t)got });
    *sum = sha256_done(stream);
    return got == 0;
}

static void check_file(void *arg, int folder, const char *name)
{
    struct check *check = arg;
    struct sha256 named, is;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (!hex_read(str_of(name), named.bytes, sizeof(named.bytes)))
        breach(check, "the file %s has no place among the files", name);
    else if (fd < 0 || !hash_file(fd, &is))
        breach(check, "the file %s cannot be read: %s", name, strerror(errno));
    else if (memcmp(named.bytes, is.bytes, sizeof(is.bytes)) != 0)
        breach(check, "the file %s holds other bytes than its name says", name);
    if (fd >= 0)
        close(fd);
}

/* -- all of it -- */

size_t store_check(struct store *store,
                   void (*found)(void *arg, const char *sentence), void *arg)
{
    struct check check = { .store = store, .found = found, .arg = arg };
    if (txn_begin_private(store, &check.txn) != 0) {
        breach(&check, "the store cannot be read");
        return check.breaches;
    }
    for (size_t i = 0; i < store->shelf_count; i++)
        check_shelf(&check, &store->shelves[i]);
    check_journal(&check);
    check_values(&check, &store->meta, "meta");
    check_values(&check, &store->cursors, "cursors");
    check_values(&check, &store->space, "space");
    txn_abort(&check.txn);
    blob_each(store, check_file, &check);
    buf_fini(&check.text);
    return check.breaches;
}
