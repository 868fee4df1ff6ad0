#include "shop/printer_state.h"

#include <string.h>

static const char *const connection_names[] = {
    "none",    "connecting", "connected",   "unreachable",
    "refused", "silent",     "key_changed", NULL,
};

static const char *const state_names[] = {
    "unknown", "idle",     "preparing", "printing",
    "paused",  "finished", "failed",    NULL,
};

static const char *const remote_names[] = { "unknown", "off", "on", NULL };

static const struct field slot_rows[] = {
    FIELD(slot, slot, FIELD_INT, "the slot's number", .flags = FIELD_REQUIRED,
          .min = 0, .max = 65535),
    FIELD(slot, name, FIELD_TEXT, "what people call it", .flags = FIELD_NULL),
    FIELD(slot, loaded, FIELD_BOOL, "is there filament in it?",
          .flags = FIELD_NULL),
    FIELD(slot, external, FIELD_BOOL, "a spool beside the printer?",
          .flags = FIELD_NULL),
    FIELD(slot, material_type, FIELD_TEXT, "PLA, PETG, ...",
          .flags = FIELD_NULL, .max = 40),
    FIELD(slot, color, FIELD_TEXT, "#RRGGBB", .flags = FIELD_NULL, .max = 9),
    FIELD(slot, vendor, FIELD_TEXT, "who made it", .flags = FIELD_NULL),
    FIELD(slot, product, FIELD_TEXT, "the vendor's name for it",
          .flags = FIELD_NULL),
    FIELD(slot, tray_uuid, FIELD_TEXT, "the spool's own number",
          .flags = FIELD_NULL, .max = 64),
    FIELD(slot, weight_grams, FIELD_REAL, "net grams of a full spool",
          .flags = FIELD_NULL, .max = 100000),
    FIELD(slot, remaining_pct, FIELD_REAL, "of it; null: not known",
          .flags = FIELD_NULL, .max = 100),
};
const struct fields slot_fields = TABLE("slot", slot, slot_rows);

#define CELSIUS(member, doc)                                                   \
    FIELD(printer_state, member, FIELD_REAL, doc, .flags = FIELD_NULL,         \
          .min = -300, .max = 2000)

