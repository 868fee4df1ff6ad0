#include "report.h"

#include <string.h>

#include "loose.h"

/* ---------------------------------------------------- plain members --- */

enum kind { INTEGER, REAL, TEXT, HEX, TRUTH };

static const struct row {
    const char *name;
    enum kind kind;
    size_t offset, size;
    double least, most;
    size_t known; /* offset of a flag set when the member came; 0: none */
} rows[] = {
#define AT(m) offsetof(struct report, m), sizeof(((struct report *)0)->m)
#define KNOWN(m) offsetof(struct report, m)
    { "gcode_state", TEXT, AT(gcode_state), 0, 0, 0 },
    { "subtask_name", TEXT, AT(subtask_name), 0, 0, 0 },
    { "task_id", TEXT, AT(task_id), 0, 0, 0 },
    { "subtask_id", TEXT, AT(subtask_id), 0, 0, 0 },
    { "print_type", TEXT, AT(print_type), 0, 0, 0 },
    { "wifi_signal", TEXT, AT(wifi_signal), 0, 0, 0 },
    { "stg_cur", INTEGER, AT(stg_cur), -1, 255, 0 },
    { "print_error", INTEGER, AT(print_error), 0, UINT32_MAX, 0 },
    { "mc_percent", INTEGER, AT(mc_percent), 0, 100, 0 },
    { "mc_remaining_time", INTEGER, AT(mc_remaining_minutes), 0, 100000, 0 },
    { "layer_num", INTEGER, AT(layer_num), 0, 1000000, 0 },
    { "total_layer_num", INTEGER, AT(total_layer_num), 0, 1000000, 0 },
    { "gcode_file_prepare_percent", INTEGER, AT(prepare_percent), 0, 100, 0 },
    { "spd_lvl", INTEGER, AT(spd_lvl), 0, 4, 0 },
    { "spd_mag", INTEGER, AT(spd_mag), 0, 1000, 0 },
    { "cooling_fan_speed", INTEGER, AT(fan_part), 0, 15, 0 },
    { "big_fan1_speed", INTEGER, AT(fan_aux), 0, 15, 0 },
    { "big_fan2_speed", INTEGER, AT(fan_chamber), 0, 15, 0 },
    { "heatbreak_fan_speed", INTEGER, AT(fan_hotend), 0, 15, 0 },
    { "sdcard", TRUTH, AT(sdcard), 0, 1, 0 },
    { "home_flag", INTEGER, AT(home_flag), INT32_MIN, UINT32_MAX,
      KNOWN(home_flag_known) },
    { "stat", HEX, AT(stat), 0, 0, KNOWN(stat_known) },
    { "fun", HEX, AT(fun), 0, 0, KNOWN(fun_known) },
    { "nozzle_temper", REAL, AT(nozzle_celsius), -100, 1000, 0 },
    { "nozzle_target_temper", REAL, AT(nozzle_target_celsius), 0, 1000, 0 },
    { "bed_temper", REAL, AT(bed_celsius), -100, 1000, 0 },
    { "bed_target_temper", REAL, AT(bed_target_celsius), 0, 1000, 0 },
    { "chamber_temper", REAL, AT(chamber_celsius), -100, 1000, 0 },
    { "nozzle_diameter", REAL, AT(nozzle_diameter_mm), 0.05, 5, 0 },
    { "nozzle_type", TEXT, AT(nozzle_type), 0, 0, 0 },
};

static bool between(double value, const struct row *row)
{
    return value >= row->least && value <= row->most;
}

