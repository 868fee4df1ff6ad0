#include "shop/sliced.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive.h"
#include "shop/sliced_internal.h"

#define INFO "Metadata/slice_info.config"
#define SETTINGS "Metadata/project_settings.config"

static struct scene {
    struct archive *archive;
    struct arena arena;
    struct list plates;
    struct spd_error err;
} the;

static int set_up(void **state)
{
    (void)state;
    memset(&the, 0, sizeof(the));
    the.archive = archive_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    archive_free(the.archive);
    arena_fini(&the.arena);
    return 0;
}

/* -- given -- */

#define PLATE_HEAD(index)                                                      \
    "<plate><metadata key=\"index\" value=\"" index "\"/>"                     \
    "<metadata key=\"printer_model_id\" value=\"N1\"/>"                        \
    "<metadata key=\"nozzle_diameters\" value=\"0.4\"/>"                       \
    "<metadata key=\"prediction\" value=\"600\"/>"                             \
    "<metadata key=\"weight\" value=\"5.5\"/>"
#define PLA "<filament id=\"1\" type=\"PLA\" color=\"#FFFFFF\" used_g=\"5.5\"/>"
#define PLATE(index) PLATE_HEAD(index) PLA "</plate>"

static void add_info(const char *inside)
{
    char text[8192];
    int len = snprintf(text, sizeof(text),
                       "<?xml version=\"1.0\"?><config>%s"
                       "</config>",
                       inside);
    assert_true(len > 0 && (size_t)len < sizeof(text));
    archive_add(the.archive, INFO, text);
}

static void add_gcode(void)
{
    archive_add(the.archive, "Metadata/plate_1.gcode", "G28\nG1 X10\n");
}

/* A file with one plate, described by `inside`. */
static void given_plate(const char *inside)
{
    add_info(inside);
    add_gcode();
    archive_write(the.archive);
}

/* -- when, then -- */

static spd_err read_it(void)
{
    return sliced_read(archive_path(the.archive), &the.arena, &the.plates,
                       &the.err);
}

static const struct sliced_plate *plate_at(size_t i)
{
    assert_true(i < the.plates.count);
    return (const struct sliced_plate *)the.plates.items + i;
}

static const struct sliced_filament *filament_at(size_t plate, size_t i)
{
    assert_true(i < plate_at(plate)->filaments.count);
    const struct sliced_filament *items = plate_at(plate)->filaments.items;
    return items + i;
}

static void check_str(spd_str text, const char *expected)
{
    if (str_is(text, expected))
        return;
    print_error("\"%.*s\" is not \"%s\"\n", STR_ARG(text), expected);
    fail();
}

static void check_real(double value, double expected)
{
    assert_true(fabs(value - expected) < 1e-9);
}

static void check_accepted(void)
{
    if (read_it() == SPD_OK)
        return;
    print_error("refused: %s\n", the.err.text);
    fail();
}

/* The sentence says so, and what to do. */
static void check_refused(const char *because)
{
    assert_int_equal(read_it(), SPD_EINVAL);
    assert_int_equal(the.err.code, SPD_EINVAL);
    if (strstr(the.err.text, because) == NULL ||
        (strstr(the.err.text, "slice") == NULL &&
         strstr(the.err.text, "upload") == NULL)) {
        print_error("\"%s\" does not say \"%s\"\n", the.err.text, because);
        fail();
    }
}

/* -- real files -- */

static const char *shared_folder(void)
{
    const char *folder = getenv("SPOOLD_SHARED");
    return folder != NULL ? folder : SPOOLD_SHARED;
}

/* Skips the test where the file is absent. */
static const char *real_file(const char *name)
{
    spd_str path =
        arena_printf(&the.arena, "%s/bambu/3mf/%s", shared_folder(), name);
    if (access(path.ptr, R_OK) == 0)
        return path.ptr;
    print_message("skipped: there is no %s\n", path.ptr);
    skip();
    return NULL;
}

