#include "printer_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    AMS_ASSISTING = 768,
    HOMED_BITS = 7,
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
    status->ams_status = ams->now < AMS_TRAYS ? AMS_ASSISTING : 0;
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
    size_t count = printer->order.tray_count;
    bool enough = true;
    for (size_t i = 0; i < count; i++)
        enough &= ams_use(&printer->ams, printer->order.trays[i],
                          grams / (double)count);
    if (count == 0)
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
