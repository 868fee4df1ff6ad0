#include "archive.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

struct archive {
    char path[64], zeros_path[64];
    zip_t *zip;
    zip_uint64_t last;
    struct arena texts; /* libzip reads them when it writes */
};

static void make_path(char *path, size_t size, const char *what)
{
    snprintf(path, size, "/tmp/spoold-test-%s-XXXXXX", what);
    int fd = mkstemp(path);
    assert(fd >= 0);
    close(fd);
}

struct archive *archive_new(void)
{
    struct archive *archive = mem_new(sizeof(*archive));
    make_path(archive->path, sizeof(archive->path), "archive");
    make_path(archive->zeros_path, sizeof(archive->zeros_path), "zeros");
    archive->zip = zip_open(archive->path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    assert(archive->zip != NULL);
    return archive;
}

void archive_free(struct archive *archive)
{
    if (archive->zip != NULL)
        zip_discard(archive->zip);
    unlink(archive->path);
    unlink(archive->zeros_path);
    arena_fini(&archive->texts);
    free(archive);
}

const char *archive_path(const struct archive *archive)
{
    return archive->path;
}

static void add(struct archive *archive, const char *name, zip_source_t *source)
{
    zip_int64_t index =
        zip_file_add(archive->zip, name, source, ZIP_FL_ENC_UTF_8);
    assert(index >= 0);
    archive->last = (zip_uint64_t)index;
}

void archive_add_bytes(struct archive *archive, const char *name, spd_str bytes)
{
    spd_str copy = arena_str(&archive->texts, bytes);
    add(archive, name, zip_source_buffer(archive->zip, copy.ptr, copy.len, 0));
}

void archive_add(struct archive *archive, const char *name, const char *text)
{
    archive_add_bytes(archive, name, str_of(text));
}

void archive_add_zeros(struct archive *archive, const char *name, int64_t bytes)
{
    int rc = truncate(archive->zeros_path, bytes);
    assert(rc == 0);
    add(archive, name,
        zip_source_file(archive->zip, archive->zeros_path, 0, -1));
    zip_set_file_compression(archive->zip, archive->last, ZIP_CM_DEFLATE, 1);
}

void archive_make_link(struct archive *archive)
{
    zip_file_set_external_attributes(archive->zip, archive->last, 0,
                                     ZIP_OPSYS_UNIX,
                                     (zip_uint32_t)(S_IFLNK | 0777) << 16);
}

void archive_encrypt(struct archive *archive)
{
    int rc = zip_file_set_encryption(archive->zip, archive->last,
                                     ZIP_EM_AES_256, "secret");
    assert(rc == 0);
}

void archive_write(struct archive *archive)
{
    int rc = zip_close(archive->zip);
    assert(rc == 0);
    archive->zip = NULL;
}

void archive_write_raw(struct archive *archive, spd_str bytes)
{
    zip_discard(archive->zip);
    archive->zip = NULL;
    spd_err rc = file_write(archive->path, bytes, 0600, NULL);
    assert(rc == SPD_OK);
}

void archive_cut(struct archive *archive, int64_t bytes_less)
{
    struct stat info;
    int rc = stat(archive->path, &info);
    assert(rc == 0);
    rc = truncate(archive->path, info.st_size - bytes_less);
    assert(rc == 0);
}

void archive_replace(struct archive *archive, spd_str from, spd_str to)
{
    assert(from.len == to.len);
    struct buf bytes = { 0 };
    spd_err rc = file_read(archive->path, SIZE_MAX / 2, &bytes, NULL);
    assert(rc == SPD_OK);
    unsigned found = 0;
    for (size_t i = 0; i + from.len <= bytes.len; i++) {
        if (memcmp(bytes.ptr + i, from.ptr, from.len) != 0)
            continue;
        memcpy(bytes.ptr + i, to.ptr, to.len);
        found++;
    }
    assert(found > 0);
    rc = file_write(archive->path, buf_str(&bytes), 0600, NULL);
    assert(rc == SPD_OK);
    buf_fini(&bytes);
}
