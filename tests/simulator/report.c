#include "report.h"

#include <stdio.h>
#include <string.h>

#include "machine.h"
#include "text.h"

/* How a member of struct status is written. */
enum form {
    FORM_INT,
    FORM_UINT32,
    FORM_INT_TEXT, /* a number in quotes */
    FORM_32NDS,
    FORM_DBM,
    FORM_TEXT,
    FORM_STATE,
    FORM_HEX, /* 64 bits, as text */
    FORM_DIAMETER,
};

struct field {
    const char *name;
    enum form form;
    size_t at; /* in struct status */
    unsigned families;
};

#define AT(member) offsetof(struct status, member)

static const struct field fields[] = {
    { "nozzle_temper", FORM_32NDS, AT(nozzle_32), FAMILY_ALL },
    { "nozzle_target_temper", FORM_32NDS, AT(nozzle_target_32), FAMILY_ALL },
    { "bed_temper", FORM_32NDS, AT(bed_32), FAMILY_ALL },
    { "bed_target_temper", FORM_32NDS, AT(bed_target_32), FAMILY_ALL },
    { "mc_print_stage", FORM_INT_TEXT, AT(print_stage), FAMILY_ALL },
    { "mc_print_sub_stage", FORM_INT, AT(sub_stage), FAMILY_ALL },
    { "heatbreak_fan_speed", FORM_INT_TEXT, AT(fan), FAMILY_ALL },
    { "cooling_fan_speed", FORM_INT_TEXT, AT(fan), FAMILY_ALL },
    { "mc_percent", FORM_INT, AT(percent), FAMILY_ALL },
    { "mc_remaining_time", FORM_INT, AT(remaining_minutes), FAMILY_ALL },
    { "percent", FORM_INT, AT(percent), FAMILY_LINUX },
    { "remain_time", FORM_INT, AT(remaining_minutes), FAMILY_LINUX },
    { "prepare_per", FORM_INT, AT(prepare_percent), FAMILY_LINUX },
    { "plate_idx", FORM_INT, AT(plate), FAMILY_LINUX },
    { "ams_status", FORM_INT, AT(ams_status), FAMILY_ALL },
    { "hw_switch_state", FORM_INT, AT(filament_at_head), FAMILY_ALL },
    { "spd_mag", FORM_INT, AT(speed_percent), FAMILY_ALL },
    { "spd_lvl", FORM_INT, AT(speed_level), FAMILY_ALL },
    { "print_error", FORM_UINT32, AT(print_error), FAMILY_ALL },
    { "wifi_signal", FORM_DBM, AT(wifi_dbm), FAMILY_ALL },
    { "gcode_state", FORM_STATE, AT(state), FAMILY_ALL },
    { "gcode_file_prepare_percent", FORM_INT_TEXT, AT(prepare_percent),
      FAMILY_ALL },
    { "project_id", FORM_TEXT, AT(project_id), FAMILY_ALL },
    { "profile_id", FORM_TEXT, AT(profile_id), FAMILY_ALL },
    { "task_id", FORM_TEXT, AT(task_id), FAMILY_ALL },
    { "subtask_id", FORM_TEXT, AT(subtask_id), FAMILY_ALL },
    { "subtask_name", FORM_TEXT, AT(subtask_name), FAMILY_ALL },
    { "gcode_file", FORM_TEXT, AT(gcode_file), FAMILY_ALL },
    { "file", FORM_TEXT, AT(gcode_file), FAMILY_LINUX },
    { "stg_cur", FORM_INT, AT(stage), FAMILY_ALL },
    { "print_type", FORM_TEXT, AT(print_type), FAMILY_ALL },
    { "home_flag", FORM_INT, AT(home_flag), FAMILY_ALL },
    { "layer_num", FORM_INT, AT(layer), FAMILY_ALL },
    { "total_layer_num", FORM_INT, AT(total_layers), FAMILY_ALL },
    { "nozzle_diameter", FORM_DIAMETER, AT(nozzle_hundredths), FAMILY_ALL },
    { "fun", FORM_HEX, AT(fun), FAMILY_LINUX },
    { "stat", FORM_HEX, AT(stat), FAMILY_LINUX },
};