static const struct field state_rows[] = {
    FIELD(printer_state, connection, FIELD_CHOICE,
          "can it be spoken to? If not, detail says why",
          .choices = connection_names),
    FIELD(printer_state, detail, FIELD_TEXT, "what is wrong, and what to do",
          .flags = FIELD_NULL, .max = 1000),
    FIELD(printer_state, pin, FIELD_TEXT, "the key it showed",
          .flags = FIELD_NULL | FIELD_INTERNAL, .max = 128),
    FIELD(printer_state, full, FIELD_BOOL, "was the last report whole?",
          .flags = FIELD_NULL | FIELD_INTERNAL),
    FIELD(printer_state, state, FIELD_CHOICE,
          "what it does; finished and failed are the last print's",
          .choices = state_names),
    FIELD(printer_state, submission, FIELD_TEXT,
          "of the attempt it is at, or was last at", .flags = FIELD_NULL),
    FIELD(printer_state, canceled, FIELD_BOOL, "failed, because it was stopped",
          .flags = FIELD_NULL),
    FIELD(printer_state, job_name, FIELD_TEXT, "of the print",
          .flags = FIELD_NULL),
    FIELD(printer_state, stage, FIELD_TEXT, "what it is doing just now",
          .flags = FIELD_NULL),
    FIELD(printer_state, progress_pct, FIELD_REAL, "of the print",
          .flags = FIELD_NULL, .max = 100),
    FIELD(printer_state, remaining_minutes, FIELD_REAL, "as it estimates",
          .flags = FIELD_NULL, .max = 1000000),
    FIELD(printer_state, layer, FIELD_INT, "the layer begun last",
          .flags = FIELD_NULL, .max = 1000000),
    FIELD(printer_state, layers, FIELD_INT, "of so many", .flags = FIELD_NULL,
          .max = 1000000),
    CELSIUS(nozzle_celsius, "of the nozzle"),
    CELSIUS(nozzle_target_celsius, "wanted of the nozzle"),
    CELSIUS(bed_celsius, "of the bed"),
    CELSIUS(bed_target_celsius, "wanted of the bed"),
    CELSIUS(chamber_celsius, "of the chamber; null: no sensor"),
    FIELD(printer_state, nozzle_diameter_mm, FIELD_REAL, "the nozzle in it",
          .flags = FIELD_NULL, .max = 10),
    FIELD(printer_state, firmware, FIELD_TEXT, "its version",
          .flags = FIELD_NULL),
    FIELD(printer_state, speed_level, FIELD_INT, "1 silent to 4 ludicrous",
          .flags = FIELD_NULL, .max = 100),
    FIELD(printer_state, wifi_dbm, FIELD_INT, "strength of its radio",
          .flags = FIELD_NULL, .min = -200, .max = 50),
    FIELD(printer_state, light, FIELD_JSON, "is its light on? null: not known",
          .flags = FIELD_NULL),
    FIELD(printer_state, door_open, FIELD_JSON,
          "is its door open? null: not known", .flags = FIELD_NULL),
    FIELD(printer_state, error, FIELD_JSON, "what blocks it, or null",
          .flags = FIELD_NULL),
    FIELD(printer_state, alerts, FIELD_JSON, "what it warns of",
          .flags = FIELD_NULL),
    FIELD(printer_state, slots, FIELD_LIST, "what is loaded where",
          .of = &slot_fields, .max = 64),
    FIELD(printer_state, active_slot, FIELD_INT, "the one in use",
          .flags = FIELD_NULL, .max = 65535),
    FIELD(printer_state, speed_pct, FIELD_INT, "of its usual speed",
          .flags = FIELD_NULL, .max = 1000),
    FIELD(printer_state, fans, FIELD_JSON, "[{name, pct}]",
          .flags = FIELD_NULL),
    FIELD(printer_state, lights, FIELD_JSON, "[{name, on}]",
          .flags = FIELD_NULL),
    FIELD(printer_state, nozzles, FIELD_JSON,
          "of several: [{name, type, diameter_mm, celsius, target_celsius, "
          "slot}]",
          .flags = FIELD_NULL),
    FIELD(printer_state, units, FIELD_JSON,
          "what feeds it: [{unit, name, kind, humidity_pct, dryness 1 to 5, "
          "celsius, drying_minutes}]",
          .flags = FIELD_NULL),
    FIELD(printer_state, skipped, FIELD_JSON,
          "objects of the plate that are left out", .flags = FIELD_NULL),
    FIELD(printer_state, nozzle_type, FIELD_TEXT, "what the nozzle is made of",
          .flags = FIELD_NULL, .max = 80),
    FIELD(printer_state, storage_ready, FIELD_JSON,
          "is there a sound card or stick for files? null: not known",
          .flags = FIELD_NULL),
    FIELD(printer_state, remote_control, FIELD_CHOICE,
          "does it obey commands from here? off: switch on its developer mode",
          .choices = remote_names),
};
const struct fields printer_state_fields =
    TABLE("printer_state", printer_state, state_rows);

void state_box_init(struct state_box *box)
{
    *box = (struct state_box){ 0 };
    fields_init(&printer_state_fields, &box->state);
}

void state_box_fini(struct state_box *box)
{
    buf_fini(&box->packed);
    arena_fini(&box->arena);
}

/* Texts of its own: packed into new memory, and read from there. */
void state_box_copy(struct state_box *box, const struct printer_state *state)
{
    *box = (struct state_box){ 0 };
    fields_pack(&printer_state_fields, state, &box->packed);
    fields_unpack(&printer_state_fields, &box->state, buf_str(&box->packed),
                  &box->arena);
}

unsigned state_merge(struct state_box *box, const spd_json *report,
                     struct state_box *before, char first[160])
{
    struct faults faults = { 0 };
    struct arena arena = { 0 };
    struct fields_input input = {
        .object = report,
        .mode = FIELDS_PATCH,
        .trusted = true,
    };
    struct printer_state state = box->state;
    fields_decode(&printer_state_fields, &state, &input, &arena, &faults);
    *before = *box;
    state_box_copy(box, &state);
    memcpy(first, faults.first, sizeof(faults.first));
    unsigned count = faults.count;
    faults_fini(&faults);
    arena_fini(&arena);
    return count;
}

bool state_is_busy(const struct printer_state *state)
{
    return state->state == STATE_PREPARING || state->state == STATE_PRINTING ||
           state->state == STATE_PAUSED;
}

bool state_is_free(const struct printer_state *state)
{
    bool rests = state->state == STATE_IDLE || state->state == STATE_FINISHED ||
                 state->state == STATE_FAILED;
    return state->connection == CONNECTION_CONNECTED && rests &&
           state->error.ptr == NULL;
}
