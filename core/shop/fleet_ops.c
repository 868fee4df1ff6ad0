/* The operations on printers as they are now: look, pause, resume, stop. */
#include <stdlib.h>

#include "base/error.h"
#include "shop/attempt.h"
#include "shop/fleet_internal.h"

/* -- looking -- */

/* Beyond this age what a printer said is shown as stale. */
enum { STALE_MS = 30 * 1000 };

static void write_age(struct shop *shop, const struct live *live, spd_jsonw *w)
{
    int64_t age_ms = loop_now_ms(shop->loop) - live->reported_ms;
    bool is_known = live->reported_ms != 0;
    if (is_known)
        jsonw_put_real(w, "age_seconds", (double)age_ms / 1000);
    else
        jsonw_put_null(w, "age_seconds");
    jsonw_put_bool(w, "stale",
                   !is_known || age_ms > STALE_MS ||
                       live->box.state.connection != CONNECTION_CONNECTED);
}

/* A print of somebody else's that the printer is at; null: none. */
static void write_foreign(struct call *call, spd_txn *txn, int64_t printer_id,
                          spd_jsonw *w)
{
    struct attempt attempt;
    spd_str text = STR("null");
    if (attempt_foreign_of_printer(txn, printer_id, &attempt, &call->arena))
        record_text(txn, &attempt_kind, attempt.id, &text, NULL);
    jsonw_put_raw(w, "foreign", text);
}

static spd_err show_status(struct call *call, spd_txn *txn)
{
    struct shop *shop = call->self;
    const struct id_param *which = call->params;
    struct printer printer;
    spd_err got = call_get(call, txn, &printer_kind, which->id, &printer);
    if (got != SPD_OK)
        return got;
    const struct live *live = fleet_find(shop->fleet, which->id);
    spd_jsonw *w = call_reply(call);
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    jsonw_put_int(w, "id", printer.id);
    jsonw_put_str(w, "name", printer.name);
    jsonw_put_str(w, "model", printer.model);
    jsonw_put_str(w, "status", str_of(printer_status_names[printer.status]));
    jsonw_put_bool(w, "plate_clear", printer.plate_clear);
    write_foreign(call, txn, printer.id, w);
    if (live != NULL) {
        write_age(shop, live, w);
        jsonw_put_int(w, "uploaded_bytes", live->uploaded_bytes);
        fields_write(&printer_state_fields, &live->box.state, w);
    }
    jsonw_end(w);
    return SPD_OK;
}

/* -- telling it something -- */

struct command_param {
    int64_t id;
    bool on;
    int64_t level;
};

static const struct field light_rows[] = {
    FIELD(command_param, id, FIELD_ID, "which printer",
          .flags = FIELD_REQUIRED),
    FIELD(command_param, on, FIELD_BOOL, "on or off", .flags = FIELD_REQUIRED),
};
static const struct fields light_fields =
    TABLE("light", command_param, light_rows);

static const struct field speed_rows[] = {
    FIELD(command_param, id, FIELD_ID, "which printer",
          .flags = FIELD_REQUIRED),
    FIELD(command_param, level, FIELD_INT, "1 silent to 4 ludicrous",
          .flags = FIELD_REQUIRED, .min = 1, .max = 4),
};
static const struct fields speed_fields =
    TABLE("speed", command_param, speed_rows);

/* What further commands say of themselves: members of the body, which go to
 * the driver as they are. */
struct filament_order {
    int64_t slot;
    spd_str material_type, color;
    double nozzle_celsius_least, nozzle_celsius_most;
};
static const struct field filament_rows[] = {
    FIELD(filament_order, slot, FIELD_INT, "which slot",
          .flags = FIELD_REQUIRED, .min = 0, .max = 65535),
    FIELD(filament_order, material_type, FIELD_TEXT, "PLA, PETG, ...",
          .flags = FIELD_REQUIRED, .min = 1, .max = 15, .example = "\"PLA\""),
    FIELD(filament_order, color, FIELD_TEXT, "#RRGGBB", .flags = FIELD_REQUIRED,
          .min = 7, .max = 7, .example = "\"#FFFFFF\""),
    FIELD(filament_order, nozzle_celsius_least, FIELD_REAL,
          "it is printed from; null: as usual for it", .flags = FIELD_NULL,
          .min = 100, .max = 500),
    FIELD(filament_order, nozzle_celsius_most, FIELD_REAL,
          "it is printed to; null: as usual for it", .flags = FIELD_NULL,
          .min = 100, .max = 500),
};
static const struct fields filament_fields =
    TABLE("filament_order", filament_order, filament_rows);