static void read_real(const char *name)
{
    if (sliced_read(real_file(name), &the.arena, &the.plates, &the.err) ==
        SPD_OK)
        return;
    print_error("%s: %s\n", name, the.err.text);
    fail();
}

static void check_plate(size_t i, int64_t index, int64_t seconds, double grams,
                        const char *model_id, const char *model_name)
{
    const struct sliced_plate *plate = plate_at(i);
    assert_int_equal(plate->index, index);
    assert_int_equal(plate->estimated_seconds, seconds);
    check_real(plate->grams, grams);
    check_real(plate->nozzle_diameter_mm, 0.4);
    check_str(plate->slicer_model_id, model_id);
    check_str(plate->slicer_model_name, model_name);
    check_str(plate->bed_type, "Textured PEI Plate");
    assert_true(plate->has_thumbnail);
    assert_false(plate->uses_support);
    assert_null(plate->printer_model.ptr);
}

static void check_filament(size_t plate, size_t i, int64_t id, const char *type,
                           const char *color, const char *profile, double grams)
{
    const struct sliced_filament *filament = filament_at(plate, i);
    assert_int_equal(filament->id, id);
    check_str(filament->type, type);
    check_str(filament->color, color);
    check_str(filament->profile, profile);
    check_real(filament->grams, grams);
}

static void a_real_file_of_one_plate_is_read(void **state)
{
    (void)state;
    read_real("a1mini-1plate-pla.gcode.3mf");
    assert_int_equal(the.plates.count, 1);
    check_plate(0, 1, 1095, 2.83, "N1", "Bambu Lab A1 mini");
    assert_int_equal(plate_at(0)->filaments.count, 1);
    check_filament(0, 0, 1, "PLA", "#00AE42", "GFA00", 2.83);
}

static void a_real_file_of_two_plates_is_read(void **state)
{
    (void)state;
    read_real("x1c-2plates-pla.gcode.3mf");
    assert_int_equal(the.plates.count, 2);
    check_plate(0, 1, 1216, 6.75, "BL-P001", "Bambu Lab X1 Carbon");
    check_filament(0, 0, 1, "PLA", "#00AE42", "GFA00", 6.75);
    check_plate(1, 2, 1094, 3.91, "BL-P001", "Bambu Lab X1 Carbon");
    check_filament(1, 0, 1, "PLA", "#00AE42", "GFA00", 3.91);
}

static void filament_numbers_of_a_real_file_stay_sparse(void **state)
{
    (void)state;
    read_real("p1s-2filaments-sparse-ids-1-4.gcode.3mf");
    assert_int_equal(the.plates.count, 1);
    check_plate(0, 1, 7745, 32.12, "C12", "Bambu Lab P1S");
    assert_int_equal(plate_at(0)->filaments.count, 2);
    check_filament(0, 0, 1, "PLA", "#FFFFFF", "GFL99", 23.43);
    check_filament(0, 1, 4, "PLA", "#161616", "GFL99", 8.70);
}

static void a_real_file_without_model_id_has_the_models_name(void **state)
{
    (void)state;
    read_real("orca-p1s-petgcf-no-model-id.gcode.3mf");
    assert_int_equal(the.plates.count, 1);
    check_plate(0, 1, 686, 0.81, "", "Bambu Lab P1S");
    assert_null(plate_at(0)->slicer_model_id.ptr);
    check_filament(0, 0, 1, "PETG-CF", "#F2754E", "GFG98", 0.81);
}

static void a_real_project_that_was_not_sliced_is_refused(void **state)
{
    (void)state;
    const char *path = real_file("x1c-2plates-UNSLICED.3mf");
    assert_int_equal(sliced_read(path, &the.arena, &the.plates, &the.err),
                     SPD_EINVAL);
    assert_string_equal(
        the.err.text,
        "This 3MF holds a project that has not been sliced: open it in the "
        "slicer, slice the plates, and export the sliced file (.gcode.3mf).");
}

