#include "engine/match/power.h"

#include "engine/engine_internal.h"

enum {
    /* No heating up takes longer: a printer that went out of reach in the
     * middle, or a print of ours that was never seen to be hot, counts for as
     * long as this. */
    HEAT_UP_MS = 10 * 60 * 1000,
    NOZZLE_SHORT_C = 10, /* below its target by so much it heats up; less is */
    BED_SHORT_C = 5,     /* just kept warm */
    LATELY_MS = 24 * 3600 * 1000,
};

/* -- the circuits -- */

struct loading {
    struct power *power;
    spd_txn *txn;
};

static bool load_circuit(void *arg, const void *record)
{
    const struct loading *loading = arg;
    struct power *power = loading->power;
    if (record_get(loading->txn, &circuit_kind, *(const int64_t *)record,
                   &power->circuits[power->count], &power->arena,
                   NULL) == SPD_OK)
        power->count++;
    return true;
}

void power_load(struct power *power, spd_txn *txn)
{
    struct loading loading = { power, txn };
    power_fini(power);
    power->circuits =
        arena_new(&power->arena,
                  record_count(txn, &circuit_kind) * sizeof(struct circuit));
    record_each(txn, &circuit_kind, &(struct span){ 0 }, load_circuit,
                &loading);
}

void power_fini(struct power *power)
{
    arena_fini(&power->arena);
    *power = (struct power){ 0 };
}

const struct circuit *power_circuit(const struct engine *engine,
                                    const struct printer *printer)
{
    const struct power *power = &engine->power;
    for (size_t i = 0; i < power->count; i++)
        if (power->circuits[i].id == printer->circuit_id)
            return &power->circuits[i];
    return NULL;
}

static int64_t now_of(const struct engine *engine)
{
    return loop_now_ms(engine->shop->loop);
}

/* -- when prints were started -- */

struct lately {
    struct engine *engine;
    int64_t now_ms, wall_ms;
};

/* By the clock that is never set; a start that seems to lie ahead was now. */
static bool load_start(void *arg, const void *record)
{
    const struct lately *lately = arg;
    const struct attempt *attempt = record;
    struct bay *bay = bay_find(&lately->engine->bays, attempt->printer_id);
    int64_t ago_ms = lately->wall_ms - attempt->start_at;
    int64_t start_ms = lately->now_ms - (ago_ms > 0 ? ago_ms : 0);
    if (bay != NULL && attempt->start_at != 0 && start_ms > bay->start_ms)
        bay->start_ms = start_ms;
    return lately->wall_ms - attempt->created_at < LATELY_MS;
}

void power_load_starts(struct engine *engine, spd_txn *txn)
{
    struct lately lately = { engine, now_of(engine),
                             shop_now_ms(engine->shop) };
    record_each(txn, &attempt_kind, &(struct span){ .backwards = true },
                load_start, &lately);
}

void power_note_start(struct engine *engine, int64_t printer_id)
{
    struct bay *bay = bay_find(&engine->bays, printer_id);
    if (bay == NULL)
        return;
    bay->start_ms = now_of(engine);
    bay->is_hot = false;
}

/* -- heat -- */

/* What a printer does not know is NAN, and compares as false. */
static bool heats_up(const struct printer_state *state)
{
    return state->nozzle_target_celsius - state->nozzle_celsius >
               NOZZLE_SHORT_C ||
           state->bed_target_celsius - state->bed_celsius > BED_SHORT_C;
}

static bool is_at_work(const struct printer_state *state)
{
    bool is_cold = state->nozzle_target_celsius <= 0;
    return (state->state == STATE_PRINTING || state->state == STATE_PAUSED) &&
           !is_cold;
}

static int64_t left_of(int64_t since_ms, int64_t length_ms, int64_t now_ms)
{
    int64_t left_ms = since_ms + length_ms - now_ms;
    return left_ms > 0 ? left_ms : 0;
}

static bool has_yet_to_start(const struct bay *bay)
{
    const struct run *run = bay->run;
    return bay->is_claimed ||
           (run != NULL && !run->gone &&
            (run->step == STEP_CLAIMED || run->step == STEP_UPLOADED));
}

static bool waits_longer(const struct run *run, const struct run *than)
{
    return run->held_by != CAN_TAKE && run->attempt_id < than->attempt_id;
}

/* How long the print of ours there may still be about to heat up, by time
 * alone; INT64_MAX: until something happens. */
static int64_t print_ms(const struct bay *bay, const struct run *asks,
                        int64_t now_ms)
{
    const struct run *run = bay->run;
    if (has_yet_to_start(bay)) {
        bool is_before =
            asks == NULL || (run != NULL && run->step == STEP_UPLOADED &&
                             (run->busy || waits_longer(run, asks)));
        return is_before ? INT64_MAX : 0;
    }
    if (run == NULL || run->gone || bay->is_hot)
        return 0;
    return left_of(run->step_ms, HEAT_UP_MS, now_ms);
}

