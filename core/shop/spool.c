#include "shop/spool.h"

#include <math.h>

#include "shop/material.h"

static const char *const why_names[] = {
    "print",
    "weigh-in",
    "correction",
    NULL,
};

static const struct field spool_rows[] = {
    FIELD(spool, id, FIELD_ID, "the spool's id", .flags = FIELD_READONLY),
    FIELD(spool, material, FIELD_TEXT, "PLA, PETG, ...",
          .flags = FIELD_REQUIRED, .min = 1, .max = 40, .example = "\"PLA\""),
    FIELD(spool, color, FIELD_TEXT, "#RRGGBB", .flags = FIELD_NULL, .max = 9,
          .example = "\"#FFFFFF\""),
    FIELD(spool, vendor, FIELD_TEXT, "who made it", .flags = FIELD_NULL),
    FIELD(spool, net_grams, FIELD_REAL, "grams of filament when it is full",
          .min = 1, .max = 100000, .fallback = "1000"),
    FIELD(spool, tare_grams, FIELD_REAL, "grams of the empty spool itself",
          .flags = FIELD_NULL, .max = 100000),
    FIELD(spool, remaining_grams, FIELD_REAL,
          "grams that are left; null: nobody knows", .flags = FIELD_NULL,
          .max = 100000),
    FIELD(spool, cost, FIELD_REAL,
          "what it cost when full, in the shop's currency", .flags = FIELD_NULL,
          .max = 1000000),
    FIELD(spool, lot, FIELD_TEXT, "the maker's batch", .flags = FIELD_NULL),
    FIELD(spool, location, FIELD_TEXT, "where it lies", .flags = FIELD_NULL),
    FIELD(spool, tray_uuid, FIELD_TEXT, "the spool's own number (RFID)",
          .flags = FIELD_NULL, .max = 64),
    FIELD(spool, low_stock_threshold, FIELD_REAL,
          "grams of this material and colour, all spools together, below "
          "which to warn",
          .flags = FIELD_NULL, .max = 1000000),
    FIELD(spool, created_at, FIELD_TIME, "when it came to the shelf",
          .flags = FIELD_READONLY),
    FIELD(spool, updated_at, FIELD_TIME, "when anything here last changed",
          .flags = FIELD_READONLY),
};
const struct fields spool_fields = TABLE("spool", spool, spool_rows);

static const struct field use_rows[] = {
    FIELD(spool_use, id, FIELD_ID, "the entry's id", .flags = FIELD_READONLY),
    FIELD(spool_use, spool_id, FIELD_ID, "of which spool",
          .flags = FIELD_READONLY),
    FIELD(spool_use, why, FIELD_CHOICE, "what took it", .flags = FIELD_READONLY,
          .choices = why_names),
    FIELD(spool_use, job_id, FIELD_ID, "for which job",
          .flags = FIELD_READONLY),
    FIELD(spool_use, attempt_id, FIELD_ID, "by which attempt of it",
          .flags = FIELD_READONLY),
    FIELD(spool_use, grams, FIELD_REAL,
          "grams taken; below 0: there was more than was known",
          .flags = FIELD_READONLY),
    FIELD(spool_use, cost, FIELD_REAL, "what they cost, in the shop's currency",
          .flags = FIELD_READONLY),
    FIELD(spool_use, at, FIELD_TIME, "when", .flags = FIELD_READONLY),
};
const struct fields spool_use_fields = TABLE("spool_use", spool_use, use_rows);

/* "pla" and "PLA", "#ff0000" and "#FF0000" are one stock. */
static void stock_key(struct key *key, const struct spool *spool)
{
    key_put_folded(key, spool->material);
    key_put_folded(key, spool->color);
}

static bool by_stock(const void *record, struct key *key)
{
    stock_key(key, record);
    return true;
}

static bool by_tray(const void *record, struct key *key)
{
    const struct spool *spool = record;
    key_put_text(key, spool->tray_uuid);
    return spool->tray_uuid.len != 0;
}

static bool by_spool(const void *record, struct key *key)
{
    key_put_int(key, ((const struct spool_use *)record)->spool_id);
    return true;
}

enum { BY_STOCK, BY_TRAY };
static const struct index spool_indexes[] = {
    [BY_STOCK] = { .name = "stock", .key = by_stock },
    [BY_TRAY] = { .name = "tray", .key = by_tray, .flags = INDEX_UNIQUE },
};
static const struct index use_indexes[] = {
    { .name = "spool", .key = by_spool },
};

const struct kind spool_kind = {
    .name = "spool",
    .plural = "spools",
    .fields = &spool_fields,
    .indexes = spool_indexes,
    .index_count = SPD_COUNT(spool_indexes),
};
const struct kind spool_use_kind = {
    .name = "spool_use",
    .plural = "spool_uses",
    .fields = &spool_use_fields,
    .indexes = use_indexes,
    .index_count = SPD_COUNT(use_indexes),
};

void spool_init(struct spool *spool)
{
    fields_init(&spool_fields, spool);
}

double spool_cost(const struct spool *spool, double grams)
{
    return spool->cost * grams / spool->net_grams;
}

bool spool_of_tray(spd_txn *txn, spd_str tray_uuid, struct spool *spool,
                   struct arena *arena)
{
    struct key key = { 0 };
    key_put_text(&key, tray_uuid);
    int64_t id = record_find(txn, &spool_kind, &spool_indexes[BY_TRAY], &key);
    return id != 0 &&
           record_get(txn, &spool_kind, id, spool, arena, NULL) == SPD_OK;
}

