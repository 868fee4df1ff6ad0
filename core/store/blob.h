/* Files by content: each lies once, under the SHA-256 of its bytes.
 *
 * Nobody's file name is ever a path here. */
#ifndef SPOOLD_STORE_BLOB_H
#define SPOOLD_STORE_BLOB_H

#include "base/crypt.h"
#include "store/store.h"

/* A file on its way in: written piece by piece into a temporary place, which
 * is gone after blob_drop, after a crash, and when the store is opened. */
struct blob_in;

/* NULL: no room (store_is_short) or the disk refuses. Owned: by blob_keep or
 * blob_drop. */
struct blob_in *blob_begin(struct store *store, struct spd_error *err);
spd_err blob_write(struct blob_in *in, spd_str piece, struct spd_error *err);
int64_t blob_size(const struct blob_in *in);
/* [worker] or loop: synced, renamed to its name, folder synced; ends `in` also
 * on failure. The same bytes twice are one file. */
spd_err blob_keep(struct blob_in *in, struct sha256 *sum,
                  struct spd_error *err);
void blob_drop(struct blob_in *in); /* NULL is fine */

/* The path of the bytes read so far, for looking into them before they are
 * kept. Borrowed. */
const char *blob_in_path(const struct blob_in *in);

enum { BLOB_PATH_BYTES = 4096 };
/* Where a kept file lies; only for reading. */
void blob_path(const struct store *store, const struct sha256 *sum,
               char out[BLOB_PATH_BYTES]);

/* Remove a file nothing refers to any more. */
spd_err blob_remove(struct store *store, const struct sha256 *sum,
                    struct spd_error *err);

#endif
