#include "status.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "loose.h"

/* ------------------------------------------------------------- slots -- */

enum { BIT_DOOR = 23 };

int32_t status_slot_number(int64_t unit, int64_t slot)
{
    if (unit >= UNIT_HT_FIRST)
        return (int32_t)unit;
    return (int32_t)(unit * REPORT_TRAYS_MAX + slot);
}

static bool is_zeros(const char *text)
{
    return text[strspn(text, "0")] == '\0';
}

static bool is_tagged(const struct tray *t)
{
    return t->uuid[0] != '\0' && !is_zeros(t->uuid);
}

static void take_color(char *out, size_t size, const char *rrggbbaa)
{
    if (strspn(rrggbbaa, "0123456789ABCDEFabcdef") < 6)
        return;
    (void)snprintf(out, size, "#%.6s", rrggbbaa);
}

/* What remains is measured by turning tagged spools: for others, and from an
 * AMS that does not measure, 0 is a default and not a measurement. */
static int32_t remaining_of(const struct tray *t, const struct model *model)
{
    bool is_measured = is_tagged(t) && model->weighs_spools;
    if (t->remain_pct < 0 || (t->remain_pct == 0 && !is_measured))
        return -1;
    return (int32_t)t->remain_pct;
}

static void take_tray(struct slot *s, const struct tray *t,
                      const struct model *model)
{
    s->weight_grams = s->remaining_pct = -1;
    if (!s->loaded)
        return; /* the text may be of the spool that was there before */
    text_copy(s->material_type, sizeof(s->material_type), text_of(t->type));
    text_copy(s->product, sizeof(s->product), text_of(t->sub_brand));
    take_color(s->color, sizeof(s->color), t->color);
    if (is_tagged(t))
        text_copy(s->tray_uuid, sizeof(s->tray_uuid), text_of(t->uuid));
    s->original = s->original || is_tagged(t);
    if (t->weight_grams > 0)
        s->weight_grams = (int32_t)t->weight_grams;
    s->remaining_pct = remaining_of(t, model);
}

static bool bit(uint64_t bits, int index)
{
    return index >= 0 && index < 64 && (bits >> index & 1) != 0;
}

static struct slot *add_slot(struct status *s, int32_t number)
{
    if (s->slot_count == STATUS_SLOTS_MAX)
        return NULL;
    struct slot *slot = &s->slots[s->slot_count++];
    slot->number = number;
    return slot;
}

static const char *family(int64_t unit)
{
    return unit >= UNIT_HT_FIRST ? "HT" : "AMS";
}

static void name_slot(struct slot *s, int64_t unit, int64_t slot)
{
    int64_t first = unit >= UNIT_HT_FIRST ? UNIT_HT_FIRST : 0;
    if (unit >= UNIT_HT_FIRST)
        (void)snprintf(s->name, sizeof(s->name), "%s %d", family(unit),
                       (int)(unit - first + 1));
    else
        (void)snprintf(s->name, sizeof(s->name), "%s %d, slot %d", family(unit),
                       (int)(unit % UNIT_A2L_LITE + 1), (int)slot + 1);
}

static void take_unit(struct status *s, const struct report *r,
                      const struct unit *u, const struct model *model)
{
    int64_t trays = u->id >= UNIT_HT_FIRST ? 1 : REPORT_TRAYS_MAX;
    for (int64_t i = 0; i < trays; i++) {
        struct slot *slot = add_slot(s, status_slot_number(u->id, i));
        if (slot == NULL)
            return;
        int index = report_slot_bit(u->id, i);
        const struct tray *t = &u->tray[i];
        name_slot(slot, u->id, i);
        slot->loaded =
            r->bits_known ? bit(r->tray_bits, index) : t->type[0] != '\0';
        slot->original = bit(r->original_bits, index);
        take_tray(slot, t, model);
    }
}

static int32_t external_number(const struct report *r, size_t side)
{
    return side == 0 && report_is_dual(r) ? SLOT_EXTERNAL_MAIN
                                          : SLOT_EXTERNAL_LEFT;
}

/* No sensor sees an external spool: it is there when a person said what. */
static void take_external(struct status *s, const struct report *r, size_t side,
                          const struct model *model)
{
    if (!r->external_known[side])
        return;
    struct slot *slot = add_slot(s, external_number(r, side));
    if (slot == NULL)
        return;
    static const char *const names[] = { "external spool, right",
                                         "external spool, left" };
    slot->external = true;
    slot->loaded = r->external[side].type[0] != '\0';
    text_copy(slot->name, sizeof(slot->name),
              text_of(report_is_dual(r) ? names[side] : "external spool"));
    take_tray(slot, &r->external[side], model);
}

