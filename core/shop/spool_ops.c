/* What people do at the shelf. */
#include <math.h>

#include "base/error.h"
#include "shop/material.h"
#include "shop/spool_label.h"

static spd_err list_spools(struct call *call, spd_txn *txn)
{
    const struct page_param *param = call->params;
    call_reply_list(call, txn, &spool_kind, (struct span){ 0 }, &param->page);
    return SPD_OK;
}

static spd_err get_spool(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct spool spool;
    spd_err got = call_get(call, txn, &spool_kind, which->id, &spool);
    return got == SPD_OK ? call_reply_record(call, txn, &spool_kind, spool.id)
                         : got;
}

static bool body_has(const struct call *call, const char *member)
{
    return json_member(call->body_json, member) != NULL;
}

static spd_err reply_spool(struct call *call, spd_txn *txn, spd_err rc,
                           const struct spool *spool,
                           const struct spd_error *err)
{
    if (rc != SPD_OK)
        return call_fail(call, err);
    return call_reply_record(call, txn, &spool_kind, spool->id);
}

/* What is not said to be begun is full; null says that nobody knows. */
static spd_err create_spool(struct call *call, spd_txn *txn)
{
    struct shop *shop = call->self;
    struct spool spool = *(struct spool *)call->body;
    struct spd_error err;
    struct change change = call_change(call, "spool.created");
    double left = spool.remaining_grams;
    bool is_unknown = body_has(call, "remaining_grams") && isnan(left);
    spool.id = 0;
    spool.created_at = shop_now_ms(shop);
    spool.remaining_grams = is_unknown ? NAN : spool.net_grams;
    spd_err rc = spool_put(txn, shop, &spool, &change, &err);
    change.topic = "spool.corrected";
    if (rc == SPD_OK && !isnan(left) && left != spool.net_grams)
        rc = spool_state(txn, shop, &spool, left, USED_BY_CORRECTION, &change,
                         &err);
    return reply_spool(call, txn, rc, &spool, &err);
}

/* Another net weight was always true: what was taken stays taken. */
static spd_err update_spool(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct shop *shop = call->self;
    struct spool spool;
    struct spd_error err;
    spd_err got = call_get(call, txn, &spool_kind, which->id, &spool);
    if (got != SPD_OK)
        return got;
    double net_grams = spool.net_grams;
    call_patch(call, &spool);
    double left = spool.remaining_grams;
    if (!body_has(call, "remaining_grams") && !isnan(left))
        left = fmax(0, left + spool.net_grams - net_grams);
    struct change change = call_change(call, "spool.updated");
    spool.remaining_grams = left;
    spd_err rc = isnan(left) ? spool_put(txn, shop, &spool, &change, &err)
                             : spool_state(txn, shop, &spool, left,
                                           USED_BY_CORRECTION, &change, &err);
    return reply_spool(call, txn, rc, &spool, &err);
}

