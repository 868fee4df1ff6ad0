#include "status.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "loose.h"

/* ------------------------------------------------------------- slots -- */

enum { BIT_WEIGHS = 7, BIT_CARD = 8, BIT_CARD_BAD = 9, BIT_DOOR = 23 };

static bool bit(uint64_t bits, int index)
{
    return index >= 0 && index < 64 && (bits >> index & 1) != 0;
}

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

/* Estimating what is left can be switched off at the printer. */
static bool is_weighing(const struct report *r)
{
    return !r->home_flag_known || bit((uint32_t)r->home_flag, BIT_WEIGHS);
}

/* What remains is measured by turning tagged spools: for others, and from an
 * AMS that does not measure, 0 is a default and not a measurement. */
static int32_t remaining_of(const struct tray *t, bool weighs)
{
    bool is_measured = is_tagged(t) && weighs;
    if (t->remain_pct < 0 || (t->remain_pct == 0 && !is_measured))
        return -1;
    return (int32_t)t->remain_pct;
}

static void take_tray(struct slot *s, const struct tray *t, bool weighs)
{
    s->weight_grams = s->remaining_pct = -1;
    if (!s->loaded)
        return; /* the text may be of the spool that was there before */
    text_copy(s->material_type, sizeof(s->material_type), text_of(t->type));
    text_copy(s->product, sizeof(s->product), text_of(t->sub_brand));
    take_color(s->color, sizeof(s->color), t->color);
    if (is_tagged(t))
        text_copy(s->tray_uuid, sizeof(s->tray_uuid), text_of(t->uuid));
    s->original = is_tagged(t); /* the masks say it of others, too */
    if (t->weight_grams > 0)
        s->weight_grams = (int32_t)t->weight_grams;
    s->remaining_pct = remaining_of(t, weighs);
}

static struct slot *add_slot(struct status *s, int32_t number)
{
    if (s->slot_count == STATUS_SLOTS_MAX)
        return NULL;
    struct slot *slot = &s->slots[s->slot_count++];
    slot->number = number;
    return slot;
}

/* A unit says what it is; where it is silent, the model knows. */
static const char *kind_of(const struct unit *u, const struct model *model)
{
    static const char *const kinds[] = { [1] = "AMS",
                                         [2] = "AMS lite",
                                         [3] = "AMS 2 Pro",
                                         [4] = "AMS HT",
                                         [5] = "AMS lite" };
    size_t kind = (size_t)(u->info & 0xF);
    if (kind < SPD_COUNT(kinds) && kinds[kind] != NULL)
        return kinds[kind];
    if (u->id >= UNIT_HT_FIRST)
        return kinds[4];
    return model->lite || u->id == UNIT_A2L_LITE ? kinds[2] : kinds[1];
}

static void name_unit(char *out, size_t size, int64_t unit)
{
    bool is_ht = unit >= UNIT_HT_FIRST;
    int64_t index = is_ht ? unit - UNIT_HT_FIRST : unit % UNIT_A2L_LITE;
    (void)snprintf(out, size, "%s %d", is_ht ? "HT" : "AMS", (int)index + 1);
}

static void name_slot(struct slot *s, int64_t unit, int64_t slot)
{
    char name[16];
    name_unit(name, sizeof(name), unit);
    if (unit >= UNIT_HT_FIRST)
        (void)snprintf(s->name, sizeof(s->name), "%s", name);
    else
        (void)snprintf(s->name, sizeof(s->name), "%s, slot %d", name,
                       (int)slot + 1);
}

static void take_unit(struct status *s, const struct report *r,
                      const struct unit *u, bool weighs)
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
        take_tray(slot, t, weighs);
    }
}

static void take_feeder(struct status *s, const struct unit *u,
                        const struct model *model)
{
    struct feeder *f = &s->feeders[s->feeder_count++];
    f->number = u->id;
    name_unit(f->name, sizeof(f->name), u->id);
    text_copy(f->kind, sizeof(f->kind), text_of(kind_of(u, model)));
    f->humidity_index = u->humidity_index;
    f->humidity_pct = u->humidity_pct;
    f->dry_minutes = u->dry_minutes;
    f->celsius = u->celsius > 0 ? u->celsius : CELSIUS_UNKNOWN;
}

