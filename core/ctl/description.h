/* What a server says it can do: its own description, an OpenAPI document.
 *
 * spoolctl knows no operation; all that it knows of one stands here. */
#ifndef SPOOLD_CTL_DESCRIPTION_H
#define SPOOLD_CTL_DESCRIPTION_H

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"

/* Texts and schemas are borrowed from the description. */
struct operation {
    spd_str name;           /* "jobs.cancel" */
    spd_str doc;            /* one line */
    spd_str role;           /* who may: "operator" */
    spd_str method, path;   /* "DELETE", "/api/jobs/{id}" */
    const spd_json *params; /* [{"name", "in", "schema"}, ...] or NULL */
    const spd_json *body;   /* its schema, or NULL */
    const spd_json *reply;  /* its schema, or NULL */
    bool uploads;           /* the body is a file */
    bool streams;           /* the reply is a stream of events */
    bool is_public;         /* needs no token */
};

struct description;

/* SPD_EINVAL: not a description. Owned: description_free. */
struct description *description_read(spd_str json, struct spd_error *err);
void description_free(struct description *description);

/* Ordered by name. */
size_t description_count(const struct description *description);
const struct operation *description_at(const struct description *description,
                                       size_t index);
const struct operation *description_find(const struct description *description,
                                         spd_str name);

/* -- parts of an operation -- */

/* The parameter of that name, or NULL. */
const spd_json *operation_param(const struct operation *op, spd_str name);
bool param_is_in_path(const spd_json *param);

/* The schema of a member of the body or of a record, or NULL. */
const spd_json *schema_member(const spd_json *schema, spd_str name);
/* "integer"; empty when it may be anything. Null is told separately. */
spd_str schema_type(const spd_json *schema);
bool schema_allows_null(const spd_json *schema);
/* The records of a list: the schema of its items; else itself. */
const spd_json *schema_record(const spd_json *schema);

#endif
