#include "ctl/help.h"

#include "ctl/cell.h"

enum { GAP = 2, NAME_WIDTH_MAX = 28 };

static spd_str text_of(const spd_json *object, const char *name)
{
    return json_as_str(json_member(object, name), STR(""));
}

static void put_padded(struct buf *out, spd_str text, size_t width)
{
    size_t needed = cell_width(text) + GAP;
    cell_put_padded(out, text, needed > width ? needed : width, CELL_LEFT);
}

/* -- all of them -- */

void help_put_list(struct buf *out, const struct description *description)
{
    size_t width = 0, count = description_count(description);
    for (size_t i = 0; i < count; i++) {
        size_t needed = cell_width(description_at(description, i)->name) + GAP;
        width = needed > width ? needed : width;
    }
    for (size_t i = 0; i < count; i++) {
        const struct operation *op = description_at(description, i);
        put_padded(out, op->name, width);
        cell_put_text(out, op->doc);
        buf_put_char(out, '\n');
    }
}

/* -- one field -- */

static void put_choices(struct buf *out, const spd_json *choices)
{
    const char *before = "";
    for (const spd_json *c = json_first(choices); c != NULL; c = json_next(c)) {
        buf_put(out, str_of(before));
        cell_put(out, c);
        before = "|";
    }
}

/* The least and the most that a schema names, in their own words. */
static void put_bounds(struct buf *out, const spd_json *schema)
{
    static const struct bound {
        const char *least, *most, *unit;
    } bounds[] = { { "minimum", "maximum", "" },
                   { "minLength", "maxLength", " bytes" },
                   { "minItems", "maxItems", " items" } };
    for (size_t i = 0; i < SPD_COUNT(bounds); i++) {
        const spd_json *least = json_member(schema, bounds[i].least);
        const spd_json *most = json_member(schema, bounds[i].most);
        if (least == NULL && most == NULL)
            continue;
        buf_put_char(out, ' ');
        if (least != NULL)
            cell_put(out, least);
        buf_put(out, STR(".."));
        if (most != NULL)
            cell_put(out, most);
        buf_put(out, str_of(bounds[i].unit));
    }
}

static void put_type(struct buf *out, const spd_json *schema)
{
    const spd_json *choices = json_member(schema, "enum");
    spd_str type = schema_type(schema);
    if (choices != NULL)
        put_choices(out, choices);
    else if (str_is(text_of(schema, "format"), "date-time"))
        buf_put(out, STR("time, 2026-11-22T14:00:00Z"));
    else if (str_is(type, "array"))
        buf_put(out, STR("list"));
    else
        cell_put_text(out, type.len == 0            ? STR("any JSON")
                           : str_is(type, "string") ? STR("text")
                                                    : type);
    put_bounds(out, schema);
    if (schema_allows_null(schema))
        buf_put(out, STR(", or null"));
}

static bool is_required(const spd_json *schema, spd_str name)
{
    const spd_json *names = json_member(schema, "required");
    for (const spd_json *n = json_first(names); n != NULL; n = json_next(n))
        if (str_equal(json_as_str(n, STR("")), name))
            return true;
    return false;
}

static void put_field(struct buf *out, spd_str name, bool required,
                      const spd_json *schema, spd_str doc)
{
    struct buf left = { 0 };
    cell_put_text(&left, name);
    buf_put(&left, required ? STR(" *") : STR(""));
    buf_put(out, STR("  "));
    put_padded(out, buf_str(&left), NAME_WIDTH_MAX);
    put_type(out, schema);
    buf_put(out, STR("\n      "));
    cell_put_text(out, doc);
    const spd_json *fallback = json_member(schema, "default");
    if (fallback != NULL) {
        buf_put(out, STR(" (else "));
        cell_put(out, fallback);
        buf_put_char(out, ')');
    }
    buf_put_char(out, '\n');
    buf_fini(&left);
}

