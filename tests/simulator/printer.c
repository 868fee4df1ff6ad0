#include "printer.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "printer_internal.h"

static const int speed_percents[] = { 0, 50, 100, 124, 166 };

const char *gcode_state_name(enum gcode_state state)
{
    static const char *const names[] = { "IDLE",  "PREPARE", "RUNNING",
                                         "PAUSE", "FINISH",  "FAILED" };
    return names[state];
}

bool printer_is_busy(const struct printer *printer)
{
    return printer_is_printing(printer) ||
           printer_is_pending(printer, STEP_PREPARE) ||
           printer_is_pending(printer, STEP_RUN);
}

bool printer_is_off(const struct printer *printer)
{
    return printer->off;
}

const struct status *printer_status(const struct printer *printer)
{
    return &printer->status;
}

struct ams *printer_ams(struct printer *printer)
{
    return &printer->ams;
}

const struct print_order *printer_order(const struct printer *printer)
{
    return &printer->order;
}

int64_t printer_now_ms(const struct printer *printer)
{
    return printer->now_ms;
}

const struct print_size *printer_size(const struct printer *printer)
{
    return &printer->setup.size;
}

static void refuse_busy(struct printer *printer)
{
    if (printer->setup.model->busy_start_cancels &&
        printer_is_printing(printer))
        printer_fail(printer, 0, "cancelled");
    printer->status.print_error = ERROR_BUSY;
    printer_later(printer, STEP_CLEAR_CODE, BUSY_CODE_LASTS_MS);
    printer_show(printer);
    printer_changed(printer);
}

bool printer_start(struct printer *printer, const struct print_order *order)
{
    if (printer_is_busy(printer)) {
        refuse_busy(printer);
        return false;
    }
    printer->order = *order;
    printer_start_steps(printer);
    return true;
}

bool printer_start_foreign(struct printer *printer, const char *name)
{
    if (printer_is_busy(printer))
        return false;
    struct print_order order = { .plate = 1 };
    printer_set_text(order.name, sizeof order.name, name);
    printer_set_text(order.file, sizeof order.file, name);
    printer_set_text(order.task_id, sizeof order.task_id, "0");
    printer_set_text(order.subtask_id, sizeof order.subtask_id, "0");
    printer_set_text(order.project_id, sizeof order.project_id, "0");
    printer_set_text(order.profile_id, sizeof order.profile_id, "0");
    order.record = printer_add_self_start(printer, &order);
    return printer_start(printer, &order);
}

bool printer_pause(struct printer *printer)
{
    if (printer->status.state != STATE_RUNNING)
        return false;
    printer_pause_for(printer, printer->status.print_error,
                      STAGE_PAUSED_BY_USER);
    printer_show(printer);
    printer_changed(printer);
    return true;
}

bool printer_resume(struct printer *printer)
{
    if (printer->status.state != STATE_PAUSE)
        return false;
    printer->status.print_error = 0;
    printer_set_state(printer, STATE_RUNNING, PRINT_STAGE_PRINTING,
                      STAGE_PRINTING);
    printer_plan(printer);
    if (printer->order.obstacle != 0)
        printer_later(printer, STEP_BLOCK, BLOCK_AGAIN_AFTER_MS);
    printer_show(printer);
    printer_changed(printer);
    return true;
}

bool printer_stop(struct printer *printer)
{
    if (!printer_is_busy(printer))
        return false;
    printer_forget_all(printer);
    printer_later(printer, STEP_STOPPED, STOPPED_AFTER_MS);
    return true;
}

bool printer_finish_now(struct printer *printer)
{
    if (!printer_is_printing(printer))
        return false;
    double left_ms = (double)printer->duration_ms - printer->printed_ms;
    printer_use_filament(printer, left_ms);
    printer->printed_ms = (double)printer->duration_ms;
    printer->status.total_layers = printer->setup.size.layers;
    printer_forget_all(printer);
    printer_end(printer);
    printer_show(printer);
    printer_changed(printer);
    return true;
}

bool printer_set_speed(struct printer *printer, int level)
{
    if (level < 1 || level > 4)
        return false;
    printer->status.speed_level = level;
    printer->status.speed_percent = speed_percents[level];
    printer_plan(printer);
    return true;
}

