/* An operation's fields, sorted by where they stand: in the route, or in the
 * body.  What a row means is known to ops/guest_fields.h. */
#ifndef SPOOLD_HOST_SCHEMA_H
#define SPOOLD_HOST_SCHEMA_H

#include "base/field.h"

/* Where a field of an operation comes from. */
enum schema_part {
    SCHEMA_ALL,
    SCHEMA_PATH,     /* only those named in the route: "/api/bell/{id}" */
    SCHEMA_NOT_PATH, /* the others */
};

struct schema;

/* The rows of `part` as a table whose records can be decoded: their size is
 * set.  Their texts are borrowed. SPD_EINVAL names the row that cannot be read.
 * Owned: schema_free. */
spd_err schema_new(struct schema **out, const char *name,
                   const struct spd_field *rows, const char *route,
                   enum schema_part part, struct spd_error *err);
void schema_free(struct schema *schema);

/* NULL when there are no rows. Borrowed. */
const struct fields *schema_fields(const struct schema *schema);

/* Each `{name}` in the route must be a field, and no secret may stand in a
 * path or a query, for those are logged; SPD_EINVAL names it. */
spd_err schema_judge_route(const char *route, const struct spd_field *rows,
                           struct spd_error *err);

#endif
