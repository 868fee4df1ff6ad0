/* The SD card of one printer: what was uploaded, with its digests.
 *
 * Digests are made while bytes arrive, so a file costs no memory. The bytes
 * go to --storage when there is one; otherwise to an unlinked temporary file,
 * and only those of the latest complete upload are kept, so that thousands of
 * printers need one descriptor each. It refuses to know FTP and printing. */
#ifndef SIM_STORAGE_H
#define SIM_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORAGE_PATH_MAX 256

struct stored_file {
    char path[STORAGE_PATH_MAX]; /* from the root, without leading slash */
    uint64_t bytes;
    char sha256[65]; /* lower case */
    char md5[33];    /* upper case, as slicers write it */
    bool complete;   /* else the upload was cut short */
    bool mixed_up;   /* two uploads at once wrote on the card */
    bool is_zip;
    uint64_t plates; /* of a ZIP: bit n for Metadata/plate_n.gcode */
};

struct storage;
struct upload;

/* folder: where bytes are kept, made when missing; NULL: see above. */
struct storage *storage_new(const char *folder);
void storage_free(struct storage *storage);

/* An upload to `path` begins and hides an older file of that name. NULL: the
 * spool file could not be made. End it with storage_close before
 * storage_free. */
struct upload *storage_open(struct storage *storage, const char *path);

/* False: the disk is full; the upload can only be closed now. */
bool upload_write(struct upload *upload, const void *data, size_t len);
uint64_t upload_bytes(const struct upload *upload);

/* The upload is over; `upload` is gone. The answer is borrowed until the next
 * call that changes the storage. */
const struct stored_file *storage_close(struct upload *upload, bool complete);

const struct stored_file *storage_find(const struct storage *storage,
                                       const char *path);
/* NULL behind the last. */
const struct stored_file *storage_at(const struct storage *storage, size_t i);
bool storage_remove(struct storage *storage, const char *path);

/* A new descriptor to read it from the start, or -1 when its bytes were not
 * kept. The caller closes it. */
int storage_read(const struct storage *storage, const char *path);

#endif
