#include "shop/printer.h"

#include <math.h>

#include "shop/attempt.h"
#include "shop/circuit.h"
#include "shop/foreign.h"
#include "shop/hours.h"
#include "shop/job.h"
#include "shop/printer_settings.h"

const char *const printer_status_names[] = {
    "new",      "idle",   "preparing", "printing", "paused",
    "finished", "failed", "unknown",   "offline",  NULL,
};

static const char *const ejects_names[] = { "none", "when_cool", "at_end",
                                            NULL };

static const struct field printer_rows[] = {
    FIELD(printer, id, FIELD_ID, "the printer's id", .flags = FIELD_READONLY),
    FIELD(printer, user_id, FIELD_ID, "who added it", .flags = FIELD_READONLY),
    FIELD(printer, name, FIELD_TEXT, "what the shop calls it",
          .flags = FIELD_REQUIRED, .min = 1, .max = 80,
          .example = "\"Left shelf 3\""),
    FIELD(printer, model, FIELD_TEXT, "its model, as its driver names it",
          .flags = FIELD_REQUIRED, .min = 1, .max = 40, .example = "\"P1S\""),
    FIELD(printer, kind, FIELD_TEXT, "the driver that speaks to it",
          .flags = FIELD_REQUIRED, .min = 1, .max = 40),
    FIELD(printer, location, FIELD_TEXT, "where it stands",
          .flags = FIELD_NULL),
    FIELD(printer, status, FIELD_CHOICE, "as it last reported",
          .flags = FIELD_READONLY, .choices = printer_status_names),
    FIELD(printer, notes, FIELD_TEXT, "anything worth knowing",
          .flags = FIELD_NULL, .max = 4000),
    FIELD(printer, tags, FIELD_LIST, "words to choose printers by", .max = 32),
    FIELD(printer, enabled, FIELD_BOOL, "may it be connected and given jobs?",
          .fallback = "true"),
    FIELD(printer, plate_clear, FIELD_BOOL,
          "is the plate empty, so that a print may start? When it is not said, "
          "a printer that first reports idle is taken to be clear",
          .fallback = "true"),
    FIELD(printer, nozzle_diameter_mm, FIELD_REAL,
          "the nozzle in it, in mm; as reported",
          .flags = FIELD_NULL | FIELD_READONLY),
    FIELD(printer, maintenance_interval_days, FIELD_INT,
          "days between two maintenances", .flags = FIELD_NULL, .min = 1,
          .max = 3650),
    FIELD(printer, last_maintenance_at, FIELD_TIME, "when it was last done",
          .flags = FIELD_NULL),
    FIELD(printer, pin, FIELD_TEXT,
          "hex of the key it showed first; another key is not trusted",
          .flags = FIELD_NULL | FIELD_READONLY),
    FIELD(printer, created_at, FIELD_TIME, "when it was added",
          .flags = FIELD_READONLY),
    FIELD(printer, updated_at, FIELD_TIME, "when anything here last changed",
          .flags = FIELD_READONLY),
    FIELD(printer, settings, FIELD_JSON, "the driver's settings",
          .flags = FIELD_INTERNAL, .fallback = NULL),
    FIELD(printer, sealed, FIELD_TEXT, "the secret ones, sealed",
          .flags = FIELD_INTERNAL),
    FIELD(printer, plate_stated, FIELD_BOOL, "did a person state the plate?",
          .flags = FIELD_INTERNAL),
    FIELD(printer, printed_ms, FIELD_INT, "milliseconds of printing in all",
          .flags = FIELD_READONLY, .fallback = "0"),
    FIELD(printer, busy_at, FIELD_TIME, "seen at a print since the last start",
          .flags = FIELD_INTERNAL),
    FIELD(printer, last_print, FIELD_TEXT, "the submission it named last",
          .flags = FIELD_INTERNAL),
    FIELD(printer, forgotten, FIELD_INT, "keys of it that were given up",
          .flags = FIELD_INTERNAL, .fallback = "0"),
    FIELD(printer, ejects, FIELD_CHOICE,
          "does it clear its plate itself after a completed print: not at all, "
          "once the bed is as cool as eject_below_c, or by the print's end? "
          "What failed or was stopped a person always takes off",
          .choices = ejects_names),
    FIELD(printer, eject_below_c, FIELD_REAL,
          "degrees C of the bed at which the finished print has come off",
          .flags = FIELD_NULL, .min = 10, .max = 120, .example = "30"),
    FIELD(printer, ejects_attempt, FIELD_ID, "the attempt it is to eject",
          .flags = FIELD_INTERNAL),
    FIELD(printer, circuit_id, FIELD_ID, "the circuit it hangs on",
          .flags = FIELD_NULL),
    FIELD(printer, plate_type, FIELD_TEXT,
          "the build plate that is on it, as slicers name it; null: nobody "
          "said, and any job's will do",
          .flags = FIELD_NULL, .max = 40, .example = "\"Textured PEI Plate\""),
    FIELD(printer, maintenance_interval_hours, FIELD_INT,
          "hours of printing between two maintenances", .flags = FIELD_NULL,
          .min = 1, .max = 100000, .example = "200"),
    FIELD(printer, maintenance_blocks, FIELD_BOOL,
          "start nothing there while maintenance is due?", .fallback = "false"),
    FIELD(printer, maintained_ms, FIELD_INT,
          "milliseconds it had printed when it was last done",
          .flags = FIELD_INTERNAL, .fallback = "0"),
    FIELD(printer, machine, FIELD_INT, "how often it may have been replaced",
          .flags = FIELD_INTERNAL, .fallback = "0"),
};
const struct fields printer_fields = TABLE("printer", printer, printer_rows);