static int int_at(const struct status *status, size_t at)
{
    int number;
    memcpy(&number, (const char *)status + at, sizeof number);
    return number;
}

static uint64_t hex_at(const struct status *status, size_t at)
{
    uint64_t number;
    memcpy(&number, (const char *)status + at, sizeof number);
    return number;
}

static const char *text_at(const struct status *status, size_t at)
{
    return (const char *)status + at;
}

static bool differs(const struct field *field, const struct status *a,
                    const struct status *b)
{
    if (field->form == FORM_HEX)
        return hex_at(a, field->at) != hex_at(b, field->at);
    if (field->form == FORM_TEXT)
        return strcmp(text_at(a, field->at), text_at(b, field->at)) != 0;
    return int_at(a, field->at) != int_at(b, field->at);
}

static void write_value(struct text *out, const struct field *field,
                        const struct status *status)
{
    int number = int_at(status, field->at);
    switch (field->form) {
    case FORM_INT:
        text_format(out, "%d", number);
        break;
    case FORM_UINT32:
        text_format(out, "%u", (unsigned)number);
        break;
    case FORM_INT_TEXT:
        text_format(out, "\"%d\"", number);
        break;
    case FORM_32NDS:
        text_format(out, "%.9g", number / 32.0);
        break;
    case FORM_DBM:
        text_format(out, "\"%ddBm\"", number);
        break;
    case FORM_TEXT:
        text_quote(out, text_at(status, field->at));
        break;
    case FORM_STATE:
        text_quote(out, gcode_state_name((enum gcode_state)number));
        break;
    case FORM_HEX:
        text_format(out, "\"%llX\"",
                    (unsigned long long)hex_at(status, field->at));
        break;
    case FORM_DIAMETER:
        text_format(out, "\"%.1f\"", number / 100.0);
        break;
    }
}

/* Every field, or those that differ from `before`. */
static void write_fields(struct text *out, const struct model *model,
                         const struct status *status,
                         const struct status *before)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const struct field *field = &fields[i];
        if ((field->families & model->family) == 0 ||
            (before != NULL && !differs(field, status, before)))
            continue;
        text_member(out, field->name);
        write_value(out, field, status);
    }
}

static void write_number_text(struct text *out, const char *name, int number)
{
    text_member(out, name);
    text_format(out, "\"%d\"", number);
}

static void write_bits(struct text *out, const char *name, unsigned bits)
{
    text_member(out, name);
    text_format(out, "\"%x\"", bits);
}

static void write_int(struct text *out, const char *name, int number)
{
    text_member(out, name);
    text_format(out, "%d", number);
}

static void write_drying(struct text *out, const struct model *model,
                         const struct tray *tray)
{
    bool known = tray->type[0] != '\0';
    text_format(out, ",\"%s_temp\":\"%s\",\"%s_time\":\"%s\"", model->tray_dry,
                known ? "55" : "0", model->tray_dry, known ? "8" : "0");
}

/* -1 is "nobody knows"; printers that cannot estimate say 0. */
static int remain_of(const struct model *model, const struct tray *tray)
{
    if (tray->remain_unknown)
        return -1;
    return model->estimates_remain ? tray_remain_percent(tray) : 0;
}

/* What a tray of the AMS and the external spool have in common. */
static void write_spool(struct text *out, const struct model *model,
                        const struct tray *tray, const char *diameter)
{
    text_string(out, "tag_uid", tray->tag_uid);
    text_string(out, "tray_id_name", tray->id_name);
    text_string(out, "tray_info_idx", tray->info_idx);
    text_string(out, "tray_type", tray->type);
    text_string(out, "tray_sub_brands", tray->sub_brand);
    text_string(out, "tray_color", tray->color);
    write_number_text(out, "tray_weight", tray->weight_grams);
    text_string(out, "tray_diameter", diameter);
    write_drying(out, model, tray);
    text_string(out, "bed_temp_type", "0");
    text_string(out, "bed_temp", "0");
    write_number_text(out, "nozzle_temp_max", tray->nozzle_max_c);
    write_number_text(out, "nozzle_temp_min", tray->nozzle_min_c);
    text_string(out, "xcam_info", "000000000000000000000000");
    text_string(out, "tray_uuid", tray->tray_uuid);
    write_int(out, "remain", remain_of(model, tray));
    write_int(out, "cali_idx", -1);
    if (model->tray_has_k)
        text_add(out, ",\"k\":0.019999999552965164,\"n\":1");
}

