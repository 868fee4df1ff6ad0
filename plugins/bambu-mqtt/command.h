/* The words of the printer's command language.
 *
 * Builds JSON, sends nothing.  Whether a command may be sent now is decided
 * by whoever asks. */
#ifndef BAMBU_COMMAND_H
#define BAMBU_COMMAND_H

#include "model.h"

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

/* The printer's word for one of the host's commands, as it will echo it;
 * static, "" when it is none. */
const char *command_word(const struct spd_json_api *json,
                         const spd_json *command);

/* One of the host's commands (pause, resume, stop, light {on}, speed
 * {level}); NULL with *err set when it is not one or lacks something. */
spd_jsonw *command_from_host(const struct spd_json_api *json, int64_t sequence,
                             const spd_json *command, struct spd_error *err);

#endif
