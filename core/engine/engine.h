/* The engine: moves jobs to printers, exactly once.
 *
 * Works on events, not on a tick: a change in the journal, a report of a
 * printer, or the hour a job was set for.  What it has decided is in the store
 * before it is done; what it holds in memory can be lost at any moment. */
#ifndef SPOOLD_ENGINE_ENGINE_H
#define SPOOLD_ENGINE_ENGINE_H

#include "shop/fleet.h"
#include "shop/shop.h"

struct engine;

/* How long is long enough; 0: the default beside it. */
struct engine_options {
    /* A start whose fate is unknown is given up for lost when three full
     * reports over this time show the printer at rest with another print. */
    int64_t evidence_ms; /* 120 s */
    /* Without evidence either way it is called unknown after this. */
    int64_t verdict_ms; /* 600 s */
    /* A full report older than this is asked for anew before a start. */
    int64_t fresh_ms; /* 10 s */
    /* A printer that failed an attempt is left alone so long; doubles. */
    int64_t cool_down_ms; /* 60 s */
};

struct engine *engine_new(struct shop *shop,
                          const struct engine_options *options);
void engine_free(struct engine *engine);

/* The operations that explain its choices. */
spd_err engine_add_ops(struct engine *engine, struct spd_error *err);

/* Take up what was under way, then begin to work. */
void engine_start(struct engine *engine);

/* Begin nothing more; what is under way is taken up at the next start. */
void engine_stop(struct engine *engine);

/* The policy of a plugin; one at a time. SPD_EEXIST. */
spd_err engine_set_policy(struct engine *engine, spd_plugin *self,
                          const char *who, const struct spd_scheduler *row,
                          struct spd_error *err);
void engine_withdraw(struct engine *engine, const spd_plugin *self);

/* The shop's own rules may object to a job at a printer: why, borrowed until
 * the next call; NULL: they do not. */
struct engine_veto {
    const char *(*fn)(void *arg, spd_txn *txn, int64_t job_id,
                      int64_t printer_id);
    void *arg;
};
void engine_set_veto(struct engine *engine, const struct engine_veto *veto);
/* They may say something else now. */
void engine_veto_changed(struct engine *engine);

#endif