static void a_real_file_without_its_gcode_is_refused(void **state)
{
    (void)state;
    const char *path = real_file("a1-plate8-2colours.metadata-only.3mf");
    assert_int_equal(sliced_read(path, &the.arena, &the.plates, &the.err),
                     SPD_EINVAL);
    assert_non_null(strstr(the.err.text, "its G-code was removed"));
}

static void plate_8_of_a_real_file_keeps_its_number(void **state)
{
    (void)state;
    const char *path = real_file("a1-plate8-2colours.metadata-only.3mf");
    assert_int_equal(sliced_describe(path, &the.arena, &the.plates, &the.err),
                     SPD_OK);
    assert_int_equal(the.plates.count, 1);
    check_plate(0, 8, 6757, 68.73, "N2S", "Bambu Lab A1");
    assert_int_equal(plate_at(0)->filaments.count, 2);
    check_filament(0, 0, 1, "PLA", "#FFFFFF", "P74f6566", 67.81);
    check_filament(0, 1, 2, "PLA", "#2850E0", "GFA00", 0.92);
}

static void the_thumbnail_of_a_real_plate_is_a_png(void **state)
{
    (void)state;
    struct buf png = { 0 };
    const char *path = real_file("x1c-2plates-pla.gcode.3mf");
    assert_int_equal(sliced_thumbnail(path, 2, &png, &the.err), SPD_OK);
    assert_int_equal(png.len, 14920);
    assert_memory_equal(png.ptr, "\x89PNG", 4);
    assert_int_equal(sliced_thumbnail(path, 3, &png, &the.err), SPD_ENOTFOUND);
    assert_int_equal(png.len, 14920);
    buf_fini(&png);
}

/* -- which plates there are -- */

static void plates_come_in_the_order_of_their_numbers(void **state)
{
    (void)state;
    archive_add(the.archive, "Metadata/plate_12.gcode", "G28\n");
    given_plate(PLATE("12") PLATE("1"));
    check_accepted();
    assert_int_equal(the.plates.count, 2);
    assert_int_equal(plate_at(0)->index, 1);
    assert_int_equal(plate_at(1)->index, 12);
}

static void a_plate_without_gcode_is_left_out(void **state)
{
    (void)state;
    given_plate(PLATE("1") PLATE("2"));
    check_accepted();
    assert_int_equal(the.plates.count, 1);
    assert_int_equal(plate_at(0)->index, 1);
}

static void what_a_left_out_plate_lacks_does_no_harm(void **state)
{
    (void)state;
    given_plate(PLATE("1") "<plate><metadata key=\"index\" value=\"2\"/>"
                           "</plate>");
    check_accepted();
    assert_int_equal(the.plates.count, 1);
}

static void an_empty_gcode_counts_as_removed(void **state)
{
    (void)state;
    add_info(PLATE("1"));
    archive_add(the.archive, "Metadata/plate_1.gcode", "");
    archive_write(the.archive);
    check_refused("its G-code was removed");
}

static void gcode_of_other_plates_is_refused(void **state)
{
    (void)state;
    given_plate(PLATE("2"));
    check_refused("not the ones it holds G-code of");
}

static void gcode_without_a_description_is_refused(void **state)
{
    (void)state;
    add_gcode();
    archive_write(the.archive);
    check_refused("does not describe its plates");
}

static void a_zip_of_something_else_is_refused(void **state)
{
    (void)state;
    archive_add(the.archive, "holiday.txt", "sun");
    archive_write(the.archive);
    check_refused("not a 3MF file");
}

static void two_plates_of_one_number_are_refused(void **state)
{
    (void)state;
    given_plate(PLATE("1") PLATE("1"));
    check_refused("two plates the same number");
}

static void more_than_64_plates_are_refused(void **state)
{
    (void)state;
    struct buf text = { 0 };
    for (int i = 1; i <= SLICED_MAX_PLATES + 1; i++)
        buf_printf(&text, "<plate><metadata key='index' value='%d'/></plate>",
                   i);
    buf_put_char(&text, '\0');
    given_plate(text.ptr);
    buf_fini(&text);
    check_refused("more than 64");
}

