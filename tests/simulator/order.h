/* print.project_file: find the file, judge the order, hand it to the printer.
 *
 * A printer accepts nearly everything and trips over it later, so a bad order
 * is accepted here too and carries its obstacle with it. */
#ifndef SIM_ORDER_H
#define SIM_ORDER_H

#include <stdbool.h>

struct cJSON;
struct machine;

enum order_answer { ORDER_ACCEPTED, ORDER_BUSY, ORDER_MALFORMED };

/* Always leaves a row in the history. may_run false: the order is only noted
 * as refused. */
enum order_answer order_place(struct machine *machine,
                              const struct cJSON *request, bool may_run);

#endif
