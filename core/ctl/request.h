/* The words behind an operation's name become a request. */
#ifndef SPOOLD_CTL_REQUEST_H
#define SPOOLD_CTL_REQUEST_H

#include "ctl/description.h"

struct request {
    const struct operation *op; /* borrowed */
    const char *target;         /* "/api/jobs?status=queued" */
    spd_str body;               /* JSON; no text: none */
    const char *upload_path;    /* borrowed from the words; NULL: none */
};

/* Sort the words into path, query, body and file. Texts live in `arena`. The
 * error names the word. */
spd_err request_make(struct request *request, const struct operation *op,
                     const char *const *words, int word_count,
                     struct arena *arena, struct spd_error *err);

#endif