/* `loaded` of a nozzle is unit << 8 | slot; 0xFF00 and 0xFE00 are the
 * external spools, and a low byte of 0xFF is none. */
static int64_t loaded_slot(const struct report *r, int64_t loaded)
{
    int64_t unit = loaded >> 8 & 0xFF, slot = loaded & 0xFF;
    if (slot == 0xFF)
        return STATUS_NO_SLOT;
    if (unit == 0xFF)
        return external_number(r, 0);
    if (unit == 0xFE)
        return external_number(r, 1);
    return status_slot_number(unit, slot % REPORT_TRAYS_MAX);
}

/* tray_now counts within one unit on printers with two nozzles, so the
 * nozzle's own word goes first. */
static int64_t active_slot(const struct report *r)
{
    const struct nozzle *n = &r->nozzles[report_active_nozzle(r)];
    if (n->loaded >= 0)
        return loaded_slot(r, n->loaded);
    if (r->tray_now == SLOT_EXTERNAL_LEFT)
        return external_number(r, 0);
    if (r->tray_now < 0 || r->tray_now >= SLOT_EXTERNAL_LEFT)
        return STATUS_NO_SLOT;
    return r->tray_now;
}

/* ------------------------------------------------------ temperatures -- */

static double tenths(double value)
{
    return round(value * 10) / 10;
}

static double packed_current(int64_t packed, double otherwise)
{
    return packed < 0 ? otherwise : (double)(packed & 0xFFFF);
}

static double packed_target(int64_t packed, double otherwise)
{
    return packed < 0 ? otherwise : (double)(packed >> 16 & 0xFFFF);
}

static void take_temperatures(struct status *s, const struct report *r,
                              const struct model *model)
{
    const struct nozzle *n = &r->nozzles[report_active_nozzle(r)];
    int64_t nozzle = report_is_dual(r) ? n->packed_celsius : -1;
    s->nozzle_celsius = tenths(packed_current(nozzle, r->nozzle_celsius));
    s->nozzle_target_celsius = packed_target(nozzle, r->nozzle_target_celsius);
    s->bed_celsius =
        tenths(r->bed_celsius != CELSIUS_UNKNOWN
                   ? r->bed_celsius
                   : packed_current(r->bed_packed, CELSIUS_UNKNOWN));
    s->bed_target_celsius = r->bed_target_celsius != CELSIUS_UNKNOWN
                                ? r->bed_target_celsius
                                : packed_target(r->bed_packed, CELSIUS_UNKNOWN);
    if (r->chamber_packed >= 0)
        s->chamber_celsius = packed_current(r->chamber_packed, 0);
    else if (model->chamber_sensor)
        s->chamber_celsius = tenths(r->chamber_celsius);
    s->nozzle_diameter_mm = n->diameter_mm > 0
                                ? round(n->diameter_mm * 100) / 100
                                : r->nozzle_diameter_mm;
}

/* ------------------------------------------------------------- rest --- */

static const char *stage_of(const struct report *r, const struct job *job)
{
    const char *text = stage_text(r->stg_cur);
    if (text[0] == '\0' && job->shown == JOB_PRINTING)
        return "printing";
    return text;
}

static void take_job(struct status *s, const struct report *r,
                     const struct job *job)
{
    text_copy(s->state, sizeof(s->state), text_of(job_state_word(job->shown)));
    text_copy(s->submission, sizeof(s->submission), text_of(job->submission));
    text_copy(s->job_name, sizeof(s->job_name), text_of(r->subtask_name));
    text_copy(s->stage, sizeof(s->stage), text_of(stage_of(r, job)));
    s->canceled = job->shown == JOB_FAILED && job->canceled;
    s->progress_pct = r->mc_percent;
    s->remaining_minutes = r->mc_remaining_minutes;
    s->layers = r->total_layer_num;
    /* A new print may begin with the layer number of the one before it. */
    bool stale = r->total_layer_num > 0 && r->layer_num > r->total_layer_num;
    s->layer = stale ? 0 : r->layer_num;
}

static int8_t door_of(const struct report *r, const struct model *model)
{
    switch ((enum door_sensor)model->door) {
    case DOOR_NONE:
        return -1;
    case DOOR_IN_HOME_FLAG:
        return r->home_flag_known ? bit((uint32_t)r->home_flag, BIT_DOOR) : -1;
    case DOOR_IN_STAT:
        return r->stat_known ? bit(r->stat, BIT_DOOR) : -1;
    }
    return -1;
}

