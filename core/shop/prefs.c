#include "shop/prefs.h"

#include "shop/channel.h"
#include "shop/printer.h"

static const struct field prefs_rows[] = {
    FIELD(prefs, id, FIELD_ID, "the preferences' id", .flags = FIELD_READONLY),
    FIELD(prefs, user_id, FIELD_ID, "who set them last",
          .flags = FIELD_READONLY),
    FIELD(prefs, printer_id, FIELD_ID, "of which printer",
          .flags = FIELD_READONLY),
    FIELD(prefs, notify_print_start, FIELD_BOOL, "tell when a print begins",
          .fallback = "true"),
    FIELD(prefs, notify_print_complete, FIELD_BOOL, "tell when one is done",
          .fallback = "true"),
    FIELD(prefs, notify_print_failed, FIELD_BOOL,
          "tell when one fails or stands still, or the printer is gone",
          .fallback = "true"),
    FIELD(prefs, notify_material_change, FIELD_BOOL,
          "tell when filament is changed or runs low", .fallback = "false"),
    FIELD(prefs, notify_maintenance, FIELD_BOOL, "tell when maintenance is due",
          .fallback = "true"),
    FIELD(prefs, email_enabled, FIELD_BOOL,
          "may it be told by e-mail? Where to is the channel's",
          .fallback = "true"),
    FIELD(prefs, webhook_url, FIELD_TEXT,
          "post it here as well, in the form of a channel of the kind webhook",
          .flags = FIELD_NULL, .max = 2000,
          .example = "\"https://example.org/hook\""),
    FIELD(prefs, created_at, FIELD_TIME, "when they were first asked for",
          .flags = FIELD_READONLY),
    FIELD(prefs, updated_at, FIELD_TIME, "when they last changed",
          .flags = FIELD_READONLY),
    FIELD(prefs, channel_id, FIELD_ID, "the channel of the webhook_url",
          .flags = FIELD_INTERNAL),
};
static const struct fields prefs_fields = TABLE("prefs", prefs, prefs_rows);

static bool by_printer(const void *record, struct key *key)
{
    key_put_int(key, ((const struct prefs *)record)->printer_id);
    return true;
}

static const struct index prefs_indexes[] = {
    { .name = "printer", .key = by_printer, .flags = INDEX_UNIQUE },
};

const struct kind prefs_kind = {
    .name = "prefs",
    .plural = "prefs",
    .fields = &prefs_fields,
    .indexes = prefs_indexes,
    .index_count = SPD_COUNT(prefs_indexes),
};

static bool find_prefs(spd_txn *txn, int64_t printer_id, struct prefs *prefs,
                       struct arena *arena)
{
    struct key key = { 0 };
    key_put_int(&key, printer_id);
    int64_t id = record_find(txn, &prefs_kind, &prefs_indexes[0], &key);
    return id != 0 &&
           record_get(txn, &prefs_kind, id, prefs, arena, NULL) == SPD_OK;
}

void prefs_of_printer(spd_txn *txn, int64_t printer_id, struct prefs *prefs,
                      struct arena *arena)
{
    if (find_prefs(txn, printer_id, prefs, arena))
        return;
    fields_init(&prefs_fields, prefs);
    prefs->printer_id = printer_id;
}

bool prefs_allow(const struct prefs *prefs, enum notify_switch by)
{
    switch (by) {
    case NOTIFY_ALWAYS:
        return true;
    case NOTIFY_ASKED:
        return false;
    case NOTIFY_START:
        return prefs->notify_print_start;
    case NOTIFY_COMPLETE:
        return prefs->notify_print_complete;
    case NOTIFY_FAILED:
        return prefs->notify_print_failed;
    case NOTIFY_MATERIAL:
        return prefs->notify_material_change;
    case NOTIFY_MAINTENANCE:
        return prefs->notify_maintenance;
    }
    return false;
}

spd_err prefs_drop(spd_txn *txn, int64_t printer_id, struct spd_error *err)
{
    struct arena arena = { 0 };
    struct prefs prefs;
    struct change change = { "channel.deleted", STR("spoold") };
    spd_err rc = SPD_OK;
    if (find_prefs(txn, printer_id, &prefs, &arena)) {
        if (record_exists(txn, &channel_kind, prefs.channel_id))
            rc = record_del(txn, &channel_kind, prefs.channel_id, &change, err);
        change.topic = "prefs.deleted";
        if (rc == SPD_OK)
            rc = record_del(txn, &prefs_kind, prefs.id, &change, err);
    }
    arena_fini(&arena);
    return rc;
}

/* -- operations -- */

struct prefs_param {
    int64_t printer_id;
};
static const struct field param_rows[] = {
    FIELD(prefs_param, printer_id, FIELD_ID, "which printer",
          .flags = FIELD_REQUIRED),
};
static const struct fields param_fields =
    TABLE("of_printer", prefs_param, param_rows);

static spd_err read_prefs(struct call *call, spd_txn *txn, struct prefs *prefs)
{
    const struct prefs_param *param = call->params;
    if (!record_exists(txn, &printer_kind, param->printer_id))
        return call_refuse(call, REFUSE_NOT_FOUND, "there is no printer %lld",
                           (long long)param->printer_id);
    prefs_of_printer(txn, param->printer_id, prefs, &call->arena);
    return SPD_OK;
}

static spd_err put_prefs(struct call *call, spd_txn *txn, struct prefs *prefs)
{
    struct spd_error err;
    bool is_new = prefs->id == 0;
    prefs->updated_at = shop_now_ms(call->self);
    if (is_new)
        prefs->created_at = prefs->updated_at;
    prefs->user_id = call->actor->person_id;
    struct change change =
        call_change(call, is_new ? "prefs.created" : "prefs.updated");
    if (record_put(txn, &prefs_kind, prefs, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    return call_reply_record(call, txn, &prefs_kind, prefs->id);
}

/* The first look makes them. */
static spd_err get_prefs(struct call *call, spd_txn *txn)
{
    struct prefs prefs;
    spd_err rc = read_prefs(call, txn, &prefs);
    if (rc != SPD_OK)
        return rc;
    if (prefs.id == 0)
        return put_prefs(call, txn, &prefs);
    return call_reply_record(call, txn, &prefs_kind, prefs.id);
}

static spd_err update_prefs(struct call *call, spd_txn *txn)
{
    struct prefs prefs;
    spd_err rc = read_prefs(call, txn, &prefs);
    if (rc != SPD_OK)
        return rc;
    spd_str url = prefs.webhook_url;
    call_patch(call, &prefs);
    if (!str_equal(url, prefs.webhook_url))
        rc = channel_of_printer(call, txn, prefs.printer_id, prefs.webhook_url,
                                &prefs.channel_id);
    return rc == SPD_OK ? put_prefs(call, txn, &prefs) : rc;
}

static const struct op prefs_ops[] = {
    { .name = "notifications.get",
      .route = "GET /api/bambu/notifications/{printer_id}",
      .doc = "What people want to hear of a printer",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &param_fields,
      .reply = &prefs_fields,
      .run = get_prefs },
    { .name = "notifications.update",
      .route = "PUT /api/bambu/notifications/{printer_id}",
      .doc = "Change what is given of what people want to hear",
      .role = SPD_MANAGER,
      .flags = OP_WRITE,
      .params = &param_fields,
      .body = &prefs_fields,
      .reply = &prefs_fields,
      .run = update_prefs },
};

spd_err prefs_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, prefs_ops, SPD_COUNT(prefs_ops), shop, err);
}
