/* What a printer says about itself, in the words of its model: full and delta
 * reports, and the answer to get_version.
 *
 * Reads a machine and writes JSON text. It refuses to know who listens. */
#ifndef SIM_REPORT_H
#define SIM_REPORT_H

#include <stdbool.h>

#include "printer.h"

struct machine;
struct text;

/* What was last told, so that a delta can be told. */
struct report_memory {
    struct status status;
    bool any;
    unsigned sequence;
};

/* A push_status: all of it (msg 0), or what changed (msg 1). Remembers it. */
void report_write(struct text *out, struct machine *machine, bool full);

/* A push_status that breaks off in the middle. */
void report_garbage(struct text *out, struct machine *machine);

void report_version(struct text *out, const struct machine *machine,
                    const char *sequence_id);

#endif
