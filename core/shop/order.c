/* The record of an order, and the lists it is found in. */
#include "shop/order.h"

#include <assert.h>

const char *const order_status_names[] = {
    "unpaid",   "processing",      "paid",  "shipped", "cancelled",
    "refunded", "partly_refunded", "other", NULL,
};
const char *const production_names[] = {
    "NEW", "QUEUED", "PRINTING", "PRINTED", "SHIPPED", "FAILED", NULL,
};

/* -- the parts -- */

static const struct field buyer_rows[] = {
    FIELD(buyer, id, FIELD_TEXT, "who, in the source's words",
          .flags = FIELD_NULL),
    FIELD(buyer, name, FIELD_TEXT, "as it is shown", .flags = FIELD_NULL),
    FIELD(buyer, email, FIELD_TEXT, "where it is known", .flags = FIELD_NULL),
};
static const struct fields buyer_fields = TABLE("buyer", buyer, buyer_rows);

static const struct field address_rows[] = {
    FIELD(address, name, FIELD_TEXT, "to whom", .flags = FIELD_NULL),
    FIELD(address, line1, FIELD_TEXT, "street and number", .flags = FIELD_NULL),
    FIELD(address, line2, FIELD_TEXT, "what else", .flags = FIELD_NULL),
    FIELD(address, city, FIELD_TEXT, "the city", .flags = FIELD_NULL),
    FIELD(address, state, FIELD_TEXT, "state or province", .flags = FIELD_NULL),
    FIELD(address, zip, FIELD_TEXT, "postal code", .flags = FIELD_NULL),
    FIELD(address, country, FIELD_TEXT, "DE, US, ...", .flags = FIELD_NULL,
          .max = 60),
    FIELD(address, text, FIELD_TEXT, "the whole of it as it is to be printed",
          .flags = FIELD_NULL, .max = 2000),
};
static const struct fields address_fields =
    TABLE("address", address, address_rows);

static const struct field variation_rows[] = {
    FIELD(variation, name, FIELD_TEXT, "of what", .flags = FIELD_NULL,
          .max = 1000, .example = "\"Color\""),
    FIELD(variation, value, FIELD_TEXT, "which", .flags = FIELD_NULL,
          .max = 5000, .example = "\"Red\""),
};
const struct fields order_variation_fields =
    TABLE("variation", variation, variation_rows);

#define PIECES(struct_name, member, doc_line)                                  \
    FIELD(struct_name, member, FIELD_INT, doc_line, .flags = FIELD_READONLY,   \
          .fallback = "0")

static const struct field item_part_rows[] = {
    PIECES(item_part, part, "its place among the product's, from 1 on"),
    FIELD(item_part, color, FIELD_TEXT, "to be printed in; null: as sliced",
          .flags = FIELD_READONLY),
    PIECES(item_part, needed, "pieces in all"),
    PIECES(item_part, from_stock, "taken from the shelf"),
    PIECES(item_part, good, "printed well"),
    PIECES(item_part, scrap, "printed, and no good"),
    PIECES(item_part, expected, "of prints that are asked for"),
    PIECES(item_part, missing, "that nobody has asked for"),
    PIECES(item_part, to_stock, "printed beyond the need, now on the shelf"),
};
static const struct fields item_part_fields =
    TABLE("item_part", item_part, item_part_rows);

