#include "store/store.h"

#include "shop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static char path[128];

static const char *backup_path(const struct shop *shop)
{
    snprintf(path, sizeof(path), "%s/backup", shop->root);
    return path;
}

static struct sha256 keep(struct shop *shop, spd_str bytes)
{
    struct sha256 sum;
    struct blob_in *in = blob_begin(shop->store, NULL);
    blob_write(in, bytes, NULL);
    assert_int_equal(blob_keep(in, &sum, NULL), SPD_OK);
    return sum;
}

static void make_backup(struct shop *shop)
{
    struct spd_error err = { 0 };
    if (store_backup(shop->store, backup_path(shop), &err) != SPD_OK)
        fail_msg("%s", err.text);
}

/* Into another folder, where the shop goes on. */
static spd_err move_in(struct shop *shop, struct spd_error *err)
{
    shop_close(shop);
    snprintf(shop->folder, sizeof(shop->folder), "%.40s/again", shop->root);
    spd_err rc = store_restore(backup_path(shop), shop->folder, err);
    if (rc == SPD_OK)
        shop_open(shop);
    return rc;
}

static void a_backup_brings_back_records_journal_and_files(void **state)
{
    struct shop *shop = *state;
    char large[200000], kept[BLOB_PATH_BYTES];
    memset(large, 'x', sizeof(large));
    for (int i = 0; i < 50; i++) {
        struct parcel parcel = parcel_new(NULL, i, 1);
        shop_put(shop, &parcel);
    }
    struct sha256 small = keep(shop, STR("G28"));
    struct sha256 big = keep(shop, (spd_str){ large, sizeof(large) });
    struct sha256 empty = keep(shop, STR(""));
    make_backup(shop);
    shop_add(shop, "after the backup", 1, 1);

    assert_int_equal(move_in(shop, NULL), SPD_OK);
    assert_int_equal(shop_breaches(shop, false), 0);
    spd_txn *txn = store_read(shop->store);
    assert_int_equal(record_count(txn, &parcel_kind), 50);
    assert_int_equal(journal_last(txn), 50);
    store_read_end(txn);
    const struct sha256 *sums[] = { &small, &big, &empty };
    static const off_t sizes[] = { 3, sizeof(large), 0 };
    for (size_t i = 0; i < FIELD_COUNT(sums); i++) {
        struct stat stat_;
        blob_path(shop->store, sums[i], kept);
        assert_int_equal(stat(kept, &stat_), 0);
        assert_int_equal(stat_.st_size, sizes[i]);
    }
    assert_int_equal(shop_add(shop, "next", 1, 1), 51);
}

static void a_backup_of_an_empty_store_is_one_too(void **state)
{
    struct shop *shop = *state;
    make_backup(shop);
    assert_int_equal(move_in(shop, NULL), SPD_OK);
    assert_int_equal(shop_add(shop, "first", 1, 1), 1);
}

static void a_second_backup_replaces_the_first(void **state)
{
    struct shop *shop = *state;
    make_backup(shop);
    shop_add(shop, "first", 1, 1);
    make_backup(shop);
    assert_int_equal(move_in(shop, NULL), SPD_OK);
    assert_int_equal(shop_add(shop, "second", 1, 1), 2);
}

static void no_damaged_backup_is_restored(void **state)
{
    struct shop *shop = *state;
    struct buf whole = { 0 };
    struct spd_error err;
    keep(shop, STR("G28"));
    make_backup(shop);
    assert_int_equal(file_read(backup_path(shop), 1 << 20, &whole, NULL),
                     SPD_OK);
    shop_close(shop);
    snprintf(shop->folder, sizeof(shop->folder), "%.40s/again", shop->root);
    for (size_t at = 0; at < whole.len; at += whole.len / 37 + 1) {
        whole.ptr[at] ^= 1;
        file_write(backup_path(shop), buf_str(&whole), 0600, NULL);
        whole.ptr[at] ^= 1;
        err.code = SPD_OK;
        assert_int_equal(store_restore(backup_path(shop), shop->folder, &err),
                         SPD_EINVAL);
        assert_non_null(strstr(err.text, "damaged"));
        assert_int_not_equal(access(shop->folder, F_OK), 0);
    }
    for (size_t len = 0; len < whole.len; len += whole.len / 17 + 1) {
        file_write(backup_path(shop), (spd_str){ whole.ptr, len }, 0600, NULL);
        assert_int_equal(store_restore(backup_path(shop), shop->folder, NULL),
                         SPD_EINVAL);
    }
    buf_fini(&whole);
}

static void a_backup_is_not_restored_over_a_store(void **state)
{
    struct shop *shop = *state;
    struct spd_error err = { 0 };
    make_backup(shop);
    assert_int_equal(store_restore(backup_path(shop), shop->folder, &err),
                     SPD_EEXIST);
}

static void a_backup_that_is_not_there_is_named(void **state)
{
    struct shop *shop = *state;
    struct spd_error err = { 0 };
    assert_int_equal(store_restore("/nowhere/backup", "/nowhere/else", &err),
                     SPD_ENOTFOUND);
    assert_non_null(strstr(err.text, "/nowhere/backup"));
    assert_int_equal(store_backup(shop->store, "/nowhere/backup", &err),
                     SPD_EIO);
}

/* -- on a worker, while the shop goes on -- */

struct job {
    struct shop *shop;
    bool over;
    spd_err rc;
};

static spd_err run_backup(void *arg, struct spd_error *err)
{
    struct job *job = arg;
    return store_backup(job->shop->store, path, err);
}

static void backup_done(void *arg, const struct spd_error *outcome)
{
    struct job *job = arg;
    job->over = true;
    job->rc = outcome->code;
}

static void a_backup_is_made_while_the_shop_goes_on(void **state)
{
    struct shop *shop = *state;
    struct pool *pool = pool_new(shop->loop, 1);
    struct job job = { .shop = shop };
    backup_path(shop);
    for (int i = 0; i < 20; i++)
        keep(shop, (spd_str){ (const char *)&i, sizeof(i) });
    pool_submit(pool,
                &(struct pool_work){ run_backup, backup_done, &job, shop });
    int written = 0;
    for (; !job.over && written < 5000; written++) {
        struct parcel parcel = parcel_new(NULL, 1, 1);
        shop_put(shop, &parcel);
        loop_turn(shop->loop, 0);
    }
    pool_free(pool);
    loop_turn(shop->loop, 0);
    assert_true(job.over);
    assert_int_equal(job.rc, SPD_OK);
    assert_int_equal(move_in(shop, NULL), SPD_OK);
    spd_txn *txn = store_read(shop->store);
    assert_in_range(record_count(txn, &parcel_kind), 0, written);
    store_read_end(txn);
}

int main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, shop_set_up, shop_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_backup_brings_back_records_journal_and_files),
        TEST(a_backup_of_an_empty_store_is_one_too),
        TEST(a_second_backup_replaces_the_first),
        TEST(no_damaged_backup_is_restored),
        TEST(a_backup_is_not_restored_over_a_store),
        TEST(a_backup_that_is_not_there_is_named),
        TEST(a_backup_is_made_while_the_shop_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
