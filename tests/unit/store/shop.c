#include "shop.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypt.h"

/* -- parcels -- */

static const char *const statuses[] = { "waiting", "sent", NULL };

static const struct field parcel_rows[] = {
    FIELD(parcel, id, FIELD_ID, "id", .flags = FIELD_READONLY),
    FIELD(parcel, shelf, FIELD_INT, "where it lies", .flags = 0),
    FIELD(parcel, priority, FIELD_INT, "higher goes first", .flags = 0),
    FIELD(parcel, label, FIELD_TEXT, "unlike any other", .max = 4000),
    FIELD(parcel, note, FIELD_TEXT, "what else is known", .max = 100000),
    FIELD(parcel, status, FIELD_CHOICE, "how far it is", .choices = statuses),
    FIELD(parcel, marks, FIELD_LIST, "stickers", .max = 8),
    FIELD(parcel, code, FIELD_TEXT, "opens it", .flags = FIELD_SECRET),
};

const struct fields parcel_fields = { "parcel", sizeof(struct parcel),
                                      parcel_rows, FIELD_COUNT(parcel_rows) };

static bool key_by_shelf(const void *record, struct key *key)
{
    const struct parcel *parcel = record;
    if (parcel->shelf == SHELF_NONE)
        return false;
    key_put_int(key, parcel->shelf);
    key_put_int(key, -parcel->priority);
    return true;
}

static bool key_by_label(const void *record, struct key *key)
{
    const struct parcel *parcel = record;
    if (parcel->label.ptr == NULL)
        return false;
    key_put_text(key, parcel->label);
    return true;
}

static bool key_by_status(const void *record, struct key *key)
{
    const struct parcel *parcel = record;
    key_put_byte(key, (unsigned char)parcel->status);
    return true;
}

const struct index parcel_indexes[PARCEL_INDEXES] = {
    [BY_SHELF] = { "shelf", key_by_shelf, INDEX_CARRIES_TEXT },
    [BY_LABEL] = { "label", key_by_label, INDEX_UNIQUE },
    [BY_STATUS] = { "status", key_by_status, 0 },
};

static void show_more(const void *record, spd_jsonw *w)
{
    const struct parcel *parcel = record;
    jsonw_put_bool(w, "urgent", parcel->priority > 5);
}

const struct kind parcel_kind = {
    .name = "parcel",
    .plural = "parcels",
    .fields = &parcel_fields,
    .indexes = parcel_indexes,
    .index_count = PARCEL_INDEXES,
    .show = show_more,
};

struct parcel parcel_new(const char *label, int64_t shelf, int64_t priority)
{
    struct parcel parcel = { 0 };
    fields_init(&parcel_fields, &parcel);
    parcel.label = str_of(label);
    parcel.shelf = shelf;
    parcel.priority = priority;
    return parcel;
}

/* -- the shop -- */

struct store *shop_open_as(struct shop *shop, const struct kind *kind,
                           size_t map_bytes, struct spd_error *err)
{
    static const struct kind *kinds[1];
    kinds[0] = kind != NULL ? kind : &parcel_kind;
    struct store_options options = {
        .folder = shop->folder,
        .map_bytes = map_bytes != 0 ? map_bytes : (size_t)1 << 30,
        .kinds = kinds,
        .kind_count = 1,
        .min_free_bytes = 1,
    };
    shop->store = store_open(shop->loop, &options, err);
    return shop->store;
}

void shop_open(struct shop *shop)
{
    struct spd_error err = { 0 };
    if (shop_open_as(shop, NULL, 0, &err) == NULL)
        fail_msg("%s", err.text);
}

void shop_close(struct shop *shop)
{
    store_close(shop->store);
    shop->store = NULL;
}

int shop_set_up(void **state)
{
    struct shop *shop = mem_new(sizeof(*shop));
    *state = shop;
    if (!crypt_start())
        return 1;
    fake_clock_init(&shop->clock, 1767225600000);
    shop->loop = loop_new(&shop->clock.clock, NULL);
    snprintf(shop->root, sizeof(shop->root), "/tmp/spoold-test-XXXXXX");
    if (mkdtemp(shop->root) == NULL)
        return 1;
    snprintf(shop->folder, sizeof(shop->folder), "%.50s/data", shop->root);
    shop_open(shop);
    return 0;
}