struct span spool_ledger(int64_t spool_id, struct key *prefix)
{
    *prefix = (struct key){ 0 };
    key_put_int(prefix, spool_id);
    return (struct span){ .index = &use_indexes[0], .prefix = prefix };
}

static bool add_use(void *sum, const void *record)
{
    *(double *)sum += ((const struct spool_use *)record)->grams;
    return true;
}

/* Sums of hundredths stay readable, and equal however they are added up. */
static double to_milligrams(double grams)
{
    return round(grams * 1000) / 1000;
}

double spool_taken(spd_txn *txn, int64_t spool_id)
{
    struct key prefix;
    struct span span = spool_ledger(spool_id, &prefix);
    double grams = 0;
    record_each(txn, &spool_use_kind, &span, add_use, &grams);
    return to_milligrams(grams);
}

/* -- low stock -- */

/* All spools of a material and colour.  The highest threshold counts, and a
 * spool of which nobody knows what is left makes a shortage uncertain. */
struct stock {
    double grams, threshold;
    bool is_known;
};

static bool add_stock(void *arg, const void *record)
{
    struct stock *stock = arg;
    const struct spool *spool = record;
    stock->is_known = stock->is_known && !isnan(spool->remaining_grams);
    stock->grams += spool->remaining_grams;
    stock->threshold = fmax(stock->threshold, spool->low_stock_threshold);
    return true;
}

static bool is_low(spd_txn *txn, const struct spool *like, struct stock *stock)
{
    struct key prefix = { 0 };
    stock_key(&prefix, like);
    struct span span = { .index = &spool_indexes[BY_STOCK], .prefix = &prefix };
    *stock = (struct stock){ .is_known = true };
    record_each(txn, &spool_kind, &span, add_stock, stock);
    return stock->is_known && stock->grams < stock->threshold;
}

static spd_err say_low(spd_txn *txn, const struct spool *spool,
                       const struct stock *stock, struct spd_error *err)
{
    struct change change = { "spool.low", STR("spoold") };
    struct buf data = { 0 };
    spd_jsonw w;
    spd_str text;
    jsonw_init(&w, &data);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    jsonw_put_int(&w, "id", spool->id);
    jsonw_put_str(&w, "material", spool->material);
    jsonw_put_str(&w, "color", spool->color);
    jsonw_put_real(&w, "remaining_grams", to_milligrams(stock->grams));
    jsonw_put_real(&w, "low_stock_threshold", stock->threshold);
    jsonw_end(&w);
    jsonw_text(&w, &text);
    spd_err rc = journal_append(txn, &change, text, NULL, err);
    buf_fini(&data);
    return rc;
}

spd_err spool_put(spd_txn *txn, struct shop *shop, struct spool *spool,
                  const struct change *change, struct spd_error *err)
{
    struct stock stock;
    bool was_low = is_low(txn, spool, &stock);
    spool->updated_at = shop_now_ms(shop);
    spd_err rc = record_put(txn, &spool_kind, spool, change, err);
    if (rc == SPD_OK)
        rc = material_follow(txn, shop, spool, err);
    if (rc == SPD_OK && !was_low && is_low(txn, spool, &stock))
        rc = say_low(txn, spool, &stock, err);
    return rc;
}

/* -- the ledger -- */

static spd_err put_use(spd_txn *txn, struct shop *shop,
                       const struct spool *spool, struct spool_use *use,
                       spd_str who, struct spd_error *err)
{
    use->id = 0;
    use->spool_id = spool->id;
    use->grams = to_milligrams(use->grams);
    use->cost = spool_cost(spool, use->grams);
    use->at = shop_now_ms(shop);
    struct change change = { "spool.entry", who };
    return record_put(txn, &spool_use_kind, use, &change, err);
}

spd_err spool_take(spd_txn *txn, struct shop *shop, struct spool *spool,
                   struct spool_use *use, struct spd_error *err)
{
    struct change change = { "spool.used", STR("spoold") };
    use->why = USED_BY_PRINT;
    spd_err rc = put_use(txn, shop, spool, use, change.who, err);
    double left = to_milligrams(spool->remaining_grams - use->grams);
    if (rc == SPD_OK && left < 0) {
        struct spool_use more = { .why = USED_BY_CORRECTION, .grams = left };
        rc = put_use(txn, shop, spool, &more, change.who, err);
        left = 0;
    }
    spool->remaining_grams = left;
    return rc == SPD_OK ? spool_put(txn, shop, spool, &change, err) : rc;
}

spd_err spool_state(spd_txn *txn, struct shop *shop, struct spool *spool,
                    double remaining_grams, enum spool_why why,
                    const struct change *change, struct spd_error *err)
{
    double left = to_milligrams(remaining_grams);
    double thought =
        to_milligrams(spool->net_grams - spool_taken(txn, spool->id));
    struct spool_use use = { .why = (int)why, .grams = thought - left };
    spd_err rc = SPD_OK;
    if (left != thought)
        rc = put_use(txn, shop, spool, &use, change->who, err);
    spool->remaining_grams = left;
    return rc == SPD_OK ? spool_put(txn, shop, spool, change, err) : rc;
}
