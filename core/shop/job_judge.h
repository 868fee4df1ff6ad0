/* Judging what a person asks of a job, before it is written. */
#ifndef SPOOLD_SHOP_JOB_JUDGE_H
#define SPOOLD_SHOP_JOB_JUDGE_H

#include "shop/job.h"

/* See that printer, file, plate, needs and model belong together, and fill in
 * what follows from the file: names, estimate, material.  Refuses the call
 * (422) naming the field; a printer the file was not sliced for names both
 * models. */
spd_err job_judge(struct call *call, spd_txn *txn, struct job *job);

/* What was left open follows from the file. */
void job_follow_file(struct job *job, const struct file *file,
                     const struct sliced_plate *plate);

/* Move a job to another status by hand: one table says which moves there are,
 * and which times they stamp. Refuses (409) naming the ones allowed. */
spd_err job_move(struct call *call, struct job *job, enum job_status to);

/* Refuses (409) a job that does not wait: "only ... can be WHAT". */
spd_err job_need_waiting(struct call *call, const struct job *job,
                         const char *what);

#endif
