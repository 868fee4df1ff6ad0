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

static bool by_spool(const void *record, struct key *key)
{
    const struct material *material = record;
    key_put_int(key, material->spool_id);
    return material->spool_id != 0;
}

enum { BY_SLOT, BY_SPOOL };
static const struct index material_indexes[] = {
    [BY_SLOT] = { .name = "slot", .key = by_slot, .flags = INDEX_UNIQUE },
    [BY_SPOOL] = { .name = "spool", .key = by_spool, .flags = INDEX_UNIQUE },
};

const struct kind material_kind = {
    .name = "material",
    .plural = "materials",
    .fields = &material_fields,
    .indexes = material_indexes,
    .index_count = SPD_COUNT(material_indexes),
};

struct span material_span(int64_t printer_id, struct key *prefix)
{
    *prefix = (struct key){ 0 };
    key_put_int(prefix, printer_id);
    return (struct span){ .index = &material_indexes[BY_SLOT],
                          .prefix = prefix };
}

bool material_at(spd_txn *txn, int64_t printer_id, int64_t slot,
                 struct material *material, struct arena *arena)
{
    struct key key = { 0 };
    slot_key(&key, printer_id, slot);
    int64_t id =
        record_find(txn, &material_kind, &material_indexes[BY_SLOT], &key);
    return id != 0 &&
           record_get(txn, &material_kind, id, material, arena, NULL) == SPD_OK;
}

bool material_of_spool(spd_txn *txn, int64_t spool_id,
                       struct material *material, struct arena *arena)
{
    struct key key = { 0 };
    key_put_int(&key, spool_id);
    int64_t id =
        record_find(txn, &material_kind, &material_indexes[BY_SPOOL], &key);
    return id != 0 &&
           record_get(txn, &material_kind, id, material, arena, NULL) == SPD_OK;
}

/* -- in step with the shelf -- */

static void lay_spool(struct material *material, const struct spool *spool)
{
    material->spool_id = spool->id;
    material->weight_grams = spool->net_grams;
    material->remaining_grams = spool->remaining_grams;
    material->remaining_pct =
        fmin(100, 100 * spool->remaining_grams / spool->net_grams);
    if (isnan(spool->remaining_grams))
        material->remaining_pct = NAN;
    if (!isnan(spool->cost))
        material->cost_per_kg = spool_cost(spool, 1000);
    if (spool->vendor.len > 0)
        material->vendor = spool->vendor;
}

static bool same_text(const struct material *a, const struct material *b)
{
    struct buf left = { 0 }, right = { 0 };
    fields_pack(&material_fields, a, &left);
    fields_pack(&material_fields, b, &right);
    bool same = str_equal(buf_str(&left), buf_str(&right));
    buf_fini(&left);
    buf_fini(&right);
    return same;
}

/* -- nearly empty -- */

/* A tenth of the spool, or what a small print takes. */
static double low_grams(const struct material *material)
{
    static const double usual = 100;
    return material->weight_grams > 0 ? material->weight_grams / 10 : usual;
}

/* Write it, and say so when with this it has become nearly empty. */
static spd_err put_less(spd_txn *txn, struct material *material,
                        double before_grams, const char *topic,
                        struct spd_error *err)
{
    double low = low_grams(material);
    struct change change = { topic, STR("spoold") };
    struct arena arena = { 0 };
    spd_str text;
    spd_err rc = record_put(txn, &material_kind, material, &change, err);
    if (rc == SPD_OK && before_grams >= low &&
        material->remaining_grams < low) {
        change.topic = "material.low";
        rc = record_text(txn, &material_kind, material->id, &text, err);
        if (rc == SPD_OK)
            rc = journal_append(txn, &change, arena_str(&arena, text), NULL,
                                err);
    }
    arena_fini(&arena);
    return rc;
}

spd_err material_follow(spd_txn *txn, struct shop *shop,
                        const struct spool *spool, struct spd_error *err)
{
    struct arena arena = { 0 };
    struct material material;
    spd_err rc = SPD_OK;
    if (material_of_spool(txn, spool->id, &material, &arena)) {
        struct material before = material;
        lay_spool(&material, spool);
        if (!same_text(&before, &material)) {
            material.updated_at = shop_now_ms(shop);
            rc = put_less(txn, &material, before.remaining_grams,
                          "material.updated", err);
        }
    }
    arena_fini(&arena);
    return rc;
}