struct load_order {
    int64_t slot;
};
static const struct field load_rows[] = {
    FIELD(load_order, slot, FIELD_INT, "from which slot",
          .flags = FIELD_REQUIRED, .min = 0, .max = 65535),
};
static const struct fields load_fields =
    TABLE("load_order", load_order, load_rows);

struct dry_order {
    int64_t unit, celsius, hours;
};
static const struct field dry_rows[] = {
    FIELD(dry_order, unit, FIELD_INT, "which of the printer's units",
          .flags = FIELD_REQUIRED, .min = 0, .max = 65535),
    FIELD(dry_order, celsius, FIELD_INT, "how warm", .flags = FIELD_REQUIRED,
          .min = 30, .max = 120),
    FIELD(dry_order, hours, FIELD_INT, "how long", .flags = FIELD_REQUIRED,
          .min = 1, .max = 48),
};
static const struct fields dry_fields = TABLE("dry_order", dry_order, dry_rows);

struct unit_order {
    int64_t unit;
};
static const struct field unit_rows[] = {
    FIELD(unit_order, unit, FIELD_INT, "which of the printer's units",
          .flags = FIELD_REQUIRED, .min = 0, .max = 65535),
};
static const struct fields unit_fields =
    TABLE("unit_order", unit_order, unit_rows);

struct skip_order {
    spd_str objects;
};
static const struct field skip_rows[] = {
    FIELD(skip_order, objects, FIELD_JSON,
          "a list of the objects' numbers in the sliced plate",
          .flags = FIELD_REQUIRED, .example = "[44, 81]"),
};
static const struct fields skip_fields =
    TABLE("skip_order", skip_order, skip_rows);

static void on_answer(void *arg, spd_str result, const struct spd_error *err)
{
    (void)result;
    struct call *call = arg;
    if (err != NULL)
        call_fail(call, err);
    else
        buf_put(call_reply_buf(call), STR("{\"accepted\":true}"));
    call_end(call);
}

/* A body of these operations is whole, not a change of something. */
static spd_err put_body(struct call *call, spd_jsonw *w)
{
    const struct fields *table = call->op->body;
    if (table == NULL)
        return SPD_OK;
    void *record = arena_new(&call->arena, table->size);
    struct fields_input input = { .object = call->body_json,
                                  .mode = FIELDS_CREATE };
    if (!fields_decode(table, record, &input, &call->arena, call_faults(call)))
        return call_refuse_faults(call);
    fields_write(table, record, w);
    return SPD_OK;
}

/* The command is the operation's own name behind the dot; its parameters but
 * the id, and its body, go along. */
static spd_err run_command(struct call *call, spd_txn *txn)
{
    (void)txn;
    struct shop *shop = call->self;
    const struct command_param *param = call->params;
    if (fleet_find(shop->fleet, param->id) == NULL)
        return call_refuse(call, REFUSE_NOT_FOUND, "there is no printer %lld",
                           (long long)param->id);
    spd_str command = str_of(call->op->name);
    str_cut(&command, '.');
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(&w, "command", command);
    if (call->op->params == &light_fields)
        jsonw_put_bool(&w, "on", param->on);
    if (call->op->params == &speed_fields)
        jsonw_put_int(&w, "level", param->level);
    spd_err rc = put_body(call, &w);
    jsonw_end(&w);
    if (rc == SPD_OK)
        fleet_command(shop->fleet, param->id, buf_str(&text), on_answer, call);
    buf_fini(&text);
    return rc;
}

