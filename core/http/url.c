#include "http/url.h"

#include <string.h>

void url_fini(struct url *url)
{
    buf_fini(&url->text);
}

static bool is_control(unsigned char byte)
{
    return byte < 0x20 || byte == 0x7F;
}

/* Take one byte, as it is or as %XX, off the front; -1: bad percent. */
static int take_byte(spd_str *raw)
{
    size_t used = 1;
    int byte = (unsigned char)raw->ptr[0];
    if (byte == '%') {
        byte = raw->len < 3 ? -1 : str_hex_byte(raw->ptr + 1);
        if (byte < 0)
            return -1;
        used = 3;
    }
    raw->ptr += used;
    raw->len -= used;
    return byte;
}

/* Append the decoded bytes, which are never more than there were. */
static const char *decode(struct url *url, spd_str raw, bool is_path,
                          spd_str *out)
{
    char *start = buf_room(&url->text, raw.len), *end = start;
    while (raw.len > 0) {
        char first = raw.ptr[0];
        int byte = take_byte(&raw);
        if (byte < 0)
            return "the address holds a % without two hexadecimal digits";
        if (is_control((unsigned char)byte) || first == ' ')
            return "the address holds a control character or a blank";
        if (is_path && byte == '/' && first == '%')
            return "the address holds an encoded slash";
        *end++ = first == '+' && !is_path ? ' ' : (char)byte;
    }
    *out = (spd_str){ start, (size_t)(end - start) };
    url->text.len += out->len;
    return str_is_utf8(*out) ? NULL : "the address is not UTF-8";
}

/* An empty last segment is allowed: the path may end in a slash. */
static const char *judge_path(spd_str path)
{
    if (path.len == 0 || path.ptr[0] != '/')
        return "the address must begin with a slash";
    str_cut(&path, '/');
    while (path.len > 0) {
        spd_str segment = str_cut(&path, '/');
        if (segment.len == 0)
            return "the address holds two slashes in a row";
        if (str_is(segment, ".") || str_is(segment, ".."))
            return "the address holds a segment of dots";
    }
    return NULL;
}

static const char *read_pair(struct url *url, spd_str raw)
{
    if (raw.len == 0)
        return NULL;
    if (url->pair_count == URL_PAIRS_MAX)
        return "the query has too many members";
    struct pair pair;
    spd_str raw_name = str_cut(&raw, '=');
    const char *fault = decode(url, raw_name, false, &pair.name);
    if (fault == NULL)
        fault = decode(url, raw, false, &pair.value);
    if (fault != NULL)
        return fault;
    for (size_t i = 0; i < url->pair_count; i++)
        if (str_equal(url->pairs[i].name, pair.name))
            return "a member of the query is given twice";
    url->pairs[url->pair_count++] = pair;
    return NULL;
}

const char *url_read(struct url *url, spd_str raw)
{
    url->path = (spd_str){ NULL, 0 };
    url->pair_count = 0;
    buf_clear(&url->text);
    if (raw.len > URL_MAX_BYTES)
        return "the address is too long";
    /* Views look into the buffer: it must not move while it is filled. */
    buf_room(&url->text, raw.len + 1);
    spd_str raw_path = str_cut(&raw, '?');
    const char *fault = decode(url, raw_path, true, &url->path);
    if (fault == NULL)
        fault = judge_path(url->path);
    while (fault == NULL && raw.len > 0)
        fault = read_pair(url, str_cut(&raw, '&'));
    return fault;
}

spd_str url_member(const struct url *url, const char *name)
{
    for (size_t i = 0; i < url->pair_count; i++)
        if (str_is(url->pairs[i].name, name))
            return url->pairs[i].value;
    return (spd_str){ NULL, 0 };
}
