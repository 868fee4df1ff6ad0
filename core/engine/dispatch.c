/* Choosing: which waiting job goes to which idle printer. */
#include <stdlib.h>
#include <string.h>

#include "engine/ready.h"

enum {
    WALK_MAX = 2000,  /* waiting jobs looked at for one printer in one pass */
    QUEUED_MAX = 200, /* of those, for its load */
};

/* A printer that could begin at once, for one tour. */
struct place {
    struct seat seat;
    int64_t queued_ms;
    bool taken;
};

struct tour {
    struct engine *engine;
    spd_txn *txn;
    struct arena arena;
    struct place *places;
    size_t count;
    int64_t now_ms;
    int64_t next_start_ms; /* the soonest scheduled start met; 0: none */
};

/* -- the places -- */

static bool add_minutes(void *arg, const void *record)
{
    const struct job *job = record;
    if (job->estimated_duration_minutes != INT_NONE)
        *(int64_t *)arg += job->estimated_duration_minutes * 60000;
    return true;
}

static void add_place(struct tour *tour, const struct live *live)
{
    struct place *place = &tour->places[tour->count];
    struct key prefix;
    if (!state_is_free(&live->box.state))
        return; /* most are at work: nothing of them need be read */
    *place = (struct place){ .taken = false };
    if (!seat_load(&place->seat, tour->txn, live->id, &tour->arena) ||
        ready(tour->engine, &place->seat.printer, live) != CAN_TAKE)
        return;
    struct span queue = job_queue_span(live->id, &prefix);
    queue.limit = QUEUED_MAX;
    record_each(tour->txn, &job_kind, &queue, add_minutes, &place->queued_ms);
    tour->count++;
}

static void find_places(struct tour *tour)
{
    const struct fleet *fleet = tour->engine->shop->fleet;
    tour->places = mem_array(fleet_count(fleet), sizeof(struct place));
    for (size_t i = 0; i < fleet_count(fleet); i++)
        add_place(tour, fleet_at(fleet, i));
}

/* -- a job for a place -- */

/* The best waiting job met so far in the walk through a place's queues. */
struct search {
    struct tour *tour;
    struct place *place;
    struct job job; /* id 0: none yet; numbers only, its texts are gone */
    struct list feeds;
};

static enum verdict match_place(struct tour *tour, const struct place *place,
                                const struct job *job, struct list *feeds)
{
    struct file file = { 0 };
    if (job->file_id != 0)
        record_get(tour->txn, &file_kind, job->file_id, &file, &tour->arena,
                   NULL);
    return match(&place->seat, job, &file, tour->now_ms, feeds, &tour->arena);
}

static int64_t fit_of(const struct tour *tour, const struct place *place,
                      const struct job *job)
{
    return policy_fit(&tour->engine->policy, job, &place->seat.printer, 0,
                      place->queued_ms);
}

/* A job that any printer may take waits for the one that suits best. */
static bool suits_another_better(struct search *search, const struct job *job)
{
    struct tour *tour = search->tour;
    int64_t own = fit_of(tour, search->place, job);
    struct list feeds;
    if (own == INT64_MIN)
        return true;
    for (size_t i = 0; i < tour->count; i++) {
        struct place *other = &tour->places[i];
        if (other == search->place || other->taken)
            continue;
        int64_t fit = fit_of(tour, other, job);
        bool goes_first = fit > own || (fit == own && other < search->place);
        if (goes_first && match_place(tour, other, job, &feeds) == CAN_TAKE)
            return true;
    }
    return false;
}

static bool goes_before(const struct job *a, const struct job *b)
{
    struct queue_place of_a = job_queue_place(a), of_b = job_queue_place(b);
    return queue_place_compare(&of_a, &of_b) < 0;
}

/* Remember when to look again though nothing happens. */
static void note_start(struct tour *tour, int64_t scheduled_ms)
{
    if (scheduled_ms > tour->now_ms &&
        (tour->next_start_ms == 0 || scheduled_ms < tour->next_start_ms))
        tour->next_start_ms = scheduled_ms;
}

static bool consider(void *arg, const void *record)
{
    struct search *search = arg;
    const struct job *job = record;
    struct list feeds = { 0 };
    note_start(search->tour, job->scheduled_start);
    if (search->job.id != 0 && !goes_before(job, &search->job))
        return false; /* no later one can be better */
    if (match_place(search->tour, search->place, job, &feeds) != CAN_TAKE)
        return true;
    if (job->printer_id == 0 && suits_another_better(search, job))
        return true;
    search->job = *job;
    search->feeds = feeds;
    return false;
}

static void search_queue(struct search *search, int64_t printer_id)
{
    struct key prefix;
    struct span span = job_queue_span(printer_id, &prefix);
    span.limit = WALK_MAX;
    record_each(search->tour->txn, &job_kind, &span, consider, search);
}

static bool fill_place(struct tour *tour, struct place *place)
{
    struct search search = { .tour = tour, .place = place };
    search_queue(&search, place->seat.printer.id);
    search_queue(&search, 0);
    if (search.job.id == 0)
        return false;
    place->taken = true;
    claim(tour->engine, search.job.id, place->seat.printer.id, &search.feeds);
    return true;
}

/* -- a pass -- */

/* Time itself is news when a job's hour comes, or a pause is over. */
static void look_again(const struct tour *tour)
{
    int64_t wait_ms = engine_pause_left_ms(tour->engine);
    int64_t start_ms = tour->next_start_ms - tour->now_ms;
    if (tour->next_start_ms != 0 && (wait_ms == 0 || start_ms < wait_ms))
        wait_ms = start_ms;
    if (wait_ms > 0)
        timer_set(tour->engine->timer, wait_ms, 0);
}

/* One claim at a time in a queue: those that follow see it committed. */
static void run_tour(struct engine *engine)
{
    struct tour tour = {
        .engine = engine,
        .now_ms = shop_now_ms(engine->shop),
    };
    tour.txn = store_read(engine->shop->store);
    find_places(&tour);
    bool any = false;
    for (size_t i = 0; i < tour.count && !any; i++)
        any = fill_place(&tour, &tour.places[i]);
    store_read_end(tour.txn);
    arena_fini(&tour.arena);
    free(tour.places);
    look_again(&tour);
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