static void put_fields(struct buf *out, const struct operation *op)
{
    const spd_json *members = json_member(op->body, "properties");
    if (json_first(op->params) == NULL && json_first(members) == NULL &&
        !op->uploads)
        return;
    buf_put(out, STR("\nFields (* is needed)\n"));
    if (op->uploads)
        buf_put(out, STR("  @FILE *\n      the file to send\n"));
    for (const spd_json *p = json_first(op->params); p != NULL;
         p = json_next(p))
        put_field(out, text_of(p, "name"),
                  json_as_bool(json_member(p, "required"), false),
                  json_member(p, "schema"), text_of(p, "description"));
    for (const spd_json *m = json_first(members); m != NULL; m = json_next(m))
        put_field(out, json_name(m), is_required(op->body, json_name(m)), m,
                  text_of(m, "description"));
}

/* -- an example -- */

static void put_example_value(struct buf *out, const spd_json *schema)
{
    struct buf value = { 0 };
    const spd_json *example = json_member(schema, "example");
    const spd_json *choice = json_first(json_member(schema, "enum"));
    bool shown = (example != NULL && cell_put(&value, example)) ||
                 (choice != NULL && cell_put(&value, choice));
    if (!shown)
        buf_put(&value, STR("..."));
    bool quoted = false;
    for (size_t i = 0; i < value.len; i++)
        quoted = quoted || value.ptr[i] == ' ' || value.ptr[i] == '#';
    buf_put(out, quoted ? STR("\"") : STR(""));
    buf_put(out, buf_str(&value));
    buf_put(out, quoted ? STR("\"") : STR(""));
    buf_fini(&value);
}

static void put_example_pair(struct buf *out, spd_str name,
                             const spd_json *schema)
{
    buf_put_char(out, ' ');
    cell_put_text(out, name);
    buf_put_char(out, '=');
    put_example_value(out, schema);
}

/* What is needed; without anything needed, the first field of the body. */
static void put_example(struct buf *out, const struct operation *op)
{
    buf_put(out, STR("\nExample\n  spoolctl "));
    cell_put_text(out, op->name);
    if (op->streams)
        buf_put(out, STR(" --follow"));
    if (op->uploads)
        buf_put(out, STR(" @bracket.gcode.3mf"));
    for (const spd_json *p = json_first(op->params); p != NULL;
         p = json_next(p))
        if (json_as_bool(json_member(p, "required"), false) &&
            !(op->uploads && str_is(text_of(p, "name"), "name")))
            put_example_pair(out, text_of(p, "name"), json_member(p, "schema"));
    const spd_json *members = json_member(op->body, "properties");
    bool any = json_first(json_member(op->body, "required")) != NULL;
    for (const spd_json *m = json_first(members); m != NULL; m = json_next(m))
        if (is_required(op->body, json_name(m)) ||
            (!any && m == json_first(members)))
            put_example_pair(out, json_name(m), m);
    buf_put_char(out, '\n');
}

/* -- what comes back -- */

static void put_reply(struct buf *out, const struct operation *op)
{
    const spd_json *members =
        json_member(schema_record(op->reply), "properties");
    if (json_first(members) == NULL)
        return;
    buf_put(out, str_is(schema_type(op->reply), "array")
                     ? STR("\nReply: a list of\n")
                     : STR("\nReply\n"));
    for (const spd_json *m = json_first(members); m != NULL; m = json_next(m)) {
        buf_put(out, STR("  "));
        put_padded(out, json_name(m), NAME_WIDTH_MAX);
        cell_put_text(out, text_of(m, "description"));
        buf_put_char(out, '\n');
    }
}

void help_put_operation(struct buf *out, const struct operation *op)
{
    cell_put_text(out, op->name);
    buf_put(out, STR(": "));
    cell_put_text(out, op->doc);
    buf_printf(out, "\n%.*s %.*s", STR_ARG(op->method), STR_ARG(op->path));
    if (op->is_public)
        buf_put(out, STR(", for everybody"));
    else if (op->role.len > 0)
        buf_printf(out, ", for role %.*s and above", STR_ARG(op->role));
    buf_put_char(out, '\n');
    put_fields(out, op);
    put_example(out, op);
    put_reply(out, op);
}
