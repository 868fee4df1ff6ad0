#include "base/csv.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"

/* -- encodings -- */

static void put_utf8(struct buf *out, uint32_t code)
{
    if (code < 0x80) {
        buf_put_char(out, (char)code);
    } else if (code < 0x800) {
        buf_put_char(out, (char)(0xc0 | code >> 6));
        buf_put_char(out, (char)(0x80 | (code & 0x3f)));
    } else if (code < 0x10000) {
        buf_put_char(out, (char)(0xe0 | code >> 12));
        buf_put_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
        buf_put_char(out, (char)(0x80 | (code & 0x3f)));
    } else {
        buf_put_char(out, (char)(0xf0 | code >> 18));
        buf_put_char(out, (char)(0x80 | (code >> 12 & 0x3f)));
        buf_put_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
        buf_put_char(out, (char)(0x80 | (code & 0x3f)));
    }
}

enum { REPLACEMENT = 0xfffd };

/* What cannot be in a text becomes a replacement character. */
static uint32_t settled(uint32_t code)
{
    bool is_control =
        code < 0x20 && code != '\t' && code != '\n' && code != '\r';
    return is_control || (code >= 0xd800 && code < 0xe000) ? REPLACEMENT : code;
}

static void from_windows(spd_str bytes, struct buf *out)
{
    static const uint16_t high[] = {
        0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
        0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd,
        0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
        0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
    };
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.ptr[i];
        put_utf8(out, c >= 0x80 && c < 0xa0 ? high[c - 0x80] : settled(c));
    }
}

static uint32_t unit_at(spd_str bytes, size_t i, bool big)
{
    uint32_t one = (unsigned char)bytes.ptr[i];
    uint32_t two = (unsigned char)bytes.ptr[i + 1];
    return big ? one << 8 | two : two << 8 | one;
}

static void from_utf16(spd_str bytes, bool big, struct buf *out)
{
    for (size_t i = 0; i + 1 < bytes.len; i += 2) {
        uint32_t unit = unit_at(bytes, i, big);
        uint32_t next = i + 3 < bytes.len ? unit_at(bytes, i + 2, big) : 0;
        bool is_pair =
            unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000;
        put_utf8(out, is_pair
                          ? 0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00)
                          : settled(unit));
        i += is_pair ? 2 : 0;
    }
}

static void from_utf8(spd_str bytes, struct buf *out)
{
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.ptr[i];
        if (c < 0x80)
            put_utf8(out, settled(c));
        else
            buf_put_char(out, (char)c);
    }
}

/* Text has a zero in every second byte only as UTF-16. */
static bool has_zeros(spd_str bytes, size_t from)
{
    size_t zeros = 0, seen = 0;
    for (size_t i = from; i < bytes.len && seen < 512; i += 2, seen++)
        zeros += bytes.ptr[i] == '\0';
    return seen > 0 && zeros * 2 > seen;
}

static const char *to_utf8(spd_str bytes, struct buf *out)
{
    if (str_starts(bytes, STR("\xef\xbb\xbf")))
        bytes = (spd_str){ bytes.ptr + 3, bytes.len - 3 };
    bool little = str_starts(bytes, STR("\xff\xfe"));
    bool big = str_starts(bytes, STR("\xfe\xff"));
    if (little || big)
        bytes = (spd_str){ bytes.ptr + 2, bytes.len - 2 };
    else if (has_zeros(bytes, 1))
        little = true;
    else if (has_zeros(bytes, 0))
        big = true;
    if (little || big) {
        from_utf16(bytes, big, out);
        return big ? "UTF-16BE" : "UTF-16LE";
    }
    if (str_is_utf8(bytes)) {
        from_utf8(bytes, out);
        return "UTF-8";
    }
    from_windows(bytes, out);
    return "Windows-1252";
}

/* -- the separator -- */

/* The one that stands most often outside of quotes in the first line. */
static char find_separator(spd_str text)
{
    static const char candidates[] = { ',', ';', '\t', '|' };
    size_t counts[sizeof(candidates)] = { 0 };
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!quoted && (c == '\n' || c == '\r'))
            break;
        quoted ^= c == '"';
        for (size_t k = 0; k < sizeof(candidates) && !quoted; k++)
            counts[k] += c == candidates[k];
    }
    size_t best = 0;
    for (size_t k = 1; k < sizeof(candidates); k++)
        if (counts[k] > counts[best])
            best = k;
    return candidates[best];
}

