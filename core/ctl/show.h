/* A whole reply as a person reads it. */
#ifndef SPOOLD_CTL_SHOW_H
#define SPOOLD_CTL_SHOW_H

#include "base/buf.h"
#include "base/json.h"

/* Append a list as a table, a record as lines of name and value, with the
 * lists and records within it below.
 *
 * schema  of the reply; may be NULL
 * width   columns of the terminal; 0: as many as it takes */
void show_reply(struct buf *out, const spd_json *value, const spd_json *schema,
                size_t width);

/* A refusal: the server's sentence, and one line for each field. */
void show_refusal(struct buf *out, spd_str body, int status);

#endif
