/* A growing piece of text, with the two things JSON needs: quoting and
 * commas. Knows nothing of what is written. */
#ifndef SIM_TEXT_H
#define SIM_TEXT_H

#include <stddef.h>

struct text {
    char *at; /* always ends in NUL; free() it */
    size_t len, cap;
};

void text_add(struct text *text, const char *piece);

__attribute__((format(printf, 2, 3))) void text_format(struct text *text,
                                                       const char *format, ...);

/* `value` as a JSON string, quotes and all. Bytes above 0x7f go through. */
void text_quote(struct text *text, const char *value);

/* `"name":`, with a comma before it unless it follows a bracket. */
void text_member(struct text *text, const char *name);

/* `"name":"value"` with its comma. */
void text_string(struct text *text, const char *name, const char *value);

#endif
