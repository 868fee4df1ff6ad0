/* The archive of a sliced file: opened read-only, judged as a whole before a
 * byte of it is unpacked. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "shop/sliced_internal.h"

struct sliced_zip {
    zip_t *archive;
    bool has_gcode;
};

/* -- the end of the file, before libzip sees it -- */

/* libzip reserves memory for as many entries as a zip64 end record claims, and
 * only then looks whether they are there: 3 GiB of nothing cost 2 GiB of
 * memory.  So the claim is judged first.  Old end records claim at most 65,535
 * and need no such care.  Layouts: APPNOTE.TXT 4.3.14 to 4.3.16. */
enum {
    END_BYTES = 22,
    LOCATOR_BYTES = 20, /* stands right before the end record */
    LOCATOR_OFFSET_AT = 8,
    END64_BYTES = 56,
    END64_COUNT_AT = 32,
    TAIL_BYTES = 65535 + END_BYTES + LOCATOR_BYTES, /* longest comment */
};

static uint64_t little_endian_64(const char *bytes)
{
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | (unsigned char)bytes[i];
    return value;
}

/* How many entries the zip64 end record at `offset` claims; 0 without one. */
static uint64_t claimed_at(int fd, uint64_t offset)
{
    char end64[END64_BYTES];
    if (offset > (uint64_t)INT64_MAX ||
        pread(fd, end64, sizeof(end64), (off_t)offset) != END64_BYTES)
        return 0;
    return little_endian_64(end64 + END64_COUNT_AT);
}

static bool claims_too_much(int fd, const char *tail, size_t tail_len)
{
    for (size_t at = LOCATOR_BYTES; at + END_BYTES <= tail_len; at++) {
        const char *locator = tail + at - LOCATOR_BYTES;
        if (memcmp(tail + at, "PK\5\6", 4) != 0 ||
            memcmp(locator, "PK\6\7", 4) != 0)
            continue;
        uint64_t offset = little_endian_64(locator + LOCATOR_OFFSET_AT);
        if (claimed_at(fd, offset) > SLICED_MAX_ENTRIES)
            return true;
    }
    return false;
}

static spd_err refuse_entry_count(struct spd_error *err)
{
    return error_set(err, SPD_EINVAL,
                     "This file holds more than %d entries, which no slicer "
                     "writes: " SLICED_AGAIN ".",
                     SLICED_MAX_ENTRIES);
}

static spd_err refuse_unreadable(const char *why, struct spd_error *err)
{
    return error_set(err, SPD_EIO,
                     "The file could not be read from the disk (%s): look at "
                     "the server's disk, then try again.",
                     why);
}

static spd_err check_end(int fd, off_t size, struct spd_error *err)
{
    size_t len = size < TAIL_BYTES ? (size_t)size : (size_t)TAIL_BYTES;
    char *tail = mem_new(len + 1);
    ssize_t got = pread(fd, tail, len, size - (off_t)len);
    spd_err rc = SPD_OK;
    if (got < 0)
        rc = refuse_unreadable(strerror(errno), err);
    else if (claims_too_much(fd, tail, (size_t)got))
        rc = refuse_entry_count(err);
    free(tail);
    return rc;
}

/* -- what libzip says -- */

/* Its codes that tell of the machine, not of the file. */
static bool is_machine_error(int zip_code)
{
    static const int codes[] = { ZIP_ER_SEEK, ZIP_ER_READ, ZIP_ER_OPEN,
                                 ZIP_ER_MEMORY, ZIP_ER_TELL };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (codes[i] == zip_code)
            return true;
    return false;
}

static spd_err refuse_damaged(const char *how, struct spd_error *err)
{
    return error_set(err, SPD_EINVAL,
                     "This file is damaged (%s): upload it once more, "
                     "or " SLICED_AGAIN ".",
                     how);
}

static spd_err refuse_zip_code(int code, struct spd_error *err)
{
    zip_error_t zip_error;
    zip_error_init_with_code(&zip_error, code);
    const char *why = zip_error_strerror(&zip_error);
    spd_err rc = is_machine_error(code) ? refuse_unreadable(why, err)
                                        : refuse_damaged(why, err);
    zip_error_fini(&zip_error);
    return rc;
}

