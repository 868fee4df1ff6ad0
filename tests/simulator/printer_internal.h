/* What printer.c (orders from outside), printer_steps.c (what happens by
 * itself) and printer_show.c (what others see) share. */
#ifndef SIM_PRINTER_INTERNAL_H
#define SIM_PRINTER_INTERNAL_H

#include "clock.h"
#include "printer.h"

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
    STEP_LOADED,
    STEP_BACK,
    STEP_COUNT
};

/* Delays that two of the files go by, in simulated milliseconds. */
enum printer_delay_ms {
    PREPARE_TAKES_MS = 7000,
    BLOCK_AGAIN_AFTER_MS = 1000,
    STOPPED_AFTER_MS = 600,
    BUSY_CODE_LASTS_MS = 5000,
    LOADED_AFTER_MS = 20000,
};

#define PRINTER_AMBIENT_C 24.0

/* Values of stg_cur, and of mc_print_stage. */
enum {
    STAGE_PRINTING = 0,
    STAGE_PAUSED_BY_RUNOUT = 6,
    STAGE_HEATING = 7,
    STAGE_PAUSED_BY_USER = 16,
    STAGE_UNLOADING = 22,
    STAGE_LOADING = 24,
    PRINT_STAGE_IDLE = 1,
    PRINT_STAGE_PRINTING = 2,
    PRINT_STAGE_PAUSED = 3,
};

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

/* printer_steps.c */

bool printer_is_printing(const struct printer *printer);
bool printer_is_pending(const struct printer *printer, enum step step);
void printer_changed(struct printer *printer);
void printer_later(struct printer *printer, enum step step, int64_t delay_ms);
void printer_forget_all(struct printer *printer);
void printer_set_outcome(struct printer *printer, const char *outcome);

/* When the running print ends, fails or runs out, as things stand. */
void printer_plan(struct printer *printer);
void printer_fail(struct printer *printer, uint32_t code, const char *outcome);
void printer_end(struct printer *printer);
void printer_pause_for(struct printer *printer, uint32_t code, int stage);
void printer_start_steps(struct printer *printer);
size_t printer_add_self_start(struct printer *printer,
                              const struct print_order *order);
void printer_clear_job(struct printer *printer);

/* The first tray the order uses: the external spool where it names none. */
int printer_first_tray(const struct print_order *order);

/* printer_show.c */

void printer_set_state(struct printer *printer, enum gcode_state state,
                       int print_stage, int stage);
void printer_set_text(char *out, size_t cap, const char *text);
/* Degrees to 1/32 degree. */
int printer_in_32nds(double degrees_c);
void printer_show_ids(struct printer *printer);
void printer_show_names(struct printer *printer);

/* Bring the status up to date with everything else. */
void printer_show(struct printer *printer);

/* Let time pass: heat, filament, progress. */
void printer_live(struct printer *printer, int64_t now_ms);
void printer_use_filament(struct printer *printer, double printed_ms);

#endif