static void write_cols(struct text *out, const struct tray *tray)
{
    text_add(out, ",\"ctype\":0,\"cols\":[");
    text_quote(out, tray->color);
    text_add(out, "]");
}

static void write_tray(struct text *out, const struct model *model,
                       const struct tray *tray, int number)
{
    text_format(out, "{\"id\":\"%d\"", number);
    if (tray->present) {
        write_spool(out, model, tray, "1.75");
        write_cols(out, tray);
        if (model->tray_state >= 0)
            write_int(out, "state", model->tray_state);
        if (model->tray_has_total_len)
            write_int(out, "total_len", 330000);
    }
    text_add(out, "}");
}

static bool can_dry(const struct ams_unit *unit)
{
    return unit->kind == AMS_2_PRO || unit->kind == AMS_HT;
}

/* `info`: kind, which nozzle, drying or not. */
static unsigned unit_info(const struct ams_unit *unit)
{
    unsigned info = unit->kind == AMS_HT ? 0x2000U : 0x1000U;
    info |= (unsigned)unit->extruder << 8 | (unsigned)unit->kind;
    return unit->dry_minutes > 0 ? info | 0x20U : info;
}

static void write_climate(struct text *out, const struct model *model,
                          const struct ams_unit *unit)
{
    bool measures = unit->kind != AMS_LITE && unit->kind != AMS_LITE_A2L &&
                    (model->ams_members == AMS_FULL || can_dry(unit));
    const char *temp = measures ? "26.2" : "0.0";
    text_string(out, "humidity", unit->kind == AMS_HT ? "0" : "4");
    if (model->ams_members != AMS_BRIEF || can_dry(unit)) {
        write_int(out, "dry_time", unit->dry_minutes);
        write_number_text(out, "humidity_raw", measures ? 24 : 0);
        write_bits(out, "info", unit_info(unit));
    }
    if (model->ams_members == AMS_CHECKED)
        text_add(out, ",\"check\":0,\"chip_id\":\"0\"");
    if (unit->dry_minutes > 0)
        text_format(out, ",\"temp\":\"%d.0\"", unit->dry_c);
    else
        text_string(out, "temp", temp);
}

static bool unit_is_dirty(const struct ams *ams, const struct ams_unit *unit)
{
    for (int slot = 0; slot < ams_slots(unit->kind); slot++)
        if (ams_is_dirty(ams, ams_number(unit, slot)))
            return true;
    return false;
}

/* All trays, or those that were changed. */
static void write_unit(struct text *out, const struct model *model,
                       const struct ams *ams, const struct ams_unit *unit,
                       bool all)
{
    text_format(out, "{\"id\":\"%d\"", unit->id);
    write_climate(out, model, unit);
    text_add(out, ",\"tray\":[");
    const char *comma = "";
    for (int slot = 0; slot < ams_slots(unit->kind); slot++) {
        if (!all && !ams_is_dirty(ams, ams_number(unit, slot)))
            continue;
        text_add(out, comma);
        write_tray(out, model, &unit->tray[slot], slot);
        comma = ",";
    }
    text_add(out, "]}");
}

/* All units, or those with changes: changed trays, or of their climate. */
static void write_units(struct text *out, const struct model *model,
                        const struct ams *ams, bool all, bool climate)
{
    const char *comma = "";
    text_add(out, "[");
    for (size_t i = 0; i < ams->unit_count; i++) {
        const struct ams_unit *unit = &ams->unit[i];
        if (!all && !unit_is_dirty(ams, unit) && !(climate && can_dry(unit)))
            continue;
        text_add(out, comma);
        write_unit(out, model, ams, unit, all);
        comma = ",";
    }
    text_add(out, "]");
}

