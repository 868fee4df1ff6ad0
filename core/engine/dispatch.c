/* Choosing: which waiting job goes to which idle printer.
 *
 * The first job in the queue's order that any idle printer can take goes to the
 * one it suits best, then the next, and so on.  What can be taken is asked of
 * memory (place.h, waiting.h); the claim asks the store once more. */
#include <stdlib.h>
#include <string.h>

#include "engine/ready.h"

enum {
    READS_A_PASS = 100, /* printers read anew before others are served */
    CLAIMS_A_PASS = 16, /* they share a commit */
    PASSED_OVER_MAX = 1000,
};

struct tour {
    struct engine *engine;
    spd_txn *txn;
    struct place **idle;
    size_t count;
    unsigned reads, claims, passed_over;
};

/* -- the idle printers -- */

/* False: too many were read in this pass already. */
static bool read_place(struct tour *tour, struct place *place)
{
    if (!place->is_read && tour->reads++ == READS_A_PASS)
        return false;
    place_read(place, tour->txn);
    return true;
}

static bool is_ready(const struct tour *tour, const struct place *place,
                     const struct live *live)
{
    return !place->is_gone &&
           ready(tour->engine, &place->seat.printer, live) == CAN_TAKE;
}

/* Most are at work: nothing of them need be read. */
static bool find_idle(struct tour *tour)
{
    const struct fleet *fleet = tour->engine->shop->fleet;
    size_t count = fleet_count(fleet);
    tour->idle = mem_array(count, sizeof(struct place *));
    for (size_t i = 0; i < count; i++) {
        const struct live *live = fleet_at(fleet, i);
        if (!state_is_free(&live->box.state))
            continue;
        struct place *place = places_of(&tour->engine->places, live->id);
        if (!read_place(tour, place))
            return false;
        if (is_ready(tour, place, live))
            tour->idle[tour->count++] = place;
    }
    return true;
}

/* -- a job and the printers that wait for it -- */

static void look(struct tour *tour, struct place *place)
{
    place->next = place_first(place, tour->engine->waiting);
}

static bool is_before(const struct waiter *a, const struct waiter *b)
{
    return a != NULL &&
           (b == NULL || queue_place_compare(&a->place, &b->place) < 0);
}

static struct waiter *first_job(const struct tour *tour)
{
    struct waiter *first = NULL;
    for (size_t i = 0; i < tour->count; i++)
        if (is_before(tour->idle[i]->next, first))
            first = tour->idle[i]->next;
    return first;
}

static int64_t fit_of(const struct tour *tour, const struct place *place,
                      const struct job *job)
{
    const struct engine *engine = tour->engine;
    const struct queue *queue =
        waiting_queue(engine->waiting, place->printer_id);
    return policy_fit(&engine->policy, job, &place->seat.printer, 0,
                      queue == NULL ? 0 : queue->estimated_ms);
}

/* The place it suits best; NULL: the policy will have none of them. */
static struct place *best_place(struct tour *tour, struct waiter *waiter)
{
    struct arena arena = { 0 };
    struct place *best = NULL;
    int64_t best_fit = INT64_MIN;
    struct job job;
    spd_err got =
        record_get(tour->txn, &job_kind, waiter->id, &job, &arena, NULL);
    for (size_t i = 0; i < tour->count && got == SPD_OK; i++) {
        int64_t fit = tour->idle[i]->next == waiter
                          ? fit_of(tour, tour->idle[i], &job)
                          : INT64_MIN;
        if (fit > best_fit) {
            best_fit = fit;
            best = tour->idle[i];
        }
    }
    arena_fini(&arena);
    return best;
}

static void give(struct tour *tour, struct place *place)
{
    struct waiter *waiter = place->next;
    claim(tour->engine, waiter->id, place->printer_id);
    waiting_take(tour->engine->waiting, waiter);
    tour->claims++;
}

static void drop_place(struct tour *tour, const struct place *place)
{
    size_t kept = 0;
    for (size_t i = 0; i < tour->count; i++)
        if (tour->idle[i] != place)
            tour->idle[kept++] = tour->idle[i];
    tour->count = kept;
}

/* The job is gone, or none of them will do: those that hoped for it look on. */
static void look_on(struct tour *tour, const struct waiter *waiter,
                    bool passes_over)
{
    for (size_t i = 0; i < tour->count; i++) {
        struct place *place = tour->idle[i];
        if (place->next != waiter)
            continue;
        if (passes_over)
            place_pass_over(place, waiter);
        look(tour, place);
    }
}

static void choose(struct tour *tour)
{
    struct waiter *waiter;
    for (size_t i = 0; i < tour->count; i++) {
        tour->idle[i]->looks_behind = false;
        look(tour, tour->idle[i]);
    }
    while (tour->claims < CLAIMS_A_PASS &&
           tour->passed_over < PASSED_OVER_MAX &&
           (waiter = first_job(tour)) != NULL) {
        struct place *best = best_place(tour, waiter);
        if (best != NULL) {
            give(tour, best);
            drop_place(tour, best);
        } else {
            tour->passed_over++;
        }
        look_on(tour, waiter, best == NULL);
    }
}

/* -- a pass -- */

/* Time itself is news when a job's hour comes, or a pause is over. */
static void look_again(struct engine *engine, int64_t next_start_ms,
                       int64_t now_ms)
{
    int64_t wait_ms = engine_pause_left_ms(engine);
    int64_t start_ms = next_start_ms - now_ms;
    if (next_start_ms != 0 && (wait_ms == 0 || start_ms < wait_ms))
        wait_ms = start_ms;
    if (wait_ms > 0)
        timer_set(engine->timer, wait_ms, 0);
}

static void run_tour(struct engine *engine)
{
    struct tour tour = { .engine = engine };
    int64_t now_ms = shop_now_ms(engine->shop);
    int64_t next_start_ms = waiting_wake(engine->waiting, now_ms);
    tour.txn = store_read(engine->shop->store);
    if (find_idle(&tour)) {
        choose(&tour);
        look_again(engine, next_start_ms, now_ms);
    } else {
        timer_set(engine->timer, 1, 0); /* read on */
    }
    store_read_end(tour.txn);
    free(tour.idle);
}

static void on_wake(void *arg)
{
    struct engine *engine = arg;
    if (engine->started && engine->claims == 0)
        run_tour(engine);
}

void engine_wake(struct engine *engine)
{
    engine->wake.fn = on_wake;
    engine->wake.arg = engine;
    loop_after_turn(engine->shop->loop, &engine->wake);
}
