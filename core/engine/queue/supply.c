/* What there is of each filament, and what of it is spoken for. */
#include "engine/queue/supply.h"

#include <math.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

/* -- one for each filament there is, or is asked for -- */

static int by_filament(const void *a, const void *b)
{
    const struct supply *left = a, *right = b;
    return filament_compare(
        &(struct filament){ left->material, left->color },
        &(struct filament){ right->material, right->color });
}

struct supply *survey_find(const struct survey *survey, spd_str material,
                           spd_str color)
{
    const struct supply sought = { .material = material, .color = color };
    struct supply **node = tfind(&sought, &survey->tree, by_filament);
    return node == NULL ? NULL : *node;
}

static struct supply *supply_of(struct survey *survey, spd_str material,
                                spd_str color)
{
    struct supply *supply = survey_find(survey, material, color);
    if (supply != NULL)
        return supply;
    supply = arena_new(&survey->arena, sizeof(*supply));
    *supply = (struct supply){
        .material = arena_str(&survey->arena, material),
        .color = arena_str(&survey->arena, color),
        .low_stock_threshold = NAN,
    };
    tsearch(supply, &survey->tree, by_filament);
    return supply;
}

static void add_grams(struct supply *supply, double *sum, double grams)
{
    if (isnan(grams))
        supply->unweighed++;
    else
        *sum += grams;
}

/* -- in the printers -- */

static void note_loaded(struct survey *survey, int64_t spool_id)
{
    if (spool_id == 0)
        return;
    if (survey->loaded_count == survey->loaded_room) {
        survey->loaded_room = survey->loaded_room * 2 + 16;
        survey->loaded =
            mem_resize(survey->loaded, survey->loaded_room * sizeof(int64_t));
    }
    survey->loaded[survey->loaded_count++] = spool_id;
}

static void note_hold(struct survey *survey, struct supply *supply,
                      const struct material *material, double grams)
{
    struct list *held = &supply->held;
    if (!(grams > 0))
        return;
    if (held->count == supply->held_room) {
        size_t room = supply->held_room * 2 + 4;
        struct hold_there *all = arena_new(&survey->arena, room * sizeof(*all));
        if (held->count > 0)
            memcpy(all, held->items, held->count * sizeof(*all));
        held->items = all;
        supply->held_room = room;
    }
    ((struct hold_there *)held->items)[held->count++] =
        (struct hold_there){ material->printer_id, material->slot,
                             material->spool_id, grams };
}

static double grams_printing(const struct attempt *attempt, int64_t slot)
{
    const struct feed *feeds = attempt->feeds.items;
    double grams = 0;
    for (size_t i = 0; i < attempt->feeds.count; i++)
        if (feeds[i].slot == slot && feeds[i].grams > 0)
            grams += feeds[i].grams;
    return grams;
}

static void see_slots(struct survey *survey, const struct seat *seat,
                      const struct attempt *attempt)
{
    for (size_t i = 0; i < seat->material_count; i++) {
        const struct material *material = &seat->materials[i];
        struct supply *supply =
            supply_of(survey, material->material_type, material->color);
        double printing = grams_printing(attempt, material->slot);
        add_grams(supply, &supply->loaded_grams, material->remaining_grams);
        supply->printing_grams += printing;
        supply->printers += supply->last_printer_id != seat->printer.id ? 1 : 0;
        supply->last_printer_id = seat->printer.id;
        note_hold(survey, supply, material, printing + seat->held[i]);
        note_loaded(survey, material->spool_id);
    }
}

static bool see_printer(void *arg, const void *record)
{
    static const struct queue_place end = { .rank = INT64_MAX };
    struct survey *survey = arg;
    struct engine *engine = survey->engine;
    int64_t id = ((const struct printer *)record)->id;
    struct place *place = places_of(&engine->places, id);
    struct arena arena = { 0 };
    struct attempt attempt = { 0 };
    if (place_read(place, survey->txn)) {
        reserve_before(&place->seat, waiting_queue(engine->waiting, id), &end);
        attempt_of_printer(survey->txn, id, &attempt, &arena);
        see_slots(survey, &place->seat, &attempt);
    }
    arena_fini(&arena);
    return true;
}

