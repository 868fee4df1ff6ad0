#include "ctl/table.h"

#include <stdlib.h>

#include "base/mem.h"
#include "ctl/cell.h"

enum {
    GAP = 2,           /* between columns */
    SHORT_WIDTH = 16,  /* a text is not made narrower than this, */
    SHORT_NAME = 8,    /* nor a name than this */
    COLUMNS_MAX = 128, /* more are not looked at */
};

struct column {
    spd_str name;
    spd_str *cells; /* one a row */
    size_t cells_width;
    size_t width, least; /* numbers are never shortened */
    bool is_number;
    bool is_same; /* in all rows, of which there are several */
};

struct table {
    struct arena arena;
    struct column columns[COLUMNS_MAX]; /* those that are shown */
    size_t column_count, row_count;
};

/* -- filling it -- */

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static const spd_json *cell_of(const spd_json *row, spd_str name)
{
    for (const spd_json *m = json_first(row); m != NULL; m = json_next(m))
        if (str_equal(json_name(m), name))
            return m;
    return NULL;
}

/* False: a value has parts of its own, which have no place in a cell. */
static bool read_cell(struct table *table, struct column *column, size_t row,
                      const spd_json *value)
{
    struct buf text = { 0 };
    bool good = cell_put(&text, value);
    column->cells[row] = arena_str(&table->arena, buf_str(&text));
    buf_fini(&text);
    column->cells_width =
        larger(column->cells_width, cell_width(column->cells[row]));
    enum spd_json_type type = json_type(value);
    if (type != SPD_JSON_INT && type != SPD_JSON_REAL && type != SPD_JSON_NULL)
        column->is_number = false;
    if (!str_equal(column->cells[row], column->cells[0]))
        column->is_same = false;
    return good;
}

static void set_widths(struct column *column)
{
    size_t name = cell_width(column->name), cells = column->cells_width;
    size_t needed = column->is_number ? cells : smaller(cells, SHORT_WIDTH);
    column->least = larger(needed, smaller(name, SHORT_NAME));
    column->width = larger(cells, name);
}

/* Null, and texts and lists without anything in them. */
static bool says_nothing(const spd_json *value)
{
    if (json_type(value) == SPD_JSON_ARRAY)
        return json_first(value) == NULL;
    return json_type(value) == SPD_JSON_NULL ||
           (json_type(value) == SPD_JSON_STR &&
            json_as_str(value, STR("")).len == 0);
}

static spd_str safe_name(struct table *table, spd_str name)
{
    struct buf text = { 0 };
    cell_put_text(&text, name);
    spd_str safe = arena_str(&table->arena, buf_str(&text));
    buf_fini(&text);
    return safe;
}

static void add_column(struct table *table, const spd_json *rows, spd_str name)
{
    if (table->column_count == COLUMNS_MAX)
        return;
    struct column column = {
        .name = safe_name(table, name),
        .cells = arena_new(&table->arena, table->row_count * sizeof(spd_str)),
        .is_number = true,
        .is_same = true,
    };
    bool good = true, said = false;
    size_t row = 0;
    for (const spd_json *r = json_first(rows); r != NULL; r = json_next(r)) {
        const spd_json *value = cell_of(r, name);
        good = read_cell(table, &column, row++, value) && good;
        said = said || !says_nothing(value);
    }
    set_widths(&column);
    column.is_same = column.is_same && table->row_count > 1;
    if (good && said)
        table->columns[table->column_count++] = column;
}

static void add_columns(struct table *table, const spd_json *rows,
                        const spd_json *names)
{
    for (const spd_json *n = json_first(names); n != NULL; n = json_next(n))
        add_column(table, rows, json_name(n));
}

static void fill(struct table *table, const spd_json *rows,
                 const spd_json *schema)
{
    table->row_count = json_count(rows);
    add_columns(table, rows, json_member(schema, "properties"));
    if (table->column_count == 0)
        add_columns(table, rows, json_first(rows));
}

/* -- making it fit -- */

static size_t total_width(const struct table *table)
{
    size_t width = 0;
    for (size_t i = 0; i < table->column_count; i++)
        width += table->columns[i].width + (i > 0 ? GAP : 0);
    return width;
}

/* Would shortening it by one cost only a letter of its name? */
static bool is_wide_by_name(const struct column *column)
{
    return column->width > larger(column->cells_width, column->least);
}

static bool is_better(const struct column *column, const struct column *than)
{
    if (than == NULL || is_wide_by_name(column) != is_wide_by_name(than))
        return than == NULL || is_wide_by_name(column);
    return column->width > than->width;
}

/* The column to shorten next, or NULL: first those that only their names make
 * wide, then the widest. */
static struct column *next_to_shorten(struct table *table)
{
    struct column *best = NULL;
    for (size_t i = 0; i < table->column_count; i++) {
        struct column *column = &table->columns[i];
        if (column->width > column->least && is_better(column, best))
            best = column;
    }
    return best;
}

static size_t shortened_width(const struct table *table)
{
    size_t width = total_width(table);
    for (size_t i = 0; i < table->column_count; i++)
        width -= table->columns[i].width - table->columns[i].least;
    return width;
}

/* The first column says which record it is, and stays. */
static void drop_one(struct table *table)
{
    size_t at = table->column_count - 1;
    for (size_t i = at; i > 0; i--) {
        if (!table->columns[i].is_same)
            continue;
        at = i;
        break;
    }
    table->column_count--;
    for (size_t i = at; i < table->column_count; i++)
        table->columns[i] = table->columns[i + 1];
}

static void fit(struct table *table, size_t width)
{
    while (table->column_count > 1 && shortened_width(table) > width)
        drop_one(table);
    struct column *column;
    while (total_width(table) > width &&
           (column = next_to_shorten(table)) != NULL)
        column->width--;
}

/* -- showing it -- */

static void put_line(struct buf *out, const struct table *table, size_t indent,
                     const size_t *row)
{
    cell_put_padded(out, STR(""), indent, CELL_LEFT);
    for (size_t i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        if (i > 0)
            cell_put_padded(out, STR(""), GAP, CELL_LEFT);
        cell_put_padded(out, row == NULL ? column->name : column->cells[*row],
                        column->width,
                        column->is_number ? CELL_RIGHT : CELL_LEFT);
    }
    while (out->len > 0 && out->ptr[out->len - 1] == ' ')
        out->len--;
    buf_put_char(out, '\n');
}

void table_put(struct buf *out, const spd_json *rows, const spd_json *schema,
               size_t width, size_t indent)
{
    struct table *table = mem_new(sizeof(*table));
    fill(table, rows, schema);
    if (width != TABLE_ANY_WIDTH)
        fit(table, width > indent ? width - indent : 1);
    put_line(out, table, indent, NULL);
    for (size_t row = 0; row < table->row_count; row++)
        put_line(out, table, indent, &row);
    arena_fini(&table->arena);
    free(table);
}
