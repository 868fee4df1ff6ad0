/* JSON from outside, and records made of it.  Whatever the bytes are: what
 * the grammar lets pass is read or has a twin, what was read is written and
 * read again the same, and a record survives the store's form. */
#include <assert.h>
#include <string.h>

#include "base/field.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct need {
    int64_t grams;
    spd_str color;
};

static const struct field need_rows[] = {
    FIELD(need, grams, FIELD_INT, "grams", .flags = FIELD_REQUIRED, .min = 1),
    FIELD(need, color, FIELD_TEXT, "color", .min = 7, .max = 7),
};
static const struct fields need_table = { "need", sizeof(struct need),
                                          need_rows, FIELD_COUNT(need_rows) };

struct order {
    int64_t id, quantity, due_at;
    double price;
    bool gift;
    int status;
    spd_str name, extra;
    struct list needs, tags;
};

static const char *const states[] = { "queued", "started", "completed", NULL };

static const struct field order_rows[] = {
    FIELD(order, id, FIELD_ID, "id", .flags = FIELD_NULL),
    FIELD(order, quantity, FIELD_INT, "pieces", .min = 1, .max = 100,
          .fallback = "1"),
    FIELD(order, due_at, FIELD_TIME, "when", .flags = FIELD_NULL),
    FIELD(order, price, FIELD_REAL, "price", .flags = FIELD_NULL),
    FIELD(order, gift, FIELD_BOOL, "gift", .fallback = "false"),
    FIELD(order, status, FIELD_CHOICE, "status", .choices = states),
    FIELD(order, name, FIELD_TEXT, "name", .flags = FIELD_REQUIRED, .max = 40),
    FIELD(order, extra, FIELD_JSON, "extra", .flags = FIELD_NULL),
    FIELD(order, needs, FIELD_LIST, "needs", .of = &need_table, .max = 8),
    FIELD(order, tags, FIELD_LIST, "tags", .max = 8),
};
static const struct fields order_table = { "order", sizeof(struct order),
                                           order_rows,
                                           FIELD_COUNT(order_rows) };

static void write_value(struct buf *out, const spd_json *value)
{
    spd_jsonw w;
    spd_str text;
    jsonw_init(&w, out);
    jsonw_put_json(&w, NULL, value);
    assert(jsonw_text(&w, &text) == SPD_OK);
}

static void write_and_read_again(const spd_json *doc)
{
    struct buf once = { 0 }, again = { 0 };
    struct spd_error err = { 0 };
    write_value(&once, doc);
    if (once.len <= JSON_MAX_BYTES) { /* 1e9 becomes longer */
        spd_json *copy = json_parse(buf_str(&once), &err);
        assert(copy != NULL);
        write_value(&again, copy);
        assert(str_equal(buf_str(&once), buf_str(&again)));
        json_free(copy);
    }
    buf_fini(&once);
    buf_fini(&again);
}

static void write_order(const struct order *order, struct buf *out)
{
    spd_jsonw w;
    jsonw_init(&w, out);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    fields_write(&order_table, order, &w);
    jsonw_end(&w);
}

static void pack_and_unpack(const struct order *order, struct arena *arena)
{
    struct buf packed = { 0 }, once = { 0 }, again = { 0 };
    struct order copy;
    memset(&copy, 0, sizeof(copy));
    fields_pack(&order_table, order, &packed);
    bool read = fields_unpack(&order_table, &copy, buf_str(&packed), arena);
    assert(read);
    (void)read;
    write_order(order, &once);
    write_order(&copy, &again);
    assert(str_equal(buf_str(&once), buf_str(&again)));
    buf_fini(&packed);
    buf_fini(&once);
    buf_fini(&again);
}

static void make_order(const spd_json *doc, bool from_text)
{
    struct arena arena = { 0 };
    struct faults faults = { 0 };
    struct order order;
    memset(&order, 0, sizeof(order));
    struct fields_input input = { .object = doc, .from_text = from_text };
    if (fields_decode(&order_table, &order, &input, &arena, &faults))
        pack_and_unpack(&order, &arena);
    else
        assert(faults.count > 0 && faults.first[0] != '\0');
    arena_fini(&arena);
    faults_fini(&faults);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    spd_str text = { (const char *)data, size };
    struct spd_error err = { 0 };
    bool passes = json_check(text, &err) == SPD_OK;
    spd_json *doc = json_parse(text, &err);
    assert(doc == NULL || passes);
    assert(doc != NULL || err.text[0] != '\0');
    assert(doc != NULL || !passes || strstr(err.text, "twice") != NULL);
    if (doc == NULL)
        return 0;
    write_and_read_again(doc);
    make_order(doc, false);
    make_order(doc, true);
    json_free(doc);
    return 0;
}
