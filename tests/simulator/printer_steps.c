#include "printer_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Simulated delays, after captures of a P2S and an A1. */
enum delay_ms {
    NAME_AFTER_MS = 300,
    FORGOTTEN_NAME_AFTER_MS = 4000,
    PREPARE_AFTER_MS = 1500,
    RUN_AFTER_MS = 2900,
    SETTLE_AFTER_MS = 1200,
    CANCEL_CODE_AFTER_MS = 4600,
    CLEAR_CODE_AFTER_MS = 2000,
    FORGET_FILE_AFTER_MS = 2000,
};

static const double bed_c = 55;

bool printer_is_printing(const struct printer *printer)
{
    enum gcode_state state = printer->status.state;
    return state == STATE_PREPARE || state == STATE_RUNNING ||
           state == STATE_PAUSE;
}

bool printer_is_pending(const struct printer *printer, enum step step)
{
    return printer->due_ms[step] != CLOCK_NEVER;
}

void printer_changed(struct printer *printer)
{
    if (printer->setup.on_change != NULL)
        printer->setup.on_change(printer->setup.user);
}

void printer_later(struct printer *printer, enum step step, int64_t delay_ms)
{
    printer->due_ms[step] = printer->now_ms + delay_ms;
}

static void forget(struct printer *printer, enum step step)
{
    printer->due_ms[step] = CLOCK_NEVER;
}

void printer_forget_all(struct printer *printer)
{
    for (int step = 0; step < STEP_COUNT; step++)
        forget(printer, (enum step)step);
}

static struct start_record *record_of(const struct printer *printer)
{
    return history_start(printer->setup.history, printer->order.record);
}

void printer_set_outcome(struct printer *printer, const char *outcome)
{
    struct start_record *record = record_of(printer);
    if (record != NULL)
        record->outcome = outcome;
}

static void due_at_percent(struct printer *printer, enum step step,
                           double percent)
{
    double left_ms =
        (double)printer->duration_ms * percent / 100 - printer->printed_ms;
    double wait_ms = left_ms * 100 / printer->status.speed_percent;
    printer_later(printer, step, (int64_t)ceil(fmax(wait_ms, 0)));
}

static void plan_fault(struct printer *printer, enum step step,
                       enum fault fault)
{
    const struct armed_fault *armed = fault_peek(printer->setup.faults, fault);
    if (armed != NULL)
        due_at_percent(printer, step, (double)armed->value);
}

void printer_plan(struct printer *printer)
{
    forget(printer, STEP_FAIL);
    forget(printer, STEP_RUNOUT);
    forget(printer, STEP_END);
    if (printer->status.state != STATE_RUNNING || printer->off ||
        printer_is_pending(printer, STEP_STOPPED))
        return;
    plan_fault(printer, STEP_FAIL, FAULT_FAIL_PRINT);
    plan_fault(printer, STEP_RUNOUT, FAULT_RUNOUT);
    if (fault_peek(printer->setup.faults, FAULT_LIE) == NULL)
        due_at_percent(printer, STEP_END, 100);
}

void printer_reconsider(struct printer *printer)
{
    printer_plan(printer);
    printer_show(printer);
}

static void heat(struct printer *printer, bool on)
{
    struct status *status = &printer->status;
    int nozzle_max_c = 230;
    const struct tray *tray =
        ams_tray(&printer->ams, printer_first_tray(&printer->order));
    if (tray != NULL && tray->nozzle_max_c > 0)
        nozzle_max_c = tray->nozzle_max_c;
    status->nozzle_target_32 = on ? printer_in_32nds(nozzle_max_c - 10) : 0;
    status->bed_target_32 = on ? printer_in_32nds(bed_c) : 0;
}

int printer_first_tray(const struct print_order *order)
{
    for (size_t i = 0; i < order->tray_count; i++)
        if (order->trays[i] != PRINTER_NO_TRAY)
            return order->trays[i];
    return AMS_EXTERNAL;
}

/* Which nozzle a tray leads to. */
static int extruder_of(struct ams *ams, int tray)
{
    struct ams_unit *unit = NULL;
    (void)ams_find(ams, tray, &unit, NULL);
    return unit != NULL ? unit->extruder : tray == AMS_EXTERNAL_LEFT;
}

static void load(struct printer *printer, int tray)
{
    struct ams *ams = &printer->ams;
    if (ams->now != AMS_NO_TRAY)
        ams->previous = ams->now;
    ams->now = tray;
    ams->target = tray;
    if (tray != AMS_NO_TRAY)
        printer->status.extruder = extruder_of(ams, tray);
}

static void step_loaded(struct printer *printer)
{
    load(printer, printer->ams.target);
    printer->status.stage = printer->setup.model->idle_stage;
}

static void step_name(struct printer *printer)
{
    printer_show_names(printer);
    if (!printer->order.never_starts || printer->order.echoes_ids)
        printer_show_ids(printer);
    if (printer->order.never_starts)
        printer_later(printer, STEP_FORGET_FILE, FORGET_FILE_AFTER_MS);
}

