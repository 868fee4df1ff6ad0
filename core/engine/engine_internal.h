/* What the parts of the engine share: the runs, one a live attempt. */
#ifndef SPOOLD_ENGINE_ENGINE_INTERNAL_H
#define SPOOLD_ENGINE_ENGINE_INTERNAL_H

#include "engine/engine.h"
#include "engine/match/bays.h"
#include "engine/match/gates.h"
#include "engine/match/power.h"
#include "engine/match/windows.h"
#include "engine/queue/place.h"
#include "engine/queue/policy.h"

/* What full reports since a step began say against our print: the printer
 * does something else. */
struct evidence {
    unsigned reports;
    int64_t since_ms;  /* of the first of them */
    int64_t latest_ms; /* the last full report that was looked at */
};

enum { RUN_NAME_BYTES = 96 };

/* A live attempt, driven from step to step. All but the ids is memory only:
 * after a crash it is made anew from the attempt's record. */
struct run {
    struct engine *engine;
    struct run *next;
    int64_t attempt_id, job_id, printer_id;
    int step; /* enum attempt_step, as committed */
    char submission[16];
    char name[RUN_NAME_BYTES]; /* as the printer tells it, where the print has
                                  no submission; cut */
    bool busy;                 /* a commit or the driver's answer is awaited */
    bool gone;                 /* ended; freed when nothing is awaited */
    bool start_due; /* this process committed the intent and has not sent */
    bool accepted;  /* the printer said yes to the start */
    int phase;      /* enum job_phase: the job's, as committed */
    bool stop_wanted, stop_sent;
    unsigned uploads;    /* tries */
    double share;        /* of the print, 0 to 1: how far it was seen to come */
    int64_t step_ms;     /* monotonic: this step began, for this process */
    int64_t start_ms;    /* monotonic: the start was decided; 0: not seen */
    int64_t printing_ms; /* monotonic: it began to print; 0: not seen */
    int64_t refresh_ms;  /* a full report was last asked for */
    int64_t offline_ms;  /* since when it cannot be spoken to; 0: it can */
    int64_t retry_ms;    /* not before; 0: at once */
    int64_t stop_ms;     /* the same for the stop */
    int held_by;         /* enum verdict: the gate its start waits at */
    char named[32];      /* by the printer, when it was last heard of */
    int64_t heard_ms;    /* and when, since the intent; 0: not yet */
    bool in_doubt;       /* it may have done anything, unseen */
    struct evidence evidence;
    struct timer *timer; /* looks again when time itself is news */
};

/* A printer that failed an attempt is left alone for a while. */
struct pause {
    int64_t printer_id, until_ms, length_ms;
};

struct engine {
    struct shop *shop;
    struct engine_options options;
    struct policy policy;
    struct run *runs;
    struct loop_after wake; /* a pass at the end of the turn */
    struct timer *timer;    /* the next hour a job or a pause waits for */
    struct journal_follower follower;
    struct pause *pauses;
    size_t pause_count;
    unsigned claims; /* on their way into the store */
    struct waiting *waiting;
    struct places places;
    int64_t seen_seq;
    struct rerank *rerank;
    struct planning *plannings; /* plans that are being made */
    bool started;
    struct bays bays;
    struct engine_veto veto;
    struct windows windows;
    struct power power;
};

/* -- dispatch.c: choosing -- */
void engine_wake(struct engine *engine);
bool engine_pauses(struct engine *engine, int64_t printer_id);
void engine_pause(struct engine *engine, int64_t printer_id);
int64_t engine_pause_left_ms(const struct engine *engine); /* 0: none */
void engine_unpause(struct engine *engine, int64_t printer_id);

/* Why the shop's own rules keep it back; NULL: they do not. */
static inline const char *engine_objects(const struct engine *engine,
                                         spd_txn *txn, int64_t job_id,
                                         int64_t printer_id)
{
    return engine->veto.fn == NULL
               ? NULL
               : engine->veto.fn(engine->veto.arg, txn, job_id, printer_id);
}

