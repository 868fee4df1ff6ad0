/* The reference model of the random test: what was asked of each job and
 * granted, and what has really happened to it.  A few numbers a job, no store,
 * no protocol; whatever must never happen is told by holding a start, or the
 * end, against them.
 *
 * All of it is in memory that outlives a killed process. */
#ifndef TESTS_ENGINE_MODEL_H
#define TESTS_ENGINE_MODEL_H

#include "world.h"

enum { JOBS_MAX = 600 };

/* A job, by its id. */
struct row {
    int file;             /* place in files[] */
    int64_t printer;      /* the only one it may go to; 0: any */
    int64_t slot;         /* that a person chose; INT_NONE: any that fits */
    double distance;      /* how far a colour may be off */
    int64_t copies, most; /* `most` good prints may be begun of it */
    int64_t begun, spoiled, finished, never_began;
    bool is_held, is_over; /* a person said so, and it was granted */
    bool is_touched;       /* its status was set by hand */
};

enum violation {
    DOUBLE_START,
    LOST_JOB,
    TAKEN_PLATE,
    WRONG_MATERIAL,
    UNWANTED_START, /* of a job that is cancelled or held, or elsewhere */
    WRONG_COUNT,    /* of what was printed */
    VIOLATIONS,
};

struct model {
    struct row rows[JOBS_MAX]; /* from 1 */
    int64_t jobs;
    int64_t printers[PRINTERS]; /* of each machine; 0: taken out */
    bool is_off[PRINTERS], is_said_taken[PRINTERS];
    /* Being asked for as the process dies: nobody knows whether it was
     * granted. */
    int64_t asked_of; /* a job; 0: none */
    bool asks_for_job;
    struct row wanted;
    int64_t violations[VIOLATIONS], weighed, adopted;
    uint64_t seed; /* of this episode */
};
extern struct model *model;

void model_reset(void);

/* What a print of the file takes, in grams, from slots of such filament. */
struct filament {
    const char *type, *color;
    double grams;
};
struct file_made {
    const char *plates;
    struct filament filaments[2]; /* type NULL ends them */
    int64_t id;
};
enum { FILES = 3 };
extern struct file_made files[FILES];

/* A slot is chosen for the only filament of a file, or it is not chosen. */
int64_t model_slot(const struct row *row, int64_t slot);

/* Print it, count it, and fail. */
void violate(enum violation kind, const char *fmt, ...) SPD_PRINTF(2, 3);

/* Is this start, just sent, one that may be? For the.judge_start. */
void model_judge_start(int machine, const spd_json *order);

/* A new process looks at the store: take up what was being asked. */
void model_take_up(void);
/* Does the store tell of each job what the model does? */
void model_judge_jobs(void);
/* And now that nothing is left to do: is each of them where it belongs? */
void model_judge_end(void);

#endif
