/* What the parts of reading a sliced file share: the archive below, and the
 * two descriptions that are read out of it. */
#ifndef SPOOLD_SHOP_SLICED_INTERNAL_H
#define SPOOLD_SHOP_SLICED_INTERNAL_H

#include "base/error.h"
#include "shop/sliced.h"

/* How every sentence about a bad file ends: what to do now. */
#define SLICED_AGAIN "slice it again and export the sliced file (.gcode.3mf)"

/* -- the archive: the only user of libzip -- */

struct sliced_zip;

/* All limits that the directory can tell are checked before this returns.
 * Owned: sliced_zip_close. SPD_EINVAL, SPD_EIO. */
spd_err sliced_zip_open(struct sliced_zip **out, const char *path,
                        struct spd_error *err);
void sliced_zip_close(struct sliced_zip *zip);

/* Bytes of the member once unpacked; -1 when there is none. */
int64_t sliced_zip_size(const struct sliced_zip *zip, const char *name);

/* Is there G-code of any plate? */
bool sliced_zip_has_gcode(const struct sliced_zip *zip);

/* Unpack one member, piece by piece, until `take` fails or all is read. A
 * member beyond `max_bytes`, or that lied about its size, is SPD_EINVAL; one
 * that is not there SPD_ENOTFOUND. */
typedef spd_err sliced_take(void *arg, spd_str piece, struct spd_error *err);
spd_err sliced_zip_read(struct sliced_zip *zip, const char *name,
                        int64_t max_bytes, sliced_take *take, void *arg,
                        struct spd_error *err);

/* -- Metadata/slice_info.config: the only user of expat -- */

/* A diameter that several places state, and have to agree on. */
struct nozzle {
    double mm; /* NAN: not stated */
    bool disagree;
};
void nozzle_state(struct nozzle *nozzle, double mm);
bool nozzle_read(spd_str text, double *mm);

/* A <plate> block as it stands there. */
struct slice_block {
    struct sliced_plate plate; /* index INT_NONE: not stated */
    struct nozzle of_plate, of_filaments;
};

struct slice_info {
    struct slice_block *blocks; /* by index */
    size_t count;
};

spd_err slice_info_read(struct sliced_zip *zip, struct arena *arena,
                        struct slice_info *info, struct spd_error *err);

/* -- Metadata/project_settings.config -- */

struct slice_settings {
    spd_str printer_model, bed_type; /* no text: not stated */
    struct nozzle nozzle;
};

/* A file without settings states nothing. Texts live in `arena`. */
spd_err slice_settings_read(struct sliced_zip *zip, struct arena *arena,
                            struct slice_settings *settings,
                            struct spd_error *err);

/* -- for tests -- */

/* All plates that the file describes, whether or not their G-code is there. */
spd_err sliced_describe(const char *path, struct arena *arena,
                        struct list *plates, struct spd_error *err);

#endif
