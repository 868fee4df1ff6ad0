/* One printer as a machine of states: what it prints, how far it is, what it
 * would say about itself.
 *
 * Driven by printer_advance() alone: simulated milliseconds in, changes out
 * through one callback. It refuses to know sockets, JSON, files and real
 * time. Thread: the caller's. */
#ifndef SIM_PRINTER_H
#define SIM_PRINTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ams.h"
#include "fault.h"
#include "history.h"
#include "model.h"

#define PRINTER_NAME_MAX 128
#define PRINTER_ID_MAX 24
#define PRINTER_HMS_MAX 8
#define PRINTER_MAPPING_MAX 16
#define PRINTER_SKIPPED_MAX 32
#define PRINTER_NO_TRAY (-1) /* in print_order.trays: not used */

/* Values of print_error, as in 0300_400C. */
#define ERROR_CANCELLED 0x0300400CU
#define ERROR_BUSY 0x05004004U
#define ERROR_BAD_FILE 0x05004003U
#define ERROR_STORAGE 0x0500C010U
#define ERROR_NO_MAPPING 0x07008012U
#define ERROR_NO_AMS 0x07FF8012U
#define ERROR_TRAY_RAN_OUT 0x07008011U
#define ERROR_EXTERNAL_RAN_OUT 0x03008015U
#define ERROR_MOTOR 0x0300801EU

enum gcode_state {
    STATE_IDLE,
    STATE_PREPARE,
    STATE_RUNNING,
    STATE_PAUSE,
    STATE_FINISH,
    STATE_FAILED,
};

struct hms {
    uint32_t attr, code;
};

/* What a report is made of. Temperatures are in 1/32 degree, the step of the
 * real sensors. */
struct status {
    enum gcode_state state;
    int percent, remaining_minutes, layer, total_layers, prepare_percent;
    int stage, print_stage, sub_stage;
    uint32_t print_error;
    int speed_level, speed_percent;
    int nozzle_32, bed_32, nozzle_target_32, bed_target_32;
    int fan; /* 0-15 */
    int ams_status, filament_at_head;
    int tray_now, tray_target, tray_previous;
    unsigned ams_version, exist_bits, tag_bits;
    int dry_minutes; /* of all units together */
    int home_flag, wifi_dbm, plate;
    uint64_t fun, stat;
    int extruder; /* 0 right or only, 1 left */
    int nozzle_hundredths;
    bool light, light2, door_open;
    int skipped[PRINTER_SKIPPED_MAX]; /* objects of the plate */
    size_t skipped_count;
    struct hms hms[PRINTER_HMS_MAX];
    size_t hms_count;
    char print_type[12];
    char subtask_name[PRINTER_NAME_MAX], gcode_file[PRINTER_NAME_MAX];
    char project_id[PRINTER_ID_MAX], profile_id[PRINTER_ID_MAX];
    char task_id[PRINTER_ID_MAX], subtask_id[PRINTER_ID_MAX];
};

/* A print somebody asked for. */
struct print_order {
    char name[PRINTER_NAME_MAX], file[PRINTER_NAME_MAX];
    char project_id[PRINTER_ID_MAX], profile_id[PRINTER_ID_MAX];
    char task_id[PRINTER_ID_MAX], subtask_id[PRINTER_ID_MAX];
    int plate;
    /* By filament: a tray, or PRINTER_NO_TRAY; none: the external spool. */
    int trays[PRINTER_MAPPING_MAX];
    size_t tray_count;
    uint32_t obstacle;    /* print_error that meets it, 0 = none */
    bool obstacle_pauses; /* PAUSE, may be resumed; else FAILED */
    bool never_starts;    /* accepted, named, forgotten */
    bool echoes_ids;      /* ... but its ids are shown */
    size_t record;        /* its row in the history */
};

/* How long, how heavy and how tall prints are from now on. */
struct print_size {
    int64_t duration_ms;
    double grams;
    int layers;
};

enum reboot_after {
    REBOOT_IDLE,    /* forgets everything */
    REBOOT_KEEP,    /* as before; a running print goes on */
    REBOOT_RESTART, /* prints the last file again, by itself */
};

struct printer;

struct printer_setup {
    const struct model *model;
    uint32_t seed;
    struct ams_plan ams;
    struct print_size size;
    struct faults *faults;   /* borrowed for the printer's life */
    struct history *history; /* borrowed for the printer's life */
    /* Something a report should tell at once has changed. The printer must
     * not be freed from here. */
    void (*on_change)(void *user);
    void *user;
};

struct printer *printer_new(const struct printer_setup *setup);
void printer_free(struct printer *printer);

/* Live until now_ms, which never goes back. */
void printer_advance(struct printer *printer, int64_t now_ms);

/* When something will change by itself; CLOCK_NEVER: not foreseen. */
int64_t printer_due_ms(const struct printer *printer);

int64_t printer_now_ms(const struct printer *printer);

/* Borrowed; changes with the next call. */
const struct status *printer_status(const struct printer *printer);
struct ams *printer_ams(struct printer *printer);
/* The print it is at, or was last at. Borrowed. */
const struct print_order *printer_order(const struct printer *printer);
const char *gcode_state_name(enum gcode_state state);

bool printer_is_busy(const struct printer *printer);
bool printer_is_off(const struct printer *printer);

/* Accept the order, or refuse because the printer is busy (which shows an
 * error, and on some models ends the running print). */
bool printer_start(struct printer *printer, const struct print_order *order);

/* Begin a print nobody sent: somebody stands at the printer. False: busy. */
bool printer_start_foreign(struct printer *printer, const char *name);

/* False: not possible in this state. */
bool printer_pause(struct printer *printer);
bool printer_resume(struct printer *printer);
bool printer_stop(struct printer *printer);
bool printer_finish_now(struct printer *printer);

bool printer_set_speed(struct printer *printer, int level);
void printer_set_light(struct printer *printer, bool on);
void printer_set_second_light(struct printer *printer, bool on);
void printer_set_door(struct printer *printer, bool open);
void printer_set_nozzle(struct printer *printer, double diameter_mm);

/* Leave these objects of the plate out. False: nothing prints, or too many. */
bool printer_skip(struct printer *printer, const int *objects, size_t count);

/* Bring the filament of this tray to the nozzle; AMS_NO_TRAY takes it out.
 * False: not while printing. */
bool printer_load(struct printer *printer, int tray);

/* Dry what is in a unit for so long; 0 ends it. False: it cannot. */
bool printer_dry(struct printer *printer, int unit, int celsius,
                 int64_t duration_ms);
void printer_set_size(struct printer *printer, const struct print_size *size);
const struct print_size *printer_size(const struct printer *printer);

/* 0 clears. pauses: a running print pauses for it. */
void printer_set_error(struct printer *printer, uint32_t code, bool pauses);

/* False: no room. attr 0 clears all. */
bool printer_add_hms(struct printer *printer, struct hms hms);

/* A fault was armed or cleared, or a tray changed: think again. The next
 * report tells. */
void printer_reconsider(struct printer *printer);

void printer_reboot(struct printer *printer, int64_t off_ms,
                    enum reboot_after after);

#endif
