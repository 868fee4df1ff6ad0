#include "shop/material.h"

#include <math.h>

#include "base/error.h"
#include "shop/printer.h"
#include "shop/printer_state.h"

static const struct field material_rows[] = {
    FIELD(material, id, FIELD_ID, "the loaded material's id",
          .flags = FIELD_READONLY),
    FIELD(material, user_id, FIELD_ID, "who entered it",
          .flags = FIELD_READONLY),
    FIELD(material, printer_id, FIELD_ID, "in which printer",
          .flags = FIELD_READONLY),
    FIELD(material, slot, FIELD_INT, "in which slot of it",
          .flags = FIELD_REQUIRED, .min = 0, .max = 65535),
    FIELD(material, material_type, FIELD_TEXT, "PLA, PETG, ...",
          .flags = FIELD_REQUIRED, .min = 1, .max = 40, .example = "\"PLA\""),
    FIELD(material, color, FIELD_TEXT, "#RRGGBB", .flags = FIELD_NULL, .max = 9,
          .example = "\"#FFFFFF\""),
    FIELD(material, weight_grams, FIELD_REAL, "net grams of the full spool",
          .flags = FIELD_NULL, .max = 100000),
    FIELD(material, remaining_pct, FIELD_REAL, "percent of it that is left",
          .flags = FIELD_NULL, .max = 100),
    FIELD(material, remaining_grams, FIELD_REAL, "grams that are left",
          .flags = FIELD_NULL, .max = 100000),
    FIELD(material, vendor, FIELD_TEXT, "who made it", .flags = FIELD_NULL),
    FIELD(material, cost_per_kg, FIELD_REAL, "in the shop's currency",
          .flags = FIELD_NULL, .max = 1000000),
    FIELD(material, spool_id, FIELD_ID, "the spool of the shelf",
          .flags = FIELD_NULL),
    FIELD(material, tray_uuid, FIELD_TEXT, "the spool's own number, as read",
          .flags = FIELD_NULL | FIELD_READONLY),
    FIELD(material, loaded_at, FIELD_TIME, "since when it is in",
          .flags = FIELD_NULL | FIELD_READONLY),
    FIELD(material, last_synced, FIELD_TIME, "when the printer last named it",
          .flags = FIELD_NULL | FIELD_READONLY),
    FIELD(material, created_at, FIELD_TIME, "when the slot was first known",
          .flags = FIELD_READONLY),
    FIELD(material, updated_at, FIELD_TIME, "when anything here last changed",
          .flags = FIELD_READONLY),
    FIELD(material, loaded, FIELD_BOOL, "is there filament in it?",
          .flags = FIELD_INTERNAL, .fallback = "true"),
    FIELD(material, reported, FIELD_TEXT, "what the printer last said of it",
          .flags = FIELD_INTERNAL),
};
static const struct fields material_fields =
    TABLE("material", material, material_rows);

static void slot_key(struct key *key, int64_t printer_id, int64_t slot)
{
    key_put_int(key, printer_id);
    key_put_int(key, slot);
}

static bool by_slot(const void *record, struct key *key)
{
    const struct material *material = record;
    slot_key(key, material->printer_id, material->slot);
    return true;
}

static const struct index material_indexes[] = {
    { .name = "slot", .key = by_slot, .flags = INDEX_UNIQUE },
};

const struct kind material_kind = {
    .name = "material",
    .plural = "materials",
    .fields = &material_fields,
    .indexes = material_indexes,
    .index_count = 1,
};

struct span material_span(int64_t printer_id, struct key *prefix)
{
    *prefix = (struct key){ 0 };
    key_put_int(prefix, printer_id);
    return (struct span){ .index = &material_indexes[0], .prefix = prefix };
}

bool material_at(spd_txn *txn, int64_t printer_id, int64_t slot,
                 struct material *material, struct arena *arena)
{
    struct key key = { 0 };
    slot_key(&key, printer_id, slot);
    int64_t id = record_find(txn, &material_kind, &material_indexes[0], &key);
    return id != 0 &&
           record_get(txn, &material_kind, id, material, arena, NULL) == SPD_OK;
}

/* -- in step with the printer -- */

/* The printer's word on what is in a slot.  It is held against its word
 * before, not against the record, where people may know better. */
static spd_str word_of(const struct slot *slot, struct arena *arena)
{
    if (!slot->loaded)
        return STR("nothing");
    return arena_printf(arena, "%.*s %.*s %.*s", STR_ARG(slot->material_type),
                        STR_ARG(slot->color), STR_ARG(slot->tray_uuid));
}

