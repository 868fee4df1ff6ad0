#include "store/store.h"

#include "shop.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "store/store_internal.h"

/* -- opening -- */

static void a_new_store_is_nobody_elses(void **state)
{
    struct shop *shop = *state;
    static const char *const paths[] = { "",       "/lock",
                                         "/db",    "/db/data.mdb",
                                         "/files", "/files/tmp" };
    for (size_t i = 0; i < FIELD_COUNT(paths); i++) {
        char path[128];
        struct stat stat_;
        snprintf(path, sizeof(path), "%s%s", shop->folder, paths[i]);
        assert_int_equal(stat(path, &stat_), 0);
        assert_int_equal(stat_.st_mode & 077, 0);
    }
}

static void a_second_spoold_on_the_folder_is_refused(void **state)
{
    struct shop *shop = *state;
    struct spd_error err = { 0 };
    char path[128], sentence[160];
    shop_close(shop);
    snprintf(path, sizeof(path), "%s/lock", shop->folder);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    assert_null(shop_open_as(shop, NULL, 0, &err));
    assert_int_equal(err.code, SPD_EBUSY);
    snprintf(sentence, sizeof(sentence), "another spoold is running on %s",
             shop->folder);
    assert_string_equal(err.text, sentence);
    close(fd);
    shop_open(shop);
}

static void a_store_whose_making_was_cut_short_is_made_anew(void **state)
{
    struct shop *shop = *state;
    char path[128], beside[128];
    shop_close(shop);
    snprintf(path, sizeof(path), "%s/db", shop->folder);
    snprintf(beside, sizeof(beside), "%s/db.new", shop->folder);
    remove_tree(path);
    mkdir(beside, 0700);
    snprintf(beside, sizeof(beside), "%s/db.new/data.mdb", shop->folder);
    file_write(beside, STR("half a page"), 0600, NULL);
    shop_open(shop);
    assert_int_equal(shop_add(shop, "first", 1, 1), 1);
}

static void what_is_no_store_is_refused_by_name(void **state)
{
    struct shop *shop = *state;
    struct spd_error err = { 0 };
    char path[128];
    shop_close(shop);
    snprintf(path, sizeof(path), "%s/db/data.mdb", shop->folder);
    file_write(path, STR("these are not the bytes you look for"), 0600, NULL);
    assert_null(shop_open_as(shop, NULL, 0, &err));
    assert_non_null(strstr(err.text, shop->folder));
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
    struct shop *shop = *state;
    struct spd_error err = { 0 };
    shop_close(shop);
    snprintf(shop->folder, sizeof(shop->folder), "/nowhere/at/all");
    assert_null(shop_open_as(shop, NULL, 0, &err));
    assert_non_null(strstr(err.text, "/nowhere/at/all"));
}

/* -- older and newer stores -- */

static spd_err run_future(spd_txn *txn, void *arg, struct spd_error *err)
{
    const uint32_t *format = arg;
    struct value value = { .packed = { (const char *)format,
                                       sizeof(*format) } };
    return table_put(txn, &txn->store->meta, STR("format"), &value, err);
}

static void a_store_of_a_newer_format_is_refused(void **state)
{
    struct shop *shop = *state;
    struct spd_error err = { 0 };
    uint32_t format = 2;
    store_write_now(shop->store, run_future, &format, NULL);
    shop_close(shop);
    assert_null(shop_open_as(shop, NULL, 0, &err));
    assert_int_equal(err.code, SPD_EUNSUPPORTED);
    assert_non_null(strstr(err.text, "newer spoold (format 2, this one "
                                     "knows 1)"));
}

/* Parcels as they will be: with a weight, and listed by it. */
struct weighed {
    struct parcel parcel;
    int64_t grams;
};

static bool key_by_weight(const void *record, struct key *key)
{
    key_put_int(key, ((const struct weighed *)record)->grams);
    return true;
}

static const struct index weighed_indexes[] = {
    { "weight", key_by_weight, 0 },
};

