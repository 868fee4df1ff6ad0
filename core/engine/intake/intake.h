/* Intake: orders become jobs.
 *
 * Reads the journal behind a cursor of its own.  Whatever happens to an order,
 * its jobs, products or listings brings the order in step: items are matched,
 * the shelf is asked first, prints are asked for where the shop lets that
 * happen by itself, failed ones again, and statuses and costs are reckoned.
 * Doing it twice changes nothing, so a crash in between loses nothing. */
#ifndef SPOOLD_ENGINE_INTAKE_H
#define SPOOLD_ENGINE_INTAKE_H

#include "shop/shop.h"

struct intake;

struct intake *intake_new(struct shop *shop); /* owned: intake_free */
void intake_free(struct intake *intake);

void intake_start(struct intake *intake);
void intake_stop(struct intake *intake);

/* A judge is asked about each order that would be planned by itself, as JSON
 * (as GET /api/orders/{id} shows it), and answers now or later by
 * intake_judged, once for each asking.  Without an answer within a second the
 * order is held for a person.  fn NULL: there is none. */
typedef void intake_judge_fn(void *arg, int64_t order_id, spd_str order);
void intake_set_judge(struct intake *intake, intake_judge_fn *fn, void *arg);

/* NULL: as it is; else an object of these, all optional:
 *
 * hold           a text: not before a person lets it go, for this reason
 * priority       of the order
 * printer_id     its prints go to this one
 * material_type  in place of the product's */
void intake_judged(struct intake *intake, int64_t order_id,
                   const spd_json *verdict);

spd_err intake_add_ops(struct intake *intake, struct spd_error *err);

enum { INTAKE_JUDGED_WITHIN_MS = 1000 };

#endif