/* What people entered belongs to the spool that was; a new one starts anew. */
static void load_spool(struct material *material, const struct slot *slot,
                       int64_t now_ms)
{
    bool is_same_make =
        str_equal(material->material_type, slot->material_type) &&
        str_equal(material->color, slot->color) &&
        str_equal(material->tray_uuid, slot->tray_uuid);
    material->loaded = slot->loaded;
    material->loaded_at = slot->loaded ? now_ms : 0;
    if (is_same_make)
        return;
    material->material_type = slot->material_type;
    material->color = slot->color;
    material->tray_uuid = slot->tray_uuid;
    material->vendor = slot->vendor;
    material->weight_grams = NAN;
    material->remaining_grams = NAN;
    material->remaining_pct = NAN;
    material->cost_per_kg = NAN;
    material->spool_id = 0;
}

/* True when something changed that is worth writing. */
static bool lay_over(struct material *material, const struct slot *slot,
                     spd_str word, int64_t now_ms)
{
    bool changed = !str_equal(material->reported, word);
    if (changed)
        load_spool(material, slot, now_ms);
    material->reported = word;
    if (!isnan(slot->weight_grams) && isnan(material->weight_grams)) {
        material->weight_grams = slot->weight_grams;
        changed = true;
    }
    /* The printer's percent is coarse: once we count grams, ours count. */
    if (!isnan(slot->remaining_pct) && isnan(material->remaining_grams) &&
        slot->remaining_pct != material->remaining_pct) {
        material->remaining_pct = slot->remaining_pct;
        changed = true;
    }
    bool can_weigh =
        !isnan(material->weight_grams) && !isnan(material->remaining_pct);
    if (can_weigh && isnan(material->remaining_grams)) {
        material->remaining_grams =
            material->weight_grams * material->remaining_pct / 100;
        changed = true;
    }
    return changed;
}

static spd_err sync_slot(spd_txn *txn, struct shop *shop, int64_t printer_id,
                         const struct slot *slot, struct arena *arena,
                         struct spd_error *err)
{
    struct material material;
    int64_t now_ms = shop_now_ms(shop);
    bool is_known = material_at(txn, printer_id, slot->slot, &material, arena);
    if (!slot->loaded && (!is_known || material.reported.len == 0))
        return SPD_OK; /* it never said otherwise; a person may have */
    if (!is_known) {
        fields_init(&material_fields, &material);
        material.printer_id = printer_id;
        material.slot = slot->slot;
        material.created_at = now_ms;
    }
    if (!lay_over(&material, slot, word_of(slot, arena), now_ms))
        return SPD_OK;
    material.last_synced = material.updated_at = now_ms;
    struct change change = { is_known ? "material.changed" : "material.found",
                             STR("spoold") };
    return record_put(txn, &material_kind, &material, &change, err);
}

spd_err material_sync(spd_txn *txn, struct shop *shop, int64_t printer_id,
                      const struct list *slots, struct spd_error *err)
{
    struct arena arena = { 0 };
    const struct slot *slot = slots->items;
    spd_err rc = SPD_OK;
    for (size_t i = 0; i < slots->count && rc == SPD_OK; i++)
        rc = sync_slot(txn, shop, printer_id, &slot[i], &arena, err);
    arena_fini(&arena);
    return rc;
}

spd_err material_use(spd_txn *txn, struct shop *shop, int64_t printer_id,
                     int64_t slot, double grams, struct spd_error *err)
{
    struct arena arena = { 0 };
    struct material material;
    spd_err rc = SPD_OK;
    if (material_at(txn, printer_id, slot, &material, &arena) &&
        !isnan(material.remaining_grams)) {
        material.remaining_grams =
            fmax(0, round((material.remaining_grams - grams) * 1000) / 1000);
        if (!isnan(material.weight_grams) && material.weight_grams > 0)
            material.remaining_pct =
                100 * material.remaining_grams / material.weight_grams;
        material.updated_at = shop_now_ms(shop);
        struct change change = { "material.used", STR("spoold") };
        rc = record_put(txn, &material_kind, &material, &change, err);
    }
    arena_fini(&arena);
    return rc;
}

/* -- operations -- */

struct of_printer {
    int64_t printer_id;
};
static const struct field of_printer_rows[] = {
    FIELD(of_printer, printer_id, FIELD_ID, "which printer",
          .flags = FIELD_REQUIRED),
};
static const struct fields of_printer_fields =
    TABLE("of_printer", of_printer, of_printer_rows);

