#include "shop/sliced.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "shop/sliced_internal.h"

/* -- the records -- */

static const struct field filament_rows[] = {
    FIELD(sliced_filament, id, FIELD_INT,
          "The filament's number in the file, from 1; numbers may be missing",
          .min = 1, .max = SLICED_MAX_FILAMENTS, .example = "1"),
    FIELD(sliced_filament, type, FIELD_TEXT, "Its material",
          .example = "\"PLA\""),
    FIELD(sliced_filament, color, FIELD_TEXT, "Its colour, #RRGGBB",
          .example = "\"#00AE42\""),
    FIELD(sliced_filament, profile, FIELD_TEXT,
          "The slicer's own id of the filament", .example = "\"GFA00\""),
    FIELD(sliced_filament, grams, FIELD_REAL, "How much the plate uses of it",
          .max = 1e6, .example = "2.83"),
};

const struct fields sliced_filament_fields = {
    .name = "sliced_filament",
    .size = sizeof(struct sliced_filament),
    .rows = filament_rows,
    .count = FIELD_COUNT(filament_rows),
};

static const struct field plate_rows[] = {
    FIELD(sliced_plate, index, FIELD_INT,
          "The plate's number in the file; need not start at 1", .min = 1,
          .max = 9999, .example = "1"),
    FIELD(sliced_plate, estimated_seconds, FIELD_INT,
          "How long the slicer expects the print to take", .max = 1e9,
          .example = "1095"),
    FIELD(sliced_plate, grams, FIELD_REAL, "All filaments together", .max = 1e8,
          .example = "2.83"),
    FIELD(sliced_plate, filaments, FIELD_LIST, "The filaments it needs",
          .of = &sliced_filament_fields, .max = SLICED_MAX_FILAMENTS),
    FIELD(sliced_plate, slicer_model_id, FIELD_TEXT,
          "The slicer's id of the printer model", .example = "\"N1\""),
    FIELD(sliced_plate, slicer_model_name, FIELD_TEXT,
          "The slicer's name of the printer model",
          .example = "\"Bambu Lab A1 mini\""),
    FIELD(sliced_plate, printer_model, FIELD_TEXT,
          "The printer model it was sliced for", .example = "\"A1 mini\""),
    FIELD(sliced_plate, nozzle_diameter_mm, FIELD_REAL,
          "The nozzle it was sliced for", .max = 5, .example = "0.4"),
    FIELD(sliced_plate, bed_type, FIELD_TEXT,
          "The build plate it was sliced for",
          .example = "\"Textured PEI Plate\""),
    FIELD(sliced_plate, has_thumbnail, FIELD_BOOL,
          "Is there a picture of it in the file?", .example = "true"),
    FIELD(sliced_plate, uses_support, FIELD_BOOL,
          "Does it print support structures?", .example = "false"),
};

const struct fields sliced_plate_fields = {
    .name = "sliced_plate",
    .size = sizeof(struct sliced_plate),
    .rows = plate_rows,
    .count = FIELD_COUNT(plate_rows),
};

/* -- the members of a plate -- */

enum { MEMBER_NAME_BYTES = 48 };

/* "Metadata/plate_8.png" */
static const char *member_name(char out[MEMBER_NAME_BYTES], int64_t plate,
                               const char *ending)
{
    snprintf(out, MEMBER_NAME_BYTES, "Metadata/plate_%" PRId64 "%s", plate,
             ending);
    return out;
}

static bool has_gcode(const struct sliced_zip *zip, int64_t plate)
{
    char name[MEMBER_NAME_BYTES];
    return sliced_zip_size(zip, member_name(name, plate, ".gcode")) > 0;
}

static bool has_thumbnail(const struct sliced_zip *zip, int64_t plate)
{
    char name[MEMBER_NAME_BYTES];
    int64_t size = sliced_zip_size(zip, member_name(name, plate, ".png"));
    return size > 0 && size <= SLICED_MAX_THUMBNAIL_BYTES;
}

/* -- from what is stated to a plate -- */

static spd_err refuse_plate(const struct sliced_plate *plate, const char *what,
                            struct spd_error *err)
{
    return error_set(err, SPD_EINVAL,
                     "Plate %" PRId64 " of this file %s: " SLICED_AGAIN ".",
                     plate->index, what);
}

/* A plate's filaments know best: on a printer with two nozzles it may use one
 * of them only. */
static spd_err choose_nozzle(struct slice_block *block,
                             const struct slice_settings *settings,
                             struct spd_error *err)
{
    const struct nozzle *places[] = { &block->of_filaments, &block->of_plate,
                                      &settings->nozzle };
    for (size_t i = 0; i < FIELD_COUNT(places); i++) {
        if (isnan(places[i]->mm))
            continue;
        if (places[i]->disagree)
            return refuse_plate(&block->plate,
                                "was sliced for nozzles of different "
                                "diameters, which is not supported: use one "
                                "diameter",
                                err);
        block->plate.nozzle_diameter_mm = places[i]->mm;
        return SPD_OK;
    }
    return refuse_plate(&block->plate,
                        "does not say for which nozzle it was sliced", err);
}

/* Some slicers leave the weight empty: it is what the filaments weigh. */
static void add_up_grams(struct sliced_plate *plate)
{
    if (!isnan(plate->grams))
        return;
    double sum = 0;
    const struct sliced_filament *filaments = plate->filaments.items;
    for (size_t i = 0; i < plate->filaments.count; i++)
        sum += filaments[i].grams; /* NAN when one is not known */
    plate->grams = sum;
}

