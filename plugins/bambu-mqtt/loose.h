/* Reading what a printer wrote: numbers where text is due, text where a
 * number is due, and anything else.
 *
 * Each reader answers whether the member was there and made sense, and leaves
 * *out alone when not.  Knows JSON, and nothing of printers. */
#ifndef BAMBU_LOOSE_H
#define BAMBU_LOOSE_H

#include <spoold/plugin.h>

bool loose_int(const struct spd_json_api *json, const spd_json *object,
               const char *name, int64_t *out);
bool loose_real(const struct spd_json_api *json, const spd_json *object,
                const char *name, double *out);
/* true and false, also as text, or as 1 and 0. Answers 1 or 0. */
bool loose_bool(const struct spd_json_api *json, const spd_json *object,
                const char *name, int64_t *out);
/* Hexadecimal digits without 0x, as in bit masks. */
bool loose_hex(const struct spd_json_api *json, const spd_json *object,
               const char *name, uint64_t *out);
/* Copies, cut at a character's border to fit `size`, always ends in NUL and
 * zero-fills the rest, so that equal texts are equal memory. */
bool loose_text(const struct spd_json_api *json, const spd_json *object,
                const char *name, char *out, size_t size);

void text_copy(char *out, size_t size, spd_str text);
/* Whole text is one number. */
bool text_to_int(spd_str text, int base, int64_t *out);
bool text_equals(spd_str text, const char *other);
spd_str text_of(const char *text);

#endif