static bool read_row(char *base, const struct row *row,
                     const struct spd_json_api *json, const spd_json *print)
{
    int64_t whole = 0;
    double real = 0;
    void *out = base + row->offset;
    switch (row->kind) {
    case INTEGER:
        if (!loose_int(json, print, row->name, &whole) ||
            !between((double)whole, row))
            return false;
        memcpy(out, &whole, sizeof(whole));
        return true;
    case REAL:
        if (!loose_real(json, print, row->name, &real) || !between(real, row))
            return false;
        memcpy(out, &real, sizeof(real));
        return true;
    case TEXT:
        return loose_text(json, print, row->name, out, row->size);
    case HEX:
        return loose_hex(json, print, row->name, out);
    case TRUTH:
        if (!loose_bool(json, print, row->name, &whole))
            return false;
        memcpy(out, &whole, sizeof(whole));
        return true;
    }
    return false;
}

static bool is_there(const struct spd_json_api *json, const spd_json *object,
                     const char *name)
{
    return json->type(json->member(object, name)) != SPD_JSON_NULL;
}

static void merge_rows(struct report *r, const struct spd_json_api *json,
                       const spd_json *print)
{
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        if (!is_there(json, print, row->name))
            continue;
        if (!read_row((char *)r, row, json, print))
            r->odd++;
        else if (row->known != 0)
            memset((char *)r + row->known, 1, 1);
    }
}

/* ------------------------------------------------ units and trays ----- */

static const struct {
    const char *name;
    size_t offset, size;
} tray_texts[] = {
#define TRAY(m) offsetof(struct tray, m), sizeof(((struct tray *)0)->m)
    { "tray_type", TRAY(type) },         { "tray_sub_brands", TRAY(sub_brand) },
    { "tray_info_idx", TRAY(info_idx) }, { "tray_color", TRAY(color) },
    { "tray_uuid", TRAY(uuid) },
};

static void tray_clear(struct tray *t)
{
    memset(t, 0, sizeof(*t));
    t->remain_pct = -1;
}

static int64_t celsius_or_none(int64_t value)
{
    return value > 0 && value <= 500 ? value : 0;
}

/* A tray told as no more than {id} or {id, state} is an empty one. */
static bool tray_is_bare(const struct spd_json_api *json, const spd_json *tray)
{
    size_t members = json->count(tray);
    return members == 1 || (members == 2 && is_there(json, tray, "state"));
}

static void tray_merge(struct tray *t, const struct spd_json_api *json,
                       const spd_json *tray)
{
    if (tray_is_bare(json, tray)) {
        tray_clear(t);
        return;
    }
    for (size_t i = 0; i < SPD_COUNT(tray_texts); i++)
        (void)loose_text(json, tray, tray_texts[i].name,
                         (char *)t + tray_texts[i].offset, tray_texts[i].size);
    int64_t number = 0;
    if (loose_int(json, tray, "tray_weight", &number))
        t->weight_grams = number >= 0 && number <= 100000 ? number : 0;
    if (loose_int(json, tray, "remain", &number))
        t->remain_pct = number >= 0 && number <= 100 ? number : -1;
    if (loose_int(json, tray, "nozzle_temp_min", &number))
        t->nozzle_celsius_least = celsius_or_none(number);
    if (loose_int(json, tray, "nozzle_temp_max", &number))
        t->nozzle_celsius_most = celsius_or_none(number);
}

static struct unit *unit_find(struct report *r, int64_t id)
{
    for (size_t i = 0; i < r->unit_count; i++)
        if (r->units[i].id == id)
            return &r->units[i];
    return NULL;
}

static bool unit_id_is_sane(int64_t id)
{
    return (id >= 0 && id <= UNIT_A2L_LITE) ||
           (id >= UNIT_HT_FIRST && id <= UNIT_HT_LAST);
}

static struct unit *unit_need(struct report *r, int64_t id)
{
    struct unit *u = unit_find(r, id);
    if (u != NULL || r->unit_count == REPORT_UNITS_MAX || !unit_id_is_sane(id))
        return u;
    u = &r->units[r->unit_count++];
    u->id = id;
    u->humidity_index = u->humidity_pct = u->dry_minutes = -1;
    for (size_t i = 0; i < REPORT_TRAYS_MAX; i++)
        tray_clear(&u->tray[i]);
    return u;
}

static int64_t within(int64_t value, int64_t least, int64_t most)
{
    return value >= least && value <= most ? value : -1;
}