/* Names are unique in a shop: people say them aloud. */
static bool by_name(const void *record, struct key *key)
{
    key_put_text(key, ((const struct printer *)record)->name);
    return true;
}

static const struct index printer_indexes[] = {
    { .name = "name", .key = by_name, .flags = INDEX_UNIQUE },
};

static void show_settings(const void *record, spd_jsonw *w)
{
    const struct printer *printer = record;
    settings_show(printer->settings, w);
}

const struct kind printer_kind = {
    .name = "printer",
    .plural = "printers",
    .fields = &printer_fields,
    .indexes = printer_indexes,
    .index_count = 1,
    .show = show_settings,
};

/* -- build plates -- */

/* Without the word "plate", which people leave out. */
static spd_str plate_name(spd_str text)
{
    const spd_str word = STR("plate");
    text = str_trim(text);
    spd_str end = { text.ptr, word.len };
    if (text.len <= word.len)
        return text;
    end.ptr += text.len - word.len;
    if (str_equal_fold(end, word))
        text.len -= word.len;
    return text;
}

/* The next letter that counts, in small; 0: there is none. */
static char next_letter(spd_str *rest)
{
    while (rest->len > 0) {
        char c = *rest->ptr++;
        rest->len--;
        if (c != ' ' && c != '-' && c != '_')
            return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return '\0';
}

bool plate_type_equal(spd_str a, spd_str b)
{
    spd_str left = plate_name(a), right = plate_name(b);
    char c;
    do {
        c = next_letter(&left);
        if (c != next_letter(&right))
            return false;
    } while (c != '\0');
    return true;
}

/* -- maintenance -- */

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };

static int64_t ms_since_maintenance(const struct printer *printer,
                                    int64_t now_ms)
{
    return now_ms - (printer->last_maintenance_at != 0
                         ? printer->last_maintenance_at
                         : printer->created_at);
}

static int64_t printed_since_maintenance(const struct printer *printer)
{
    return printer->printed_ms - printer->maintained_ms;
}

static bool is_due_by_days(const struct printer *printer, int64_t now_ms)
{
    int64_t days = printer->maintenance_interval_days;
    return days != INT_NONE &&
           ms_since_maintenance(printer, now_ms) >= days * DAY_MS;
}

