/* Transactions, tables and cursors: the words the store has for LMDB's. */
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/store_internal.h"

/* A page that cannot be read must never pass for a record that is not there:
 * a live print would be forgotten.  The supervisor starts us anew. */
static void or_die(int rc, const char *doing)
{
    if (rc == 0)
        return;
    log_error("store", "cannot %s: %s; spoold ends", doing, mdb_strerror(rc));
    abort();
}

static const struct reason {
    int rc;
    const char *sentence;
} reasons[] = {
    { ENOSPC, "the disk is full; make room and try again" },
    { EDQUOT, "the disk quota is used up; make room and try again" },
    { MDB_MAP_FULL, "the store has reached its largest size" },
    { MDB_TXN_FULL, "that is too much for one change" },
    { MDB_PANIC, "the disk failed and nothing can be kept any more" },
};

static const char *reason_of(int rc)
{
    for (size_t i = 0; i < FIELD_COUNT(reasons); i++)
        if (reasons[i].rc == rc)
            return reasons[i].sentence;
    return mdb_strerror(rc);
}

spd_err txn_fault(int rc, struct spd_error *err, const char *fmt, ...)
{
    char doing[120];
    va_list args;
    va_start(args, fmt);
    vsnprintf(doing, sizeof(doing), fmt, args);
    va_end(args);
    return error_set(err, SPD_EIO, "cannot %s: %s", doing, reason_of(rc));
}

/* -- begin and end -- */

static int begin_again(spd_txn *txn)
{
    if (txn->mdb != NULL)
        return mdb_txn_renew(txn->mdb);
    return mdb_txn_begin(txn->store->env, NULL, MDB_RDONLY, &txn->mdb);
}

int txn_begin(spd_txn *txn)
{
    if (!txn->writing)
        return begin_again(txn);
    assert(txn->mdb == NULL && "one write at a time");
    txn->dirty = false;
    txn->fault = 0;
    txn->last_seq = txn->store->last_seq;
    int rc = mdb_txn_begin(txn->store->env, NULL, 0, &txn->mdb);
    if (rc != 0)
        txn->mdb = NULL;
    return rc;
}

int txn_begin_private(struct store *store, spd_txn *txn)
{
    *txn = (spd_txn){ .store = store };
    return txn_begin(txn);
}

int txn_commit(spd_txn *txn)
{
    assert(txn->writing && txn->walks == 0);
    MDB_txn *mdb = txn->mdb;
    txn->mdb = NULL;
    return mdb_txn_commit(mdb);
}

void txn_abort(spd_txn *txn)
{
    assert(txn->walks == 0);
    mdb_txn_abort(txn->mdb);
    txn->mdb = NULL;
}

spd_txn *store_read(struct store *store)
{
    spd_txn *txn = &store->reader;
    assert(store->loop == NULL || loop_is_here(store->loop));
    if (txn->reads++ > 0)
        return txn;
    or_die(txn_begin(txn), "read the store");
    return txn;
}

void store_read_end(spd_txn *txn)
{
    assert(txn == &txn->store->reader && txn->reads > 0);
    if (--txn->reads > 0)
        return;
    assert(txn->walks == 0);
    mdb_txn_reset(txn->mdb);
}

struct store *txn_store(const spd_txn *txn)
{
    return txn->store;
}

/* -- tables -- */

/* LMDB takes keys and values that it only reads as pointers to what may be
 * written: the way round -Wcast-qual says so aloud. */
static MDB_val val_of(spd_str bytes)
{
    return (MDB_val){ bytes.len, (void *)(uintptr_t)bytes.ptr };
}

static spd_str str_of_val(MDB_val val)
{
    return (spd_str){ val.mv_data, val.mv_size };
}

bool table_get(spd_txn *txn, const struct table *table, spd_str key,
               spd_str *bytes)
{
    MDB_val k = val_of(key), v;
    int rc = mdb_get(txn->mdb, table->dbi, &k, &v);
    if (rc == MDB_NOTFOUND || rc == MDB_BAD_VALSIZE || txn->fault != 0)
        return false; /* what cannot be a key is not there either */
    or_die(rc, "read the store");
    *bytes = str_of_val(v);
    return true;
}