static const struct field item_rows[] = {
    FIELD(order_item, source_id, FIELD_TEXT,
          "the source's id of this line, unique in the order",
          .flags = FIELD_REQUIRED, .min = 1, .max = 100),
    FIELD(order_item, title, FIELD_TEXT, "what it is called there",
          .flags = FIELD_NULL, .max = 1000),
    FIELD(order_item, sku, FIELD_TEXT, "the seller's own number of it",
          .flags = FIELD_NULL),
    FIELD(order_item, listing_id, FIELD_TEXT, "the offer's id there",
          .flags = FIELD_NULL, .max = 100),
    FIELD(order_item, variations, FIELD_LIST, "what was chosen",
          .of = &order_variation_fields, .max = 32),
    FIELD(order_item, personalization, FIELD_LIST, "what was written",
          .of = &order_variation_fields, .max = 32),
    FIELD(order_item, quantity, FIELD_INT, "how many", .min = 1, .max = 10000,
          .fallback = "1"),
    MONEY(order_item, price, "of one"),
    FIELD(order_item, is_digital, FIELD_BOOL, "there is nothing to print",
          .fallback = "false"),
    FIELD(order_item, ship_by, FIELD_TIME, "when it has to leave the shop",
          .flags = FIELD_NULL),
    FIELD(order_item, image_url, FIELD_TEXT, "a picture of it",
          .flags = FIELD_NULL, .max = 2000),
    FIELD(order_item, number, FIELD_INT, "its number within the order",
          .flags = FIELD_READONLY, .fallback = "0"),
    FIELD(order_item, product_id, FIELD_ID,
          "what it is; null: nobody said yet (orders.set_product)",
          .flags = FIELD_READONLY),
    FIELD(order_item, trouble, FIELD_TEXT,
          "why it cannot be printed; null: nothing", .flags = FIELD_READONLY),
    { .name = "production_status",
      .type = FIELD_CHOICE,
      .doc = "how far the shop is with it",
      .flags = FIELD_READONLY,
      .offset = offsetof(struct order_item, production),
      .choices = production_names },
    FIELD(order_item, parts, FIELD_LIST, "how far it is with each part",
          .flags = FIELD_READONLY, .of = &item_part_fields, .max = 64),
    PIECES(order_item, remakes, "prints asked for again by themselves"),
    FIELD(order_item, is_removed, FIELD_BOOL,
          "the source says it no more; what was made of it is kept",
          .flags = FIELD_READONLY, .fallback = "false"),
    MONEY_SHOWN(order_item, filament, "what was printed for it"),
    MONEY_SHOWN(order_item, energy, "of its prints"),
    MONEY_SHOWN(order_item, labor, "by the product"),
    MONEY_SHOWN(order_item, overhead, "by the product"),
    MONEY_SHOWN(order_item, bought, "by the product's bill"),
    MONEY_SHOWN(order_item, revenue, "its share of what the shop keeps"),
    MONEY_SHOWN(order_item, profit, "revenue less costs, fees and postage"),
};
static const struct fields item_fields = TABLE("item", order_item, item_rows);

static const struct field fee_rows[] = {
    FIELD(order_fee, name, FIELD_TEXT, "what for", .flags = FIELD_NULL),
    FIELD(order_fee, amount, FIELD_RECORD, "what it cost the shop",
          .of = &money_fields, .flags = FIELD_REQUIRED),
};
static const struct fields fee_fields = TABLE("fee", order_fee, fee_rows);

static const struct field refund_rows[] = {
    FIELD(refund, amount, FIELD_RECORD, "what was given back",
          .of = &money_fields, .flags = FIELD_REQUIRED),
    FIELD(refund, at, FIELD_TIME, "when", .flags = FIELD_NULL),
    FIELD(refund, reason, FIELD_TEXT, "why", .flags = FIELD_NULL, .max = 2000),
    FIELD(refund, status, FIELD_TEXT, "the source's word for how it stands",
          .flags = FIELD_NULL),
};
static const struct fields refund_fields = TABLE("refund", refund, refund_rows);

static const struct field shipment_rows[] = {
    FIELD(shipment, carrier, FIELD_TEXT, "by whom", .flags = FIELD_NULL),
    FIELD(shipment, tracking_code, FIELD_TEXT, "the carrier's number",
          .flags = FIELD_NULL),
    FIELD(shipment, shipped_at, FIELD_TIME, "when", .flags = FIELD_NULL),
};
static const struct fields shipment_fields =
    TABLE("shipment", shipment, shipment_rows);

/* -- the whole -- */

