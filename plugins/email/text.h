/* Text that grows. */
#ifndef EMAIL_TEXT_H
#define EMAIL_TEXT_H

#include <spoold/plugin.h>

struct text {  /* { 0 } is an empty one; owned: text_free */
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

/* The same, in memory of its own and ended with NUL; owned: free. */
char *text_copy(spd_str text);

#endif
