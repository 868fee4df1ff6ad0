/* A typed text becomes a JSON value, as its field's schema says. */
#ifndef SPOOLD_CTL_VALUE_H
#define SPOOLD_CTL_VALUE_H

#include "base/error.h"
#include "base/json.h"

/* Write `text` as the member `name`. A schema of NULL takes any text. The
 * error says what the field expects. */
spd_err value_write(const spd_json *schema, spd_str text, spd_jsonw *w,
                    const char *name, struct spd_error *err);

#endif
