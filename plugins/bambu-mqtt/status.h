/* A printer's state in the host's words.
 *
 * Derived from the merged report, the job and the model; compared with what
 * was told before, so that only news are sent.  Flat memory without pointers
 * into anything, so comparing is a memcmp. */
#ifndef BAMBU_STATUS_H
#define BAMBU_STATUS_H

#include "job.h"
#include "model.h"
#include "report.h"
#include "words.h"

enum { STATUS_SLOTS_MAX = 48, STATUS_NO_SLOT = -1, STATUS_UNKNOWN = -1000 };

struct slot {
    int32_t number; /* see status_slot_number */
    bool loaded, external, original;
    char name[24];
    char material_type[24], color[8], product[40], tray_uuid[36];
    int32_t weight_grams, remaining_pct; /* below 0: not known */
};

struct lamp {
    char name[20]; /* "chamber", "work light" */
    int8_t on;
};

/* One of two nozzles, or the only one. */
struct head {
    char name[8]; /* "right", "left"; "" the only one */
    char type[40];
    double celsius, target_celsius, diameter_mm;
    int64_t slot; /* STATUS_NO_SLOT */
};

/* An AMS of any kind. Below 0: not known. */
struct feeder {
    int64_t number;
    char name[24], kind[16];
    int64_t humidity_index, humidity_pct, dry_minutes;
    double celsius;
};

enum fan { FAN_PART, FAN_AUX, FAN_CHAMBER, FAN_HOTEND, FAN_COUNT };

/* Does the printer obey commands from here? */
enum obedience { OBEDIENCE_UNKNOWN, OBEDIENCE_OFF, OBEDIENCE_ON };

struct status {
    char state[12], submission[24], job_name[128], stage[48];
    int8_t canceled, light, door_open; /* below 0: not known */
    int64_t progress_pct, remaining_minutes, layer, layers;
    int64_t speed_level, wifi_dbm;
    double nozzle_celsius, nozzle_target_celsius;
    double bed_celsius, bed_target_celsius, chamber_celsius;
    double nozzle_diameter_mm;
    char firmware[24];
    uint32_t error; /* 0: none */
    struct hms alerts[REPORT_HMS_MAX];
    int64_t alert_count;
    struct slot slots[STATUS_SLOTS_MAX];
    int64_t slot_count;
    int64_t active_slot;
    int64_t speed_pct;
    int8_t fans[FAN_COUNT]; /* percent; below 0: not known */
    struct lamp lamps[REPORT_LIGHTS_MAX];
    int64_t lamp_count;
    char nozzle_type[40];
    struct head heads[REPORT_NOZZLES_MAX];
    int64_t head_count;
    struct feeder feeders[REPORT_UNITS_MAX];
    int64_t feeder_count;
    int64_t skipped[REPORT_SKIPPED_MAX];
    int64_t skipped_count;
    int8_t storage_ready; /* below 0: not known */
    int8_t obeys;         /* enum obedience */
};

void status_init(struct status *s);

void status_derive(struct status *s, const struct report *r,
                   const struct job *job, const struct model *model);

/* Slot numbers that mean a spool beside the printer. */
bool status_is_external(int64_t number);

/* Write the members of `now` that differ from `before`, or all of them with
 * `before` NULL, into the open object of `w`.  Answers how many. */
size_t status_write(const struct status *now, const struct status *before,
                    const struct spd_json_api *json, spd_jsonw *w);

/* How slots are numbered towards the host: unit * 4 + slot, an AMS HT by its
 * own id from 128 up, 254 the external spool (of two: the left one, and 255
 * the main one). */
int32_t status_slot_number(int64_t unit, int64_t slot);

#endif