static void merge_climate(struct unit *u, const struct spd_json_api *json,
                          const spd_json *unit)
{
    int64_t number = 0;
    double celsius = 0;
    (void)loose_hex(json, unit, "info", &u->info);
    if (loose_int(json, unit, "humidity", &number))
        u->humidity_index = within(number, 1, 5);
    if (loose_int(json, unit, "humidity_raw", &number))
        u->humidity_pct = within(number, 1, 100);
    if (loose_int(json, unit, "dry_time", &number))
        u->dry_minutes = within(number, 0, 100000);
    if (loose_real(json, unit, "temp", &celsius))
        u->celsius = celsius > 0 && celsius < 200 ? celsius : 0;
}

static void merge_unit(struct report *r, const struct spd_json_api *json,
                       const spd_json *unit)
{
    int64_t id = -1;
    struct unit *u = NULL;
    if (loose_int(json, unit, "id", &id))
        u = unit_need(r, id);
    if (u == NULL) {
        r->odd++;
        return;
    }
    merge_climate(u, json, unit);
    const spd_json *trays = json->member(unit, "tray");
    size_t count = json->count(trays);
    for (size_t i = 0; i < count && i < 2 * REPORT_TRAYS_MAX; i++) {
        const spd_json *tray = json->item(trays, i);
        int64_t slot = -1;
        if (loose_int(json, tray, "id", &slot) && slot >= 0 &&
            slot < REPORT_TRAYS_MAX)
            tray_merge(&u->tray[slot], json, tray);
        else
            r->odd++;
    }
}

int report_slot_bit(int64_t unit, int64_t slot)
{
    if (unit >= UNIT_HT_FIRST && unit <= UNIT_HT_LAST)
        return 16 + (int)(unit - UNIT_HT_FIRST);
    if (unit == UNIT_A2L_LITE)
        return 24 + (int)slot;
    if (unit >= 0 && unit < REPORT_UNITS_MAX / REPORT_TRAYS_MAX)
        return (int)(unit * REPORT_TRAYS_MAX + slot);
    return -1;
}

/* A printer that switches off says once that all its units are gone. */
static bool is_switching_off(const struct spd_json_api *json,
                             const spd_json *ams, uint64_t units,
                             uint64_t trays)
{
    const spd_json *on = json->member(ams, "power_on_flag");
    return units == 0 && trays == 0 && json->type(on) == SPD_JSON_BOOL &&
           !json->as_bool(on, true);
}

static void merge_bits(struct report *r, const struct spd_json_api *json,
                       const spd_json *ams)
{
    uint64_t units = r->unit_bits, trays = r->tray_bits;
    bool told = loose_hex(json, ams, "tray_exist_bits", &trays);
    (void)loose_hex(json, ams, "ams_exist_bits", &units);
    if (!told || (r->bits_known && is_switching_off(json, ams, units, trays)))
        return;
    r->unit_bits = units;
    r->tray_bits = trays;
    r->bits_known = true;
}

static void merge_ams(struct report *r, const struct spd_json_api *json,
                      const spd_json *ams)
{
    if (json->type(ams) != SPD_JSON_OBJECT)
        return;
    const spd_json *units = json->member(ams, "ams");
    size_t count = json->count(units);
    for (size_t i = 0; i < count && i < 2 * REPORT_UNITS_MAX; i++)
        merge_unit(r, json, json->item(units, i));
    merge_bits(r, json, ams);
    (void)loose_int(json, ams, "tray_now", &r->tray_now);
}

static void merge_external(struct report *r, const struct spd_json_api *json,
                           const spd_json *tray, bool alone)
{
    int64_t id = SLOT_EXTERNAL_MAIN;
    if (json->type(tray) != SPD_JSON_OBJECT)
        return;
    (void)loose_int(json, tray, "id", &id);
    size_t side = !alone && id == SLOT_EXTERNAL_LEFT ? 1 : 0;
    r->external_known[side] = true;
    tray_merge(&r->external[side], json, tray);
}

