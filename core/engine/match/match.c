#include "engine/match/match.h"

#include <math.h>

#include "base/color.h"
#include "base/moment.h"

static const char *const verdict_names[] = {
    [CAN_TAKE] = "can_take",
    [NOT_WAITING] = "not_waiting",
    [NO_FILE] = "no_file",
    [HELD] = "held",
    [NOT_YET] = "not_yet",
    [OTHER_PRINTER] = "other_printer",
    [AVOIDED] = "avoided",
    [WRONG_MODEL] = "wrong_model",
    [WRONG_NOZZLE] = "wrong_nozzle",
    [WRONG_PLATE] = "wrong_plate",
    [MISSING_TAG] = "missing_tag",
    [UNSTAFFED] = "unstaffed",
    [MISSING_MATERIAL] = "missing_material",
    [TOO_FEW_GRAMS] = "too_few_grams",
    [SWITCHED_OFF] = "switched_off",
    [NOT_CONNECTED] = "not_connected",
    [BUSY] = "busy",
    [HAS_ERROR] = "has_error",
    [PLATE_NOT_CLEAR] = "plate_not_clear",
    [RESTS] = "rests",
    [MAINTENANCE_DUE] = "maintenance_due",
    [QUIET_HOURS] = "quiet_hours",
    [CIRCUIT_FULL] = "circuit_full",
    [STAGGERED] = "staggered",
    [HELD_BY_RULE] = "held_by_rule",
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

/* The first tag the job asks for and the printer lacks; NULL: none. */
static const spd_str *tag_lacking(const struct printer *printer,
                                  const struct job *job)
{
    const spd_str *wanted = job->tags.items;
    for (size_t i = 0; i < job->tags.count; i++)
        if (!has_tag(printer, wanted[i]))
            return &wanted[i];
    return NULL;
}

int64_t match_chosen_slot(const struct job *job,
                          const struct sliced_plate *plate, int64_t filament)
{
    const struct need *needs = job->needs.items;
    for (size_t i = 0; i < job->needs.count; i++)
        if (needs[i].filament == filament && needs[i].slot != INT_NONE)
            return needs[i].slot;
    return plate->filaments.count == 1 ? job->material_slot : INT_NONE;
}

struct sliced_filament match_filament(const struct job *job,
                                      const struct sliced_filament *sliced)
{
    const struct need *needs = job->needs.items;
    struct sliced_filament filament = *sliced;
    for (size_t i = 0; i < job->needs.count; i++) {
        if (needs[i].filament != sliced->id)
            continue;
        if (needs[i].material_type.len > 0)
            filament.type = needs[i].material_type;
        if (needs[i].color.len > 0)
            filament.color = needs[i].color;
    }
    return filament;
}

/* "#rrggbb" or "#RRGGBBAA": the colour is the first six digits. */
static bool same_color(spd_str a, spd_str b)
{
    spd_str left = { a.ptr, a.len < 7 ? a.len : 7 };
    spd_str right = { b.ptr, b.len < 7 ? b.len : 7 };
    return left.len == 7 && str_equal_fold(left, right);
}

/* How far the slot's colour is from the one wanted; INFINITY: farther than the
 * job allows. */
static double distance_of(spd_str has, spd_str wanted, double allowed)
{
    struct color one, other;
    if (same_color(has, wanted))
        return 0;
    if (allowed == 0 || !color_parse(has, &one) || !color_parse(wanted, &other))
        return INFINITY;
    double distance = color_distance(&one, &other);
    return distance <= allowed ? distance : INFINITY;
}

/* How little a slot is what a filament wants: first the colour counts, then
 * whether it is the very type. */
struct misfit {
    double distance; /* of the colours; INFINITY: it will not do */
    bool is_other_type;
};

/* A slot a person chose need only hold the type; one that we choose must hold
 * the colour too: never silently by type alone. */
static struct misfit misfit_of(const struct seat *seat,
                               const struct material *material,
                               const struct sliced_filament *filament,
                               int64_t chosen, double allowed)
{
    struct misfit misfit = { INFINITY, false };
    if ((chosen != INT_NONE && material->slot != chosen) ||
        !seat_accepts(seat, OF_MATERIAL, filament->type,
                      material->material_type))
        return misfit;
    misfit.distance =
        chosen != INT_NONE
            ? 0
            : distance_of(material->color, filament->color, allowed);
    misfit.is_other_type =
        !str_equal_fold(material->material_type, filament->type);
    return misfit;
}

/* What is left of it for this job; of a spool nobody weighed, as much as one
 * likes. */
static double grams_left(const struct seat *seat,
                         const struct material *material)
{
    if (isnan(material->remaining_grams))
        return INFINITY;
    return material->remaining_grams - seat->held[material - seat->materials];
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

struct option {
    const struct material *material; /* NULL: none */
    struct misfit misfit;
    double grams; /* left of it */
};

/* The nearest colour, then the very type, and among equals the one that will
 * be emptiest: half-used spools are used up first. */
static bool is_better(const struct option *a, const struct option *b)
{
    if (b->material == NULL)
        return true;
    if (a->misfit.distance != b->misfit.distance)
        return a->misfit.distance < b->misfit.distance;
    if (a->misfit.is_other_type != b->misfit.is_other_type)
        return b->misfit.is_other_type;
    return a->grams < b->grams;
}

/* Adds the slot to the feeds. */
static enum verdict find_slot(const struct seat *seat, const struct job *job,
                              const struct sliced_filament *filament,
                              int64_t chosen, struct list *feeds)
{
    struct option best = { .material = NULL };
    bool is_there = false;
    for (size_t i = 0; i < seat->material_count; i++) {
        struct option option = { .material = &seat->materials[i] };
        option.misfit = misfit_of(seat, option.material, filament, chosen,
                                  job->color_distance);
        if (isinf(option.misfit.distance))
            continue;
        is_there = true;
        option.grams = grams_left(seat, option.material);
        double needed =
            filament->grams + grams_taken(feeds, option.material->slot);
        if (option.grams >= needed && is_better(&option, &best))
            best = option;
    }
    if (best.material == NULL)
        return is_there ? TOO_FEW_GRAMS : MISSING_MATERIAL;
    struct feed *feed = feeds->items;
    feed[feeds->count++] =
        (struct feed){ filament->id, best.material->slot, filament->grams };
    return CAN_TAKE;
}

/* `hungry`: the filament that no slot can feed, if any. */
static enum verdict find_slots(const struct seat *seat, const struct job *job,
                               const struct sliced_plate *plate,
                               struct list *feeds, struct arena *arena,
                               struct sliced_filament *hungry)
{
    const struct sliced_filament *filaments = plate->filaments.items;
    struct list found = {
        arena_new(arena, plate->filaments.count * sizeof(struct feed)), 0
    };
    for (size_t i = 0; i < plate->filaments.count; i++) {
        struct sliced_filament filament = match_filament(job, &filaments[i]);
        int64_t chosen = match_chosen_slot(job, plate, filament.id);
        enum verdict verdict = find_slot(seat, job, &filament, chosen, &found);
        *hungry = filament;
        if (verdict != CAN_TAKE)
            return verdict;
    }
    *feeds = found;
    return CAN_TAKE;
}

/* -- a job and a printer, side by side -- */

struct pairing {
    const struct seat *seat;
    const struct printer *printer; /* of the seat */
    const struct job *job;
    const struct sliced_plate *plate; /* NULL: no file, or no such plate */
    int64_t now_ms, unstaffed_until_ms;
};

static bool is_waiting(const struct pairing *pair)
{
    return job_is_waiting(pair->job);
}

static bool has_plate(const struct pairing *pair)
{
    return pair->plate != NULL;
}

static bool is_released(const struct pairing *pair)
{
    return !pair->job->held;
}

static bool is_due(const struct pairing *pair)
{
    return pair->job->scheduled_start <= pair->now_ms;
}

static bool is_for_it(const struct pairing *pair)
{
    int64_t only = job_only_printer(pair->job);
    return only == 0 || only == pair->printer->id;
}

static bool is_trusted(const struct pairing *pair)
{
    return !job_avoids(pair->job, pair->printer->id);
}

static bool fits_model(const struct pairing *pair)
{
    return pair->plate == NULL ||
           seat_accepts(pair->seat, OF_MODEL, pair->plate->printer_model,
                        pair->printer->model);
}

static bool is_asked_for(const struct pairing *pair)
{
    const spd_str *models = pair->job->models.items;
    for (size_t i = 0; i < pair->job->models.count; i++)
        if (str_equal_fold(models[i], pair->printer->model))
            return true;
    return pair->job->models.count == 0;
}

/* As sliced, where the job does not say; NAN: nobody does. */
static double nozzle_wanted(const struct pairing *pair)
{
    if (!isnan(pair->job->nozzle_diameter_mm) || pair->plate == NULL)
        return pair->job->nozzle_diameter_mm;
    return pair->plate->nozzle_diameter_mm;
}

/* A nozzle nobody knows fits, for the slicer's word is all there is then; but
 * not where the job itself asks for one. */
static bool fits_nozzle(const struct pairing *pair)
{
    double wanted = nozzle_wanted(pair),
           has = pair->printer->nozzle_diameter_mm;
    if (isnan(wanted))
        return true;
    return isnan(has) ? isnan(pair->job->nozzle_diameter_mm)
                      : fabs(has - wanted) < 0.005;
}

/* As sliced, where the job does not say; no text: nobody does. */
static spd_str plate_wanted(const struct pairing *pair)
{
    if (pair->job->plate_type.len > 0 || pair->plate == NULL)
        return pair->job->plate_type;
    return pair->plate->bed_type;
}

/* The same as with nozzles. */
static bool fits_plate(const struct pairing *pair)
{
    spd_str wanted = plate_wanted(pair), has = pair->printer->plate_type;
    if (wanted.len == 0)
        return true;
    return has.len == 0 ? pair->job->plate_type.len == 0
                        : seat_accepts(pair->seat, OF_PLATE_TYPE, wanted, has);
}

static bool has_tags(const struct pairing *pair)
{
    return tag_lacking(pair->printer, pair->job) == NULL;
}

static bool is_attended(const struct pairing *pair)
{
    return !pair->job->attended || pair->unstaffed_until_ms == 0;
}

static void say_status(const struct pairing *pair, struct buf *out)
{
    buf_printf(out, "the job is %s (%s)", job_status_names[pair->job->status],
               job_phase_names[pair->job->phase]);
}

static void say_file(const struct pairing *pair, struct buf *out)
{
    if (pair->job->file_id == 0)
        buf_printf(out, "the job has no file: it is started by hand");
    else
        buf_printf(out, "the job's file has no plate %lld",
                   (long long)pair->job->plate);
}

static void say_held(const struct pairing *pair, struct buf *out)
{
    (void)pair;
    buf_printf(out, "the job is on hold; release it");
}

static void say_due(const struct pairing *pair, struct buf *out)
{
    char moment[MOMENT_BYTES];
    spd_str text = moment_text(pair->job->scheduled_start, moment);
    buf_printf(out, "the job is scheduled for %.*s", STR_ARG(text));
}

static void say_printer(const struct pairing *pair, struct buf *out)
{
    buf_printf(out, "the job is for printer %lld alone",
               (long long)job_only_printer(pair->job));
}

static void say_avoided(const struct pairing *pair, struct buf *out)
{
    (void)pair;
    buf_printf(out, "it failed this job before, and the job is to be tried "
                    "again elsewhere");
}

static void say_model(const struct pairing *pair, struct buf *out)
{
    buf_printf(out, "it is of the model %.*s, and the file was sliced for %.*s",
               STR_ARG(pair->printer->model),
               STR_ARG(pair->plate->printer_model));
}

static void say_models(const struct pairing *pair, struct buf *out)
{
    const spd_str *models = pair->job->models.items;
    buf_printf(out, "it is of the model %.*s, and the job asks for ",
               STR_ARG(pair->printer->model));
    for (size_t i = 0; i < pair->job->models.count; i++)
        buf_printf(out, "%s%.*s", i == 0 ? "" : " or ", STR_ARG(models[i]));
}

static void say_nozzle(const struct pairing *pair, struct buf *out)
{
    double has = pair->printer->nozzle_diameter_mm;
    bool asks = !isnan(pair->job->nozzle_diameter_mm);
    if (isnan(has))
        buf_printf(out, "nobody knows its nozzle");
    else
        buf_printf(out, "its nozzle is of %g mm", has);
    buf_printf(out, ", and the %s one of %g mm",
               asks ? "job asks for" : "file was sliced for",
               nozzle_wanted(pair));
}

static void say_plate(const struct pairing *pair, struct buf *out)
{
    spd_str has = pair->printer->plate_type, wanted = plate_wanted(pair);
    bool asks = pair->job->plate_type.len > 0;
    if (has.len == 0)
        buf_printf(out, "nobody said which build plate is on it");
    else
        buf_printf(out, "the %.*s is on it", STR_ARG(has));
    buf_printf(out, ", and the %s the %.*s; put it on, and say so",
               asks ? "job asks for" : "file was sliced for", STR_ARG(wanted));
}

static void say_tag(const struct pairing *pair, struct buf *out)
{
    const spd_str *tag = tag_lacking(pair->printer, pair->job);
    buf_printf(out, "the job asks for the tag \"%.*s\", which it lacks",
               STR_ARG(*tag));
}

static void say_unstaffed(const struct pairing *pair, struct buf *out)
{
    char text[HOURS_TEXT_BYTES];
    buf_printf(out, "a person has to be there when the job starts, and ");
    if (pair->unstaffed_until_ms == INT64_MAX)
        buf_printf(out, "no staffed hours are set for this printer; add some");
    else
        buf_printf(out, "nobody is before %s",
                   hours_text(pair->unstaffed_until_ms, text));
}

/* All but the filaments, in the order of the verdicts. */
static const struct condition {
    enum verdict breach;
    bool (*holds)(const struct pairing *pair);
    void (*say)(const struct pairing *pair, struct buf *out);
    bool lasts; /* is it so whatever is loaded and done? */
} conditions[] = {
    { NOT_WAITING, is_waiting, say_status, false },
    { NO_FILE, has_plate, say_file, false },
    { HELD, is_released, say_held, false },
    { NOT_YET, is_due, say_due, false },
    { OTHER_PRINTER, is_for_it, say_printer, true },
    { AVOIDED, is_trusted, say_avoided, false },
    { WRONG_MODEL, fits_model, say_model, true },
    { WRONG_MODEL, is_asked_for, say_models, true },
    { WRONG_NOZZLE, fits_nozzle, say_nozzle, true },
    { WRONG_PLATE, fits_plate, say_plate, false },
    { MISSING_TAG, has_tags, say_tag, true },
    { UNSTAFFED, is_attended, say_unstaffed, false },
};

enum verdict match(const struct seat *seat, const struct job *job,
                   const struct sliced_plate *plate, int64_t now_ms,
                   struct list *feeds, struct arena *arena)
{
    const struct pairing pair = { seat,   &seat->printer,          job, plate,
                                  now_ms, seat->unstaffed_until_ms };
    struct sliced_filament hungry;
    for (size_t i = 0; i < SPD_COUNT(conditions); i++)
        if (!conditions[i].holds(&pair))
            return conditions[i].breach;
    return find_slots(seat, job, plate, feeds, arena, &hungry);
}

const struct sliced_plate *job_plate(spd_txn *txn, const struct job *job,
                                     struct arena *arena)
{
    struct file *file = arena_new(arena, sizeof(*file));
    if (job->file_id == 0 ||
        record_get(txn, &file_kind, job->file_id, file, arena, NULL) != SPD_OK)
        return NULL;
    return file_plate(file, job->plate);
}

/* -- what is looked at -- */

static void put_bytes(struct buf *key, const void *bytes, size_t size)
{
    buf_put(key, (spd_str){ bytes, size });
}

static void put_int(struct buf *key, int64_t value)
{
    put_bytes(key, &value, sizeof(value));
}

static void put_real(struct buf *key, double value)
{
    put_bytes(key, &value, sizeof(value));
}

static void put_text(struct buf *key, spd_str text)
{
    put_int(key, (int64_t)text.len);
    buf_put(key, text);
}

static void put_texts(struct buf *key, const struct list *list)
{
    const spd_str *texts = list->items;
    put_int(key, (int64_t)list->count);
    for (size_t i = 0; i < list->count; i++)
        put_text(key, texts[i]);
}

static void put_filaments(struct buf *key, const struct job *job,
                          const struct sliced_plate *plate)
{
    const struct sliced_filament *filaments = plate->filaments.items;
    put_int(key, (int64_t)plate->filaments.count);
    for (size_t i = 0; i < plate->filaments.count; i++) {
        struct sliced_filament filament = match_filament(job, &filaments[i]);
        put_int(key, match_chosen_slot(job, plate, filament.id));
        put_text(key, filament.type);
        put_text(key, filament.color);
    }
}

void match_key(const struct job *job, const struct sliced_plate *plate,
               struct buf *key)
{
    const struct avoid *avoids = job->avoids.items;
    put_int(key, job_only_printer(job));
    put_int(key, job->attended);
    put_real(key, job->color_distance);
    put_text(key, plate->printer_model);
    put_real(key, plate->nozzle_diameter_mm);
    put_real(key, job->nozzle_diameter_mm);
    put_text(key, plate->bed_type);
    put_text(key, job->plate_type);
    put_filaments(key, job, plate);
    put_texts(key, &job->tags);
    put_texts(key, &job->models);
    for (size_t i = 0; i < job->avoids.count; i++)
        put_int(key, avoids[i].printer_id);
}

/* Does the slot still hold what it was chosen for, beside what the print takes
 * out of it for its filaments `before`? */
static bool feed_holds(const struct seat *seat, const struct pairing *pair,
                       const struct feed *feed, const struct list *before)
{
    const struct sliced_filament *sliced = pair->plate->filaments.items;
    const struct sliced_filament *end = sliced + pair->plate->filaments.count;
    const struct material *material = seat->materials;
    const struct material *last = material + seat->material_count;
    while (sliced < end && sliced->id != feed->filament)
        sliced++;
    while (material < last && material->slot != feed->slot)
        material++;
    if (sliced == end || material == last)
        return false;
    struct sliced_filament wanted = match_filament(pair->job, sliced);
    int64_t chosen = match_chosen_slot(pair->job, pair->plate, wanted.id);
    double needed = wanted.grams + grams_taken(before, feed->slot);
    struct misfit misfit =
        misfit_of(seat, material, &wanted, chosen, pair->job->color_distance);
    return !isinf(misfit.distance) && grams_left(seat, material) >= needed;
}

bool match_holds(const struct seat *seat, const struct job *job,
                 const struct sliced_plate *plate, const struct list *feeds)
{
    const struct pairing pair = { seat, &seat->printer, job, plate, 0, 0 };
    const struct feed *feed = feeds->items;
    bool holds = plate != NULL && fits_model(&pair) && fits_nozzle(&pair) &&
                 fits_plate(&pair);
    for (size_t i = 0; i < feeds->count && holds; i++) {
        struct list before = { feeds->items, i };
        holds = feed_holds(seat, &pair, &feed[i], &before);
    }
    return holds;
}

/* -- for people -- */

/* "PLA" and "PLA Basic": the one begins the other. */
static bool is_kin(spd_str a, spd_str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    return shorter > 0 && str_equal_fold((spd_str){ a.ptr, shorter },
                                         (spd_str){ b.ptr, shorter });
}

/* A slot that would do, if its type counted as the one wanted; NULL: none. */
static const struct material *near_miss(const struct seat *seat,
                                        const struct sliced_filament *filament)
{
    for (size_t i = 0; i < seat->material_count; i++) {
        const struct material *material = &seat->materials[i];
        if (same_color(material->color, filament->color) &&
            is_kin(material->material_type, filament->type) &&
            !seat_accepts(seat, OF_MATERIAL, filament->type,
                          material->material_type))
            return material;
    }
    return NULL;
}

static void say_missing(const struct seat *seat,
                        const struct sliced_filament *filament, struct buf *out)
{
    const struct material *near = near_miss(seat, filament);
    spd_str type = filament->type;
    buf_printf(out,
               "no slot holds %.*s in %.*s, nor what counts as %.*s here, "
               "which filament %lld of the file needs; load it",
               STR_ARG(type), STR_ARG(filament->color), STR_ARG(type),
               (long long)filament->id);
    if (near != NULL)
        buf_printf(out,
                   " (slot %lld holds %.*s in that colour: if that will do "
                   "for %.*s, make it a substitution)",
                   (long long)near->slot, STR_ARG(near->material_type),
                   STR_ARG(type));
}

/* The slot that would do, if nothing of it were held; NULL: none. */
static const struct material *held_one(const struct pairing *pair,
                                       const struct sliced_filament *filament)
{
    int64_t chosen = match_chosen_slot(pair->job, pair->plate, filament->id);
    for (size_t i = 0; i < pair->seat->material_count; i++) {
        const struct material *material = &pair->seat->materials[i];
        struct misfit misfit = misfit_of(pair->seat, material, filament, chosen,
                                         pair->job->color_distance);
        if (!isinf(misfit.distance) && pair->seat->held[i] > 0 &&
            material->remaining_grams >= filament->grams)
            return material;
    }
    return NULL;
}

static void say_too_few(const struct pairing *pair,
                        const struct sliced_filament *filament, struct buf *out)
{
    const struct material *held = held_one(pair, filament);
    buf_printf(out,
               "no slot holds the %g g of %.*s in %.*s that filament %lld of "
               "the file needs; load a fuller spool",
               filament->grams, STR_ARG(filament->type),
               STR_ARG(filament->color), (long long)filament->id);
    if (held != NULL)
        buf_printf(out,
                   " (slot %lld has %g g, of which %g g are held for jobs "
                   "before it)",
                   (long long)held->slot, held->remaining_grams,
                   pair->seat->held[held - pair->seat->materials]);
}

static void say_hungry(const struct pairing *pair, enum verdict verdict,
                       const struct sliced_filament *filament, struct buf *out)
{
    if (verdict == MISSING_MATERIAL)
        say_missing(pair->seat, filament, out);
    else
        say_too_few(pair, filament, out);
}

static void explain_slots(const struct seat *seat, const struct pairing *pair,
                          reason_fn *fn, void *arg)
{
    struct arena arena = { 0 };
    struct buf sentence = { 0 };
    struct list feeds;
    struct sliced_filament hungry;
    enum verdict verdict =
        find_slots(seat, pair->job, pair->plate, &feeds, &arena, &hungry);
    if (verdict != CAN_TAKE) {
        say_hungry(pair, verdict, &hungry, &sentence);
        buf_put_char(&sentence, '\0');
        fn(arg, verdict, sentence.ptr);
    }
    buf_fini(&sentence);
    arena_fini(&arena);
}

static void explain_conditions(const struct pairing *pair, bool lasting_only,
                               reason_fn *fn, void *arg)
{
    struct buf sentence = { 0 };
    for (size_t i = 0; i < SPD_COUNT(conditions); i++) {
        const struct condition *condition = &conditions[i];
        if ((lasting_only && !condition->lasts) || condition->holds(pair))
            continue;
        buf_clear(&sentence);
        condition->say(pair, &sentence);
        buf_put_char(&sentence, '\0');
        fn(arg, condition->breach, sentence.ptr);
    }
    buf_fini(&sentence);
}

void match_explain(const struct seat *seat, const struct job *job,
                   const struct sliced_plate *plate, int64_t now_ms,
                   reason_fn *fn, void *arg)
{
    const struct pairing pair = { seat,   &seat->printer,          job, plate,
                                  now_ms, seat->unstaffed_until_ms };
    explain_conditions(&pair, false, fn, arg);
    if (plate != NULL && fits_model(&pair))
        explain_slots(seat, &pair, fn, arg);
}

void match_explain_lasting(const struct seat *seat, const struct job *job,
                           const struct sliced_plate *plate, reason_fn *fn,
                           void *arg)
{
    const struct pairing pair = { seat, &seat->printer, job, plate, 0, 0 };
    explain_conditions(&pair, true, fn, arg);
}
