/* What the store does when the disk fails: the system calls through which
 * LMDB writes are ours here, and refuse on demand. */
#include "store/store.h"

#include "shop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"

/* The page that says which commit is the last goes through a descriptor of
 * its own, which syncs by itself. */
enum disk_part { DATA, LAST_COMMIT, SYNC, DISK_PARTS };

static int refusal[DISK_PARTS]; /* errno; 0: works */

static bool is_refused(enum disk_part part)
{
    if (refusal[part] != 0)
        errno = refusal[part];
    return refusal[part] != 0;
}

static enum disk_part part_of(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_DSYNC) != 0 ? LAST_COMMIT : DATA;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at);
SPD_EXPORT ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    if (is_refused(part_of(fd)))
        return -1;
    return syscall(SYS_pwrite64, fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at);
SPD_EXPORT ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at)
{
    return pwrite(fd, bytes, size, at);
}

SPD_EXPORT ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    if (is_refused(part_of(fd)))
        return -1;
    return syscall(SYS_writev, fd, pieces, count);
}

SPD_EXPORT int fdatasync(int fd)
{
    return is_refused(SYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

/* -- the scene -- */

static int answers, refusals, failures;
static struct spd_error last;

static int set_up(void **state)
{
    memset(refusal, 0, sizeof(refusal));
    answers = refusals = failures = 0;
    return shop_set_up(state);
}

static spd_err run(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct change change = { "parcel.put", STR("person/1") };
    struct parcel parcel = parcel_new(NULL, 1, 1);
    (void)arg;
    return record_put(txn, &parcel_kind, &parcel, &change, err);
}

static void done(void *arg, const struct spd_error *err)
{
    (void)arg;
    answers++;
    if (err == NULL)
        return;
    refusals++;
    last = *err;
}

static void on_failure(void *arg)
{
    (void)arg;
    failures++;
}

static void ask(struct shop *shop, int members)
{
    store_on_failure(shop->store, on_failure, shop);
    for (int i = 0; i < members; i++)
        store_write(shop->store, &(struct store_write){ run, done, shop });
    loop_turn(shop->loop, 0);
}

static size_t count(struct shop *shop)
{
    spd_txn *txn = store_read(shop->store);
    size_t records = record_count(txn, &parcel_kind);
    store_read_end(txn);
    return records;
}

static void hush(void *arg, enum spd_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static void a_full_disk_fails_the_group_and_the_next_one_is_kept(void **state)
{
    struct shop *shop = *state;
    ask(shop, 1);
    refusal[DATA] = ENOSPC;
    ask(shop, 3);
    assert_int_equal(refusals, 3);
    assert_int_equal(last.code, SPD_EIO);
    assert_string_equal(last.text, "cannot write to the store: the disk is "
                                   "full; make room and try again");
    assert_int_equal(failures, 0);
    assert_int_equal(count(shop), 1);
    refusal[DATA] = 0;
    ask(shop, 2);
    assert_int_equal(answers, 6);
    assert_int_equal(refusals, 3);
    assert_int_equal(count(shop), 3);
}

static void assert_ends_acknowledging(struct shop *shop, enum disk_part part)
{
    log_listen(hush, NULL);
    ask(shop, 1);
    refusal[part] = EIO;
    ask(shop, 2);
    assert_int_equal(refusals, 2);
    assert_int_equal(failures, 1);
    refusal[part] = 0;
    ask(shop, 1); /* the disk may well again: we do not know what it lost */
    assert_int_equal(refusals, 3);
    assert_int_equal(last.code, SPD_EIO);
    log_listen(NULL, NULL);
    shop_close(shop);
    shop_open(shop);
    ask(shop, 1);
    assert_int_equal(refusals, 3);
}

static void nothing_is_acknowledged_after_a_sync_failed(void **state)
{
    assert_ends_acknowledging(*state, SYNC);
    assert_in_range(count(*state), 2, 4);
}

static void
nothing_is_acknowledged_after_the_last_commit_was_not_written(void **state)
{
    assert_ends_acknowledging(*state, LAST_COMMIT);
    assert_in_range(count(*state), 2, 4);
}

/* -- a real small disk -- */

static char disk[128];

static int unmount(void **state)
{
    int rc = shop_tear_down(state);
    umount2(disk, MNT_DETACH);
    remove_tree(disk);
    return rc;
}

static bool mount_small(struct shop *shop)
{
    shop_close(shop);
    snprintf(disk, sizeof(disk), "%.60s-disk", shop->root);
    snprintf(shop->folder, sizeof(shop->folder), "%.50s-disk/d", shop->root);
    if (mkdir(disk, 0700) != 0 ||
        mount("tmpfs", disk, "tmpfs", 0, "size=2m,mode=700") != 0)
        return false;
    shop_open(shop);
    return true;
}

static spd_err run_big(spd_txn *txn, void *arg, struct spd_error *err)
{
    static const char note[20000] = "big";
    const struct change change = { "parcel.put", STR("person/1") };
    struct parcel parcel = parcel_new(NULL, 1, 1);
    parcel.note = (spd_str){ note, 3 };
    (void)arg;
    spd_err rc = store_put(txn, STR("big"), STR("value"),
                           (spd_str){ note, sizeof(note) }, err);
    return rc != SPD_OK ? rc
                        : record_put(txn, &parcel_kind, &parcel, &change, err);
}

static void a_disk_that_fills_up_keeps_what_was_acknowledged(void **state)
{
    struct shop *shop = *state;
    if (!mount_small(shop)) {
        print_message("skipped: mounting a small disk needs root\n");
        skip();
    }
    int kept = 0;
    struct spd_error err = { 0 };
    char filler[160];
    snprintf(filler, sizeof(filler), "%.120s/filler", disk);
    int fd = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    static const char zeros[65536];
    while (write(fd, zeros, sizeof(zeros)) > 0)
        continue;
    close(fd);
    for (int i = 0; i < 2000 && err.code == SPD_OK; i++)
        if (store_write_now(shop->store, run_big, NULL, &err) == SPD_OK)
            kept++;
    assert_int_equal(err.code, SPD_EIO);
    assert_non_null(strstr(err.text, "the disk is full"));
    assert_int_equal(count(shop), (size_t)kept);
    unlink(filler);
    assert_int_equal(store_write_now(shop->store, run_big, NULL, NULL), SPD_OK);
    assert_int_equal(count(shop), (size_t)kept + 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, shop_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_full_disk_fails_the_group_and_the_next_one_is_kept),
        TEST(nothing_is_acknowledged_after_a_sync_failed),
        TEST(nothing_is_acknowledged_after_the_last_commit_was_not_written),
        cmocka_unit_test_setup_teardown(
            a_disk_that_fills_up_keeps_what_was_acknowledged, set_up, unmount),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