/* With two nozzles a slot is counted within its unit; one firmware says 0 of
 * the external spool. */
static int told_tray(const struct model *model, struct ams *ams, int number)
{
    struct ams_unit *unit = NULL;
    int slot = 0;
    if (number == AMS_EXTERNAL && model->external_is_zero)
        return 0;
    if (number == AMS_EXTERNAL_LEFT)
        return AMS_EXTERNAL;
    (void)ams_find(ams, number, &unit, &slot);
    return model->nozzles > 1 && unit != NULL ? slot : number;
}

static void write_tray_numbers(struct text *out, const struct model *model,
                               struct ams *ams, const struct status *status)
{
    write_number_text(out, "tray_tar",
                      told_tray(model, ams, status->tray_target));
    write_number_text(out, "tray_now", told_tray(model, ams, status->tray_now));
    write_number_text(out, "tray_pre",
                      told_tray(model, ams, status->tray_previous));
    write_int(out, "version", (int)status->ams_version);
}

static void write_tray_bits(struct text *out, const struct status *status)
{
    write_bits(out, "tray_exist_bits", status->exist_bits);
    write_bits(out, "tray_is_bbl_bits", status->tag_bits);
    write_bits(out, "tray_read_done_bits", status->exist_bits);
    write_bits(out, "tray_reading_bits", 0);
}

static void write_ams(struct text *out, const struct model *model,
                      struct ams *ams, const struct status *status)
{
    text_member(out, "ams");
    text_add(out, "{");
    text_member(out, "ams");
    write_units(out, model, ams, true, true);
    write_bits(out, "ams_exist_bits", ams_unit_bits(ams));
    write_tray_bits(out, status);
    write_tray_numbers(out, model, ams, status);
    text_add(out, ",\"insert_flag\":true,\"power_on_flag\":false}");
}

static void write_ams_delta(struct text *out, const struct model *model,
                            struct ams *ams, const struct status *status,
                            const struct status *before)
{
    bool bits = status->exist_bits != before->exist_bits ||
                status->tag_bits != before->tag_bits;
    bool numbers = status->tray_now != before->tray_now ||
                   status->tray_target != before->tray_target ||
                   status->ams_version != before->ams_version;
    bool climate = status->dry_minutes != before->dry_minutes;
    if (!bits && !numbers && !climate)
        return;
    text_member(out, "ams");
    text_add(out, "{");
    if (ams->unit_count > 0 && model->trays_in_deltas &&
        (ams->dirty != 0 || climate)) {
        text_member(out, "ams");
        write_units(out, model, ams, false, climate);
    }
    if (bits)
        write_tray_bits(out, status);
    write_tray_numbers(out, model, ams, status);
    text_add(out, "}");
}

static void write_vt_tray(struct text *out, const struct model *model,
                          const struct ams *ams)
{
    if (model->vt_tray_id == NULL)
        return;
    text_member(out, "vt_tray");
    text_add(out, "{");
    text_string(out, "id", model->vt_tray_id);
    write_spool(out, model, &ams->external,
                model->has_vir_slot ? "1.75" : "0.00");
    text_add(out, "}");
}

static void write_vir_slot(struct text *out, const struct model *model,
                           const struct tray *tray, const char *id)
{
    text_add(out, "{");
    text_string(out, "id", id);
    write_spool(out, model, tray, "1.75");
    write_cols(out, tray);
    write_int(out, "total_len", 330000);
    text_add(out, "}");
}

/* The external spools: 254 of the left nozzle, 255 of the right or only one. */
static void write_externals(struct text *out, const struct model *model,
                            const struct ams *ams)
{
    write_vt_tray(out, model, ams);
    if (!model->has_vir_slot)
        return;
    text_member(out, "vir_slot");
    text_add(out, "[");
    if (model->nozzles > 1) {
        write_vir_slot(out, model, &ams->external_left, "254");
        text_add(out, ",");
    }
    write_vir_slot(out, model, &ams->external, "255");
    text_add(out, "]");
}

