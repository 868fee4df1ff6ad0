#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/log.h"
#include "store/store_internal.h"

static const int64_t default_min_free_bytes = INT64_C(256) << 20;

enum { READER_CHECK_MS = 3600 * 1000, LOOK_EVERY_MS = 1000 };

/* LMDB forgets its locks when an environment is closed that the process has
 * open twice; so there is one a process, and this says so. */
static _Atomic bool is_open;

/* -- the folder -- */

static const struct network_fs {
    long magic;
    const char *name;
} network_fs[] = {
    { NFS_SUPER_MAGIC, "NFS" },   { SMB_SUPER_MAGIC, "SMB" },
    { CIFS_SUPER_MAGIC, "SMB" },  { SMB2_SUPER_MAGIC, "SMB" },
    { V9FS_MAGIC, "9p" },         { AFS_SUPER_MAGIC, "AFS" },
    { CEPH_SUPER_MAGIC, "Ceph" },
};

static spd_err refuse_network(const char *folder, struct spd_error *err)
{
    struct statfs fs;
    if (statfs(folder, &fs) != 0)
        return error_set(err, SPD_EIO, "cannot look at %s: %s", folder,
                         strerror(errno));
    for (size_t i = 0; i < FIELD_COUNT(network_fs); i++)
        if ((long)fs.f_type == network_fs[i].magic)
            return error_set(err, SPD_EUNSUPPORTED,
                             "%s lies on a network file system (%s), which "
                             "loses what was promised; put it on a local disk",
                             folder, network_fs[i].name);
    return SPD_OK;
}

static spd_err take_lock(struct store *store, struct spd_error *err)
{
    char *lock = path_of("%s/lock", store->folder);
    store->lock_fd =
        open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    spd_err rc = SPD_OK;
    if (store->lock_fd < 0)
        rc = error_set(err, SPD_EIO, "cannot open %s: %s", lock,
                       strerror(errno));
    else if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0)
        rc = error_set(err, SPD_EBUSY, "another spoold is running on %s",
                       store->folder);
    free(lock);
    return rc;
}

/* -- open and close -- */

static void drop_dead_readers(void *arg)
{
    const struct store *store = arg;
    int dead = 0;
    mdb_reader_check(store->env, &dead);
    if (dead > 0)
        log_info("store", "forgot %d readers that died", dead);
}

static struct store *new_store(struct loop *loop,
                               const struct store_options *options)
{
    struct store *store = mem_new(sizeof(*store));
    store->loop = loop;
    store->folder = mem_text(str_of(options->folder));
    store->lock_fd = -1;
    store->min_free_bytes = options->min_free_bytes != 0
                                ? options->min_free_bytes
                                : default_min_free_bytes;
    store->reader = (spd_txn){ .store = store, .lends = true };
    store->writer = (spd_txn){ .store = store, .writing = true };
    store->at_turn_end =
        (struct loop_after){ .fn = commit_at_turn_end, .arg = store };
    crc32c_init(&store->crc);
    return store;
}

static spd_err open_to_write(struct store *store,
                             const struct store_options *options,
                             struct spd_error *err)
{
    spd_err rc = folder_make(store->folder, err);
    if (rc == SPD_OK)
        rc = refuse_network(store->folder, err);
    if (rc == SPD_OK)
        rc = take_lock(store, err);
    if (rc == SPD_OK)
        rc = schema_create(store, options, err);
    if (rc == SPD_OK)
        rc = blob_open(store->folder, err);
    return rc;
}

struct store *store_open(struct loop *loop, const struct store_options *options,
                         struct spd_error *err)
{
    bool was_open = atomic_exchange(&is_open, true);
    assert(!was_open && "a process opens one store");
    (void)was_open;
    struct store *store = new_store(loop, options);
    spd_err rc = SPD_OK;
    if (!options->read_only)
        rc = open_to_write(store, options, err);
    if (rc == SPD_OK)
        rc = schema_open(store, options, err);
    if (rc != SPD_OK) {
        store_close(store);
        return NULL;
    }
    drop_dead_readers(store);
    if (loop != NULL) {
        store->reader_check = timer_new(loop, drop_dead_readers, store);
        timer_set(store->reader_check, READER_CHECK_MS, READER_CHECK_MS);
    }
    return store;
}

static void free_table(struct table *table)
{
    if (table->spare != NULL)
        mdb_cursor_close(table->spare);
}

static void free_shelf(struct shelf *shelf)
{
    free_table(&shelf->rows);
    for (size_t i = 0; i < shelf->kind->index_count; i++)
        free_table(&shelf->indexes[i]);
    free(shelf->indexes);
    free(shelf->old);
    free(shelf->old_places);
    free(shelf->new_places);
}

static void close_env(struct store *store)
{
    free_table(&store->meta);
    free_table(&store->journal);
    free_table(&store->cursors);
    free_table(&store->space);
    for (size_t i = 0; i < store->shelf_count; i++)
        free_shelf(&store->shelves[i]);
    free(store->shelves);
    mdb_txn_abort(store->reader.mdb);
    mdb_env_close(store->env);
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    assert(store->reader.reads == 0 && store->writer.mdb == NULL);
    while (store->waiting.count > 0)
        store_flush(store);
    if (store->loop != NULL)
        loop_after_cancel(store->loop, &store->at_turn_end);
    timer_free(store->reader_check);
    close_env(store);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    free(store->waiting.members);
    free(store->spare.members);
    buf_fini(&store->packed);
    buf_fini(&store->text);
    buf_fini(&store->event);
    free(store->folder);
    free(store);
    atomic_store(&is_open, false);
}

const char *store_folder(const struct store *store)
{
    return store->folder;
}

int64_t store_wall_ms(const struct store *store)
{
    return loop_wall_ms(store->loop);
}

static bool look_for_room(const struct store *store)
{
    struct statvfs fs;
    return statvfs(store->folder, &fs) == 0 &&
           (int64_t)(fs.f_bavail * fs.f_frsize) >= store->min_free_bytes;
}

bool store_is_short(struct store *store)
{
    int64_t now_ms = loop_now_ms(store->loop);
    if (now_ms >= store->look_again_ms) {
        store->is_short = !look_for_room(store);
        store->look_again_ms = now_ms + LOOK_EVERY_MS;
    }
    return store->is_short;
}

void store_on_failure(struct store *store, loop_fn *fn, void *arg)
{
    store->on_failure = fn;
    store->on_failure_arg = arg;
}
