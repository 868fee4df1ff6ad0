/* The test host's store: a sorted list, and transactions that can roll back. */
#include "testhost_internal.h"

#include <stdlib.h>
#include <string.h>

/* A transaction works on a copy, which replaces the list on commit. */
struct spd_txn {
    struct testhost *host;
    struct stored *list;
    bool writable;
};

static int compare(const struct stored *s, spd_str key)
{
    size_t least = s->key_len < key.len ? s->key_len : key.len;
    int order = least > 0 ? memcmp(s->key, key.ptr, least) : 0;
    if (order != 0)
        return order;
    return (s->key_len > key.len) - (s->key_len < key.len);
}

/* Where an entry with this key is, or would go. */
static struct stored **place(struct stored **list, spd_str key)
{
    while (*list != NULL && compare(*list, key) < 0)
        list = &(*list)->next;
    return list;
}

static bool is_at(struct stored *const *at, spd_str key)
{
    return *at != NULL && compare(*at, key) == 0;
}

static void put(struct stored **list, spd_str key, spd_str value)
{
    struct stored **at = place(list, key);
    if (!is_at(at, key)) {
        struct stored *fresh = testhost_alloc(sizeof(*fresh));
        fresh->key = texts_copy(key);
        fresh->key_len = key.len;
        fresh->next = *at;
        *at = fresh;
    }
    free((*at)->value);
    (*at)->value = texts_copy(value);
    (*at)->value_len = value.len;
}

static void list_free(struct stored *list)
{
    while (list != NULL) {
        struct stored *next = list->next;
        free(list->key);
        free(list->value);
        free(list);
        list = next;
    }
}

static struct stored *list_copy(const struct stored *list)
{
    struct stored *copy = NULL;
    for (; list != NULL; list = list->next)
        put(&copy, (spd_str){ list->key, list->key_len },
            (spd_str){ list->value, list->value_len });
    return copy;
}

static spd_err run(spd_plugin *self, spd_err (*fn)(spd_txn *, void *),
                   void *arg, struct spd_error *err, bool writable)
{
    struct testhost *host = testhost_of(self);
    struct spd_txn txn = { host, list_copy(host->store), writable };
    spd_err rc = fn(&txn, arg);
    if (rc == SPD_OK && writable) {
        list_free(host->store);
        host->store = txn.list;
        return SPD_OK;
    }
    list_free(txn.list);
    if (rc != SPD_OK && err != NULL && err->code == SPD_OK)
        err->code = rc;
    return rc;
}

static spd_err store_read(spd_plugin *self, spd_err (*fn)(spd_txn *, void *),
                          void *arg, struct spd_error *err)
{
    return run(self, fn, arg, err, false);
}

static spd_err store_write(spd_plugin *self, spd_err (*fn)(spd_txn *, void *),
                           void *arg, struct spd_error *err)
{
    return run(self, fn, arg, err, true);
}

static spd_err txn_get(spd_txn *txn, spd_str key, spd_str *value)
{
    struct stored **at = place(&txn->list, key);
    if (!is_at(at, key))
        return SPD_ENOTFOUND;
    *value = (spd_str){ (*at)->value, (*at)->value_len };
    return SPD_OK;
}

static spd_err txn_put(spd_txn *txn, spd_str key, spd_str value)
{
    if (!txn->writable)
        testhost_die("put in a transaction that only reads");
    if (testhost_fails(txn->host, "put"))
        return SPD_EIO;
    put(&txn->list, key, value);
    return SPD_OK;
}

/* Enough to be another text than the one that was put. */
static void turn(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        text[i] = (char)(text[i] ^ 1);
}

static const spd_str SEALED = { "sealed ", 7 };

static spd_err txn_put_secret(spd_txn *txn, spd_str key, spd_str value)
{
    spd_str sealed = { testhost_alloc(SEALED.len + value.len + 1),
                       SEALED.len + value.len };
    char *text = (char *)(uintptr_t)sealed.ptr;
    memcpy(text, SEALED.ptr, SEALED.len);
    memcpy(text + SEALED.len, value.ptr, value.len);
    turn(text + SEALED.len, value.len);
    spd_err rc = txn_put(txn, key, sealed);
    free(text);
    return rc;
}

static spd_err txn_get_secret(spd_txn *txn, spd_str key, spd_str *value)
{
    spd_str sealed;
    spd_err rc = txn_get(txn, key, &sealed);
    if (rc != SPD_OK)
        return rc;
    if (sealed.len < SEALED.len ||
        memcmp(sealed.ptr, SEALED.ptr, SEALED.len) != 0)
        return SPD_EAUTH;
    char *text = texts_copy(
        (spd_str){ sealed.ptr + SEALED.len, sealed.len - SEALED.len });
    turn(text, sealed.len - SEALED.len);
    *value =
        (spd_str){ texts_add(&txn->host->kept, text), sealed.len - SEALED.len };
    return SPD_OK;
}

static spd_err txn_del(spd_txn *txn, spd_str key)
{
    if (!txn->writable)
        testhost_die("del in a transaction that only reads");
    struct stored **at = place(&txn->list, key);
    if (!is_at(at, key))
        return SPD_ENOTFOUND;
    struct stored *gone = *at;
    *at = gone->next;
    gone->next = NULL;
    list_free(gone);
    return SPD_OK;
}

static spd_err txn_scan(spd_txn *txn, spd_str prefix,
                        bool (*fn)(spd_str key, spd_str value, void *arg),
                        void *arg)
{
    for (struct stored *s = *place(&txn->list, prefix); s != NULL;
         s = s->next) {
        if (s->key_len < prefix.len ||
            (prefix.len > 0 && memcmp(s->key, prefix.ptr, prefix.len) != 0))
            break;
        if (!fn((spd_str){ s->key, s->key_len },
                (spd_str){ s->value, s->value_len }, arg))
            break;
    }
    return SPD_OK;
}

const char *testhost_stored(const struct testhost *host, const char *key)
{
    struct stored *list = host->store;
    spd_str name = { key, strlen(key) };
    struct stored **at = place(&list, name);
    return is_at(at, name) ? (*at)->value : NULL;
}

void testhost_store(struct testhost *host, const char *key, const char *value)
{
    put(&host->store, (spd_str){ key, strlen(key) },
        (spd_str){ value, strlen(value) });
}

void testhost_store_fini(struct testhost *host)
{
    list_free(host->store);
}

const struct spd_store_api testhost_store_table = {
    .size = sizeof(struct spd_store_api),
    .read = store_read,
    .write = store_write,
    .get = txn_get,
    .put = txn_put,
    .del = txn_del,
    .scan = txn_scan,
    .put_secret = txn_put_secret,
    .get_secret = txn_get_secret,
};
