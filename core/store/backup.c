/* All of a store in one file, and back.
 *
 *   spoold backup 1\n
 *   db SIZE\n               then SIZE bytes: LMDB's data.mdb, compacted
 *   file HEX SIZE\n         then SIZE bytes; one for each kept file
 *   end HEX\n               the SHA-256 of all before this line
 *
 * SIZE has 20 digits, HEX 64.  What is secret in the store is sealed with a
 * key that lies elsewhere, and so it is here. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/file.h"
#include "store/store_internal.h"

#define FIRST_LINE "spoold backup 1\n"
#define SIZE_DIGITS "020"

enum {
    PIECE_BYTES = 65536,
    HEX_BYTES = 64,
    DB_LINE_BYTES = 3 + 20 + 1,
    LAST_LINE_BYTES = 4 + HEX_BYTES + 1,
    LINE_MAX_BYTES = 128,
};

/* The first `size` bytes of a file. */
static bool hash_bytes(int fd, int64_t size, char hex[HEX_BYTES + 1])
{
    char piece[PIECE_BYTES];
    struct sha256_stream *stream = sha256_start();
    int64_t at = 0;
    while (at < size) {
        size_t want =
            size - at < PIECE_BYTES ? (size_t)(size - at) : sizeof(piece);
        ssize_t got = pread(fd, piece, want, at);
        if (got <= 0)
            break;
        sha256_add(stream, (spd_str){ piece, (size_t)got });
        at += got;
    }
    struct sha256 sum = sha256_done(stream);
    struct buf text = { 0 };
    hex_put(&text, sum.bytes, sizeof(sum.bytes));
    memcpy(hex, text.ptr, HEX_BYTES);
    hex[HEX_BYTES] = '\0';
    buf_fini(&text);
    return at == size;
}

/* -- making one -- */

struct backup {
    struct store *store;
    const char *path;
    int fd;
    struct buf names;   /* sha256 after sha256: files that are in it, */
    size_t known_bytes; /* sorted up to here */
    spd_err rc;         /* the first failure; nothing happens after it */
    struct spd_error *err;
};

static void backup_fail(struct backup *backup, const char *doing, int why)
{
    if (backup->rc == SPD_OK)
        backup->rc = error_set(
            backup->err, SPD_EIO, "cannot %s %s: %s", doing, backup->path,
            why == ENOSPC ? "the disk is full" : mdb_strerror(why));
}

static void backup_put(struct backup *backup, spd_str bytes)
{
    while (backup->rc == SPD_OK && bytes.len > 0) {
        ssize_t put = write(backup->fd, bytes.ptr, bytes.len);
        if (put < 0 && errno != EINTR)
            backup_fail(backup, "write the backup", errno);
        if (put > 0) {
            bytes.ptr += put;
            bytes.len -= (size_t)put;
        }
    }
}

/* The size is known when LMDB is through, so it is filled in after. */
static void backup_db(struct backup *backup)
{
    char line[LINE_MAX_BYTES];
    if (backup->rc != SPD_OK)
        return;
    off_t line_at = lseek(backup->fd, 0, SEEK_CUR);
    snprintf(line, sizeof(line), "db %" SIZE_DIGITS PRId64 "\n", (int64_t)0);
    backup_put(backup, str_of(line));
    int rc = mdb_env_copyfd2(backup->store->env, backup->fd, MDB_CP_COMPACT);
    if (rc != 0)
        backup_fail(backup, "copy the store to", rc);
    off_t end = lseek(backup->fd, 0, SEEK_CUR);
    int64_t size = end - line_at - DB_LINE_BYTES;
    snprintf(line, sizeof(line), "db %" SIZE_DIGITS PRId64 "\n", size);
    if (pwrite(backup->fd, line, DB_LINE_BYTES, line_at) != DB_LINE_BYTES)
        backup_fail(backup, "write the backup", errno);
}

static int compare_sums(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct sha256));
}

static bool is_in_backup(const struct backup *backup, const struct sha256 *sum)
{
    return backup->known_bytes > 0 &&
           bsearch(sum, backup->names.ptr,
                   backup->known_bytes / sizeof(struct sha256),
                   sizeof(struct sha256), compare_sums) != NULL;
}

