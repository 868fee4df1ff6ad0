/* Jobs: what is to be printed (the API's "scheduled prints").
 *
 * `status` holds the words the API promises, `phase` the detail.  Which moves
 * are allowed is one table. */
#ifndef SPOOLD_SHOP_JOB_H
#define SPOOLD_SHOP_JOB_H

#include "shop/file.h"
#include "shop/shop.h"

enum job_status {
    JOB_QUEUED,
    JOB_SCHEDULED,
    JOB_STARTED,
    JOB_COMPLETED,
    JOB_FAILED,
    JOB_CANCELLED,
};

enum job_phase {
    PHASE_WAITING,
    PHASE_CLAIMED,
    PHASE_UPLOADING,
    PHASE_UPLOADED,
    PHASE_STARTING,
    PHASE_PRINTING,
    PHASE_PAUSED,
    PHASE_UNKNOWN, /* a start was sent, and what came of it is not known */
    PHASE_DONE,
};

/* A filament the job needs, the slot a person chose for it, if any, and what
 * it is to be instead of what was sliced. */
struct need {
    int64_t filament, slot;       /* slot INT_NONE: any that fits */
    spd_str material_type, color; /* no text: as sliced */
};

/* What becomes of a job whose print failed. */
enum job_failure {
    FAILURE_STOPS,
    FAILURE_RETRIES_HERE, /* on the printer that failed it */
    FAILURE_RETRIES_ELSEWHERE,
};

/* A printer that failed the job. */
struct avoid {
    int64_t printer_id;
};

struct job {
    int64_t id, user_id, printer_id, order_id;
    spd_str job_name, file_name;
    int status, phase;
    int64_t scheduled_start, estimated_duration_minutes;
    spd_str material_type;
    int64_t material_slot, nozzle_temp, bed_temp, print_speed;
    int64_t started_at, completed_at;
    spd_str failed_reason;
    int64_t priority;
    spd_str notes;
    int64_t created_at, updated_at;
    int64_t file_id, plate;
    struct list needs; /* of struct need */
    int64_t copies, copies_done;
    struct list tags;
    int64_t ship_by;
    bool stop_wanted; /* internal: a person asked to end it while it prints */
    int64_t refusals; /* internal: attempts in a row that never began */
    int64_t rank;     /* internal: the policy's, lowest first */
    bool held;        /* not before a person lets it go */
    double color_distance; /* CIEDE2000; 0: the very colour */
    int on_failure;        /* enum job_failure */
    int64_t attempts_max, failures;
    struct list avoids; /* of struct avoid */
    int64_t stays_on;   /* internal: tried again on this printer; 0: none */
    bool attended;      /* a person has to be there when it starts */
    /* A person moved it beside this job: the rest of its place, as that job's
     * was then. moved_to 0: nobody did. */
    int64_t moved_to, moved_rank, moved_priority, moved_start, nudge;
    /* What it asks of the printer beyond what follows from its file. */
    struct list models;
    double nozzle_diameter_mm;
    spd_str plate_type;
    int64_t yield; /* pieces that one print of it gives */
    /* A person looked at the pieces; reviewed_at 0: nobody did yet. */
    int64_t good, scrap, reviewed_at;
    spd_str reviewed_by, scrap_reason;
    int64_t reprint_of; /* it prints that job's scrap again; 0: no */
    int64_t reprint_id; /* the job that prints its scrap again; 0: none */
    spd_str asked_by;   /* "person/1", "plugin/etsy"; no text: see user_id */
    int64_t order_item, order_part; /* for which item of its order, and what */
};

extern const struct kind job_kind;
extern const struct fields job_fields;
extern const char *const job_status_names[], *const job_phase_names[];

/* Where a job stands among all that wait, whatever their printers: by the
 * policy's rank, then priority down, scheduled_start (none first), then age.
 * One that a person moved stands beside the place of the job it was moved to,
 * also when that one has gone; no two stand at the same place. */
struct queue_place {
    int64_t rank, priority, start;
    int64_t id;    /* its own, or the job's it was moved to */
    int64_t nudge; /* before (negative) or behind that one */
};
struct queue_place job_queue_place(const struct job *job);
/* Negative: `a` goes before `b`; 0: they are the same. */
int queue_place_compare(const struct queue_place *a,
                        const struct queue_place *b);

/* Jobs that wait, in the order of their places. Of one printer, or (printer_id
 * 0) of those that any may print. */
struct span job_queue_span(int64_t printer_id, struct key *prefix);
/* The same, only what stands behind `place`; both keys are the span's. */
struct span job_queue_span_behind(int64_t printer_id,
                                  const struct queue_place *place,
                                  struct key *prefix, struct key *from);
/* Jobs that wait and were moved, to this one or (0) to whichever, from the
 * foremost to the hindmost of each. */
struct span job_moved_span(int64_t moved_to, struct key *prefix);
/* Jobs in a status; of one printer, or (0) of all. */
struct span job_status_span(int64_t printer_id, enum job_status status,
                            struct key *prefix);
/* All jobs of an order, oldest first. */
struct span job_order_span(int64_t order_id, struct key *prefix);
/* All jobs of a printer, oldest first. */
struct span job_printer_span(int64_t printer_id, struct key *prefix);

/* "person/1", "plugin/etsy", ...; no text: nobody knows. May be in `arena`. */
spd_str job_asked_by(const struct job *job, struct arena *arena);

/* Never again on this printer. The list lives in `arena`. */
void job_avoid(struct job *job, int64_t printer_id, struct arena *arena);
bool job_avoids(const struct job *job, int64_t printer_id);

/* The one printer it may go to; 0: any. */
int64_t job_only_printer(const struct job *job);
/* Let it stand where rank, priority, start and age put it. */
void job_unmove(struct job *job);

bool job_is_waiting(const struct job *job);
bool job_is_done(const struct job *job);

/* Has the printer jobs that are not done? Does any job refer to the file? */
bool job_holds_printer(spd_txn *txn, int64_t printer_id);
bool job_uses_file(spd_txn *txn, int64_t file_id);

/* The printer goes: what was to be tried again there may go anywhere. */
spd_err job_leave_printer(spd_txn *txn, struct shop *shop, int64_t printer_id,
                          const struct change *change, struct spd_error *err);

/* Write a job back with the event that says what happened to it; stamps
 * updated_at. */
spd_err job_put(spd_txn *txn, struct shop *shop, struct job *job,
                const struct change *change, struct spd_error *err);

spd_err job_add_ops(struct shop *shop, struct spd_error *err);

#endif
