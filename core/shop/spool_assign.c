/* Auto-assign: which spool of the shelf is the one in a slot, where there can
 * be but one answer. */
#include "shop/material.h"
#include "shop/printer.h"

struct assign {
    int64_t printer_id;
};
static const struct field assign_rows[] = {
    FIELD(assign, printer_id, FIELD_ID, "only in this printer; null: in all",
          .flags = FIELD_NULL),
};
static const struct fields assign_fields = TABLE("assign", assign, assign_rows);

/* A loaded slot that has no spool of the shelf. */
struct slots {
    struct arena *arena;
    int64_t printer_id; /* 0: whichever */
    int64_t *ids;
    size_t count;
};

static bool note_slot(void *arg, const void *record)
{
    struct slots *slots = arg;
    const struct material *material = record;
    if (material->loaded && material->spool_id == 0 &&
        material->material_type.len > 0 &&
        (slots->printer_id == 0 || slots->printer_id == material->printer_id))
        slots->ids[slots->count++] = material->id;
    return true;
}

static bool is_same_color(spd_str a, spd_str b)
{
    spd_str one = { a.ptr, a.len < 7 ? a.len : 7 };
    spd_str other = { b.ptr, b.len < 7 ? b.len : 7 };
    return one.len == 7 && str_equal_fold(one, other);
}

/* The spools that could be the one in the slot. */
struct candidates {
    spd_txn *txn;
    struct arena *arena;
    const struct material *slot;
    size_t count;
    int64_t first_id;
};

static bool consider(void *arg, const void *record)
{
    struct candidates *of = arg;
    const struct spool *spool = record;
    struct material elsewhere;
    bool fits = str_equal_fold(spool->material, of->slot->material_type) &&
                is_same_color(spool->color, of->slot->color) &&
                spool->tray_uuid.len == 0;
    if (!fits || material_of_spool(of->txn, spool->id, &elsewhere, of->arena))
        return true;
    if (of->count++ == 0)
        of->first_id = spool->id;
    return true;
}

static void write_slot(const struct material *slot, spd_jsonw *w)
{
    jsonw_put_int(w, "printer_id", slot->printer_id);
    jsonw_put_int(w, "slot", slot->slot);
    if (slot->spool_id != 0)
        jsonw_put_int(w, "spool_id", slot->spool_id);
    else
        jsonw_put_null(w, "spool_id");
}

static void write_reason(struct call *call, const struct material *slot,
                         size_t count, spd_jsonw *w)
{
    if (slot->spool_id != 0) {
        jsonw_put_null(w, "reason");
        return;
    }
    jsonw_put_str(
        w, "reason",
        count == 0
            ? arena_printf(&call->arena,
                           "no spool on the shelf is %.*s in "
                           "%.*s",
                           STR_ARG(slot->material_type), STR_ARG(slot->color))
            : arena_printf(&call->arena,
                           "%zu spools on the shelf are %.*s in %.*s; say "
                           "which it is",
                           count, STR_ARG(slot->material_type),
                           STR_ARG(slot->color)));
}

static spd_err assign_slot(struct call *call, spd_txn *txn, int64_t id,
                           spd_jsonw *w)
{
    struct material slot;
    struct spool spool;
    struct spd_error err;
    struct change change = call_change(call, "material.updated");
    spd_err rc = call_get(call, txn, &material_kind, id, &slot);
    if (rc != SPD_OK)
        return rc;
    struct candidates of = { .txn = txn, .arena = &call->arena, .slot = &slot };
    record_each(txn, &spool_kind, &(struct span){ 0 }, consider, &of);
    if (of.count == 1) {
        rc = call_get(call, txn, &spool_kind, of.first_id, &spool);
        if (rc == SPD_OK && material_load(txn, call->self, &slot, &spool,
                                          &change, &err) != SPD_OK)
            return call_fail(call, &err);
    }
    if (rc != SPD_OK)
        return rc;
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    write_slot(&slot, w);
    write_reason(call, &slot, of.count, w);
    jsonw_end(w);
    return SPD_OK;
}

static spd_err auto_assign(struct call *call, spd_txn *txn)
{
    struct assign assign;
    struct slots slots = { .arena = &call->arena };
    spd_jsonw *w = call_reply(call);
    fields_init(&assign_fields, &assign);
    call_patch(call, &assign);
    if (assign.printer_id != 0 &&
        !record_exists(txn, &printer_kind, assign.printer_id))
        return call_refuse(call, REFUSE_CONTENT, "there is no printer %lld",
                           (long long)assign.printer_id);
    slots.printer_id = assign.printer_id;
    slots.ids = arena_new(&call->arena, record_count(txn, &material_kind) *
                                            sizeof(*slots.ids));
    record_each(txn, &material_kind, &(struct span){ 0 }, note_slot, &slots);
    jsonw_begin(w, NULL, SPD_JSON_ARRAY);
    spd_err rc = SPD_OK;
    for (size_t i = 0; i < slots.count && rc == SPD_OK; i++)
        rc = assign_slot(call, txn, slots.ids[i], w);
    jsonw_end(w);
    return rc;
}

static const struct op assign_ops[] = {
    { .name = "spools.auto_assign",
      .route = "POST /api/spools/auto-assign",
      .doc = "Say which spool of the shelf is in each slot that holds one of "
             "the same type and colour, where only one can be meant; the reply "
             "names each slot, and why where it was left",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .body = &assign_fields,
      .run = auto_assign },
};

spd_err spool_add_assign_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, assign_ops, SPD_COUNT(assign_ops), shop, err);
}
