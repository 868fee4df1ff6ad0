/* Small values, each name space for itself. */
#include <string.h>

#include "store/store_internal.h"

enum { PLACE_MAX_BYTES = 511 };

/* SPACE 0 KEY: no space sees into another. */
struct space_key {
    char bytes[PLACE_MAX_BYTES];
    size_t len;
};

static bool make_key(struct space_key *out, spd_str space, spd_str key)
{
    out->len = space.len + 1 + key.len;
    if (space.len == 0 || out->len > sizeof(out->bytes) ||
        memchr(space.ptr, 0, space.len) != NULL)
        return false;
    memcpy(out->bytes, space.ptr, space.len);
    out->bytes[space.len] = 0;
    if (key.len > 0)
        memcpy(out->bytes + space.len + 1, key.ptr, key.len);
    return true;
}

static spd_str str_of_key(const struct space_key *key)
{
    return (spd_str){ key->bytes, key->len };
}

static spd_err refuse_key(struct spd_error *err)
{
    return error_set(err, SPD_EINVAL,
                     "a name space and a key have at most %d bytes together",
                     PLACE_MAX_BYTES - 1);
}

static spd_err refuse_walk(struct spd_error *err)
{
    return error_set(err, SPD_EBUSY, "nothing can be written within a scan");
}

spd_err store_get(spd_txn *txn, spd_str space, spd_str key, spd_str *value)
{
    struct space_key place;
    struct value found;
    spd_str bytes;
    if (!make_key(&place, space, key))
        return SPD_EINVAL;
    if (!table_get(txn, &txn->store->space, str_of_key(&place), &bytes))
        return SPD_ENOTFOUND;
    if (!value_read(&txn->store->crc, str_of_key(&place), bytes, &found))
        return SPD_EIO;
    *value = found.packed;
    return SPD_OK;
}

spd_err store_put(spd_txn *txn, spd_str space, spd_str key, spd_str value,
                  struct spd_error *err)
{
    struct space_key place;
    if (!make_key(&place, space, key))
        return refuse_key(err);
    if (txn->walks > 0)
        return refuse_walk(err);
    struct value packed = { .packed = value };
    return table_put(txn, &txn->store->space, str_of_key(&place), &packed, err);
}

spd_err store_del(spd_txn *txn, spd_str space, spd_str key)
{
    struct space_key place;
    spd_str bytes;
    if (!make_key(&place, space, key))
        return SPD_EINVAL;
    if (txn->walks > 0)
        return SPD_EBUSY;
    if (!table_get(txn, &txn->store->space, str_of_key(&place), &bytes))
        return SPD_ENOTFOUND;
    return table_del(txn, &txn->store->space, str_of_key(&place), NULL);
}

spd_err store_scan(spd_txn *txn, spd_str space, spd_str prefix,
                   bool (*fn)(spd_str key, spd_str value, void *arg), void *arg)
{
    struct space_key first;
    struct table *table = &txn->store->space;
    if (!make_key(&first, space, prefix))
        return SPD_EINVAL;
    spd_err rc = SPD_OK;
    spd_str key = str_of_key(&first), bytes;
    MDB_cursor *cursor = cursor_take(txn, table);
    bool more = cursor_move(cursor, MDB_SET_RANGE, &key, &bytes);
    while (more && rc == SPD_OK && str_starts(key, str_of_key(&first))) {
        struct value value;
        spd_str name = { key.ptr + space.len + 1, key.len - space.len - 1 };
        if (!value_read(&txn->store->crc, key, bytes, &value))
            rc = SPD_EIO;
        else if (!fn(name, value.packed, arg))
            break;
        more = cursor_move(cursor, MDB_NEXT, &key, &bytes);
    }
    cursor_give(txn, table, cursor);
    return rc;
}
