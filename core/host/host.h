/* Plugins: loading them, and the tables of functions they are given.
 *
 * Knows operations, the store and the loop, not printing: what a plugin offers
 * for printing is checked here and handed down through struct host_roles. */
#ifndef SPOOLD_HOST_HOST_H
#define SPOOLD_HOST_HOST_H

#include "base/crypt.h"
#include "loop/fetch.h"
#include "loop/pool.h"
#include "loop/ticket.h"
#include "ops/ops.h"

struct host;

/* What the floors below do with what plugins offer.  Rows are complete (short
 * ones zero-filled) and stay valid until `withdraw`, which takes back all of
 * one plugin.  `who` is the plugin's name, static as long. All on the loop. */
struct host_roles {
    void *arg;
    spd_err (*printer_driver)(void *arg, spd_plugin *self, const char *who,
                              const struct spd_printer_driver *driver,
                              struct spd_error *err);
    spd_err (*order_source)(void *arg, spd_plugin *self, const char *who,
                            const struct spd_order_source *source,
                            struct spd_error *err);
    spd_err (*notifier)(void *arg, spd_plugin *self, const char *who,
                        const struct spd_notifier *notifier,
                        struct spd_error *err);
    spd_err (*scheduler)(void *arg, spd_plugin *self, const char *who,
                         const struct spd_scheduler *scheduler,
                         struct spd_error *err);
    void (*withdraw)(void *arg, spd_plugin *self);
    /* Parsed, bounded, on the loop; in the order given. `printer` may be gone
     * by now: the callee knows which are alive. */
    void (*printer_report)(void *arg, spd_printer *printer,
                           const spd_json *report);
    void (*upload_progress)(void *arg, spd_printer *printer, int64_t attempt,
                            int64_t sent_bytes);
    spd_err (*order_put)(void *arg, spd_ticket *ticket, const spd_json *order);
};

struct host_options {
    struct loop *loop;
    struct store *store;
    struct ops *ops;
    struct pool *pool;
    struct fetcher *fetcher;
    struct tickets *tickets; /* what roles' tickets are made of */
    const char *folder;      /* where plugins lie: "FOLDER/NAME.so" */
    const char *version;     /* of the server, for people */
    struct host_roles roles;
    uint32_t fetch_allow; /* enum fetch_allow */
    const struct crypt_key *key; /* for secrets and hooks; NULL: has neither */
};

struct host *host_new(const struct host_options *options);

/* Stop in reverse order: unhook, cancel waiting work, wait for running work,
 * deliver each `done`, then stop(). Left-overs are named in the log. */
void host_free(struct host *host);

/* Where settings stand in the configuration, for errors: "spoold.conf line
 * 12". `key` NULL: the plugin's own entry. Borrowed from `out`, or static. */
enum { HOST_PLACE_BYTES = 300 };
struct host_place {
    const char *(*of)(const void *arg, const char *key,
                      char out[HOST_PLACE_BYTES]);
    const void *arg;
};

/* Load and start one plugin; `name` or an absolute path. `settings` are its
 * keys from the configuration (borrowed; NULL: none), `place` (may be NULL)
 * says where they stand.  A plugin that fails to start is kept in the list with
 * its error: the server runs without it. */
spd_err host_load(struct host *host, const char *name, const spd_json *settings,
                  const struct host_place *place, struct spd_error *err);

/* New settings for a running plugin, without stopping it. SPD_ENOTFOUND: it
 * does not run; SPD_EUNSUPPORTED: it wants a restart for that; else it refused
 * them and goes on with the old. */
spd_err host_reconfigure(struct host *host, const char *name,
                         const spd_json *settings,
                         const struct host_place *place, struct spd_error *err);

/* Check the settings against the plugin's key table without starting it. */
spd_err host_check_settings(const char *path, const spd_json *settings,
                            const struct host_place *place,
                            struct spd_error *err);

/* `spoold --list-plugins`: name, version, ABI, summary and keys of every
 * plugin in a folder.  Files are judged before they are opened; opening one
 * runs its constructors, if it has any, and nothing else of it. */
void host_list(const char *folder, struct buf *out);

/* What plugins count, as Prometheus reads it; appended. */
void host_metrics(const struct host *host, struct buf *out);

/* `spoold --check-plugin FILE`: load, negotiate, check keys, start, stop;
 * says what happened, a sentence a line. */
spd_err host_check_plugin(struct host *host, const char *path,
                          const spd_json *settings, struct buf *report,
                          struct spd_error *err);

/* Rows of plugins.list, with errors: name version state error. */
spd_err host_add_ops(struct host *host, struct ops *ops, struct spd_error *err);

#endif
