/* Sliced files: what a .gcode.3mf says of its plates.
 *
 * The only user of libzip and expat.  The file is a stranger's: everything is
 * bounded, no name in it is ever a path, nothing is unpacked that is not
 * needed.  Knows the file format, not the shop. */
#ifndef SPOOLD_SHOP_SLICED_H
#define SPOOLD_SHOP_SLICED_H

#include "base/field.h"

enum {
    SLICED_MAX_ENTRIES = 10000,
    /* Of the description of the plates. Slicers write 2 KB a plate; a hostile
     * one of 50 MB cost 480 MB of memory and 15 s. */
    SLICED_MAX_META_BYTES = 8 * 1024 * 1024,
    SLICED_MAX_RATIO = 200, /* of what is not G-code */
    SLICED_MAX_PLATES = 64,
    SLICED_MAX_FILAMENTS = 64,
    SLICED_MAX_THUMBNAIL_BYTES = 4 * 1024 * 1024,
};
#define SLICED_MAX_TOTAL_BYTES (INT64_C(4) << 30)

/* One filament of a plate; `id` is its number in the file, from 1, sparse. */
struct sliced_filament {
    int64_t id;
    spd_str type;    /* "PLA" */
    spd_str color;   /* "#RRGGBB" */
    spd_str profile; /* the slicer's id of it; may be null */
    double grams;
};

struct sliced_plate {
    int64_t index; /* as the slicer numbers it; need not start at 1 */
    int64_t estimated_seconds;
    double grams;
    struct list filaments; /* of struct sliced_filament, by id */
    /* Which printer it was sliced for, in the slicer's words: id and name;
     * either may be null, not both. */
    spd_str slicer_model_id, slicer_model_name;
    spd_str printer_model; /* the shop's name for it; filled in by the caller */
    double nozzle_diameter_mm;
    spd_str bed_type;
    bool has_thumbnail;
    bool uses_support;
};

/* `id` carries FIELD_INT, not FIELD_ID: it is a number, not a record. */
extern const struct fields sliced_filament_fields;
extern const struct fields sliced_plate_fields;

/* Read all plates. [worker]: blocks on the disk. Texts and lists live in
 * `arena`. SPD_EINVAL: not a sliced file, and the sentence says why (not a
 * zip, truncated, not sliced yet, too many entries, a zip bomb...).
 * SPD_EIO: the disk. */
spd_err sliced_read(const char *path, struct arena *arena, struct list *plates,
                    struct spd_error *err);

/* The PNG of one plate, appended. SPD_ENOTFOUND. [worker] */
spd_err sliced_thumbnail(const char *path, int64_t plate, struct buf *png,
                         struct spd_error *err);

#endif