/* -- what a plate says -- */

static void an_empty_weight_is_what_the_filaments_weigh(void **state)
{
    (void)state;
    given_plate("<plate><metadata key='index' value='1'/>"
                "<metadata key='weight' value=''/>"
                "<metadata key='printer_model_id' value='N1'/>"
                "<filament id='2' type='PLA' used_g='1.5' "
                "nozzle_diameter='0.4'/>"
                "<filament id='1' type='PETG' used_g='2.25'/></plate>");
    check_accepted();
    check_real(plate_at(0)->grams, 3.75);
    check_str(filament_at(0, 0)->type, "PETG");
    assert_null(filament_at(0, 0)->color.ptr);
}

static void numbers_that_are_missing_are_unknown(void **state)
{
    (void)state;
    given_plate("<plate><metadata key='index' value='1'/>"
                "<metadata key='printer_model_id' value='N1'/>"
                "<filament id='1' type='PLA' nozzle_diameter='0.6'/></plate>");
    check_accepted();
    assert_true(plate_at(0)->estimated_seconds == INT_NONE);
    assert_true(isnan(plate_at(0)->grams));
    assert_true(isnan(filament_at(0, 0)->grams));
    check_real(plate_at(0)->nozzle_diameter_mm, 0.6);
    assert_null(plate_at(0)->bed_type.ptr);
    assert_false(plate_at(0)->has_thumbnail);
}

static void the_project_says_what_a_plate_leaves_out(void **state)
{
    (void)state;
    archive_add(the.archive, SETTINGS,
                "{\"printer_model\":\"Bambu Lab P1S\","
                "\"curr_bed_type\":\"Cool Plate\","
                "\"nozzle_diameter\":[\"0.8\",\"0.8\"]}");
    given_plate("<plate><metadata key='index' value='1'/>" PLA "</plate>");
    check_accepted();
    assert_null(plate_at(0)->slicer_model_id.ptr);
    check_str(plate_at(0)->slicer_model_name, "Bambu Lab P1S");
    check_str(plate_at(0)->bed_type, "Cool Plate");
    check_real(plate_at(0)->nozzle_diameter_mm, 0.8);
}

static void the_nozzle_of_the_filaments_counts(void **state)
{
    (void)state;
    given_plate("<plate><metadata key='index' value='1'/>"
                "<metadata key='printer_model_id' value='O1D'/>"
                "<metadata key='nozzle_diameters' value='0.4,0.6'/>"
                "<filament id='1' type='PLA' nozzle_diameter='0.60'/></plate>");
    check_accepted();
    check_real(plate_at(0)->nozzle_diameter_mm, 0.6);
}

static void a_color_loses_its_opacity_and_gets_capitals(void **state)
{
    (void)state;
    given_plate(PLATE_HEAD("1") "<filament id='1' type='PLA' "
                                "color='#ffae42cc'/></plate>");
    check_accepted();
    check_str(filament_at(0, 0)->color, "#FFAE42");
}

static void support_is_told(void **state)
{
    (void)state;
    given_plate(PLATE_HEAD(
        "1") "<metadata key='support_used' value='true'/>" PLA "</plate>");
    check_accepted();
    assert_true(plate_at(0)->uses_support);
}

