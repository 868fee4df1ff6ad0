#include "store/blob.h"

#include "shop.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static struct sha256 keep(struct shop *shop, const char *text)
{
    struct sha256 sum;
    struct blob_in *in = blob_begin(shop->store, NULL);
    assert_non_null(in);
    for (; *text != '\0'; text++)
        assert_int_equal(blob_write(in, (spd_str){ text, 1 }, NULL), SPD_OK);
    assert_int_equal(blob_keep(in, &sum, NULL), SPD_OK);
    return sum;
}

static bool is_kept(struct shop *shop, const struct sha256 *sum,
                    const char *text)
{
    char path[BLOB_PATH_BYTES];
    struct buf bytes = { 0 };
    blob_path(shop->store, sum, path);
    bool same = file_read(path, 1000, &bytes, NULL) == SPD_OK &&
                str_is(buf_str(&bytes), text);
    buf_fini(&bytes);
    return same;
}

static void a_file_lies_under_the_hash_of_its_bytes(void **state)
{
    struct shop *shop = *state;
    struct sha256 sum = keep(shop, "G28"), named = sha256_of(STR("G28"));
    assert_memory_equal(sum.bytes, named.bytes, sizeof(sum.bytes));
    assert_true(is_kept(shop, &sum, "G28"));
    char path[BLOB_PATH_BYTES];
    struct stat stat_;
    blob_path(shop->store, &sum, path);
    assert_int_equal(stat(path, &stat_), 0);
    assert_int_equal(stat_.st_mode & 0777, 0600);
}

static void the_same_bytes_twice_are_one_file(void **state)
{
    struct shop *shop = *state;
    struct sha256 first = keep(shop, "G28"), second = keep(shop, "G28");
    assert_memory_equal(first.bytes, second.bytes, sizeof(first.bytes));
    assert_true(is_kept(shop, &first, "G28"));
    assert_int_equal(blob_remove(shop->store, &first, NULL), SPD_OK);
    assert_false(is_kept(shop, &first, "G28"));
    assert_int_equal(blob_remove(shop->store, &first, NULL), SPD_OK);
}

static void a_dropped_file_is_gone(void **state)
{
    struct shop *shop = *state;
    struct blob_in *in = blob_begin(shop->store, NULL);
    blob_write(in, STR("G28"), NULL);
    assert_int_equal(blob_size(in), 3);
    char *path = mem_text(str_of(blob_in_path(in)));
    assert_int_equal(access(path, F_OK), 0);
    blob_drop(in);
    assert_int_not_equal(access(path, F_OK), 0);
    blob_drop(NULL);
    free(path);
}

static void what_was_on_its_way_in_is_gone_when_the_store_opens(void **state)
{
    struct shop *shop = *state;
    char path[128];
    snprintf(path, sizeof(path), "%s/files/tmp/abcdef", shop->folder);
    struct sha256 kept = keep(shop, "G28");
    assert_int_equal(file_write(path, STR("half"), 0600, NULL), SPD_OK);
    shop_close(shop);
    shop_open(shop);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_true(is_kept(shop, &kept, "G28"));
}

static void files_are_refused_when_the_disk_is_nearly_full(void **state)
{
    struct shop *shop = *state;
    shop_close(shop);
    static const struct kind *const kinds[] = { &parcel_kind };
    struct store_options options = { .folder = shop->folder,
                                     .map_bytes = 1 << 24,
                                     .kinds = kinds,
                                     .kind_count = 1,
                                     .min_free_bytes = INT64_MAX };
    shop->store = store_open(shop->loop, &options, NULL);
    struct spd_error err = { 0 };
    assert_true(store_is_short(shop->store));
    assert_null(blob_begin(shop->store, &err));
    assert_int_equal(err.code, SPD_EIO);
    shop_add(shop, "socks", 1, 1); /* and the shop goes on */
}

static void the_check_finds_a_file_with_other_bytes(void **state)
{
    struct shop *shop = *state;
    struct sha256 sum = keep(shop, "G28");
    assert_int_equal(shop_breaches(shop, false), 0);
    char path[BLOB_PATH_BYTES];
    blob_path(shop->store, &sum, path);
    assert_int_equal(file_write(path, STR("G29"), 0600, NULL), SPD_OK);
    assert_int_equal(shop_breaches(shop, true), 1);
    blob_remove(shop->store, &sum, NULL);
}

int main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, shop_set_up, shop_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_file_lies_under_the_hash_of_its_bytes),
        TEST(the_same_bytes_twice_are_one_file),
        TEST(a_dropped_file_is_gone),
        TEST(what_was_on_its_way_in_is_gone_when_the_store_opens),
        TEST(files_are_refused_when_the_disk_is_nearly_full),
        TEST(the_check_finds_a_file_with_other_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
