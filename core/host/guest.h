/* A guest: one loaded plugin, as the host knows it, and what it has claimed.
 *
 * Everything a plugin registers is a claim in its guest's list, so that it can
 * be undone whatever the plugin does.  Guests live as long as the host: a late
 * caller finds one that says "gone" instead of freed memory.  Knows nothing of
 * what the claims are. */
#ifndef SPOOLD_HOST_GUEST_H
#define SPOOLD_HOST_GUEST_H

#include <pthread.h>

#include "host/host.h"
#include "host/image.h"

enum guest_state {
    GUEST_NEW,
    GUEST_STARTING, /* in start(): may register */
    GUEST_RUNNING,
    GUEST_LEAVING,  /* nothing calls it but what it still waits for */
    GUEST_STOPPING, /* in stop(): may log, read, write and free */
    GUEST_GONE,
};

/* Something registered: unhooked before stop(), released after it, each the
 * newest first.  Embedded in what it is a claim on. */
struct claim;
struct claim_kind {
    const char *what;                     /* "timer": for the log */
    void (*unhook)(struct claim *claim);  /* no callback follows */
    void (*release)(struct claim *claim); /* frees it */
};
struct claim {
    const struct claim_kind *kind;
    struct guest *guest;
    struct claim *older, *newer;
};

/* What other threads have posted, in order. */
struct guest_post;
struct guest_posts {
    pthread_mutex_t lock;
    struct guest_post *first, **last;
    bool closed; /* nothing more is taken */
};

struct guest {
    struct spd_plugin self; /* first: the plugin's pointer is ours */
    struct host *host;
    struct guest *next;
    uint32_t number; /* place in the host's list, from 1 */
    enum guest_state state;
    _Atomic bool is_stopping; /* for its work, on other threads */
    char *name;               /* static as long as the host */
    char *who;                /* "plugin/NAME": journal, store, actor */
    struct image *image;
    void *conf;           /* what self.conf points to */
    struct claim *claims; /* newest first */
    struct guest_posts posts;
    bool offers;            /* a role below */
    size_t works;           /* in the pool */
    struct spd_error error; /* why it is not running */
    int64_t slow_calls, longest_ms;
};

/* Does not start it. `image` and `conf` (of settings_new) are taken; both are
 * NULL for one that could not be loaded and is only listed. Owned. */
struct guest *guest_new(struct host *host, const char *name,
                        struct image *image, void *conf);
void guest_free(struct guest *guest);

/* Run start() in a scope that is undone as a whole when it fails. */
spd_err guest_start(struct guest *guest, struct spd_error *err);
/* Unhook, cancel, wait, stop(), release.  Does nothing to one not running. */
void guest_stop(struct guest *guest);

/* Give a running plugin new settings. `conf` (of settings_new) is taken; when
 * the plugin refuses, it goes on with the old. It must have a reconfigure. */
spd_err guest_reconfigure(struct guest *guest, void *conf,
                          struct spd_error *err);

const char *guest_state_word(const struct guest *guest);

/* -- at the border: who calls, and may it now? --
 *
 * NULL, with the plugin's name and the function's in the log, when it may
 * not: another thread than the loop, or after its end. */
struct guest *guest_registers(spd_plugin *self, const char *what);
struct guest *guest_acts(spd_plugin *self, const char *what);
/* Only that it is one of ours: for functions that any thread may call. */
struct guest *guest_of(spd_plugin *self);

void claim_add(struct claim *claim, struct guest *guest,
               const struct claim_kind *kind);
void claim_drop(struct claim *claim); /* out of the list, nothing else */

/* [any] Run fn(self, arg) on the loop; false when it is leaving. */
bool guest_post(struct guest *guest, spd_later *fn, void *arg);

/* -- a plugin's code runs between these, on the loop -- */
struct stay {
    const char *before;
    int64_t began_ms;
};
struct stay guest_enter(struct guest *guest);
void guest_leave(struct guest *guest, struct stay stay);

#endif
