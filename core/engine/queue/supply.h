/* Supply: filament by filament what there is, what of it is spoken for, and
 * which job of the queue will be the first to find none.
 *
 * What the jobs need is kept in memory as they come and go (pools.h); the rest
 * is as long as there are printers and spools. */
#ifndef SPOOLD_ENGINE_SUPPLY_H
#define SPOOLD_ENGINE_SUPPLY_H

#include "engine/engine_internal.h"
#include "shop/spool.h"

/* Grams in a slot that are somebody's; members as the API names them. */
struct hold_there {
    int64_t printer_id, slot, spool_id;
    double grams;
};

struct supply {
    spd_str material, color;
    double shelf_grams, loaded_grams, accepted_grams;
    int64_t unweighed, printers;
    double printing_grams, waiting_grams, free_grams, short_grams;
    int64_t jobs, runs_out_job_id, runs_out_at;
    double low_stock_threshold;
    bool low;
    struct list held; /* of struct hold_there */
    /* Not shown. */
    size_t held_room;
    int64_t last_printer_id;
    const struct pool *pool; /* of the jobs that need it; NULL: none does */
    struct head *heads; /* of the lines of jobs that need it; supply_end.c */
    size_t head_count, head_room;
};

struct survey {
    struct engine *engine;
    spd_txn *txn;
    struct arena arena;
    void *tree;         /* of struct supply, by filament */
    struct supply **at; /* the same, in order */
    size_t count, room;
    int64_t *loaded; /* spools that are in slots */
    size_t loaded_count, loaded_room;
};

void survey_make(struct survey *survey);
void survey_fini(struct survey *survey);
/* NULL: there is none of it, and nobody wants it. */
struct supply *survey_find(const struct survey *survey, spd_str material,
                           spd_str color);

/* Of all that are short: at which job, and when. */
void survey_find_ends(struct survey *survey);

/* -- filament.c -- */
spd_err filament_add_ops(struct engine *engine, struct spd_error *err);

#endif