/* Newer firmware lists the external spools in vir_slot, and some repeats one
 * of them as vt_tray: the list knows better. */
static void merge_externals(struct report *r, const struct spd_json_api *json,
                            const spd_json *print)
{
    const spd_json *list = json->member(print, "vir_slot");
    size_t count = json->count(list);
    bool alone = count < 2 && !r->external_known[1];
    for (size_t i = 0; i < count && i < 2; i++)
        merge_external(r, json, json->item(list, i), alone);
    if (count == 0)
        merge_external(r, json, json->member(print, "vt_tray"), true);
}

/* ------------------------------------------------------ the others ---- */

static void merge_hms(struct report *r, const struct spd_json_api *json,
                      const spd_json *list)
{
    if (json->type(list) != SPD_JSON_ARRAY)
        return;
    size_t count = json->count(list);
    memset(r->hms, 0, sizeof(r->hms));
    r->hms_count = 0;
    for (size_t i = 0; i < count && r->hms_count < REPORT_HMS_MAX; i++) {
        const spd_json *entry = json->item(list, i);
        int64_t attr = -1, code = -1;
        (void)loose_int(json, entry, "attr", &attr);
        (void)loose_int(json, entry, "code", &code);
        if (attr < 0 || attr > UINT32_MAX || code < 0 || code > UINT32_MAX) {
            r->odd++;
            continue;
        }
        r->hms[r->hms_count].attr = (uint32_t)attr;
        r->hms[r->hms_count++].code = (uint32_t)code;
    }
}

static struct light *light_need(struct report *r, const char *node)
{
    for (size_t i = 0; i < r->light_count; i++)
        if (strcmp(r->lights[i].node, node) == 0)
            return &r->lights[i];
    if (r->light_count == REPORT_LIGHTS_MAX)
        return NULL;
    struct light *light = &r->lights[r->light_count++];
    text_copy(light->node, sizeof(light->node), text_of(node));
    return light;
}

static void merge_lights(struct report *r, const struct spd_json_api *json,
                         const spd_json *list)
{
    size_t count = json->count(list);
    for (size_t i = 0; i < count && i < 2 * REPORT_LIGHTS_MAX; i++) {
        const spd_json *entry = json->item(list, i);
        char node[sizeof(r->lights[0].node)] = "";
        struct light *light = NULL;
        if (loose_text(json, entry, "node", node, sizeof(node)))
            light = light_need(r, node);
        if (light != NULL)
            (void)loose_text(json, entry, "mode", light->mode,
                             sizeof(light->mode));
    }
}

/* A list of numbers replaces the one before; what is no number in it is
 * counted and left out. */
static void merge_numbers(struct report *r, const struct spd_json_api *json,
                          const spd_json *list, int64_t *out, size_t most,
                          size_t *out_count)
{
    if (json->type(list) != SPD_JSON_ARRAY)
        return;
    size_t count = json->count(list);
    *out_count = 0;
    for (size_t i = 0; i < count && *out_count < most; i++) {
        const spd_json *number = json->item(list, i);
        if (json->type(number) == SPD_JSON_INT)
            out[(*out_count)++] = json->as_int(number, 0);
        else
            r->odd++;
    }
}

static struct nozzle *nozzle_of(struct report *r,
                                const struct spd_json_api *json,
                                const spd_json *entry)
{
    int64_t id = -1;
    if (!loose_int(json, entry, "id", &id) || id < 0 ||
        id >= REPORT_NOZZLES_MAX)
        return NULL;
    r->nozzles[id].known = true;
    return &r->nozzles[id];
}

