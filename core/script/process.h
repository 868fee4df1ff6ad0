/* The rules process: started with one socket and nothing else, spoken to in
 * frames, and killed when it must be.  Knows nothing of what is said. */
#ifndef SPOOLD_SCRIPT_PROCESS_H
#define SPOOLD_SCRIPT_PROCESS_H

#include "base/buf.h"
#include "loop/loop.h"

struct process;

struct process_options {
    const char *program;
    /* A message came; borrowed. Must not free the process. */
    void (*said)(void *arg, spd_str text);
    /* It has ended, by itself or by process_kill: "was killed (signal 9)".
     * The process is still yours to free, then or later. */
    void (*ended)(void *arg, const char *how);
    void *arg;
};

/* Owned: process_free. SPD_ENOTFOUND: there is no such program. */
struct process *process_start(struct loop *loop,
                              const struct process_options *options,
                              struct spd_error *err);
/* Kills it when it has not ended, and does not tell. */
void process_free(struct process *process);

/* In order, as soon as it reads. */
void process_send(struct process *process, spd_str text);

/* At once; `ended` follows on a later turn. */
void process_kill(struct process *process);

/* The time it has used of a processor so far. */
int64_t process_used_ms(const struct process *process);
int64_t process_id(const struct process *process);

#endif
