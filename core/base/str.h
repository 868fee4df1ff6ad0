/* Views of bytes that someone else owns.
 *
 * A view never assumes a terminating NUL and never frees anything.  A view
 * whose `ptr` is NULL is "no text"; it compares equal to the empty text. */
#ifndef SPOOLD_BASE_STR_H
#define SPOOLD_BASE_STR_H

#include <spoold/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A view of a string literal; STR_INIT where a static one is initialised. */
#define STR_INIT(literal)                                                      \
    {                                                                          \
        "" literal, sizeof(literal) - 1                                        \
    }
#define STR(literal) ((spd_str)STR_INIT(literal))

/* For printf: `"%.*s", STR_ARG(text)`. */
#define STR_ARG(s) (int)((s).len), ((s).ptr == NULL ? "" : (s).ptr)

/* A view of a C string; NULL gives "no text". */
spd_str str_of(const char *text);

bool str_equal(spd_str a, spd_str b);
bool str_is(spd_str a, const char *text);
bool str_equal_fold(spd_str a, spd_str b); /* ASCII letters only */
bool str_starts(spd_str text, spd_str prefix);
bool str_ends(spd_str text, spd_str suffix);

/* Byte order, as memcmp; a prefix sorts first. */
int str_compare(spd_str a, spd_str b);

/* Take everything before the first `sep` off the front of `*rest`; the
 * separator goes too.  Without one, takes all and leaves `*rest` empty. */
spd_str str_cut(spd_str *rest, char sep);

/* Without white space at both ends. */
spd_str str_trim(spd_str text);

/* The whole text must be one decimal number in range. */
bool str_to_int(spd_str text, int64_t *out);
bool str_to_real(spd_str text, double *out); /* finite, C locale */

/* The byte that two hexadecimal digits say; -1: they are none. */
int str_hex_byte(const char digits[2]);

/* Is it well-formed UTF-8 (shortest forms, no surrogates)? */
bool str_is_utf8(spd_str text);

/* The longest prefix of at most `max` bytes that ends between characters. */
spd_str str_clip(spd_str text, size_t max);

#endif
