/* Orders: what somebody bought, and how far the shop has come with it.
 *
 * What the source (a web shop, a person) says of an order and what the shop
 * makes of it lie in one record.  An order is known by its source, the shop
 * there and its id there; its items by their own ids within.  Knows no web
 * shop, and not how prints come about. */
#ifndef SPOOLD_SHOP_ORDER_H
#define SPOOLD_SHOP_ORDER_H

#include "shop/money.h"
#include "shop/shop.h"

enum order_status {
    ORDER_UNPAID,
    ORDER_PROCESSING,
    ORDER_PAID,
    ORDER_SHIPPED,
    ORDER_CANCELLED,
    ORDER_REFUNDED,
    ORDER_PARTLY_REFUNDED,
    ORDER_OTHER,
};

/* How far the shop is; the words are the API's. */
enum production {
    PRODUCTION_NEW, /* nothing was planned yet */
    PRODUCTION_QUEUED,
    PRODUCTION_PRINTING,
    PRODUCTION_PRINTED,
    PRODUCTION_SHIPPED,
    PRODUCTION_FAILED, /* pieces are missing, and nothing is on its way */
};

struct buyer {
    spd_str id, name, email;
};

struct address {
    spd_str name, line1, line2, city, state, zip, country, text;
};

/* Something chosen ("Color", "Red") or written ("Name", "Ada"). */
struct variation {
    spd_str name, value;
};

/* How far the shop is with one part of an item; all are pieces of it. */
struct item_part {
    int64_t part; /* its place among the product's, from 1 on */
    spd_str color;
    int64_t needed, from_stock, good, scrap, expected, missing;
    int64_t to_stock; /* printed beyond the need, and put on the shelf */
};

struct order_item {
    spd_str source_id, title, sku, listing_id;
    struct list variations, personalization; /* of struct variation */
    int64_t quantity;
    struct money price; /* of one */
    bool is_digital;
    int64_t ship_by;
    spd_str image_url;
    /* the shop's */
    int64_t number;     /* 1, 2, ... within the order; never another's */
    int64_t product_id; /* 0: nobody said yet what it is */
    spd_str trouble;    /* why it cannot be printed; no text: nothing */
    int production;     /* enum production */
    struct list parts;  /* of struct item_part */
    int64_t remakes;    /* prints that were asked for again by themselves */
    bool is_removed;    /* the source says it no more */
    struct money filament, energy, labor, overhead, bought, revenue, profit;
};

struct order_fee {
    spd_str name;
    struct money amount;
};

struct refund {
    struct money amount;
    int64_t at;
    spd_str reason, status;
};

struct shipment {
    spd_str carrier, tracking_code;
    int64_t shipped_at;
};

struct order {
    int64_t id;
    spd_str source;
    spd_str shop_id, source_id, number, url;
    int status;
    spd_str source_status;
    bool is_paid, is_shipped;
    int64_t ordered_at, updated_at, ship_by;
    struct buyer buyer;
    struct address ship_to;
    spd_str message;
    bool is_gift;
    spd_str gift_message, gift_sender;
    struct list items; /* of struct order_item */
    struct money total, subtotal, shipping, tax, discount, gift_wrap;
    struct list fees, refunds, shipments;
    spd_str raw; /* taken in only: it is kept beside the record */
    spd_str problem;
    /* the shop's */
    int64_t priority;
    spd_str notes, photo_url, label_url, carrier, tracking_code;
    struct money postage;
    int production_status;
    int64_t received_at, changed_at;
    bool held; /* nothing of it is planned before a person lets it go */
    spd_str hold_reason;
    bool is_planned; /* its prints are asked for */
    int pinned;      /* production_status as a person said; 0: as it is */
    int64_t pieces_needed, pieces_good, pieces_scrap, pieces_missing;
    double grams, print_minutes, estimated_minutes;
    struct money filament, energy, labor, overhead, bought, fee, refunded;
    struct money revenue, profit;
    double margin_pct;
    int64_t customer_id; /* 0: nobody said who bought it */
};

extern const struct kind order_kind;
extern const struct fields order_fields;
extern const struct fields order_variation_fields;
extern const char *const order_status_names[], *const production_names[];

/* Where orders come from that no plugin brought. */
#define ORDER_BY_HAND "api"

/* When it was ordered, as far as that is known. */
int64_t order_moment(const struct order *order);

/* Is it to be printed: paid, not shipped, and understood? */
bool order_is_wanted(const struct order *order);

/* Its item of that number, to be written to; NULL: none. */
struct order_item *order_item_of(struct order *order, int64_t number);

/* Has an item nobody knows the product of? */
bool order_is_unmatched(const struct order *order);

/* Which orders; the first that is set counts. The latest come first. */
struct order_filter {
    bool problem;   /* those that could not be read */
    bool unmatched; /* those to be printed of which an item has no product */
    bool trouble;   /* those of which an item cannot be printed */
    int production; /* enum production, plus one; 0: whichever */
};
struct span order_span_of(const struct order_filter *filter,
                          struct key *prefix);

/* What a customer bought, the latest first. */
struct span order_span_of_customer(int64_t customer_id, struct key *prefix);
/* What was ordered from then on, the first one first; up to where the caller
 * ends the walk. */
struct span order_span_since(int64_t since_ms, struct key *from);
/* What is to be printed and has a date to be shipped by; the earliest first. */
struct span order_due_span(void);

/* 0: the source never said such an order. */
int64_t order_find(spd_txn *txn, spd_str source, spd_str shop_id,
                   spd_str source_id);

/* Write it with the event that says what happened to it. */
spd_err order_put(spd_txn *txn, struct shop *shop, struct order *order,
                  const struct change *change, struct spd_error *err);

/* The text a source could not read; no text: there is none.  Borrowed until the
 * transaction ends or writes. */
spd_str order_raw(spd_txn *txn, int64_t order_id);

enum { ORDER_RAW_MAX_BYTES = 200 * 1024 };

/* -- what a source says -- */

/* What one saying came to. */
enum order_news {
    ORDER_SAME,    /* nothing new, nothing written */
    ORDER_STALE,   /* older than what is known, passed over */
    ORDER_NEW,     /* "order.received" */
    ORDER_CHANGED, /* "order.updated" */
};

/* Take in what is said of an order: `said` holds what the source knows, and of
 * an order that is new the shop's members too; its id is filled in.  Saying
 * the same again writes nothing. */
spd_err order_take(spd_txn *txn, struct shop *shop, struct order *said,
                   spd_str who, enum order_news *news, struct arena *arena,
                   struct spd_error *err);

/* What the fields cannot tell of an order that was read. True: it is sound. */
bool order_judge(const struct order *said, struct faults *faults);

/* What saying it would come to; nothing is written. */
spd_err order_foresee(spd_txn *txn, const struct order *said,
                      enum order_news *news, struct arena *arena,
                      struct spd_error *err);

/* Its texts and lists become the arena's own. */
void order_own(struct order *order, struct arena *arena);

/* What a person changed of it, `before` being as it was read; who is that
 * person. "order.updated", or "order.shipped". */
spd_err order_change(spd_txn *txn, struct shop *shop,
                     const struct order *before, struct order *order,
                     spd_str who, struct arena *arena, struct spd_error *err);

/* Read what a plugin says (see plugin.h): blank members are as absent, and an
 * order that does not fit keeps only its ids, its text and what is wrong.
 * SPD_EINVAL: it has no source_id. */
spd_err order_read(spd_str source, const spd_json *json, struct order *said,
                   struct arena *arena, struct spd_error *err);

spd_err order_add_ops(struct shop *shop, struct spd_error *err);

#endif
