/* What a person does to a job by a word: cancel it, hold it back, put it
 * elsewhere in the queue.  To one, or the same to many: each act either is done
 * and written down with its event, or refuses the call and has written nothing.
 * None of them replies. */
#ifndef SPOOLD_SHOP_JOB_ACTS_H
#define SPOOLD_SHOP_JOB_ACTS_H

#include "shop/attempt.h"
#include "shop/job.h"

/* Cancel it; one that is at a printer is stopped there, with `stop` alone. */
spd_err job_cancel(struct call *call, spd_txn *txn, struct job *job, bool stop);

/* Keep it back until it is released, or let it go. */
spd_err job_set_held(struct call *call, spd_txn *txn, struct job *job,
                     bool held);

/* Its priority, which from now on says where it stands. */
spd_err job_set_priority(struct call *call, spd_txn *txn, struct job *job,
                         int64_t priority);

/* Put it directly before or behind another that waits.  There it stays until
 * a person moves it again or changes its priority or start, whatever ranks a
 * policy gives and whatever becomes of the other. */
spd_err job_put_beside(struct call *call, spd_txn *txn, struct job *job,
                       int64_t other_id, bool before);
/* Back to where rank, priority, start and age put it. */
spd_err job_put_back(struct call *call, spd_txn *txn, struct job *job);

/* Write it with that event. */
spd_err job_write(struct call *call, spd_txn *txn, struct job *job,
                  const char *topic);

/* The attempt at an unknown point ends as a person says that its job did, and
 * the job stands as if it had never been unknown. */
spd_err job_end_unknown(struct call *call, spd_txn *txn, struct job *job,
                        struct attempt *attempt, enum job_status to);

/* The operation that does them to many. */
spd_err job_add_bulk_ops(struct shop *shop, struct spd_error *err);

#endif