int shop_tear_down(void **state)
{
    struct shop *shop = *state;
    size_t breaches = 0;
    if (shop->store != NULL)
        breaches = shop_breaches(shop, false);
    shop_close(shop);
    loop_free(shop->loop);
    remove_tree(shop->root);
    free(shop);
    return breaches == 0 ? 0 : 1;
}

static spd_err run_put(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct change change = { "parcel.put", STR("person/1") };
    return record_put(txn, &parcel_kind, arg, &change, err);
}

spd_err shop_try_put(struct shop *shop, struct parcel *parcel,
                     struct spd_error *err)
{
    return store_write_now(shop->store, run_put, parcel, err);
}

int64_t shop_put(struct shop *shop, struct parcel *parcel)
{
    struct spd_error err = { 0 };
    if (shop_try_put(shop, parcel, &err) != SPD_OK)
        fail_msg("%s", err.text);
    return parcel->id;
}

int64_t shop_add(struct shop *shop, const char *label, int64_t shelf,
                 int64_t priority)
{
    struct parcel parcel = parcel_new(label, shelf, priority);
    return shop_put(shop, &parcel);
}

static spd_err run_del(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct change change = { "parcel.removed", STR("person/1") };
    return record_del(txn, &parcel_kind, *(int64_t *)arg, &change, err);
}

void shop_del(struct shop *shop, int64_t id)
{
    struct spd_error err = { 0 };
    if (store_write_now(shop->store, run_del, &id, &err) != SPD_OK)
        fail_msg("%s", err.text);
}

/* -- what is there -- */

static char ids[1024];

static bool note_id(void *arg, const void *record)
{
    const struct parcel *parcel = record;
    (void)arg;
    size_t used = strlen(ids);
    snprintf(ids + used, sizeof(ids) - used, "%s%lld", used > 1 ? "," : "",
             (long long)parcel->id);
    return true;
}

const char *shop_ids(struct shop *shop, const struct span *span)
{
    snprintf(ids, sizeof(ids), "[");
    spd_txn *txn = store_read(shop->store);
    record_each(txn, &parcel_kind, span, note_id, NULL);
    store_read_end(txn);
    strcat(ids, "]");
    return ids;
}

const char *shop_list(struct shop *shop, const struct span *span, int64_t *next)
{
    struct buf out = { 0 };
    struct parcel parcel;
    spd_txn *txn = store_read(shop->store);
    int64_t after = record_list(txn, &parcel_kind, span, NULL, NULL, &out);
    store_read_end(txn);
    if (next != NULL)
        *next = after;
    spd_json *doc = json_parse(buf_str(&out), NULL);
    assert_non_null(doc);
    snprintf(ids, sizeof(ids), "[");
    for (const spd_json *v = json_first(doc); v != NULL; v = json_next(v)) {
        parcel.id = json_as_int(json_member(v, "id"), 0);
        note_id(NULL, &parcel);
    }
    strcat(ids, "]");
    json_free(doc);
    buf_fini(&out);
    return ids;
}

struct key key_of_int(int64_t value)
{
    struct key key = { .len = 0 };
    key_put_int(&key, value);
    return key;
}

struct key key_of_text(const char *text)
{
    struct key key = { .len = 0 };
    key_put_text(&key, str_of(text));
    return key;
}

static void print_breach(void *arg, const char *sentence)
{
    const bool *expected = arg;
    if (!*expected)
        print_error("breach: %s\n", sentence);
}

size_t shop_breaches(struct shop *shop, bool expected)
{
    return store_check(shop->store, print_breach, &expected);
}

/* -- files -- */

static int remove_one(const char *path, const struct stat *stat, int flag,
                      struct FTW *ftw)
{
    (void)stat;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
