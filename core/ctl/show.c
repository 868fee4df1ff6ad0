#include "ctl/show.h"

#include "ctl/cell.h"
#include "ctl/description.h"
#include "ctl/table.h"

enum { STEP = 2 }; /* what stands within is moved to the right by this */

struct view {
    struct buf *out;
    size_t width;
};

static void show_value(const struct view *view, const spd_json *value,
                       const spd_json *schema, size_t indent);

static bool is_single(const spd_json *value)
{
    struct buf scratch = { 0 };
    bool single = cell_put(&scratch, value);
    buf_fini(&scratch);
    return single;
}

static size_t name_width(const spd_json *record)
{
    size_t width = 0;
    for (const spd_json *m = json_first(record); m != NULL; m = json_next(m)) {
        size_t needed = is_single(m) ? cell_width(json_name(m)) : 0;
        width = needed > width ? needed : width;
    }
    return width;
}

static void put_indent(const struct view *view, size_t indent)
{
    cell_put_padded(view->out, STR(""), indent, CELL_LEFT);
}

static void put_name(const struct view *view, spd_str name, size_t width)
{
    struct buf safe = { 0 };
    cell_put_text(&safe, name);
    cell_put_padded(view->out, buf_str(&safe), width, CELL_LEFT);
    buf_fini(&safe);
}

/* Long values are not shortened here: there is room below. */
static void show_lines(const struct view *view, const spd_json *record,
                       size_t indent)
{
    size_t width = name_width(record);
    for (const spd_json *m = json_first(record); m != NULL; m = json_next(m)) {
        if (!is_single(m))
            continue;
        put_indent(view, indent);
        put_name(view, json_name(m), width + STEP);
        cell_put(view->out, m);
        buf_put_char(view->out, '\n');
    }
}

static void show_record(const struct view *view, const spd_json *record,
                        const spd_json *schema, size_t indent)
{
    show_lines(view, record, indent);
    for (const spd_json *m = json_first(record); m != NULL; m = json_next(m)) {
        if (is_single(m))
            continue;
        put_indent(view, indent);
        cell_put_text(view->out, json_name(m));
        buf_put(view->out, STR(":\n"));
        show_value(view, m, schema_member(schema, json_name(m)), indent + STEP);
    }
}

/* True when each item is a record, and there are any. */
static bool is_records(const spd_json *list)
{
    for (const spd_json *v = json_first(list); v != NULL; v = json_next(v))
        if (json_type(v) != SPD_JSON_OBJECT)
            return false;
    return json_first(list) != NULL;
}

static void show_list(const struct view *view, const spd_json *list,
                      const spd_json *schema, size_t indent)
{
    if (is_records(list)) {
        table_put(view->out, list, schema_record(schema), view->width, indent);
        return;
    }
    for (const spd_json *v = json_first(list); v != NULL; v = json_next(v))
        show_value(view, v, schema_record(schema), indent);
    if (json_first(list) != NULL)
        return;
    put_indent(view, indent);
    buf_put(view->out, STR("none\n"));
}

static void show_value(const struct view *view, const spd_json *value,
                       const spd_json *schema, size_t indent)
{
    if (json_type(value) == SPD_JSON_OBJECT) {
        show_record(view, value, schema, indent);
        return;
    }
    if (json_type(value) == SPD_JSON_ARRAY) {
        show_list(view, value, schema, indent);
        return;
    }
    put_indent(view, indent);
    cell_put(view->out, value);
    buf_put_char(view->out, '\n');
}

void show_reply(struct buf *out, const spd_json *value, const spd_json *schema,
                size_t width)
{
    struct view view = { .out = out, .width = width };
    show_value(&view, value, schema, 0);
}

void show_refusal(struct buf *out, spd_str body, int status)
{
    spd_json *doc = json_parse(body, NULL);
    spd_str sentence = json_as_str(json_member(doc, "error"), STR(""));
    if (sentence.len > 0)
        cell_put_text(out, sentence);
    else
        buf_printf(out, "the server answered %d and did not say why", status);
    buf_put_char(out, '\n');
    const spd_json *fields = json_member(doc, "fields");
    for (const spd_json *f = json_first(fields); f != NULL; f = json_next(f)) {
        buf_put(out, STR("  "));
        cell_put_text(out, json_name(f));
        buf_put(out, STR(": "));
        cell_put(out, f);
        buf_put_char(out, '\n');
    }
    json_free(doc);
}