static void begin(struct printer *printer)
{
    struct start_record *record = record_of(printer);
    if (record != NULL && !record->began) {
        record->began = true;
        record->outcome = "printing";
    }
    printer->settled = false;
    printer->printed_ms = 0;
    printer->duration_ms = printer->setup.size.duration_ms;
    printer->grams_per_ms =
        printer->setup.size.grams / (double)printer->duration_ms;
    printer->status.percent = 0;
    printer->status.remaining_minutes = 0;
    printer->status.skipped_count = 0;
    heat(printer, true);
}

static void step_prepare(struct printer *printer)
{
    begin(printer);
    printer->prepare_began_ms = printer->now_ms;
    printer->status.prepare_percent = 0;
    printer_set_state(printer, STATE_PREPARE, PRINT_STAGE_IDLE,
                      printer->setup.model->idle_stage);
    printer_later(printer, STEP_RUN, PREPARE_TAKES_MS);
}

void printer_fail(struct printer *printer, uint32_t code, const char *outcome)
{
    printer->status.print_error = code;
    printer_set_outcome(printer, outcome);
    printer_set_state(printer, STATE_FAILED, PRINT_STAGE_IDLE,
                      printer->setup.model->idle_stage);
    printer_set_text(printer->status.print_type,
                     sizeof printer->status.print_type,
                     printer->setup.model->idle_type);
    heat(printer, false);
    load(printer, AMS_NO_TRAY);
    printer_forget_all(printer);
}

void printer_pause_for(struct printer *printer, uint32_t code, int stage)
{
    printer->status.print_error = code;
    printer_set_state(
        printer, STATE_PAUSE, PRINT_STAGE_PAUSED,
        printer->setup.model->tells_pause_reason ? stage : STAGE_PRINTING);
    printer_plan(printer);
}

static void step_run(struct printer *printer)
{
    if (printer->status.state != STATE_PREPARE)
        begin(printer);
    const struct print_order *order = &printer->order;
    if (order->obstacle != 0 && !order->obstacle_pauses) {
        printer_fail(printer, order->obstacle, "failed");
        return;
    }
    printer_set_state(printer, STATE_RUNNING, PRINT_STAGE_PRINTING,
                      STAGE_HEATING);
    printer->status.prepare_percent = 100;
    printer->status.total_layers = printer->setup.size.layers;
    load(printer, printer_first_tray(order));
    printer_later(printer, STEP_SETTLE, SETTLE_AFTER_MS);
    if (order->obstacle != 0)
        printer_later(printer, STEP_BLOCK, 0);
    printer_plan(printer);
}

static void step_settle(struct printer *printer)
{
    printer->settled = true;
    printer->status.layer = 0;
    if (printer->status.state == STATE_RUNNING)
        printer->status.stage = STAGE_PRINTING;
}

static void step_block(struct printer *printer)
{
    printer_pause_for(printer, printer->order.obstacle, STAGE_PRINTING);
}

static void step_fail(struct printer *printer)
{
    const struct armed_fault *armed =
        fault_take(printer->setup.faults, FAULT_FAIL_PRINT);
    uint32_t code = ERROR_MOTOR;
    if (armed != NULL && armed->text[0] != '\0')
        code = (uint32_t)strtoul(armed->text, NULL, 16);
    printer_fail(printer, code, "failed");
}

static void step_runout(struct printer *printer)
{
    fault_take(printer->setup.faults, FAULT_RUNOUT);
    bool external = ams_is_external(printer_first_tray(&printer->order));
    printer_pause_for(printer,
                      external ? ERROR_EXTERNAL_RAN_OUT : ERROR_TRAY_RAN_OUT,
                      STAGE_PAUSED_BY_RUNOUT);
}

void printer_end(struct printer *printer)
{
    struct status *status = &printer->status;
    printer_set_outcome(printer, "finished");
    printer_set_state(printer, STATE_FINISH, PRINT_STAGE_IDLE,
                      printer->setup.model->idle_stage);
    status->percent = 100;
    status->remaining_minutes = 0;
    status->layer = status->total_layers;
    heat(printer, false);
    load(printer, AMS_NO_TRAY);
    forget(printer, STEP_FAIL);
    forget(printer, STEP_RUNOUT);
    forget(printer, STEP_SETTLE);
    printer_later(printer, STEP_FORGET_FILE, FORGET_FILE_AFTER_MS);
}

static void step_stopped(struct printer *printer)
{
    printer_fail(printer, 0, "stopped");
    printer->status.percent = 0;
    printer->status.layer = 0;
    printer->status.remaining_minutes = 0;
    printer_later(printer, STEP_CANCEL_CODE, CANCEL_CODE_AFTER_MS);
    printer_later(printer, STEP_FORGET_FILE, FORGET_FILE_AFTER_MS);
}

