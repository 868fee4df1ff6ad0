#include "loose.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX_CHARS = 31 };

spd_str text_of(const char *text)
{
    return (spd_str){ text, strlen(text) };
}

bool text_equals(spd_str text, const char *other)
{
    return text.len == strlen(other) && memcmp(text.ptr, other, text.len) == 0;
}

static size_t cut_at_character(spd_str text, size_t room)
{
    if (text.len <= room)
        return text.len;
    size_t len = room;
    while (len > 0 && ((unsigned char)text.ptr[len] & 0xC0) == 0x80)
        len--;
    return len;
}

void text_copy(char *out, size_t size, spd_str text)
{
    size_t len = cut_at_character(text, size - 1);
    if (len > 0)
        memcpy(out, text.ptr, len);
    memset(out + len, 0, size - len);
}

/* strtoll and strtod skip blanks and want a NUL; outside text has neither
 * reason to be trusted with. */
static bool number_text(spd_str text, char *buf)
{
    if (text.len == 0 || text.len > NUMBER_MAX_CHARS || text.ptr[0] == ' ')
        return false;
    text_copy(buf, NUMBER_MAX_CHARS + 1, text);
    return strlen(buf) == text.len;
}

bool text_to_int(spd_str text, int base, int64_t *out)
{
    char buf[NUMBER_MAX_CHARS + 1];
    if (!number_text(text, buf))
        return false;
    char *end = NULL;
    errno = 0;
    long long value = strtoll(buf, &end, base);
    if (errno != 0 || *end != '\0')
        return false;
    *out = value;
    return true;
}

static bool text_to_real(spd_str text, double *out)
{
    char buf[NUMBER_MAX_CHARS + 1];
    if (!number_text(text, buf))
        return false;
    char *end = NULL;
    double value = strtod(buf, &end);
    if (*end != '\0' || !isfinite(value))
        return false;
    *out = value;
    return true;
}

static spd_str as_text(const struct spd_json_api *json, const spd_json *v)
{
    return json->as_str(v, (spd_str){ "", 0 });
}

bool loose_int(const struct spd_json_api *json, const spd_json *object,
               const char *name, int64_t *out)
{
    const spd_json *v = json->member(object, name);
    switch (json->type(v)) {
    case SPD_JSON_INT:
        *out = json->as_int(v, 0);
        return true;
    case SPD_JSON_STR:
        return text_to_int(as_text(json, v), 10, out);
    case SPD_JSON_REAL:
    case SPD_JSON_NULL:
    case SPD_JSON_BOOL:
    case SPD_JSON_ARRAY:
    case SPD_JSON_OBJECT:
        break;
    }
    return false;
}

bool loose_real(const struct spd_json_api *json, const spd_json *object,
                const char *name, double *out)
{
    const spd_json *v = json->member(object, name);
    switch (json->type(v)) {
    case SPD_JSON_INT:
    case SPD_JSON_REAL:
        *out = json->as_real(v, 0);
        return true;
    case SPD_JSON_STR:
        return text_to_real(as_text(json, v), out);
    case SPD_JSON_NULL:
    case SPD_JSON_BOOL:
    case SPD_JSON_ARRAY:
    case SPD_JSON_OBJECT:
        break;
    }
    return false;
}

bool loose_bool(const struct spd_json_api *json, const spd_json *object,
                const char *name, int64_t *out)
{
    const spd_json *v = json->member(object, name);
    spd_str text = as_text(json, v);
    bool is_text = text_equals(text, "true") || text_equals(text, "false");
    int64_t number = 0;
    if (json->type(v) == SPD_JSON_BOOL)
        *out = json->as_bool(v, false);
    else if (is_text)
        *out = text_equals(text, "true");
    else if (loose_int(json, object, name, &number) &&
             (number == 0 || number == 1))
        *out = number;
    else
        return false;
    return true;
}

bool loose_hex(const struct spd_json_api *json, const spd_json *object,
               const char *name, uint64_t *out)
{
    spd_str text = as_text(json, json->member(object, name));
    uint64_t value = 0;
    if (text.len == 0 || text.len > 16)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        const char *digits = "0123456789abcdef0123456789ABCDEF";
        const char *at = memchr(digits, text.ptr[i], 32);
        if (at == NULL)
            return false;
        value = value << 4 | (uint64_t)((at - digits) % 16);
    }
    *out = value;
    return true;
}

bool loose_text(const struct spd_json_api *json, const spd_json *object,
                const char *name, char *out, size_t size)
{
    const spd_json *v = json->member(object, name);
    if (json->type(v) == SPD_JSON_INT) {
        char digits[24];
        (void)snprintf(digits, sizeof(digits), "%" PRId64, json->as_int(v, 0));
        text_copy(out, size, text_of(digits));
        return true;
    }
    if (json->type(v) != SPD_JSON_STR)
        return false;
    text_copy(out, size, as_text(json, v));
    return true;
}