static bool is_due_by_hours(const struct printer *printer)
{
    int64_t hours = printer->maintenance_interval_hours;
    return hours != INT_NONE &&
           printed_since_maintenance(printer) >= hours * HOUR_MS;
}

bool printer_is_due(const struct printer *printer, int64_t now_ms)
{
    return is_due_by_days(printer, now_ms) || is_due_by_hours(printer);
}

void printer_say_due(const struct printer *printer, int64_t now_ms,
                     struct buf *out)
{
    long long days = ms_since_maintenance(printer, now_ms) / DAY_MS;
    long long hours = printed_since_maintenance(printer) / HOUR_MS;
    buf_printf(out, "its maintenance is due: ");
    if (is_due_by_hours(printer))
        buf_printf(out,
                   "it has printed %lld hours since the last one, and it is to "
                   "be done every %lld",
                   hours, (long long)printer->maintenance_interval_hours);
    else
        buf_printf(out, "%s %lld days ago, and it is to be done every %lld",
                   printer->last_maintenance_at != 0 ? "the last one was"
                                                     : "it was added",
                   days, (long long)printer->maintenance_interval_days);
    buf_printf(out, "; do it and say so");
}

/* -- operations -- */

static spd_err list_printers(struct call *call, spd_txn *txn)
{
    const struct page_param *param = call->params;
    call_reply_list(call, txn, &printer_kind, (struct span){ 0 }, &param->page);
    return SPD_OK;
}

static spd_err get_printer(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    return call_reply_record(call, txn, &printer_kind, which->id);
}

static bool body_has(const struct call *call, const char *member)
{
    return json_member(call->body_json, member) != NULL;
}

/* The kind names a driver, the driver knows the model; both spelled its way. */
static spd_err judge_model(struct call *call, struct printer *printer,
                           const struct driver **driver)
{
    struct shop *shop = call->self;
    *driver = driver_find(shop->drivers, printer->kind);
    if (*driver == NULL) {
        struct buf kinds = { 0 };
        faults_add(call_faults(call), "kind",
                   "names no loaded driver; there are: %s",
                   driver_kinds(shop->drivers, &kinds));
        buf_fini(&kinds);
        return call_refuse_faults(call);
    }
    spd_str model = driver_own_model(*driver, printer->model);
    if (model.ptr == NULL) {
        faults_add(call_faults(call), "model",
                   "\"%.*s\" is not a model that %s knows",
                   STR_ARG(printer->model), (*driver)->who);
        return call_refuse_faults(call);
    }
    printer->model = model;
    return SPD_OK;
}

static spd_err judge_printer(struct call *call, spd_txn *txn,
                             const struct printer *printer)
{
    if (printer->ejects == EJECTS_WHEN_COOL && isnan(printer->eject_below_c))
        faults_add(call_faults(call), "eject_below_c",
                   "is needed: say how cool the bed must be");
    if (printer->circuit_id != 0 &&
        !record_exists(txn, &circuit_kind, printer->circuit_id))
        faults_add(call_faults(call), "circuit_id", "there is no circuit %lld",
                   (long long)printer->circuit_id);
    return call_faults(call)->count == 0 ? SPD_OK : call_refuse_faults(call);
}

/* Who says when it was done says it of the hours, too. */
static void take_maintenance(const struct call *call, struct printer *printer)
{
    if (body_has(call, "last_maintenance_at"))
        printer->maintained_ms = printer->printed_ms;
}

/* The plate is as a person says, whatever was to happen on it. */
static void take_plate(const struct call *call, struct printer *printer)
{
    if (!body_has(call, "plate_clear"))
        return;
    printer->plate_stated = true;
    printer->ejects_attempt = 0;
    if (!printer->plate_clear) /* also when a start comes to nothing */
        printer->busy_at = shop_now_ms(call->self);
}