/* What stands inside the plate block, and the sentence it earns. */
static const struct refusal_row {
    const char *inside, *because;
} refusal_rows[] = {
    { "<metadata key='index' value='0'/>", "index is \"0\"" },
    { "<metadata key='index' value='-1'/>", "index is \"-1\"" },
    { "<metadata key='index' value='99999999999999999999'/>", "index is" },
    { PLA, "a plate without a number" },
    { "<metadata key='index' value='1'/>" PLA, "for which printer" },
    { "<metadata key='index' value='1'/>"
      "<metadata key='printer_model_id' value='N1'/>" PLA,
      "for which nozzle" },
    { "<metadata key='index' value='1'/>"
      "<metadata key='nozzle_diameters' value='0.4'/>"
      "<metadata key='printer_model_id' value='N1'/>",
      "names no filament" },
    { "<metadata key='prediction' value='1e9'/>", "prediction is \"1e9\"" },
    { "<metadata key='prediction' value='99999999999'/>", "prediction is" },
    { "<metadata key='prediction' value='-5'/>", "prediction is" },
    { "<metadata key='weight' value='nan'/>", "weight is \"nan\"" },
    { "<metadata key='weight' value='inf'/>", "weight is" },
    { "<metadata key='weight' value='1e300'/>", "weight is" },
    { "<metadata key='weight' value='-1'/>", "weight is" },
    { "<metadata key='nozzle_diameters' value='0'/>", "nozzle_diameters is" },
    { "<metadata key='nozzle_diameters' value='0.4,x'/>",
      "nozzle_diameters is" },
    { "<metadata key='index' value='1'/>"
      "<metadata key='nozzle_diameters' value='0.4 0.6'/>"
      "<metadata key='printer_model_id' value='N1'/>" PLA,
      "different diameters" },
    { "<metadata key='support_used' value='maybe'/>", "support_used is" },
    { "<filament id='0' type='PLA'/>", "id is \"0\"" },
    { "<filament id='65' type='PLA'/>", "id is \"65\"" },
    { "<filament type='PLA'/>", "without its number or type" },
    { "<filament id='1'/>", "without its number or type" },
    { PLA PLA, "two filaments of a plate the same number" },
    { "<filament id='1' type='PLA' color='red'/>", "color is \"red\"" },
    { "<filament id='1' type='PLA' color='#GGGGGG'/>", "color is" },
    { "<filament id='1' type='PLA' used_g='-2'/>", "used_g is" },
    { "<filament id='1' type='PLA' nozzle_diameter='9'/>",
      "nozzle_diameter is" },
};

static void absurd_and_missing_statements_are_refused_by_name(void **state)
{
    for (size_t i = 0; i < FIELD_COUNT(refusal_rows); i++) {
        tear_down(state);
        set_up(state);
        spd_str inside = arena_printf(&the.arena, "<plate>%s</plate>",
                                      refusal_rows[i].inside);
        given_plate(inside.ptr);
        check_refused(refusal_rows[i].because);
    }
}

