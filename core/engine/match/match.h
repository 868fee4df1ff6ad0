/* Matching: can this printer, as it stands, take this job, and from which
 * slots?  Pure: looks and answers. */
#ifndef SPOOLD_ENGINE_MATCH_H
#define SPOOLD_ENGINE_MATCH_H

#include "shop/attempt.h"
#include "shop/hours.h"
#include "shop/job.h"
#include "shop/material.h"
#include "shop/printer.h"
#include "shop/substitution.h"

/* Why not. The words are the API's.  What depends on the job alone comes first,
 * then what depends on both, then what the printer is at. */
enum verdict {
    CAN_TAKE,
    NOT_WAITING,
    NO_FILE, /* started by hand, or not at all */
    HELD,
    NOT_YET, /* scheduled for later */
    OTHER_PRINTER,
    AVOIDED, /* it failed the job before */
    WRONG_MODEL,
    WRONG_NOZZLE,
    WRONG_PLATE,
    MISSING_TAG,
    UNSTAFFED,        /* nobody is there, and the job is attended */
    MISSING_MATERIAL, /* no slot holds this type and colour */
    TOO_FEW_GRAMS,
    SWITCHED_OFF,
    NOT_CONNECTED,
    BUSY,
    HAS_ERROR,
    PLATE_NOT_CLEAR,
    RESTS, /* it failed an attempt just now */
    MAINTENANCE_DUE,
    QUIET_HOURS,
    CIRCUIT_FULL, /* enough printers heat up there */
    STAGGERED,    /* another one on its circuit began just now */
    HELD_BY_RULE, /* of the shop's own */
};
const char *verdict_name(enum verdict verdict);

enum { SEAT_SLOTS_MAX = 24 };

/* A printer as matching sees it. Texts and lists are borrowed. */
struct seat {
    struct printer printer;
    struct material *materials; /* loaded ones, by slot */
    size_t material_count;
    /* Grams in each of them that are not there for this job: reserve.h. */
    double held[SEAT_SLOTS_MAX];
    bool is_held; /* any of them */
    /* When somebody is there again; 0: now, INT64_MAX: nobody knows. Not read
     * from the store: see gates.h. */
    int64_t unstaffed_until_ms;
    /* What its model, its plate and what is loaded will do for, beside
     * themselves; of struct substitution. */
    struct list accepted;
};

/* Lists and texts live in `arena`; nothing is held. False: there is no such
 * printer. */
bool seat_load(struct seat *seat, spd_txn *txn, int64_t printer_id,
               struct arena *arena);

/* Will what it has do for what is wanted, by itself or as the shop accepts? */
bool seat_accepts(const struct seat *seat, enum substitution_of of,
                  spd_str wanted, spd_str has);

/* `plate` is the one of the job's file that is to be printed; NULL: there is
 * none. `feeds` (of struct feed, in `arena`) is filled when it can. */
enum verdict match(const struct seat *seat, const struct job *job,
                   const struct sliced_plate *plate, int64_t now_ms,
                   struct list *feeds, struct arena *arena);

/* The filament as the job wants it, which may be another than was sliced. */
struct sliced_filament match_filament(const struct job *job,
                                      const struct sliced_filament *sliced);

/* Matched a while ago, with these feeds: do nozzle, plate and slots
 * still fit? */
bool match_holds(const struct seat *seat, const struct job *job,
                 const struct sliced_plate *plate, const struct list *feeds);

/* The slot a person chose for this filament; INT_NONE: any. */
int64_t match_chosen_slot(const struct job *job,
                          const struct sliced_plate *plate, int64_t filament);

/* All that match looks at, but for the grams and the clock, as bytes: jobs of
 * equal bytes are answered alike. Appended. */
void match_key(const struct job *job, const struct sliced_plate *plate,
               struct buf *key);

/* The same question, answered for people: told of each reason why not, with a
 * sentence (borrowed) that says what to do. */
typedef void reason_fn(void *arg, enum verdict verdict, const char *sentence);
void match_explain(const struct seat *seat, const struct job *job,
                   const struct sliced_plate *plate, int64_t now_ms,
                   reason_fn *fn, void *arg);

/* The same of what lasts, whatever is loaded and done: the model, the nozzle,
 * the tags, and which printer it is for. */
void match_explain_lasting(const struct seat *seat, const struct job *job,
                           const struct sliced_plate *plate, reason_fn *fn,
                           void *arg);

/* The plate a job is to print, in `arena`; NULL: there is none. */
const struct sliced_plate *job_plate(spd_txn *txn, const struct job *job,
                                     struct arena *arena);

#endif