static void skip(struct csv *csv, size_t bytes)
{
    csv->rest.ptr += bytes;
    csv->rest.len -= bytes;
}

void csv_begin(struct csv *csv, spd_str bytes, struct arena *arena)
{
    struct buf text = { 0 };
    *csv = (struct csv){ .line = 1, .arena = arena };
    csv->encoding = to_utf8(bytes, &text);
    csv->rest = arena_str(arena, buf_str(&text));
    buf_fini(&text);
    if (str_starts(csv->rest, STR("sep=")) && csv->rest.len > 4) {
        csv->separator = csv->rest.ptr[4];
        str_cut(&csv->rest, '\n');
        csv->line++;
        return;
    }
    csv->separator = find_separator(csv->rest);
}

/* -- rows -- */

/* A line ends in CR, LF, or both. */
static bool skip_line_end(struct csv *csv)
{
    if (csv->rest.len == 0)
        return false;
    char c = csv->rest.ptr[0];
    if (c != '\n' && c != '\r')
        return false;
    bool both = c == '\r' && csv->rest.len > 1 && csv->rest.ptr[1] == '\n';
    skip(csv, both ? 2 : 1);
    csv->line++;
    return true;
}

static bool is_cell_end(const struct csv *csv)
{
    if (csv->rest.len == 0)
        return true;
    char c = csv->rest.ptr[0];
    return c == csv->separator || c == '\n' || c == '\r';
}

/* Behind the opening quote; two quotes are one of the text. */
static bool take_quoted(struct csv *csv, struct buf *cell)
{
    for (; csv->rest.len > 0; skip(csv, 1)) {
        char c = csv->rest.ptr[0];
        if (c == '"' && csv->rest.len > 1 && csv->rest.ptr[1] == '"') {
            skip(csv, 1);
        } else if (c == '"') {
            skip(csv, 1);
            return true;
        }
        csv->line += c == '\n';
        buf_put_char(cell, c);
    }
    return false;
}

static bool take_cell(struct csv *csv, struct buf *cell)
{
    buf_clear(cell);
    while (csv->rest.len > 0 && csv->rest.ptr[0] == ' ')
        skip(csv, 1);
    if (csv->rest.len > 0 && csv->rest.ptr[0] == '"') {
        skip(csv, 1);
        if (!take_quoted(csv, cell))
            return false;
    }
    for (; !is_cell_end(csv); skip(csv, 1))
        buf_put_char(cell, csv->rest.ptr[0]);
    return true;
}

static bool is_empty(const struct csv_row *row)
{
    for (size_t i = 0; i < row->count; i++)
        if (row->cells[i].len > 0)
            return false;
    return true;
}

static bool take_row(struct csv *csv, struct csv_row *row, struct buf *cell,
                     struct spd_error *err)
{
    row->line = csv->line;
    row->count = 0;
    for (;;) {
        if (row->count == CSV_COLUMNS_MAX) {
            error_set(err, SPD_EINVAL, "line %zu has more than %d columns",
                      row->line, CSV_COLUMNS_MAX);
            return false;
        }
        if (!take_cell(csv, cell)) {
            error_set(err, SPD_EINVAL,
                      "a quote that is opened in line %zu is never closed",
                      row->line);
            return false;
        }
        row->cells[row->count++] =
            arena_str(csv->arena, str_trim(buf_str(cell)));
        if (csv->rest.len == 0 || csv->rest.ptr[0] != csv->separator)
            break;
        skip(csv, 1);
    }
    skip_line_end(csv);
    return true;
}

bool csv_next(struct csv *csv, struct csv_row *row, struct spd_error *err)
{
    struct buf cell = { 0 };
    bool taken = false;
    err->code = SPD_OK;
    while (!taken && csv->rest.len > 0 && take_row(csv, row, &cell, err))
        taken = !is_empty(row);
    buf_fini(&cell);
    return taken && err->code == SPD_OK;
}