spd_err material_load(spd_txn *txn, struct shop *shop,
                      struct material *material, const struct spool *spool,
                      const struct change *change, struct spd_error *err)
{
    lay_spool(material, spool);
    material->updated_at = shop_now_ms(shop);
    return record_put(txn, &material_kind, material, change, err);
}

/* A spool is in one slot: seen in another, it has left this one. */
static spd_err leave_slot(spd_txn *txn, struct shop *shop, int64_t spool_id,
                          int64_t but_id, struct arena *arena,
                          struct spd_error *err)
{
    struct material material;
    struct change change = { "material.changed", STR("spoold") };
    if (!material_of_spool(txn, spool_id, &material, arena) ||
        material.id == but_id)
        return SPD_OK;
    material.spool_id = 0;
    material.updated_at = shop_now_ms(shop);
    return record_put(txn, &material_kind, &material, &change, err);
}

/* A tagged spool that the shelf has not seen yet comes to it. */
static spd_err find_tagged(spd_txn *txn, struct shop *shop,
                           const struct material *material, struct spool *spool,
                           struct arena *arena, struct spd_error *err)
{
    if (spool_of_tray(txn, material->tray_uuid, spool, arena))
        return SPD_OK;
    struct change change = { "spool.found", STR("spoold") };
    spool_init(spool);
    spool->material = material->material_type;
    spool->color = material->color;
    spool->vendor = material->vendor;
    spool->tray_uuid = material->tray_uuid;
    if (material->weight_grams > 0)
        spool->net_grams = material->weight_grams;
    spool->created_at = shop_now_ms(shop);
    return spool_put(txn, shop, spool, &change, err);
}

/* Tie a tagged spool to the shelf; once the shelf counts its grams, they
 * count here, else the printer's are the first it hears. */
static spd_err tie_tagged(spd_txn *txn, struct shop *shop,
                          struct material *material, struct arena *arena,
                          struct spd_error *err)
{
    struct spool spool;
    struct change change = { "spool.changed", STR("spoold") };
    if (!material->loaded || material->tray_uuid.len == 0)
        return SPD_OK;
    spd_err rc = find_tagged(txn, shop, material, &spool, arena, err);
    if (rc == SPD_OK)
        rc = leave_slot(txn, shop, spool.id, material->id, arena, err);
    if (rc == SPD_OK && isnan(spool.remaining_grams) &&
        !isnan(material->remaining_grams))
        rc = spool_state(txn, shop, &spool, material->remaining_grams,
                         USED_BY_CORRECTION, &change, err);
    if (rc == SPD_OK)
        lay_spool(material, &spool);
    return rc;
}

/* -- in step with the printer -- */

enum { GONE_MAX = 64 };

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
    spd_str said = is_known ? material.reported : (spd_str){ NULL, 0 };
    if (!lay_over(&material, slot, word_of(slot, arena), now_ms))
        return SPD_OK;
    material.last_synced = material.updated_at = now_ms;
    spd_err rc = tie_tagged(txn, shop, &material, arena, err);
    if (rc != SPD_OK)
        return rc;
    /* Other filament, or only news of what is in it? */
    bool is_other = said.len > 0 && !str_equal(said, material.reported);
    struct change change = { !is_known  ? "material.found"
                             : is_other ? "material.changed"
                                        : "material.updated",
                             STR("spoold") };
    return record_put(txn, &material_kind, &material, &change, err);
}

/* Slots that the printer spoke of once and lists no more. */
struct gone {
    const struct list *listed;
    struct slot slots[GONE_MAX];
    size_t count;
    struct arena *arena; /* of their texts */
};

static bool is_listed(const struct list *slots, int64_t number)
{
    const struct slot *slot = slots->items;
    for (size_t i = 0; i < slots->count; i++)
        if (slot[i].slot == number)
            return true;
    return false;
}

/* Empty now, and should the unit come back, known by what was in it. */
static void note_gone(struct gone *gone, const struct material *material)
{
    struct slot *slot = &gone->slots[gone->count++];
    fields_init(&slot_fields, slot);
    slot->slot = material->slot;
    slot->material_type = arena_str(gone->arena, material->material_type);
    slot->color = arena_str(gone->arena, material->color);
    slot->tray_uuid = arena_str(gone->arena, material->tray_uuid);
}

static bool find_gone(void *arg, const void *record)
{
    struct gone *gone = arg;
    const struct material *material = record;
    if (material->loaded && material->reported.len > 0 &&
        !is_listed(gone->listed, material->slot))
        note_gone(gone, material);
    return gone->count < GONE_MAX;
}

