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
    return (spd_str){ string, string == NULL ? 0 : strlen(string) };
}

bool text_is(spd_str text, const char *string)
{
    return text.len == strlen(string) &&
           (text.len == 0 || memcmp(text.ptr, string, text.len) == 0);
}

static bool goes_on(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

spd_str clip_chars(spd_str text, size_t chars)
{
    size_t at = 0;
    while (at < text.len && chars > 0) {
        at++;
        while (at < text.len && goes_on(text.ptr[at]))
            at++;
        chars--;
    }
    return (spd_str){ text.ptr, at };
}

spd_str clip_bytes(spd_str text, size_t bytes)
{
    if (text.len <= bytes)
        return text;
    while (bytes > 0 && goes_on(text.ptr[bytes]))
        bytes--;
    return (spd_str){ text.ptr, bytes };
}

static const char *entity_of(char c)
{
    return c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : NULL;
}

void put_escaped(struct text *out, spd_str text, size_t bytes)
{
    size_t taken = 0, used = 0;
    while (taken < text.len) {
        const char *entity = entity_of(text.ptr[taken]);
        size_t cost = entity == NULL ? 1 : strlen(entity);
        if (used + cost > bytes)
            break;
        used += cost;
        taken++;
    }
    text = clip_bytes(text, taken);
    for (size_t i = 0; i < text.len; i++) {
        const char *entity = entity_of(text.ptr[i]);
        if (entity == NULL)
            text_put(out, (spd_str){ text.ptr + i, 1 });
        else
            text_puts(out, entity);
    }
}

void put_with_member(struct text *out, spd_str object, const char *name,
                     const char *json)
{
    const char *brace = memchr(object.ptr, '{', object.len);
    size_t start = brace == NULL ? 0 : (size_t)(brace - object.ptr) + 1;
    bool is_empty = object.ptr[start] == '}';
    text_put(out, (spd_str){ object.ptr, start });
    text_printf(out, "\"%s\":%s%s", name, json, is_empty ? "" : ",");
    text_put(out, (spd_str){ object.ptr + start, object.len - start });
}
