#include "engine/queue/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/match/ready.h"
#include "engine/queue/choose.h"

enum {
    PRINTERS_A_STEP = 50,
    MOMENTS_A_STEP = 50,
    GIVES_A_STEP = 32,
    MINUTE_MS = 60 * 1000,
    UNKNOWN_PRINT_MS = 60 * MINUTE_MS, /* of a job that nobody estimated */
    FULL_SPOOL_GRAMS = 1000,
};

/* -- the printers as they stand -- */

static void leave_out(struct plan *plan, const struct place *place,
                      enum verdict verdict, const struct live *live)
{
    struct buf sentence = { 0 };
    const struct printer *printer = &place->seat.printer;
    ready_say(plan->engine, verdict, printer, live, &sentence);
    plan->absences[plan->absence_count++] =
        (struct absence){ printer->id, printer->name,
                          str_of(verdict_name(verdict)),
                          arena_str(&plan->arena, buf_str(&sentence)) };
    buf_fini(&sentence);
}

/* When it could begin another print; -1: nobody can say. */
static int64_t free_at(const struct plan *plan, enum verdict verdict,
                       const struct live *live)
{
    double minutes = live == NULL ? NAN : live->box.state.remaining_minutes;
    switch (verdict) {
    case CAN_TAKE:
    case QUIET_HOURS:
    case CIRCUIT_FULL:
    case STAGGERED:
        return plan->from_ms;
    case PLATE_NOT_CLEAR:
    case RESTS:
        return plan->from_ms + plan->changeover_ms;
    case BUSY:
        return plan->from_ms + plan->changeover_ms +
               (isnan(minutes) ? 0 : (int64_t)(minutes * MINUTE_MS));
    default:
        return -1;
    }
}

static void see_printer(struct plan *plan, spd_txn *txn,
                        const struct live *live)
{
    struct place *place = places_of(&plan->places, live->id);
    if (!place_read(place, txn))
        return;
    enum verdict verdict = ready(plan->engine, &place->seat.printer, live);
    int64_t free_ms = free_at(plan, verdict, live);
    if (free_ms < 0) {
        leave_out(plan, place, verdict, live);
        return;
    }
    place->nozzle_slot = live->box.state.active_slot;
    struct stand *stand = &plan->stands[plan->stand_count++];
    *stand = (struct stand){ .place = place, .free_ms = free_ms };
    stand->last = &stand->first;
}

/* Between two steps a printer may come; one that goes takes another's turn. */
static bool see_printers(struct plan *plan, spd_txn *txn)
{
    const struct fleet *fleet = plan->engine->shop->fleet;
    size_t count = fleet_count(fleet);
    if (plan->printers_seen >= count)
        return false;
    plan->stands = mem_resize(plan->stands, count * sizeof(*plan->stands));
    plan->absences =
        mem_resize(plan->absences, count * sizeof(*plan->absences));
    for (int i = 0; i < PRINTERS_A_STEP && plan->printers_seen < count; i++)
        see_printer(plan, txn, fleet_at(fleet, plan->printers_seen++));
    return true;
}

/* -- a print -- */

static struct stand *stand_of(const struct plan *plan,
                              const struct place *place)
{
    size_t i = 0;
    while (plan->stands[i].place != place)
        i++;
    return &plan->stands[i];
}

static void note_use(struct stand *stand, const struct feed *feed)
{
    struct material *materials = stand->place->seat.materials;
    for (size_t i = 0; i < stand->place->seat.material_count; i++)
        if (materials[i].slot == feed->slot)
            materials[i].remaining_grams -= feed->grams;
    for (struct load *load = stand->loads; load != NULL; load = load->next)
        if (load->slot == feed->slot) {
            load->grams += feed->grams;
            return;
        }
}

