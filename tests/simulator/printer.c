#include "printer.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "memory.h"

/* Everything that happens later by itself. At equal times the earlier row
 * goes first. */
enum step {
    STEP_NAME,
    STEP_PREPARE,
    STEP_RUN,
    STEP_SETTLE,
    STEP_BLOCK,
    STEP_FAIL,
    STEP_RUNOUT,
    STEP_END,
    STEP_STOPPED,
    STEP_CANCEL_CODE,
    STEP_CLEAR_CODE,
    STEP_FORGET_FILE,
    STEP_BACK,
    STEP_COUNT
};

/* Simulated delays, after captures of a P2S and an A1. */
enum delay_ms {
    NAME_AFTER_MS = 300,
    FORGOTTEN_NAME_AFTER_MS = 4000,
    PREPARE_AFTER_MS = 1500,
    RUN_AFTER_MS = 2900,
    PREPARE_TAKES_MS = 7000,
    SETTLE_AFTER_MS = 1200,
    BLOCK_AGAIN_AFTER_MS = 1000,
    STOPPED_AFTER_MS = 600,
    CANCEL_CODE_AFTER_MS = 4600,
    CLEAR_CODE_AFTER_MS = 2000,
    BUSY_CODE_LASTS_MS = 5000,
    FORGET_FILE_AFTER_MS = 2000,
};

enum {
    STAGE_PRINTING = 0,
    STAGE_PAUSED_BY_RUNOUT = 6,
    STAGE_HEATING = 7,
    STAGE_PAUSED_BY_USER = 16,
    PRINT_STAGE_IDLE = 1,
    PRINT_STAGE_PRINTING = 2,
    PRINT_STAGE_PAUSED = 3,
    AMS_ASSISTING = 768,
    HOMED_BITS = 7,
    WIFI_EVERY_MS = 4000,
};

static const double ambient_c = 24;
static const double bed_c = 55;

struct printer {
    struct printer_setup setup;
    struct status status;
    struct ams ams;
    struct print_order order;
    int64_t now_ms, due_ms[STEP_COUNT];
    int64_t duration_ms; /* of this print */
    double printed_ms;   /* of duration_ms, at normal speed */
    double grams_per_ms;
    double nozzle_c, bed_c;
    int64_t prepare_began_ms, wifi_told_ms;
    uint32_t random;
    bool settled; /* layers are the new print's */
    bool off;
    enum reboot_after after;
};

/* ---- small facts ------------------------------------------------------ */

static const int speed_percents[] = { 0, 50, 100, 124, 166 };

const char *gcode_state_name(enum gcode_state state)
{
    static const char *const names[] = { "IDLE",  "PREPARE", "RUNNING",
                                         "PAUSE", "FINISH",  "FAILED" };
    return names[state];
}

static bool is_printing(const struct printer *printer)
{
    enum gcode_state state = printer->status.state;
    return state == STATE_PREPARE || state == STATE_RUNNING ||
           state == STATE_PAUSE;
}

static bool is_pending(const struct printer *printer, enum step step)
{
    return printer->due_ms[step] != CLOCK_NEVER;
}

