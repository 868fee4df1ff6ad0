#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"

void jsonw_init(spd_jsonw *w, struct buf *out)
{
    *w = (spd_jsonw){ .out = out };
}

spd_jsonw *jsonw_new(void)
{
    spd_jsonw *w = mem_new(sizeof(*w));
    w->out = &w->own;
    return w;
}

void jsonw_free(spd_jsonw *w)
{
    if (w == NULL)
        return;
    buf_fini(&w->own);
    free(w);
}

/* The escape of each control character that has a short one. */
static const char short_escape[0x20] = {
    ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
};

static void put_escaped(struct buf *out, unsigned char c)
{
    if (c == '"' || c == '\\')
        buf_printf(out, "\\%c", c);
    else if (short_escape[c] != 0)
        buf_printf(out, "\\%c", short_escape[c]);
    else
        buf_printf(out, "\\u%04x", c);
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

void json_quote(struct buf *out, spd_str text)
{
    buf_put_char(out, '"');
    size_t start = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (is_plain(c))
            continue;
        buf_put(out, (spd_str){ text.ptr + start, i - start });
        put_escaped(out, c);
        start = i + 1;
    }
    if (start < text.len)
        buf_put(out, (spd_str){ text.ptr + start, text.len - start });
    buf_put_char(out, '"');
}

static bool level_is_array(const spd_jsonw *w)
{
    return (w->in_array >> w->depth & 1) != 0;
}

/* What stands before a value: a comma, a name. */
static void lead(spd_jsonw *w, const char *name)
{
    bool wants_name = w->depth > 0 && !level_is_array(w);
    if (wants_name != (name != NULL) || (w->depth == 0 && w->comma))
        w->broken = true;
    if (w->comma)
        buf_put_char(w->out, ',');
    w->comma = true;
    if (name != NULL) {
        json_quote(w->out, str_of(name));
        buf_put_char(w->out, ':');
    }
}

void jsonw_begin(spd_jsonw *w, const char *name, enum spd_json_type type)
{
    lead(w, name);
    bool is_array = type == SPD_JSON_ARRAY;
    if ((!is_array && type != SPD_JSON_OBJECT) || w->depth == JSON_MAX_DEPTH) {
        w->broken = true;
        return;
    }
    w->depth++;
    w->in_array &= ~(UINT64_C(1) << w->depth);
    w->in_array |= (uint64_t)is_array << w->depth;
    w->comma = false;
    buf_put_char(w->out, is_array ? '[' : '{');
}

void jsonw_end(spd_jsonw *w)
{
    if (w->depth == 0) {
        w->broken = true;
        return;
    }
    buf_put_char(w->out, level_is_array(w) ? ']' : '}');
    w->depth--;
    w->comma = true;
}

void jsonw_put_raw(spd_jsonw *w, const char *name, spd_str json)
{
    lead(w, name);
    buf_put(w->out, json);
}

void jsonw_put_null(spd_jsonw *w, const char *name)
{
    jsonw_put_raw(w, name, STR("null"));
}

void jsonw_put_bool(spd_jsonw *w, const char *name, bool value)
{
    jsonw_put_raw(w, name, value ? STR("true") : STR("false"));
}

void jsonw_put_int(spd_jsonw *w, const char *name, int64_t value)
{
    lead(w, name);
    char digits[24], *at = digits + sizeof(digits);
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do
        *--at = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (value < 0)
        *--at = '-';
    buf_put(w->out, (spd_str){ at, (size_t)(digits + sizeof(digits) - at) });
}

void jsonw_put_real(spd_jsonw *w, const char *name, double value)
{
    if (!isfinite(value)) {
        jsonw_put_null(w, name);
        return;
    }
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    jsonw_put_raw(w, name, str_of(text));
}

void jsonw_put_str(spd_jsonw *w, const char *name, spd_str value)
{
    lead(w, name);
    json_quote(w->out, value);
}

void jsonw_put_json(spd_jsonw *w, const char *name, const spd_json *value)
{
    enum spd_json_type type = json_type(value);
    switch (type) {
    case SPD_JSON_NULL:
        jsonw_put_null(w, name);
        return;
    case SPD_JSON_BOOL:
        jsonw_put_bool(w, name, json_as_bool(value, false));
        return;
    case SPD_JSON_INT:
        jsonw_put_int(w, name, json_as_int(value, 0));
        return;
    case SPD_JSON_REAL:
        jsonw_put_real(w, name, json_as_real(value, 0));
        return;
    case SPD_JSON_STR:
        jsonw_put_str(w, name, json_as_str(value, STR("")));
        return;
    case SPD_JSON_ARRAY:
    case SPD_JSON_OBJECT:
        break;
    }
    jsonw_begin(w, name, type);
    for (const spd_json *v = json_first(value); v != NULL; v = json_next(v))
        jsonw_put_json(w, type == SPD_JSON_OBJECT ? json_name(v).ptr : NULL, v);
    jsonw_end(w);
}

spd_err jsonw_text(spd_jsonw *w, spd_str *out)
{
    if (w->broken || w->depth > 0 || !w->comma)
        return SPD_EINTERNAL;
    *out = buf_str(w->out);
    return SPD_OK;
}
