/* Field tables of guests: a plugin's spd_field rows as a table like ours, to
 * check input with and to document it.  They have no struct behind them. */
#ifndef SPOOLD_OPS_GUEST_FIELDS_H
#define SPOOLD_OPS_GUEST_FIELDS_H

#include "base/field.h"

/* `rows` ends with a row without a name, or is NULL (an empty table); it is
 * borrowed for as long as the table. SPD_EINVAL: a rule that cannot be read
 * ("0..100", "<=255", "queued|started" can). Owned: guest_fields_free. */
spd_err guest_fields_new(struct fields **out, const char *name,
                         const struct spd_field *rows, struct spd_error *err);
void guest_fields_free(struct fields *table);

#endif
