/* The grammar of RFC 8259, held strictly: what passes here, cJSON reads as it
 * was meant.  One pass, no recursion, no memory. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

struct scan {
    const char *at, *end;
    const char *wrong; /* what is wrong, when something is */
    unsigned depth;
    bool is_array[JSON_MAX_DEPTH];
};

static bool fail(struct scan *s, const char *wrong)
{
    if (s->wrong == NULL)
        s->wrong = wrong;
    return false;
}

static void skip_space(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' ||
                              *s->at == '\n' || *s->at == '\r'))
        s->at++;
}

static bool take(struct scan *s, char c)
{
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

static bool take_word(struct scan *s, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
        return fail(s, "a value is expected here");
    s->at += len;
    return true;
}

static bool take_digits(struct scan *s)
{
    const char *start = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
        s->at++;
    return s->at > start;
}

static bool take_number(struct scan *s)
{
    const char *start = s->at;
    take(s, '-');
    if (!take(s, '0') && !take_digits(s))
        return fail(s, "a value is expected here");
    if (take(s, '.') && !take_digits(s))
        return fail(s, "digits are missing behind the point");
    if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
        s->at++;
        if (!take(s, '+'))
            take(s, '-');
        if (!take_digits(s))
            return fail(s, "digits are missing in the exponent");
    }
    double value;
    if (!str_to_real((spd_str){ start, (size_t)(s->at - start) }, &value))
        return fail(s, "this number is too long or too large");
    return true;
}

static bool take_hex4(struct scan *s, unsigned *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, s->at++) {
        if (s->at == s->end)
            return false;
        char c = *s->at;
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                : 16u;
        if (digit > 15)
            return false;
        *out = *out << 4 | digit;
    }
    return true;
}

static bool take_unicode(struct scan *s)
{
    unsigned unit, low;
    if (!take_hex4(s, &unit))
        return fail(s, "\\u wants four hex digits");
    if (unit == 0)
        return fail(s, "\\u0000 is not allowed in a text");
    if (unit >= 0xDC00 && unit <= 0xDFFF)
        return fail(s, "half a surrogate pair");
    if (unit < 0xD800 || unit > 0xDBFF)
        return true;
    if (!take(s, '\\') || !take(s, 'u') || !take_hex4(s, &low) ||
        low < 0xDC00 || low > 0xDFFF)
        return fail(s, "half a surrogate pair");
    return true;
}

static bool take_escape(struct scan *s)
{
    if (s->at == s->end)
        return fail(s, "the text is not closed");
    char c = *s->at++;
    if (c == 'u')
        return take_unicode(s);
    if (strchr("\"\\/bfnrt", c) == NULL || c == '\0')
        return fail(s, "no such escape");
    return true;
}

static bool take_string(struct scan *s)
{
    if (!take(s, '"'))
        return fail(s, "a text in double quotes is expected here");
    while (s->at < s->end) {
        unsigned char c = (unsigned char)*s->at++;
        if (c == '"')
            return true;
        if (c < 0x20)
            return fail(s, "a control character stands unescaped in a text");
        if (c == '\\' && !take_escape(s))
            return false;
    }
    return fail(s, "the text is not closed");
}

static bool take_member_name(struct scan *s)
{
    skip_space(s);
    if (!take_string(s))
        return false;
    skip_space(s);
    return take(s, ':') || fail(s, "a colon is expected here");
}

/* Behind an opening bracket; an empty level is closed at once. */
static bool take_level(struct scan *s, bool is_array, bool *closed)
{
    if (s->depth == JSON_MAX_DEPTH)
        return fail(s, "nested deeper than 32 levels");
    skip_space(s);
    *closed = take(s, is_array ? ']' : '}');
    if (*closed)
        return true;
    s->is_array[s->depth++] = is_array;
    return is_array || take_member_name(s);
}

/* One scalar, or the opening of a level; `*closed` tells that a value ended. */
static bool take_value(struct scan *s, bool *closed)
{
    skip_space(s);
    *closed = true;
    if (take(s, '['))
        return take_level(s, true, closed);
    if (take(s, '{'))
        return take_level(s, false, closed);
    char c = s->at < s->end ? *s->at : '\0';
    if (c == '"')
        return take_string(s);
    if (c == 't' || c == 'f' || c == 'n')
        return take_word(s, c == 't' ? "true" : c == 'f' ? "false" : "null");
    return take_number(s);
}

/* Behind a value: a comma leads to the next one, a bracket ends a level. */
static bool take_follow(struct scan *s, bool *closed)
{
    skip_space(s);
    bool is_array = s->is_array[s->depth - 1];
    if (take(s, ',')) {
        *closed = false;
        return is_array || take_member_name(s);
    }
    if (!take(s, is_array ? ']' : '}'))
        return fail(s, is_array ? "a comma or ] is expected here"
                                : "a comma or } is expected here");
    s->depth--;
    return true;
}

static bool take_document(struct scan *s)
{
    bool closed = false;
    do {
        if (!take_value(s, &closed))
            return false;
        while (closed && s->depth > 0)
            if (!take_follow(s, &closed))
                return false;
    } while (!closed);
    skip_space(s);
    return s->at == s->end || fail(s, "something follows the document");
}

spd_err json_check(spd_str text, struct spd_error *err)
{
    if (text.len > JSON_MAX_BYTES)
        return error_set(err, SPD_EINVAL,
                         "this JSON has %zu bytes; at most %d are read",
                         text.len, JSON_MAX_BYTES);
    if (!str_is_utf8(text))
        return error_set(err, SPD_EINVAL, "this JSON is not valid UTF-8");
    if (text.len == 0)
        return error_set(err, SPD_EINVAL, "JSON is expected, and nothing came");
    struct scan scan = { .at = text.ptr, .end = text.ptr + text.len };
    if (take_document(&scan))
        return SPD_OK;
    return error_set(err, SPD_EINVAL, "not valid JSON at byte %zu: %s",
                     (size_t)(scan.at - text.ptr) + 1,
                     scan.wrong == NULL ? "a value is expected" : scan.wrong);
}
