/* Matching: can this printer, as it stands, take this job, and from which
 * slots?  Pure: looks and answers. */
#ifndef SPOOLD_ENGINE_MATCH_H
#define SPOOLD_ENGINE_MATCH_H

#include "shop/attempt.h"
#include "shop/job.h"
#include "shop/material.h"
#include "shop/printer.h"

/* Why not. The words are the API's. */
enum verdict {
    CAN_TAKE,
    NOT_WAITING,
    NO_FILE, /* started by hand, or not at all */
    NOT_YET, /* scheduled for later */
    WRONG_MODEL,
    WRONG_NOZZLE,
    MISSING_TAG,
    MISSING_MATERIAL, /* no slot holds this type and colour */
    TOO_FEW_GRAMS,
};
const char *verdict_name(enum verdict verdict);

/* A printer as matching sees it. Texts and lists are borrowed. */
struct seat {
    struct printer printer;
    const struct material *materials; /* loaded ones */
    size_t material_count;
};

/* `feeds` (of struct feed, in `arena`) is filled when it can. */
enum verdict match(const struct seat *seat, const struct job *job,
                   const struct file *file, int64_t now_ms, struct list *feeds,
                   struct arena *arena);

#endif