bool printer_is_busy(const struct printer *printer)
{
    return is_printing(printer) || is_pending(printer, STEP_PREPARE) ||
           is_pending(printer, STEP_RUN);
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

int64_t printer_now_ms(const struct printer *printer)
{
    return printer->now_ms;
}

const struct print_size *printer_size(const struct printer *printer)
{
    return &printer->setup.size;
}

static void changed(struct printer *printer)
{
    if (printer->setup.on_change != NULL)
        printer->setup.on_change(printer->setup.user);
}

static void later(struct printer *printer, enum step step, int64_t delay_ms)
{
    printer->due_ms[step] = printer->now_ms + delay_ms;
}

static void forget(struct printer *printer, enum step step)
{
    printer->due_ms[step] = CLOCK_NEVER;
}

static void forget_all(struct printer *printer)
{
    for (int step = 0; step < STEP_COUNT; step++)
        forget(printer, (enum step)step);
}

static struct start_record *record_of(const struct printer *printer)
{
    return history_start(printer->setup.history, printer->order.record);
}

static void set_outcome(struct printer *printer, const char *outcome)
{
    struct start_record *record = record_of(printer);
    if (record != NULL)
        record->outcome = outcome;
}

/* ---- the picture others see ------------------------------------------- */

static void set_state(struct printer *printer, enum gcode_state state,
                      int print_stage, int stage)
{
    printer->status.state = state;
    printer->status.print_stage = print_stage;
    printer->status.stage = stage;
}

static void set_text(char *out, size_t cap, const char *text)
{
    snprintf(out, cap, "%s", text);
}

static void set_id(const struct printer *printer, char *out, const char *id)
{
    static const char largest[] = "2147483647";
    bool huge = strlen(id) > strlen(largest) ||
                (strlen(id) == strlen(largest) && strcmp(id, largest) > 0);
    bool clamp = printer->setup.model->clamps_ids && huge;
    set_text(out, PRINTER_ID_MAX, clamp ? largest : id);
}

static void show_ids(struct printer *printer)
{
    struct status *status = &printer->status;
    const struct print_order *order = &printer->order;
    set_id(printer, status->project_id, order->project_id);
    set_id(printer, status->profile_id, order->profile_id);
    set_id(printer, status->task_id, order->task_id);
    set_id(printer, status->subtask_id, order->subtask_id);
    status->plate = order->plate;
}

static void show_names(struct printer *printer)
{
    struct status *status = &printer->status;
    const struct print_order *order = &printer->order;
    set_text(status->subtask_name, PRINTER_NAME_MAX, order->name);
    set_text(status->print_type, sizeof status->print_type, "local");
    if (printer->setup.model->plate_as_file)
        snprintf(status->gcode_file, PRINTER_NAME_MAX,
                 "/data/Metadata/plate_%d.gcode", order->plate);
    else
        set_text(status->gcode_file, PRINTER_NAME_MAX, order->file);
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
static int in_32nds(double degrees_c)
{
    return (int)lround(degrees_c * 32);
}

static void show_heat(struct printer *printer)
{
    struct status *status = &printer->status;
    bool hot = is_printing(printer);
    status->nozzle_32 = in_32nds(printer->nozzle_c);
    status->bed_32 = in_32nds(printer->bed_c);
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

static void show(struct printer *printer)
{
    show_progress(printer);
    show_heat(printer);
    show_trays(printer);
}

/* ---- living ----------------------------------------------------------- */

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
    warm(&printer->nozzle_c, fmax(nozzle_c, ambient_c), passed_ms, 40000);
    warm(&printer->bed_c, fmax(plate_c, ambient_c), passed_ms, 120000);
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

static void live_filament(struct printer *printer, double printed_ms)
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
        later(printer, STEP_RUNOUT, 0);
}

static void live(struct printer *printer, int64_t now_ms)
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
    live_filament(printer, printed_ms);
}

/* ---- planning a print ------------------------------------------------- */

static void due_at_percent(struct printer *printer, enum step step,
                           double percent)
{
    double left_ms =
        (double)printer->duration_ms * percent / 100 - printer->printed_ms;
    double wait_ms = left_ms * 100 / printer->status.speed_percent;
    later(printer, step, (int64_t)ceil(fmax(wait_ms, 0)));
}

static void plan_fault(struct printer *printer, enum step step,
                       enum fault fault)
{
    const struct armed_fault *armed = fault_peek(printer->setup.faults, fault);
    if (armed != NULL)
        due_at_percent(printer, step, (double)armed->value);
}

static void plan(struct printer *printer)
{
    forget(printer, STEP_FAIL);
    forget(printer, STEP_RUNOUT);
    forget(printer, STEP_END);
    if (printer->status.state != STATE_RUNNING ||
        is_pending(printer, STEP_STOPPED))
        return;
    plan_fault(printer, STEP_FAIL, FAULT_FAIL_PRINT);
    plan_fault(printer, STEP_RUNOUT, FAULT_RUNOUT);
    if (fault_peek(printer->setup.faults, FAULT_LIE) == NULL)
        due_at_percent(printer, STEP_END, 100);
}

void printer_reconsider(struct printer *printer)
{
    plan(printer);
    show(printer);
}

static void heat(struct printer *printer, bool on)
{
    struct status *status = &printer->status;
    int nozzle_max_c = 230;
    if (printer->order.tray_count > 0) {
        const struct tray *tray =
            ams_tray(&printer->ams, printer->order.trays[0]);
        if (tray != NULL && tray->nozzle_max_c > 0)
            nozzle_max_c = tray->nozzle_max_c;
    }
    status->nozzle_target_32 = on ? in_32nds(nozzle_max_c - 10) : 0;
    status->bed_target_32 = on ? in_32nds(bed_c) : 0;
}

static void load(struct printer *printer, int tray)
{
    struct ams *ams = &printer->ams;
    if (ams->now != AMS_NO_TRAY)
        ams->previous = ams->now;
    ams->now = tray;
    ams->target = tray;
}

/* ---- the steps -------------------------------------------------------- */

static void step_name(struct printer *printer)
{
    show_names(printer);
    if (!printer->order.never_starts || printer->order.echoes_ids)
        show_ids(printer);
    if (printer->order.never_starts)
        later(printer, STEP_FORGET_FILE, FORGET_FILE_AFTER_MS);
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
    heat(printer, true);
}

static void step_prepare(struct printer *printer)
{
    begin(printer);
    printer->prepare_began_ms = printer->now_ms;
    printer->status.prepare_percent = 0;
    set_state(printer, STATE_PREPARE, PRINT_STAGE_IDLE,
              printer->setup.model->idle_stage);
    later(printer, STEP_RUN, PREPARE_TAKES_MS);
}

static void fail(struct printer *printer, uint32_t code, const char *outcome)
{
    printer->status.print_error = code;
    set_outcome(printer, outcome);
    set_state(printer, STATE_FAILED, PRINT_STAGE_IDLE,
              printer->setup.model->idle_stage);
    set_text(printer->status.print_type, sizeof printer->status.print_type,
             printer->setup.model->idle_type);
    heat(printer, false);
    load(printer, AMS_NO_TRAY);
    forget_all(printer);
}

static void pause_for(struct printer *printer, uint32_t code, int stage)
{
    printer->status.print_error = code;
    set_state(printer, STATE_PAUSE, PRINT_STAGE_PAUSED,
              printer->setup.model->tells_pause_reason ? stage
                                                       : STAGE_PRINTING);
    plan(printer);
}

static void step_run(struct printer *printer)
{
    if (printer->status.state != STATE_PREPARE)
        begin(printer);
    const struct print_order *order = &printer->order;
    if (order->obstacle != 0 && !order->obstacle_pauses) {
        fail(printer, order->obstacle, "failed");
        return;
    }
    set_state(printer, STATE_RUNNING, PRINT_STAGE_PRINTING, STAGE_HEATING);
    printer->status.prepare_percent = 100;
    printer->status.total_layers = printer->setup.size.layers;
    load(printer, order->tray_count > 0 ? order->trays[0] : AMS_EXTERNAL);
    later(printer, STEP_SETTLE, SETTLE_AFTER_MS);
    if (order->obstacle != 0)
        later(printer, STEP_BLOCK, 0);
    plan(printer);
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
    pause_for(printer, printer->order.obstacle, STAGE_PRINTING);
}

static void step_fail(struct printer *printer)
{
    const struct armed_fault *armed =
        fault_take(printer->setup.faults, FAULT_FAIL_PRINT);
    uint32_t code = ERROR_MOTOR;
    if (armed != NULL && armed->text[0] != '\0')
        code = (uint32_t)strtoul(armed->text, NULL, 16);
    fail(printer, code, "failed");
}

static void step_runout(struct printer *printer)
{
    fault_take(printer->setup.faults, FAULT_RUNOUT);
    bool external = printer->order.tray_count == 0;
    pause_for(printer, external ? ERROR_EXTERNAL_RAN_OUT : ERROR_TRAY_RAN_OUT,
              STAGE_PAUSED_BY_RUNOUT);
}

static void step_end(struct printer *printer)
{
    struct status *status = &printer->status;
    set_outcome(printer, "finished");
    set_state(printer, STATE_FINISH, PRINT_STAGE_IDLE,
              printer->setup.model->idle_stage);
    status->percent = 100;
    status->remaining_minutes = 0;
    status->layer = status->total_layers;
    heat(printer, false);
    load(printer, AMS_NO_TRAY);
    forget(printer, STEP_FAIL);
    forget(printer, STEP_RUNOUT);
    forget(printer, STEP_SETTLE);
    later(printer, STEP_FORGET_FILE, FORGET_FILE_AFTER_MS);
}

static void step_stopped(struct printer *printer)
{
    fail(printer, 0, "stopped");
    printer->status.percent = 0;
    printer->status.layer = 0;
    printer->status.remaining_minutes = 0;
    later(printer, STEP_CANCEL_CODE, CANCEL_CODE_AFTER_MS);
    later(printer, STEP_FORGET_FILE, FORGET_FILE_AFTER_MS);
}

static void step_cancel_code(struct printer *printer)
{
    printer->status.print_error = ERROR_CANCELLED;
    later(printer, STEP_CLEAR_CODE, CLEAR_CODE_AFTER_MS);
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
    set_text(status->print_type, sizeof status->print_type,
             printer->setup.model->idle_type);
    if (!printer->order.never_starts && !printer->setup.model->plate_as_file)
        status->gcode_file[0] = '\0';
}

static void start_steps(struct printer *printer);

static void clear_job(struct printer *printer)
{
    struct status *status = &printer->status;
    memset(status->subtask_name, 0, sizeof status->subtask_name);
    memset(status->gcode_file, 0, sizeof status->gcode_file);
    set_text(status->project_id, PRINTER_ID_MAX, "0");
    set_text(status->profile_id, PRINTER_ID_MAX, "0");
    set_text(status->task_id, PRINTER_ID_MAX, "0");
    set_text(status->subtask_id, PRINTER_ID_MAX, "0");
    set_text(status->print_type, sizeof status->print_type,
             printer->setup.model->idle_type);
    set_state(printer, STATE_IDLE, PRINT_STAGE_IDLE,
              printer->setup.model->idle_stage);
    status->percent = status->remaining_minutes = 0;
    status->layer = status->total_layers = status->prepare_percent = 0;
    status->print_error = 0;
    status->hms_count = 0;
    status->plate = 1;
    load(printer, AMS_NO_TRAY);
    heat(printer, false);
}

static size_t add_self_start(struct printer *printer,
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
        plan(printer);
        return;
    }
    clear_job(printer);
    if (printer->after == REBOOT_RESTART && printer->order.file[0] != '\0') {
        printer->order.obstacle = 0;
        printer->order.record = add_self_start(printer, &printer->order);
        start_steps(printer);
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
    [STEP_END] = step_end,
    [STEP_STOPPED] = step_stopped,
    [STEP_CANCEL_CODE] = step_cancel_code,
    [STEP_CLEAR_CODE] = step_clear_code,
    [STEP_FORGET_FILE] = step_forget_file,
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
            live(printer, due_ms);
        forget(printer, step);
        steps[step](printer);
        show(printer);
        changed(printer);
    }
    if (now_ms > printer->now_ms)
        live(printer, now_ms);
    show(printer);
}

