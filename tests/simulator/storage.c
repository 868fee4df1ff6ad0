#include "storage.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "plates.h"

struct row {
    struct stored_file file;
    unsigned number; /* its name in the folder */
    int fd;          /* of the kept bytes, -1: in the folder, or not kept */
};

struct storage {
    char *folder;
    struct row *rows;
    size_t count, cap;
    unsigned next_number, open_uploads;
    bool crowded; /* two uploads have met since the card was last quiet */
};

struct upload {
    struct storage *storage;
    char path[STORAGE_PATH_MAX];
    EVP_MD_CTX *sha256, *md5;
    uint64_t bytes;
    unsigned number;
    int fd;
};

struct storage *storage_new(const char *folder)
{
    struct storage *storage = mem_new(1, sizeof *storage);
    if (folder != NULL) {
        storage->folder = mem_text(folder);
        mkdir(folder, 0700); /* failing shows when the first file is made */
    }
    return storage;
}

static void number_path(const struct storage *storage, unsigned number,
                        char *out, size_t cap)
{
    snprintf(out, cap, "%s/%u.bin", storage->folder, number);
}

static void drop_row(struct storage *storage, size_t i)
{
    struct row *row = &storage->rows[i];
    if (row->fd >= 0)
        close(row->fd);
    if (storage->folder != NULL) {
        char name[1024];
        number_path(storage, row->number, name, sizeof name);
        unlink(name);
    }
    storage->rows[i] = storage->rows[--storage->count];
}

void storage_free(struct storage *storage)
{
    if (storage == NULL)
        return;
    for (size_t i = 0; i < storage->count; i++)
        if (storage->rows[i].fd >= 0)
            close(storage->rows[i].fd);
    free(storage->rows);
    free(storage->folder);
    free(storage);
}

static const struct row *find_row(const struct storage *storage,
                                  const char *path)
{
    for (size_t i = 0; i < storage->count; i++)
        if (strcmp(storage->rows[i].file.path, path) == 0)
            return &storage->rows[i];
    return NULL;
}

static int spool_open(const struct storage *storage, unsigned number)
{
    char name[1024];
    if (storage->folder != NULL) {
        number_path(storage, number, name, sizeof name);
        return open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    }
    const char *folder = getenv("TMPDIR");
    snprintf(name, sizeof name, "%s/bambu-sim-XXXXXX",
             folder != NULL ? folder : "/tmp");
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd >= 0)
        unlink(name);
    return fd;
}

static EVP_MD_CTX *digest_new(const EVP_MD *kind)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    if (digest == NULL || EVP_DigestInit_ex(digest, kind, NULL) != 1) {
        fputs("bambu-sim: OpenSSL offers no SHA-256 or MD5\n", stderr);
        abort();
    }
    return digest;
}

struct upload *storage_open(struct storage *storage, const char *path)
{
    unsigned number = storage->next_number++;
    int fd = spool_open(storage, number);
    if (fd < 0)
        return NULL;
    storage_remove(storage, path);
    struct upload *upload = mem_new(1, sizeof *upload);
    upload->storage = storage;
    snprintf(upload->path, sizeof upload->path, "%s", path);
    upload->sha256 = digest_new(EVP_sha256());
    upload->md5 = digest_new(EVP_md5());
    upload->number = number;
    upload->fd = fd;
    storage->open_uploads++;
    storage->crowded = storage->crowded || storage->open_uploads > 1;
    return upload;
}

bool upload_write(struct upload *upload, const void *data, size_t len)
{
    const char *at = data;
    EVP_DigestUpdate(upload->sha256, data, len);
    EVP_DigestUpdate(upload->md5, data, len);
    upload->bytes += len;
    while (len > 0) {
        ssize_t put = write(upload->fd, at, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        at += put;
        len -= (size_t)put;
    }
    return true;
}

uint64_t upload_bytes(const struct upload *upload)
{
    return upload->bytes;
}

static void digest_end(EVP_MD_CTX *digest, char *out, const char *digits)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    EVP_DigestFinal_ex(digest, bytes, &len);
    EVP_MD_CTX_free(digest);
    for (unsigned i = 0; i < len; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

/* Without a folder only the newest file keeps its bytes. */
static void forget_older_bytes(struct storage *storage)
{
    for (size_t i = 0; i < storage->count; i++) {
        if (storage->rows[i].fd >= 0)
            close(storage->rows[i].fd);
        storage->rows[i].fd = -1;
    }
}

static struct row *add_row(struct storage *storage)
{
    storage->rows = mem_grow(storage->rows, storage->count, &storage->cap,
                             sizeof *storage->rows);
    struct row *row = &storage->rows[storage->count++];
    *row = (struct row){ .fd = -1 };
    return row;
}

const struct stored_file *storage_close(struct upload *upload, bool complete)
{
    struct storage *storage = upload->storage;
    storage_remove(storage, upload->path);
    if (storage->folder == NULL && complete)
        forget_older_bytes(storage);
    struct row *row = add_row(storage);
    struct stored_file *file = &row->file;
    snprintf(file->path, sizeof file->path, "%s", upload->path);
    file->bytes = upload->bytes;
    digest_end(upload->sha256, file->sha256, "0123456789abcdef");
    digest_end(upload->md5, file->md5, "0123456789ABCDEF");
    file->complete = complete;
    file->mixed_up = storage->crowded;
    if (complete)
        file->is_zip = plates_read(upload->fd, upload->bytes, &file->plates);
    row->number = upload->number;
    if (storage->folder == NULL && complete)
        row->fd = upload->fd;
    else
        close(upload->fd);
    if (--storage->open_uploads == 0)
        storage->crowded = false;
    free(upload);
    return file;
}

const struct stored_file *storage_find(const struct storage *storage,
                                       const char *path)
{
    const struct row *row = find_row(storage, path);
    return row != NULL ? &row->file : NULL;
}

const struct stored_file *storage_at(const struct storage *storage, size_t i)
{
    return i < storage->count ? &storage->rows[i].file : NULL;
}

bool storage_remove(struct storage *storage, const char *path)
{
    const struct row *row = find_row(storage, path);
    if (row == NULL)
        return false;
    drop_row(storage, (size_t)(row - storage->rows));
    return true;
}

int storage_read(const struct storage *storage, const char *path)
{
    const struct row *row = find_row(storage, path);
    if (row == NULL)
        return -1;
    char name[1024];
    if (storage->folder != NULL)
        number_path(storage, row->number, name, sizeof name);
    else if (row->fd >= 0)
        snprintf(name, sizeof name, "/proc/self/fd/%d", row->fd);
    else
        return -1;
    return open(name, O_RDONLY | O_CLOEXEC);
}
