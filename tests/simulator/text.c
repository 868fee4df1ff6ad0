#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

static void add_bytes(struct text *text, const char *bytes, size_t len)
{
    while (text->len + len + 1 > text->cap)
        text->at = mem_grow(text->at, text->cap, &text->cap, 1);
    memcpy(text->at + text->len, bytes, len);
    text->len += len;
    text->at[text->len] = '\0';
}

void text_add(struct text *text, const char *piece)
{
    add_bytes(text, piece, strlen(piece));
}

void text_format(struct text *text, const char *format, ...)
{
    char piece[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    text_add(text, piece);
}

void text_quote(struct text *text, const char *value)
{
    add_bytes(text, "\"", 1);
    for (; *value != '\0'; value++) {
        unsigned char byte = (unsigned char)*value;
        if (byte < 0x20)
            text_format(text, "\\u%04x", byte);
        else if (byte == '"' || byte == '\\')
            text_format(text, "\\%c", byte);
        else
            add_bytes(text, value, 1);
    }
    add_bytes(text, "\"", 1);
}

void text_member(struct text *text, const char *name)
{
    char last = text->len > 0 ? text->at[text->len - 1] : '{';
    if (last != '{' && last != '[')
        add_bytes(text, ",", 1);
    text_quote(text, name);
    add_bytes(text, ":", 1);
}

void text_string(struct text *text, const char *name, const char *value)
{
    text_member(text, name);
    text_quote(text, value);
}