bool status_is_external(int64_t number)
{
    return number == SLOT_EXTERNAL_LEFT || number == SLOT_EXTERNAL_MAIN;
}

static int32_t external_number(const struct report *r, size_t side)
{
    return side == 0 && report_is_dual(r) ? SLOT_EXTERNAL_MAIN
                                          : SLOT_EXTERNAL_LEFT;
}

/* No sensor sees an external spool: it is there when a person said what. */
static void take_external(struct status *s, const struct report *r, size_t side)
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
    take_tray(slot, &r->external[side], false);
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

/* A print of one filament says which slot that comes from. */
static int64_t mapped_slot(const struct report *r)
{
    if (r->mapping_count != 1)
        return STATUS_NO_SLOT;
    return loaded_slot(r, r->mapping[0]);
}

/* tray_now counts within one unit on printers with two nozzles, so the
 * nozzle's own word goes first. */
static int64_t active_slot(const struct report *r, const struct model *model)
{
    const struct nozzle *n = &r->nozzles[report_active_nozzle(r)];
    if (n->loaded >= 0)
        return loaded_slot(r, n->loaded);
    if (r->tray_now == SLOT_EXTERNAL_LEFT)
        return external_number(r, 0);
    if (r->tray_now < 0 || r->tray_now >= SLOT_EXTERNAL_LEFT)
        return STATUS_NO_SLOT;
    return model->local_slots ? mapped_slot(r) : r->tray_now;
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
                            : r->nozzle_diameter_mm > 0 ? r->nozzle_diameter_mm
                                                        : CELSIUS_UNKNOWN;
}

/* ----------------------------------------------------- nozzles, fans -- */

/* Two letters, of which the second is the flow, and what it is made of. */
static bool take_nozzle_code(const char *code, char *out, size_t size)
{
    static const struct {
        const char *digits, *material;
    } materials[] = {
        { "00", "stainless steel" },
        { "01", "hardened steel" },
        { "05", "tungsten carbide" },
    };
    if (strlen(code) != 4 || code[0] != 'H')
        return false;
    for (size_t i = 0; i < SPD_COUNT(materials); i++)
        if (strcmp(code + 2, materials[i].digits) == 0) {
            (void)snprintf(out, size, "%s%s", materials[i].material,
                           code[1] == 'H' ? ", high flow" : "");
            return true;
        }
    return false;
}

/* "hardened_steel", or a code; one never heard of is shown as it is. */
static void take_nozzle_type(const char *told, char *out, size_t size)
{
    if (take_nozzle_code(told, out, size))
        return;
    text_copy(out, size, text_of(told));
    for (char *at = out; *at != '\0'; at++)
        if (*at == '_')
            *at = ' ';
}

static double hundredths(double value)
{
    return round(value * 100) / 100;
}

static void take_heads(struct status *s, const struct report *r)
{
    static const char *const names[] = { "right", "left" };
    if (!report_is_dual(r))
        return;
    for (size_t i = 0; i < REPORT_NOZZLES_MAX; i++) {
        const struct nozzle *n = &r->nozzles[i];
        struct head *head = &s->heads[s->head_count++];
        text_copy(head->name, sizeof(head->name), text_of(names[i]));
        take_nozzle_type(n->type, head->type, sizeof(head->type));
        head->celsius = packed_current(n->packed_celsius, CELSIUS_UNKNOWN);
        head->target_celsius =
            packed_target(n->packed_celsius, CELSIUS_UNKNOWN);
        head->diameter_mm =
            n->diameter_mm > 0 ? hundredths(n->diameter_mm) : CELSIUS_UNKNOWN;
        head->slot =
            n->loaded >= 0 ? loaded_slot(r, n->loaded) : STATUS_NO_SLOT;
    }
}

static void take_nozzle(struct status *s, const struct report *r)
{
    const struct nozzle *n = &r->nozzles[report_active_nozzle(r)];
    take_nozzle_type(n->type[0] != '\0' ? n->type : r->nozzle_type,
                     s->nozzle_type, sizeof(s->nozzle_type));
    take_heads(s, r);
}

