/* A plugin's configuration: checked against its key table and laid out as the
 * struct that it asked for. */
#ifndef SPOOLD_HOST_SETTINGS_H
#define SPOOLD_HOST_SETTINGS_H

#include "base/json.h"
#include "host/host.h"
#include "host/image.h"

/* The struct, texts included, in one piece; NULL when a key is unknown, missing
 * or of another type: the error names `place` and the key.  `settings` NULL:
 * all fallbacks. Owned: settings_free. */
void *settings_new(const struct image *image, const spd_json *settings,
                   const struct host_place *place, struct spd_error *err);
void settings_free(void *conf);

/* "30s", "250ms", "5m", "2h", "1d" as milliseconds; false when it is none. */
bool duration_parse(spd_str text, int64_t *ms);

#endif
