/* Which plugins are loaded: those the configuration names, in its order, or,
 * without one, ours that need no settings. */
#ifndef SPOOLD_SERVER_PLUGINS_H
#define SPOOLD_SERVER_PLUGINS_H

#include "engine/engine.h"
#include "engine/intake/sources.h"
#include "engine/outbox/outbox.h"
#include "host/host.h"
#include "server/settings.h"

/* Who takes what plugins offer for printing. Borrowed as long as the host. */
struct takers {
    struct engine *engine;
    struct outbox *outbox;
    struct shop *shop;
    struct sources *sources;
};
struct host_roles roles_of(struct takers *takers);

void plugins_load(struct host *host, const struct settings *settings);

/* Every plugin of the configuration, checked without being started. */
spd_err plugins_check(const struct settings *settings, struct spd_error *err);

/* The plugins loaded without a configuration; ends with NULL. */
extern const char *const own_plugins[];

#endif
