/* What the store's tables are, and how an older store becomes today's.
 *
 *   meta       "format"      u32
 *              "id/KIND"     i64, the last id given
 *              "kind/KIND"   struct stamp: how its records were written
 *   journal    seq           -> i64 time, topic; the event as text
 *   cursors    name          -> i64 seq
 *   space      SPACE 0 KEY   -> value
 *   KIND       id            -> packed record; its shown text
 *   KIND/INDEX key, id       -> nothing */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/file.h"
#include "base/log.h"
#include "store/store_internal.h"

/* Raised when what is written above changes; then older ones refuse. */
enum { STORE_FORMAT = 1 };

enum { FIXED_TABLES = 4 };

static const size_t default_map_bytes = (size_t)64 << 30;

/* -- the environment -- */

static unsigned tables_needed(const struct store_options *options)
{
    size_t needed = FIXED_TABLES;
    for (size_t i = 0; i < options->kind_count; i++)
        needed += 1 + options->kinds[i]->index_count;
    return (unsigned)needed;
}

static spd_err open_env(struct store *store,
                        const struct store_options *options, const char *path,
                        struct spd_error *err)
{
    unsigned flags = MDB_NOTLS | MDB_NORDAHEAD;
    size_t map_bytes = options->map_bytes;
    MDB_env *env = NULL;
    int rc = mdb_env_create(&env);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(env, tables_needed(options));
    if (rc == 0)
        rc = mdb_env_set_mapsize(env, map_bytes != 0 ? map_bytes
                                                     : default_map_bytes);
    if (rc == 0)
        rc = mdb_env_open(env, path,
                          flags | (options->read_only ? MDB_RDONLY : 0), 0600);
    if (rc != 0) {
        mdb_env_close(env);
        return txn_fault(rc, err, "open the store in %s", path);
    }
    store->env = env;
    return SPD_OK;
}

static int open_table(spd_txn *txn, const char *name, unsigned flags,
                      struct table *table)
{
    if (txn->writing)
        flags |= MDB_CREATE;
    return mdb_dbi_open(txn->mdb, name, flags, &table->dbi);
}

static int open_index(spd_txn *txn, const struct kind *kind,
                      const struct index *index, struct table *table)
{
    char *name = path_of("%s/%s", kind->name, index->name);
    int rc = open_table(txn, name, 0, table);
    free(name);
    return rc;
}

static int open_shelf(spd_txn *txn, struct shelf *shelf)
{
    const struct kind *kind = shelf->kind;
    int rc = open_table(txn, kind->name, MDB_INTEGERKEY, &shelf->rows);
    for (size_t i = 0; rc == 0 && i < kind->index_count; i++)
        rc = open_index(txn, kind, &kind->indexes[i], &shelf->indexes[i]);
    return rc;
}

static int open_tables(spd_txn *txn)
{
    struct store *store = txn->store;
    int rc = open_table(txn, "journal", MDB_INTEGERKEY, &store->journal);
    if (rc == 0)
        rc = open_table(txn, "cursors", 0, &store->cursors);
    if (rc == 0)
        rc = open_table(txn, "space", 0, &store->space);
    for (size_t i = 0; rc == 0 && i < store->shelf_count; i++)
        rc = open_shelf(txn, &store->shelves[i]);
    return rc;
}

/* -- small values in "meta" -- */

static spd_str meta_key(char out[80], const char *what, const char *name)
{
    int len = snprintf(out, 80, "%s%s", what, name);
    assert(len > 0 && len < 80);
    return (spd_str){ out, (size_t)len };
}

/* False: it is not there, or is not of this size. */
static bool meta_get(spd_txn *txn, spd_str key, void *out, size_t size)
{
    struct store *store = txn->store;
    struct value value;
    spd_str bytes;
    if (!table_get(txn, &store->meta, key, &bytes) ||
        !value_read(&store->crc, key, bytes, &value) ||
        value.packed.len != size)
        return false;
    memcpy(out, value.packed.ptr, size);
    return true;
}

static spd_err meta_put(spd_txn *txn, spd_str key, const void *in, size_t size,
                        struct spd_error *err)
{
    struct value value = { .packed = { in, size } };
    return table_put(txn, &txn->store->meta, key, &value, err);
}

spd_err schema_keep_id(spd_txn *txn, const struct shelf *shelf, int64_t id,
                       struct spd_error *err)
{
    char name[80];
    return meta_put(txn, meta_key(name, "id/", shelf->kind->name), &id,
                    sizeof(id), err);
}

/* -- a new store -- */

