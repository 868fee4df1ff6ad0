#include "shop/stock.h"

#include "shop/product.h"

static const char *const why_names[] = { "surplus", "order", "count", NULL };

static const struct field stock_rows[] = {
    FIELD(stock, id, FIELD_ID, "its id", .flags = FIELD_READONLY),
    FIELD(stock, product_id, FIELD_ID, "of which product",
          .flags = FIELD_REQUIRED),
    FIELD(stock, part, FIELD_INT, "which of its parts, from 1 on", .min = 1,
          .max = 32, .fallback = "1"),
    FIELD(stock, color, FIELD_TEXT, "#RRGGBB; null: as sliced",
          .flags = FIELD_NULL, .max = 9),
    FIELD(stock, pieces, FIELD_INT, "how many lie there",
          .flags = FIELD_REQUIRED, .max = 1000000),
    FIELD(stock, location, FIELD_TEXT, "where", .flags = FIELD_NULL),
    FIELD(stock, updated_at, FIELD_TIME, "when that last changed",
          .flags = FIELD_READONLY),
};
static const struct fields stock_fields = TABLE("stock", stock, stock_rows);

static const struct field move_rows[] = {
    FIELD(stock_move, id, FIELD_ID, "the entry's id", .flags = FIELD_READONLY),
    FIELD(stock_move, stock_id, FIELD_ID, "of which stock",
          .flags = FIELD_READONLY),
    FIELD(stock_move, why, FIELD_CHOICE, "how", .flags = FIELD_READONLY,
          .choices = why_names),
    FIELD(stock_move, pieces, FIELD_INT, "that came; below 0: went",
          .flags = FIELD_READONLY),
    FIELD(stock_move, order_id, FIELD_ID, "for which order",
          .flags = FIELD_READONLY),
    FIELD(stock_move, at, FIELD_TIME, "when", .flags = FIELD_READONLY),
};
static const struct fields move_fields =
    TABLE("stock_move", stock_move, move_rows);