static const struct op fleet_ops[] = {
    { .name = "printers.status",
      .route = "GET /api/printers/{id}/status",
      .doc = "What a printer is doing now, by its own word",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .params = &id_param_fields,
      .reply = &printer_state_fields,
      .run = show_status },
    { .name = "printers.pause",
      .route = "POST /api/printers/{id}/pause",
      .doc = "Pause the print",
      .role = SPD_OPERATOR,
      .flags = OP_LATER,
      .params = &id_param_fields,
      .run = run_command },
    { .name = "printers.resume",
      .route = "POST /api/printers/{id}/resume",
      .doc = "Go on with a paused print",
      .role = SPD_OPERATOR,
      .flags = OP_LATER,
      .params = &id_param_fields,
      .run = run_command },
    { .name = "printers.stop",
      .route = "POST /api/printers/{id}/stop",
      .doc = "Stop the print for good",
      .role = SPD_OPERATOR,
      .flags = OP_LATER,
      .params = &id_param_fields,
      .run = run_command },
    { .name = "printers.refresh",
      .route = "POST /api/printers/{id}/refresh",
      .doc = "Ask the printer for all it has to say",
      .role = SPD_OPERATOR,
      .flags = OP_LATER,
      .params = &id_param_fields,
      .run = run_command },
    { .name = "printers.clear_error",
      .route = "POST /api/printers/{id}/clear-error",
      .doc = "Close the error it shows; what caused it must be gone",
      .role = SPD_OPERATOR,
      .flags = OP_LATER,
      .params = &id_param_fields,
      .run = run_command },
    { .name = "printers.filament",
      .route = "POST /api/printers/{id}/filament",
      .doc = "Tell the printer what is in a slot of it",
      .role = SPD_OPERATOR,
      .flags = OP_LATER,
      .params = &id_param_fields,
      .body = &filament_fields,
      .run = run_command },
    { .name = "printers.load",
      .route = "POST /api/printers/{id}/load",
      .doc = "Bring the filament of a slot to the nozzle",
      .role = SPD_OPERATOR,
      .flags = OP_LATER,
      .params = &id_param_fields,
      .body = &load_fields,
      .run = run_command },
    { .name = "printers.unload",
      .route = "POST /api/printers/{id}/unload",
      .doc = "Take the filament out of the nozzle",
      .role = SPD_OPERATOR,
      .flags = OP_LATER,
      .params = &id_param_fields,
      .run = run_command },
    { .name = "printers.dry",
      .route = "POST /api/printers/{id}/dry",
      .doc = "Dry the filament in a unit that can",
      .role = SPD_OPERATOR,
      .flags = OP_LATER,
      .params = &id_param_fields,
      .body = &dry_fields,
      .run = run_command },
    { .name = "printers.stop_drying",
      .route = "POST /api/printers/{id}/stop-drying",
      .doc = "End the drying of a unit",
      .role = SPD_OPERATOR,
      .flags = OP_LATER,
      .params = &id_param_fields,
      .body = &unit_fields,
      .run = run_command },
    { .name = "printers.skip",
      .route = "POST /api/printers/{id}/skip",
      .doc = "Leave objects of the running print out from now on",
      .role = SPD_OPERATOR,
      .flags = OP_LATER,
      .params = &id_param_fields,
      .body = &skip_fields,
      .run = run_command },
    { .name = "printers.light",
      .route = "POST /api/printers/{id}/light",
      .doc = "Switch its light",
      .role = SPD_OPERATOR,
      .flags = OP_LATER,
      .params = &light_fields,
      .run = run_command },
    { .name = "printers.speed",
      .route = "POST /api/printers/{id}/speed",
      .doc = "Set how fast it prints",
      .role = SPD_OPERATOR,
      .flags = OP_LATER,
      .params = &speed_fields,
      .run = run_command },
};

spd_err fleet_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, fleet_ops, SPD_COUNT(fleet_ops), shop, err);
}