static spd_err write_format(struct store *store, struct spd_error *err)
{
    const uint32_t format = STORE_FORMAT;
    spd_txn *txn = &store->writer;
    int rc = txn_begin(txn);
    if (rc != 0)
        return txn_fault(rc, err, "begin the store");
    rc = open_table(txn, "meta", 0, &store->meta);
    if (rc == 0 &&
        meta_put(txn, STR("format"), &format, sizeof(format), err) != SPD_OK)
        rc = txn->fault;
    if (rc == 0)
        rc = txn_commit(txn);
    else
        txn_abort(txn);
    return rc == 0 ? SPD_OK : txn_fault(rc, err, "begin the store");
}

/* LMDB syncs its file, never the folder the file lies in. */
static spd_err build_beside(struct store *store,
                            const struct store_options *options,
                            const char *beside, struct spd_error *err)
{
    spd_err rc = open_env(store, options, beside, err);
    if (rc == SPD_OK)
        rc = write_format(store, err);
    mdb_env_close(store->env);
    store->env = NULL;
    return rc == SPD_OK ? file_sync_folder(beside, err) : rc;
}

spd_err schema_create(struct store *store, const struct store_options *options,
                      struct spd_error *err)
{
    char *db = path_of("%s/db", store->folder);
    char *beside = path_of("%s/db.new", store->folder);
    spd_err rc = SPD_OK;
    if (access(db, F_OK) != 0) {
        folder_remove(beside); /* of a making that was cut short */
        rc = folder_make(beside, err);
        if (rc == SPD_OK)
            rc = build_beside(store, options, beside, err);
        if (rc == SPD_OK && rename(beside, db) != 0)
            rc = error_set(err, SPD_EIO, "cannot rename %s: %s", beside,
                           strerror(errno));
        if (rc == SPD_OK)
            rc = folder_sync_around(db, err);
    }
    free(beside);
    free(db);
    return rc;
}

/* -- opening, and bringing up to date -- */

static spd_err check_format(spd_txn *txn, struct spd_error *err)
{
    const char *folder = txn->store->folder;
    uint32_t format = 0;
    if (open_table(txn, "meta", 0, &txn->store->meta) != 0 ||
        !meta_get(txn, STR("format"), &format, sizeof(format)))
        return error_set(err, SPD_EIO,
                         "%s holds no store, or a damaged one: restore a "
                         "backup of it",
                         folder);
    if (format > STORE_FORMAT)
        return error_set(err, SPD_EUNSUPPORTED,
                         "the store in %s was written by a newer spoold "
                         "(format %u, this one knows %d): install that one",
                         folder, format, STORE_FORMAT);
    return SPD_OK;
}

/* How the records of a kind were written. */
struct stamp {
    uint32_t field_count, version;
    unsigned char shape[32]; /* of the fields' schema and the indexes */
};

static struct stamp stamp_of(const struct kind *kind)
{
    struct stamp stamp = { (uint32_t)kind->fields->count,
                           kind->version,
                           { 0 } };
    struct buf shape = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &shape);
    fields_schema(kind->fields, false, &w, NULL);
    for (size_t i = 0; i < kind->index_count; i++)
        buf_printf(&shape, " %s %u", kind->indexes[i].name,
                   kind->indexes[i].flags);
    struct sha256 sum = sha256_of(buf_str(&shape));
    memcpy(stamp.shape, sum.bytes, sizeof(stamp.shape));
    buf_fini(&shape);
    return stamp;
}

static bool next_row(spd_txn *txn, struct shelf *shelf, int64_t *id,
                     struct buf *out)
{
    int64_t from = *id + 1;
    spd_str key = id_key(&from), bytes;
    MDB_cursor *cursor = cursor_take(txn, &shelf->rows);
    bool found = cursor_move(cursor, MDB_SET_RANGE, &key, &bytes);
    if (found) {
        *id = key_id(key);
        buf_clear(out);
        buf_put(out, bytes);
    }
    cursor_give(txn, &shelf->rows, cursor);
    return found;
}

static spd_err rewrite_rows(spd_txn *txn, struct shelf *shelf,
                            struct spd_error *err)
{
    const struct kind *kind = shelf->kind;
    struct buf bytes = { 0 };
    struct arena arena = { 0 };
    int64_t id = 0;
    spd_err rc = SPD_OK;
    while (rc == SPD_OK && next_row(txn, shelf, &id, &bytes)) {
        rc = record_decode(txn, kind, id, buf_str(&bytes), shelf->old, &arena)
                 ? record_rewrite(txn, shelf, shelf->old, err)
                 : error_set(err, SPD_EIO,
                             "%s %lld is damaged: restore a backup", kind->name,
                             (long long)id);
        arena_fini(&arena);
    }
    buf_fini(&bytes);
    return rc;
}