static void write_lights(struct text *out, const struct model *model,
                         const struct status *status)
{
    text_member(out, "lights_report");
    text_format(out, "[{\"node\":\"chamber_light\",\"mode\":\"%s\"}%s",
                status->light ? "on" : "off", model->lights);
    if (model->has_second_light)
        text_format(out, ",{\"node\":\"chamber_light2\",\"mode\":\"%s\"}",
                    status->light2 ? "on" : "off");
    text_add(out, "]");
}

static void write_skipped(struct text *out, const struct status *status)
{
    text_member(out, "s_obj");
    text_add(out, "[");
    for (size_t i = 0; i < status->skipped_count; i++)
        text_format(out, "%s%d", i > 0 ? "," : "", status->skipped[i]);
    text_add(out, "]");
}

static void write_hms(struct text *out, const struct status *status)
{
    text_member(out, "hms");
    text_add(out, "[");
    for (size_t i = 0; i < status->hms_count; i++)
        text_format(out, "%s{\"attr\":%u,\"code\":%u}", i > 0 ? "," : "",
                    status->hms[i].attr, status->hms[i].code);
    text_add(out, "]");
}

static bool hms_differ(const struct status *a, const struct status *b)
{
    return a->hms_count != b->hms_count ||
           memcmp(a->hms, b->hms, a->hms_count * sizeof *a->hms) != 0;
}

static int packed(int target_32, int current_32)
{
    return target_32 / 32 * 65536 + current_32 / 32;
}

/* Unit and slot of a tray as one number, as newer firmware has them. */
static int packed_tray(struct ams *ams, int number)
{
    struct ams_unit *unit = NULL;
    int slot = 0;
    if (number == AMS_EXTERNAL)
        return 0xFF00;
    if (number == AMS_EXTERNAL_LEFT)
        return 0xFE00;
    (void)ams_find(ams, number, &unit, &slot);
    return unit != NULL ? unit->id << 8 | slot : 0xFFFF;
}

static void write_extruders(struct text *out, const struct model *model,
                            struct ams *ams, const struct status *status)
{
    static const int ambient_c = 24, nothing[] = { 0xFFFF, 0xFEFF };
    text_add(out, "\"extruder\":{\"info\":[");
    for (int i = 0; i < model->nozzles; i++) {
        bool works = i == status->extruder;
        bool loaded = works && status->tray_now != AMS_NO_TRAY;
        text_format(out, "%s{\"id\":%d,\"temp\":%d,\"snow\":%d}",
                    i > 0 ? "," : "", i,
                    works ? packed(status->nozzle_target_32, status->nozzle_32)
                          : ambient_c,
                    loaded ? packed_tray(ams, status->tray_now) : nothing[i]);
    }
    text_format(out, "],\"state\":%d}", status->extruder << 4 | model->nozzles);
}

static void write_nozzles(struct text *out, const struct model *model,
                          const struct status *status)
{
    text_format(out, ",\"nozzle\":{\"exist\":%d,\"info\":[",
                (1 << model->nozzles) - 1);
    for (int i = 0; i < model->nozzles; i++)
        text_format(out,
                    "%s{\"id\":%d,\"diameter\":%.1f,\"tm\":0,"
                    "\"type\":\"%s\",\"wear\":0}",
                    i > 0 ? "," : "", i, status->nozzle_hundredths / 100.0,
                    model->nozzle_type);
    text_add(out, "],\"state\":0}");
}

/* The nested telling that came with newer firmware. */
static void write_device(struct text *out, const struct model *model,
                         struct ams *ams, const struct status *status)
{
    int bed = packed(status->bed_target_32, status->bed_32);
    text_format(out,
                ",\"device\":{\"bed\":{\"info\":{\"temp\":%d},\"state\":0},"
                "\"bed_temp\":%d,\"ctc\":{\"info\":{\"temp\":25},"
                "\"state\":0},",
                bed, bed);
    write_extruders(out, model, ams, status);
    write_nozzles(out, model, status);
    text_add(out, "}");
}

