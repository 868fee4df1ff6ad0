#include "shop/product.h"

#include <string.h>

#include "base/color.h"
#include "shop/job.h"
#include "shop/listing.h"
#include "shop/product_cost.h"

/* -- the record -- */

#define PLATE_ROWS(struct_name)                                                \
    FIELD(struct_name, file_id, FIELD_ID,                                      \
          "the sliced file it is printed from", .flags = FIELD_NULL),          \
        FIELD(struct_name, plate, FIELD_INT,                                   \
              "which plate of it; else its first", .flags = FIELD_NULL,        \
              .min = 1, .max = 1000),                                          \
        FIELD(struct_name, yield, FIELD_INT, "how many a print gives",         \
              .min = 1, .max = 10000, .fallback = "1")

static const struct field part_rows[] = {
    FIELD(part, name, FIELD_TEXT, "what people call it", .flags = FIELD_NULL),
    PLATE_ROWS(part),
    FIELD(part, count, FIELD_INT, "how many of it one product needs", .min = 1,
          .max = 1000, .fallback = "1"),
    FIELD(part, material_type, FIELD_TEXT, "PLA, PETG, ...; null: as sliced",
          .flags = FIELD_NULL, .max = 40),
    FIELD(part, color, FIELD_TEXT, "#RRGGBB; null: as sliced",
          .flags = FIELD_NULL, .max = 9),
    FIELD(part, color_of, FIELD_TEXT,
          "the variation that says the colour, instead", .flags = FIELD_NULL,
          .example = "\"Color\""),
};
static const struct fields part_fields = TABLE("part", part, part_rows);

static const struct field shade_rows[] = {
    FIELD(shade, value, FIELD_TEXT, "as the variation says it",
          .flags = FIELD_REQUIRED, .min = 1),
    FIELD(shade, color, FIELD_TEXT, "the filament it means",
          .flags = FIELD_REQUIRED, .min = 7, .max = 9,
          .example = "\"#FF0000\""),
};
static const struct fields shade_fields = TABLE("shade", shade, shade_rows);

static const struct field bought_rows[] = {
    FIELD(bought, name, FIELD_TEXT, "what it is", .flags = FIELD_REQUIRED,
          .min = 1),
    FIELD(bought, count, FIELD_REAL, "how many one product needs",
          .max = 100000, .fallback = "1"),
    FIELD(bought, unit_cost, FIELD_REAL, "of one, in the shop's currency",
          .max = 1000000, .fallback = "0"),
};
static const struct fields bought_fields = TABLE("bought", bought, bought_rows);

static const struct field cost_rows[] = {
    MONEY_SHOWN(product_cost, filament, "by what the spools cost"),
    MONEY_SHOWN(product_cost, energy, "of the printers"),
    MONEY_SHOWN(product_cost, labor, "of labor_minutes"),
    MONEY_SHOWN(product_cost, overhead, "as given"),
    MONEY_SHOWN(product_cost, bought, "of the bill"),
    MONEY_SHOWN(product_cost, waste, "of prints that come to nothing"),
    FIELD(product_cost, grams, FIELD_REAL, "of filament",
          .flags = FIELD_READONLY),
    FIELD(product_cost, print_minutes, FIELD_REAL, "of printing",
          .flags = FIELD_READONLY),
};
static const struct fields cost_fields = TABLE("cost", product_cost, cost_rows);

