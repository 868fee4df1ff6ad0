#include "shop/terms.h"

#include "shop/product.h"

static const struct field terms_rows[] = {
    FIELD(terms, id, FIELD_ID, "always 1", .flags = FIELD_READONLY),
    FIELD(terms, name, FIELD_TEXT, "the shop's, as it stands on packing slips",
          .flags = FIELD_NULL),
    FIELD(terms, address, FIELD_TEXT, "the sender's, as it is printed",
          .flags = FIELD_NULL, .max = 1000),
    FIELD(terms, currency, FIELD_TEXT, "what the shop reckons in", .min = 3,
          .max = 3, .fallback = "\"EUR\""),
    FIELD(terms, divisor, FIELD_INT, "minor units of one of that currency",
          .min = 1, .max = 1000000, .fallback = "100"),
    FIELD(terms, labor_per_hour, FIELD_REAL, "what an hour of work costs",
          .min = 0, .max = 100000, .fallback = "0"),
    FIELD(terms, energy_per_kwh, FIELD_REAL, "what a kilowatt-hour costs",
          .min = 0, .max = 1000, .fallback = "0"),
    FIELD(terms, filament_per_kg, FIELD_REAL,
          "what a kilogram costs where nobody said it of a spool", .min = 0,
          .max = 100000, .fallback = "0"),
    FIELD(terms, printer_watts, FIELD_REAL, "a printer's power as it prints",
          .min = 0, .max = 10000, .fallback = "100"),
    FIELD(terms, failure_rate_pct, FIELD_REAL,
          "of prints that come to nothing, where a product does not say",
          .min = 0, .max = 90, .fallback = "0"),
    FIELD(terms, auto_schedule, FIELD_BOOL,
          "make the jobs of orders as they come in", .fallback = "false"),
    FIELD(terms, remakes_max, FIELD_INT,
          "prints of an item that are made again by themselves when some fail",
          .min = 0, .max = 100, .fallback = "3"),
    FIELD(terms, updated_at, FIELD_TIME, "when anything here last changed",
          .flags = FIELD_READONLY),
};
static const struct fields terms_fields = TABLE("terms", terms, terms_rows);

const struct kind terms_kind = {
    .name = "terms",
    .plural = "terms",
    .fields = &terms_fields,
};

enum { THE_TERMS = 1 };

void terms_read(spd_txn *txn, struct terms *terms, struct arena *arena)
{
    if (record_get(txn, &terms_kind, THE_TERMS, terms, arena, NULL) != SPD_OK)
        fields_init(&terms_fields, terms);
}

struct money terms_zero(const struct terms *terms)
{
    return (struct money){ 0, terms->divisor, terms->currency };
}

/* -- operations -- */

static spd_err get_terms(struct call *call, spd_txn *txn)
{
    struct terms terms;
    terms_read(txn, &terms, &call->arena);
    spd_jsonw *w = call_reply(call);
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    fields_write(&terms_fields, &terms, w);
    jsonw_end(w);
    return SPD_OK;
}

/* What products are sold for follows from the terms. */
static spd_err update_terms(struct call *call, spd_txn *txn)
{
    struct terms terms;
    struct spd_error err;
    terms_read(txn, &terms, &call->arena);
    call_patch(call, &terms);
    terms.updated_at = shop_now_ms(call->self);
    struct change change = call_change(call, "terms.updated");
    spd_err rc = record_put(txn, &terms_kind, &terms, &change, &err);
    if (rc == SPD_OK)
        rc = product_reprice_all(txn, call->self, call_change(call, ""), &err);
    return rc == SPD_OK ? get_terms(call, txn) : call_fail(call, &err);
}

static const struct op terms_ops[] = {
    { .name = "terms.get",
      .route = "GET /api/terms",
      .doc = "The shop's currency, costs and habits",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .reply = &terms_fields,
      .run = get_terms },
    { .name = "terms.update",
      .route = "PUT /api/terms",
      .doc = "Change the shop's terms; products are priced anew",
      .role = SPD_MANAGER,
      .flags = OP_WRITE,
      .body = &terms_fields,
      .reply = &terms_fields,
      .run = update_terms },
};

spd_err terms_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, terms_ops, SPD_COUNT(terms_ops), shop, err);
}