/* Which tray each filament of the print comes from. */
static void write_mapping(struct text *out, struct ams *ams,
                          const struct print_order *order)
{
    text_add(out, ",\"mapping\":[");
    for (size_t i = 0; i < order->tray_count; i++)
        text_format(out, "%s%d", i > 0 ? "," : "",
                    packed_tray(ams, order->trays[i]));
    text_add(out, "]");
}

/* Members that all models of a family have and that never change. */
static void write_family(struct text *out, const struct model *model)
{
    text_add(out, ",\"stg\":[],\"ams_rfid_status\":0,\"fan_gear\":0,"
                  "\"big_fan1_speed\":\"0\",\"big_fan2_speed\":\"0\"");
    text_string(out, "nozzle_type", model->nozzle_type);
    if (model->chamber == CHAMBER_FIVE)
        text_add(out, ",\"chamber_temper\":5,\"mc_print_line_number\":\"0\"");
    else
        text_add(out, ",\"mc_print_error_code\":\"0\"");
    if (model->chamber == CHAMBER_SENSOR)
        text_add(out, ",\"chamber_temper\":25");
    if (model->chamber == CHAMBER_DEVICE)
        text_add(out, ",\"info\":{\"temp\":25}");
}

static void begin(struct text *out)
{
    text_add(out, "{\"print\":{");
}

static void end(struct text *out, struct machine *machine, int msg)
{
    text_string(out, "command", "push_status");
    write_int(out, "msg", msg);
    text_member(out, "sequence_id");
    text_format(out, "\"%u\"}}", ++machine->told.sequence);
}

/* Some mark and count only what they were asked for. */
static void end_unmarked(struct text *out)
{
    text_string(out, "command", "push_status");
    text_string(out, "sequence_id", "2021");
    text_add(out, "}}");
}

static void remember(struct machine *machine)
{
    machine->told.status = *printer_status(machine->printer);
    machine->told.any = true;
    printer_ams(machine->printer)->dirty = 0;
}

static void write_full(struct text *out, struct machine *machine, bool asked)
{
    const struct model *model = machine->model;
    const struct status *status = printer_status(machine->printer);
    struct ams *ams = printer_ams(machine->printer);
    begin(out);
    text_add(out, model->constants);
    write_fields(out, model, status, NULL);
    write_family(out, model);
    if ((model->family & FAMILY_LINUX) != 0) {
        write_device(out, model, ams, status);
        write_mapping(out, ams, printer_order(machine->printer));
    }
    write_ams(out, model, ams, status);
    write_externals(out, model, ams);
    write_hms(out, status);
    write_lights(out, model, status);
    write_skipped(out, status);
    if (asked || model->marks_reports)
        end(out, machine, 0);
    else
        end_unmarked(out);
}

static bool same_skipped(const struct status *a, const struct status *b)
{
    return a->skipped_count == b->skipped_count &&
           memcmp(a->skipped, b->skipped,
                  a->skipped_count * sizeof *a->skipped) == 0;
}

static void write_delta(struct text *out, struct machine *machine)
{
    const struct model *model = machine->model;
    const struct status *status = printer_status(machine->printer);
    const struct status *before = &machine->told.status;
    struct ams *ams = printer_ams(machine->printer);
    begin(out);
    write_fields(out, model, status, before);
    write_ams_delta(out, model, ams, status, before);
    if (ams_is_dirty(ams, AMS_EXTERNAL))
        write_externals(out, model, ams);
    if (!same_skipped(status, before))
        write_skipped(out, status);
    if (hms_differ(status, before))
        write_hms(out, status);
    if (status->light != before->light || status->light2 != before->light2)
        write_lights(out, model, status);
    end(out, machine, 1);
}

void report_write(struct text *out, struct machine *machine, bool asked)
{
    if (asked || machine->model->full_reports || !machine->told.any)
        write_full(out, machine, asked);
    else
        write_delta(out, machine);
    remember(machine);
}

void report_garbage(struct text *out, struct machine *machine)
{
    write_full(out, machine, false);
    out->len /= 2;
    out->at[out->len] = '\0';
}