static void merge_extruders(struct report *r, const struct spd_json_api *json,
                            const spd_json *extruder)
{
    (void)loose_int(json, extruder, "state", &r->extruder_state);
    const spd_json *list = json->member(extruder, "info");
    size_t count = json->count(list);
    for (size_t i = 0; i < count && i < 8; i++) {
        struct nozzle *n = nozzle_of(r, json, json->item(list, i));
        if (n == NULL)
            continue;
        (void)loose_int(json, json->item(list, i), "temp", &n->packed_celsius);
        (void)loose_int(json, json->item(list, i), "snow", &n->loaded);
    }
}

static void merge_nozzles(struct report *r, const struct spd_json_api *json,
                          const spd_json *nozzle)
{
    const spd_json *list = json->member(nozzle, "info");
    size_t count = json->count(list);
    for (size_t i = 0; i < count && i < 8; i++) {
        struct nozzle *n = nozzle_of(r, json, json->item(list, i));
        double mm = 0;
        if (n != NULL &&
            loose_real(json, json->item(list, i), "diameter", &mm) &&
            mm > 0.05 && mm < 5)
            n->diameter_mm = mm;
        if (n != NULL)
            (void)loose_text(json, json->item(list, i), "type", n->type,
                             sizeof(n->type));
    }
}

static void merge_device(struct report *r, const struct spd_json_api *json,
                         const spd_json *device)
{
    if (json->type(device) != SPD_JSON_OBJECT)
        return;
    merge_extruders(r, json, json->member(device, "extruder"));
    merge_nozzles(r, json, json->member(device, "nozzle"));
    const spd_json *bed = json->member(device, "bed");
    const spd_json *chamber = json->member(device, "ctc");
    (void)loose_int(json, json->member(bed, "info"), "temp", &r->bed_packed);
    (void)loose_int(json, json->member(chamber, "info"), "temp",
                    &r->chamber_packed);
}

/* --------------------------------------------------------- whole ------ */

void report_init(struct report *r)
{
    memset(r, 0, sizeof(*r));
    r->stg_cur = -1;
    r->mc_percent = r->mc_remaining_minutes = -1;
    r->layer_num = r->total_layer_num = -1;
    r->spd_lvl = r->spd_mag = r->print_error = r->prepare_percent = -1;
    r->fan_part = r->fan_aux = r->fan_chamber = r->fan_hotend = -1;
    r->sdcard = -1;
    r->tray_now = SLOT_EXTERNAL_MAIN;
    r->nozzle_celsius = r->nozzle_target_celsius = CELSIUS_UNKNOWN;
    r->bed_celsius = r->bed_target_celsius = CELSIUS_UNKNOWN;
    r->chamber_celsius = CELSIUS_UNKNOWN;
    r->extruder_state = r->bed_packed = r->chamber_packed = -1;
    r->sequence = -1;
    for (size_t i = 0; i < REPORT_NOZZLES_MAX; i++)
        r->nozzles[i].packed_celsius = r->nozzles[i].loaded = -1;
    for (size_t i = 0; i < 2; i++)
        tray_clear(&r->external[i]);
}

/* `msg` tells, where it is sent: 0 whole, 1 partial.  Old firmware sends all,
 * always, and no `msg`; new firmware sends crumbs without one. */
static bool is_whole(const struct spd_json_api *json, const spd_json *print)
{
    static const char *const marks[] = { "gcode_state", "print_error",
                                         "nozzle_temper", "home_flag",
                                         "lights_report" };
    int64_t msg = 0;
    if (loose_int(json, print, "msg", &msg))
        return msg == 0 && is_there(json, print, "gcode_state");
    for (size_t i = 0; i < SPD_COUNT(marks); i++)
        if (!is_there(json, print, marks[i]))
            return false;
    return true;
}

void report_forget(struct report *r)
{
    struct report fresh;
    report_init(&fresh);
    memcpy(fresh.product, r->product, sizeof(fresh.product));
    memcpy(fresh.firmware, r->firmware, sizeof(fresh.firmware));
    fresh.odd = r->odd;
    memcpy(r, &fresh, sizeof(*r));
}

