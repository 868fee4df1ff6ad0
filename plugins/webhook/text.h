/* Text that grows, and text that must not: every target has limits of its own,
 * in characters or in bytes. */
#ifndef WEBHOOK_TEXT_H
#define WEBHOOK_TEXT_H

#include <spoold/plugin.h>

struct text {
    char *ptr; /* ends in NUL once something was put */
    size_t len, cap;
};

void text_put(struct text *text, spd_str bytes);
void text_puts(struct text *text, const char *string);
void text_printf(struct text *text, const char *fmt, ...) SPD_PRINTF(2, 3);
spd_str text_str(const struct text *text);
void text_free(struct text *text);

spd_str text_of(const char *string);
bool text_is(spd_str text, const char *string);

/* The longest beginning of at most so many characters, or bytes, that ends
 * between two characters. */
spd_str clip_chars(spd_str text, size_t chars);
spd_str clip_bytes(spd_str text, size_t bytes);

/* `text` with & < > as entities, so long that the result has at most so many
 * bytes. */
void put_escaped(struct text *out, spd_str text, size_t bytes);

/* The first object of JSON text gets another member: `{"a":1}` becomes
 * `{"name":json,"a":1}`. */
void put_with_member(struct text *out, spd_str object, const char *name,
                     const char *json);

#endif
