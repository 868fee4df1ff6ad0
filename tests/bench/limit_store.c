#include "limit_store.h"

#include <cjson/cJSON.h>
#include <lmdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t MAP_BYTES = (size_t)16 << 30;
enum { JOIN_BYTES = 64 * 1024 };

struct limit_store {
    MDB_env *env;
    MDB_dbi table;
    MDB_txn *writer, *reader;
    MDB_cursor *cursor; /* the reader's, used again and again */
    uint64_t last_key;
};

static void or_end(int rc, const char *doing)
{
    if (rc == 0)
        return;
    fprintf(stderr, "bench_limit: cannot %s: %s\n", doing, mdb_strerror(rc));
    exit(EXIT_FAILURE);
}

struct limit_store *limit_store_open(const char *folder)
{
    struct limit_store *store = calloc(1, sizeof(*store));
    if (store == NULL)
        abort();
    or_end(mdb_env_create(&store->env), "make an environment");
    or_end(mdb_env_set_mapsize(store->env, MAP_BYTES), "set the map's size");
    or_end(mdb_env_open(store->env, folder, MDB_NOTLS, 0600), "open the store");
    limit_store_begin(store);
    or_end(mdb_dbi_open(store->writer, NULL, MDB_INTEGERKEY, &store->table),
           "open the table");
    limit_store_commit(store);
    or_end(mdb_txn_begin(store->env, NULL, MDB_RDONLY, &store->reader), "read");
    or_end(mdb_cursor_open(store->reader, store->table, &store->cursor),
           "open a cursor");
    mdb_txn_reset(store->reader);
    return store;
}

void limit_store_close(struct limit_store *store)
{
    if (store == NULL)
        return;
    mdb_cursor_close(store->cursor);
    mdb_txn_abort(store->reader);
    mdb_env_close(store->env);
    free(store);
}

void limit_store_begin(struct limit_store *store)
{
    or_end(mdb_txn_begin(store->env, NULL, 0, &store->writer), "begin");
}

void limit_store_put(struct limit_store *store, const char *bytes, size_t len)
{
    uint64_t next = ++store->last_key;
    MDB_val key = { sizeof(next), &next }, value = { .mv_size = len };
    or_end(mdb_put(store->writer, store->table, &key, &value, MDB_RESERVE),
           "put");
    memcpy(value.mv_data, bytes, len);
}

void limit_store_commit(struct limit_store *store)
{
    or_end(mdb_txn_commit(store->writer), "commit");
    store->writer = NULL;
}

void limit_store_fill(struct limit_store *store, const char *array, size_t len)
{
    cJSON *items = cJSON_ParseWithLength(array, len);
    if (!cJSON_IsArray(items)) {
        fputs("bench_limit: the sample is not a JSON array\n", stderr);
        exit(EXIT_FAILURE);
    }
    limit_store_begin(store);
    const cJSON *item;
    cJSON_ArrayForEach(item, items)
    {
        char *text = cJSON_PrintUnformatted(item);
        limit_store_put(store, text, strlen(text));
        free(text);
    }
    limit_store_commit(store);
    cJSON_Delete(items);
}

/* Room for one more value, the comma before it and the bracket behind. */
static char *grow(char *text, size_t *room, size_t wanted)
{
    if (wanted <= *room)
        return text;
    while (*room < wanted)
        *room *= 2;
    text = realloc(text, *room);
    if (text == NULL)
        abort();
    return text;
}

char *limit_store_join(struct limit_store *store, size_t *len)
{
    size_t room = JOIN_BYTES, used = 0;
    char *text = malloc(room);
    MDB_val key, value;
    if (text == NULL)
        abort();
    or_end(mdb_txn_renew(store->reader), "read");
    or_end(mdb_cursor_renew(store->reader, store->cursor), "walk");
    int rc = mdb_cursor_get(store->cursor, &key, &value, MDB_FIRST);
    for (; rc == 0;
         rc = mdb_cursor_get(store->cursor, &key, &value, MDB_NEXT)) {
        text = grow(text, &room, used + value.mv_size + 2);
        text[used] = used == 0 ? '[' : ',';
        memcpy(text + used + 1, value.mv_data, value.mv_size);
        used += value.mv_size + 1;
    }
    if (used == 0)
        text[used++] = '[';
    text[used++] = ']';
    mdb_txn_reset(store->reader);
    *len = used;
    return text;
}