static const struct field order_rows[] = {
    FIELD(order, id, FIELD_ID, "the order's id", .flags = FIELD_READONLY),
    FIELD(order, source, FIELD_TEXT, "where it came from: etsy, csv, api, ...",
          .flags = FIELD_READONLY),
    FIELD(order, shop_id, FIELD_TEXT, "which of the source's shops",
          .flags = FIELD_NULL, .max = 100),
    FIELD(order, source_id, FIELD_TEXT, "the order's id there",
          .flags = FIELD_REQUIRED, .min = 1, .max = 100),
    FIELD(order, number, FIELD_TEXT,
          "what people call it there; else source_id", .flags = FIELD_NULL,
          .max = 100),
    FIELD(order, url, FIELD_TEXT, "where people find it", .flags = FIELD_NULL,
          .max = 2000),
    FIELD(order, status, FIELD_CHOICE,
          "only what is paid (or partly refunded) and not shipped is printed",
          .choices = order_status_names, .fallback = "\"paid\""),
    FIELD(order, source_status, FIELD_TEXT, "the source's own word",
          .flags = FIELD_NULL),
    FIELD(order, is_paid, FIELD_BOOL, "where it is known beside the status",
          .fallback = "false"),
    FIELD(order, is_shipped, FIELD_BOOL, "where it is known beside the status",
          .fallback = "false"),
    FIELD(order, ordered_at, FIELD_TIME, "when it was ordered",
          .flags = FIELD_NULL),
    FIELD(order, updated_at, FIELD_TIME, "when the source last changed it",
          .flags = FIELD_NULL),
    FIELD(order, ship_by, FIELD_TIME, "when it has to leave the shop",
          .flags = FIELD_NULL),
    FIELD(order, buyer, FIELD_RECORD, "the same id is the same customer",
          .of = &buyer_fields),
    FIELD(order, ship_to, FIELD_RECORD, "where it goes", .of = &address_fields),
    FIELD(order, message, FIELD_TEXT, "from the buyer", .flags = FIELD_NULL,
          .max = 10000),
    FIELD(order, is_gift, FIELD_BOOL, "it is a gift", .fallback = "false"),
    FIELD(order, gift_message, FIELD_TEXT, "to be put beside it",
          .flags = FIELD_NULL, .max = 5000),
    FIELD(order, gift_sender, FIELD_TEXT, "from whom it is",
          .flags = FIELD_NULL),
    FIELD(order, items, FIELD_LIST, "what was bought", .of = &item_fields),
    MONEY(order, total, "all that was paid"),
    MONEY(order, subtotal, "of the items, less the discount"),
    MONEY(order, shipping, "what the buyer pays for it"),
    MONEY(order, tax, "sales tax, VAT"),
    MONEY(order, discount, "taken off; positive"),
    MONEY(order, gift_wrap, "what the buyer pays for it"),
    FIELD(order, fees, FIELD_LIST, "what the sale cost the shop",
          .of = &fee_fields, .max = 32),
    FIELD(order, refunds, FIELD_LIST, "what was given back",
          .of = &refund_fields),
    FIELD(order, shipments, FIELD_LIST, "as the source knows them",
          .of = &shipment_fields, .max = 64),
    FIELD(order, raw, FIELD_TEXT, "the text of an order that cannot be read",
          .flags = FIELD_NULL | FIELD_SECRET, .max = ORDER_RAW_MAX_BYTES),
    FIELD(order, problem, FIELD_TEXT,
          "why it cannot be read; nothing of it is printed until that is null",
          .flags = FIELD_NULL, .max = 1000),
    FIELD(order, priority, FIELD_INT,
          "of its prints: higher goes first; a change reaches those that wait",
          .min = -900, .max = 900, .fallback = "0"),
    FIELD(order, notes, FIELD_TEXT, "anything worth knowing",
          .flags = FIELD_NULL, .max = 10000),
    FIELD(order, photo_url, FIELD_TEXT, "a picture of what was made",
          .flags = FIELD_NULL, .max = 2000),
    FIELD(order, label_url, FIELD_TEXT, "the shipping label",
          .flags = FIELD_NULL, .max = 2000),
    FIELD(order, carrier, FIELD_TEXT, "who takes the parcel",
          .flags = FIELD_NULL),
    FIELD(order, tracking_code, FIELD_TEXT, "the carrier's number of it",
          .flags = FIELD_NULL),
    MONEY(order, postage, "what sending it costs the shop"),
    FIELD(order, production_status, FIELD_CHOICE, "how far the shop is",
          .choices = production_names),
    FIELD(order, received_at, FIELD_TIME, "when the shop first heard of it",
          .flags = FIELD_READONLY),
    FIELD(order, changed_at, FIELD_TIME, "when anything here last changed",
          .flags = FIELD_READONLY),
    FIELD(order, held, FIELD_BOOL,
          "nothing of it is planned before a person lets it go",
          .fallback = "false"),
    FIELD(order, hold_reason, FIELD_TEXT, "why it is held", .flags = FIELD_NULL,
          .max = 1000),
    FIELD(order, is_planned, FIELD_BOOL, "its prints are asked for",
          .flags = FIELD_READONLY, .fallback = "false"),
    FIELD(order, pinned, FIELD_CHOICE, "production_status as a person said",
          .flags = FIELD_INTERNAL, .choices = production_names),
    PIECES(order, pieces_needed, "of all parts of all items"),
    PIECES(order, pieces_good, "printed well, or from the shelf"),
    PIECES(order, pieces_scrap, "printed, and no good"),
    PIECES(order, pieces_missing, "that nobody has asked for"),
    FIELD(order, grams, FIELD_REAL, "of filament, used so far",
          .flags = FIELD_READONLY, .fallback = "0"),
    FIELD(order, print_minutes, FIELD_REAL, "that printers really printed",
          .flags = FIELD_READONLY, .fallback = "0"),
    FIELD(order, estimated_minutes, FIELD_REAL, "of all its prints, as sliced",
          .flags = FIELD_READONLY, .fallback = "0"),
    MONEY_SHOWN(order, filament, "that its prints used, failed ones too"),
    MONEY_SHOWN(order, energy, "of its prints"),
    MONEY_SHOWN(order, labor, "by the products"),
    MONEY_SHOWN(order, overhead, "by the products"),
    MONEY_SHOWN(order, bought, "by the products' bills"),
    MONEY_SHOWN(order, fee, "all fees together"),
    MONEY_SHOWN(order, refunded, "all refunds together"),
    MONEY_SHOWN(order, revenue, "what was paid, less tax and refunds"),
    MONEY_SHOWN(order, profit,
                "revenue less all costs; null: in two currencies"),
    FIELD(order, margin_pct, FIELD_REAL, "profit of revenue",
          .flags = FIELD_READONLY),
    FIELD(order, customer_id, FIELD_ID, "who bought it",
          .flags = FIELD_READONLY),
};
const struct fields order_fields = TABLE("order", order, order_rows);