static void a_name_of_a_thousand_bytes_is_refused(void **state)
{
    (void)state;
    char long_name[1001] = { 0 };
    memset(long_name, 'x', 1000);
    spd_str inside = arena_printf(
        &the.arena, "<plate><filament id='1' type='%s'/></plate>", long_name);
    given_plate(inside.ptr);
    check_refused("type is \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"");
}

/* -- hostile XML and JSON -- */

static void xml_with_a_document_type_is_refused(void **state)
{
    (void)state;
    archive_add(the.archive, INFO,
                "<?xml version=\"1.0\"?><!DOCTYPE config [<!ENTITY a "
                "SYSTEM \"file:///etc/passwd\">]><config>&a;</config>");
    add_gcode();
    archive_write(the.archive);
    check_refused("declares a document type");
}

static void xml_that_nests_deep_is_refused(void **state)
{
    (void)state;
    struct buf text = { 0 };
    for (int i = 0; i < 1000; i++)
        buf_put(&text, STR("<a>"));
    buf_put_char(&text, '\0');
    given_plate(text.ptr);
    buf_fini(&text);
    check_refused("nests deeper");
}

static void xml_that_breaks_off_is_refused(void **state)
{
    (void)state;
    archive_add(the.archive, INFO, "<config><plate><metadata key=");
    add_gcode();
    archive_write(the.archive);
    check_refused("is damaged (line 1");
}

static void settings_that_are_no_json_are_refused(void **state)
{
    (void)state;
    archive_add(the.archive, SETTINGS, "{\"printer_model\":");
    given_plate(PLATE("1"));
    check_refused("settings in this file are damaged");
}

/* Noise, so that it does not look like a bomb. */
static void add_noise(const char *name, size_t bytes)
{
    struct buf text = { 0 };
    uint32_t noise = 1;
    while (text.len < bytes) {
        noise = noise * 1664525 + 1013904223;
        buf_printf(&text, "%08x", (unsigned)noise);
    }
    archive_add_bytes(the.archive, name, buf_str(&text));
    buf_fini(&text);
}

static void settings_beyond_a_mebibyte_are_refused(void **state)
{
    (void)state;
    add_noise(SETTINGS, JSON_MAX_BYTES + 1);
    given_plate(PLATE("1"));
    check_refused("larger than any slicer writes it");
}

static void a_description_beyond_8_mebibytes_is_refused(void **state)
{
    (void)state;
    add_noise(INFO, SLICED_MAX_META_BYTES + 1);
    add_gcode();
    archive_write(the.archive);
    check_refused("larger than any slicer writes it");
}

/* -- hostile archives -- */

static void junk_is_refused(void **state)
{
    (void)state;
    archive_write_raw(the.archive, STR("this is no archive at all..."));
    check_refused("This is not a 3MF file");
}

static void an_empty_file_is_refused(void **state)
{
    (void)state;
    archive_write_raw(the.archive, STR(""));
    check_refused("This is not a 3MF file");
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    for (int64_t less = 1; less < 400; less += 7) {
        tear_down(state);
        set_up(state);
        given_plate(PLATE("1"));
        archive_cut(the.archive, less);
        check_refused("");
    }
}

static void a_file_without_its_end_is_said_to_be_cut_off(void **state)
{
    (void)state;
    given_plate(PLATE("1"));
    archive_cut(the.archive, 30);
    check_refused("cut off");
}

static void a_gibibyte_of_zeros_is_refused_before_it_is_unpacked(void **state)
{
    (void)state;
    archive_add_zeros(the.archive, "3D/3dmodel.model", INT64_C(1) << 30);
    given_plate(PLATE("1"));
    check_refused("200 times its size");
}

static void gcode_may_be_as_repetitive_as_it_likes(void **state)
{
    (void)state;
    add_info(PLATE("1"));
    archive_add_zeros(the.archive, "Metadata/plate_1.gcode", 16 << 20);
    archive_write(the.archive);
    check_accepted();
}

/* Sizes are changed in the directory and in the entry's own header. */
static void claim_size(uint32_t from, uint32_t to)
{
    char old[4], new[4];
    for (int i = 0; i < 4; i++) {
        old[i] = (char)(from >> (8 * i));
        new[i] = (char)(to >> (8 * i));
    }
    archive_replace(the.archive, (spd_str){ old, 4 }, (spd_str){ new, 4 });
}

static void more_than_4_gib_of_gcode_are_refused(void **state)
{
    (void)state;
    enum { SIZE = 0x123456 };
    add_info(PLATE("1"));
    archive_add_zeros(the.archive, "Metadata/plate_1.gcode", SIZE);
    archive_add_zeros(the.archive, "Metadata/plate_2.gcode", SIZE);
    archive_write(the.archive);
    claim_size(SIZE, 0xF0000000);
    check_refused("more than 4 GiB");
}

static void an_entry_that_lies_about_its_size_is_refused(void **state)
{
    (void)state;
    static const char info[] = "<config>" PLATE("1") "</config>";
    archive_add(the.archive, INFO, info);
    add_gcode();
    archive_write(the.archive);
    claim_size(sizeof(info) - 1, 100);
    check_refused("");
}

static void ten_thousand_and_one_entries_are_refused(void **state)
{
    (void)state;
    for (int i = 0; i < SLICED_MAX_ENTRIES + 1; i++) {
        char name[32];
        snprintf(name, sizeof(name), "entry %d", i);
        archive_add(the.archive, name, "");
    }
    archive_write(the.archive);
    check_refused("more than 10000 entries");
}

/* No entry at all, but 2^32 claimed: memory must not follow the claim. */
static void a_claim_of_billions_of_entries_is_refused_by_itself(void **state)
{
    (void)state;
    archive_write_raw(
        the.archive,
        STR("PK\6\6\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0\0\0\0\0\0\0\0\0"
            "\0\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
            "PK\6\7\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0"
            "PK\5\6\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
            "\0\0"));
    check_refused("more than 10000 entries");
}

static void two_entries_of_one_name_are_refused(void **state)
{
    (void)state;
    archive_add(the.archive, "Metadata/plate_2.gcode", "G29\n");
    given_plate(PLATE("1"));
    archive_replace(the.archive, STR("plate_2.gcode"), STR("plate_1.gcode"));
    check_refused("two entries of one name");
}

static void an_encrypted_file_is_refused(void **state)
{
    (void)state;
    add_info(PLATE("1"));
    add_gcode();
    archive_encrypt(the.archive);
    archive_write(the.archive);
    check_refused("encrypted");
}

static void a_symbolic_link_is_refused(void **state)
{
    (void)state;
    archive_add(the.archive, "Metadata/plate_1.png", "/etc/passwd");
    archive_make_link(the.archive);
    given_plate(PLATE("1"));
    check_refused("symbolic link");
}

static void names_that_lead_outside_are_refused(void **state)
{
    static const char *const names[] = {
        "/etc/cron.d/job",
        "../up",
        "Metadata/../../up",
        "a/..",
        "..",
        "..\\up.bat",
        "C:\\autoexec.bat",
        "\\\\host\\x",
    };
    for (size_t i = 0; i < FIELD_COUNT(names); i++) {
        tear_down(state);
        set_up(state);
        archive_add(the.archive, names[i], "boo");
        given_plate(PLATE("1"));
        check_refused("leads outside");
    }
}

static void dots_within_a_name_do_no_harm(void **state)
{
    (void)state;
    archive_add(the.archive, "3D/part..v2/a...model", "x");
    given_plate(PLATE("1"));
    check_accepted();
}

/* A text this short is stored as it is. */
static void bytes_changed_on_the_way_are_noticed(void **state)
{
    (void)state;
    archive_add(the.archive, SETTINGS, "{\"printer_model\":\"XYZ\"}");
    given_plate(PLATE("1"));
    archive_replace(the.archive, STR("XYZ"), STR("XYW"));
    check_refused(SETTINGS " of this file is damaged");
}

static void a_file_that_is_not_there_is_the_disks_fault(void **state)
{
    (void)state;
    assert_int_equal(
        sliced_read("/nonexistent/file.3mf", &the.arena, &the.plates, &the.err),
        SPD_EIO);
}

/* -- thumbnails -- */

#define PNG_HEAD "\x89PNG\r\n\x1a\n"

static void a_thumbnail_is_handed_over_as_it_is(void **state)
{
    (void)state;
    archive_add(the.archive, "Metadata/plate_1.png", PNG_HEAD "picture");
    given_plate(PLATE("1"));
    check_accepted();
    assert_true(plate_at(0)->has_thumbnail);
    struct buf png = { 0 };
    assert_int_equal(
        sliced_thumbnail(archive_path(the.archive), 1, &png, &the.err), SPD_OK);
    check_str(buf_str(&png), PNG_HEAD "picture");
    buf_fini(&png);
}

static void a_page_that_calls_itself_a_picture_is_not_handed_out(void **state)
{
    (void)state;
    archive_add(the.archive, "Metadata/plate_1.png", "<script>1</script>");
    given_plate(PLATE("1"));
    struct buf png = { 0 };
    assert_int_equal(
        sliced_thumbnail(archive_path(the.archive), 1, &png, &the.err),
        SPD_ENOTFOUND);
    assert_int_equal(png.len, 0);
    buf_fini(&png);
}

/* -- as a record -- */

static void a_plate_survives_the_store(void **state)
{
    (void)state;
    archive_add(the.archive, "Metadata/plate_1.png", PNG_HEAD);
    given_plate(PLATE("1"));
    check_accepted();
    struct buf packed = { 0 }, before = { 0 }, after = { 0 };
    fields_pack(&sliced_plate_fields, plate_at(0), &packed);
    struct sliced_plate plate;
    assert_true(fields_unpack(&sliced_plate_fields, &plate, buf_str(&packed),
                              &the.arena));
    spd_jsonw w;
    jsonw_init(&w, &before);
    fields_write(&sliced_plate_fields, plate_at(0), &w);
    jsonw_init(&w, &after);
    fields_write(&sliced_plate_fields, &plate, &w);
    check_str(buf_str(&after), arena_str(&the.arena, buf_str(&before)).ptr);
    assert_true(plate.has_thumbnail && plate.filaments.count == 1);
    buf_fini(&packed);
    buf_fini(&before);
    buf_fini(&after);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_real_file_of_one_plate_is_read),
        TEST(a_real_file_of_two_plates_is_read),
        TEST(filament_numbers_of_a_real_file_stay_sparse),
        TEST(a_real_file_without_model_id_has_the_models_name),
        TEST(a_real_project_that_was_not_sliced_is_refused),
        TEST(a_real_file_without_its_gcode_is_refused),
        TEST(plate_8_of_a_real_file_keeps_its_number),
        TEST(the_thumbnail_of_a_real_plate_is_a_png),
        TEST(plates_come_in_the_order_of_their_numbers),
        TEST(a_plate_without_gcode_is_left_out),
        TEST(what_a_left_out_plate_lacks_does_no_harm),
        TEST(an_empty_gcode_counts_as_removed),
        TEST(gcode_of_other_plates_is_refused),
        TEST(gcode_without_a_description_is_refused),
        TEST(a_zip_of_something_else_is_refused),
        TEST(two_plates_of_one_number_are_refused),
        TEST(more_than_64_plates_are_refused),
        TEST(an_empty_weight_is_what_the_filaments_weigh),
        TEST(numbers_that_are_missing_are_unknown),
        TEST(the_project_says_what_a_plate_leaves_out),
        TEST(the_nozzle_of_the_filaments_counts),
        TEST(a_color_loses_its_opacity_and_gets_capitals),
        TEST(support_is_told),
        TEST(absurd_and_missing_statements_are_refused_by_name),
        TEST(a_name_of_a_thousand_bytes_is_refused),
        TEST(xml_with_a_document_type_is_refused),
        TEST(xml_that_nests_deep_is_refused),
        TEST(xml_that_breaks_off_is_refused),
        TEST(settings_that_are_no_json_are_refused),
        TEST(settings_beyond_a_mebibyte_are_refused),
        TEST(a_description_beyond_8_mebibytes_is_refused),
        TEST(junk_is_refused),
        TEST(an_empty_file_is_refused),
        TEST(a_file_cut_anywhere_is_refused),
        TEST(a_file_without_its_end_is_said_to_be_cut_off),
        TEST(a_gibibyte_of_zeros_is_refused_before_it_is_unpacked),
        TEST(gcode_may_be_as_repetitive_as_it_likes),
        TEST(more_than_4_gib_of_gcode_are_refused),
        TEST(an_entry_that_lies_about_its_size_is_refused),
        TEST(ten_thousand_and_one_entries_are_refused),
        TEST(a_claim_of_billions_of_entries_is_refused_by_itself),
        TEST(two_entries_of_one_name_are_refused),
        TEST(an_encrypted_file_is_refused),
        TEST(a_symbolic_link_is_refused),
        TEST(names_that_lead_outside_are_refused),
        TEST(dots_within_a_name_do_no_harm),
        TEST(bytes_changed_on_the_way_are_noticed),
        TEST(a_file_that_is_not_there_is_the_disks_fault),
        TEST(a_thumbnail_is_handed_over_as_it_is),
        TEST(a_page_that_calls_itself_a_picture_is_not_handed_out),
        TEST(a_plate_survives_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
