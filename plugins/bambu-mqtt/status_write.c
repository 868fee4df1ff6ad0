/* Writing a status in the host's words: see status.h. */
#include "status.h"

#include <string.h>

#include "loose.h"

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

static void write_lamps(const struct out *o, const struct status *s)
{
    o->json->begin(o->w, "lights", SPD_JSON_ARRAY);
    for (int64_t i = 0; i < s->lamp_count; i++) {
        o->json->begin(o->w, NULL, SPD_JSON_OBJECT);
        put_text(o, "name", s->lamps[i].name);
        o->json->put_bool(o->w, "on", s->lamps[i].on != 0);
        o->json->end(o->w);
    }
    o->json->end(o->w);
}

static void write_fans(const struct out *o, const struct status *s)
{
    static const char *const names[] = {
        [FAN_PART] = "part",
        [FAN_AUX] = "auxiliary",
        [FAN_CHAMBER] = "chamber",
        [FAN_HOTEND] = "hot end",
    };
    o->json->begin(o->w, "fans", SPD_JSON_ARRAY);
    for (size_t i = 0; i < FAN_COUNT; i++) {
        if (s->fans[i] < 0)
            continue;
        o->json->begin(o->w, NULL, SPD_JSON_OBJECT);
        put_text(o, "name", names[i]);
        o->json->put_int(o->w, "pct", s->fans[i]);
        o->json->end(o->w);
    }
    o->json->end(o->w);
}

static void put_known(const struct out *o, const char *name, double value)
{
    if (value > CELSIUS_UNKNOWN)
        o->json->put_real(o->w, name, value);
}

static void put_slot(const struct out *o, const char *name, int64_t slot)
{
    if (slot == STATUS_NO_SLOT)
        o->json->put_null(o->w, name);
    else
        o->json->put_int(o->w, name, slot);
}

static void write_heads(const struct out *o, const struct status *s)
{
    o->json->begin(o->w, "nozzles", SPD_JSON_ARRAY);
    for (int64_t i = 0; i < s->head_count; i++) {
        const struct head *head = &s->heads[i];
        o->json->begin(o->w, NULL, SPD_JSON_OBJECT);
        put_text(o, "name", head->name);
        put_some(o, "type", head->type);
        put_known(o, "diameter_mm", head->diameter_mm);
        put_known(o, "celsius", head->celsius);
        put_known(o, "target_celsius", head->target_celsius);
        put_slot(o, "slot", head->slot);
        o->json->end(o->w);
    }
    o->json->end(o->w);
}

static void put_count(const struct out *o, const char *name, int64_t value)
{
    if (value >= 0)
        o->json->put_int(o->w, name, value);
}

static void write_feeders(const struct out *o, const struct status *s)
{
    o->json->begin(o->w, "units", SPD_JSON_ARRAY);
    for (int64_t i = 0; i < s->feeder_count; i++) {
        const struct feeder *f = &s->feeders[i];
        o->json->begin(o->w, NULL, SPD_JSON_OBJECT);
        o->json->put_int(o->w, "unit", f->number);
        put_text(o, "name", f->name);
        put_text(o, "kind", f->kind);
        put_count(o, "dryness", f->humidity_index);
        put_count(o, "humidity_pct", f->humidity_pct);
        put_known(o, "celsius", f->celsius);
        put_count(o, "drying_minutes", f->dry_minutes);
        o->json->end(o->w);
    }
    o->json->end(o->w);
}

static void write_skipped(const struct out *o, const struct status *s)
{
    o->json->begin(o->w, "skipped", SPD_JSON_ARRAY);
    for (int64_t i = 0; i < s->skipped_count; i++)
        o->json->put_int(o->w, NULL, s->skipped[i]);
    o->json->end(o->w);
}

static void write_obedience(const struct out *o, const struct status *s)
{
    static const char *const words[] = {
        [OBEDIENCE_UNKNOWN] = "unknown",
        [OBEDIENCE_OFF] = "off",
        [OBEDIENCE_ON] = "on",
    };
    put_text(o, "remote_control", words[s->obeys]);
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
        hms_link(&s->alerts[i], text, sizeof(text));
        put_text(o, "link", text);
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
    put_text(o, "link", error_link());
    o->json->end(o->w);
}

static void write_active_slot(const struct out *o, const struct status *s)
{
    put_slot(o, "active_slot", s->active_slot);
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
    { "speed_pct", INTEGER, AT(speed_pct), -1, NULL },
    { "fans", WRITTEN, AT(fans), 0, write_fans },
    { "lights", WRITTEN, AT(lamps), 0, write_lamps },
    { "nozzle_type", TEXT, AT(nozzle_type), 0, NULL },
    { "nozzles", WRITTEN, AT(heads), 0, write_heads },
    { "units", WRITTEN, AT(feeders), 0, write_feeders },
    { "skipped", WRITTEN, AT(skipped), 0, write_skipped },
    { "storage_ready", FLAG, AT(storage_ready), 0, NULL },
    { "remote_control", WRITTEN, AT(obeys), 0, write_obedience },
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