static void use_grams(struct stand *stand, const struct waiter *waiter)
{
    struct arena arena = { 0 };
    struct list feeds = { 0 };
    place_feeds(stand->place, waiter, &feeds, &arena);
    const struct feed *feed = feeds.items;
    for (size_t i = 0; i < feeds.count; i++)
        note_use(stand, &feed[i]);
    if (feeds.count > 0)
        stand->place->nozzle_slot = feed[feeds.count - 1].slot;
    arena_fini(&arena);
}

/* Somebody has to be there to clear the plate, or it clears itself.  A shop
 * that says no staffed hours is taken to be there always. */
static int64_t clear_at(const struct plan *plan, const struct stand *stand,
                        int64_t ends_ms)
{
    const struct printer *printer = &stand->place->seat.printer;
    int64_t back_ms = printer->ejects != EJECTS_NEVER
                          ? 0
                          : windows_unstaffed_until_ms(&plan->engine->windows,
                                                       printer, ends_ms);
    bool waits = back_ms != 0 && back_ms != INT64_MAX;
    return (waits ? back_ms : ends_ms) + plan->changeover_ms;
}

static void add_stay(struct plan *plan, struct stand *stand,
                     const struct waiter *waiter, const struct job *job)
{
    int64_t length_ms =
        waiter->estimated_ms > 0
            ? pace_correct(&plan->engine->policy.pace, waiter->estimated_ms)
            : UNKNOWN_PRINT_MS;
    int64_t ends_at = plan->now_ms + length_ms;
    int64_t late_ms =
        waiter->ship_by_ms == 0 ? 0 : ends_at - waiter->ship_by_ms;
    struct stay *stay = arena_new(&plan->arena, sizeof(*stay));
    *stay = (struct stay){
        .job_id = waiter->id,
        .job_name = arena_str(&plan->arena, job->job_name),
        .starts_at = plan->now_ms,
        .ends_at = ends_at,
        .ship_by = waiter->ship_by_ms,
        .late_minutes = late_ms > 0 ? late_ms / MINUTE_MS : 0,
    };
    *stand->last = stay;
    stand->last = &stay->next;
    stand->stay_count++;
    stand->place->seat.printer.printed_ms += length_ms;
    stand->free_ms = clear_at(plan, stand, ends_at);
}

static void give(void *arg, struct place *place, struct waiter *waiter,
                 const struct job *job)
{
    struct plan *plan = arg;
    struct stand *stand = stand_of(plan, place);
    add_stay(plan, stand, waiter, job);
    use_grams(stand, waiter);
    waiting_take_copy(plan->waiting, waiter);
}

/* False: there may be more to give at this moment. */
static bool choose_for(struct plan *plan, spd_txn *txn, struct place **idle,
                       size_t count)
{
    struct choice choice = {
        .policy = &plan->engine->policy,
        .waiting = plan->waiting,
        .txn = txn,
        .idle = idle,
        .count = count,
        .most = GIVES_A_STEP,
        .give = give,
        .arg = plan,
    };
    unsigned given = choose(&choice);
    plan->given += given;
    return given < GIVES_A_STEP;
}

/* -- a spool that is missing -- */

static bool lacks_only_material(struct place *place,
                                const struct waiter *waiter)
{
    struct arena arena = { 0 };
    struct list feeds;
    reserve_before(&place->seat, place->own, &waiter->place);
    enum verdict verdict = match(&place->seat, &waiter->ask->job,
                                 &waiter->ask->plate, 0, &feeds, &arena);
    arena_fini(&arena);
    return verdict == MISSING_MATERIAL || verdict == TOO_FEW_GRAMS;
}

static struct waiter *first_hungry(struct place *place,
                                   const struct queue *queue,
                                   struct waiter *best)
{
    for (size_t i = 0; queue != NULL && i < queue->count; i++) {
        const struct line *line = &queue->asks[i]->line;
        if (line->count > 0 &&
            (best == NULL || line_by_place(line->at[0], best) < 0) &&
            lacks_only_material(place, line->at[0]))
            best = line->at[0];
    }
    return best;
}

