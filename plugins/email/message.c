#include "message.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    LINE_MAX_CHARS = 76,
    WORD_MAX_BYTES = 39, /* 52 characters encoded: a line with the rest */
    PLAIN_MAX_CHARS = 60,
    IMAGE_LINE_BYTES = 57,
};

/* -------------------------------------------------------------- UTF-8 - */

/* The bytes of the character that begins `s`; 0: it is none. */
static size_t char_len(spd_str s)
{
    static const struct {
        unsigned mask, bits, least;
    } forms[] = { { 0x80, 0x00, 0 },
                  { 0xe0, 0xc0, 0x80 },
                  { 0xf0, 0xe0, 0x800 },
                  { 0xf8, 0xf0, 0x10000 } };
    unsigned char first = (unsigned char)s.ptr[0];
    for (size_t n = 1; n <= SPD_COUNT(forms) && n <= s.len; n++) {
        if ((first & forms[n - 1].mask) != forms[n - 1].bits)
            continue;
        unsigned code = first & ~forms[n - 1].mask;
        for (size_t i = 1; i < n; i++) {
            if (((unsigned char)s.ptr[i] & 0xc0) != 0x80)
                return 0;
            code = code << 6 | ((unsigned char)s.ptr[i] & 0x3f);
        }
        bool is_surrogate = code >= 0xd800 && code < 0xe000;
        return code < forms[n - 1].least || code > 0x10ffff || is_surrogate ? 0
                                                                            : n;
    }
    return 0;
}

static void drop(spd_str *s, size_t count)
{
    *s = (spd_str){ s->ptr + count, s->len - count };
}

/* The next character for a header, never one that could end it. */
static spd_str next_char(spd_str *s)
{
    size_t len = char_len(*s);
    spd_str one = { s->ptr, len };
    if (len == 0)
        one = (spd_str){ "\xef\xbf\xbd", 3 };
    else if (len == 1 && ((unsigned char)s->ptr[0] < ' ' || s->ptr[0] == 0x7f))
        one = (spd_str){ " ", 1 };
    drop(s, len == 0 ? 1 : len);
    return one;
}

/* ------------------------------------------------------------- base64 - */

static void put_base64(struct text *out, spd_str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.len; i += 3) {
        uint32_t three = 0;
        char four[4] = "====";
        size_t count = bytes.len - i < 3 ? bytes.len - i : 3;
        for (size_t k = 0; k < 3; k++)
            three =
                three << 8 | (k < count ? (unsigned char)bytes.ptr[i + k] : 0u);
        for (size_t k = 0; k <= count; k++)
            four[k] = digits[three >> (18 - 6 * k) & 63];
        text_put(out, (spd_str){ four, 4 });
    }
}

static void put_image(struct text *out, spd_str bytes)
{
    while (bytes.len > 0) {
        spd_str line = bytes;
        if (line.len > IMAGE_LINE_BYTES)
            line.len = IMAGE_LINE_BYTES;
        put_base64(out, line);
        text_puts(out, "\r\n");
        drop(&bytes, line.len);
    }
}

/* ------------------------------------------------------------ headers - */

/* Is it short, and may it stand in a header as it is? */
static bool is_plain(spd_str s)
{
    if (s.len > PLAIN_MAX_CHARS)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < ' ' || s.ptr[i] > '~' ||
            (s.ptr[i] == '=' && i + 1 < s.len && s.ptr[i + 1] == '?'))
            return false;
    return s.len == 0 || (s.ptr[0] != ' ' && s.ptr[s.len - 1] != ' ');
}

/* RFC 2047: whole characters only, a word a line. */
static void put_words(struct text *out, spd_str s)
{
    const char *between = "";
    while (s.len > 0) {
        char word[WORD_MAX_BYTES];
        size_t len = 0;
        while (s.len > 0) {
            spd_str rest = s;
            spd_str one = next_char(&rest);
            if (len + one.len > sizeof(word))
                break;
            memcpy(word + len, one.ptr, one.len);
            len += one.len;
            s = rest;
        }
        text_printf(out, "%s=?UTF-8?B?", between);
        put_base64(out, (spd_str){ word, len });
        text_puts(out, "?=");
        between = "\r\n ";
    }
}

static void put_unstructured(struct text *out, const char *name, spd_str value)
{
    text_printf(out, "%s: ", name);
    if (is_plain(value))
        text_put(out, value);
    else
        put_words(out, value);
    text_puts(out, "\r\n");
}

static void put_quoted(struct text *out, spd_str name)
{
    text_puts(out, "\"");
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '"' || name.ptr[i] == '\\')
            text_puts(out, "\\");
        text_put(out, (spd_str){ name.ptr + i, 1 });
    }
    text_puts(out, "\"");
}

/* On a line of its own, so that no line grows too long. */
static void put_address(struct text *out, const struct address *address)
{
    if (address->name.len > 0 && is_plain(address->name))
        put_quoted(out, address->name);
    else
        put_words(out, address->name);
    if (address->name.len > 0)
        text_puts(out, "\r\n ");
    text_puts(out, "<");
    text_put(out, address->mail);
    text_puts(out, ">");
}

static void put_to(struct text *out, const struct addresses *to)
{
    text_puts(out, "To: ");
    for (size_t i = 0; i < to->count; i++) {
        if (i > 0)
            text_puts(out, ",\r\n ");
        put_address(out, &to->at[i]);
    }
    text_puts(out, "\r\n");
}

