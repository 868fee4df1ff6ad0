/* Can this printer, as it stands, take this job: a row for each verdict. */
#include "engine/match/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

enum { NOW_MS = 1000000 };

/* A job that fits: red PLA of 20 g on a P1S with a nozzle of 0.4 mm. */
struct scene {
    struct seat seat;
    struct material materials[3];
    struct job job;
    struct sliced_filament filaments[2];
    struct sliced_plate plate;
    struct file file;
    struct need needs[1];
    struct avoid avoids[1];
    spd_str wanted[1], has[1], models[2];
    struct substitution accepted[1];
};

static struct material spool(int64_t slot, const char *type, const char *color,
                             double grams)
{
    return (struct material){
        .slot = slot,
        .material_type = str_of(type),
        .color = str_of(color),
        .remaining_grams = grams,
        .loaded = true,
    };
}

static void set_scene(struct scene *scene)
{
    *scene = (struct scene){ 0 };
    fields_init(printer_kind.fields, &scene->seat.printer);
    scene->seat.printer.model = STR("P1S");
    scene->seat.printer.nozzle_diameter_mm = 0.4;
    scene->materials[0] = spool(0, "PLA", "#FF0000", 500);
    scene->seat.materials = scene->materials;
    scene->seat.material_count = 1;
    fields_init(&job_fields, &scene->job);
    scene->job.file_id = 1;
    scene->job.plate = 1;
    scene->filaments[0] = (struct sliced_filament){
        .id = 1, .type = STR("PLA"), .color = STR("#ff0000"), .grams = 20
    };
    scene->filaments[1] = (struct sliced_filament){
        .id = 3, .type = STR("PLA"), .color = STR("#00FF00"), .grams = 5
    };
    scene->plate = (struct sliced_plate){
        .index = 1,
        .filaments = { scene->filaments, 1 },
        .printer_model = STR("P1S"),
        .nozzle_diameter_mm = 0.4,
    };
    scene->file = (struct file){ .id = 1, .plates = { &scene->plate, 1 } };
}

/* -- what is changed about it -- */

