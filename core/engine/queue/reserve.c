#include "engine/queue/reserve.h"

#include <math.h>
#include <string.h>

/* Of one printer's: more than its spools could feed. */
enum { HOLDERS_MAX = 500 };

static size_t index_of(const struct seat *seat, int64_t slot)
{
    size_t i = 0;
    while (i < seat->material_count && seat->materials[i].slot != slot)
        i++;
    return i;
}

/* As many copies as there is filament for. */
static void hold(struct seat *seat, size_t i, double grams, int64_t copies)
{
    double left = seat->materials[i].remaining_grams - seat->held[i];
    if (!(grams > 0) || isnan(left))
        return; /* nobody knows what is there: there is enough for all */
    double fitting = floor(left / grams);
    seat->held[i] += grams * fmin(fmax(fitting, 0), (double)copies);
}

static void hold_waiter(struct seat *seat, const struct waiter *waiter)
{
    const struct sliced_plate *plate = &waiter->ask->plate;
    const struct sliced_filament *filaments = plate->filaments.items;
    for (size_t f = 0; f < plate->filaments.count; f++) {
        size_t i = index_of(
            seat, match_chosen_slot(&waiter->ask->job, plate, filaments[f].id));
        if (i < seat->material_count &&
            seat_accepts(seat, OF_MATERIAL, filaments[f].type,
                         seat->materials[i].material_type))
            hold(seat, i, waiter->grams[f], waiter->copies);
    }
}

static void hold_first(struct seat *seat, const struct queue *own, size_t count)
{
    if (count == 0 && !seat->is_held)
        return; /* as mostly */
    memset(seat->held, 0, sizeof(seat->held));
    seat->is_held = count > 0;
    for (size_t i = 0; i < count && i < HOLDERS_MAX; i++)
        hold_waiter(seat, own->placed.at[i]);
}

void reserve_before(struct seat *seat, const struct queue *own,
                    const struct queue_place *where)
{
    size_t count = 0;
    if (own != NULL && own->placed.count > 0) {
        const struct waiter bound = { .place = *where };
        count = line_before(&own->placed, &bound, line_by_place);
    }
    hold_first(seat, own, count);
}