static spd_err put_printer(struct call *call, spd_txn *txn,
                           struct printer *printer, const char *topic)
{
    struct spd_error err;
    struct change change = call_change(call, topic);
    if (record_put(txn, &printer_kind, printer, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    return call_reply_record(call, txn, &printer_kind, printer->id);
}

static spd_err create_printer(struct call *call, spd_txn *txn)
{
    struct shop *shop = call->self;
    struct printer printer = *(struct printer *)call->body;
    const struct driver *driver;
    spd_err rc = judge_model(call, &printer, &driver);
    if (rc != SPD_OK)
        return rc;
    printer.user_id = call->actor->person_id;
    take_plate(call, &printer);
    printer.created_at = printer.updated_at = shop_now_ms(shop);
    rc = judge_printer(call, txn, &printer);
    if (rc == SPD_OK)
        rc = settings_take(call, driver, FIELDS_CREATE, &printer);
    return rc == SPD_OK ? put_printer(call, txn, &printer, "printer.created")
                        : rc;
}

static bool is_another(const struct printer *a, const struct printer *b)
{
    return !str_equal(a->kind, b->kind) || !str_equal(a->model, b->model) ||
           !str_equal(a->settings, b->settings) ||
           !str_equal(a->sealed, b->sealed);
}

static spd_err update_printer(struct call *call, spd_txn *txn)
{
    struct shop *shop = call->self;
    const struct id_param *which = call->params;
    struct printer printer;
    spd_err got = call_get(call, txn, &printer_kind, which->id, &printer);
    if (got != SPD_OK)
        return got;
    const struct printer before = printer;
    call_patch(call, &printer);
    const struct driver *driver;
    spd_err rc = judge_model(call, &printer, &driver);
    if (rc == SPD_OK)
        rc = judge_printer(call, txn, &printer);
    if (rc == SPD_OK)
        rc = settings_take(call, driver, FIELDS_PATCH, &printer);
    if (rc != SPD_OK)
        return rc;
    take_plate(call, &printer);
    take_maintenance(call, &printer);
    printer.machine += is_another(&before, &printer);
    printer.updated_at = shop_now_ms(shop);
    return put_printer(call, txn, &printer, "printer.updated");
}

static spd_err delete_printer(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct attempt attempt;
    struct spd_error err;
    if (job_holds_printer(txn, which->id) ||
        attempt_of_printer(txn, which->id, &attempt, &call->arena))
        return call_refuse(call, REFUSE_CONFLICT,
                           "printer %lld has jobs that are not done; cancel "
                           "them or give them to another printer first",
                           (long long)which->id);
    if (foreign_lose(txn, call->self, which->id,
                     "the printer was taken out of the shop", &err) != SPD_OK)
        return call_fail(call, &err);
    struct change change = call_change(call, "printer.deleted");
    struct change with_it = call_change(call, "hours.deleted");
    struct change let_go = call_change(call, "job.updated");
    if (job_leave_printer(txn, call->self, which->id, &let_go, &err) != SPD_OK)
        return call_fail(call, &err);
    if (record_del(txn, &printer_kind, which->id, &change, &err) != SPD_OK ||
        hours_drop(txn, which->id, &with_it, &err) != SPD_OK)
        return call_fail(call, &err);
    buf_printf(call_reply_buf(call), "{\"id\":%lld}", (long long)which->id);
    return SPD_OK;
}

/* A person took the finished print off, or put a new plate in; possible also
 * while the printer is switched off. */
static spd_err clear_plate(struct call *call, spd_txn *txn)
{
    struct shop *shop = call->self;
    const struct id_param *which = call->params;
    struct printer printer;
    spd_err got = call_get(call, txn, &printer_kind, which->id, &printer);
    if (got != SPD_OK)
        return got;
    printer.plate_clear = true;
    printer.plate_stated = true;
    printer.ejects_attempt = 0;
    printer.updated_at = shop_now_ms(shop);
    return put_printer(call, txn, &printer, "printer.plate_cleared");
}

static spd_err maintain(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct printer printer;
    spd_err got = call_get(call, txn, &printer_kind, which->id, &printer);
    if (got != SPD_OK)
        return got;
    printer.updated_at = shop_now_ms(call->self);
    printer.last_maintenance_at = printer.updated_at;
    printer.maintained_ms = printer.printed_ms;
    return put_printer(call, txn, &printer, "printer.maintained");
}

/* Its certificate was renewed, or its board: trust the key it shows next. */
static spd_err forget_key(struct call *call, spd_txn *txn)
{
    struct shop *shop = call->self;
    const struct id_param *which = call->params;
    struct printer printer;
    spd_err got = call_get(call, txn, &printer_kind, which->id, &printer);
    if (got != SPD_OK)
        return got;
    printer.pin = (spd_str){ NULL, 0 };
    printer.forgotten++;
    printer.machine++;
    printer.updated_at = shop_now_ms(shop);
    return put_printer(call, txn, &printer, "printer.updated");
}

struct plate_on {
    spd_str plate_type;
};
static const struct field plate_on_rows[] = {
    FIELD(plate_on, plate_type, FIELD_TEXT,
          "the build plate that is on it now; null: nobody knows",
          .flags = FIELD_NULL, .max = 40, .example = "\"Textured PEI Plate\""),
};
static const struct fields plate_on_fields =
    TABLE("plate_on", plate_on, plate_on_rows);

/* Whoever stands at the printer changes its plate, whatever else they may. */
static spd_err set_plate(struct call *call, spd_txn *txn)
{
    struct shop *shop = call->self;
    const struct id_param *which = call->params;
    struct printer printer;
    spd_err got = call_get(call, txn, &printer_kind, which->id, &printer);
    if (got != SPD_OK)
        return got;
    struct plate_on on = { printer.plate_type };
    call_patch(call, &on);
    printer.plate_type = on.plate_type;
    printer.updated_at = shop_now_ms(shop);
    return put_printer(call, txn, &printer, "printer.updated");
}

static const struct op printer_ops[] = {
    { .name = "printers.list",
      .route = "GET /api/printers",
      .doc = "All printers",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &page_param_fields,
      .reply = &printer_fields,
      .run = list_printers },
    { .name = "printers.get",
      .route = "GET /api/printers/{id}",
      .doc = "One printer",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .params = &id_param_fields,
      .reply = &printer_fields,
      .run = get_printer },
    { .name = "printers.create",
      .route = "POST /api/printers",
      .doc = "Add a printer; its driver's own settings stand beside the fields",
      .role = SPD_MANAGER,
      .flags = OP_WRITE | OP_CREATE | OP_OPEN,
      .body = &printer_fields,
      .reply = &printer_fields,
      .run = create_printer },
    { .name = "printers.update",
      .route = "PUT /api/printers/{id}",
      .doc = "Change what is given and leave the rest",
      .role = SPD_MANAGER,
      .flags = OP_WRITE | OP_OPEN,
      .params = &id_param_fields,
      .body = &printer_fields,
      .reply = &printer_fields,
      .run = update_printer },
    { .name = "printers.delete",
      .route = "DELETE /api/printers/{id}",
      .doc = "Take a printer out of the shop",
      .role = SPD_MANAGER,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .run = delete_printer },
    { .name = "printers.forget_key",
      .route = "POST /api/printers/{id}/forget-key",
      .doc = "Trust the key it shows next, after you have made sure that the "
             "printer is the same",
      .role = SPD_ADMIN,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .reply = &printer_fields,
      .run = forget_key },
    { .name = "printers.maintained",
      .route = "POST /api/printers/{id}/maintained",
      .doc = "Say that its maintenance was done just now",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .reply = &printer_fields,
      .run = maintain },
    { .name = "printers.plate_cleared",
      .route = "POST /api/printers/{id}/plate-cleared",
      .doc = "Say that the plate is empty, so that the next print may start",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .reply = &printer_fields,
      .run = clear_plate },
    { .name = "printers.set_plate",
      .route = "PUT /api/printers/{id}/plate",
      .doc = "Say which build plate is on it, so that jobs find the one they "
             "were sliced for",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .body = &plate_on_fields,
      .reply = &printer_fields,
      .run = set_plate },
};

spd_err printer_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, printer_ops, SPD_COUNT(printer_ops), shop, err);
}