static void nothing(struct scene *s)
{
    (void)s;
}
static void is_claimed(struct scene *s)
{
    s->job.phase = PHASE_CLAIMED;
}
static void is_done(struct scene *s)
{
    s->job.status = JOB_COMPLETED;
    s->job.phase = PHASE_DONE;
}
static void has_no_file(struct scene *s)
{
    s->job.file_id = 0;
}
static void names_no_plate(struct scene *s)
{
    s->job.plate = 2;
}
static void starts_now(struct scene *s)
{
    s->job.scheduled_start = NOW_MS;
}
static void starts_later(struct scene *s)
{
    s->job.scheduled_start = NOW_MS + 1;
}
static void is_held_back(struct scene *s)
{
    s->job.held = true;
}
static void is_for_another_printer(struct scene *s)
{
    s->job.printer_id = 7;
}
static void is_tried_again_on_another_printer(struct scene *s)
{
    s->job.stays_on = 7;
}
static void failed_there_before(struct scene *s)
{
    s->avoids[0].printer_id = s->seat.printer.id;
    s->job.avoids = (struct list){ s->avoids, 1 };
}
static void failed_elsewhere_before(struct scene *s)
{
    failed_there_before(s);
    s->avoids[0].printer_id = 7;
}
static void is_for_an_a1(struct scene *s)
{
    s->plate.printer_model = STR("A1");
}
static void names_the_model_in_small_letters(struct scene *s)
{
    s->plate.printer_model = STR("p1s");
}
static void has_another_nozzle(struct scene *s)
{
    s->seat.printer.nozzle_diameter_mm = 0.6;
}
static void has_an_unknown_nozzle(struct scene *s)
{
    s->seat.printer.nozzle_diameter_mm = NAN;
}
static void asks_for_its_nozzle(struct scene *s)
{
    s->job.nozzle_diameter_mm = 0.4;
}
static void asks_for_a_nozzle_nobody_knows(struct scene *s)
{
    asks_for_its_nozzle(s);
    has_an_unknown_nozzle(s);
}
static void asks_for_its_model(struct scene *s)
{
    s->models[0] = STR("X1C");
    s->models[1] = STR("p1s");
    s->job.models = (struct list){ s->models, 2 };
}
static void asks_for_another_model(struct scene *s)
{
    asks_for_its_model(s);
    s->job.models.count = 1;
}
static void is_sliced_for_another_plate(struct scene *s)
{
    s->plate.bed_type = STR("Textured PEI Plate");
    s->seat.printer.plate_type = STR("Cool Plate");
}
static void is_sliced_for_its_plate(struct scene *s)
{
    is_sliced_for_another_plate(s);
    s->seat.printer.plate_type = STR("textured-pei");
}
static void is_sliced_for_a_plate_of_which_nobody_spoke(struct scene *s)
{
    is_sliced_for_another_plate(s);
    s->seat.printer.plate_type = (spd_str){ NULL, 0 };
}
static void asks_for_a_plate_of_which_nobody_spoke(struct scene *s)
{
    is_sliced_for_a_plate_of_which_nobody_spoke(s);
    s->job.plate_type = STR("Textured PEI Plate");
}
static void asks_for_the_plate_it_was_not_sliced_for(struct scene *s)
{
    is_sliced_for_another_plate(s);
    s->job.plate_type = STR("Cool Plate");
}
static void wants_a_tag(struct scene *s)
{
    s->wanted[0] = STR("enclosed");
    s->job.tags = (struct list){ s->wanted, 1 };
}
static void has_the_tag(struct scene *s)
{
    wants_a_tag(s);
    s->has[0] = STR("enclosed");
    s->seat.printer.tags = (struct list){ s->has, 1 };
}
static void is_attended_and_nobody_is_there(struct scene *s)
{
    s->job.attended = true;
    s->seat.unstaffed_until_ms = NOW_MS + 1;
}
static void is_attended_and_somebody_is_there(struct scene *s)
{
    s->job.attended = true;
}
static void has_nothing_loaded(struct scene *s)
{
    s->seat.material_count = 0;
}
static void has_another_type(struct scene *s)
{
    s->materials[0].material_type = STR("PETG");
}
static void accepts(struct scene *s, enum substitution_of of,
                    const char *wanted, const char *has)
{
    s->accepted[0] = (struct substitution){ .of = (int)of,
                                            .wanted = str_of(wanted),
                                            .accepts = str_of(has) };
    s->seat.accepted = (struct list){ s->accepted, 1 };
}
static void has_pla_basic(struct scene *s)
{
    s->materials[0].material_type = STR("PLA Basic");
}
static void has_pla_basic_which_will_do(struct scene *s)
{
    has_pla_basic(s);
    accepts(s, OF_MATERIAL, "pla", "PLA basic");
}
static void wants_pla_basic_where_pla_accepts_it(struct scene *s)
{
    s->filaments[0].type = STR("PLA Basic");
    accepts(s, OF_MATERIAL, "PLA", "PLA Basic");
}
static void has_pla_basic_in_another_color(struct scene *s)
{
    has_pla_basic_which_will_do(s);
    s->materials[0].color = STR("#FE0000");
}
static void is_for_an_a1_which_a_p1s_may_be(struct scene *s)
{
    is_for_an_a1(s);
    accepts(s, OF_MODEL, "A1", "P1S");
}
static void has_a_plate_that_will_do(struct scene *s)
{
    is_sliced_for_another_plate(s);
    accepts(s, OF_PLATE_TYPE, "textured PEI", "cool plate");
}
static void has_another_color(struct scene *s)
{
    s->materials[0].color = STR("#FE0000");
}
static void has_no_color(struct scene *s)
{
    s->materials[0].color = (spd_str){ NULL, 0 };
}
static void has_eight_digits(struct scene *s)
{
    s->materials[0].color = STR("#FF0000ff");
}
static void has_too_few_grams(struct scene *s)
{
    s->materials[0].remaining_grams = 19.9;
}
static void has_just_enough_grams(struct scene *s)
{
    s->materials[0].remaining_grams = 20;
}
static void has_unknown_grams(struct scene *s)
{
    s->materials[0].remaining_grams = NAN;
}
static void chooses_a_slot_of_another_color(struct scene *s)
{
    has_another_color(s);
    s->job.material_slot = 0;
}
static void chooses_an_empty_slot(struct scene *s)
{
    s->job.material_slot = 2;
}
static void chooses_a_slot_of_another_type(struct scene *s)
{
    has_another_type(s);
    s->needs[0] = (struct need){ .filament = 1, .slot = 0 };
    s->job.needs = (struct list){ s->needs, 1 };
}
static void wants_it_in_green(struct scene *s)
{
    s->needs[0] = (struct need){ .filament = 1,
                                 .slot = INT_NONE,
                                 .color = STR("#00FF00") };
    s->job.needs = (struct list){ s->needs, 1 };
}
static void wants_it_in_green_which_is_loaded(struct scene *s)
{
    wants_it_in_green(s);
    s->materials[1] = spool(3, "PLA", "#00ff00", 500);
    s->seat.material_count = 2;
}
static void wants_it_of_another_type(struct scene *s)
{
    wants_it_in_green_which_is_loaded(s);
    s->needs[0].material_type = STR("PETG");
}
static void needs_a_second_color(struct scene *s)
{
    s->plate.filaments.count = 2;
}
static void has_the_second_color(struct scene *s)
{
    s->plate.filaments.count = 2;
    s->materials[1] = spool(3, "PLA", "#00ff00", 5);
    s->seat.material_count = 2;
}
/* Two filaments of one colour come out of one spool: together they need more
 * than it holds. */