/* Its ledger stays: it is the history of what was printed. */
static spd_err delete_spool(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct material material;
    struct spd_error err;
    if (material_of_spool(txn, which->id, &material, &call->arena))
        return call_refuse(call, REFUSE_CONFLICT,
                           "spool %lld is loaded in slot %lld of printer %lld; "
                           "take it out first",
                           (long long)which->id, (long long)material.slot,
                           (long long)material.printer_id);
    struct change change = call_change(call, "spool.deleted");
    if (record_del(txn, &spool_kind, which->id, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    return SPD_OK;
}

static spd_err label_spool(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct spool spool;
    struct spd_error err;
    struct buf page = { 0 };
    spd_err rc = call_get(call, txn, &spool_kind, which->id, &spool);
    if (rc != SPD_OK)
        return rc;
    rc = spool_label(&spool, &page, &err);
    if (rc == SPD_OK)
        call_reply_bytes(call, buf_str(&page), "image/svg+xml");
    else
        rc = call_fail(call, &err);
    buf_fini(&page);
    return rc;
}

/* -- the scale -- */

struct weigh {
    double gross_grams, net_grams;
};
static const struct field weigh_rows[] = {
    FIELD(weigh, gross_grams, FIELD_REAL,
          "what the scale shows, with the empty spool", .flags = FIELD_NULL,
          .max = 200000),
    FIELD(weigh, net_grams, FIELD_REAL, "or: the filament alone",
          .flags = FIELD_NULL, .max = 100000),
};
static const struct fields weigh_fields = TABLE("weigh", weigh, weigh_rows);

static spd_err judge_weight(struct call *call, const struct spool *spool,
                            const struct weigh *weigh, double *net_grams)
{
    bool is_gross = !isnan(weigh->gross_grams);
    if (is_gross == !isnan(weigh->net_grams))
        return call_refuse(call, REFUSE_INVALID,
                           "give gross_grams or net_grams, one of them");
    if (is_gross && isnan(spool->tare_grams))
        return call_refuse(call, REFUSE_CONFLICT,
                           "nobody said what the empty spool %lld weighs: set "
                           "its tare_grams, or give net_grams",
                           (long long)spool->id);
    if (is_gross && weigh->gross_grams < spool->tare_grams)
        return call_refuse(call, REFUSE_CONTENT,
                           "%g g is less than the empty spool's %g g",
                           weigh->gross_grams, spool->tare_grams);
    *net_grams =
        is_gross ? weigh->gross_grams - spool->tare_grams : weigh->net_grams;
    return SPD_OK;
}

static spd_err weigh_spool(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct weigh weigh;
    struct spool spool;
    struct spd_error err;
    double left = NAN;
    fields_init(&weigh_fields, &weigh);
    call_patch(call, &weigh);
    spd_err got = call_get(call, txn, &spool_kind, which->id, &spool);
    if (got == SPD_OK)
        got = judge_weight(call, &spool, &weigh, &left);
    if (got != SPD_OK)
        return got;
    struct change change = call_change(call, "spool.weighed");
    spd_err rc = spool_state(txn, call->self, &spool, left, USED_BY_WEIGH_IN,
                             &change, &err);
    return reply_spool(call, txn, rc, &spool, &err);
}

/* -- the ledger -- */

struct ledger_param {
    int64_t id;
    struct page page;
};
static const struct field ledger_rows[] = {
    FIELD(ledger_param, id, FIELD_ID, "which spool", .flags = FIELD_REQUIRED),
    PAGE_ROWS(ledger_param, page),
};
static const struct fields ledger_fields =
    TABLE("ledger", ledger_param, ledger_rows);

static spd_err list_ledger(struct call *call, spd_txn *txn)
{
    const struct ledger_param *param = call->params;
    struct key prefix;
    if (!record_exists(txn, &spool_kind, param->id))
        return call_refuse(call, REFUSE_NOT_FOUND, "there is no spool %lld",
                           (long long)param->id);
    call_reply_list(call, txn, &spool_use_kind,
                    spool_ledger(param->id, &prefix), &param->page);
    return SPD_OK;
}

static const struct op spool_ops[] = {
    { .name = "spools.list",
      .route = "GET /api/spools",
      .doc = "All spools of the shelf",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &page_param_fields,
      .reply = &spool_fields,
      .run = list_spools },
    { .name = "spools.get",
      .route = "GET /api/spools/{id}",
      .doc = "One spool",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .params = &id_param_fields,
      .reply = &spool_fields,
      .run = get_spool },
    { .name = "spools.create",
      .route = "POST /api/spools",
      .doc = "Put a spool on the shelf; it is full unless you say what is left",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE | OP_CREATE,
      .body = &spool_fields,
      .reply = &spool_fields,
      .run = create_spool },
    { .name = "spools.update",
      .route = "PUT /api/spools/{id}",
      .doc = "Change what is given and leave the rest; other grams are a "
             "correction in its ledger",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .body = &spool_fields,
      .reply = &spool_fields,
      .run = update_spool },
    { .name = "spools.delete",
      .route = "DELETE /api/spools/{id}",
      .doc = "Take a spool off the shelf for good",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .run = delete_spool },
    { .name = "spools.weigh",
      .route = "POST /api/spools/{id}/weigh",
      .doc = "Say what the scale shows",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .body = &weigh_fields,
      .reply = &spool_fields,
      .run = weigh_spool },
    { .name = "spools.label",
      .route = "GET /api/spools/{id}/label",
      .doc = "A label with a QR code to print, as SVG of 70 by 30 mm",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .params = &id_param_fields,
      .run = label_spool },
    { .name = "spools.ledger",
      .route = "GET /api/spools/{id}/ledger",
      .doc = "What was taken off a spool, the first entry first",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &ledger_fields,
      .reply = &spool_use_fields,
      .run = list_ledger },
};

spd_err spool_add_ops(struct shop *shop, struct spd_error *err)
{
    spd_err rc = ops_add(shop->ops, spool_ops, SPD_COUNT(spool_ops), shop, err);
    return rc == SPD_OK ? spool_add_assign_ops(shop, err) : rc;
}