void report_odd(struct text *out, struct machine *machine)
{
    begin(out);
    text_add(out, "\"gcode_state\":[\"RUNNING\"],\"mc_percent\":\"many\","
                  "\"layer_num\":{},\"hms\":{\"attr\":1},\"ams\":7,"
                  "\"vt_tray\":[],\"nozzle_temper\":1e300,"
                  "\"lights_report\":\"on\",\"print_error\":-5,"
                  "\"a_member_of_next_year\":{\"deep\":[1,[2,[3]]]}");
    end(out, machine, 1);
}

void report_huge(struct text *out, struct machine *machine, size_t bytes)
{
    begin(out);
    text_add(out, "\"padding\":\"");
    while (out->len < bytes)
        text_add(out, "0123456789abcdef0123456789abcdef"
                      "0123456789abcdef0123456789abcdef");
    text_add(out, "\"");
    end(out, machine, 1);
}

/* The project of older firmware, or the product of newer. */
static void write_product(struct text *out, const struct machine *machine,
                          const struct model_module *module)
{
    const char *project = machine->model->project_name;
    bool is_main = module == machine->model->modules;
    if (module->product_name != NULL) {
        text_string(out, "product_name", module->product_name);
        text_member(out, "visible");
        text_add(out, module->product_name[0] != '\0' ? "true" : "false");
    }
    if (project != NULL && (is_main || module->product_name == NULL))
        text_string(out, "project_name", project);
}

static void write_module(struct text *out, const struct machine *machine,
                         const struct model_module *module)
{
    bool is_main = module == machine->model->modules;
    text_add(out, "{");
    text_string(out, "name", module->name);
    text_string(out, "hw_ver", module->hw_ver);
    text_string(out, "sw_ver", module->sw_ver);
    text_string(out, "loader_ver", "00.00.00.00");
    text_string(out, "sn", is_main ? machine->serial : "00Z000000000000");
    write_int(out, "flag", is_main ? 3 : 0);
    write_product(out, machine, module);
    text_add(out, "}");
}

/* A unit as a module: "n3f/1", "AMS 2 Pro (2)". */
static void write_unit_module(struct text *out, const struct machine *machine,
                              const struct ams_unit *unit)
{
    static const struct {
        const char *name, *product, *hw_ver;
    } kinds[] = {
        [AMS_CLASSIC] = { "ams", "AMS", "AMS08" },
        [AMS_LITE] = { "ams_f1", "AMS Lite", "AMS_F102" },
        [AMS_2_PRO] = { "n3f", "AMS 2 Pro", "N3F05" },
        [AMS_HT] = { "n3s", "AMS HT", "N3S05" },
        [AMS_LITE_A2L] = { "ams_f1", "AMS Lite", "AMS_F102" },
    };
    char name[32], product[48];
    int first = unit->kind == AMS_HT ? AMS_HT_FIRST : 0;
    bool is_lite = unit->kind == AMS_LITE || unit->kind == AMS_LITE_A2L;
    bool is_old = machine->model->modules[0].product_name == NULL;
    snprintf(name, sizeof name, "%s/%d", kinds[unit->kind].name, unit->id);
    snprintf(product, sizeof product, is_lite ? "%s" : "%s (%d)",
             kinds[unit->kind].product, unit->id - first + 1);
    write_module(out, machine,
                 &(struct model_module){ name, is_old ? NULL : product,
                                         kinds[unit->kind].hw_ver,
                                         "00.00.06.49" });
}

void report_version(struct text *out, const struct machine *machine,
                    const char *sequence_id)
{
    const struct ams *ams = printer_ams(machine->printer);
    text_add(out, "{\"info\":{\"command\":\"get_version\"");
    text_string(out, "sequence_id", sequence_id);
    text_add(out, ",\"module\":[");
    const struct model_module *module = machine->model->modules;
    for (; module->name != NULL; module++) {
        if (module != machine->model->modules)
            text_add(out, ",");
        write_module(out, machine, module);
    }
    for (size_t i = 0; i < ams->unit_count; i++) {
        text_add(out, ",");
        write_unit_module(out, machine, &ams->unit[i]);
    }
    text_add(out, "]}}");
}