static spd_err bring_up_to_date(spd_txn *txn, struct shelf *shelf,
                                const struct stamp *stamp,
                                struct spd_error *err)
{
    char name[80];
    const struct kind *kind = shelf->kind;
    size_t rows = table_count(txn, &shelf->rows);
    if (rows > 0)
        log_info("store", "writing %zu %s in today's form", rows, kind->plural);
    for (size_t i = 0; i < kind->index_count; i++) {
        int rc = mdb_drop(txn->mdb, shelf->indexes[i].dbi, 0);
        if (rc != 0)
            return txn_fault(rc, err, "empty the index %s of %s",
                             kind->indexes[i].name, kind->plural);
    }
    spd_err rc = rewrite_rows(txn, shelf, err);
    if (rc != SPD_OK)
        return rc;
    return meta_put(txn, meta_key(name, "kind/", kind->name), stamp,
                    sizeof(*stamp), err);
}

static spd_err check_shelf(spd_txn *txn, struct shelf *shelf,
                           struct spd_error *err)
{
    char name[80];
    const struct kind *kind = shelf->kind;
    meta_get(txn, meta_key(name, "id/", kind->name), &shelf->given,
             sizeof(shelf->given));
    shelf->kept = shelf->given;
    struct stamp now = stamp_of(kind), then = { 0 };
    if (meta_get(txn, meta_key(name, "kind/", kind->name), &then,
                 sizeof(then)) &&
        memcmp(&now, &then, sizeof(now)) == 0)
        return SPD_OK;
    if (then.field_count > now.field_count || then.version > now.version)
        return error_set(err, SPD_EUNSUPPORTED,
                         "the %s in %s were written by a newer spoold: "
                         "install that one",
                         kind->plural, txn->store->folder);
    if (!txn->writing)
        return error_set(err, SPD_EUNSUPPORTED,
                         "the %s in %s were written by an older spoold: start "
                         "this one on it once",
                         kind->plural, txn->store->folder);
    return bring_up_to_date(txn, shelf, &now, err);
}

static void make_shelves(struct store *store,
                         const struct store_options *options)
{
    store->shelf_count = options->kind_count;
    store->shelves = mem_array(options->kind_count, sizeof(*store->shelves));
    for (size_t i = 0; i < store->shelf_count; i++) {
        const struct kind *kind = options->kinds[i];
        struct shelf *shelf = &store->shelves[i];
        shelf->kind = kind;
        shelf->old = mem_new(kind->fields->size);
        shelf->indexes = mem_array(kind->index_count, sizeof(struct table));
        shelf->old_places = mem_array(kind->index_count, sizeof(struct place));
        shelf->new_places = mem_array(kind->index_count, sizeof(struct place));
    }
}

static spd_err open_in(spd_txn *txn, struct spd_error *err)
{
    struct store *store = txn->store;
    spd_err rc = check_format(txn, err);
    if (rc != SPD_OK)
        return rc;
    int fault = open_tables(txn);
    if (fault == MDB_NOTFOUND)
        return error_set(err, SPD_EUNSUPPORTED,
                         "the store in %s was written by an older spoold: "
                         "start this one on it once",
                         store->folder);
    if (fault != 0)
        return txn_fault(fault, err, "open the tables in %s", store->folder);
    for (size_t i = 0; rc == SPD_OK && i < store->shelf_count; i++)
        rc = check_shelf(txn, &store->shelves[i], err);
    if (rc == SPD_OK)
        store->last_seq = store->told_seq = journal_last(txn);
    return rc;
}

/* Tables opened in a transaction are known to others when it commits. */
spd_err schema_open(struct store *store, const struct store_options *options,
                    struct spd_error *err)
{
    char *db = path_of("%s/db", store->folder);
    make_shelves(store, options);
    spd_err rc = open_env(store, options, db, err);
    free(db);
    if (rc != SPD_OK)
        return rc;
    spd_txn txn = { .store = store, .writing = !options->read_only };
    int fault = txn_begin(&txn);
    if (fault == 0 && (rc = open_in(&txn, err)) != SPD_OK) {
        txn_abort(&txn);
        return rc;
    }
    if (fault == 0)
        fault = mdb_txn_commit(txn.mdb);
    return fault == 0
               ? SPD_OK
               : txn_fault(fault, err, "open the store in %s", store->folder);
}