static void takes_two_filaments_from_one_spool(struct scene *s)
{
    s->plate.filaments.count = 2;
    s->filaments[1].color = STR("#FF0000");
    s->materials[0].remaining_grams = 22;
}

static const struct sliced_plate *plate_of(const struct scene *scene)
{
    return scene->job.file_id == 0 ? NULL
                                   : file_plate(&scene->file, scene->job.plate);
}

static void each_verdict_is_given_for_its_reason(void **state)
{
    static const struct {
        void (*change)(struct scene *scene);
        enum verdict verdict;
    } rows[] = {
        { nothing, CAN_TAKE },
        { is_claimed, NOT_WAITING },
        { is_done, NOT_WAITING },
        { has_no_file, NO_FILE },
        { names_no_plate, NO_FILE },
        { starts_now, CAN_TAKE },
        { starts_later, NOT_YET },
        { is_held_back, HELD },
        { is_for_another_printer, OTHER_PRINTER },
        { is_tried_again_on_another_printer, OTHER_PRINTER },
        { failed_there_before, AVOIDED },
        { failed_elsewhere_before, CAN_TAKE },
        { is_for_an_a1, WRONG_MODEL },
        { names_the_model_in_small_letters, CAN_TAKE },
        { has_another_nozzle, WRONG_NOZZLE },
        { has_an_unknown_nozzle, CAN_TAKE },
        { asks_for_its_nozzle, CAN_TAKE },
        { asks_for_a_nozzle_nobody_knows, WRONG_NOZZLE },
        { asks_for_its_model, CAN_TAKE },
        { asks_for_another_model, WRONG_MODEL },
        { is_sliced_for_another_plate, WRONG_PLATE },
        { is_sliced_for_its_plate, CAN_TAKE },
        { is_sliced_for_a_plate_of_which_nobody_spoke, CAN_TAKE },
        { asks_for_a_plate_of_which_nobody_spoke, WRONG_PLATE },
        { asks_for_the_plate_it_was_not_sliced_for, CAN_TAKE },
        { wants_a_tag, MISSING_TAG },
        { has_the_tag, CAN_TAKE },
        { is_attended_and_nobody_is_there, UNSTAFFED },
        { is_attended_and_somebody_is_there, CAN_TAKE },
        { has_nothing_loaded, MISSING_MATERIAL },
        { has_another_type, MISSING_MATERIAL },
        { has_pla_basic, MISSING_MATERIAL },
        { has_pla_basic_which_will_do, CAN_TAKE },
        { wants_pla_basic_where_pla_accepts_it, MISSING_MATERIAL },
        { has_pla_basic_in_another_color, MISSING_MATERIAL },
        { is_for_an_a1_which_a_p1s_may_be, CAN_TAKE },
        { has_a_plate_that_will_do, CAN_TAKE },
        { has_another_color, MISSING_MATERIAL },
        { has_no_color, MISSING_MATERIAL },
        { has_eight_digits, CAN_TAKE },
        { has_too_few_grams, TOO_FEW_GRAMS },
        { has_just_enough_grams, CAN_TAKE },
        { has_unknown_grams, CAN_TAKE },
        { chooses_a_slot_of_another_color, CAN_TAKE },
        { chooses_an_empty_slot, MISSING_MATERIAL },
        { chooses_a_slot_of_another_type, MISSING_MATERIAL },
        { wants_it_in_green, MISSING_MATERIAL },
        { wants_it_in_green_which_is_loaded, CAN_TAKE },
        { wants_it_of_another_type, MISSING_MATERIAL },
        { needs_a_second_color, MISSING_MATERIAL },
        { has_the_second_color, CAN_TAKE },
        { takes_two_filaments_from_one_spool, TOO_FEW_GRAMS },
    };
    (void)state;
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        struct scene scene;
        struct arena arena = { 0 };
        struct list feeds = { 0 };
        set_scene(&scene);
        rows[i].change(&scene);
        enum verdict verdict = match(&scene.seat, &scene.job, plate_of(&scene),
                                     NOW_MS, &feeds, &arena);
        if (verdict != rows[i].verdict)
            fail_msg("row %zu: %s instead of %s", i, verdict_name(verdict),
                     verdict_name(rows[i].verdict));
        arena_fini(&arena);
    }
}

