#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/error.h"
#include "base/mem.h"

static spd_err read_all(int fd, const char *path, size_t max_bytes,
                        struct buf *out, struct spd_error *err)
{
    size_t start = out->len;
    for (;;) {
        ssize_t got = read(fd, buf_room(out, 4096), 4096);
        if (got == 0)
            return SPD_OK;
        if (got < 0)
            return error_set(err, SPD_EIO, "cannot read %s: %s", path,
                             strerror(errno));
        out->len += (size_t)got;
        if (out->len - start > max_bytes)
            return error_set(err, SPD_EINVAL,
                             "%s is larger than the %zu bytes it may have",
                             path, max_bytes);
    }
}

spd_err file_read(const char *path, size_t max_bytes, struct buf *out,
                  struct spd_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, errno == ENOENT ? SPD_ENOTFOUND : SPD_EIO,
                         "cannot open %s: %s", path, strerror(errno));
    spd_err rc = read_all(fd, path, max_bytes, out, err);
    close(fd);
    return rc;
}

static bool write_all(int fd, spd_str bytes)
{
    while (bytes.len > 0) {
        ssize_t put = write(fd, bytes.ptr, bytes.len);
        if (put < 0)
            return false;
        bytes.ptr += put;
        bytes.len -= (size_t)put;
    }
    return fsync(fd) == 0;
}

spd_err file_sync_folder(const char *path, struct spd_error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        error_set(err, SPD_EIO, "cannot sync the folder %s: %s", path,
                  strerror(errno));
        if (fd >= 0)
            close(fd);
        return SPD_EIO;
    }
    close(fd);
    return SPD_OK;
}

static spd_err put_in_place(const char *beside, const char *path,
                            struct spd_error *err)
{
    crash_before("file.rename");
    if (rename(beside, path) != 0)
        return error_set(err, SPD_EIO, "cannot rename %s to %s: %s", beside,
                         path, strerror(errno));
    crash_after("file.rename");
    char *copy = mem_text(str_of(path));
    spd_err rc = file_sync_folder(dirname(copy), err);
    free(copy);
    return rc;
}

spd_err file_write(const char *path, spd_str bytes, mode_t mode,
                   struct spd_error *err)
{
    struct buf name = { 0 };
    buf_printf(&name, "%s.new", path);
    char *beside = buf_take(&name);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                  mode);
    bool whole = fd >= 0 && write_all(fd, bytes);
    spd_err rc = whole ? SPD_OK
                       : error_set(err, SPD_EIO, "cannot write %s: %s", beside,
                                   strerror(errno));
    if (fd >= 0)
        close(fd);
    if (rc == SPD_OK)
        rc = put_in_place(beside, path, err);
    if (rc != SPD_OK)
        unlink(beside);
    free(beside);
    return rc;
}

static int remove_one(const char *path, const struct stat *about, int kind,
                      struct FTW *place)
{
    (void)about, (void)kind, (void)place;
    remove(path);
    return 0;
}

void file_remove_folder(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
