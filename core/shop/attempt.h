/* Attempts: the physical tries of a job, one after the other.
 *
 * The ledger of what was really done: for whom, where, when, how far, and how
 * it ended.  At most one live attempt per printer and per job: the indexes see
 * to it.  A print that somebody began elsewhere is one without a job, and there
 * is at most one of these per printer (foreign.h). */
#ifndef SPOOLD_SHOP_ATTEMPT_H
#define SPOOLD_SHOP_ATTEMPT_H

#include "shop/shop.h"

/* Each arrow from one to the next is one commit. */
enum attempt_step {
    STEP_CLAIMED,  /* printer and job belong to each other */
    STEP_UPLOADED, /* the file is on the printer, its size checked */
    STEP_STARTING, /* the intent: from here on a start may have been sent */
    STEP_PRINTING, /* the printer names our submission and works */
    STEP_UNKNOWN,  /* a person must look */
    STEP_ENDED,
};

enum attempt_outcome {
    OUTCOME_NONE,
    OUTCOME_FINISHED,
    OUTCOME_FAILED,
    OUTCOME_CANCELLED,
    OUTCOME_REFUSED, /* the printer said no; nothing began */
    OUTCOME_DROPPED, /* given up before a start was sent */
    OUTCOME_UNKNOWN,
};

/* Which slot a filament of the file is taken from. */
struct feed {
    int64_t filament, slot;
    double grams;
};

struct attempt {
    int64_t id, job_id, printer_id;
    int step, outcome;
    spd_str submission, remote_name, reason;
    struct list feeds; /* of struct feed */
    double grams;      /* used in the end */
    int64_t created_at, uploaded_at, start_at, printing_at, ended_at;
    double cost;   /* of the filament; NAN: of some of it nobody knows */
    int64_t scrap; /* pieces of it; INT_NONE: nobody said */
    /* Whom it was for, and who ended it: "person/1", "plugin/etsy", "spoold".
     * While it is live, ended_by is who wants it stopped. */
    spd_str asked_by, ended_by;
    int64_t unknown_at;
    spd_str job_name, printer_name; /* as they were when it began */
    bool foreign;                   /* begun elsewhere; job_id 0: no job's */
    int64_t machine; /* internal: the printer's when it was claimed */
    spd_str named;   /* internal: by the printer, as the start was decided */
};

extern const struct kind attempt_kind;

/* The live attempt of a printer or a job; false: none. */
bool attempt_of_printer(spd_txn *txn, int64_t printer_id,
                        struct attempt *attempt, struct arena *arena);
bool attempt_of_job(spd_txn *txn, int64_t job_id, struct attempt *attempt,
                    struct arena *arena);
/* The foreign print that is under way there. */
bool attempt_foreign_of_printer(spd_txn *txn, int64_t printer_id,
                                struct attempt *attempt, struct arena *arena);
/* Is the submission one of ours, of whatever attempt? */
bool attempt_has_submission(spd_txn *txn, spd_str submission);
/* All live ones, in order of their printers. */
struct span attempt_live_span(void);
/* What was really printed, on one printer or (0) on all. */
struct span attempt_history_span(int64_t printer_id, struct key *prefix);
/* Those of a job, oldest first. */
struct span attempt_job_span(int64_t job_id, struct key *prefix);

spd_err attempt_put(spd_txn *txn, struct attempt *attempt, const char *topic,
                    struct spd_error *err);

/* Take `share` (0 to 1) of what was sliced from the slots it was fed from, and
 * add grams and cost up in the attempt, which the caller puts. */
spd_err attempt_charge(spd_txn *txn, struct shop *shop, struct attempt *attempt,
                       double share, struct spd_error *err);

spd_err attempt_add_ops(struct shop *shop, struct spd_error *err);

#endif