/* The emptiest slot that the print does not need already; NULL: none. */
static struct material *slot_to_load(struct seat *seat, uint32_t needed)
{
    struct material *best = NULL;
    for (size_t i = 0; i < seat->material_count; i++) {
        struct material *material = &seat->materials[i];
        if ((needed & 1u << i) == 0 &&
            (best == NULL || material->remaining_grams < best->remaining_grams))
            best = material;
    }
    if (best == NULL && seat->material_count == 0) {
        best = &seat->materials[seat->material_count++];
        *best = (struct material){ .loaded = true };
    }
    return best;
}

static void put_load(struct plan *plan, struct stand *stand,
                     struct material *material,
                     const struct sliced_filament *filament, double grams,
                     int64_t job_id)
{
    struct load *load = arena_new(&plan->arena, sizeof(*load));
    *load = (struct load){
        .next = stand->loads,
        .printer_id = stand->place->printer_id,
        .slot = material->slot,
        .job_id = job_id,
        .by = plan->now_ms,
        .material_type = arena_str(&plan->arena, filament->type),
        .color = arena_str(&plan->arena, filament->color),
    };
    stand->loads = load;
    plan->load_count++;
    material->material_type = load->material_type;
    material->color = load->color;
    material->remaining_grams =
        grams > FULL_SPOOL_GRAMS ? grams : FULL_SPOOL_GRAMS;
}

static bool feeds_it(const struct seat *seat, const struct material *material,
                     const struct sliced_filament *filament, double grams)
{
    return seat_accepts(seat, OF_MATERIAL, filament->type,
                        material->material_type) &&
           str_equal_fold(material->color, filament->color) &&
           !(material->remaining_grams < grams);
}

/* Which of its slots feeds the filament already; -1: none. */
static int slot_that_feeds(const struct seat *seat, uint32_t needed,
                           const struct sliced_filament *filament, double grams)
{
    for (size_t i = 0; i < seat->material_count; i++)
        if ((needed & 1u << i) == 0 &&
            feeds_it(seat, &seat->materials[i], filament, grams))
            return (int)i;
    return -1;
}

static void load_for(struct plan *plan, struct stand *stand,
                     const struct waiter *waiter)
{
    struct seat *seat = &stand->place->seat;
    const struct sliced_plate *plate = &waiter->ask->plate;
    const struct sliced_filament *filaments = plate->filaments.items;
    uint32_t needed = 0;
    for (size_t i = 0; i < plate->filaments.count; i++) {
        double grams = waiter->grams[i];
        int slot = slot_that_feeds(seat, needed, &filaments[i], grams);
        if (slot < 0) {
            struct material *material = slot_to_load(seat, needed);
            if (material == NULL)
                return;
            put_load(plan, stand, material, &filaments[i], grams, waiter->id);
            slot = (int)(material - seat->materials);
        }
        needed |= 1u << slot;
    }
    place_compare_anew(stand->place);
}

/* Nothing fits what is loaded: what would, with another spool? */
static void load_and_choose(struct plan *plan, spd_txn *txn,
                            struct stand *stand)
{
    struct place *place = stand->place;
    struct waiter *hungry =
        first_hungry(place, waiting_queue(plan->waiting, 0), NULL);
    hungry = first_hungry(
        place, waiting_queue(plan->waiting, place->printer_id), hungry);
    if (hungry != NULL) {
        load_for(plan, stand, hungry);
        choose_for(plan, txn, &place, 1);
    }
    stand->is_parked = stand->free_ms <= plan->now_ms;
}

/* -- from moment to moment -- */

static bool is_idle(const struct plan *plan, const struct stand *stand)
{
    return !stand->is_parked && stand->free_ms <= plan->now_ms;
}

static void take_earlier(int64_t *next_ms, int64_t at_ms)
{
    if (at_ms < *next_ms)
        *next_ms = at_ms;
}

