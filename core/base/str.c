#include "base/str.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

spd_str str_of(const char *text)
{
    return (spd_str){ text, text == NULL ? 0 : strlen(text) };
}

bool str_equal(spd_str a, spd_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool str_is(spd_str a, const char *text)
{
    return str_equal(a, str_of(text));
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int str_hex_byte(const char digits[2])
{
    int high = hex_digit(digits[0]), low = hex_digit(digits[1]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool str_equal_fold(spd_str a, spd_str b)
{
    return a.len == b.len &&
           (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

bool str_starts(spd_str text, spd_str prefix)
{
    return text.len >= prefix.len &&
           str_equal((spd_str){ text.ptr, prefix.len }, prefix);
}

bool str_ends(spd_str text, spd_str suffix)
{
    if (text.len < suffix.len || suffix.len == 0)
        return suffix.len == 0;
    const char *tail = text.ptr + (text.len - suffix.len);
    return memcmp(tail, suffix.ptr, suffix.len) == 0;
}

int str_compare(spd_str a, spd_str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

spd_str str_cut(spd_str *rest, char sep)
{
    spd_str head = *rest;
    const char *at = rest->len == 0 ? NULL : memchr(rest->ptr, sep, rest->len);
    if (at == NULL) {
        *rest = (spd_str){ NULL, 0 };
        return head;
    }
    head.len = (size_t)(at - head.ptr);
    rest->ptr += head.len + 1;
    rest->len -= head.len + 1;
    return head;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

spd_str str_trim(spd_str text)
{
    while (text.len > 0 && is_space(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && is_space(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

/* The longest number worth reading, with room for the NUL strtol wants. */
enum { NUMBER_BYTES = 64 };

/* Only what a decimal number is made of: strtol and strtod would also take
 * white space of their own, "0x10", "+1" and "nan". */
static bool number_text(spd_str text, char out[NUMBER_BYTES])
{
    if (text.len == 0 || text.len >= NUMBER_BYTES || text.ptr[0] == '+')
        return false;
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return strspn(out, "0123456789+-.eE") == text.len;
}

bool str_to_int(spd_str text, int64_t *out)
{
    char copy[NUMBER_BYTES];
    if (!number_text(text, copy))
        return false;
    char *end = NULL;
    errno = 0;
    long long value = strtoll(copy, &end, 10);
    if (errno != 0 || end != copy + text.len)
        return false;
    *out = value;
    return true;
}

bool str_to_real(spd_str text, double *out)
{
    char copy[NUMBER_BYTES];
    if (!number_text(text, copy))
        return false;
    char *end = NULL;
    double value = strtod(copy, &end);
    if (end != copy + text.len || !isfinite(value))
        return false;
    *out = value;
    return true;
}

/* How many bytes the character at the front takes; 0 when it is malformed. */
static size_t utf8_step(spd_str text)
{
    const unsigned char *s = (const unsigned char *)text.ptr;
    if (s[0] < 0x80)
        return 1;
    size_t need = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || text.len < need)
        return 0;
    for (size_t i = 1; i < need; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    bool overlong =
        (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xED && s[1] > 0x9F;
    bool beyond = s[0] == 0xF4 && s[1] > 0x8F;
    return overlong || surrogate || beyond ? 0 : need;
}

bool str_is_utf8(spd_str text)
{
    while (text.len > 0) {
        size_t step = utf8_step(text);
        if (step == 0)
            return false;
        text.ptr += step;
        text.len -= step;
    }
    return true;
}

spd_str str_clip(spd_str text, size_t max)
{
    if (text.len <= max)
        return text;
    while (max > 0 && ((unsigned char)text.ptr[max] & 0xC0) == 0x80)
        max--;
    return (spd_str){ text.ptr, max };
}
