/* What dispatch costs with 100,000 waiting jobs and 1,000 printers: its own
 * code on a real store, without doors and drivers.  Prints
 * [{name, value, unit, goal}]. */
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "engine/queue/plan.h"
#include "engine/queue/supply.h"
#include "shop/material.h"
#include "shop/printer.h"

enum {
    MODELS = 8,
    MATERIALS = 10,
    NOZZLES = 4,
    VARIANTS = 6, /* files that ask for the same but for their grams */
    FILES = MODELS * MATERIALS * NOZZLES * VARIANTS,
    JOBS = 100000,
    PRINTERS = 1000,
    SLOTS = 4,
    BATCH = 1000,
    SAMPLES = 1000,
    MAP_BYTES = 1 << 30,
    LAST_HOUR_MS = 86401 * 1000, /* after every job's start */
};

struct bench {
    struct loop *loop;
    struct store *store;
    int jobs, printers;
};

static uint64_t rng = 88172645463325252ULL;

static int64_t dice(int64_t below)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return (int64_t)(rng >> 20) % below;
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void must(bool well, const struct spd_error *err)
{
    if (well)
        return;
    fprintf(stderr, "bench_dispatch: %s\n", err->text);
    exit(EXIT_FAILURE);
}

/* -- a shop of that size -- */

static const double nozzles[NOZZLES] = { 0.2, 0.4, 0.6, 0.8 };
static struct change change = { "bench.filled", STR_INIT("bench") };

static spd_str text_of(char room[16], const char *word, int64_t number)
{
    int len = snprintf(room, 16, "%s%lld", word, (long long)number);
    return (spd_str){ room, (size_t)len };
}

/* Most want the nozzle that most have. */
static double some_nozzle(void)
{
    return nozzles[dice(10) != 0 ? 1 : dice(NOZZLES)];
}

static int64_t some_material(void)
{
    return dice(4) != 0 ? dice(3) : dice(MATERIALS);
}

static spd_err put_file(spd_txn *txn, int64_t number, struct spd_error *err)
{
    char model[16], type[16], sum[16];
    int64_t kind = number / VARIANTS;
    struct sliced_filament filament = {
        .id = 1,
        .type = text_of(type, "MAT", kind / NOZZLES % MATERIALS),
        .color = STR("#FF0000"),
        .grams = 10 + (double)dice(200),
    };
    struct sliced_plate plate = {
        .index = 1,
        .estimated_seconds = 7200,
        .grams = filament.grams,
        .filaments = { &filament, 1 },
        .printer_model = text_of(model, "M", kind / NOZZLES / MATERIALS),
        .nozzle_diameter_mm = nozzles[kind % NOZZLES],
    };
    struct file file = { .name = STR("part.gcode.3mf"),
                         .sha256 = text_of(sum, "", number),
                         .plates = { &plate, 1 } };
    return record_put(txn, &file_kind, &file, &change, err);
}

static int64_t some_file(void)
{
    int64_t nozzle = dice(10) != 0 ? 1 : dice(NOZZLES);
    int64_t kind =
        (dice(MODELS) * MATERIALS + some_material()) * NOZZLES + nozzle;
    return 1 + kind * VARIANTS + dice(VARIANTS);
}

static spd_err put_job(spd_txn *txn, int64_t number, struct spd_error *err)
{
    (void)number;
    struct job job = {
        .job_name = STR("part"),
        .file_name = STR("part.gcode.3mf"),
        .priority = dice(10),
        .scheduled_start = dice(3) == 0 ? 0 : 1 + dice(86400) * 1000,
        .estimated_duration_minutes = 30 + dice(300),
        .material_slot = INT_NONE,
        .nozzle_temp = INT_NONE,
        .bed_temp = INT_NONE,
        .print_speed = INT_NONE,
        .file_id = some_file(),
        .plate = 1,
        .copies = 1,
    };
    return record_put(txn, &job_kind, &job, &change, err);
}

