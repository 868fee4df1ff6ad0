/* The plan: what dispatch would do in the hours to come, if nothing changed but
 * the time.  The same choice (choose.h) on copies of the waiting jobs and of
 * the printers, in slices, so that the shop is served meanwhile. */
#ifndef SPOOLD_ENGINE_PLAN_H
#define SPOOLD_ENGINE_PLAN_H

#include "engine/engine_internal.h"

/* A print in the plan; members as the API names them. */
struct stay {
    int64_t job_id;
    spd_str job_name;
    int64_t starts_at, ends_at, ship_by, late_minutes;
    struct stay *next;
};

/* A spool that a person should have loaded by then. */
struct load {
    int64_t by, printer_id, slot;
    spd_str material_type, color;
    double grams; /* that the plan takes from it */
    int64_t job_id;
    struct load *next; /* the one before it */
};

/* A printer that is not planned with. */
struct absence {
    int64_t printer_id;
    spd_str printer_name, code, text;
};

struct stand {
    struct place *place;
    int64_t free_ms;
    bool is_parked;  /* nothing for it until another hour comes */
    int64_t back_ms; /* then somebody is there for attended jobs; 0: is now */
    struct stay *first, **last;
    size_t stay_count;
    struct load *loads; /* the latest first */
};

struct plan {
    struct engine *engine;
    int64_t from_ms, until_ms, now_ms, changeover_ms;
    int64_t next_hour_ms; /* a job sleeps until then; 0: none does */
    struct waiting *waiting;
    struct places places;
    struct stand *stands;
    size_t stand_count;
    struct absence *absences;
    size_t absence_count;
    size_t printers_seen, load_count;
    unsigned given;     /* in this step */
    struct arena arena; /* stays, loads, names */
};

struct plan *plan_new(struct engine *engine, int64_t hours,
                      int64_t changeover_ms);
void plan_free(struct plan *plan);

/* Go on a little, a millisecond or two. False: it is made. */
bool plan_step(struct plan *plan, spd_txn *txn);

/* -- plan_write.c -- */
extern const struct fields plan_fields;
void plan_write(const struct plan *plan, spd_jsonw *w, struct arena *arena);

#endif