/* -- on the shelf -- */

static int compare_ids(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static bool is_loaded(const struct survey *survey, int64_t spool_id)
{
    return survey->loaded_count > 0 &&
           bsearch(&spool_id, survey->loaded, survey->loaded_count,
                   sizeof(spool_id), compare_ids) != NULL;
}

static bool see_spool(void *arg, const void *record)
{
    struct survey *survey = arg;
    const struct spool *spool = record;
    struct supply *supply = supply_of(survey, spool->material, spool->color);
    supply->low_stock_threshold =
        fmax(supply->low_stock_threshold, spool->low_stock_threshold);
    if (!is_loaded(survey, spool->id))
        add_grams(supply, &supply->shelf_grams, spool->remaining_grams);
    return true;
}

/* -- in the queue -- */

static void see_pool(void *arg, const struct pool *pool)
{
    if (pool->jobs == 0)
        return;
    struct supply *supply = supply_of(arg, pool->of.type, pool->of.color);
    supply->pool = pool;
    supply->jobs = pool->jobs;
    supply->waiting_grams = (double)pool->waiting_mg / 1000;
}

/* -- all together -- */

static void put_in_order(const void *node, VISIT visit, void *arg)
{
    struct survey *survey = arg;
    if (visit != postorder && visit != leaf)
        return;
    if (survey->count == survey->room) {
        survey->room = survey->room * 2 + 16;
        survey->at = mem_resize(survey->at, survey->room * sizeof(*survey->at));
    }
    survey->at[survey->count++] = *(struct supply *const *)node;
}

/* What counts as it, in its colour. */
static bool see_substitution(void *arg, const void *record)
{
    struct survey *survey = arg;
    const struct substitution *row = record;
    for (size_t i = 0; i < survey->count && row->of == OF_MATERIAL; i++) {
        struct supply *supply = survey->at[i], *other;
        if (!str_equal_fold(supply->material, row->wanted))
            continue;
        other = survey_find(survey, row->accepts, supply->color);
        if (other != NULL)
            supply->accepted_grams += other->shelf_grams + other->loaded_grams;
    }
    return true;
}

static double to_milligrams(double grams)
{
    return round(grams * 1000) / 1000;
}

static void add_up(struct supply *supply)
{
    double there = supply->shelf_grams + supply->loaded_grams;
    double wanted = supply->printing_grams + supply->waiting_grams;
    bool is_known = supply->unweighed == 0;
    supply->free_grams = to_milligrams(fmax(0, there - wanted));
    supply->short_grams =
        is_known
            ? to_milligrams(fmax(0, wanted - there - supply->accepted_grams))
            : 0;
    supply->low =
        is_known && (supply->short_grams > 0 ||
                     supply->free_grams < supply->low_stock_threshold);
}

void survey_make(struct survey *survey)
{
    struct span all = { 0 };
    record_each(survey->txn, &printer_kind, &all, see_printer, survey);
    if (survey->loaded_count > 0)
        qsort(survey->loaded, survey->loaded_count, sizeof(int64_t),
              compare_ids);
    record_each(survey->txn, &spool_kind, &all, see_spool, survey);
    pools_each(waiting_pools(survey->engine->waiting), see_pool, survey);
    twalk_r(survey->tree, put_in_order, survey);
    record_each(survey->txn, &substitution_kind, &all, see_substitution,
                survey);
    for (size_t i = 0; i < survey->count; i++)
        add_up(survey->at[i]);
}

static void leave_node(void *node)
{
    (void)node; /* it lies in the arena */
}

void survey_fini(struct survey *survey)
{
    for (size_t i = 0; i < survey->count; i++)
        free(survey->at[i]->heads);
    tdestroy(survey->tree, leave_node);
    free(survey->at);
    free(survey->loaded);
    arena_fini(&survey->arena);
}
