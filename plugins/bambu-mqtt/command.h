/* The words of the printer's command language.
 *
 * Builds JSON, sends nothing.  Whether a command may be sent now is decided
 * by whoever asks. */
#ifndef BAMBU_COMMAND_H
#define BAMBU_COMMAND_H

#include "model.h"
#include "report.h"

enum {
    FILAMENTS_MAX = 64, /* ids in a sliced file; more is a broken file */
    REMOTE_NAME_MAX_BYTES = 100,
};

/* A start as the host asked for it. Views are borrowed from its document. */
struct print_order {
    int64_t id, size, plate;
    spd_str submission, file, md5, remote_name, name;
    int64_t slot_of[FILAMENTS_MAX]; /* by filament id - 1; below 0: unused */
    size_t filaments;
};

/* SPD_EINVAL with a sentence when a member is missing or would not be safe
 * to hand to a printer. */
spd_err print_order_read(struct print_order *order,
                         const struct spd_json_api *json,
                         const spd_json *attempt, struct spd_error *err);

/* All build one command with `sequence` as its number.  Owned: end with
 * json->writer_free. */
spd_jsonw *command_pushall(const struct spd_json_api *json, int64_t sequence);
spd_jsonw *command_push_start(const struct spd_json_api *json,
                              int64_t sequence);
spd_jsonw *command_get_version(const struct spd_json_api *json,
                               int64_t sequence);
spd_jsonw *command_start(const struct spd_json_api *json, int64_t sequence,
                         const struct print_order *order, enum url_form url,
                         bool two_externals);

/* What a command must know of the printer it goes to. */
struct surroundings {
    bool two_externals;
    int64_t nozzle_celsius; /* to pull the loaded filament out; 0: not known */
    const struct report *report; /* borrowed: which units there are */
};

/* The printer's word for one of the host's commands, as it will echo it;
 * static, "" when it is none. */
const char *command_word(const struct spd_json_api *json,
                         const spd_json *command);

/* One of the host's commands (see spd_printer_driver); NULL with *err set when
 * it is not one, lacks something, or asks what this printer cannot do. */
spd_jsonw *command_from_host(const struct spd_json_api *json, int64_t sequence,
                             const spd_json *command,
                             const struct surroundings *at,
                             struct spd_error *err);

/* Switch a further light, for which nobody waits. */
spd_jsonw *command_light(const struct spd_json_api *json, int64_t sequence,
                         const char *node, bool on);

#endif