/* ---- being told ------------------------------------------------------- */

static void start_steps(struct printer *printer)
{
    forget_all(printer);
    if (printer->order.never_starts) {
        set_outcome(printer, "never-started");
        later(printer, STEP_NAME, FORGOTTEN_NAME_AFTER_MS);
        return;
    }
    printer->status.print_error = 0;
    set_outcome(printer, "pending");
    later(printer, STEP_NAME, NAME_AFTER_MS);
    if (printer->setup.model->prepares)
        later(printer, STEP_PREPARE, PREPARE_AFTER_MS);
    else
        later(printer, STEP_RUN, RUN_AFTER_MS);
}

static void refuse_busy(struct printer *printer)
{
    if (printer->setup.model->busy_start_cancels && is_printing(printer))
        fail(printer, 0, "cancelled");
    printer->status.print_error = ERROR_BUSY;
    later(printer, STEP_CLEAR_CODE, BUSY_CODE_LASTS_MS);
    show(printer);
    changed(printer);
}

bool printer_start(struct printer *printer, const struct print_order *order)
{
    if (printer_is_busy(printer)) {
        refuse_busy(printer);
        return false;
    }
    printer->order = *order;
    start_steps(printer);
    return true;
}

bool printer_start_foreign(struct printer *printer, const char *name)
{
    if (printer_is_busy(printer))
        return false;
    struct print_order order = { .plate = 1 };
    set_text(order.name, sizeof order.name, name);
    set_text(order.file, sizeof order.file, name);
    set_text(order.task_id, sizeof order.task_id, "0");
    set_text(order.subtask_id, sizeof order.subtask_id, "0");
    set_text(order.project_id, sizeof order.project_id, "0");
    set_text(order.profile_id, sizeof order.profile_id, "0");
    order.record = add_self_start(printer, &order);
    return printer_start(printer, &order);
}