static int8_t percent_of_15(int64_t steps)
{
    return (int8_t)(steps < 0 ? -1 : (steps * 100 + 7) / 15);
}

static void take_fans(struct status *s, const struct report *r)
{
    s->fans[FAN_PART] = percent_of_15(r->fan_part);
    s->fans[FAN_AUX] = percent_of_15(r->fan_aux);
    s->fans[FAN_CHAMBER] = percent_of_15(r->fan_chamber);
    s->fans[FAN_HOTEND] = percent_of_15(r->fan_hotend);
}

/* ------------------------------------------------------------ lights -- */

static const struct {
    const char *node, *name;
} lamp_names[] = {
    { "chamber_light", "chamber" },
    { "chamber_light2", "chamber 2" },
    { "work_light", "work light" },
    { "heatbed_light", "bed" },
};

/* A light never heard of is shown by the printer's name for it. */
static void take_lights(struct status *s, const struct report *r)
{
    for (size_t i = 0; i < r->light_count; i++) {
        const struct light *light = &r->lights[i];
        struct lamp *lamp = &s->lamps[s->lamp_count++];
        const char *name = light->node;
        for (size_t k = 0; k < SPD_COUNT(lamp_names); k++)
            if (strcmp(lamp_names[k].node, light->node) == 0)
                name = lamp_names[k].name;
        text_copy(lamp->name, sizeof(lamp->name), text_of(name));
        lamp->on = strcmp(light->mode, "off") != 0;
        if (strcmp(light->node, "chamber_light") == 0)
            s->light = lamp->on;
    }
}

/* ------------------------------------------------------------- rest --- */

static bool is_active(const struct job *job)
{
    return job->shown == JOB_PREPARING || job->shown == JOB_PRINTING;
}

/* The number for rest is some models' number for plain printing, too. */
static const char *stage_of(const struct report *r, const struct job *job,
                            const struct model *model)
{
    bool plain = r->stg_cur == 0 || r->stg_cur == model->idle_stage;
    const char *text = plain ? "" : stage_text(r->stg_cur);
    if (text[0] != '\0')
        return text;
    if (job->shown == JOB_PREPARING)
        return "preparing";
    return is_active(job) ? "printing" : "";
}

static void take_job(struct status *s, const struct report *r,
                     const struct job *job, const struct model *model)
{
    text_copy(s->state, sizeof(s->state), text_of(job_state_word(job->shown)));
    text_copy(s->submission, sizeof(s->submission), text_of(job->submission));
    text_copy(s->job_name, sizeof(s->job_name), text_of(r->subtask_name));
    text_copy(s->stage, sizeof(s->stage), text_of(stage_of(r, job, model)));
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

/* Where files go: present, and not reported as damaged. */
static int8_t storage_of(const struct report *r)
{
    uint32_t flags = (uint32_t)r->home_flag;
    if (!r->home_flag_known)
        return (int8_t)r->sdcard;
    return bit(flags, BIT_CARD) && !bit(flags, BIT_CARD_BAD);
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
    s->speed_pct = r->spd_mag;
    s->storage_ready = storage_of(r);
    memcpy(s->skipped, r->skipped, sizeof(s->skipped));
    s->skipped_count = (int64_t)r->skipped_count;
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
    s->nozzle_diameter_mm = CELSIUS_UNKNOWN;
    s->active_slot = STATUS_NO_SLOT;
    s->speed_pct = -1;
    s->storage_ready = -1;
    memset(s->fans, -1, sizeof(s->fans));
}

void status_derive(struct status *s, const struct report *r,
                   const struct job *job, const struct model *model)
{
    bool weighs = model->weighs_spools && is_weighing(r);
    status_init(s);
    take_job(s, r, job, model);
    take_temperatures(s, r, model);
    take_nozzle(s, r);
    take_fans(s, r);
    take_lights(s, r);
    take_rest(s, r, model);
    for (size_t i = 0; i < r->unit_count; i++) {
        take_unit(s, r, &r->units[i], weighs);
        take_feeder(s, &r->units[i], model);
    }
    for (size_t side = 0; side < 2; side++)
        take_external(s, r, side);
    s->active_slot = active_slot(r, model);
}