static void each_filament_is_given_its_slot_and_its_grams(void **state)
{
    (void)state;
    struct scene scene;
    struct arena arena = { 0 };
    struct list feeds = { 0 };
    set_scene(&scene);
    has_the_second_color(&scene);
    match(&scene.seat, &scene.job, plate_of(&scene), NOW_MS, &feeds, &arena);
    const struct feed *feed = feeds.items;
    assert_int_equal(feeds.count, 2);
    assert_int_equal(feed[0].filament, 1);
    assert_int_equal(feed[0].slot, 0);
    assert_int_equal(feed[1].filament, 3);
    assert_int_equal(feed[1].slot, 3);
    assert_true(feed[1].grams == 5);
    arena_fini(&arena);
}

static int64_t slot_chosen(struct scene *scene)
{
    struct arena arena = { 0 };
    struct list feeds = { 0 };
    int64_t slot = -1;
    if (match(&scene->seat, &scene->job, plate_of(scene), NOW_MS, &feeds,
              &arena) == CAN_TAKE)
        slot = ((const struct feed *)feeds.items)->slot;
    arena_fini(&arena);
    return slot;
}

static void the_spool_that_is_emptiest_is_used_up_first(void **state)
{
    (void)state;
    struct scene scene;
    set_scene(&scene);
    scene.materials[1] = spool(1, "PLA", "#FF0000", 30);
    scene.materials[2] = spool(2, "PLA", "#FF0000", 10);
    scene.seat.material_count = 3;
    assert_int_equal(slot_chosen(&scene), 1);
    scene.job.material_slot = 0;
    assert_int_equal(slot_chosen(&scene), 0);
}

static void the_very_type_goes_before_one_that_counts_as_it(void **state)
{
    (void)state;
    struct scene scene;
    set_scene(&scene);
    has_pla_basic_which_will_do(&scene);
    scene.materials[0].remaining_grams = 30;
    assert_int_equal(slot_chosen(&scene), 0);
    scene.materials[1] = spool(1, "PLA", "#FF0000", 500);
    scene.seat.material_count = 2;
    assert_int_equal(slot_chosen(&scene), 1);
}

/* A spool of unknown grams was taken before one that was known to do. */
static void a_spool_whose_grams_are_known_goes_first(void **state)
{
    (void)state;
    struct scene scene;
    set_scene(&scene);
    scene.materials[0].remaining_grams = NAN;
    scene.materials[1] = spool(1, "PLA", "#FF0000", 30);
    scene.seat.material_count = 2;
    assert_int_equal(slot_chosen(&scene), 1);
}

static void
a_near_colour_does_where_the_job_allows_it_and_the_nearest_wins(void **state)
{
    (void)state;
    struct scene scene;
    set_scene(&scene);
    scene.materials[0] = spool(0, "PLA", "#F00808", 500);
    scene.materials[1] = spool(1, "PLA", "#FE0202", 900);
    scene.materials[2] = spool(2, "PETG", "#FF0000", 900);
    scene.seat.material_count = 3;
    assert_int_equal(slot_chosen(&scene), -1);
    scene.job.color_distance = 5;
    assert_int_equal(slot_chosen(&scene), 1);
    scene.job.color_distance = 0.1;
    assert_int_equal(slot_chosen(&scene), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_verdict_is_given_for_its_reason),
        cmocka_unit_test(each_filament_is_given_its_slot_and_its_grams),
        cmocka_unit_test(the_spool_that_is_emptiest_is_used_up_first),
        cmocka_unit_test(the_very_type_goes_before_one_that_counts_as_it),
        cmocka_unit_test(a_spool_whose_grams_are_known_goes_first),
        cmocka_unit_test(
            a_near_colour_does_where_the_job_allows_it_and_the_nearest_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
