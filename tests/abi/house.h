/* A real host on a real loop and store, in a folder of its own, for tests that
 * load real plugins.  The clock is the test's; the log is kept. */
#ifndef SPOOLD_TESTS_ABI_HOUSE_H
#define SPOOLD_TESTS_ABI_HOUSE_H

#include <pthread.h>

#include "host/host.h"

struct house {
    struct fake_clock clock; /* first: the one is found from the other */
    int64_t tick_ms;         /* by which it goes on whenever it is read */
    char folder[64];         /* temporary */
    struct loop *loop;
    struct store *store;
    struct ops *ops;
    struct pool *pool;
    struct fetcher *fetcher;
    struct tickets *tickets;
    struct host *host;
    struct host_roles roles;  /* set before house_open */
    pthread_mutex_t log_lock; /* workers log, too */
    struct buf log;           /* "warn: who: text\n" */
    struct buf answer;        /* body of the last call */
    int status;               /* of it; 0: not answered yet */
};

void house_open(struct house *house, const char *plugins);
void house_close(struct house *house);

/* Close all but the folder, and open it again: a restart. */
void house_reopen(struct house *house, const char *plugins);

/* Load a plugin with settings written as JSON with ' for ". */
spd_err house_load(struct house *house, const char *name, const char *settings,
                   struct spd_error *err);

/* Call as an administrator; turns the loop until it is quiet. The answer, or ""
 * when there is none yet. */
const char *house_call(struct house *house, const char *op, const char *args);
const char *house_call_as(struct house *house, enum spd_role role,
                          const char *op, const char *args);

void house_run(struct house *house); /* until nothing is ready */
void house_advance(struct house *house, int64_t ms);

bool house_logged(struct house *house, const char *text);

#endif