/* Of a colour only the first six digits count, in any case of letters. */
static void put_color(struct key *key, spd_str color)
{
    char folded[7];
    size_t len = color.len < sizeof(folded) ? color.len : sizeof(folded);
    for (size_t i = 0; i < len; i++) {
        char c = color.ptr[i];
        folded[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    key_put_text(key, (spd_str){ folded, len });
}

static void put_what(struct key *key, const struct stock_of *what)
{
    key_put_int(key, what->product_id);
    key_put_int(key, what->part);
    put_color(key, what->color);
}

static bool by_what(const void *record, struct key *key)
{
    const struct stock *stock = record;
    put_what(key, &(struct stock_of){ stock->product_id, stock->part,
                                      stock->color });
    return true;
}

static bool by_stock(const void *record, struct key *key)
{
    key_put_int(key, ((const struct stock_move *)record)->stock_id);
    return true;
}

static const struct index stock_indexes[] = {
    { .name = "part and colour", .key = by_what, .flags = INDEX_UNIQUE },
};
static const struct index move_indexes[] = {
    { .name = "stock", .key = by_stock },
};

const struct kind stock_kind = {
    .name = "stock",
    .plural = "stocks",
    .fields = &stock_fields,
    .indexes = stock_indexes,
    .index_count = SPD_COUNT(stock_indexes),
};
const struct kind stock_move_kind = {
    .name = "stock_move",
    .plural = "stock_moves",
    .fields = &move_fields,
    .indexes = move_indexes,
    .index_count = SPD_COUNT(move_indexes),
};

static bool find(spd_txn *txn, const struct stock_of *what, struct stock *stock,
                 struct arena *arena)
{
    struct key key = { 0 };
    put_what(&key, what);
    int64_t id = record_find(txn, &stock_kind, &stock_indexes[0], &key);
    return id != 0 &&
           record_get(txn, &stock_kind, id, stock, arena, NULL) == SPD_OK;
}

int64_t stock_on_hand(spd_txn *txn, const struct stock_of *what)
{
    struct arena arena = { 0 };
    struct stock stock;
    int64_t pieces = find(txn, what, &stock, &arena) ? stock.pieces : 0;
    arena_fini(&arena);
    return pieces;
}

spd_str stock_location(spd_txn *txn, const struct stock_of *what,
                       struct arena *arena)
{
    struct stock stock;
    return find(txn, what, &stock, arena) ? stock.location
                                          : (spd_str){ NULL, 0 };
}

static struct span ledger_of(int64_t stock_id, struct key *prefix)
{
    *prefix = (struct key){ 0 };
    key_put_int(prefix, stock_id);
    return (struct span){ .index = &move_indexes[0], .prefix = prefix };
}

static bool add_move(void *sum, const void *record)
{
    *(int64_t *)sum += ((const struct stock_move *)record)->pieces;
    return true;
}

int64_t stock_counted(spd_txn *txn, int64_t stock_id)
{
    struct key prefix;
    struct span span = ledger_of(stock_id, &prefix);
    int64_t pieces = 0;
    record_each(txn, &stock_move_kind, &span, add_move, &pieces);
    return pieces;
}

/* -- writing -- */

/* The stock and its entry, in one. */
static spd_err put(spd_txn *txn, struct shop *shop, struct stock *stock,
                   struct stock_move *move, spd_str who, struct spd_error *err)
{
    struct change change = { "stock.changed", who };
    stock->pieces += move->pieces;
    stock->updated_at = move->at = shop_now_ms(shop);
    spd_err rc = record_put(txn, &stock_kind, stock, &change, err);
    if (rc != SPD_OK || move->pieces == 0)
        return rc;
    change.topic = "stock.entry";
    move->stock_id = stock->id;
    return record_put(txn, &stock_move_kind, move, &change, err);
}

spd_err stock_shift(spd_txn *txn, struct shop *shop,
                    const struct stock_of *what, int64_t pieces,
                    enum stock_why why, int64_t order_id, int64_t *moved,
                    struct spd_error *err)
{
    struct arena arena = { 0 };
    struct stock stock;
    spd_err rc = SPD_OK;
    if (!find(txn, what, &stock, &arena)) {
        fields_init(&stock_fields, &stock);
        stock.product_id = what->product_id;
        stock.part = what->part;
        stock.color = what->color;
        stock.pieces = 0;
    }
    if (pieces < -stock.pieces)
        pieces = -stock.pieces;
    *moved = pieces;
    struct stock_move move = { .why = (int)why,
                               .pieces = pieces,
                               .order_id = order_id };
    if (pieces != 0)
        rc = put(txn, shop, &stock, &move, STR("spoold"), err);
    arena_fini(&arena);
    return rc;
}

/* -- operations -- */

static spd_err list_stock(struct call *call, spd_txn *txn)
{
    const struct page_param *param = call->params;
    call_reply_list(call, txn, &stock_kind, (struct span){ 0 }, &param->page);
    return SPD_OK;
}

static spd_err count_stock(struct call *call, spd_txn *txn)
{
    struct stock counted = *(struct stock *)call->body, stock;
    struct stock_of what = { counted.product_id, counted.part, counted.color };
    struct spd_error err;
    if (!record_exists(txn, &product_kind, counted.product_id))
        return call_refuse(call, REFUSE_CONTENT, "there is no product %lld",
                           (long long)counted.product_id);
    if (find(txn, &what, &stock, &call->arena)) {
        counted.id = stock.id;
        if (counted.location.ptr == NULL)
            counted.location = stock.location;
    } else {
        counted.id = stock.pieces = 0;
    }
    struct stock_move move = { .why = STOCK_COUNT,
                               .pieces = counted.pieces - stock.pieces };
    counted.pieces = stock.pieces;
    if (put(txn, call->self, &counted, &move, str_of(call->actor->who), &err) !=
        SPD_OK)
        return call_fail(call, &err);
    return call_reply_record(call, txn, &stock_kind, counted.id);
}

static spd_err list_ledger(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    if (!record_exists(txn, &stock_kind, which->id))
        return call_refuse(call, REFUSE_NOT_FOUND, "there is no stock %lld",
                           (long long)which->id);
    struct key prefix;
    struct page page = { .limit = 1000 };
    call_reply_list(call, txn, &stock_move_kind, ledger_of(which->id, &prefix),
                    &page);
    return SPD_OK;
}

static const struct op stock_ops[] = {
    { .name = "stock.list",
      .route = "GET /api/stock",
      .doc = "Finished parts on the shelf",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &page_param_fields,
      .reply = &stock_fields,
      .run = list_stock },
    { .name = "stock.count",
      .route = "POST /api/stock",
      .doc = "Say how many of a part lie there; orders take them before "
             "anything is printed",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE | OP_CREATE,
      .body = &stock_fields,
      .reply = &stock_fields,
      .run = count_stock },
    { .name = "stock.ledger",
      .route = "GET /api/stock/{id}/ledger",
      .doc = "How they came and went, the first entry first",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &id_param_fields,
      .reply = &move_fields,
      .run = list_ledger },
};

spd_err stock_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, stock_ops, SPD_COUNT(stock_ops), shop, err);
}
