/* Looking at what was printed: which pieces are good, and which are scrap.
 *
 * Scrap reopens the need for pieces: a new job prints what is missing.  A job
 * is reviewed once. */
#ifndef SPOOLD_SHOP_JOB_REVIEW_H
#define SPOOLD_SHOP_JOB_REVIEW_H

#include "shop/job.h"

spd_err job_add_review_ops(struct shop *shop, struct spd_error *err);

#endif
