#include "engine/queue/place.h"

#include <stdlib.h>
#include <string.h>

/* -- all of them -- */

static size_t index_of(const struct places *places, int64_t printer_id)
{
    size_t low = 0, high = places->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (places->at[middle]->printer_id < printer_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct places *places, size_t i, int64_t printer_id)
{
    return i < places->count && places->at[i]->printer_id == printer_id;
}

struct place *places_of(struct places *places, int64_t printer_id)
{
    size_t i = index_of(places, printer_id);
    if (is_at(places, i, printer_id))
        return places->at[i];
    if (places->count == places->room) {
        places->room = places->room == 0 ? 8 : places->room * 2;
        places->at = mem_resize(places->at, places->room * sizeof(*places->at));
    }
    memmove(places->at + i + 1, places->at + i,
            (places->count - i) * sizeof(*places->at));
    places->at[i] = mem_new(sizeof(struct place));
    places->at[i]->printer_id = printer_id;
    places->at[i]->nozzle_slot = INT_NONE;
    places->count++;
    return places->at[i];
}

void places_forget(struct places *places, int64_t printer_id)
{
    size_t i = index_of(places, printer_id);
    if (is_at(places, i, printer_id))
        places->at[i]->is_read = false;
}

void places_forget_all(struct places *places)
{
    for (size_t i = 0; i < places->count; i++)
        places->at[i]->is_read = false;
}

void places_fini(struct places *places)
{
    for (size_t i = 0; i < places->count; i++) {
        arena_fini(&places->at[i]->arena);
        free(places->at[i]->asks);
        free(places->at[i]);
    }
    free(places->at);
}

/* -- one of them -- */

void place_compare_anew(struct place *place)
{
    place->count = 0;
    place->any_compared = place->own_compared = 0;
}

bool place_read(struct place *place, spd_txn *txn)
{
    if (!place->is_read) {
        arena_fini(&place->arena);
        place->is_gone =
            !seat_load(&place->seat, txn, place->printer_id, &place->arena);
        place->is_read = true;
        place_compare_anew(place);
    }
    return !place->is_gone;
}

/* -- which asks it could meet -- */

static void note_ask(struct place *place, struct ask *ask)
{
    if (place->count == place->room) {
        place->room = place->room == 0 ? 16 : place->room * 2;
        place->asks =
            mem_resize(place->asks, place->room * sizeof(*place->asks));
    }
    place->asks[place->count++] = ask;
}

/* By kind, with the fewest grams that one of its jobs needs. */
static enum verdict match_ask(const struct place *place, const struct ask *ask)
{
    struct arena arena = { 0 };
    struct list feeds;
    enum verdict verdict =
        match(&place->seat, &ask->job, &ask->plate, 0, &feeds, &arena);
    arena_fini(&arena);
    return verdict;
}

static void compare_queue(struct place *place, const struct queue *queue,
                          size_t *compared)
{
    for (; queue != NULL && *compared < queue->count; ++*compared) {
        struct ask *ask = queue->asks[*compared];
        enum verdict verdict = match_ask(place, ask);
        if (verdict == CAN_TAKE || verdict == TOO_FEW_GRAMS ||
            verdict == UNSTAFFED)
            note_ask(place, ask);
    }
}

static void compare_asks(struct place *place, const struct waiting *waiting)
{
    if (place->generation != waiting_generation(waiting))
        place_compare_anew(place);
    place->generation = waiting_generation(waiting);
    place->own = waiting_queue(waiting, place->printer_id);
    reserve_before(&place->seat, NULL, NULL);
    compare_queue(place, waiting_queue(waiting, 0), &place->any_compared);
    compare_queue(place, place->own, &place->own_compared);
}

/* -- which job is next -- */

bool place_feeds(struct place *place, const struct waiter *waiter,
                 struct list *feeds, struct arena *arena)
{
    struct sliced_filament filaments[SLICED_MAX_FILAMENTS];
    struct sliced_plate plate = waiter->ask->plate;
    size_t count = plate.filaments.count;
    memcpy(filaments, plate.filaments.items, count * sizeof(*filaments));
    for (size_t i = 0; i < count; i++)
        filaments[i].grams = waiter->grams[i];
    plate.filaments.items = filaments;
    reserve_before(&place->seat, place->own, &waiter->place);
    return match(&place->seat, &waiter->ask->job, &plate, 0, feeds, arena) ==
           CAN_TAKE;
}

/* Where there is just one filament, it is the one at the nozzle. */
static int64_t slot_at_nozzle(const struct place *place)
{
    return place->nozzle_slot == INT_NONE && place->seat.material_count == 1
               ? place->seat.materials[0].slot
               : place->nozzle_slot;
}

static bool is_fed_before(const struct feed *feeds, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (feeds[j].slot == feeds[i].slot)
            return true;
    return false;
}

int64_t place_changes(struct place *place, const struct waiter *waiter)
{
    struct arena arena = { 0 };
    struct list feeds = { 0 };
    int64_t changes = 0, at_nozzle = slot_at_nozzle(place);
    place_feeds(place, waiter, &feeds, &arena);
    const struct feed *feed = feeds.items;
    for (size_t i = 0; i < feeds.count; i++)
        if (feed[i].slot != at_nozzle && !is_fed_before(feed, i))
            changes++;
    arena_fini(&arena);
    return changes;
}

static bool has_grams(struct place *place, const struct waiter *waiter)
{
    struct arena arena = { 0 };
    struct list feeds;
    bool has = place_feeds(place, waiter, &feeds, &arena);
    arena_fini(&arena);
    return has;
}

static bool goes_before(const struct waiter *a, const struct waiter *b)
{
    return b == NULL || queue_place_compare(&a->place, &b->place) < 0;
}

/* The first in the ask's line, where it goes before `best`; else that one. */
static struct waiter *first_of(struct place *place, const struct ask *ask,
                               struct waiter *best)
{
    const struct line *line = &ask->line;
    size_t i = place->looks_behind ? line_upto(line, &place->behind) : 0;
    if (i == line->count || !goes_before(line->at[i], best))
        return best;
    /* Those behind it in the line are left no more than it is. */
    reserve_before(&place->seat, place->own, &line->at[i]->place);
    if (match_ask(place, ask) != CAN_TAKE)
        return best;
    for (; i < line->count && goes_before(line->at[i], best); i++)
        if (has_grams(place, line->at[i]))
            return line->at[i];
    return best;
}

struct waiter *place_first(struct place *place, const struct waiting *waiting)
{
    struct waiter *best = NULL;
    compare_asks(place, waiting);
    for (size_t i = 0; i < place->count; i++)
        best = first_of(place, place->asks[i], best);
    return best;
}

void place_pass_over(struct place *place, const struct queue_place *where)
{
    place->behind = *where;
    place->looks_behind = true;
}