bool printer_pause(struct printer *printer)
{
    if (printer->status.state != STATE_RUNNING)
        return false;
    pause_for(printer, printer->status.print_error, STAGE_PAUSED_BY_USER);
    show(printer);
    changed(printer);
    return true;
}

bool printer_resume(struct printer *printer)
{
    if (printer->status.state != STATE_PAUSE)
        return false;
    printer->status.print_error = 0;
    set_state(printer, STATE_RUNNING, PRINT_STAGE_PRINTING, STAGE_PRINTING);
    plan(printer);
    if (printer->order.obstacle != 0)
        later(printer, STEP_BLOCK, BLOCK_AGAIN_AFTER_MS);
    show(printer);
    changed(printer);
    return true;
}

bool printer_stop(struct printer *printer)
{
    if (!printer_is_busy(printer))
        return false;
    forget_all(printer);
    later(printer, STEP_STOPPED, STOPPED_AFTER_MS);
    return true;
}

bool printer_finish_now(struct printer *printer)
{
    if (!is_printing(printer))
        return false;
    double left_ms = (double)printer->duration_ms - printer->printed_ms;
    live_filament(printer, left_ms);
    printer->printed_ms = (double)printer->duration_ms;
    printer->status.total_layers = printer->setup.size.layers;
    forget_all(printer);
    step_end(printer);
    show(printer);
    changed(printer);
    return true;
}