static spd_err refuse_no_zip(int fd, struct spd_error *err)
{
    char head[4] = { 0 };
    if (pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
        memcmp(head, "PK\3\4", 4) == 0)
        return error_set(err, SPD_EINVAL,
                         "This file is cut off, its end is missing: upload it "
                         "once more.");
    return error_set(err, SPD_EINVAL,
                     "This is not a 3MF file: slice your model and export the "
                     "sliced file (.gcode.3mf).");
}

static spd_err refuse_twins(struct spd_error *err)
{
    return error_set(err, SPD_EINVAL,
                     "This file holds two entries of one name, so that nobody "
                     "can say which one counts: " SLICED_AGAIN ".");
}

/* Takes `fd` on success. */
static spd_err open_archive(zip_t **out, int fd, struct spd_error *err)
{
    int code = 0;
    *out = zip_fdopen(fd, ZIP_CHECKCONS, &code);
    if (*out != NULL)
        return SPD_OK;
    if (code == ZIP_ER_NOZIP)
        return refuse_no_zip(fd, err);
    if (code == ZIP_ER_EXISTS)
        return refuse_twins(err);
    return refuse_zip_code(code, err);
}

/* -- the directory -- */

/* A name is never used as a path here; but a file with such names was made to
 * hurt whoever unpacks it, and is not passed on to a printer. */
static bool is_path_outside(spd_str name)
{
    if (name.len == 0 || name.ptr[0] == '/' || name.ptr[0] == '\\' ||
        (name.len > 1 && name.ptr[1] == ':'))
        return true;
    for (size_t i = 0, start = 0; i <= name.len; i++) {
        if (i < name.len && name.ptr[i] != '/' && name.ptr[i] != '\\')
            continue;
        if (str_is((spd_str){ name.ptr + start, i - start }, ".."))
            return true;
        start = i + 1;
    }
    return false;
}

static bool is_gcode(spd_str name)
{
    return str_starts(name, STR("Metadata/plate_")) &&
           str_ends(name, STR(".gcode"));
}

static bool is_link(zip_t *archive, zip_uint64_t index)
{
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;
    return zip_file_get_external_attributes(archive, index, 0, &system,
                                            &attributes) == 0 &&
           S_ISLNK(attributes >> 16);
}

static bool is_bomb(const zip_stat_t *entry)
{
    return entry->size / SLICED_MAX_RATIO > entry->comp_size;
}

/* What is wrong with one entry; NULL when nothing is. */
static const char *entry_fault(zip_t *archive, const zip_stat_t *entry)
{
    spd_str name = str_of(entry->name);
    if (is_path_outside(name))
        return "holds an entry whose name leads outside of it";
    if (is_link(archive, entry->index))
        return "holds a symbolic link";
    if (entry->encryption_method != ZIP_EM_NONE)
        return "is encrypted, which no printer can read";
    if (entry->comp_method != ZIP_CM_STORE &&
        entry->comp_method != ZIP_CM_DEFLATE)
        return "is compressed in a way that printers cannot read";
    if (!is_gcode(name) && is_bomb(entry))
        return "would unpack to over 200 times its size";
    return NULL;
}

static spd_err check_entry(struct sliced_zip *zip, zip_uint64_t index,
                           uint64_t *unpacked, uint64_t *packed,
                           struct spd_error *err)
{
    zip_stat_t entry;
    if (zip_stat_index(zip->archive, index, ZIP_FL_ENC_RAW, &entry) != 0)
        return refuse_damaged("its directory cannot be read", err);
    const char *fault = entry_fault(zip->archive, &entry);
    if (fault != NULL)
        return error_set(err, SPD_EINVAL, "This file %s: " SLICED_AGAIN ".",
                         fault);
    /* Each addend is checked first: hostile sums do not wrap. */
    if (entry.size > SLICED_MAX_TOTAL_BYTES - *unpacked)
        return error_set(
            err, SPD_EINVAL,
            "This file would unpack to more than 4 GiB, which no "
            "printer can hold: split the print over more plates, " SLICED_AGAIN
            ".");
    if (entry.comp_size > SLICED_MAX_TOTAL_BYTES - *packed)
        return refuse_damaged("its sizes make no sense", err);
    *unpacked += entry.size;
    *packed += entry.comp_size;
    if (is_gcode(str_of(entry.name)) && entry.size > 0)
        zip->has_gcode = true;
    return SPD_OK;
}

