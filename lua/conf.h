/* The configuration: a Lua table, read without any library.
 *
 * What it says is checked by its readers; this reads it, and knows in which
 * line each key stands, so that errors can say so.  With the rules process the
 * only user of lua.h. */
#ifndef SPOOLD_LUA_CONF_H
#define SPOOLD_LUA_CONF_H

#include "base/json.h"

struct conf;

/* No library, no loops to speak of: 100,000 instructions and 16 MiB are all it
 * gets.  The error names file and line.  NULL on failure. Owned: conf_free. */
struct conf *conf_load(const char *path, struct spd_error *err);
struct conf *conf_of_text(const char *name, spd_str text,
                          struct spd_error *err);
void conf_free(struct conf *conf);

/* The whole as an object; a Lua list with named entries
 * (plugins = { "bambu-mqtt", etsy = {...} }) is an object too, the bare names
 * with an empty object, in the order written.  A list of nothing but bare
 * entries stays an array, and {} is an object. Borrowed. */
const spd_json *conf_root(const struct conf *conf);

/* "spoold.conf line 12": where a key stands, by its path ("plugins.etsy.key").
 * Borrowed from `out`. */
enum { CONF_PLACE_BYTES = 300 };
const char *conf_place(const struct conf *conf, const char *path,
                       char out[CONF_PLACE_BYTES]);

#endif