static void copy_file(struct backup *backup, int fd, const char *name)
{
    char line[LINE_MAX_BYTES], piece[PIECE_BYTES];
    struct stat stat;
    if (fstat(fd, &stat) != 0) {
        backup_fail(backup, "read a file for", errno);
        return;
    }
    int64_t left = stat.st_size;
    snprintf(line, sizeof(line), "file %.64s %" SIZE_DIGITS PRId64 "\n", name,
             left);
    backup_put(backup, str_of(line));
    while (left > 0 && backup->rc == SPD_OK) {
        size_t want = left < PIECE_BYTES ? (size_t)left : sizeof(piece);
        ssize_t got = read(fd, piece, want);
        if (got <= 0) {
            backup_fail(backup, "read a file for", got == 0 ? EIO : errno);
            return;
        }
        backup_put(backup, (spd_str){ piece, (size_t)got });
        left -= got;
    }
}

/* A file that went away between the folder and here was removed: nothing in
 * the store speaks of it any more. */
static void backup_file(void *arg, int folder, const char *name)
{
    struct backup *backup = arg;
    struct sha256 sum;
    if (backup->rc != SPD_OK ||
        !hex_read(str_of(name), sum.bytes, sizeof(sum.bytes)) ||
        is_in_backup(backup, &sum))
        return;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno != ENOENT)
        backup_fail(backup, "read a file for", errno);
    if (fd < 0)
        return;
    copy_file(backup, fd, name);
    close(fd);
    buf_put(&backup->names,
            (spd_str){ (const char *)sum.bytes, sizeof(sum.bytes) });
}

/* Files first, so that one removed meanwhile is there for the records that
 * spoke of it; then the records; then the files that came in meanwhile. */
static void backup_all(struct backup *backup)
{
    backup_put(backup, STR(FIRST_LINE));
    blob_each(backup->store, backup_file, backup);
    if (backup->names.len > 0)
        qsort(backup->names.ptr, backup->names.len / sizeof(struct sha256),
              sizeof(struct sha256), compare_sums);
    backup->known_bytes = backup->names.len;
    backup_db(backup);
    blob_each(backup->store, backup_file, backup);
}

static void backup_seal(struct backup *backup)
{
    char hex[HEX_BYTES + 1], line[LINE_MAX_BYTES];
    if (backup->rc != SPD_OK)
        return;
    if (!hash_bytes(backup->fd, lseek(backup->fd, 0, SEEK_CUR), hex)) {
        backup_fail(backup, "read back", errno);
        return;
    }
    snprintf(line, sizeof(line), "end %s\n", hex);
    backup_put(backup, str_of(line));
    if (backup->rc == SPD_OK && fsync(backup->fd) != 0)
        backup_fail(backup, "write the backup", errno);
}

