#include "letter.h"

#include <string.h>

struct page {
    const struct spd_json_api *json;
    const spd_json *notice;
    struct text *out;
};

static spd_str member(const struct page *p, const spd_json *of,
                      const char *name)
{
    return p->json->as_str(p->json->member(of, name), (spd_str){ "", 0 });
}

static bool begins(spd_str s, const char *with)
{
    return s.len >= strlen(with) && memcmp(s.ptr, with, strlen(with)) == 0;
}

static spd_str link_of(const struct page *p, const spd_json *of)
{
    spd_str link = member(p, of, "link");
    bool is_web = begins(link, "http://") || begins(link, "https://");
    return is_web ? link : (spd_str){ "", 0 };
}

/* What gathers others lists their titles there; we list them whole. */
static spd_str words_of(const struct page *p)
{
    bool gathers = p->json->count(p->json->member(p->notice, "items")) > 0;
    return gathers ? (spd_str){ "", 0 } : member(p, p->notice, "text");
}

typedef void each_fn(const struct page *p, const spd_json *row);

static void each(const struct page *p, const char *name, each_fn *fn)
{
    const spd_json *rows = p->json->member(p->notice, name);
    for (size_t i = 0; i < p->json->count(rows); i++)
        fn(p, p->json->item(rows, i));
}

/* ---------------------------------------------------------- plain text - */

static void put_line(const struct page *p, spd_str line)
{
    if (line.len == 0)
        return;
    text_put(p->out, line);
    text_puts(p->out, "\n");
}

static void text_fact(const struct page *p, const spd_json *row)
{
    text_put(p->out, member(p, row, "name"));
    text_puts(p->out, ": ");
    put_line(p, member(p, row, "value"));
}

/* "2026-01-01T10:00:00Z", as people write it. */
static void put_moment(struct text *out, spd_str at)
{
    if (at.len < 17 || at.ptr[at.len - 1] != 'Z') {
        text_put(out, at);
        return;
    }
    text_put(out, (spd_str){ at.ptr, 10 });
    text_puts(out, " ");
    text_put(out, (spd_str){ at.ptr + 11, 5 });
    text_puts(out, " UTC");
}

static void text_item(const struct page *p, const spd_json *row)
{
    text_puts(p->out, "\n* ");
    put_line(p, member(p, row, "title"));
    text_puts(p->out, "  ");
    put_moment(p->out, member(p, row, "at"));
    text_puts(p->out, "\n");
    put_line(p, member(p, row, "text"));
    put_line(p, link_of(p, row));
}

void letter_text(const struct spd_json_api *json, const spd_json *notice,
                 struct text *out)
{
    const struct page p = { json, notice, out };
    put_line(&p, member(&p, notice, "title"));
    text_puts(out, "\n");
    put_line(&p, words_of(&p));
    each(&p, "items", text_item);
    text_puts(out, "\n");
    each(&p, "facts", text_fact);
    text_puts(out, "When: ");
    put_moment(out, member(&p, notice, "at"));
    text_puts(out, "\n\n");
    put_line(&p, link_of(&p, notice));
}

/* -------------------------------------------------------------- a page - */

static void put_escaped(struct text *out, spd_str s)
{
    for (size_t i = 0; i < s.len; i++)
        switch (s.ptr[i]) {
        case '&':
            text_puts(out, "&amp;");
            break;
        case '<':
            text_puts(out, "&lt;");
            break;
        case '>':
            text_puts(out, "&gt;");
            break;
        case '"':
            text_puts(out, "&quot;");
            break;
        case '\n':
            text_puts(out, "<br>\n");
            break;
        default:
            text_put(out, (spd_str){ s.ptr + i, 1 });
        }
}

static void put_within(const struct page *p, const char *before, spd_str s,
                       const char *after)
{
    if (s.len == 0)
        return;
    text_puts(p->out, before);
    put_escaped(p->out, s);
    text_puts(p->out, after);
}

static void put_link(const struct page *p, spd_str link)
{
    put_within(p, "<p><a href=\"", link, "\">");
    put_within(p, "", link, "</a></p>\n");
}

static void put_row(const struct page *p, spd_str name, spd_str value)
{
    put_within(p, "<tr><td style=\"color:#666;padding-right:1em\">", name,
               "</td>");
    put_within(p, "<td>", value, "</td></tr>\n");
}

static void html_fact(const struct page *p, const spd_json *row)
{
    if (member(p, row, "value").len > 0)
        put_row(p, member(p, row, "name"), member(p, row, "value"));
}

static void put_html_moment(const struct page *p, const spd_json *of,
                            void (*put)(const struct page *p, spd_str at))
{
    struct text at = { 0 };
    put_moment(&at, member(p, of, "at"));
    put(p, text_str(&at));
    text_free(&at);
}

static void put_item_moment(const struct page *p, spd_str at)
{
    put_within(p, "<p style=\"color:#666;margin:0\">", at, "</p>\n");
}

static void put_when(const struct page *p, spd_str at)
{
    put_row(p, text_of("When"), at);
}

static void html_item(const struct page *p, const spd_json *row)
{
    put_within(p, "<h3 style=\"margin-bottom:0\">", member(p, row, "title"),
               "</h3>\n");
    put_html_moment(p, row, put_item_moment);
    put_within(p, "<p>", member(p, row, "text"), "</p>\n");
    put_link(p, link_of(p, row));
}

/* A mark of colour: how bad is it? */
static const char *color_of(const struct page *p)
{
    static const struct {
        const char *severity, *color;
    } rows[] = { { "success", "#2e7d32" },
                 { "warning", "#ed6c02" },
                 { "error", "#c62828" } };
    spd_str severity = member(p, p->notice, "severity");
    for (size_t i = 0; i < SPD_COUNT(rows); i++)
        if (text_is(severity, rows[i].severity))
            return rows[i].color;
    return "#1565c0";
}

void letter_html(const struct spd_json_api *json, const spd_json *notice,
                 bool has_picture, struct text *out)
{
    const struct page p = { json, notice, out };
    text_puts(out, "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">"
                   "</head>\n<body style=\"font-family:sans-serif\">\n");
    text_printf(out,
                "<div style=\"border-left:6px solid %s;padding-left:1em\">"
                "\n",
                color_of(&p));
    put_within(&p, "<h2>", member(&p, notice, "title"), "</h2>\n");
    put_within(&p, "<p>", words_of(&p), "</p>\n");
    if (has_picture)
        text_puts(out, "<p><img src=\"cid:picture\" alt=\"the plate\" "
                       "style=\"max-width:320px\"></p>\n");
    each(&p, "items", html_item);
    text_puts(out, "<table>\n");
    each(&p, "facts", html_fact);
    put_html_moment(&p, notice, put_when);
    text_puts(out, "</table>\n");
    put_link(&p, link_of(&p, notice));
    text_puts(out, "</div>\n</body></html>\n");
}