bool printer_set_speed(struct printer *printer, int level)
{
    if (level < 1 || level > 4)
        return false;
    printer->status.speed_level = level;
    printer->status.speed_percent = speed_percents[level];
    plan(printer);
    return true;
}

void printer_set_light(struct printer *printer, bool on)
{
    printer->status.light = on;
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
        pause_for(printer, code, STAGE_PRINTING);
    show(printer);
    changed(printer);
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
    changed(printer);
    return true;
}

void printer_reboot(struct printer *printer, int64_t off_ms,
                    enum reboot_after after)
{
    if (printer->off)
        return;
    bool midway =
        is_printing(printer) && printer->status.state != STATE_PREPARE;
    printer->off = true;
    printer->after = after;
    if (after != REBOOT_KEEP || !midway) {
        if (printer_is_busy(printer)) {
            set_outcome(printer, "lost");
            if (after == REBOOT_KEEP)
                printer->after = REBOOT_IDLE;
        }
    }
    forget_all(printer);
    later(printer, STEP_BACK, off_ms);
    changed(printer);
}

/* ---- life and death --------------------------------------------------- */

struct printer *printer_new(const struct printer_setup *setup)
{
    assert(setup->size.duration_ms > 0 && setup->size.layers > 0);
    struct printer *printer = mem_new(1, sizeof *printer);
    printer->setup = *setup;
    printer->random = setup->seed;
    printer->nozzle_c = printer->bed_c = ambient_c;
    printer->duration_ms = setup->size.duration_ms;
    printer->order.record = SIZE_MAX;
    printer->status.wifi_dbm = -45;
    printer->status.light = true;
    ams_init(&printer->ams, !setup->no_ams, setup->seed);
    forget_all(printer);
    clear_job(printer);
    printer_set_speed(printer, 2);
    show(printer);
    return printer;
}

void printer_free(struct printer *printer)
{
    free(printer);
}