static spd_err check_directory(struct sliced_zip *zip, off_t file_bytes,
                               struct spd_error *err)
{
    zip_int64_t count = zip_get_num_entries(zip->archive, 0);
    if (count > SLICED_MAX_ENTRIES)
        return refuse_entry_count(err);
    uint64_t unpacked = 0, packed = 0;
    for (zip_int64_t i = 0; i < count; i++) {
        spd_err rc = check_entry(zip, (zip_uint64_t)i, &unpacked, &packed, err);
        if (rc != SPD_OK)
            return rc;
    }
    /* More packed bytes than the file has: entries that share their data. */
    if (packed > (uint64_t)file_bytes)
        return refuse_damaged("its entries overlap", err);
    return SPD_OK;
}

spd_err sliced_zip_open(struct sliced_zip **out, const char *path,
                        struct spd_error *err)
{
    struct sliced_zip *zip = mem_new(sizeof(*zip));
    struct stat info = { 0 };
    spd_err rc = SPD_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0) {
        rc = refuse_unreadable(strerror(errno), err);
        goto out;
    }
    rc = check_end(fd, info.st_size, err);
    if (rc == SPD_OK)
        rc = open_archive(&zip->archive, fd, err);
    if (rc != SPD_OK)
        goto out;
    fd = -1; /* the archive's now */
    rc = check_directory(zip, info.st_size, err);
    if (rc != SPD_OK)
        goto out;
    *out = zip;
    zip = NULL; /* the caller's now */
out:
    sliced_zip_close(zip);
    if (fd >= 0)
        close(fd);
    return rc;
}

void sliced_zip_close(struct sliced_zip *zip)
{
    if (zip == NULL)
        return;
    if (zip->archive != NULL)
        zip_discard(zip->archive);
    free(zip);
}

/* -- members -- */

bool sliced_zip_has_gcode(const struct sliced_zip *zip)
{
    return zip->has_gcode;
}

int64_t sliced_zip_size(const struct sliced_zip *zip, const char *name)
{
    zip_stat_t entry;
    if (zip_stat(zip->archive, name, ZIP_FL_ENC_RAW, &entry) != 0)
        return -1;
    return (int64_t)entry.size; /* at most SLICED_MAX_TOTAL_BYTES */
}

static spd_err refuse_member(const char *name, struct spd_error *err)
{
    return error_set(err, SPD_EINVAL,
                     "The entry %s of this file is damaged: upload the file "
                     "once more, or " SLICED_AGAIN ".",
                     name);
}

static spd_err unpack(zip_file_t *member, const char *name, int64_t max_bytes,
                      sliced_take *take, void *arg, struct spd_error *err)
{
    enum { PIECE_BYTES = 64 * 1024 };
    char *piece = mem_new(PIECE_BYTES);
    int64_t total = 0;
    spd_err rc = SPD_OK;
    while (rc == SPD_OK) {
        zip_int64_t got = zip_fread(member, piece, PIECE_BYTES);
        if (got == 0)
            break;
        total += got;
        if (got < 0 || total > max_bytes)
            rc = refuse_member(name, err);
        else
            rc = take(arg, (spd_str){ piece, (size_t)got }, err);
    }
    free(piece);
    return rc;
}

spd_err sliced_zip_read(struct sliced_zip *zip, const char *name,
                        int64_t max_bytes, sliced_take *take, void *arg,
                        struct spd_error *err)
{
    int64_t size = sliced_zip_size(zip, name);
    if (size < 0)
        return error_set(err, SPD_ENOTFOUND, "This file has no %s.", name);
    if (size > max_bytes)
        return error_set(err, SPD_EINVAL,
                         "The entry %s of this file is larger than any slicer "
                         "writes it (%lld bytes): " SLICED_AGAIN ".",
                         name, (long long)size);
    zip_file_t *member = zip_fopen(zip->archive, name, ZIP_FL_ENC_RAW);
    if (member == NULL)
        return refuse_member(name, err);
    spd_err rc = unpack(member, name, size, take, arg, err);
    zip_fclose(member);
    return rc;
}