bool order_is_wanted(const struct order *order)
{
    return order->problem.len == 0 && !order->is_shipped &&
           (order->status == ORDER_PAID ||
            order->status == ORDER_PARTLY_REFUNDED);
}

struct order_item *order_item_of(struct order *order, int64_t number)
{
    struct order_item *item = order->items.items;
    for (size_t i = 0; i < order->items.count; i++)
        if (item[i].number == number)
            return &item[i];
    return NULL;
}

bool order_is_unmatched(const struct order *order)
{
    const struct order_item *item = order->items.items;
    for (size_t i = 0; i < order->items.count; i++)
        if (item[i].product_id == 0 && !item[i].is_digital)
            return true;
    return false;
}

/* -- lists -- */

static void put_known_as(struct key *key, spd_str source, spd_str shop_id,
                         spd_str source_id)
{
    key_put_text(key, source);
    key_put_text(key, shop_id);
    key_put_text(key, source_id);
}

static bool known_as(const void *record, struct key *key)
{
    const struct order *order = record;
    put_known_as(key, order->source, order->shop_id, order->source_id);
    return true;
}

/* The latest first is the list read backwards. */
int64_t order_moment(const struct order *order)
{
    return order->ordered_at != 0 ? order->ordered_at : order->received_at;
}

static bool by_date(const void *record, struct key *key)
{
    key_put_int(key, order_moment(record));
    return true;
}

static bool by_production(const void *record, struct key *key)
{
    const struct order *order = record;
    key_put_byte(key, (unsigned char)order->production_status);
    key_put_int(key, order_moment(order));
    return true;
}

static bool by_problem(const void *record, struct key *key)
{
    const struct order *order = record;
    key_put_int(key, order_moment(order));
    return order->problem.len > 0;
}

static bool by_unmatched(const void *record, struct key *key)
{
    const struct order *order = record;
    key_put_int(key, order_moment(order));
    return order_is_wanted(order) && order_is_unmatched(order);
}