/* -- claim.c: job and printer belong to each other from now on -- */
void claim(struct engine *engine, int64_t job_id, int64_t printer_id);

/* -- run.c: the runs there are -- */
struct run *run_new(struct engine *engine, const struct attempt *attempt);
struct run *run_of_attempt(const struct engine *engine, int64_t attempt_id);
struct run *run_of_printer(const struct engine *engine, int64_t printer_id);
/* Does anything go on there, be it that an upload is being broken off? */
bool printer_is_taken(const struct engine *engine, int64_t printer_id);
/* Its attempt has ended. */
void run_end(struct run *run);
/* Something it waited for is over: true when it was only waiting to go. */
bool run_settled(struct run *run);
/* Gates may have opened for those that wait at one. */
void runs_let_go(struct engine *engine);
/* Look at the store again: was it ended, or is it to be stopped? */
void runs_recheck(struct engine *engine);
void runs_free(struct engine *engine);

/* -- drive.c: what to do at each step -- */

/* Look at the world and do the next thing there is to do. */
void run_advance(struct run *run);

/* -- step.c: the arrows, each one commit with compare-and-set -- */

/* What befell a job by its attempt. */
struct turn {
    int64_t now_ms;
    const char *reason;
    int64_t printer_id;
    struct arena *arena; /* for what the job keeps of it until it is put */
};

struct arrow {
    unsigned from; /* bits, 1 << enum attempt_step */
    enum attempt_step to;
    enum attempt_outcome outcome;
    const char *topic; /* of the attempt's event; also its crash place */
    /* What it means for the job and the printer; may be NULL. */
    void (*job)(struct job *job, const struct turn *turn);
    const char *job_topic;
    enum { PLATE_AS_IS, PLATE_COVERED, PLATE_UNTOUCHED } plate;
    bool is_start; /* done only when start_judge grants it */
};
extern const struct arrow arrow_uploaded, arrow_starting, arrow_printing,
    arrow_finished, arrow_failed, arrow_cancelled, arrow_refused, arrow_dropped,
    arrow_unknown;

/* Commit it, then go on. `reason` is copied; `share` of the print's grams was
 * used, 0 to 1. */
void step(struct run *run, const struct arrow *arrow, const char *reason,
          double share);
/* The job's phase where the attempt's step stays: while it uploads, and between
 * printing and paused. */
void step_phase(struct run *run, enum job_phase phase);

/* -- start.c: may it be started after all? -- */

/* SPD_EBUSY: its plate is taken, or it is loaded with something else. */
spd_err start_judge(spd_txn *txn, const struct attempt *attempt,
                    struct arena *arena, struct spd_error *err);
/* Is it loaded as it was when that was decided? */
bool start_still_fits(const struct run *run);

/* -- rerank.c: ranks are the policy's of today -- */

/* Ask for the rank of every waiting job again, a few a turn, and write down
 * those that are another: the policy or its settings may have changed since. */
struct rerank *rerank_start(struct engine *engine);
void rerank_again(struct rerank *rerank);
void rerank_free(struct rerank *rerank);

/* -- plan_ops.c: what would be done -- */
spd_err plan_add_ops(struct engine *engine, struct spd_error *err);
void plannings_end(struct engine *engine);

/* -- eject.c: printers that clear their plates themselves -- */

/* Has the plate become clear by itself? Asked at each report, and of all when
 * the journal has news. */
void eject_look(struct engine *engine, int64_t printer_id);
void eject_look_at_all(struct engine *engine);

/* -- adopt.c: prints begun elsewhere that become a job's -- */
spd_err engine_add_adopt_ops(struct engine *engine, struct spd_error *err);

/* -- queue.c: what waits for a printer -- */
spd_err engine_add_queue_ops(struct engine *engine, struct spd_error *err);

/* -- printable.c: why no printer of the shop could ever print a job that waits;
 * nothing is appended where one could -- */
void engine_judge_printable(void *engine, spd_txn *txn, const struct job *job,
                            struct buf *why);

/* -- order.c: the attempt as its driver is told -- */
bool order_of(struct engine *engine, const struct run *run, struct buf *json);

#endif
