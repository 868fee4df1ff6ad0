/* Which server, and who asks: from the options, the environment, and what was
 * saved before. */
#ifndef SPOOLD_CTL_SAVED_H
#define SPOOLD_CTL_SAVED_H

#include "base/mem.h"
#include "ctl/options.h"

struct target {
    const char *server;  /* "http://host:port", without a slash at its end */
    const char *token;   /* NULL: none */
    const char *ca_file; /* NULL: the system's */
};

/* Where it is saved: below $XDG_CONFIG_HOME, or ~/.config. */
const char *saved_path(struct arena *arena);

/* A saved token goes to the server it was saved with and to no other. Texts
 * live in `arena`, or are borrowed from the options and the environment.
 * SPD_EINVAL: what is saved cannot be read. */
spd_err target_choose(struct target *target, const struct options *options,
                      struct arena *arena, struct spd_error *err);

/* Readable by its owner alone. */
spd_err target_save(const struct target *target, struct spd_error *err);

/* False when there was nothing to forget. */
bool target_forget(void);

#endif