/* A unit was taken off, and what was in it went along. */
static spd_err sync_gone(spd_txn *txn, struct shop *shop, int64_t printer_id,
                         const struct list *slots, struct arena *arena,
                         struct spd_error *err)
{
    struct key prefix;
    struct gone gone = { .listed = slots, .arena = arena };
    struct span span = material_span(printer_id, &prefix);
    spd_err rc = SPD_OK;
    if (slots->count > 0) /* else it has not listed them yet */
        record_each(txn, &material_kind, &span, find_gone, &gone);
    for (size_t i = 0; i < gone.count && rc == SPD_OK; i++)
        rc = sync_slot(txn, shop, printer_id, &gone.slots[i], arena, err);
    return rc;
}

spd_err material_sync(spd_txn *txn, struct shop *shop, int64_t printer_id,
                      const struct list *slots, struct spd_error *err)
{
    struct arena arena = { 0 };
    const struct slot *slot = slots->items;
    spd_err rc = SPD_OK;
    for (size_t i = 0; i < slots->count && rc == SPD_OK; i++)
        rc = sync_slot(txn, shop, printer_id, &slot[i], &arena, err);
    if (rc == SPD_OK)
        rc = sync_gone(txn, shop, printer_id, slots, &arena, err);
    arena_fini(&arena);
    return rc;
}

static spd_err take_grams(spd_txn *txn, struct shop *shop,
                          struct material *material, double grams,
                          struct spd_error *err)
{
    double before_grams = material->remaining_grams;
    if (isnan(before_grams))
        return SPD_OK;
    material->remaining_grams =
        fmax(0, round((material->remaining_grams - grams) * 1000) / 1000);
    if (material->weight_grams > 0)
        material->remaining_pct =
            100 * material->remaining_grams / material->weight_grams;
    material->updated_at = shop_now_ms(shop);
    return put_less(txn, material, before_grams, "material.used", err);
}

spd_err material_use(spd_txn *txn, struct shop *shop, int64_t printer_id,
                     int64_t slot, struct spool_use *use, struct spd_error *err)
{
    struct arena arena = { 0 };
    struct material material;
    struct spool spool;
    spd_err rc = SPD_OK;
    use->cost = NAN;
    if (material_at(txn, printer_id, slot, &material, &arena)) {
        if (material.spool_id != 0 &&
            record_get(txn, &spool_kind, material.spool_id, &spool, &arena,
                       NULL) == SPD_OK)
            rc = spool_take(txn, shop, &spool, use, err);
        else
            rc = take_grams(txn, shop, &material, use->grams, err);
        if (isnan(use->cost))
            use->cost = material.cost_per_kg * use->grams / 1000;
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

static bool body_has(const struct call *call, const char *member)
{
    return json_member(call->body_json, member) != NULL;
}

static bool states_grams(const struct call *call,
                         const struct material *material)
{
    return !isnan(material->remaining_grams) &&
           (body_has(call, "remaining_grams") ||
            body_has(call, "remaining_pct"));
}

/* What a person says of the spool in the slot is said of the spool. */
static spd_err put_with_spool(struct call *call, spd_txn *txn,
                              struct material *material, struct spool *spool,
                              const struct change *change,
                              struct spd_error *err)
{
    struct shop *shop = call->self;
    double stated = material->remaining_grams;
    spd_err rc =
        leave_slot(txn, shop, spool->id, material->id, &call->arena, err);
    bool is_stated = states_grams(call, material);
    lay_spool(material, spool);
    if (rc == SPD_OK)
        rc = record_put(txn, &material_kind, material, change, err);
    if (rc == SPD_OK && is_stated)
        rc = spool_state(txn, shop, spool, stated, USED_BY_CORRECTION, change,
                         err);
    return rc;
}

static spd_err put_material(struct call *call, spd_txn *txn,
                            struct material *material, const char *topic)
{
    struct spd_error err;
    struct spool spool;
    material->updated_at = shop_now_ms(call->self);
    struct change change = call_change(call, topic);
    bool is_of_shelf = material->spool_id != 0;
    spd_err rc = SPD_OK;
    if (is_of_shelf)
        rc = call_get(call, txn, &spool_kind, material->spool_id, &spool);
    if (rc != SPD_OK)
        return rc;
    rc = is_of_shelf
             ? put_with_spool(call, txn, material, &spool, &change, &err)
             : record_put(txn, &material_kind, material, &change, &err);
    if (rc != SPD_OK)
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
