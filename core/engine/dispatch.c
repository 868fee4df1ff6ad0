/* Dispatch: idle printers are given jobs (choose.h) by what memory knows of
 * both; the claim asks the store once more. */
#include <stdlib.h>

#include "engine/match/ready.h"
#include "engine/queue/choose.h"

enum {
    READS_A_PASS = 100, /* printers read anew before others are served */
    CLAIMS_A_PASS = 16, /* they share a commit */
};

struct tour {
    struct engine *engine;
    spd_txn *txn;
    struct place **idle;
    size_t count;
    unsigned reads;
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

static bool is_ready(const struct tour *tour, struct place *place,
                     const struct live *live)
{
    if (place->is_gone ||
        ready(tour->engine, &place->seat.printer, live) != CAN_TAKE)
        return false;
    place->nozzle_slot = live->box.state.active_slot;
    place->seat.unstaffed_until_ms =
        gates_unstaffed_until_ms(tour->engine, &place->seat.printer);
    return true;
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

static void give(void *arg, struct place *place, struct waiter *waiter,
                 const struct job *job)
{
    struct tour *tour = arg;
    (void)job;
    claim(tour->engine, waiter->id, place->printer_id);
    waiting_take(tour->engine->waiting, waiter);
}

/* One more on its circuit may be one too many. */
static bool shuts_out(void *arg, const struct place *given,
                      const struct place *place)
{
    const struct tour *tour = arg;
    const struct printer *printer = &place->seat.printer;
    return printer->circuit_id != 0 &&
           printer->circuit_id == given->seat.printer.circuit_id &&
           gates_judge(tour->engine, printer) != CAN_TAKE;
}

static bool objects(void *arg, const struct place *place,
                    const struct waiter *waiter)
{
    const struct tour *tour = arg;
    return engine_objects(tour->engine, tour->txn, waiter->id,
                          place->printer_id) != NULL;
}

static void fill_idle(struct tour *tour)
{
    struct choice choice = {
        .policy = &tour->engine->policy,
        .waiting = tour->engine->waiting,
        .txn = tour->txn,
        .idle = tour->idle,
        .count = tour->count,
        .most = CLAIMS_A_PASS,
        .give = give,
        .shuts_out = shuts_out,
        .objects = objects,
        .arg = tour,
    };
    choose(&choice);
}

/* -- a pass -- */

/* Somebody may set the clock on the wall: an hour that has come by that is seen
 * after so long. */
enum { CLOCK_WATCH_MS = 60 * 1000 };

/* Time itself is news when a job's hour comes, a pause is over, or a gate
 * opens. */
static void look_again(struct engine *engine, int64_t next_start_ms,
                       int64_t now_ms)
{
    int64_t wait_ms = engine_pause_left_ms(engine);
    int64_t gate_ms = gates_left_ms(engine);
    int64_t start_ms = next_start_ms - now_ms;
    if (gate_ms != 0 && (wait_ms == 0 || gate_ms < wait_ms))
        wait_ms = gate_ms;
    if (next_start_ms != 0 && (wait_ms == 0 || start_ms < wait_ms))
        wait_ms = start_ms;
    if (wait_ms > CLOCK_WATCH_MS)
        wait_ms = CLOCK_WATCH_MS;
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
        fill_idle(&tour);
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
    if (!engine->started)
        return;
    runs_let_go(engine);
    if (engine->claims == 0)
        run_tour(engine);
}

void engine_wake(struct engine *engine)
{
    engine->wake.fn = on_wake;
    engine->wake.arg = engine;
    loop_after_turn(engine->shop->loop, &engine->wake);
}
