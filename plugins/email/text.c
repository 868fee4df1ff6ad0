#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void make_room(struct text *text, size_t more)
{
    if (text->cap - text->len > more)
        return;
    size_t cap = text->cap * 2 + more + 256;
    char *ptr = realloc(text->ptr, cap);
    if (ptr == NULL)
        abort(); /* bounded by what a notice can hold: there is no way on */
    text->ptr = ptr;
    text->cap = cap;
}

void text_put(struct text *text, spd_str bytes)
{
    make_room(text, bytes.len);
    if (bytes.len > 0)
        memcpy(text->ptr + text->len, bytes.ptr, bytes.len);
    text->len += bytes.len;
    text->ptr[text->len] = '\0';
}

void text_puts(struct text *text, const char *string)
{
    text_put(text, text_of(string));
}

void text_printf(struct text *text, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    make_room(text, (size_t)len);
    vsnprintf(text->ptr + text->len, (size_t)len + 1, fmt, again);
    va_end(again);
    text->len += (size_t)len;
}

spd_str text_str(const struct text *text)
{
    return (spd_str){ text->len == 0 ? "" : text->ptr, text->len };
}

void text_free(struct text *text)
{
    free(text->ptr);
    *text = (struct text){ 0 };
}

spd_str text_of(const char *string)
{
    return (spd_str){ string, strlen(string) };
}

bool text_is(spd_str text, const char *string)
{
    return text.len == strlen(string) &&
           (text.len == 0 || memcmp(text.ptr, string, text.len) == 0);
}

char *text_copy(spd_str text)
{
    struct text copy = { 0 };
    text_put(&copy, text);
    return copy.ptr;
}
