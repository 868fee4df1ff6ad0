/* What a printer says about itself, in the words of its model: full and delta
 * reports, and the answer to get_version.
 *
 * Reads a machine and writes JSON text. It refuses to know who listens. */
#ifndef SIM_REPORT_H
#define SIM_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "printer.h"

struct machine;
struct text;

/* What was last told, so that a delta can be told. */
struct report_memory {
    struct status status;
    bool any;
    unsigned sequence;
};

/* A push_status: all of it where that was asked for or the model knows no
 * other, else what changed. Remembers it. */
void report_write(struct text *out, struct machine *machine, bool asked);

/* A push_status that breaks off in the middle. */
void report_garbage(struct text *out, struct machine *machine);

/* Members of a wrong type and members never heard of, in a report that is
 * JSON. */
void report_odd(struct text *out, struct machine *machine);

/* A report padded to at least so many bytes. */
void report_huge(struct text *out, struct machine *machine, size_t bytes);

void report_version(struct text *out, const struct machine *machine,
                    const char *sequence_id);

#endif
