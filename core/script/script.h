/* The shop's own rules, as the server sees them.
 *
 * They run in a process of their own (lua/process), which can be killed at any
 * moment and lose nothing: what a rule is told of comes from the journal
 * behind a cursor, what it keeps is in the store, and what it does goes
 * through the operations as that rule.  Knows operations and the journal, not
 * printing. */
#ifndef SPOOLD_SCRIPT_SCRIPT_H
#define SPOOLD_SCRIPT_SCRIPT_H

#include "ops/ops.h"

struct script;

struct script_options {
    struct loop *loop;
    struct store *store;
    struct ops *ops;
    const char *program; /* spoold-rules, with its path; copied */
    const char *folder;  /* of rules in files; copied; NULL: none */
    /* For rules that are asked (NULL: none are): append the "job" or "printer"
     * as it is shown; and an answer has changed. */
    void (*describe)(void *arg, const char *noun, int64_t id, struct buf *out);
    void (*veto_changed)(void *arg);
    void *arg;
};

struct script *script_new(const struct script_options *options);
void script_free(struct script *script);

/* The operations on rules. */
spd_err script_add_ops(struct script *script, struct spd_error *err);

/* Load what rules there are, and tell them what happened since. */
void script_start(struct script *script);
/* Tell them nothing more; the next start goes on from here. */
void script_stop(struct script *script);

/* A job and a printer, each with a number that is another after a change. */
struct script_pair {
    int64_t job_id, printer_id;
    uint32_t job_tag, printer_tag;
};
/* What the rules have against it; borrowed until the next call. NULL: nothing.
 * Where that is not known they are asked, and it is kept back until then. */
const char *script_objects(struct script *script,
                           const struct script_pair *pair);

/* The process's id, for tests and people; 0: none runs. */
int64_t script_process_id(const struct script *script);

#endif
