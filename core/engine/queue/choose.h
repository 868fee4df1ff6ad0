/* Choosing: the first job in the queue's order that any idle printer can take
 * goes to the one it suits best, then the next, and so on.  Knows neither what
 * is really idle nor what it means to be given a job: dispatch claims, the plan
 * only writes down. */
#ifndef SPOOLD_ENGINE_CHOOSE_H
#define SPOOLD_ENGINE_CHOOSE_H

#include "engine/queue/place.h"
#include "engine/queue/policy.h"

struct choice {
    const struct policy *policy;
    struct waiting *waiting;
    spd_txn *txn;
    /* Idle ones; each that was given a job is taken out. */
    struct place **idle;
    size_t count;
    unsigned most; /* jobs to give */
    /* Takes the waiter out of `waiting`, or one copy off it. */
    void (*give)(void *arg, struct place *place, struct waiter *waiter,
                 const struct job *job);
    /* Optional: may that one be given none now that another was? */
    bool (*shuts_out)(void *arg, const struct place *given,
                      const struct place *place);
    /* Optional: is it not to be printed there, though it fits? */
    bool (*objects)(void *arg, const struct place *place,
                    const struct waiter *waiter);
    void *arg;
};
/* Returns how many were given. */
unsigned choose(struct choice *choice);

#endif
