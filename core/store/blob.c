/* FOLDER/files/ab/abcdef...: a file under its hash.  FOLDER/files/tmp: files
 * on their way in. */
#include "store/blob.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/file.h"
#include "store/store_internal.h"

struct blob_in {
    char *files; /* the folder of all files */
    char *path;  /* where it grows */
    int fd;      /* -1: closed */
    int64_t size_bytes;
    struct sha256_stream *sum;
};

/* -- the folders -- */

spd_err blob_open(const char *folder, struct spd_error *err)
{
    char *files = path_of("%s/files", folder);
    char *tmp = path_of("%s/tmp", files);
    spd_err rc = folder_make(files, err);
    if (rc == SPD_OK)
        rc = folder_make(tmp, err);
    if (rc == SPD_OK)
        folder_empty(tmp); /* what was on its way in when we died */
    free(tmp);
    free(files);
    return rc;
}

/* -- on its way in -- */

static void blob_free(struct blob_in *in)
{
    if (in->fd >= 0)
        close(in->fd);
    free(in->path);
    free(in->files);
    free(in);
}

struct blob_in *blob_begin(struct store *store, struct spd_error *err)
{
    if (store_is_short(store)) {
        error_set(err, SPD_EIO,
                  "the disk is nearly full: files are refused until there is "
                  "room again, printing goes on");
        return NULL;
    }
    struct blob_in *in = mem_new(sizeof(*in));
    in->files = path_of("%s/files", store_folder(store));
    in->path = path_of("%s/tmp/XXXXXX", in->files);
    in->fd = mkostemp(in->path, O_CLOEXEC); /* 0600, and O_EXCL */
    if (in->fd < 0) {
        error_set(err, SPD_EIO, "cannot make a file in %s/tmp: %s", in->files,
                  strerror(errno));
        blob_free(in);
        return NULL;
    }
    in->sum = sha256_start();
    return in;
}

spd_err blob_write(struct blob_in *in, spd_str piece, struct spd_error *err)
{
    sha256_add(in->sum, piece);
    while (piece.len > 0) {
        ssize_t put = write(in->fd, piece.ptr, piece.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return error_set(err, SPD_EIO, "cannot keep the file: %s",
                             errno == ENOSPC ? "the disk is full"
                                             : strerror(errno));
        piece.ptr += put;
        piece.len -= (size_t)put;
        in->size_bytes += put;
    }
    return SPD_OK;
}

int64_t blob_size(const struct blob_in *in)
{
    return in->size_bytes;
}

const char *blob_in_path(const struct blob_in *in)
{
    return in->path;
}

void blob_drop(struct blob_in *in)
{
    if (in == NULL)
        return;
    sha256_done(in->sum);
    unlink(in->path);
    blob_free(in);
}

/* -- to stay -- */

static char *folder_of(const char *files, const char *hex)
{
    return path_of("%s/%.2s", files, hex);
}

static void hex_of(const struct sha256 *sum, struct buf *out)
{
    hex_put(out, sum->bytes, sizeof(sum->bytes));
    buf_put_char(out, '\0');
}

/* The bytes are on the disk before the name says so. */
static spd_err move_in(const struct blob_in *in, const char *folder,
                       const char *hex, struct spd_error *err)
{
    char *path = path_of("%s/%s", folder, hex);
    spd_err rc = SPD_OK;
    crash_before("blob.rename");
    if (rename(in->path, path) != 0)
        rc = error_set(err, SPD_EIO, "cannot rename %s to %s: %s", in->path,
                       path, strerror(errno));
    crash_after("blob.rename");
    free(path);
    return rc == SPD_OK ? file_sync_folder(folder, err) : rc;
}

static spd_err sync_and_move(struct blob_in *in, const char *hex,
                             struct spd_error *err)
{
    bool synced = fsync(in->fd) == 0;
    if (close(in->fd) != 0)
        synced = false;
    in->fd = -1;
    if (!synced)
        return error_set(err, SPD_EIO, "cannot keep the file: %s",
                         strerror(errno));
    char *folder = folder_of(in->files, hex);
    spd_err rc = folder_make(folder, err);
    if (rc == SPD_OK)
        rc = move_in(in, folder, hex, err);
    free(folder);
    return rc;
}

spd_err blob_keep(struct blob_in *in, struct sha256 *sum, struct spd_error *err)
{
    struct buf hex = { 0 };
    *sum = sha256_done(in->sum);
    hex_of(sum, &hex);
    spd_err rc = sync_and_move(in, hex.ptr, err);
    if (rc != SPD_OK)
        unlink(in->path);
    buf_fini(&hex);
    blob_free(in);
    return rc;
}

void blob_path(const struct store *store, const struct sha256 *sum,
               char out[BLOB_PATH_BYTES])
{
    struct buf hex = { 0 };
    hex_of(sum, &hex);
    int len = snprintf(out, BLOB_PATH_BYTES, "%s/files/%.2s/%s",
                       store_folder(store), hex.ptr, hex.ptr);
    assert(len > 0 && len < BLOB_PATH_BYTES);
    (void)len;
    buf_fini(&hex);
}

spd_err blob_remove(struct store *store, const struct sha256 *sum,
                    struct spd_error *err)
{
    char path[BLOB_PATH_BYTES];
    blob_path(store, sum, path);
    if (unlink(path) != 0 && errno != ENOENT)
        return error_set(err, SPD_EIO, "cannot remove %s: %s", path,
                         strerror(errno));
    return SPD_OK;
}

/* -- all of them -- */

void blob_each(const struct store *store, folder_fn *fn, void *arg)
{
    for (unsigned first = 0; first < 256; first++) {
        char *folder = path_of("%s/files/%02x", store_folder(store), first);
        folder_each(folder, fn, arg);
        free(folder);
    }
}