static int64_t draws_ms(const struct bay *bay, const struct run *asks,
                        int64_t now_ms)
{
    int64_t of_heat_ms =
        bay->heats_up ? left_of(bay->heat_ms, HEAT_UP_MS, now_ms) : 0;
    int64_t of_print_ms = print_ms(bay, asks, now_ms);
    return of_heat_ms > of_print_ms ? of_heat_ms : of_print_ms;
}

void power_note_report(struct engine *engine, const struct live *live)
{
    struct bay *bay = bay_find(&engine->bays, live->id);
    const struct printer_state *state = &live->box.state;
    int64_t now_ms = now_of(engine);
    if (bay == NULL || state->connection != CONNECTION_CONNECTED)
        return;
    bool drew = draws_ms(bay, NULL, now_ms) > 0;
    bay->heats_up = heats_up(state);
    bay->heat_ms = now_ms;
    if (!bay->heats_up && is_at_work(state))
        bay->is_hot = true;
    if (bay->circuit_id != 0 && drew && draws_ms(bay, NULL, now_ms) == 0)
        engine_wake(engine);
}

struct power_use power_use(const struct engine *engine,
                           const struct circuit *circuit, int64_t printer_id,
                           const struct run *run)
{
    struct power_use use = { 0 };
    struct bay_row row = bays_on(&engine->bays, circuit->id);
    int64_t now_ms = now_of(engine);
    for (size_t i = 0; i < row.count; i++) {
        const struct bay *bay = row.at[i];
        if (bay->printer_id == printer_id || draws_ms(bay, run, now_ms) == 0)
            continue;
        if (use.count < POWER_TOLD)
            use.printer_ids[use.count] = bay->printer_id;
        use.count++;
    }
    return use;
}

/* -- one after the other -- */

/* How long nothing may start after the last start there. */
static int64_t start_left_ms(const struct bay *bay,
                             const struct circuit *circuit, int64_t now_ms)
{
    return bay->start_ms == INT64_MIN
               ? 0
               : left_of(bay->start_ms, circuit->stagger_seconds * 1000,
                         now_ms);
}

static bool starts_before(const struct bay *bay, const struct run *run)
{
    if (run == NULL)
        return has_yet_to_start(bay);
    return bay->run != NULL && !bay->run->gone && waits_longer(bay->run, run);
}

int64_t power_turn_ms(const struct engine *engine,
                      const struct circuit *circuit, const struct run *run)
{
    int64_t stagger_ms = circuit->stagger_seconds * 1000;
    struct bay_row row = bays_on(&engine->bays, circuit->id);
    int64_t now_ms = now_of(engine), turn_ms = 0, before = 0;
    for (size_t i = 0; i < row.count; i++) {
        int64_t left_ms = start_left_ms(row.at[i], circuit, now_ms);
        if (left_ms > turn_ms)
            turn_ms = left_ms;
        before += starts_before(row.at[i], run);
    }
    return turn_ms + before * stagger_ms;
}

/* -- by the clock -- */

static int64_t sooner(int64_t a_ms, int64_t b_ms)
{
    if (a_ms == 0 || b_ms == 0)
        return a_ms + b_ms;
    return a_ms < b_ms ? a_ms : b_ms;
}

/* Until the next start, and until the next job may be chosen. */
static int64_t stagger_left_ms(const struct engine *engine,
                               const struct circuit *circuit, int64_t now_ms)
{
    struct bay_row row = bays_on(&engine->bays, circuit->id);
    int64_t left_ms = 0;
    int64_t choice_ms = power_turn_ms(engine, circuit, NULL) - POWER_UPLOAD_MS;
    for (size_t i = 0; i < row.count; i++)
        left_ms = sooner(left_ms, start_left_ms(row.at[i], circuit, now_ms));
    return choice_ms > 0 ? sooner(left_ms, choice_ms) : left_ms;
}

static int64_t heat_left_ms(const struct engine *engine,
                            const struct circuit *circuit, int64_t now_ms)
{
    struct bay_row row = bays_on(&engine->bays, circuit->id);
    int64_t left_ms = 0;
    for (size_t i = 0; i < row.count; i++) {
        int64_t draw_ms = draws_ms(row.at[i], NULL, now_ms);
        if (draw_ms != INT64_MAX)
            left_ms = sooner(left_ms, draw_ms);
    }
    return left_ms;
}

int64_t power_left_ms(const struct engine *engine)
{
    const struct power *power = &engine->power;
    int64_t now_ms = now_of(engine), left_ms = 0;
    for (size_t i = 0; i < power->count; i++) {
        const struct circuit *circuit = &power->circuits[i];
        if (circuit->heating_max != INT_NONE)
            left_ms = sooner(left_ms, heat_left_ms(engine, circuit, now_ms));
        if (circuit->stagger_seconds != INT_NONE)
            left_ms = sooner(left_ms, stagger_left_ms(engine, circuit, now_ms));
    }
    return left_ms;
}
