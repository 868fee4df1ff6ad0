/* Whole small files, read and written safely. */
#ifndef SPOOLD_BASE_FILE_H
#define SPOOLD_BASE_FILE_H

#include <sys/types.h>

#include "base/buf.h"

/* Append the file's bytes; SPD_EINVAL beyond `max_bytes`, SPD_ENOTFOUND. */
spd_err file_read(const char *path, size_t max_bytes, struct buf *out,
                  struct spd_error *err);

/* Written beside, synced, renamed, directory synced: there afterwards whole,
 * or not at all. */
spd_err file_write(const char *path, spd_str bytes, mode_t mode,
                   struct spd_error *err);

/* Remove a folder and all in it; what cannot be removed stays. */
void file_remove_folder(const char *path);

/* Make the entries of a directory durable. */
spd_err file_sync_folder(const char *path, struct spd_error *err);

#endif