static spd_err complete(struct slice_block *block, const struct sliced_zip *zip,
                        const struct slice_settings *settings,
                        struct spd_error *err)
{
    struct sliced_plate *plate = &block->plate;
    plate->slicer_model_name = settings->printer_model;
    plate->bed_type = settings->bed_type;
    plate->has_thumbnail = has_thumbnail(zip, plate->index);
    if (plate->slicer_model_id.len == 0 && plate->slicer_model_name.len == 0)
        return refuse_plate(plate,
                            "does not say for which printer it was "
                            "sliced",
                            err);
    if (plate->filaments.count == 0)
        return refuse_plate(plate, "names no filament", err);
    add_up_grams(plate);
    return choose_nozzle(block, settings, err);
}

/* -- is it sliced? -- */

static spd_err refuse_unsliced(const struct sliced_zip *zip, bool described,
                               struct spd_error *err)
{
    bool gcode = sliced_zip_has_gcode(zip);
    if (described && gcode)
        return error_set(err, SPD_EINVAL,
                         "The plates that this file describes are not the "
                         "ones it holds G-code of: " SLICED_AGAIN ".");
    if (described)
        return error_set(err, SPD_EINVAL,
                         "This file describes sliced plates, but its G-code "
                         "was removed: open it in the slicer, " SLICED_AGAIN
                         ".");
    if (gcode)
        return error_set(err, SPD_EINVAL,
                         "This file holds G-code, but does not describe its "
                         "plates: " SLICED_AGAIN ".");
    if (sliced_zip_size(zip, "3D/3dmodel.model") < 0)
        return error_set(err, SPD_EINVAL,
                         "This is a zip file, but not a 3MF file: slice your "
                         "model and export the sliced file (.gcode.3mf).");
    return error_set(err, SPD_EINVAL,
                     "This 3MF holds a project that has not been sliced: open "
                     "it in the slicer, slice the plates, and export the "
                     "sliced file (.gcode.3mf).");
}

/* A block without G-code is a plate that was not exported, and no fault: a
 * slicer may export one plate of many. */
static void drop_without_gcode(struct slice_info *info,
                               const struct sliced_zip *zip)
{
    size_t kept = 0;
    for (size_t i = 0; i < info->count; i++)
        if (has_gcode(zip, info->blocks[i].plate.index))
            info->blocks[kept++] = info->blocks[i];
    info->count = kept;
}

static spd_err put_together(struct slice_info *info,
                            const struct sliced_zip *zip,
                            const struct slice_settings *settings,
                            struct arena *arena, struct list *plates,
                            struct spd_error *err)
{
    struct sliced_plate *items = arena_new(arena, info->count * sizeof(*items));
    for (size_t i = 0; i < info->count; i++) {
        spd_err rc = complete(&info->blocks[i], zip, settings, err);
        if (rc != SPD_OK)
            return rc;
        items[i] = info->blocks[i].plate;
    }
    *plates = (struct list){ .items = items, .count = info->count };
    return SPD_OK;
}

static spd_err read_plates(const char *path, bool with_gcode,
                           struct arena *arena, struct list *plates,
                           struct spd_error *err)
{
    struct sliced_zip *zip = NULL;
    struct slice_info info = { 0 };
    struct slice_settings settings = { 0 };
    spd_err rc = sliced_zip_open(&zip, path, err);
    if (rc == SPD_OK)
        rc = slice_info_read(zip, arena, &info, err);
    if (rc != SPD_OK)
        goto out;
    bool described = info.count > 0;
    if (with_gcode)
        drop_without_gcode(&info, zip);
    if (info.count == 0) {
        rc = refuse_unsliced(zip, described, err);
        goto out;
    }
    rc = slice_settings_read(zip, arena, &settings, err);
    if (rc == SPD_OK)
        rc = put_together(&info, zip, &settings, arena, plates, err);
out:
    sliced_zip_close(zip);
    return rc;
}

spd_err sliced_read(const char *path, struct arena *arena, struct list *plates,
                    struct spd_error *err)
{
    return read_plates(path, true, arena, plates, err);
}

spd_err sliced_describe(const char *path, struct arena *arena,
                        struct list *plates, struct spd_error *err)
{
    return read_plates(path, false, arena, plates, err);
}

/* -- thumbnails -- */

static spd_err take_png(void *arg, spd_str piece, struct spd_error *err)
{
    (void)err;
    buf_put(arg, piece);
    return SPD_OK;
}

static spd_err read_png(struct sliced_zip *zip, int64_t plate, struct buf *png,
                        struct spd_error *err)
{
    char name[MEMBER_NAME_BYTES];
    size_t before = png->len;
    if (has_thumbnail(zip, plate)) {
        spd_err rc =
            sliced_zip_read(zip, member_name(name, plate, ".png"),
                            SLICED_MAX_THUMBNAIL_BYTES, take_png, png, err);
        spd_str got = { png->ptr + before, png->len - before };
        if (rc == SPD_OK && str_starts(got, STR("\x89PNG\r\n\x1a\n")))
            return SPD_OK;
        png->len = before;
        if (rc != SPD_OK)
            return rc;
    }
    return error_set(err, SPD_ENOTFOUND,
                     "The file has no picture of plate %" PRId64 ".", plate);
}

spd_err sliced_thumbnail(const char *path, int64_t plate, struct buf *png,
                         struct spd_error *err)
{
    struct sliced_zip *zip = NULL;
    spd_err rc = sliced_zip_open(&zip, path, err);
    if (rc == SPD_OK)
        rc = read_png(zip, plate, png, err);
    sliced_zip_close(zip);
    return rc;
}