/* The next moment at which anything may begin; -1: none before the end. */
static int64_t next_moment(const struct plan *plan)
{
    int64_t next_ms = plan->until_ms;
    bool any_parked = false;
    for (size_t i = 0; i < plan->stand_count; i++) {
        const struct stand *stand = &plan->stands[i];
        any_parked = any_parked || stand->is_parked;
        if (!stand->is_parked)
            take_earlier(&next_ms, stand->free_ms);
        else if (stand->back_ms != 0)
            take_earlier(&next_ms, stand->back_ms);
    }
    if (any_parked && plan->next_hour_ms != 0)
        take_earlier(&next_ms, plan->next_hour_ms);
    return next_ms < plan->until_ms ? next_ms : -1;
}

/* Is anything new for those that found nothing? */
static void wake(struct plan *plan)
{
    bool is_hour =
        plan->next_hour_ms != 0 && plan->next_hour_ms <= plan->now_ms;
    plan->next_hour_ms = waiting_wake(plan->waiting, plan->now_ms);
    for (size_t i = 0; i < plan->stand_count; i++) {
        struct stand *stand = &plan->stands[i];
        bool is_back = stand->back_ms != 0 && stand->back_ms <= plan->now_ms;
        if (is_hour || is_back)
            stand->is_parked = false;
    }
}

/* What the shop's hours say of it at this moment; false: nothing starts. */
static bool is_open(const struct plan *plan, struct stand *stand)
{
    const struct windows *windows = &plan->engine->windows;
    struct seat *seat = &stand->place->seat;
    int64_t now_ms = plan->now_ms;
    if (windows_now(windows, HOURS_QUIET, &seat->printer, now_ms) != NULL) {
        stand->free_ms =
            windows_quiet_until_ms(windows, &seat->printer, now_ms);
        return false;
    }
    seat->unstaffed_until_ms =
        windows_unstaffed_until_ms(windows, &seat->printer, now_ms);
    stand->back_ms =
        seat->unstaffed_until_ms == INT64_MAX ? 0 : seat->unstaffed_until_ms;
    return true;
}

static size_t find_idle(struct plan *plan, struct place **idle)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->stand_count; i++) {
        struct stand *stand = &plan->stands[i];
        if (is_idle(plan, stand) && is_open(plan, stand))
            idle[count++] = stand->place;
    }
    return count;
}

static bool live_a_moment(struct plan *plan, spd_txn *txn)
{
    int64_t moment_ms = next_moment(plan);
    if (moment_ms < 0)
        return false;
    plan->now_ms = moment_ms > plan->now_ms ? moment_ms : plan->now_ms;
    wake(plan);
    struct place **idle = mem_array(plan->stand_count, sizeof(*idle));
    bool all_looked = choose_for(plan, txn, idle, find_idle(plan, idle));
    for (size_t i = 0; i < plan->stand_count && all_looked; i++)
        if (is_idle(plan, &plan->stands[i]))
            load_and_choose(plan, txn, &plan->stands[i]);
    free(idle);
    return true;
}

bool plan_step(struct plan *plan, spd_txn *txn)
{
    if (see_printers(plan, txn))
        return true;
    plan->given = 0;
    for (int i = 0; i < MOMENTS_A_STEP && plan->given < GIVES_A_STEP; i++)
        if (!live_a_moment(plan, txn))
            return false;
    return true;
}

/* -- life -- */

struct plan *plan_new(struct engine *engine, int64_t hours,
                      int64_t changeover_ms)
{
    struct plan *plan = mem_new(sizeof(*plan));
    plan->engine = engine;
    plan->from_ms = plan->now_ms = shop_now_ms(engine->shop);
    plan->until_ms = plan->from_ms + hours * 60 * MINUTE_MS;
    plan->changeover_ms = changeover_ms;
    plan->waiting = waiting_copy(engine->waiting);
    plan->next_hour_ms = waiting_wake(plan->waiting, plan->now_ms);
    return plan;
}

void plan_free(struct plan *plan)
{
    waiting_free(plan->waiting);
    places_fini(&plan->places);
    arena_fini(&plan->arena);
    free(plan->stands);
    free(plan->absences);
    free(plan);
}
