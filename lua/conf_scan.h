/* Where the keys of a configuration stand in its text, and in which order.
 *
 * Lua tells the line of an assignment, but not that of a key inside a table,
 * nor in which order the keys of a table were written.  This reads the text
 * for just that; what the keys mean is Lua's.  It never fails: of text that is
 * too clever for it, it finds less. */
#ifndef SPOOLD_LUA_CONF_SCAN_H
#define SPOOLD_LUA_CONF_SCAN_H

#include "base/buf.h"

struct conf_scan;

/* `text` is not kept. Owned: conf_scan_free. */
struct conf_scan *conf_scan_new(spd_str text);
void conf_scan_free(struct conf_scan *scan);

/* How many keys were found before this one ("plugins.etsy.key"): its place in
 * the order written; -1: not found. */
int conf_scan_order(const struct conf_scan *scan, spd_str path);
/* The line of that key, from 1; 0: not found. */
int conf_scan_line(const struct conf_scan *scan, spd_str path);

#endif