void printer_set_light(struct printer *printer, bool on)
{
    printer->status.light = on;
}

void printer_set_second_light(struct printer *printer, bool on)
{
    printer->status.light2 = on;
}

void printer_set_door(struct printer *printer, bool open)
{
    printer->status.door_open = open;
    printer_show(printer);
}

void printer_set_nozzle(struct printer *printer, double diameter_mm)
{
    printer->status.nozzle_hundredths = (int)lround(diameter_mm * 100);
}

bool printer_skip(struct printer *printer, const int *objects, size_t count)
{
    struct status *status = &printer->status;
    if (!printer_is_printing(printer) ||
        status->skipped_count + count > PRINTER_SKIPPED_MAX)
        return false;
    memcpy(status->skipped + status->skipped_count, objects,
           count * sizeof *objects);
    status->skipped_count += count;
    printer_changed(printer);
    return true;
}

bool printer_load(struct printer *printer, int tray)
{
    if (printer_is_busy(printer))
        return false;
    printer->ams.target = tray;
    printer->status.stage =
        tray == AMS_NO_TRAY ? STAGE_UNLOADING : STAGE_LOADING;
    printer_later(printer, STEP_LOADED, LOADED_AFTER_MS);
    printer_show(printer);
    printer_changed(printer);
    return true;
}

bool printer_dry(struct printer *printer, int unit, int celsius,
                 int64_t duration_ms)
{
    struct ams_unit *found = ams_unit(&printer->ams, unit);
    if (found == NULL || (found->kind != AMS_2_PRO && found->kind != AMS_HT))
        return false;
    found->dry_c = celsius;
    found->dry_until_ms = duration_ms > 0 ? printer->now_ms + duration_ms : 0;
    printer_show(printer);
    printer_changed(printer);
    return true;
}

void printer_set_size(struct printer *printer, const struct print_size *size)
{
    assert(size->duration_ms > 0 && size->layers > 0);
    printer->setup.size = *size;
}

void printer_set_error(struct printer *printer, uint32_t code, bool pauses)
{
    printer->status.print_error = code;
    if (code != 0 && pauses && printer->status.state == STATE_RUNNING)
        printer_pause_for(printer, code, STAGE_PRINTING);
    printer_show(printer);
    printer_changed(printer);
}

bool printer_add_hms(struct printer *printer, struct hms hms)
{
    struct status *status = &printer->status;
    if (hms.attr == 0) {
        status->hms_count = 0;
    } else {
        if (status->hms_count == PRINTER_HMS_MAX)
            return false;
        status->hms[status->hms_count++] = hms;
    }
    printer_changed(printer);
    return true;
}

void printer_reboot(struct printer *printer, int64_t off_ms,
                    enum reboot_after after)
{
    if (printer->off)
        return;
    bool midway =
        printer_is_printing(printer) && printer->status.state != STATE_PREPARE;
    printer->off = true;
    printer->after = after;
    if (after != REBOOT_KEEP || !midway) {
        if (printer_is_busy(printer)) {
            printer_set_outcome(printer, "lost");
            if (after == REBOOT_KEEP)
                printer->after = REBOOT_IDLE;
        }
    }
    printer_forget_all(printer);
    printer_later(printer, STEP_BACK, off_ms);
    printer_changed(printer);
}

struct printer *printer_new(const struct printer_setup *setup)
{
    assert(setup->size.duration_ms > 0 && setup->size.layers > 0);
    struct printer *printer = mem_new(1, sizeof *printer);
    printer->setup = *setup;
    printer->random = setup->seed;
    printer->nozzle_c = printer->bed_c = PRINTER_AMBIENT_C;
    printer->duration_ms = setup->size.duration_ms;
    printer->order.record = SIZE_MAX;
    printer->status.wifi_dbm = -45;
    printer->status.light = true;
    printer->status.nozzle_hundredths = 40;
    ams_init(&printer->ams, &setup->ams, setup->seed);
    printer_forget_all(printer);
    printer_clear_job(printer);
    printer_set_speed(printer, 2);
    printer_show(printer);
    return printer;
}

void printer_free(struct printer *printer)
{
    free(printer);
}