static spd_err put_printer(spd_txn *txn, int64_t number, struct spd_error *err)
{
    char name[16], model[16], type[16];
    struct printer printer = {
        .name = text_of(name, "P", number),
        .model = text_of(model, "M", dice(MODELS)),
        .kind = STR("bench"),
        .enabled = true,
        .plate_clear = true,
        .nozzle_diameter_mm = some_nozzle(),
    };
    spd_err rc = record_put(txn, &printer_kind, &printer, &change, err);
    for (int64_t slot = 0; slot < SLOTS && rc == SPD_OK; slot++) {
        int64_t which = slot < 2 ? slot : dice(MATERIALS);
        struct material material = {
            .printer_id = printer.id,
            .slot = slot,
            .material_type = text_of(type, "MAT", which),
            .color = STR("#FF0000"),
            .weight_grams = 1000,
            .remaining_pct = NAN,
            .remaining_grams = 300 + (double)dice(700),
            .cost_per_kg = NAN,
            .loaded = true,
        };
        rc = record_put(txn, &material_kind, &material, &change, err);
    }
    return rc;
}

struct batch {
    spd_err (*put)(spd_txn *txn, int64_t number, struct spd_error *err);
    int64_t from, to;
};

static spd_err run_batch(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct batch *batch = arg;
    spd_err rc = SPD_OK;
    for (int64_t i = batch->from; i < batch->to && rc == SPD_OK; i++)
        rc = batch->put(txn, i, err);
    return rc;
}

static void fill(struct bench *bench,
                 spd_err (*put)(spd_txn *, int64_t, struct spd_error *),
                 int64_t count)
{
    struct spd_error err = { 0 };
    for (int64_t from = 0; from < count; from += BATCH) {
        int64_t to = from + BATCH < count ? from + BATCH : count;
        struct batch batch = { put, from, to };
        must(store_write_now(bench->store, run_batch, &batch, &err) == SPD_OK,
             &err);
    }
}

static void open_bench(struct bench *bench, const char *folder)
{
    struct spd_error err = { 0 };
    struct store_options options = {
        .folder = folder,
        .map_bytes = MAP_BYTES,
        .kinds = shop_kinds,
        .kind_count = shop_kind_count,
        .min_free_bytes = 1,
    };
    bench->loop = loop_new(&clock_system, &err);
    must(bench->loop != NULL, &err);
    bench->store = store_open(bench->loop, &options, &err);
    must(bench->store != NULL, &err);
    fill(bench, put_file, FILES);
    fill(bench, put_printer, bench->printers);
    fill(bench, put_job, bench->jobs);
}

/* -- what is measured -- */

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

/* A figure that must stay below its goal. */
static void say(const char *name, double value, const char *unit, double goal)
{
    static const char *before = "[";
    printf("%s{\"name\": \"%s\", \"value\": %.3f, \"unit\": \"%s\", "
           "\"goal\": %g}",
           before, name, value, unit, goal);
    before = ",\n ";
}

static void say_median(const char *name, double *samples, size_t count,
                       double goal)
{
    qsort(samples, count, sizeof(*samples), by_value);
    say(name, samples[count / 2], "us", goal);
}

static struct waiting *measure_load(const struct bench *bench)
{
    struct waiting *waiting = waiting_new();
    struct mallinfo2 before = mallinfo2();
    spd_txn *txn = store_read(bench->store);
    double began = now_us();
    waiting_load(waiting, txn);
    waiting_wake(waiting, LAST_HOUR_MS);
    say("what waits, made anew at a start", (now_us() - began) / 1e3, "ms",
        500);
    store_read_end(txn);
    struct mallinfo2 after = mallinfo2();
    say("memory of a waiting job",
        (double)(after.uordblks - before.uordblks) /
            (double)waiting_count(waiting),
        "bytes", 500);
    return waiting;
}

/* As after the end of a print: its slots are read anew. */
static void measure_choice(const struct bench *bench, struct waiting *waiting,
                           struct places *places)
{
    double *took = mem_array((size_t)bench->printers, sizeof(*took));
    spd_txn *txn = store_read(bench->store);
    for (int i = 0; i < bench->printers; i++) {
        struct place *place = places_of(places, i + 1);
        double began = now_us();
        place_read(place, txn);
        struct waiter *waiter = place_first(place, waiting);
        if (waiter != NULL)
            waiting_take(waiting, waiter);
        took[i] = now_us() - began;
    }
    store_read_end(txn);
    say_median("the next job for a printer", took, (size_t)bench->printers, 50);
    free(took);
}

static void measure_no_fit(const struct bench *bench,
                           const struct waiting *waiting, struct places *places)
{
    double *took = mem_array((size_t)bench->printers, sizeof(*took));
    spd_txn *txn = store_read(bench->store);
    for (int i = 0; i < bench->printers; i++) {
        struct place *place = places_of(places, i + 1);
        places_forget(places, i + 1);
        double began = now_us();
        place_read(place, txn);
        place->seat.printer.model = STR("none");
        if (place_first(place, waiting) != NULL)
            abort();
        took[i] = now_us() - began;
    }
    store_read_end(txn);
    say_median("a printer that nothing fits", took, (size_t)bench->printers,
               50);
    free(took);
}