/* From its first refusal on, nothing this transaction wrote will be kept. */
static spd_err written(spd_txn *txn, int rc, struct spd_error *err)
{
    if (rc == 0)
        return SPD_OK;
    if (txn->fault == 0)
        txn->fault = rc;
    return txn_fault(txn->fault, err, "write to the store");
}

static void mark_dirty(spd_txn *txn)
{
    assert(txn->writing && "this transaction only reads");
    assert(txn->walks == 0 && "no writes from inside a walk");
    txn->dirty = true;
}

spd_err table_put(spd_txn *txn, const struct table *table, spd_str key,
                  const struct value *value, struct spd_error *err)
{
    mark_dirty(txn);
    MDB_val k = val_of(key), v = { .mv_size = value_size(value) };
    int rc = mdb_put(txn->mdb, table->dbi, &k, &v, MDB_RESERVE);
    if (rc == 0)
        value_write(&txn->store->crc, key, value, v.mv_data);
    return written(txn, rc, err);
}

spd_err table_put_key(spd_txn *txn, const struct table *table, spd_str key,
                      struct spd_error *err)
{
    mark_dirty(txn);
    MDB_val k = val_of(key), v = { 0 };
    return written(txn, mdb_put(txn->mdb, table->dbi, &k, &v, 0), err);
}

spd_err table_del(spd_txn *txn, const struct table *table, spd_str key,
                  struct spd_error *err)
{
    mark_dirty(txn);
    MDB_val k = val_of(key);
    int rc = mdb_del(txn->mdb, table->dbi, &k, NULL);
    return written(txn, rc == MDB_NOTFOUND ? 0 : rc, err);
}

size_t table_count(spd_txn *txn, const struct table *table)
{
    MDB_stat stat = { 0 };
    mdb_stat(txn->mdb, table->dbi, &stat);
    return stat.ms_entries;
}

/* -- cursors -- */

MDB_cursor *cursor_take(spd_txn *txn, struct table *table)
{
    MDB_cursor *cursor = NULL;
    int rc;
    if (txn->lends && table->spare != NULL) {
        cursor = table->spare;
        table->spare = NULL;
        rc = mdb_cursor_renew(txn->mdb, cursor);
    } else {
        rc = mdb_cursor_open(txn->mdb, table->dbi, &cursor);
    }
    or_die(txn->fault != 0 ? 0 : rc, "read the store");
    txn->walks++;
    return cursor;
}

void cursor_give(spd_txn *txn, struct table *table, MDB_cursor *cursor)
{
    assert(txn->walks > 0);
    txn->walks--;
    if (txn->lends && table->spare == NULL)
        table->spare = cursor;
    else if (cursor != NULL)
        mdb_cursor_close(cursor);
}

bool cursor_move(MDB_cursor *cursor, MDB_cursor_op op, spd_str *key,
                 spd_str *bytes)
{
    if (cursor == NULL) /* of a transaction that failed */
        return false;
    if (op == MDB_SET_RANGE && key->len == 0)
        op = MDB_FIRST; /* LMDB has no empty keys */
    MDB_val k = val_of(*key), v;
    int rc = mdb_cursor_get(cursor, &k, &v, op);
    if (rc == MDB_NOTFOUND)
        return false;
    or_die(rc, "read the store");
    *key = str_of_val(k);
    *bytes = str_of_val(v);
    return true;
}

/* -- keys -- */

int64_t key_id(spd_str key)
{
    int64_t id = 0;
    assert(key.len == sizeof(id));
    memcpy(&id, key.ptr, sizeof(id));
    return id;
}

void key_put_entry_id(struct key *key, int64_t id)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        key_put_byte(key, (unsigned char)((uint64_t)id >> shift));
}

int64_t entry_id(spd_str entry)
{
    uint64_t id;
    assert(entry.len >= sizeof(id));
    memcpy(&id, entry.ptr + entry.len - sizeof(id), sizeof(id));
    return (int64_t)be64toh(id);
}

spd_str entry_key(spd_str entry)
{
    return (spd_str){ entry.ptr, entry.len - sizeof(int64_t) };
}

struct shelf *shelf_of(struct store *store, const struct kind *kind)
{
    for (size_t i = 0; i < store->shelf_count; i++)
        if (store->shelves[i].kind == kind)
            return &store->shelves[i];
    log_error("store", "a bug: %s are not among the store's", kind->plural);
    abort();
}