spd_err store_backup(struct store *store, const char *path,
                     struct spd_error *err)
{
    char *beside = path_of("%s.part", path);
    struct backup backup = { .store = store, .path = path, .err = err };
    backup.fd =
        open(beside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (backup.fd < 0) {
        backup_fail(&backup, "make the backup", errno);
    } else {
        backup_all(&backup);
        backup_seal(&backup);
        close(backup.fd);
    }
    if (backup.rc == SPD_OK && rename(beside, path) != 0)
        backup_fail(&backup, "make the backup", errno);
    if (backup.rc == SPD_OK)
        backup.rc = folder_sync_around(path, err);
    else
        unlink(beside);
    buf_fini(&backup.names);
    free(beside);
    return backup.rc;
}

/* -- putting one back -- */

struct restore {
    const char *path;
    const char *folder;
    char *beside; /* where it grows */
    FILE *in;
    struct spd_error *err;
};

static spd_err not_whole(const struct restore *restore)
{
    return error_set(restore->err, SPD_EINVAL,
                     "%s is no backup of spoold, or a damaged one",
                     restore->path);
}

/* Nothing is believed before all of it was looked at. */
static spd_err check_seal(const struct restore *restore)
{
    char line[LAST_LINE_BYTES], hex[HEX_BYTES + 1];
    struct stat stat;
    int fd = fileno(restore->in);
    if (fstat(fd, &stat) != 0 || stat.st_size < LAST_LINE_BYTES)
        return not_whole(restore);
    int64_t body = stat.st_size - LAST_LINE_BYTES;
    if (pread(fd, line, sizeof(line), body) != LAST_LINE_BYTES ||
        !hash_bytes(fd, body, hex) || memcmp(line, "end ", 4) != 0 ||
        memcmp(line + 4, hex, HEX_BYTES) != 0)
        return not_whole(restore);
    return SPD_OK;
}

static bool copy_bytes(FILE *in, int out, int64_t size)
{
    char piece[PIECE_BYTES];
    while (size > 0) {
        size_t want = size < PIECE_BYTES ? (size_t)size : sizeof(piece);
        size_t got = fread(piece, 1, want, in);
        if (got == 0 || write(out, piece, got) != (ssize_t)got)
            return false;
        size -= (int64_t)got;
    }
    return fsync(out) == 0;
}

/* The next `size` bytes become this file. */
static spd_err take_file(struct restore *restore, const char *path,
                         int64_t size)
{
    int fd =
        open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool whole = fd >= 0 && copy_bytes(restore->in, fd, size);
    spd_err rc = SPD_OK;
    if (!whole)
        rc = error_set(restore->err, SPD_EIO, "cannot write %s: %s", path,
                       strerror(errno));
    if (fd >= 0)
        close(fd);
    return rc == SPD_OK ? folder_sync_around(path, restore->err) : rc;
}

static spd_err take_db(struct restore *restore, int64_t size)
{
    char *folder = path_of("%s/db", restore->beside);
    char *path = path_of("%s/data.mdb", folder);
    spd_err rc = folder_make(folder, restore->err);
    if (rc == SPD_OK)
        rc = take_file(restore, path, size);
    free(path);
    free(folder);
    return rc;
}

static spd_err take_kept_file(struct restore *restore, const char *hex,
                              int64_t size)
{
    struct sha256 sum; /* only the names we give are ever a path */
    if (!hex_read(str_of(hex), sum.bytes, sizeof(sum.bytes)))
        return not_whole(restore);
    char *files = path_of("%s/files", restore->beside);
    char *folder = path_of("%s/%.2s", files, hex);
    char *path = path_of("%s/%s", folder, hex);
    spd_err rc = folder_make(files, restore->err);
    if (rc == SPD_OK)
        rc = folder_make(folder, restore->err);
    if (rc == SPD_OK)
        rc = take_file(restore, path, size);
    free(path);
    free(folder);
    free(files);
    return rc;
}

static spd_err take_parts(struct restore *restore)
{
    char line[LINE_MAX_BYTES], hex[HEX_BYTES + 1];
    int64_t size = 0;
    spd_err rc = SPD_OK;
    if (fgets(line, sizeof(line), restore->in) == NULL ||
        strcmp(line, FIRST_LINE) != 0)
        return not_whole(restore);
    while (rc == SPD_OK && fgets(line, sizeof(line), restore->in) != NULL) {
        if (sscanf(line, "db %" SCNd64 "\n", &size) == 1)
            rc = take_db(restore, size);
        else if (sscanf(line, "file %64s %" SCNd64 "\n", hex, &size) == 2)
            rc = take_kept_file(restore, hex, size);
        else
            return memcmp(line, "end ", 4) == 0 ? SPD_OK : not_whole(restore);
    }
    return rc == SPD_OK ? not_whole(restore) : rc;
}

static spd_err put_in_place(const struct restore *restore)
{
    spd_err rc = file_sync_folder(restore->beside, restore->err);
    if (rc != SPD_OK)
        return rc;
    if (rename(restore->beside, restore->folder) != 0)
        return error_set(restore->err, SPD_EIO, "cannot rename %s to %s: %s",
                         restore->beside, restore->folder, strerror(errno));
    return folder_sync_around(restore->folder, restore->err);
}

static spd_err restore_beside(struct restore *restore)
{
    if (mkdir(restore->beside, 0700) != 0)
        return error_set(restore->err, SPD_EIO, "cannot make the folder %s: %s",
                         restore->beside, strerror(errno));
    spd_err rc = take_parts(restore);
    if (rc == SPD_OK)
        rc = put_in_place(restore);
    if (rc != SPD_OK)
        folder_remove(restore->beside);
    return rc;
}

spd_err store_restore(const char *path, const char *folder,
                      struct spd_error *err)
{
    if (access(folder, F_OK) == 0)
        return error_set(err, SPD_EEXIST,
                         "%s is there already: a backup is restored into a "
                         "folder of its own",
                         folder);
    struct restore restore = {
        .path = path, .folder = folder, .in = fopen(path, "rbe"), .err = err
    };
    if (restore.in == NULL)
        return error_set(err, errno == ENOENT ? SPD_ENOTFOUND : SPD_EIO,
                         "cannot open %s: %s", path, strerror(errno));
    restore.beside = path_of("%s.restore", folder);
    spd_err rc = check_seal(&restore);
    if (rc == SPD_OK)
        rc = restore_beside(&restore);
    fclose(restore.in);
    free(restore.beside);
    return rc;
}
