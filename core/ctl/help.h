/* What there is, and how one operation is called: from the description. */
#ifndef SPOOLD_CTL_HELP_H
#define SPOOLD_CTL_HELP_H

#include "ctl/description.h"

/* Append all operations, a line each. */
void help_put_list(struct buf *out, const struct description *description);

/* Append one operation: its fields with type, bounds and meaning, an example,
 * and what comes back. */
void help_put_operation(struct buf *out, const struct operation *op);

#endif
