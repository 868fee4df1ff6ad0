#include "printer_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    AMS_ASSISTING = 768,
    AMS_CHANGING = 256,
    HOMED_BITS = 7,
    BIT_DOOR = 23,            /* of home_flag and of stat */
    BIT_SIGNED_COMMANDS = 29, /* of fun */
    WIFI_EVERY_MS = 4000,
};

void printer_set_state(struct printer *printer, enum gcode_state state,
                       int print_stage, int stage)
{
    printer->status.state = state;
    printer->status.print_stage = print_stage;
    printer->status.stage = stage;
}

void printer_set_text(char *out, size_t cap, const char *text)
{
    snprintf(out, cap, "%s", text);
}

static void set_id(const struct printer *printer, char *out, const char *id)
{
    static const char largest[] = "2147483647";
    bool huge = strlen(id) > strlen(largest) ||
                (strlen(id) == strlen(largest) && strcmp(id, largest) > 0);
    bool clamp = printer->setup.model->clamps_ids && huge;
    printer_set_text(out, PRINTER_ID_MAX, clamp ? largest : id);
}

void printer_show_ids(struct printer *printer)
{
    struct status *status = &printer->status;
    const struct print_order *order = &printer->order;
    set_id(printer, status->project_id, order->project_id);
    set_id(printer, status->profile_id, order->profile_id);
    set_id(printer, status->task_id, order->task_id);
    set_id(printer, status->subtask_id, order->subtask_id);
    status->plate = order->plate;
}

void printer_show_names(struct printer *printer)
{
    struct status *status = &printer->status;
    const struct print_order *order = &printer->order;
    printer_set_text(status->subtask_name, PRINTER_NAME_MAX, order->name);
    printer_set_text(status->print_type, sizeof status->print_type, "local");
    if (printer->setup.model->plate_as_file)
        snprintf(status->gcode_file, PRINTER_NAME_MAX,
                 "/data/Metadata/plate_%d.gcode", order->plate);
    else
        printer_set_text(status->gcode_file, PRINTER_NAME_MAX, order->file);
}

static int count_dry_minutes(struct printer *printer)
{
    int sum = 0;
    for (size_t i = 0; i < printer->ams.unit_count; i++) {
        struct ams_unit *unit = &printer->ams.unit[i];
        int64_t left_ms = unit->dry_until_ms - printer->now_ms;
        unit->dry_minutes = left_ms > 0 ? (int)((left_ms + 59999) / 60000) : 0;
        sum += unit->dry_minutes;
    }
    return sum;
}

static void show_trays(struct printer *printer)
{
    struct status *status = &printer->status;
    const struct ams *ams = &printer->ams;
    status->tray_now = ams->now;
    status->tray_target = ams->target;
    status->tray_previous = ams->previous;
    status->ams_version = ams->version;
    status->exist_bits = ams_exist_bits(ams);
    status->tag_bits = ams_tag_bits(ams);
    status->filament_at_head = ams->now != AMS_NO_TRAY;
    bool from_ams = ams->now != AMS_NO_TRAY && !ams_is_external(ams->now);
    status->ams_status = from_ams ? AMS_ASSISTING : 0;
    if (printer_is_pending(printer, STEP_LOADED))
        status->ams_status = AMS_CHANGING;
    status->dry_minutes = count_dry_minutes(printer);
}

/* Degrees to 1/32 degree. */
int printer_in_32nds(double degrees_c)
{
    return (int)lround(degrees_c * 32);
}

static void show_heat(struct printer *printer)
{
    struct status *status = &printer->status;
    bool hot = printer_is_printing(printer);
    status->nozzle_32 = printer_in_32nds(printer->nozzle_c);
    status->bed_32 = printer_in_32nds(printer->bed_c);
    status->fan = status->state == STATE_RUNNING ? 15 : 0;
    status->home_flag =
        printer->setup.model->home_flag | (hot ? HOMED_BITS : 0);
    if (status->door_open)
        status->home_flag |= 1 << BIT_DOOR;
}