static const struct field product_rows[] = {
    FIELD(product, id, FIELD_ID, "the product's id", .flags = FIELD_READONLY),
    FIELD(product, product_name, FIELD_TEXT, "what people call it",
          .flags = FIELD_REQUIRED, .min = 1, .example = "\"Dragon\""),
    FIELD(product, sku, FIELD_TEXT,
          "the shop's own number of it: orders are matched by it first",
          .flags = FIELD_NULL, .max = 100),
    FIELD(product, parts, FIELD_LIST, "what is printed for it",
          .of = &part_fields, .max = 32),
    PLATE_ROWS(product),
    FIELD(product, material_type, FIELD_TEXT, "PLA, PETG, ...; else as sliced",
          .flags = FIELD_NULL, .max = 40),
    FIELD(product, color, FIELD_TEXT, "#RRGGBB; else as sliced",
          .flags = FIELD_NULL, .max = 9),
    FIELD(product, colors, FIELD_LIST,
          "which filament a variation's value means", .of = &shade_fields,
          .max = 64),
    FIELD(product, bill, FIELD_LIST, "what is bought for it",
          .of = &bought_fields, .max = 64),
    FIELD(product, nozzle_temp, FIELD_INT, "degrees C, for people",
          .flags = FIELD_NULL, .max = 600),
    FIELD(product, bed_temp, FIELD_INT, "degrees C, for people",
          .flags = FIELD_NULL, .max = 300),
    FIELD(product, print_speed, FIELD_INT, "percent, for people",
          .flags = FIELD_NULL, .max = 1000),
    FIELD(product, print_time_minutes, FIELD_REAL,
          "of printing for one; null: as sliced", .flags = FIELD_NULL,
          .max = 100000),
    FIELD(product, labor_minutes, FIELD_REAL, "of work for one", .max = 100000,
          .fallback = "0"),
    FIELD(product, overhead_cost, FIELD_REAL,
          "what else one costs, in the shop's currency", .max = 1000000,
          .fallback = "0"),
    FIELD(product, failure_rate_pct, FIELD_REAL,
          "of its prints that come to nothing; null: the shop's",
          .flags = FIELD_NULL, .max = 90),
    FIELD(product, target_margin_pct, FIELD_REAL,
          "what is to be put on top of the cost", .max = 10000,
          .fallback = "0"),
    FIELD(product, notes, FIELD_TEXT, "anything worth knowing",
          .flags = FIELD_NULL, .max = 10000),
    FIELD(product, image_url, FIELD_TEXT, "a picture of it",
          .flags = FIELD_NULL, .max = 2000),
    FIELD(product, cost, FIELD_RECORD, "what makes up unit_cost",
          .of = &cost_fields, .flags = FIELD_READONLY),
    MONEY_SHOWN(product, unit_cost, "what making one costs"),
    MONEY_SHOWN(product, suggested_price,
                "unit_cost and target_margin_pct of it on top"),
    FIELD(product, created_at, FIELD_TIME, "when it was made",
          .flags = FIELD_READONLY),
    FIELD(product, updated_at, FIELD_TIME, "when anything here last changed",
          .flags = FIELD_READONLY),
};
const struct fields product_fields = TABLE("product", product, product_rows);

