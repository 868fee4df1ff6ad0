/* The configuration as the server needs it: the file, the command line over
 * it, and defaults under it. */
#ifndef SPOOLD_SERVER_SETTINGS_H
#define SPOOLD_SERVER_SETTINGS_H

#include "base/field.h"
#include "lua/conf.h"
#include "server/options.h"

struct settings {
    /* keys of the file */
    spd_str data, listen, plugin_folder, key_file;
    struct list hosts; /* of spd_str */
    int64_t max_upload_mb, keep_journal_days, keep_deliveries_days;
    bool allow_loopback;
    spd_str url;
    int64_t retry_ms;
    spd_str time_zone; /* in force once the settings are loaded */
    int64_t evidence_seconds, verdict_seconds, fresh_seconds, cool_down_seconds;
    spd_str rules_folder;
    /* from elsewhere */
    spd_str rules_program;
    struct conf *conf;       /* NULL: no file */
    const spd_json *plugins; /* NULL: ours that need no settings */
    struct arena arena;
};

/* The error names file, line and key. Ended by settings_fini, also then. */
spd_err settings_load(struct settings *settings, const struct options *options,
                      struct spd_error *err);
void settings_fini(struct settings *settings);

#endif
