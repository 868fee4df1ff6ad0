#include "shop/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "shop/product.h"

static const struct field listing_rows[] = {
    FIELD(listing, id, FIELD_ID, "its id", .flags = FIELD_READONLY),
    FIELD(listing, product_id, FIELD_ID, "which product it is",
          .flags = FIELD_REQUIRED),
    FIELD(listing, source, FIELD_TEXT, "where: etsy, api, ...",
          .flags = FIELD_REQUIRED, .min = 1, .max = 60),
    FIELD(listing, sku, FIELD_TEXT, "the seller's number of it there",
          .flags = FIELD_NULL, .max = 100),
    FIELD(listing, listing_id, FIELD_TEXT, "or the offer's id there",
          .flags = FIELD_NULL, .max = 100),
    FIELD(listing, variations, FIELD_LIST,
          "what is chosen of the offer; none: whichever",
          .of = &order_variation_fields, .max = 32),
    FIELD(listing, created_at, FIELD_TIME, "when it was said",
          .flags = FIELD_READONLY),
};
const struct fields listing_fields = TABLE("listing", listing, listing_rows);

/* -- what it is known by -- */

static char folded(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void put_folded(struct buf *out, spd_str text)
{
    text = str_trim(text);
    for (size_t i = 0; i < text.len; i++)
        buf_put_char(out, folded(text.ptr[i]));
}

static int compare_folded(spd_str a, spd_str b)
{
    a = str_trim(a);
    b = str_trim(b);
    size_t i = 0;
    while (i < a.len && i < b.len && folded(a.ptr[i]) == folded(b.ptr[i]))
        i++;
    int one = i < a.len ? (unsigned char)folded(a.ptr[i]) : -1;
    int other = i < b.len ? (unsigned char)folded(b.ptr[i]) : -1;
    return one - other;
}

static int by_name(const void *a, const void *b)
{
    const struct variation *one = a, *other = b;
    int by = compare_folded(one->name, other->name);
    return by != 0 ? by : compare_folded(one->value, other->value);
}

/* However they are ordered and written. */
static void put_variations(struct key *key, const struct list *variations)
{
    enum { MOST = 32 };
    struct variation sorted[MOST];
    struct buf text = { 0 };
    size_t count = variations->count < MOST ? variations->count : MOST;
    if (count > 0)
        memcpy(sorted, variations->items, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), by_name);
    for (size_t i = 0; i < count; i++) {
        put_folded(&text, sorted[i].name);
        buf_put_char(&text, '=');
        put_folded(&text, sorted[i].value);
        buf_put_char(&text, '\n');
    }
    key_put_text(key, buf_str(&text));
    buf_fini(&text);
}

static void put_known_by(struct key *key, const struct listing *listing)
{
    struct buf sku = { 0 };
    put_folded(&sku, listing->sku);
    key_put_text(key, listing->source);
    key_put_text(key, buf_str(&sku));
    key_put_text(key, listing->listing_id);
    put_variations(key, &listing->variations);
    buf_fini(&sku);
}

static bool known_by(const void *record, struct key *key)
{
    put_known_by(key, record);
    return true;
}

static bool by_product(const void *record, struct key *key)
{
    key_put_int(key, ((const struct listing *)record)->product_id);
    return true;
}

enum { KNOWN_BY, BY_PRODUCT };
static const struct index listing_indexes[] = {
    [KNOWN_BY] = { .name = "key", .key = known_by, .flags = INDEX_UNIQUE },
    [BY_PRODUCT] = { .name = "product", .key = by_product },
};

const struct kind listing_kind = {
    .name = "listing",
    .plural = "listings",
    .fields = &listing_fields,
    .indexes = listing_indexes,
    .index_count = SPD_COUNT(listing_indexes),
};

/* -- matching -- */

static int64_t find(spd_txn *txn, const struct listing *like)
{
    struct key key = { 0 };
    put_known_by(&key, like);
    return record_find(txn, &listing_kind, &listing_indexes[KNOWN_BY], &key);
}

static int64_t product_of(spd_txn *txn, const struct listing *like)
{
    struct arena arena = { 0 };
    struct listing listing;
    int64_t id = find(txn, like), product_id = 0;
    if (id != 0 &&
        record_get(txn, &listing_kind, id, &listing, &arena, NULL) == SPD_OK)
        product_id = listing.product_id;
    arena_fini(&arena);
    return product_id;
}

