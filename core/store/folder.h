/* Paths and folders below the store's own, made so that they last. */
#ifndef SPOOLD_STORE_FOLDER_H
#define SPOOLD_STORE_FOLDER_H

#include "base/error.h"

/* printf of a path. Owned: free(). */
char *path_of(const char *fmt, ...) SPD_PRINTF(1, 2);

/* Make it (0700), when it is not there, durable in the one it lies in. */
spd_err folder_make(const char *path, struct spd_error *err);

/* Make what was done to `path` durable in the folder it lies in. */
spd_err folder_sync_around(const char *path, struct spd_error *err);

/* Remove the files in it; folders and dot-files stay. */
void folder_empty(const char *path);

/* Remove it and all in it, as far as that goes. */
void folder_remove(const char *path);

/* Each file in it but dot-files, by its name and the open folder. */
typedef void folder_fn(void *arg, int folder, const char *name);
void folder_each(const char *path, folder_fn *fn, void *arg);

#endif
