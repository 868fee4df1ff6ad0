#include "lua/conf_scan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { DEPTH_MAX = 16, MARKS_MAX = 10000 };

struct mark {
    char *path;
    int line;
};

struct conf_scan {
    struct mark *marks; /* in the order written */
    int count;
};

/* -- tokens -- */

enum token_kind { END, NAME, TEXT, SIGN };

struct token {
    enum token_kind kind;
    spd_str text; /* of a TEXT: between its quotes */
    int line;
};

struct reader {
    spd_str rest;
    int line;
};

static char peek(const struct reader *r, size_t at)
{
    return at < r->rest.len ? r->rest.ptr[at] : '\0';
}

static spd_str take(struct reader *r, size_t count)
{
    if (count > r->rest.len)
        count = r->rest.len;
    spd_str taken = { r->rest.ptr, count };
    for (size_t i = 0; i < count; i++)
        r->line += taken.ptr[i] == '\n';
    r->rest.ptr += count;
    r->rest.len -= count;
    return taken;
}

/* The `=` between the brackets of `[==[`; -1: it is not a long bracket. */
static int long_bracket(const struct reader *r)
{
    size_t at = 1;
    while (peek(r, at) == '=')
        at++;
    return peek(r, 0) == '[' && peek(r, at) == '[' ? (int)at - 1 : -1;
}

static bool closes_here(const struct reader *r, size_t at, size_t level)
{
    if (peek(r, at) != ']' || peek(r, at + 1 + level) != ']')
        return false;
    for (size_t i = 0; i < level; i++)
        if (peek(r, at + 1 + i) != '=')
            return false;
    return true;
}

static spd_str take_long(struct reader *r, size_t level)
{
    take(r, level + 2);
    size_t len = 0;
    while (len < r->rest.len && !closes_here(r, len, level))
        len++;
    spd_str text = take(r, len);
    take(r, level + 2);
    return text;
}

static void skip_comment(struct reader *r)
{
    take(r, 2);
    int level = long_bracket(r);
    if (level >= 0) {
        take_long(r, (size_t)level);
        return;
    }
    while (r->rest.len > 0 && peek(r, 0) != '\n')
        take(r, 1);
}

static void skip_space(struct reader *r)
{
    for (;;) {
        if (r->rest.len > 0 && isspace((unsigned char)peek(r, 0)))
            take(r, 1);
        else if (peek(r, 0) == '-' && peek(r, 1) == '-')
            skip_comment(r);
        else
            return;
    }
}

static spd_str take_quoted(struct reader *r)
{
    char quote = peek(r, 0);
    size_t len = 1;
    while (len < r->rest.len && peek(r, len) != quote && peek(r, len) != '\n')
        len += peek(r, len) == '\\' ? 2 : 1;
    spd_str whole = take(r, len);
    take(r, 1);
    return (spd_str){ whole.ptr + 1, whole.len - 1 };
}

static spd_str take_word(struct reader *r)
{
    size_t len = 0;
    while (isalnum((unsigned char)peek(r, len)) || peek(r, len) == '_')
        len++;
    return take(r, len);
}

static struct token next_token(struct reader *r)
{
    skip_space(r);
    struct token token = { .line = r->line };
    char c = peek(r, 0);
    int level = long_bracket(r);
    if (r->rest.len == 0)
        return token;
    if (level >= 0) {
        token.kind = TEXT;
        token.text = take_long(r, (size_t)level);
    } else if (c == '"' || c == '\'') {
        token.kind = TEXT;
        token.text = take_quoted(r);
    } else if (isalpha((unsigned char)c) || c == '_') {
        token.kind = NAME;
        token.text = take_word(r);
    } else {
        bool is_equality = c == '=' && peek(r, 1) == '=';
        token.kind = SIGN;
        token.text = take(r, is_equality ? 2 : 1);
    }
    return token;
}

static bool is_sign(const struct token *token, char sign)
{
    return token->kind == SIGN && token->text.len == 1 &&
           token->text.ptr[0] == sign;
}

/* -- keys -- */

struct walk {
    struct conf_scan *scan;
    struct reader reader;
    struct token now, next;
    struct buf path;           /* "plugins.etsy" */
    size_t lengths[DEPTH_MAX]; /* of the path, at each depth */
    size_t depth, too_deep;
};

static void advance(struct walk *w)
{
    w->now = w->next;
    w->next = next_token(&w->reader);
}

static void add_mark(struct walk *w, int line)
{
    struct conf_scan *scan = w->scan;
    if (scan->count == MARKS_MAX)
        return;
    scan->marks = mem_resize(scan->marks,
                             (size_t)(scan->count + 1) * sizeof(*scan->marks));
    scan->marks[scan->count++] =
        (struct mark){ mem_text(buf_str(&w->path)), line };
}

/* The path of a key in the table that is open. */
static void set_key(struct walk *w, spd_str name)
{
    w->path.len = w->depth == 0 ? 0 : w->lengths[w->depth - 1];
    if (w->path.len > 0)
        buf_put_char(&w->path, '.');
    buf_put(&w->path, name);
}

/* A table without a name of its own counts as part of the one around it. */
static void open_table(struct walk *w, bool has_key)
{
    if (!has_key)
        w->path.len = w->depth == 0 ? 0 : w->lengths[w->depth - 1];
    if (w->depth == DEPTH_MAX)
        w->too_deep++;
    else
        w->lengths[w->depth++] = w->path.len;
}

static void close_table(struct walk *w)
{
    if (w->too_deep > 0)
        w->too_deep--;
    else if (w->depth > 0)
        w->depth--;
}

static bool ends_entry(const struct token *token)
{
    return is_sign(token, ',') || is_sign(token, ';') || is_sign(token, '}');
}

/* `name = ` and `["name"] = ` name a key; a text alone names itself. */
static void look(struct walk *w, const struct token *before)
{
    bool in_brackets = is_sign(before, '[') && is_sign(&w->next, ']');
    bool is_key = w->now.kind == NAME && is_sign(&w->next, '=');
    bool is_alone = w->now.kind == TEXT && w->depth > 0 &&
                    !is_sign(before, '=') && ends_entry(&w->next);
    if (is_key || is_alone || (w->now.kind == TEXT && in_brackets)) {
        set_key(w, w->now.text);
        add_mark(w, w->now.line);
    }
    if (is_sign(&w->now, '{'))
        open_table(w, is_sign(before, '='));
    if (is_sign(&w->now, '}'))
        close_table(w);
}

struct conf_scan *conf_scan_new(spd_str text)
{
    struct walk walk = { .scan = mem_new(sizeof(struct conf_scan)),
                         .reader = { text, 1 } };
    struct token before = { 0 };
    advance(&walk);
    for (advance(&walk); walk.now.kind != END; advance(&walk)) {
        look(&walk, &before);
        before = walk.now;
    }
    buf_fini(&walk.path);
    return walk.scan;
}

void conf_scan_free(struct conf_scan *scan)
{
    if (scan == NULL)
        return;
    for (int i = 0; i < scan->count; i++)
        free(scan->marks[i].path);
    free(scan->marks);
    free(scan);
}

int conf_scan_order(const struct conf_scan *scan, spd_str path)
{
    for (int i = 0; i < scan->count; i++)
        if (str_is(path, scan->marks[i].path))
            return i;
    return -1;
}

int conf_scan_line(const struct conf_scan *scan, spd_str path)
{
    int order = conf_scan_order(scan, path);
    return order < 0 ? 0 : scan->marks[order].line;
}