static bool by_due_date(const void *record, struct key *key)
{
    const struct order *order = record;
    key_put_int(key, order->ship_by);
    return order->ship_by != 0 && order_is_wanted(order) &&
           order->production_status != PRODUCTION_PRINTED &&
           order->production_status != PRODUCTION_SHIPPED;
}

static bool by_trouble(const void *record, struct key *key)
{
    const struct order *order = record;
    const struct order_item *item = order->items.items;
    bool is_troubled = false;
    for (size_t i = 0; i < order->items.count; i++)
        is_troubled |= item[i].trouble.len > 0;
    key_put_int(key, order_moment(order));
    return is_troubled && order_is_wanted(order);
}

static bool by_customer(const void *record, struct key *key)
{
    const struct order *order = record;
    key_put_int(key, order->customer_id);
    key_put_int(key, order_moment(order));
    return order->customer_id != 0;
}

enum {
    KNOWN_AS,
    BY_DATE,
    BY_PRODUCTION,
    BY_PROBLEM,
    BY_UNMATCHED,
    BY_TROUBLE,
    BY_CUSTOMER,
    BY_DUE,
};
static const struct index order_indexes[] = {
    [KNOWN_AS] = { .name = "source_id",
                   .key = known_as,
                   .flags = INDEX_UNIQUE },
    [BY_DATE] = { .name = "date", .key = by_date },
    [BY_PRODUCTION] = { .name = "production", .key = by_production },
    [BY_PROBLEM] = { .name = "problem", .key = by_problem },
    [BY_UNMATCHED] = { .name = "unmatched", .key = by_unmatched },
    [BY_TROUBLE] = { .name = "trouble", .key = by_trouble },
    [BY_CUSTOMER] = { .name = "customer", .key = by_customer },
    [BY_DUE] = { .name = "due", .key = by_due_date },
};

const struct kind order_kind = {
    .name = "order",
    .plural = "orders",
    .fields = &order_fields,
    .indexes = order_indexes,
    .index_count = SPD_COUNT(order_indexes),
};

int64_t order_find(spd_txn *txn, spd_str source, spd_str shop_id,
                   spd_str source_id)
{
    struct key key = { 0 };
    put_known_as(&key, source, shop_id, source_id);
    return record_find(txn, &order_kind, &order_indexes[KNOWN_AS], &key);
}

struct span order_span_of(const struct order_filter *filter, struct key *prefix)
{
    struct span span = { .backwards = true, .prefix = NULL };
    *prefix = (struct key){ 0 };
    if (filter->problem) {
        span.index = &order_indexes[BY_PROBLEM];
    } else if (filter->unmatched) {
        span.index = &order_indexes[BY_UNMATCHED];
    } else if (filter->trouble) {
        span.index = &order_indexes[BY_TROUBLE];
    } else if (filter->production > 0) {
        span.index = &order_indexes[BY_PRODUCTION];
        key_put_byte(prefix, (unsigned char)(filter->production - 1));
        span.prefix = prefix;
    } else {
        span.index = &order_indexes[BY_DATE];
    }
    return span;
}

struct span order_span_of_customer(int64_t customer_id, struct key *prefix)
{
    *prefix = (struct key){ 0 };
    key_put_int(prefix, customer_id);
    return (struct span){ .index = &order_indexes[BY_CUSTOMER],
                          .prefix = prefix,
                          .backwards = true };
}

struct span order_span_since(int64_t since_ms, struct key *from)
{
    *from = (struct key){ 0 };
    key_put_int(from, since_ms);
    return (struct span){ .index = &order_indexes[BY_DATE], .from = from };
}

struct span order_due_span(void)
{
    return (struct span){ .index = &order_indexes[BY_DUE] };
}

void order_own(struct order *order, struct arena *arena)
{
    struct buf packed = { 0 };
    fields_pack(&order_fields, order, &packed);
    bool whole = fields_unpack(&order_fields, order,
                               arena_str(arena, buf_str(&packed)), arena);
    assert(whole);
    (void)whole;
    buf_fini(&packed);
}

spd_err order_put(spd_txn *txn, struct shop *shop, struct order *order,
                  const struct change *change, struct spd_error *err)
{
    order->changed_at = shop_now_ms(shop);
    return record_put(txn, &order_kind, order, change, err);
}
