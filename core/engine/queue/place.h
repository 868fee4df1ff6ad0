/* Places: the printers as dispatch sees them, kept from one pass to the next.
 *
 * A place remembers what is loaded in its printer and which asks it could meet
 * by kind, so that the next job for it is found by looking at the heads of
 * their lines.  Follows the journal: what was written is read again. */
#ifndef SPOOLD_ENGINE_PLACE_H
#define SPOOLD_ENGINE_PLACE_H

#include "engine/queue/reserve.h"

struct place {
    int64_t printer_id;
    bool is_read; /* is `seat` as the store has it? */
    bool is_gone; /* the store has no such printer */
    struct seat seat;
    struct arena arena; /* of the seat */
    int64_t
        nozzle_slot; /* whose filament is at the nozzle; INT_NONE: unknown */
    /* The asks it could meet by kind, among those it has compared. */
    struct ask **asks;
    size_t count, room;
    size_t any_compared, own_compared;
    const struct queue *own; /* of the jobs for it alone; NULL: there is none */
    uint64_t generation;
    /* Of one pass. */
    bool is_idle;
    struct waiter *next;
    struct queue_place behind; /* it looks only behind this one */
    bool looks_behind;
};

struct places {
    struct place **at; /* by printer id */
    size_t count, room;
};

void places_fini(struct places *places);
/* Never NULL: one that is not there yet is added, unread. */
struct place *places_of(struct places *places, int64_t printer_id);
/* What is loaded in the printer, or what is known of it, has changed. */
void places_forget(struct places *places, int64_t printer_id);
void places_forget_all(struct places *places);

/* Read what must be read again. False: there is no such printer. */
bool place_read(struct place *place, spd_txn *txn);
/* The first waiting job that it can take, from where it looks; NULL: none.
 * Borrowed until the waiting jobs change. */
struct waiter *place_first(struct place *place, const struct waiting *waiting);
/* From which slots it would feed the job, with what others leave there; false:
 * it cannot take it. */
bool place_feeds(struct place *place, const struct waiter *waiter,
                 struct list *feeds, struct arena *arena);
/* How many of those slots must be loaded to the nozzle: all but the one that is
 * there now. */
int64_t place_changes(struct place *place, const struct waiter *waiter);
/* Its seat was changed by hand: which asks it could meet is found anew. */
void place_compare_anew(struct place *place);
/* Look no more at the job that stands there, nor at those before it. */
void place_pass_over(struct place *place, const struct queue_place *where);

#endif