struct which_material {
    int64_t material_id;
};
static const struct field which_material_rows[] = {
    FIELD(which_material, material_id, FIELD_ID, "which loaded material",
          .flags = FIELD_REQUIRED),
};
static const struct fields which_material_fields =
    TABLE("which_material", which_material, which_material_rows);

static spd_err need_printer(struct call *call, spd_txn *txn, int64_t id)
{
    if (record_exists(txn, &printer_kind, id))
        return SPD_OK;
    return call_refuse(call, REFUSE_NOT_FOUND, "there is no printer %lld",
                       (long long)id);
}

static spd_err list_materials(struct call *call, spd_txn *txn)
{
    const struct of_printer *param = call->params;
    spd_err rc = need_printer(call, txn, param->printer_id);
    if (rc != SPD_OK)
        return rc;
    struct key prefix;
    struct page page = { .limit = 1000 };
    call_reply_list(call, txn, &material_kind,
                    material_span(param->printer_id, &prefix), &page);
    return SPD_OK;
}

/* Grams and percent say the same in two ways; what is missing is worked out.
 */
static void complete(struct material *material)
{
    bool has_weight = material->weight_grams > 0;
    if (isnan(material->remaining_grams) && has_weight &&
        !isnan(material->remaining_pct))
        material->remaining_grams =
            material->weight_grams * material->remaining_pct / 100;
    if (isnan(material->remaining_pct) && has_weight &&
        !isnan(material->remaining_grams))
        material->remaining_pct =
            fmin(100, 100 * material->remaining_grams / material->weight_grams);
}

static spd_err put_material(struct call *call, spd_txn *txn,
                            struct material *material, const char *topic)
{
    struct spd_error err;
    material->updated_at = shop_now_ms(call->self);
    struct change change = call_change(call, topic);
    if (record_put(txn, &material_kind, material, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    return call_reply_record(call, txn, &material_kind, material->id);
}

/* A slot holds one material: stating it again replaces what was stated. */
static spd_err create_material(struct call *call, spd_txn *txn)
{
    const struct of_printer *param = call->params;
    struct material material = *(struct material *)call->body, before;
    spd_err rc = need_printer(call, txn, param->printer_id);
    if (rc != SPD_OK)
        return rc;
    int64_t now_ms = shop_now_ms(call->self);
    material.created_at = now_ms;
    if (material_at(txn, param->printer_id, material.slot, &before,
                    &call->arena)) {
        material.id = before.id;
        material.created_at = before.created_at;
        material.tray_uuid = before.tray_uuid;
        material.reported = before.reported;
    }
    material.printer_id = param->printer_id;
    material.user_id = call->actor->person_id;
    material.loaded = true;
    material.loaded_at = now_ms;
    complete(&material);
    return put_material(call, txn, &material, "material.loaded");
}

static bool body_has(const struct call *call, const char *member)
{
    return json_member(call->body_json, member) != NULL;
}

static spd_err update_material(struct call *call, spd_txn *txn)
{
    const struct which_material *param = call->params;
    struct material material;
    spd_err got =
        call_get(call, txn, &material_kind, param->material_id, &material);
    if (got != SPD_OK)
        return got;
    /* Of grams and percent the one that is given counts. */
    if (body_has(call, "remaining_grams"))
        material.remaining_pct = NAN;
    if (body_has(call, "remaining_pct"))
        material.remaining_grams = NAN;
    call_patch(call, &material);
    complete(&material);
    return put_material(call, txn, &material, "material.updated");
}

static const struct op material_ops[] = {
    { .name = "materials.list",
      .route = "GET /api/bambu/materials/{printer_id}",
      .doc = "What is loaded in the slots of a printer",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &of_printer_fields,
      .reply = &material_fields,
      .run = list_materials },
    { .name = "materials.create",
      .route = "POST /api/bambu/materials/{printer_id}",
      .doc = "Say what is loaded in a slot; what was there before is replaced",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE | OP_CREATE,
      .params = &of_printer_fields,
      .body = &material_fields,
      .reply = &material_fields,
      .run = create_material },
    { .name = "materials.update",
      .route = "PUT /api/bambu/materials/{material_id}",
      .doc = "Change what is given of a loaded material",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &which_material_fields,
      .body = &material_fields,
      .reply = &material_fields,
      .run = update_material },
};

spd_err material_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, material_ops, SPD_COUNT(material_ops), shop, err);
}
