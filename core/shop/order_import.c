#include "shop/order_import.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/file.h"
#include "shop/order_csv.h"
#include "store/blob.h"

enum { ORDERS_A_COMMIT = 50 };

struct import {
    struct shop *shop;
    struct call *call;
    struct blob_in *in;
    bool dry_run;
    struct arena arena;
    struct csv_orders table;
    enum order_news *news; /* one for each order */
    size_t next;           /* those before it are done */
};

/* -- the answer -- */

static const char *const outcome_names[] = {
    [ORDER_SAME] = "same",
    [ORDER_STALE] = "same",
    [ORDER_NEW] = "new",
    [ORDER_CHANGED] = "changed",
};

static const struct csv_order *order_at(const struct import *import, size_t i)
{
    return (const struct csv_order *)import->table.orders.items + i;
}

static void put_text(spd_jsonw *w, const char *name, spd_str text)
{
    if (text.len == 0)
        jsonw_put_null(w, name);
    else
        jsonw_put_str(w, name, text);
}

static void write_line(const struct import *import, const struct csv_line *line,
                       spd_jsonw *w)
{
    spd_str refusal = line->refusal;
    bool is_refused = refusal.len > 0;
    if (!is_refused && order_at(import, line->order)->refusal.len > 0) {
        refusal = order_at(import, line->order)->refusal;
        is_refused = true;
    }
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    jsonw_put_int(w, "line", (int64_t)line->line);
    put_text(w, "order", line->order_text);
    put_text(w, "item", line->item);
    jsonw_put_str(w, "outcome",
                  str_of(is_refused
                             ? "refused"
                             : outcome_names[import->news[line->order]]));
    put_text(w, "message", refusal);
    jsonw_end(w);
}

static void write_counts(const struct import *import, spd_jsonw *w)
{
    int64_t counts[ORDER_CHANGED + 1] = { 0 }, refused = 0;
    for (size_t i = 0; i < import->table.orders.count; i++)
        if (order_at(import, i)->refusal.len > 0)
            refused++;
        else
            counts[import->news[i]]++;
    jsonw_put_int(w, "orders_new", counts[ORDER_NEW]);
    jsonw_put_int(w, "orders_changed", counts[ORDER_CHANGED]);
    jsonw_put_int(w, "orders_same", counts[ORDER_SAME] + counts[ORDER_STALE]);
    jsonw_put_int(w, "orders_refused", refused);
}

static void write_report(const struct import *import)
{
    const struct csv_line *line = import->table.lines.items;
    spd_jsonw *w = call_reply(import->call);
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    jsonw_put_bool(w, "dry_run", import->dry_run);
    jsonw_put_str(w, "encoding", str_of(import->table.encoding));
    jsonw_put_str(w, "separator", (spd_str){ &import->table.separator, 1 });
    write_counts(import, w);
    jsonw_begin(w, "lines", SPD_JSON_ARRAY);
    for (size_t i = 0; i < import->table.lines.count; i++)
        write_line(import, &line[i], w);
    jsonw_end(w);
    jsonw_end(w);
}

static void end_import(struct import *import)
{
    struct call *call = import->call;
    blob_drop(import->in);
    arena_fini(&import->arena);
    free(import);
    call_end(call);
}

/* -- taking them in -- */

static size_t upto(const struct import *import)
{
    size_t end = import->next + ORDERS_A_COMMIT;
    size_t count = import->table.orders.count;
    return end < count ? end : count;
}

/* A run that is repeated begins with what was read, not with what the first
 * one made of it. */
static spd_err take_one(spd_txn *txn, struct import *import, size_t i,
                        struct spd_error *err)
{
    struct arena arena = { 0 };
    struct order said = order_at(import, i)->said;
    spd_err rc = import->dry_run
                     ? order_foresee(txn, &said, &import->news[i], &arena, err)
                     : order_take(txn, import->shop, &said,
                                  str_of(import->call->actor->who),
                                  &import->news[i], &arena, err);
    arena_fini(&arena);
    return rc;
}

