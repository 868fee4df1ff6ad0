/* What a printer says of itself, in the words of its driver's reports.
 *
 * State is memory, not a record: a report a second writes nothing. */
#ifndef SPOOLD_SHOP_PRINTER_STATE_H
#define SPOOLD_SHOP_PRINTER_STATE_H

#include "base/field.h"

enum connection {
    CONNECTION_NONE, /* switched off here, or no driver */
    CONNECTION_CONNECTING,
    CONNECTION_CONNECTED,
    CONNECTION_UNREACHABLE,
    CONNECTION_REFUSED,
    CONNECTION_SILENT,
    CONNECTION_KEY_CHANGED,
};

enum print_state {
    STATE_UNKNOWN,
    STATE_IDLE,
    STATE_PREPARING,
    STATE_PRINTING,
    STATE_PAUSED,
    STATE_FINISHED,
    STATE_FAILED,
};

/* Some printers must be told first that they may be commanded from here. */
enum remote_control { REMOTE_UNKNOWN, REMOTE_OFF, REMOTE_ON };

/* A place for a filament in the printer, and what is in it. */
struct slot {
    int64_t slot;
    spd_str name;
    bool loaded, external;
    spd_str material_type, color, vendor, product, tray_uuid;
    double weight_grams, remaining_pct;
};

struct printer_state {
    int connection; /* enum connection */
    spd_str detail;
    spd_str pin;
    bool full;
    int state; /* enum print_state */
    spd_str submission;
    bool canceled;
    spd_str job_name, stage;
    double progress_pct, remaining_minutes;
    int64_t layer, layers;
    double nozzle_celsius, nozzle_target_celsius;
    double bed_celsius, bed_target_celsius, chamber_celsius;
    double nozzle_diameter_mm;
    spd_str firmware;
    int64_t speed_level, wifi_dbm;
    spd_str light, door_open; /* "true", "false", or no text: not known */
    spd_str error, alerts;    /* JSON */
    struct list slots;        /* of struct slot */
    int64_t active_slot;
    int64_t speed_pct;
    spd_str fans, lights, nozzles, units, skipped; /* JSON */
    spd_str nozzle_type;
    spd_str storage_ready; /* as `light` */
    int remote_control;    /* enum remote_control */
};

extern const struct fields slot_fields, printer_state_fields;

/* A state that owns its texts. */
struct state_box {
    struct printer_state state;
    struct buf packed; /* the texts of `state` point in here */
    struct arena arena;
};
void state_box_init(struct state_box *box);
void state_box_copy(struct state_box *box, const struct printer_state *state);
void state_box_fini(struct state_box *box);

/* Lay a report over it; what it was moves to `before` (state_box_fini).  What
 * does not fit its field is left out and counted; the sentence of the first
 * such fault is in `first`. */
unsigned state_merge(struct state_box *box, const spd_json *report,
                     struct state_box *before, char first[160]);

/* Is a print of any kind under way? */
bool state_is_busy(const struct printer_state *state);
/* Could a start be sent, as far as the printer's own word goes? */
bool state_is_free(const struct printer_state *state);

#endif
