/* When the hours of a rule come: every("15m") and at("07:00 Mon-Fri"). */
#ifndef SPOOLD_SCRIPT_HOURS_H
#define SPOOLD_SCRIPT_HOURS_H

#include "base/str.h"

/* The next time behind `after_ms` (UTC), by a hook's text: "every 15m", or
 * "at 07:00 Mon-Fri" where the server is.  0: it is no such hook. */
int64_t rule_hour(spd_str hook, int64_t after_ms);

#endif
