#include "shop/template.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* -- a text is pieces: plain ones, and names in double braces -- */

struct piece {
    spd_str text;
    bool is_name;
};

/* Take the first piece off `rest`. False: there is none; a brace that does not
 * close makes the rest plain text. */
static bool next_piece(spd_str *rest, struct piece *piece)
{
    if (rest->len == 0)
        return false;
    const char *open = memmem(rest->ptr, rest->len, "{{", 2);
    size_t before = open == NULL ? rest->len : (size_t)(open - rest->ptr);
    const char *close =
        open == NULL ? NULL : memmem(open, rest->len - before, "}}", 2);
    if (close == NULL)
        before = rest->len;
    size_t taken = before;
    if (before > 0) {
        *piece = (struct piece){ { rest->ptr, before }, false };
    } else {
        spd_str name = { open + 2, (size_t)(close - open) - 2 };
        *piece = (struct piece){ str_trim(name), true };
        taken = (size_t)(close - open) + 2;
    }
    rest->ptr += taken;
    rest->len -= taken;
    return true;
}

const spd_json *template_find(const spd_json *root, spd_str path)
{
    while (root != NULL && path.len > 0) {
        char *name = mem_text(str_cut(&path, '.'));
        root = json_member(root, name);
        free(name);
    }
    return root;
}

static bool is_there(const spd_json *value)
{
    enum spd_json_type type = json_type(value);
    return type != SPD_JSON_NULL &&
           (type != SPD_JSON_STR || json_as_str(value, STR("")).len > 0);
}

/* As people write it: texts without quotes, the rest as JSON. */
static void put_plain(struct buf *out, const spd_json *value)
{
    spd_jsonw w;
    if (json_type(value) == SPD_JSON_STR) {
        buf_put(out, json_as_str(value, STR("")));
        return;
    }
    jsonw_init(&w, out);
    jsonw_put_json(&w, NULL, value);
}

/* False: something it names is not there. */
static bool put_filled(struct buf *out, spd_str text, const spd_json *root)
{
    struct piece piece;
    bool is_whole = true;
    while (next_piece(&text, &piece)) {
        const spd_json *value =
            piece.is_name ? template_find(root, piece.text) : NULL;
        if (!piece.is_name)
            buf_put(out, piece.text);
        else if (is_there(value))
            put_plain(out, value);
        else
            is_whole = false;
    }
    return is_whole;
}

void template_words(spd_str text, const spd_json *root, struct buf *out)
{
    size_t start = out->len;
    while (text.len > 0) {
        size_t before = out->len;
        if (before > start)
            buf_put_char(out, '\n');
        if (!put_filled(out, str_cut(&text, '\n'), root))
            out->len = before;
    }
}

void template_line(spd_str text, const spd_json *root, struct buf *out)
{
    put_filled(out, text, root);
}

/* -- templates -- */

static void fill_text(spd_str text, const spd_json *root, spd_jsonw *w,
                      const char *name)
{
    spd_str rest = text;
    struct piece piece;
    struct buf filled = { 0 };
    if (next_piece(&rest, &piece) && piece.is_name && rest.len == 0) {
        const spd_json *value = template_find(root, piece.text);
        if (value == NULL)
            jsonw_put_null(w, name);
        else
            jsonw_put_json(w, name, value);
        return;
    }
    put_filled(&filled, text, root);
    jsonw_put_str(w, name, buf_str(&filled));
    buf_fini(&filled);
}

void template_fill(const spd_json *value, const spd_json *root, spd_jsonw *w,
                   const char *name)
{
    enum spd_json_type type = json_type(value);
    if (type == SPD_JSON_STR) {
        fill_text(json_as_str(value, STR("")), root, w, name);
        return;
    }
    if (type != SPD_JSON_OBJECT && type != SPD_JSON_ARRAY) {
        jsonw_put_json(w, name, value);
        return;
    }
    jsonw_begin(w, name, type);
    for (const spd_json *m = json_first(value); m != NULL; m = json_next(m))
        template_fill(m, root, w,
                      type == SPD_JSON_OBJECT ? json_name(m).ptr : NULL);
    jsonw_end(w);
}

static spd_err check_text(spd_str text, bool (*is_known)(spd_str path),
                          struct spd_error *err)
{
    struct piece piece;
    while (next_piece(&text, &piece)) {
        if (piece.is_name && !is_known(piece.text))
            return error_set(err, SPD_EINVAL,
                             "{{%.*s}} is not known; there are {{title}}, "
                             "{{text}}, {{link}}, {{event.printer.name}}, ...",
                             STR_ARG(str_clip(piece.text, 80)));
        if (!piece.is_name &&
            memmem(piece.text.ptr, piece.text.len, "{{", 2) != NULL)
            return error_set(err, SPD_EINVAL,
                             "after \"%.*s\" the closing }} is missing",
                             STR_ARG(str_clip(piece.text, 80)));
    }
    return SPD_OK;
}

spd_err template_check(const spd_json *value, bool (*is_known)(spd_str path),
                       struct spd_error *err)
{
    if (json_type(value) == SPD_JSON_STR)
        return check_text(json_as_str(value, STR("")), is_known, err);
    for (const spd_json *m = json_first(value); m != NULL; m = json_next(m))
        if (template_check(m, is_known, err) != SPD_OK)
            return err->code;
    return SPD_OK;
}
