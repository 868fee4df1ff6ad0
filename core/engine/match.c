#include "engine/match.h"

#include <math.h>

static const char *const verdict_names[] = {
    [CAN_TAKE] = "can_take",
    [NOT_WAITING] = "not_waiting",
    [NO_FILE] = "no_file",
    [NOT_YET] = "not_yet",
    [WRONG_MODEL] = "wrong_model",
    [WRONG_NOZZLE] = "wrong_nozzle",
    [MISSING_TAG] = "missing_tag",
    [MISSING_MATERIAL] = "missing_material",
    [TOO_FEW_GRAMS] = "too_few_grams",
};

const char *verdict_name(enum verdict verdict)
{
    return verdict_names[verdict];
}

static bool has_tag(const struct printer *printer, spd_str tag)
{
    const spd_str *tags = printer->tags.items;
    for (size_t i = 0; i < printer->tags.count; i++)
        if (str_equal(tags[i], tag))
            return true;
    return false;
}

static bool has_tags(const struct printer *printer, const struct job *job)
{
    const spd_str *wanted = job->tags.items;
    for (size_t i = 0; i < job->tags.count; i++)
        if (!has_tag(printer, wanted[i]))
            return false;
    return true;
}

/* A nozzle nobody knows fits: the slicer's word is all there is then. */
static bool nozzle_fits(const struct printer *printer,
                        const struct sliced_plate *plate)
{
    return isnan(printer->nozzle_diameter_mm) ||
           isnan(plate->nozzle_diameter_mm) ||
           fabs(printer->nozzle_diameter_mm - plate->nozzle_diameter_mm) <
               0.005;
}

/* The slot a person chose for this filament; INT_NONE: any. */
static int64_t chosen_slot(const struct job *job,
                           const struct sliced_plate *plate, int64_t filament)
{
    const struct need *needs = job->needs.items;
    for (size_t i = 0; i < job->needs.count; i++)
        if (needs[i].filament == filament)
            return needs[i].slot;
    return plate->filaments.count == 1 ? job->material_slot : INT_NONE;
}

/* "#rrggbb" or "#RRGGBBAA": the colour is the first six digits. */
static bool same_color(spd_str a, spd_str b)
{
    spd_str left = { a.ptr, a.len < 7 ? a.len : 7 };
    spd_str right = { b.ptr, b.len < 7 ? b.len : 7 };
    return left.len == 7 && str_equal_fold(left, right);
}

/* A slot a person chose need only hold the type; one that we choose must hold
 * the colour too: never silently by type alone. */
static bool holds(const struct material *material,
                  const struct sliced_filament *filament, int64_t chosen)
{
    if (chosen != INT_NONE && material->slot != chosen)
        return false;
    return str_equal_fold(material->material_type, filament->type) &&
           (chosen != INT_NONE || same_color(material->color, filament->color));
}

/* What is left of it; of a spool nobody weighed, as much as one likes. */
static double grams_left(const struct material *material)
{
    return isnan(material->remaining_grams) ? INFINITY
                                            : material->remaining_grams;
}

/* What this print takes out of the slot for its filaments before. */
static double grams_taken(const struct list *feeds, int64_t slot)
{
    const struct feed *feed = feeds->items;
    double grams = 0;
    for (size_t i = 0; i < feeds->count; i++)
        if (feed[i].slot == slot)
            grams += feed[i].grams;
    return grams;
}

/* The slot that will be emptiest: half-used spools are used up first. Adds it
 * to the feeds. */
static enum verdict find_slot(const struct seat *seat,
                              const struct sliced_filament *filament,
                              int64_t chosen, struct list *feeds)
{
    const struct material *best = NULL;
    bool is_held = false;
    for (size_t i = 0; i < seat->material_count; i++) {
        const struct material *material = &seat->materials[i];
        if (!holds(material, filament, chosen))
            continue;
        is_held = true;
        double needed = filament->grams + grams_taken(feeds, material->slot);
        if (grams_left(material) < needed)
            continue;
        if (best == NULL || grams_left(material) < grams_left(best))
            best = material;
    }
    if (best == NULL)
        return is_held ? TOO_FEW_GRAMS : MISSING_MATERIAL;
    struct feed *feed = feeds->items;
    feed[feeds->count++] =
        (struct feed){ filament->id, best->slot, filament->grams };
    return CAN_TAKE;
}

static enum verdict find_slots(const struct seat *seat, const struct job *job,
                               const struct sliced_plate *plate,
                               struct list *feeds, struct arena *arena)
{
    const struct sliced_filament *filaments = plate->filaments.items;
    struct list found = {
        arena_new(arena, plate->filaments.count * sizeof(struct feed)), 0
    };
    for (size_t i = 0; i < plate->filaments.count; i++) {
        int64_t chosen = chosen_slot(job, plate, filaments[i].id);
        enum verdict verdict = find_slot(seat, &filaments[i], chosen, &found);
        if (verdict != CAN_TAKE)
            return verdict;
    }
    *feeds = found;
    return CAN_TAKE;
}

enum verdict match(const struct seat *seat, const struct job *job,
                   const struct file *file, int64_t now_ms, struct list *feeds,
                   struct arena *arena)
{
    if (!job_is_waiting(job))
        return NOT_WAITING;
    const struct sliced_plate *plate =
        job->file_id == 0 ? NULL : file_plate(file, job->plate);
    if (plate == NULL)
        return NO_FILE;
    if (job->scheduled_start > now_ms)
        return NOT_YET;
    if (!str_equal_fold(plate->printer_model, seat->printer.model))
        return WRONG_MODEL;
    if (!nozzle_fits(&seat->printer, plate))
        return WRONG_NOZZLE;
    if (!has_tags(&seat->printer, job))
        return MISSING_TAG;
    return find_slots(seat, job, plate, feeds, arena);
}
