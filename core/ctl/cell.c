#include "ctl/cell.h"

#include <stdint.h>
#include <time.h>
#include <wchar.h>

#include "base/moment.h"

/* -- characters -- */

static size_t step_of(unsigned char first)
{
    return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

/* The character at the front of well-formed UTF-8; moves on behind it. */
static uint32_t take_char(spd_str *text)
{
    const unsigned char *s = (const unsigned char *)text->ptr;
    size_t step = step_of(s[0]);
    uint32_t c = step == 1 ? s[0] : s[0] & (0xFFu >> (step + 1));
    for (size_t i = 1; i < step; i++)
        c = c << 6 | (s[i] & 0x3F);
    text->ptr += step;
    text->len -= step;
    return c;
}

/* Would it move the cursor, change colours, or turn the writing around? */
static bool is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 ||
           (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

static size_t char_width(uint32_t c)
{
    int width = wcwidth((wchar_t)c);
    return width < 0 ? 1 : (size_t)width;
}

void cell_put_text(struct buf *out, spd_str text)
{
    if (!str_is_utf8(text)) {
        buf_put_char(out, '?');
        return;
    }
    while (text.len > 0) {
        spd_str here = text;
        uint32_t c = take_char(&text);
        here.len -= text.len;
        if (c == '\n' || c == '\t')
            buf_put_char(out, ' ');
        else if (is_unsafe(c))
            buf_put_char(out, '?');
        else
            buf_put(out, here);
    }
}

size_t cell_width(spd_str text)
{
    size_t width = 0;
    while (text.len > 0)
        width += char_width(take_char(&text));
    return width;
}

/* -- values -- */

bool cell_put_moment(struct buf *out, spd_str text, bool with_seconds)
{
    int64_t utc_ms = 0;
    if (text.len < sizeof("2026-11-22T21:10:29Z") - 1 || text.ptr[10] != 'T' ||
        !moment_parse(text, &utc_ms))
        return false;
    time_t seconds = (time_t)(utc_ms / 1000);
    struct tm local;
    if (localtime_r(&seconds, &local) == NULL)
        return false;
    buf_printf(out, "%04d-%02d-%02d %02d:%02d", local.tm_year + 1900,
               local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min);
    if (with_seconds)
        buf_printf(out, ":%02d", local.tm_sec);
    return true;
}

static bool put_list(struct buf *out, const spd_json *list)
{
    size_t before = out->len;
    for (const spd_json *v = json_first(list); v != NULL; v = json_next(v)) {
        if (out->len > before)
            buf_put(out, STR(", "));
        enum spd_json_type type = json_type(v);
        if (type != SPD_JSON_ARRAY && type != SPD_JSON_OBJECT &&
            cell_put(out, v))
            continue;
        out->len = before;
        return false;
    }
    if (out->len == before)
        buf_put_char(out, '-');
    return true;
}

bool cell_put(struct buf *out, const spd_json *value)
{
    switch (json_type(value)) {
    case SPD_JSON_NULL:
        buf_put_char(out, '-');
        return true;
    case SPD_JSON_BOOL:
        buf_put(out, json_as_bool(value, false) ? STR("yes") : STR("no"));
        return true;
    case SPD_JSON_INT:
        buf_printf(out, "%lld", (long long)json_as_int(value, 0));
        return true;
    case SPD_JSON_REAL:
        buf_printf(out, "%.10g", json_as_real(value, 0));
        return true;
    case SPD_JSON_STR: {
        spd_str text = json_as_str(value, STR(""));
        if (!cell_put_moment(out, text, false))
            cell_put_text(out, text);
        return true;
    }
    case SPD_JSON_ARRAY:
        return put_list(out, value);
    case SPD_JSON_OBJECT:
        break;
    }
    return false;
}

/* -- padding -- */

static void put_spaces(struct buf *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_put_char(out, ' ');
}

/* The longest beginning that fits, and the ellipsis. */
static void put_shortened(struct buf *out, spd_str text, size_t width)
{
    size_t used = 0;
    while (text.len > 0) {
        spd_str here = text;
        size_t more = char_width(take_char(&text));
        if (used + more + 1 > width)
            break;
        here.len -= text.len;
        buf_put(out, here);
        used += more;
    }
    if (width == 0)
        return;
    buf_put(out, STR("\xE2\x80\xA6")); /* U+2026 */
    put_spaces(out, width - used - 1);
}

void cell_put_padded(struct buf *out, spd_str text, size_t width,
                     enum cell_side side)
{
    size_t needed = cell_width(text);
    if (needed > width) {
        put_shortened(out, text, width);
        return;
    }
    if (side == CELL_RIGHT)
        put_spaces(out, width - needed);
    buf_put(out, text);
    if (side == CELL_LEFT)
        put_spaces(out, width - needed);
}
