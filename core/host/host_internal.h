/* What the tables of functions share: the host that they act for. */
#ifndef SPOOLD_HOST_HOST_INTERNAL_H
#define SPOOLD_HOST_HOST_INTERNAL_H

#include "base/buf.h"
#include "host/guest.h"
#include "store/journal.h"

struct call_slots;
struct hook;
struct subscription;

struct host {
    struct host_options options;
    char *folder, *version, *crash_file;
    struct spd_host table;
    struct guest *guests, **last_guest; /* in the order loaded */
    uint32_t guest_count;
    struct call_slots *calls;
    struct journal_follower follower;
    struct timer *delivery; /* set while events may wait for subscribers */
    struct subscription *subscriptions;
    struct hook *hooks;
    struct spd_metric *metrics;
    _Atomic size_t reports_waiting;
};

/* Some functions of the ABI are not told who calls; there is one host in a
 * process. Aborts without one. */
struct host *host_here(void);

extern const struct spd_log_api host_log_api;
extern const struct spd_loop_api host_loop_api;
extern const struct spd_store_api host_store_api;
extern const struct spd_json_api host_json_api;
extern const struct spd_bus_api host_bus_api;
extern const struct spd_op_api host_op_api;
extern const struct spd_client_api host_client_api;
extern const struct spd_role_api host_role_api;
extern const struct spd_metric_api host_metric_api;

/* bus_api.c: a timer's function, and the journal's. */
void bus_deliver(void *host);
void bus_on_commit(void *host, int64_t last_seq);

/* hook_api.c */
spd_err host_hook(spd_plugin *self, const char *name, spd_op_fn *run,
                  char path[SPD_HOOK_PATH_BYTES]);
spd_err hooks_add_ops(struct host *host, struct ops *ops,
                      struct spd_error *err);

/* metric_api.c */
void metrics_free(struct host *host);

#endif
