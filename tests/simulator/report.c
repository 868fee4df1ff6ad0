#include "report.h"

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
    { "percent", FORM_INT, AT(percent), FAMILY_X1 },
    { "remain_time", FORM_INT, AT(remaining_minutes), FAMILY_X1 },
    { "prepare_per", FORM_INT, AT(prepare_percent), FAMILY_X1 },
    { "plate_idx", FORM_INT, AT(plate), FAMILY_X1 },
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
    { "file", FORM_TEXT, AT(gcode_file), FAMILY_X1 },
    { "stg_cur", FORM_INT, AT(stage), FAMILY_ALL },
    { "print_type", FORM_TEXT, AT(print_type), FAMILY_ALL },
    { "home_flag", FORM_INT, AT(home_flag), FAMILY_ALL },
    { "layer_num", FORM_INT, AT(layer), FAMILY_ALL },
    { "total_layer_num", FORM_INT, AT(total_layers), FAMILY_ALL },
};

static int int_at(const struct status *status, size_t at)
{
    int number;
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
    write_int(out, "remain",
              model->estimates_remain ? tray_remain_percent(tray) : 0);
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

/* The trays whose bit is set in `which`. */
static void write_unit(struct text *out, const struct model *model,
                       const struct ams *ams, unsigned which)
{
    text_add(out, "{\"id\":\"0\",");
    text_add(out, model->ams_members);
    text_add(out, ",\"tray\":[");
    const char *comma = "";
    for (int i = 0; i < AMS_TRAYS; i++) {
        if ((which >> i & 1) == 0)
            continue;
        text_add(out, comma);
        write_tray(out, model, &ams->tray[i], i);
        comma = ",";
    }
    text_add(out, "]}");
}

static void write_tray_numbers(struct text *out, const struct status *status)
{
    write_number_text(out, "tray_tar", status->tray_target);
    write_number_text(out, "tray_now", status->tray_now);
    write_number_text(out, "tray_pre", status->tray_previous);
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
                      const struct ams *ams, const struct status *status)
{
    text_member(out, "ams");
    text_add(out, "{\"ams\":[");
    if (ams->fitted)
        write_unit(out, model, ams, (1U << AMS_TRAYS) - 1);
    text_format(out, "],\"ams_exist_bits\":\"%d\"", ams->fitted);
    write_tray_bits(out, status);
    write_tray_numbers(out, status);
    text_add(out, ",\"insert_flag\":true,\"power_on_flag\":false}");
}

static void write_ams_delta(struct text *out, const struct model *model,
                            const struct ams *ams, const struct status *status,
                            const struct status *before)
{
    bool bits = status->exist_bits != before->exist_bits ||
                status->tag_bits != before->tag_bits;
    bool numbers = status->tray_now != before->tray_now ||
                   status->tray_target != before->tray_target ||
                   status->ams_version != before->ams_version;
    unsigned trays = ams->dirty & ((1U << AMS_TRAYS) - 1);
    if (!bits && !numbers)
        return;
    text_member(out, "ams");
    text_add(out, "{");
    if (trays != 0 && ams->fitted && model->trays_in_deltas) {
        text_add(out, "\"ams\":[");
        write_unit(out, model, ams, trays);
        text_add(out, "]");
    }
    if (bits)
        write_tray_bits(out, status);
    write_tray_numbers(out, status);
    text_add(out, "}");
}

static void write_vt_tray(struct text *out, const struct model *model,
                          const struct ams *ams)
{
    text_member(out, "vt_tray");
    text_add(out, "{");
    text_string(out, "id", model->vt_tray_id);
    write_spool(out, model, &ams->external,
                model->family == FAMILY_X1 ? "1.75" : "0.00");
    text_add(out, "}");
}

static void write_lights(struct text *out, const struct model *model,
                         const struct status *status)
{
    text_member(out, "lights_report");
    text_format(out, "[{\"node\":\"chamber_light\",\"mode\":\"%s\"}%s]",
                status->light ? "on" : "off", model->lights);
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

/* Members whose value no model of a family changes while it lives, and the
 * nested telling of temperatures that newer X1 firmware has. */
static void write_family(struct text *out, const struct model *model,
                         const struct status *status)
{
    text_add(out, ",\"stg\":[],\"ams_rfid_status\":0,\"fan_gear\":0,"
                  "\"big_fan1_speed\":\"0\",\"big_fan2_speed\":\"0\"");
    if (model->family != FAMILY_X1) { /* 5: there is no sensor */
        text_add(out, ",\"chamber_temper\":5,\"mc_print_line_number\":\"0\"");
        return;
    }
    text_add(out, ",\"mc_print_error_code\":\"0\",\"info\":{\"temp\":25}");
    text_format(out,
                ",\"device\":{\"bed\":{\"info\":{\"temp\":%d},\"state\":0},"
                "\"bed_temp\":%d,\"ctc\":{\"info\":{\"temp\":25},"
                "\"state\":0},\"extruder\":{\"info\":[{\"id\":0,"
                "\"temp\":%d,\"snow\":%d}],\"state\":1}}",
                status->bed_target_32 / 32 * 65536 + status->bed_32 / 32,
                status->bed_32 / 32,
                status->nozzle_target_32 / 32 * 65536 + status->nozzle_32 / 32,
                status->tray_now < AMS_TRAYS ? status->tray_now : 65535);
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

static void remember(struct machine *machine)
{
    machine->told.status = *printer_status(machine->printer);
    machine->told.any = true;
    printer_ams(machine->printer)->dirty = 0;
}

static void write_full(struct text *out, struct machine *machine)
{
    const struct model *model = machine->model;
    const struct status *status = printer_status(machine->printer);
    const struct ams *ams = printer_ams(machine->printer);
    begin(out);
    text_add(out, model->constants);
    write_fields(out, model, status, NULL);
    write_family(out, model, status);
    write_ams(out, model, ams, status);
    write_vt_tray(out, model, ams);
    write_hms(out, status);
    write_lights(out, model, status);
    end(out, machine, 0);
}

static void write_delta(struct text *out, struct machine *machine)
{
    const struct model *model = machine->model;
    const struct status *status = printer_status(machine->printer);
    const struct status *before = &machine->told.status;
    const struct ams *ams = printer_ams(machine->printer);
    begin(out);
    write_fields(out, model, status, before);
    write_ams_delta(out, model, ams, status, before);
    if ((ams->dirty >> AMS_TRAYS & 1) != 0)
        write_vt_tray(out, model, ams);
    if (hms_differ(status, before))
        write_hms(out, status);
    if (status->light != before->light)
        write_lights(out, model, status);
    end(out, machine, 1);
}

void report_write(struct text *out, struct machine *machine, bool full)
{
    if (full || !machine->told.any)
        write_full(out, machine);
    else
        write_delta(out, machine);
    remember(machine);
}

void report_garbage(struct text *out, struct machine *machine)
{
    write_full(out, machine);
    out->len /= 2;
    out->at[out->len] = '\0';
}

static void write_module(struct text *out, const struct machine *machine,
                         const struct model_module *module)
{
    bool main_module = module == machine->model->modules;
    text_add(out, "{");
    text_string(out, "name", module->name);
    text_string(out, "product_name", module->product_name);
    text_string(out, "hw_ver", module->hw_ver);
    text_string(out, "sw_ver", module->sw_ver);
    text_string(out, "loader_ver", "00.00.00.00");
    text_string(out, "sn", main_module ? machine->serial : "00Z000000000000");
    write_int(out, "flag", main_module ? 3 : 0);
    text_member(out, "visible");
    text_add(out, module->product_name[0] != '\0' ? "true" : "false");
    if (main_module && machine->model->project_name != NULL)
        text_string(out, "project_name", machine->model->project_name);
    text_add(out, "}");
}

void report_version(struct text *out, const struct machine *machine,
                    const char *sequence_id)
{
    text_add(out, "{\"info\":{\"command\":\"get_version\"");
    text_string(out, "sequence_id", sequence_id);
    text_add(out, ",\"module\":[");
    const struct model_module *module = machine->model->modules;
    for (; module->name != NULL; module++) {
        if (module != machine->model->modules)
            text_add(out, ",");
        write_module(out, machine, module);
    }
    text_add(out, "]}}");
}