static const struct kind *weighed_kind(void)
{
    static struct field rows[16];
    static struct fields fields;
    static struct kind kind;
    size_t count = parcel_fields.count;
    memcpy(rows, parcel_fields.rows, count * sizeof(rows[0]));
    rows[count] = (struct field)FIELD(weighed, grams, FIELD_INT,
                                      "how heavy it is", .fallback = "100");
    fields =
        (struct fields){ "parcel", sizeof(struct weighed), rows, count + 1 };
    kind = parcel_kind;
    kind.fields = &fields;
    kind.indexes = weighed_indexes;
    kind.index_count = 1;
    return &kind;
}

static void hush(void *arg, enum spd_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static void records_of_an_older_spoold_are_brought_up_to_date(void **state)
{
    struct shop *shop = *state;
    const struct kind *kind = weighed_kind();
    for (int i = 0; i < 200; i++) {
        struct parcel parcel = parcel_new(NULL, i, 1);
        shop_put(shop, &parcel);
    }
    shop_close(shop);
    log_listen(hush, NULL);
    assert_non_null(shop_open_as(shop, kind, 0, NULL));
    log_listen(NULL, NULL);
    spd_txn *txn = store_read(shop->store);
    spd_str json;
    assert_int_equal(record_text(txn, kind, 200, &json, NULL), SPD_OK);
    assert_true(str_ends(json, STR("\"grams\":100,\"urgent\":false}")));
    struct key key = key_of_int(100);
    assert_int_equal(record_find(txn, kind, &weighed_indexes[0], &key), 1);
    store_read_end(txn);
    assert_int_equal(shop_breaches(shop, false), 0);
}

static void records_of_a_newer_spoold_are_refused(void **state)
{
    struct shop *shop = *state;
    struct spd_error err = { 0 };
    shop_close(shop);
    assert_non_null(shop_open_as(shop, weighed_kind(), 0, NULL));
    shop_close(shop);
    assert_null(shop_open_as(shop, NULL, 0, &err));
    assert_int_equal(err.code, SPD_EUNSUPPORTED);
    assert_non_null(strstr(err.text, "the parcels in"));
    assert_non_null(strstr(err.text, "newer spoold"));
}

static bool key_backwards(const void *record, struct key *key)
{
    key_put_int(key, -((const struct parcel *)record)->shelf);
    return true;
}

static void a_raised_version_builds_the_indexes_anew(void **state)
{
    struct shop *shop = *state;
    static struct index indexes[PARCEL_INDEXES];
    static struct kind kind;
    memcpy(indexes, parcel_indexes, sizeof(indexes));
    indexes[BY_SHELF].key = key_backwards;
    kind = parcel_kind;
    kind.indexes = indexes;
    kind.version = 1;
    shop_add(shop, "a", 1, 1);
    shop_add(shop, "b", 2, 1);
    shop_close(shop);
    log_listen(hush, NULL);
    assert_non_null(shop_open_as(shop, &kind, 0, NULL));
    log_listen(NULL, NULL);
    struct key none = { .len = 0 };
    spd_txn *txn = store_read(shop->store);
    assert_int_equal(record_find(txn, &kind, &indexes[BY_SHELF], &none), 2);
    store_read_end(txn);
    assert_int_equal(shop_breaches(shop, false), 0);
}

/* -- small values -- */

struct setting {
    const char *space, *key, *value;
    spd_err rc;
};

static spd_err run_pair(spd_txn *txn, void *arg, struct spd_error *err)
{
    struct setting *pair = arg;
    spd_str space = str_of(pair->space), key = str_of(pair->key);
    pair->rc = pair->value != NULL
                   ? store_put(txn, space, key, str_of(pair->value), err)
                   : store_del(txn, space, key);
    return pair->rc;
}

static spd_err set(struct shop *shop, const char *space, const char *key,
                   const char *value)
{
    struct setting pair = { space, key, value, SPD_OK };
    return store_write_now(shop->store, run_pair, &pair, NULL);
}

static bool note_pair(spd_str key, spd_str value, void *arg)
{
    buf_printf(arg, "%.*s=%.*s ", STR_ARG(key), STR_ARG(value));
    return !str_is(value, "stop");
}

static void assert_scan(struct shop *shop, const char *space,
                        const char *prefix, const char *expected)
{
    struct buf out = { 0 };
    spd_txn *txn = store_read(shop->store);
    store_scan(txn, str_of(space), str_of(prefix), note_pair, &out);
    store_read_end(txn);
    assert_true(str_is(buf_str(&out), expected));
    buf_fini(&out);
}

static void no_name_space_sees_into_another(void **state)
{
    struct shop *shop = *state;
    set(shop, "etsy", "a", "1");
    set(shop, "etsy", "ab", "2");
    set(shop, "etsy", "", "0");
    set(shop, "ets", "ya", "3");
    set(shop, "etsyx", "a", "4");
    assert_scan(shop, "etsy", "", "=0 a=1 ab=2 ");
    assert_scan(shop, "etsy", "a", "a=1 ab=2 ");
    assert_scan(shop, "ets", "", "ya=3 ");
    assert_scan(shop, "webhook", "", "");
    set(shop, "etsy", "a", "stop");
    assert_scan(shop, "etsy", "a", "a=stop ");
}

static void small_values_are_kept_changed_and_removed(void **state)
{
    struct shop *shop = *state;
    spd_str value;
    assert_int_equal(set(shop, "etsy", "token", "1"), SPD_OK);
    assert_int_equal(set(shop, "etsy", "token", "2"), SPD_OK);
    shop_close(shop);
    shop_open(shop);
    spd_txn *txn = store_read(shop->store);
    assert_int_equal(store_get(txn, STR("etsy"), STR("token"), &value), SPD_OK);
    assert_true(str_is(value, "2"));
    assert_int_equal(store_get(txn, STR("etsy"), STR("tokens"), &value),
                     SPD_ENOTFOUND);
    store_read_end(txn);
    assert_int_equal(set(shop, "etsy", "token", NULL), SPD_OK);
    assert_int_equal(set(shop, "etsy", "token", NULL), SPD_ENOTFOUND);
}

static void keys_that_are_too_long_are_refused(void **state)
{
    struct shop *shop = *state;
    char key[600];
    memset(key, 'k', sizeof(key));
    key[511 - 5] = '\0';
    assert_int_equal(set(shop, "etsy", key, "1"), SPD_OK);
    key[511 - 5] = 'k';
    key[512 - 5] = '\0';
    assert_int_equal(set(shop, "etsy", key, "1"), SPD_EINVAL);
    assert_int_equal(set(shop, "", "key", "1"), SPD_EINVAL);
}

static bool put_within(spd_str key, spd_str value, void *arg)
{
    struct spd_error err;
    (void)value;
    assert_int_equal(store_put(arg, STR("etsy"), key, STR("2"), &err),
                     SPD_EBUSY);
    assert_int_equal(store_del(arg, STR("etsy"), key), SPD_EBUSY);
    return true;
}

static spd_err run_scan(spd_txn *txn, void *arg, struct spd_error *err)
{
    (void)arg;
    (void)err;
    return store_scan(txn, STR("etsy"), STR(""), put_within, txn);
}

static void writing_within_a_scan_is_refused(void **state)
{
    struct shop *shop = *state;
    set(shop, "etsy", "a", "1");
    assert_int_equal(store_write_now(shop->store, run_scan, NULL, NULL),
                     SPD_OK);
    assert_scan(shop, "etsy", "", "a=1 ");
}

/* -- the check -- */

/* Turn a bit over wherever `needle` stands in the file. Returns how often. */
static int damage(const struct shop *shop, const char *needle)
{
    char path[128];
    struct buf bytes = { 0 };
    int times = 0;
    snprintf(path, sizeof(path), "%s/db/data.mdb", shop->folder);
    assert_int_equal(file_read(path, 1 << 24, &bytes, NULL), SPD_OK);
    size_t len = strlen(needle);
    for (size_t i = 0; i + len <= bytes.len; i++)
        if (memcmp(bytes.ptr + i, needle, len) == 0) {
            bytes.ptr[i] ^= 1;
            times++;
        }
    file_write(path, buf_str(&bytes), 0600, NULL);
    buf_fini(&bytes);
    return times;
}

static void a_damaged_byte_is_found_and_named(void **state)
{
    struct shop *shop = *state;
    struct parcel parcel = parcel_new("socks", 1, 1);
    parcel.note = STR("a needle in the hay");
    shop_put(shop, &parcel);
    shop_add(shop, "shirts", 1, 1);
    shop_close(shop);
    assert_in_range(damage(shop, "a needle in the hay"), 3, 9);
    shop_open(shop);
    assert_int_equal(shop_breaches(shop, true), 2); /* it, and its event */
    struct spd_error err = { 0 };
    struct arena arena = { 0 };
    spd_txn *txn = store_read(shop->store);
    assert_int_equal(record_get(txn, &parcel_kind, 1, &parcel, &arena, &err),
                     SPD_EIO);
    assert_string_equal(err.text, "parcel 1 is damaged: restore a backup");
    assert_int_equal(record_get(txn, &parcel_kind, 2, &parcel, &arena, NULL),
                     SPD_OK);
    store_read_end(txn);
    arena_fini(&arena);
    log_listen(hush, NULL);
    struct span span = { 0 };
    assert_string_equal(shop_ids(shop, &span), "[2]");
    log_listen(NULL, NULL);
    shop_close(shop); /* before the tear-down looks through it */
}

/* What to break, behind the store's back. */
enum breakage {
    LOSE_ENTRY,
    ADD_ENTRY,
    LOSE_RECORD,
    LOSE_EVENT,
    MOVE_VALUE,
    OTHER_TEXT,
    ENTRY_WITHOUT_TEXT,
};

static spd_err run_break(spd_txn *txn, void *arg, struct spd_error *err)
{
    struct store *store = txn->store;
    struct shelf *shelf = shelf_of(store, &parcel_kind);
    const int64_t id = 2, other = 1;
    struct key key = key_of_int(1);
    struct value value;
    spd_str bytes = { NULL, 0 };
    table_get(txn, &shelf->rows, id_key(&other), &bytes);
    switch (*(enum breakage *)arg) {
    case LOSE_ENTRY:
        key_put_int(&key, -1);
        key_put_entry_id(&key, id);
        return table_del(txn, &shelf->indexes[BY_SHELF], key_str(&key), err);
    case ADD_ENTRY:
        key_put_int(&key, -9);
        key_put_entry_id(&key, id);
        return table_put_key(txn, &shelf->indexes[BY_SHELF], key_str(&key),
                             err);
    case LOSE_RECORD:
        return table_del(txn, &shelf->rows, id_key(&id), err);
    case LOSE_EVENT:
        return table_del(txn, &store->journal, id_key(&id), err);
    case MOVE_VALUE: { /* whole, but another's */
        MDB_val k = { sizeof(id), &(int64_t){ id } };
        char copy[1000];
        MDB_val v = { bytes.len, copy };
        memcpy(copy, bytes.ptr, bytes.len);
        return mdb_put(txn->mdb, shelf->rows.dbi, &k, &v, 0) == 0 ? SPD_OK
                                                                  : SPD_EIO;
    }
    case ENTRY_WITHOUT_TEXT:
        key_put_int(&key, -1);
        key_put_entry_id(&key, id);
        return table_put_key(txn, &shelf->indexes[BY_SHELF], key_str(&key),
                             err);
    case OTHER_TEXT: {
        char copy[1000];
        assert_true(value_split(bytes, &value));
        memcpy(copy, value.packed.ptr, value.packed.len);
        value.packed.ptr = copy;
        value.text = STR("{\"id\":1}");
        return table_put(txn, &shelf->rows, id_key(&other), &value, err);
    }
    }
    return SPD_EINTERNAL;
}

static void first_breach(void *arg, const char *sentence)
{
    struct buf *first = arg;
    if (first->len == 0)
        buf_put(first, str_of(sentence));
}

static void the_check_finds_what_does_not_agree(void **state)
{
    struct shop *shop = *state;
    static const struct {
        enum breakage breakage;
        size_t breaches;
        const char *first;
    } rows[] = {
        { LOSE_ENTRY, 1, "parcel 2 is missing in its index shelf" },
        { ADD_ENTRY, 1,
          "the index shelf of parcels has an entry of no "
          "parcel" },
        { LOSE_RECORD, 3,
          "the index shelf of parcels has an entry of no "
          "parcel" },
        { LOSE_EVENT, 1, "the journal has a gap behind event 1" },
        { MOVE_VALUE, 1, "parcel 2 is damaged" },
        { OTHER_TEXT, 1, "parcel 1 does not show what it is" },
        { ENTRY_WITHOUT_TEXT, 1, "parcel 2 is missing in its index shelf" },
    };
    for (size_t i = 0; i < FIELD_COUNT(rows); i++) {
        struct buf first = { 0 };
        enum breakage breakage = rows[i].breakage;
        shop_add(shop, "a", 1, 1);
        shop_add(shop, "b", 1, 1);
        shop_add(shop, "c", 1, 1);
        assert_int_equal(store_check(shop->store, NULL, NULL), 0);
        assert_int_equal(
            store_write_now(shop->store, run_break, &breakage, NULL), SPD_OK);
        assert_int_equal(store_check(shop->store, first_breach, &first),
                         rows[i].breaches);
        assert_true(str_is(buf_str(&first), rows[i].first));
        buf_fini(&first);
        shop_close(shop);
        remove_tree(shop->folder);
        shop_open(shop);
    }
}

/* -- from a process beside -- */

/* In the child: what it finds is its status. */
static void look_from_beside(const struct shop *shop, int go)
{
    char byte;
    static const struct kind *const kinds[] = { &parcel_kind };
    struct store_options options = { .folder = shop->folder,
                                     .map_bytes = 1 << 24,
                                     .kinds = kinds,
                                     .kind_count = 1,
                                     .read_only = true };
    if (read(go, &byte, 1) != 1)
        _exit(10);
    struct store *store = store_open(NULL, &options, NULL);
    if (store == NULL)
        _exit(11);
    if (store_check(store, NULL, NULL) != 0)
        _exit(12);
    spd_txn *txn = store_read(store);
    size_t count = record_count(txn, &parcel_kind);
    store_read_end(txn);
    store_close(store);
    _exit(count == 3 ? 0 : 13);
}

static void a_process_beside_may_read_while_the_shop_is_open(void **state)
{
    struct shop *shop = *state;
    int go[2], status = -1;
    shop_close(shop);
    assert_int_equal(pipe(go), 0);
    pid_t child = fork();
    if (child == 0)
        look_from_beside(shop, go[0]);
    shop_open(shop);
    shop_add(shop, "a", 1, 1);
    shop_add(shop, "b", 1, 1);
    shop_add(shop, "c", 1, 1);
    assert_int_equal(write(go[1], "!", 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close(go[0]);
    close(go[1]);
}

int main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, shop_set_up, shop_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_new_store_is_nobody_elses),
        TEST(a_second_spoold_on_the_folder_is_refused),
        TEST(a_store_whose_making_was_cut_short_is_made_anew),
        TEST(what_is_no_store_is_refused_by_name),
        TEST(a_folder_that_cannot_be_made_is_named),
        TEST(a_store_of_a_newer_format_is_refused),
        TEST(records_of_an_older_spoold_are_brought_up_to_date),
        TEST(records_of_a_newer_spoold_are_refused),
        TEST(a_raised_version_builds_the_indexes_anew),
        TEST(no_name_space_sees_into_another),
        TEST(small_values_are_kept_changed_and_removed),
        TEST(keys_that_are_too_long_are_refused),
        TEST(writing_within_a_scan_is_refused),
        TEST(a_damaged_byte_is_found_and_named),
        TEST(the_check_finds_what_does_not_agree),
        TEST(a_process_beside_may_read_while_the_shop_is_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