static void step_cancel_code(struct printer *printer)
{
    printer->status.print_error = ERROR_CANCELLED;
    printer_later(printer, STEP_CLEAR_CODE, CLEAR_CODE_AFTER_MS);
}

static void step_clear_code(struct printer *printer)
{
    printer->status.print_error = 0;
}

/* Some time after the end A and P1 printers name no file any more; one that
 * never started keeps its name and only its type is idle again. */
static void step_forget_file(struct printer *printer)
{
    struct status *status = &printer->status;
    printer_set_text(status->print_type, sizeof status->print_type,
                     printer->setup.model->idle_type);
    if (!printer->order.never_starts && !printer->setup.model->plate_as_file)
        status->gcode_file[0] = '\0';
}

void printer_clear_job(struct printer *printer)
{
    struct status *status = &printer->status;
    memset(status->subtask_name, 0, sizeof status->subtask_name);
    memset(status->gcode_file, 0, sizeof status->gcode_file);
    printer_set_text(status->project_id, PRINTER_ID_MAX, "0");
    printer_set_text(status->profile_id, PRINTER_ID_MAX, "0");
    printer_set_text(status->task_id, PRINTER_ID_MAX, "0");
    printer_set_text(status->subtask_id, PRINTER_ID_MAX, "0");
    printer_set_text(status->print_type, sizeof status->print_type,
                     printer->setup.model->idle_type);
    printer_set_state(printer, STATE_IDLE, PRINT_STAGE_IDLE,
                      printer->setup.model->idle_stage);
    status->percent = status->remaining_minutes = 0;
    status->layer = status->total_layers = status->prepare_percent = 0;
    status->print_error = 0;
    status->hms_count = 0;
    status->plate = 1;
    load(printer, AMS_NO_TRAY);
    heat(printer, false);
}

void printer_start_steps(struct printer *printer)
{
    printer_forget_all(printer);
    if (printer->order.never_starts) {
        printer_set_outcome(printer, "never-started");
        printer_later(printer, STEP_NAME, FORGOTTEN_NAME_AFTER_MS);
        return;
    }
    printer->status.print_error = 0;
    printer_set_outcome(printer, "pending");
    printer_later(printer, STEP_NAME, NAME_AFTER_MS);
    if (printer->setup.model->prepares)
        printer_later(printer, STEP_PREPARE, PREPARE_AFTER_MS);
    else
        printer_later(printer, STEP_RUN, RUN_AFTER_MS);
}

size_t printer_add_self_start(struct printer *printer,
                              const struct print_order *order)
{
    struct start_record record = {
        .at_ms = printer->now_ms,
        .subtask_id = order->subtask_id,
        .task_id = order->task_id,
        .name = order->name,
        .file = order->file,
        .plate = order->plate,
        .accepted = true,
        .foreign = true,
        .outcome = "pending",
    };
    return history_add_start(printer->setup.history, &record);
}

static void step_back(struct printer *printer)
{
    printer->off = false;
    if (printer->after == REBOOT_KEEP) {
        printer->settled = true;
        printer_plan(printer);
        return;
    }
    printer_clear_job(printer);
    if (printer->after == REBOOT_RESTART && printer->order.file[0] != '\0') {
        printer->order.obstacle = 0;
        printer->order.never_starts = false;
        printer->order.record =
            printer_add_self_start(printer, &printer->order);
        printer_start_steps(printer);
    }
}

static void (*const steps[STEP_COUNT])(struct printer *) = {
    [STEP_NAME] = step_name,
    [STEP_PREPARE] = step_prepare,
    [STEP_RUN] = step_run,
    [STEP_SETTLE] = step_settle,
    [STEP_BLOCK] = step_block,
    [STEP_FAIL] = step_fail,
    [STEP_RUNOUT] = step_runout,
    [STEP_END] = printer_end,
    [STEP_STOPPED] = step_stopped,
    [STEP_CANCEL_CODE] = step_cancel_code,
    [STEP_CLEAR_CODE] = step_clear_code,
    [STEP_FORGET_FILE] = step_forget_file,
    [STEP_LOADED] = step_loaded,
    [STEP_BACK] = step_back,
};

static enum step next_step(const struct printer *printer)
{
    int next = 0;
    for (int step = 1; step < STEP_COUNT; step++)
        if (printer->due_ms[step] < printer->due_ms[next])
            next = step;
    return (enum step)next;
}

int64_t printer_due_ms(const struct printer *printer)
{
    return printer->due_ms[next_step(printer)];
}

void printer_advance(struct printer *printer, int64_t now_ms)
{
    for (;;) {
        enum step step = next_step(printer);
        int64_t due_ms = printer->due_ms[step];
        if (due_ms > now_ms)
            break;
        if (due_ms > printer->now_ms)
            printer_live(printer, due_ms);
        forget(printer, step);
        steps[step](printer);
        printer_show(printer);
        printer_changed(printer);
    }
    if (now_ms > printer->now_ms)
        printer_live(printer, now_ms);
    printer_show(printer);
}