/* A partial report continues the picture when it is the very next one. */
static void note_sequence(struct report *r, const struct spd_json_api *json,
                          const spd_json *print, int64_t before,
                          bool was_complete)
{
    int64_t sequence = -1;
    (void)loose_int(json, print, "sequence_id", &sequence);
    bool continues = before >= 0 && sequence == before + 1;
    r->complete = is_whole(json, print) || (was_complete && continues);
    r->sequence = sequence;
}

/* Below the last count, and not so far below that the printer counts anew: a
 * report that was overtaken.  What it says is old. */
static bool is_overtaken(const struct report *r,
                         const struct spd_json_api *json, const spd_json *print)
{
    enum { OVERTAKEN_BY_MOST = 64 };
    int64_t sequence = -1;
    return loose_int(json, print, "sequence_id", &sequence) && sequence >= 0 &&
           sequence < r->sequence && r->sequence - sequence < OVERTAKEN_BY_MOST;
}

static void count_odd_containers(struct report *r,
                                 const struct spd_json_api *json,
                                 const spd_json *print)
{
    static const struct {
        const char *name;
        enum spd_json_type type;
    } containers[] = {
        { "ams", SPD_JSON_OBJECT },     { "vt_tray", SPD_JSON_OBJECT },
        { "vir_slot", SPD_JSON_ARRAY }, { "hms", SPD_JSON_ARRAY },
        { "device", SPD_JSON_OBJECT },  { "lights_report", SPD_JSON_ARRAY },
        { "s_obj", SPD_JSON_ARRAY },    { "mapping", SPD_JSON_ARRAY },
    };
    for (size_t i = 0; i < SPD_COUNT(containers); i++)
        r->odd += is_there(json, print, containers[i].name) &&
                  json->type(json->member(print, containers[i].name)) !=
                      containers[i].type;
}

bool report_is_complete(const struct report *r)
{
    return r->complete;
}

bool report_merge(struct report *r, const struct spd_json_api *json,
                  const spd_json *print)
{
    bool whole = is_whole(json, print), was_complete = r->complete;
    int64_t before = r->sequence;
    if (is_overtaken(r, json, print)) {
        r->odd++;
        return false;
    }
    if (whole)
        report_forget(r);
    note_sequence(r, json, print, before, was_complete);
    count_odd_containers(r, json, print);
    merge_rows(r, json, print);
    merge_ams(r, json, json->member(print, "ams"));
    merge_externals(r, json, print);
    merge_hms(r, json, json->member(print, "hms"));
    merge_lights(r, json, json->member(print, "lights_report"));
    merge_numbers(r, json, json->member(print, "s_obj"), r->skipped,
                  REPORT_SKIPPED_MAX, &r->skipped_count);
    merge_numbers(r, json, json->member(print, "mapping"), r->mapping,
                  REPORT_MAPPING_MAX, &r->mapping_count);
    merge_device(r, json, json->member(print, "device"));
    return whole;
}

void report_merge_version(struct report *r, const struct spd_json_api *json,
                          const spd_json *info)
{
    const spd_json *modules = json->member(info, "module");
    size_t count = json->count(modules);
    for (size_t i = 0; i < count && i < 64; i++) {
        const spd_json *module = json->item(modules, i);
        char name[16] = "";
        (void)loose_text(json, module, "name", name, sizeof(name));
        if (strcmp(name, "ota") != 0)
            continue;
        if (!loose_text(json, module, "product_name", r->product,
                        sizeof(r->product)))
            (void)loose_text(json, module, "project_name", r->product,
                             sizeof(r->product));
        (void)loose_text(json, module, "sw_ver", r->firmware,
                         sizeof(r->firmware));
        return;
    }
}

bool report_is_dual(const struct report *r)
{
    return r->external_known[1] || r->nozzles[1].known;
}

size_t report_active_nozzle(const struct report *r)
{
    if (r->extruder_state < 0)
        return 0;
    size_t index = (size_t)((r->extruder_state >> 4) & 15);
    return index < REPORT_NOZZLES_MAX && r->nozzles[index].known ? index : 0;
}