static void take_rest(struct status *s, const struct report *r,
                      const struct model *model)
{
    int64_t dbm = 0;
    spd_str signal = text_of(r->wifi_signal);
    if (signal.len > 3 && strcmp(signal.ptr + signal.len - 3, "dBm") == 0 &&
        text_to_int((spd_str){ signal.ptr, signal.len - 3 }, 10, &dbm) &&
        dbm < 0 && dbm > -200)
        s->wifi_dbm = dbm;
    s->speed_level = r->spd_lvl;
    s->light = r->light_known ? r->light_on : -1;
    s->door_open = door_of(r, model);
    text_copy(s->firmware, sizeof(s->firmware), text_of(r->firmware));
    s->error = error_is_fault(r->print_error) ? (uint32_t)r->print_error : 0;
    memcpy(s->alerts, r->hms, sizeof(s->alerts));
    s->alert_count = (int64_t)r->hms_count;
}

void status_init(struct status *s)
{
    memset(s, 0, sizeof(*s));
    s->canceled = s->light = s->door_open = -1;
    s->progress_pct = s->remaining_minutes = s->layer = s->layers = -1;
    s->speed_level = -1;
    s->wifi_dbm = STATUS_UNKNOWN;
    s->nozzle_celsius = s->nozzle_target_celsius = CELSIUS_UNKNOWN;
    s->bed_celsius = s->bed_target_celsius = CELSIUS_UNKNOWN;
    s->chamber_celsius = CELSIUS_UNKNOWN;
    s->active_slot = STATUS_NO_SLOT;
}

void status_derive(struct status *s, const struct report *r,
                   const struct job *job, const struct model *model)
{
    status_init(s);
    take_job(s, r, job);
    take_temperatures(s, r, model);
    take_rest(s, r, model);
    for (size_t i = 0; i < r->unit_count; i++)
        take_unit(s, r, &r->units[i], model);
    for (size_t side = 0; side < 2; side++)
        take_external(s, r, side, model);
    s->active_slot = active_slot(r);
}

/* ---------------------------------------------------------- writing --- */

struct out {
    const struct spd_json_api *json;
    spd_jsonw *w;
};

static void put_text(const struct out *o, const char *name, const char *text)
{
    o->json->put_str(o->w, name, text_of(text));
}

static void put_some(const struct out *o, const char *name, const char *text)
{
    if (text[0] != '\0')
        put_text(o, name, text);
}

static void write_slot(const struct out *o, const struct slot *s)
{
    o->json->begin(o->w, NULL, SPD_JSON_OBJECT);
    o->json->put_int(o->w, "slot", s->number);
    put_text(o, "name", s->name);
    o->json->put_bool(o->w, "loaded", s->loaded);
    o->json->put_bool(o->w, "external", s->external);
    put_some(o, "material_type", s->material_type);
    put_some(o, "color", s->color);
    put_some(o, "vendor", s->loaded && s->original ? "Bambu Lab" : "");
    put_some(o, "product", s->product);
    put_some(o, "tray_uuid", s->tray_uuid);
    if (s->weight_grams >= 0)
        o->json->put_int(o->w, "weight_grams", s->weight_grams);
    if (s->remaining_pct >= 0)
        o->json->put_int(o->w, "remaining_pct", s->remaining_pct);
    o->json->end(o->w);
}

static void write_slots(const struct out *o, const struct status *s)
{
    o->json->begin(o->w, "slots", SPD_JSON_ARRAY);
    for (int64_t i = 0; i < s->slot_count; i++)
        write_slot(o, &s->slots[i]);
    o->json->end(o->w);
}

static void write_alerts(const struct out *o, const struct status *s)
{
    char code[CODE_CHARS], text[CODE_TEXT_CHARS];
    o->json->begin(o->w, "alerts", SPD_JSON_ARRAY);
    for (int64_t i = 0; i < s->alert_count; i++) {
        hms_code(&s->alerts[i], code, sizeof(code));
        hms_text(&s->alerts[i], text, sizeof(text));
        o->json->begin(o->w, NULL, SPD_JSON_OBJECT);
        put_text(o, "code", code);
        put_text(o, "severity", hms_severity(&s->alerts[i]));
        put_text(o, "text", text);
        o->json->end(o->w);
    }
    o->json->end(o->w);
}

static void write_error(const struct out *o, const struct status *s)
{
    char code[CODE_CHARS], text[CODE_TEXT_CHARS];
    if (s->error == 0) {
        o->json->put_null(o->w, "error");
        return;
    }
    error_code(s->error, code, sizeof(code));
    error_text(s->error, text, sizeof(text));
    o->json->begin(o->w, "error", SPD_JSON_OBJECT);
    put_text(o, "code", code);
    put_text(o, "text", text);
    o->json->end(o->w);
}