/* With Developer Mode off a printer says that it wants signed commands. */
static void show_switches(struct printer *printer)
{
    struct status *status = &printer->status;
    const struct model *model = printer->setup.model;
    bool is_signed =
        fault_peek(printer->setup.faults, FAULT_VERIFY_FAILED) != NULL;
    status->fun = model->fun;
    status->stat = model->stat;
    if (model->fun != 0 && is_signed)
        status->fun |= (uint64_t)1 << BIT_SIGNED_COMMANDS;
    if (status->door_open)
        status->stat |= (uint64_t)1 << BIT_DOOR;
}

static double progress(const struct printer *printer)
{
    return fmin(printer->printed_ms / (double)printer->duration_ms, 1);
}

static void show_progress(struct printer *printer)
{
    struct status *status = &printer->status;
    if (status->state == STATE_PREPARE)
        status->prepare_percent =
            (int)((printer->now_ms - printer->prepare_began_ms) * 100 /
                  PREPARE_TAKES_MS);
    if ((status->state != STATE_RUNNING && status->state != STATE_PAUSE) ||
        !printer->settled)
        return;
    double done = progress(printer);
    const struct armed_fault *lie =
        fault_peek(printer->setup.faults, FAULT_LIE);
    if (lie != NULL)
        done = fmin(done, (double)lie->value / 100);
    double left_ms =
        (double)printer->duration_ms * (1 - done) * 100 / status->speed_percent;
    status->percent = (int)(done * 100);
    status->layer = (int)ceil(done * status->total_layers);
    status->remaining_minutes = (int)ceil(left_ms / 60000);
}

void printer_show(struct printer *printer)
{
    show_progress(printer);
    show_heat(printer);
    show_trays(printer);
    show_switches(printer);
}

static void warm(double *at_c, double target_c, double passed_ms,
                 double constant_ms)
{
    *at_c += (target_c - *at_c) * (1 - exp(-passed_ms / constant_ms));
}

static void live_heat(struct printer *printer, double passed_ms)
{
    struct status *status = &printer->status;
    double nozzle_c = status->nozzle_target_32 / 32.0;
    double plate_c = status->bed_target_32 / 32.0;
    warm(&printer->nozzle_c, fmax(nozzle_c, PRINTER_AMBIENT_C), passed_ms,
         40000);
    warm(&printer->bed_c, fmax(plate_c, PRINTER_AMBIENT_C), passed_ms, 120000);
}

/* Real printers in rest differ from second to second in little but this. */
static void live_wifi(struct printer *printer)
{
    if (printer->now_ms - printer->wifi_told_ms < WIFI_EVERY_MS)
        return;
    printer->wifi_told_ms = printer->now_ms;
    printer->random = printer->random * 1664525U + 1013904223U;
    printer->status.wifi_dbm = -45 - (int)(printer->random >> 30);
}

void printer_use_filament(struct printer *printer, double printed_ms)
{
    double grams = printer->grams_per_ms * printed_ms;
    const struct print_order *order = &printer->order;
    size_t used = 0;
    bool enough = true;
    for (size_t i = 0; i < order->tray_count; i++)
        used += order->trays[i] != PRINTER_NO_TRAY;
    for (size_t i = 0; i < order->tray_count; i++)
        if (order->trays[i] != PRINTER_NO_TRAY)
            enough &=
                ams_use(&printer->ams, order->trays[i], grams / (double)used);
    if (used == 0)
        enough = ams_use(&printer->ams, AMS_EXTERNAL, grams);
    if (!enough)
        printer_later(printer, STEP_RUNOUT, 0);
}

void printer_live(struct printer *printer, int64_t now_ms)
{
    double passed_ms = (double)(now_ms - printer->now_ms);
    printer->now_ms = now_ms;
    if (printer->off || passed_ms <= 0)
        return;
    live_heat(printer, passed_ms);
    live_wifi(printer);
    if (printer->status.state != STATE_RUNNING)
        return;
    double printed_ms =
        fmin(passed_ms * printer->status.speed_percent / 100,
             (double)printer->duration_ms - printer->printed_ms);
    if (printed_ms <= 0)
        return;
    printer->printed_ms += printed_ms;
    printer_use_filament(printer, printed_ms);
}
