/* A plugin's file: judged before it is opened, and its descriptor.
 *
 * Opening a shared object runs its constructors, and only those; so the file's
 * owner and mode are checked first, and nothing else of it is called here.
 * Images are never closed again: threads, thread-local destructors and atexit
 * handlers may point into them. */
#ifndef SPOOLD_HOST_IMAGE_H
#define SPOOLD_HOST_IMAGE_H

#include "base/error.h"

enum { PLUGIN_NAME_MAX = 40 };

struct image {
    char name[PLUGIN_NAME_MAX + 1]; /* of the file, without ".so" */
    struct spd_plugin_desc desc;    /* complete: short ones zero-filled */
    const struct spd_key *keys;     /* desc.key_count rows of our size */
};

/* A regular file, owned by root or this process's user, that nobody else may
 * write; named NAME.so; whose descriptor agrees with our ABI.  NULL and a
 * sentence otherwise. Owned: image_free. */
struct image *image_open(const char *path, struct spd_error *err);
void image_free(struct image *image);

#endif