static void write_active_slot(const struct out *o, const struct status *s)
{
    if (s->active_slot == STATUS_NO_SLOT)
        o->json->put_null(o->w, "active_slot");
    else
        o->json->put_int(o->w, "active_slot", s->active_slot);
}

/* One row a member: where it lies, and how it is written.  Members of a kind
 * that can be unknown are left out while they are. */
enum kind { TEXT, FLAG, INTEGER, DEGREES, WRITTEN };

static const struct member {
    const char *name;
    enum kind kind;
    size_t offset, size;
    int64_t unknown;
    void (*write)(const struct out *o, const struct status *s);
} members[] = {
#define AT(m) offsetof(struct status, m), sizeof(((struct status *)0)->m)
    { "state", TEXT, AT(state), 0, NULL },
    { "submission", TEXT, AT(submission), 0, NULL },
    { "canceled", FLAG, AT(canceled), 0, NULL },
    { "job_name", TEXT, AT(job_name), 0, NULL },
    { "stage", TEXT, AT(stage), 0, NULL },
    { "progress_pct", INTEGER, AT(progress_pct), -1, NULL },
    { "remaining_minutes", INTEGER, AT(remaining_minutes), -1, NULL },
    { "layer", INTEGER, AT(layer), -1, NULL },
    { "layers", INTEGER, AT(layers), -1, NULL },
    { "nozzle_celsius", DEGREES, AT(nozzle_celsius), 0, NULL },
    { "nozzle_target_celsius", DEGREES, AT(nozzle_target_celsius), 0, NULL },
    { "bed_celsius", DEGREES, AT(bed_celsius), 0, NULL },
    { "bed_target_celsius", DEGREES, AT(bed_target_celsius), 0, NULL },
    { "chamber_celsius", DEGREES, AT(chamber_celsius), 0, NULL },
    { "nozzle_diameter_mm", DEGREES, AT(nozzle_diameter_mm), 0, NULL },
    { "firmware", TEXT, AT(firmware), 0, NULL },
    { "speed_level", INTEGER, AT(speed_level), -1, NULL },
    { "light", FLAG, AT(light), 0, NULL },
    { "wifi_dbm", INTEGER, AT(wifi_dbm), STATUS_UNKNOWN, NULL },
    { "door_open", FLAG, AT(door_open), 0, NULL },
    { "error", WRITTEN, AT(error), 0, write_error },
    { "alerts", WRITTEN, AT(alerts), 0, write_alerts },
    { "slots", WRITTEN, AT(slots), 0, write_slots },
    { "active_slot", WRITTEN, AT(active_slot), 0, write_active_slot },
};

static bool write_integer(const struct out *o, const struct member *m,
                          const void *at)
{
    int64_t value = 0;
    memcpy(&value, at, sizeof(value));
    if (value == m->unknown)
        return false;
    o->json->put_int(o->w, m->name, value);
    return true;
}

static bool write_flag(const struct out *o, const struct member *m,
                       const void *at)
{
    int8_t value = 0;
    memcpy(&value, at, sizeof(value));
    if (value < 0)
        return false;
    o->json->put_bool(o->w, m->name, value != 0);
    return true;
}

static bool write_degrees(const struct out *o, const struct member *m,
                          const void *at)
{
    double value = 0;
    memcpy(&value, at, sizeof(value));
    if (value <= CELSIUS_UNKNOWN)
        return false;
    o->json->put_real(o->w, m->name, value);
    return true;
}

static bool write_member(const struct out *o, const struct member *m,
                         const struct status *s)
{
    const void *at = (const char *)s + m->offset;
    switch (m->kind) {
    case TEXT:
        put_text(o, m->name, at);
        return true;
    case FLAG:
        return write_flag(o, m, at);
    case INTEGER:
        return write_integer(o, m, at);
    case DEGREES:
        return write_degrees(o, m, at);
    case WRITTEN:
        m->write(o, s);
        return true;
    }
    return false;
}

size_t status_write(const struct status *now, const struct status *before,
                    const struct spd_json_api *json, spd_jsonw *w)
{
    struct out o = { json, w };
    size_t written = 0;
    for (size_t i = 0; i < SPD_COUNT(members); i++) {
        const struct member *m = &members[i];
        if (before != NULL &&
            memcmp((const char *)now + m->offset,
                   (const char *)before + m->offset, m->size) == 0)
            continue;
        written += write_member(&o, m, now);
    }
    return written;
}