static spd_err run_import(spd_txn *txn, void *arg, struct spd_error *err)
{
    struct import *import = arg;
    size_t end = upto(import);
    spd_err rc = SPD_OK;
    for (size_t i = import->next; i < end && rc == SPD_OK; i++)
        if (order_at(import, i)->refusal.len == 0)
            rc = take_one(txn, import, i, err);
    return rc;
}

static void imported(void *arg, const struct spd_error *err)
{
    struct import *import = arg;
    import->next = upto(import);
    if (err == NULL && import->next < import->table.orders.count) {
        store_write(import->shop->store,
                    &(struct store_write){ run_import, imported, import });
        return;
    }
    if (err != NULL)
        call_fail(import->call, err);
    else
        write_report(import);
    end_import(import);
}

static void foresee_all(struct import *import)
{
    struct spd_error err = { 0 };
    spd_err rc = SPD_OK;
    spd_txn *txn = store_read(import->shop->store);
    for (; import->next < import->table.orders.count && rc == SPD_OK;
         import->next = upto(import))
        rc = run_import(txn, import, &err);
    store_read_end(txn);
    if (rc != SPD_OK)
        call_fail(import->call, &err);
    else
        write_report(import);
    end_import(import);
}

/* [worker] */
static spd_err read_table(void *arg, struct spd_error *err)
{
    struct import *import = arg;
    struct buf bytes = { 0 };
    spd_err rc =
        file_read(blob_in_path(import->in), ORDER_CSV_MAX_BYTES, &bytes, err);
    if (rc == SPD_OK)
        rc = order_csv_read(buf_str(&bytes), &import->table, &import->arena,
                            err);
    buf_fini(&bytes);
    return rc;
}

static void table_read(void *arg, const struct spd_error *outcome)
{
    struct import *import = arg;
    if (outcome->code != SPD_OK) {
        if (outcome->code == SPD_EINVAL)
            call_refuse(import->call, REFUSE_CONTENT, "%s", outcome->text);
        else
            call_fail(import->call, outcome);
        end_import(import);
        return;
    }
    import->news = arena_new(&import->arena, import->table.orders.count *
                                                 sizeof(*import->news));
    if (import->dry_run)
        foresee_all(import);
    else
        store_write(import->shop->store,
                    &(struct store_write){ run_import, imported, import });
}

/* -- the operation -- */

struct import_param {
    spd_str name;
    bool dry_run;
};
static const struct field import_rows[] = {
    FIELD(import_param, name, FIELD_TEXT, "what it is called, for people",
          .flags = FIELD_REQUIRED, .min = 1, .max = 200,
          .example = "\"orders.csv\""),
    FIELD(import_param, dry_run, FIELD_BOOL,
          "only say, line by line, what would happen", .fallback = "false"),
};
static const struct fields import_fields =
    TABLE("import", import_param, import_rows);

static spd_err import_orders(struct call *call, spd_txn *txn)
{
    (void)txn;
    const struct import_param *param = call->params;
    struct shop *shop = call->self;
    if (call->upload == NULL || blob_size(call->upload) == 0)
        return call_refuse(call, REFUSE_INVALID,
                           "send the table as the request's body");
    if (blob_size(call->upload) > ORDER_CSV_MAX_BYTES)
        return call_refuse(call, REFUSE_TOO_LARGE,
                           "the table is larger than 4 MiB; split it");
    struct import *import = mem_new(sizeof(*import));
    import->shop = shop;
    import->call = call;
    import->in = call->upload;
    import->dry_run = param->dry_run;
    call->upload = NULL;
    pool_submit(shop->pool,
                &(struct pool_work){ read_table, table_read, import, NULL });
    return SPD_OK;
}

static const struct op import_ops[] = {
    { .name = "orders.import",
      .route = "POST /api/orders/import",
      .doc = "Take in orders from a table (CSV), a line an item; with dry_run "
             "only say what would happen to each line",
      .role = SPD_OPERATOR,
      .flags = OP_LATER | OP_UPLOAD,
      .params = &import_fields,
      .run = import_orders },
};

spd_err order_import_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, import_ops, SPD_COUNT(import_ops), shop, err);
}