int64_t listing_match(spd_txn *txn, spd_str source,
                      const struct order_item *item)
{
    struct listing by_sku = { .source = source, .sku = item->sku };
    struct listing exact = { .source = source,
                             .listing_id = item->listing_id,
                             .variations = item->variations };
    struct listing any = { .source = source, .listing_id = item->listing_id };
    int64_t id = product_of_sku(txn, item->sku);
    if (id == 0 && str_trim(item->sku).len > 0)
        id = product_of(txn, &by_sku);
    if (id == 0 && item->listing_id.len > 0)
        id = product_of(txn, &exact);
    if (id == 0 && item->listing_id.len > 0)
        id = product_of(txn, &any);
    return id;
}

void listing_match_order(spd_txn *txn, struct order *order)
{
    struct order_item *item = order->items.items;
    for (size_t i = 0; i < order->items.count; i++)
        if (item[i].product_id == 0 && !item[i].is_digital)
            item[i].product_id = listing_match(txn, order->source, &item[i]);
}

static spd_err put(spd_txn *txn, struct shop *shop, struct listing *listing,
                   const struct change *change, struct spd_error *err)
{
    if (listing->id == 0)
        listing->created_at = shop_now_ms(shop);
    return record_put(txn, &listing_kind, listing, change, err);
}

spd_err listing_remember(spd_txn *txn, struct shop *shop, spd_str source,
                         const struct order_item *item, int64_t product_id,
                         spd_str who, struct spd_error *err)
{
    struct change change = { "listing.created", who };
    struct listing listing = { .source = source, .product_id = product_id };
    if (str_trim(item->sku).len > 0)
        listing.sku = item->sku;
    else if (item->listing_id.len > 0)
        listing.listing_id = item->listing_id;
    else
        return SPD_OK;
    if (listing.listing_id.len > 0)
        listing.variations = item->variations;
    listing.id = find(txn, &listing);
    listing.created_at = shop_now_ms(shop);
    if (listing.id != 0)
        change.topic = "listing.updated";
    return put(txn, shop, &listing, &change, err);
}

spd_err listing_forget(spd_txn *txn, int64_t product_id,
                       const struct change *why, struct spd_error *err)
{
    struct change change = { "listing.deleted", why->who };
    struct key key = { 0 };
    key_put_int(&key, product_id);
    spd_err rc = SPD_OK;
    int64_t id;
    while (rc == SPD_OK &&
           (id = record_find(txn, &listing_kind, &listing_indexes[BY_PRODUCT],
                             &key)) != 0)
        rc = record_del(txn, &listing_kind, id, &change, err);
    return rc;
}

/* -- operations -- */

static spd_err list_listings(struct call *call, spd_txn *txn)
{
    const struct page_param *param = call->params;
    call_reply_list(call, txn, &listing_kind, (struct span){ 0 }, &param->page);
    return SPD_OK;
}

static spd_err create_listing(struct call *call, spd_txn *txn)
{
    struct listing listing = *(struct listing *)call->body;
    struct change change = call_change(call, "listing.created");
    struct spd_error err;
    if ((str_trim(listing.sku).len > 0) == (listing.listing_id.len > 0))
        return call_refuse(call, REFUSE_CONTENT,
                           "say by what it is known there: an sku, or a "
                           "listing_id");
    if (!record_exists(txn, &product_kind, listing.product_id))
        return call_refuse(call, REFUSE_CONTENT, "there is no product %lld",
                           (long long)listing.product_id);
    listing.id = 0;
    if (put(txn, call->self, &listing, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    return call_reply_record(call, txn, &listing_kind, listing.id);
}

static spd_err delete_listing(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct change change = call_change(call, "listing.deleted");
    struct spd_error err;
    spd_err rc = call_reply_record(call, txn, &listing_kind, which->id);
    if (rc != SPD_OK)
        return rc;
    if (record_del(txn, &listing_kind, which->id, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    return SPD_OK;
}

static const struct op listing_ops[] = {
    { .name = "listings.list",
      .route = "GET /api/listings",
      .doc = "Which offer of a source is which product",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &page_param_fields,
      .reply = &listing_fields,
      .run = list_listings },
    { .name = "listings.create",
      .route = "POST /api/listings",
      .doc = "Say which product an offer is; orders that wait for it are "
             "matched",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE | OP_CREATE,
      .body = &listing_fields,
      .reply = &listing_fields,
      .run = create_listing },
    { .name = "listings.delete",
      .route = "DELETE /api/listings/{id}",
      .doc = "Forget it; orders that were matched by it stay as they are",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .reply = &listing_fields,
      .run = delete_listing },
};

spd_err listing_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, listing_ops, SPD_COUNT(listing_ops), shop, err);
}