/* By hand: strftime speaks the language of the place. */
static void put_date(struct text *out, int64_t date_ms)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t seconds = (time_t)(date_ms / 1000);
    struct tm at = { 0 };
    (void)gmtime_r(&seconds, &at);
    text_printf(out, "Date: %.3s, %d %.3s %d %02d:%02d:%02d +0000\r\n",
                days + (size_t)at.tm_wday * 3, at.tm_mday,
                months + (size_t)at.tm_mon * 3, at.tm_year + 1900, at.tm_hour,
                at.tm_min, at.tm_sec);
}

/* <id@domain>, of what an id may be made of and nothing else. */
static void put_id(struct text *out, const char *name, const char *before,
                   spd_str id, spd_str domain)
{
    text_printf(out, "%s: <%s", name, before);
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                    (c >= '0' && c <= '9') || c == '_' || c == '-';
        text_put(out, fits ? (spd_str){ &id.ptr[i], 1 } : (spd_str){ "-", 1 });
    }
    text_puts(out, "@");
    text_put(out, domain);
    text_puts(out, ">\r\n");
}

static void put_headers(struct text *out, const struct message *m)
{
    spd_str domain = address_domain(m->from);
    put_date(out, m->date_ms);
    text_puts(out, "From: ");
    put_address(out, m->from);
    text_puts(out, "\r\n");
    put_to(out, m->to);
    put_unstructured(out, "Subject", m->subject);
    put_id(out, "Message-ID", "", m->id, domain);
    if (m->thread.len > 0) {
        put_id(out, "In-Reply-To", "thread-", m->thread, domain);
        put_id(out, "References", "thread-", m->thread, domain);
    }
    text_puts(out, "Auto-Submitted: auto-generated\r\n"
                   "X-Auto-Response-Suppress: All\r\n"
                   "MIME-Version: 1.0\r\n");
}

/* -------------------------------------------------------------- bodies - */

/* Quoted-printable, RFC 2045: the breaks of the text become CRLF, and what
 * stands before one, or is too long for a line, is encoded or broken. */
struct quoter {
    struct text *out;
    size_t column;
};

static void put_piece(struct quoter *q, spd_str piece)
{
    if (q->column + piece.len > LINE_MAX_CHARS - 1) {
        text_puts(q->out, "=\r\n");
        q->column = 0;
    }
    text_put(q->out, piece);
    q->column += piece.len;
}

static bool at_break(spd_str s)
{
    return s.len == 0 || s.ptr[0] == '\n' || s.ptr[0] == '\r';
}

static void put_quoted_char(struct quoter *q, spd_str s)
{
    char code[4];
    unsigned char c = (unsigned char)s.ptr[0];
    spd_str rest = { s.ptr + 1, s.len - 1 };
    bool is_blank = c == ' ' || c == '\t';
    if (c != '=' && ((c > ' ' && c <= '~') || (is_blank && !at_break(rest)))) {
        put_piece(q, (spd_str){ s.ptr, 1 });
        return;
    }
    (void)snprintf(code, sizeof(code), "=%02X", c);
    put_piece(q, (spd_str){ code, 3 });
}

static void put_printable(struct text *out, spd_str s)
{
    struct quoter q = { out, 0 };
    while (s.len > 0) {
        if (at_break(s)) {
            bool is_pair = s.len > 1 && s.ptr[0] == '\r' && s.ptr[1] == '\n';
            text_puts(out, "\r\n");
            q.column = 0;
            drop(&s, is_pair ? 2 : 1);
            continue;
        }
        size_t len = char_len(s);
        if (len == 0)
            put_piece(&q, (spd_str){ "=EF=BF=BD", 9 });
        for (size_t i = 0; i < len; i++)
            put_quoted_char(&q, (spd_str){ s.ptr + i, s.len - i });
        drop(&s, len == 0 ? 1 : len);
    }
    text_puts(out, "\r\n");
}

/* No encoded body can hold "=_": no text is searched for its boundary. */
#define ALTERNATIVE "=_alternative"
#define RELATED "=_related"

static void put_text_part(struct text *out, const char *kind, spd_str body)
{
    text_printf(out,
                "Content-Type: text/%s; charset=utf-8\r\n"
                "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
                kind);
    put_printable(out, body);
}

static void put_picture(struct text *out, spd_str picture)
{
    text_puts(out, "Content-Type: image/png; name=\"plate.png\"\r\n"
                   "Content-Transfer-Encoding: base64\r\n"
                   "Content-ID: <picture>\r\n"
                   "Content-Disposition: inline; filename=\"plate.png\"\r\n"
                   "\r\n");
    put_image(out, picture);
}

static void put_html(struct text *out, const struct message *m)
{
    if (m->picture.len == 0) {
        put_text_part(out, "html", m->html);
        return;
    }
    text_puts(out, "Content-Type: multipart/related; type=\"text/html\";\r\n"
                   " boundary=\"" RELATED "\"\r\n\r\n--" RELATED "\r\n");
    put_text_part(out, "html", m->html);
    text_puts(out, "--" RELATED "\r\n");
    put_picture(out, m->picture);
    text_puts(out, "--" RELATED "--\r\n");
}

void message_write(const struct message *m, struct text *out)
{
    put_headers(out, m);
    text_puts(out,
              "Content-Type: multipart/alternative;\r\n"
              " boundary=\"" ALTERNATIVE "\"\r\n\r\n--" ALTERNATIVE "\r\n");
    put_text_part(out, "plain", m->text);
    text_puts(out, "--" ALTERNATIVE "\r\n");
    put_html(out, m);
    text_puts(out, "--" ALTERNATIVE "--\r\n");
}