/* Taken in, and offered to every printer, all of them idle. */
static void measure_add(const struct bench *bench, struct waiting *waiting,
                        const struct places *places)
{
    static double took[SAMPLES];
    spd_txn *txn = store_read(bench->store);
    for (int i = 0; i < SAMPLES; i++) {
        int64_t id = 1 + dice(bench->jobs);
        double began = now_us();
        waiting_refresh(waiting, txn, id);
        waiting_wake(waiting, LAST_HOUR_MS);
        took[i] = now_us() - began;
    }
    say_median("a job is taken in", took, SAMPLES, 50);
    for (int i = 0; i < SAMPLES / 10; i++) {
        waiting_refresh(waiting, txn, 1 + dice(bench->jobs));
        waiting_wake(waiting, LAST_HOUR_MS);
        double began = now_us();
        for (size_t j = 0; j < places->count; j++)
            place_first(places->at[j], waiting);
        took[i] = now_us() - began;
    }
    say_median("and offered to all printers", took, SAMPLES / 10, 50);
    store_read_end(txn);
}

/* The next day of the whole farm, all of it idle; a plan is made in steps, and
 * the longest of them is what the loop is kept from the rest. */
static void measure_plan(const struct bench *bench, struct waiting *waiting)
{
    struct shop shop = { .loop = bench->loop, .store = bench->store };
    shop.fleet = fleet_new(&shop);
    struct engine engine = { .shop = &shop, .waiting = waiting };
    engine.policy.loop = bench->loop;
    spd_txn *txn = store_read(bench->store);
    double began = now_us(), longest_us = 0;
    struct plan *plan = plan_new(&engine, 24, 10 * 60 * 1000);
    double copied_us = now_us() - began;
    plan->stands = mem_array((size_t)bench->printers, sizeof(*plan->stands));
    for (int i = 0; i < bench->printers; i++) {
        struct stand *stand = &plan->stands[plan->stand_count++];
        stand->place = places_of(&plan->places, i + 1);
        stand->free_ms = plan->from_ms;
        stand->last = &stand->first;
        place_read(stand->place, txn);
    }
    for (bool goes_on = true; goes_on;) {
        double step = now_us();
        goes_on = plan_step(plan, txn);
        if (now_us() - step > longest_us)
            longest_us = now_us() - step;
    }
    say("a plan of 24 hours", (now_us() - began) / 1e3, "ms", 2000);
    say("the copy it begins with", copied_us / 1e3, "ms", 50);
    say("its longest step", longest_us / 1e3, "ms", 50);
    store_read_end(txn);
    plan_free(plan);
    fleet_free(shop.fleet);
}

static void measure_filament(const struct bench *bench, struct waiting *waiting,
                             struct places *places)
{
    struct shop shop = { .loop = bench->loop, .store = bench->store };
    struct engine engine = { .shop = &shop, .waiting = waiting };
    engine.places = *places;
    struct survey survey = { .engine = &engine };
    survey.txn = store_read(bench->store);
    double began = now_us();
    survey_make(&survey);
    survey_find_ends(&survey);
    say("what there is of each filament", (now_us() - began) / 1e3, "ms", 20);
    store_read_end(survey.txn);
    survey_fini(&survey);
    *places = engine.places;
}

int main(int argc, char **argv)
{
    struct bench bench = { .jobs = JOBS, .printers = PRINTERS };
    if (argc < 2) {
        fprintf(stderr, "usage: bench_dispatch FOLDER [JOBS PRINTERS]\n");
        return EXIT_FAILURE;
    }
    if (argc == 4) {
        bench.jobs = atoi(argv[2]);
        bench.printers = atoi(argv[3]);
    }
    struct places places = { 0 };
    open_bench(&bench, argv[1]);
    struct waiting *waiting = measure_load(&bench);
    measure_choice(&bench, waiting, &places);
    measure_no_fit(&bench, waiting, &places);
    measure_add(&bench, waiting, &places);
    measure_plan(&bench, waiting);
    measure_filament(&bench, waiting, &places);
    printf("]\n");
    places_fini(&places);
    waiting_free(waiting);
    store_close(bench.store);
    loop_free(bench.loop);
    return EXIT_SUCCESS;
}