/* "dr-1 " and "DR-1" are one number. */
static void put_sku(struct key *key, spd_str sku)
{
    char folded[101];
    sku = str_trim(sku);
    size_t len = sku.len < sizeof(folded) ? sku.len : sizeof(folded);
    for (size_t i = 0; i < len; i++) {
        char c = sku.ptr[i];
        folded[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    key_put_text(key, (spd_str){ folded, len });
}

static bool by_sku(const void *record, struct key *key)
{
    const struct product *product = record;
    put_sku(key, product->sku);
    return str_trim(product->sku).len > 0;
}

static const struct index product_indexes[] = {
    { .name = "sku", .key = by_sku, .flags = INDEX_UNIQUE },
};

const struct kind product_kind = {
    .name = "product",
    .plural = "products",
    .fields = &product_fields,
    .indexes = product_indexes,
    .index_count = SPD_COUNT(product_indexes),
};

int64_t product_of_sku(spd_txn *txn, spd_str sku)
{
    struct key key = { 0 };
    if (str_trim(sku).len == 0)
        return 0;
    put_sku(&key, sku);
    return record_find(txn, &product_kind, &product_indexes[0], &key);
}

struct list product_parts(const struct product *product, struct arena *arena)
{
    if (product->parts.count > 0 || product->file_id == 0)
        return product->parts;
    struct part *part = arena_new(arena, sizeof(*part));
    *part = (struct part){
        .file_id = product->file_id,
        .plate = product->plate,
        .yield = product->yield,
        .count = 1,
        .material_type = product->material_type,
        .color = product->color,
    };
    return (struct list){ part, 1 };
}

/* -- colours -- */

static spd_str chosen(const struct order_item *item, spd_str name)
{
    const struct variation *variation = item->variations.items;
    for (size_t i = 0; i < item->variations.count; i++)
        if (str_equal_fold(str_trim(variation[i].name), str_trim(name)))
            return str_trim(variation[i].value);
    return (spd_str){ NULL, 0 };
}

bool product_color(const struct product *product, const struct part *part,
                   const struct order_item *item, spd_str *color,
                   spd_str *value)
{
    struct color seen;
    const struct shade *shade = product->colors.items;
    *color = part->color;
    if (part->color_of.len == 0)
        return true;
    *value = chosen(item, part->color_of);
    for (size_t i = 0; i < product->colors.count; i++)
        if (str_equal_fold(str_trim(shade[i].value), *value)) {
            *color = shade[i].color;
            return true;
        }
    *color = color_parse(*value, &seen) ? *value : part->color;
    return color->len > 0;
}

/* -- judging -- */

static spd_err refuse_field(struct call *call, const char *field,
                            const char *sentence)
{
    faults_add(call_faults(call), field, "%s", sentence);
    return call_refuse(call, REFUSE_CONTENT, "%s", sentence);
}

static spd_err judge_color(struct call *call, const char *field, spd_str color)
{
    struct color seen;
    if (color.len == 0 || color_parse(color, &seen))
        return SPD_OK;
    return refuse_field(call, field,
                        arena_printf(&call->arena,
                                     "%.*s is no colour like #FF0000",
                                     STR_ARG(color))
                            .ptr);
}

static spd_err judge_part(struct call *call, spd_txn *txn,
                          const struct part *part)
{
    struct file file;
    if (part->file_id == 0)
        return refuse_field(call, "parts",
                            "each part needs the file_id it is printed from");
    if (record_get(txn, &file_kind, part->file_id, &file, &call->arena, NULL) !=
        SPD_OK)
        return refuse_field(call, "file_id",
                            arena_printf(&call->arena, "there is no file %lld",
                                         (long long)part->file_id)
                                .ptr);
    if (file_plate(&file, part->plate) == NULL)
        return refuse_field(call, "plate",
                            arena_printf(&call->arena, "%.*s has no plate %lld",
                                         STR_ARG(str_clip(file.name, 60)),
                                         (long long)part->plate)
                                .ptr);
    return judge_color(call, "color", part->color);
}

static spd_err judge_product(struct call *call, spd_txn *txn,
                             const struct product *product)
{
    struct list parts = product_parts(product, &call->arena);
    const struct part *part = parts.items;
    const struct shade *shade = product->colors.items;
    spd_err rc = SPD_OK;
    if (product->parts.count > 0 && product->file_id != 0)
        rc = refuse_field(call, "parts",
                          "say parts, or file_id, plate and yield; not both");
    for (size_t i = 0; i < parts.count && rc == SPD_OK; i++)
        rc = judge_part(call, txn, &part[i]);
    for (size_t i = 0; i < product->colors.count && rc == SPD_OK; i++)
        rc = judge_color(call, "colors", shade[i].color);
    return rc;
}

/* -- writing -- */

static spd_err put_product(spd_txn *txn, struct shop *shop,
                           struct product *product, const struct terms *terms,
                           const struct change *change, struct arena *arena,
                           struct spd_error *err)
{
    product_reckon(txn, product, terms, arena);
    product->updated_at = shop_now_ms(shop);
    return record_put(txn, &product_kind, product, change, err);
}

struct ids {
    int64_t *at;
    size_t count;
};

static bool note_id(void *arg, const void *record)
{
    struct ids *ids = arg;
    ids->at[ids->count++] = ((const struct product *)record)->id;
    return true;
}

static spd_err reprice(spd_txn *txn, struct shop *shop, int64_t id,
                       const struct terms *terms, const struct change *change,
                       struct spd_error *err)
{
    struct arena arena = { 0 };
    struct product product;
    struct buf before = { 0 }, now = { 0 };
    spd_err rc = record_get(txn, &product_kind, id, &product, &arena, err);
    if (rc == SPD_OK) {
        fields_pack(&product_fields, &product, &before);
        product_reckon(txn, &product, terms, &arena);
        fields_pack(&product_fields, &product, &now);
        if (!str_equal(buf_str(&before), buf_str(&now)))
            rc = put_product(txn, shop, &product, terms, change, &arena, err);
    }
    buf_fini(&before);
    buf_fini(&now);
    arena_fini(&arena);
    return rc;
}

spd_err product_reprice_all(spd_txn *txn, struct shop *shop,
                            struct change change, struct spd_error *err)
{
    struct arena arena = { 0 };
    struct terms terms;
    struct ids ids = {
        arena_new(&arena, record_count(txn, &product_kind) * sizeof(int64_t)), 0
    };
    change.topic = "product.repriced";
    terms_read(txn, &terms, &arena);
    record_each(txn, &product_kind, &(struct span){ 0 }, note_id, &ids);
    spd_err rc = SPD_OK;
    for (size_t i = 0; i < ids.count && rc == SPD_OK; i++)
        rc = reprice(txn, shop, ids.at[i], &terms, &change, err);
    arena_fini(&arena);
    return rc;
}

/* -- operations -- */

static spd_err list_products(struct call *call, spd_txn *txn)
{
    const struct page_param *param = call->params;
    call_reply_list(call, txn, &product_kind, (struct span){ 0 }, &param->page);
    return SPD_OK;
}

static spd_err get_product(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    return call_reply_tagged(call, txn, &product_kind, which->id);
}

static spd_err write_product(struct call *call, spd_txn *txn,
                             struct product *product, const char *topic)
{
    struct terms terms;
    struct spd_error err;
    struct change change = call_change(call, topic);
    spd_err rc = judge_product(call, txn, product);
    if (rc != SPD_OK)
        return rc;
    terms_read(txn, &terms, &call->arena);
    if (put_product(txn, call->self, product, &terms, &change, &call->arena,
                    &err) != SPD_OK)
        return call_fail(call, &err);
    return call_reply_tagged(call, txn, &product_kind, product->id);
}

static spd_err create_product(struct call *call, spd_txn *txn)
{
    struct product product = *(struct product *)call->body;
    product.id = 0;
    product.created_at = shop_now_ms(call->self);
    return write_product(call, txn, &product, "product.created");
}

static spd_err update_product(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct product product;
    spd_err rc = call_get(call, txn, &product_kind, which->id, &product);
    if (rc == SPD_OK)
        rc = call_judge_tag(call, txn, &product_kind, which->id);
    if (rc != SPD_OK)
        return rc;
    call_patch(call, &product);
    return write_product(call, txn, &product, "product.updated");
}

/* What was made of it keeps its number; nothing new is matched with it. */
static spd_err delete_product(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct change change = call_change(call, "product.deleted");
    struct spd_error err;
    spd_err rc = call_reply_record(call, txn, &product_kind, which->id);
    if (rc != SPD_OK)
        return rc;
    if (record_del(txn, &product_kind, which->id, &change, &err) != SPD_OK ||
        listing_forget(txn, which->id, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    return SPD_OK;
}

static const struct op product_ops[] = {
    { .name = "products.list",
      .route = "GET /api/products",
      .doc = "All products",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &page_param_fields,
      .reply = &product_fields,
      .run = list_products },
    { .name = "products.get",
      .route = "GET /api/products/{id}",
      .doc = "One product",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .params = &id_param_fields,
      .reply = &product_fields,
      .run = get_product },
    { .name = "products.create",
      .route = "POST /api/products",
      .doc = "Add a product",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE | OP_CREATE,
      .body = &product_fields,
      .reply = &product_fields,
      .run = create_product },
    { .name = "products.update",
      .route = "PUT /api/products/{id}",
      .doc = "Change what is given of a product",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .body = &product_fields,
      .reply = &product_fields,
      .run = update_product },
    { .name = "products.delete",
      .route = "DELETE /api/products/{id}",
      .doc = "Take a product out, with what leads to it",
      .role = SPD_MANAGER,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .reply = &product_fields,
      .run = delete_product },
};

spd_err product_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, product_ops, SPD_COUNT(product_ops), shop, err);
}
