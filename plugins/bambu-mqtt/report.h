/* What a printer has said of itself so far: whole reports and partial ones,
 * merged.
 *
 * Everything here comes from a peer that is not trusted: members of a wrong
 * type or beyond their bounds are counted and skipped, text is cut, and
 * nothing grows.  A report keeps the printer's own numbers and words; what
 * they mean is not its business (see status.h). */
#ifndef BAMBU_REPORT_H
#define BAMBU_REPORT_H

#include <spoold/plugin.h>

enum {
    REPORT_UNITS_MAX = 16,
    REPORT_TRAYS_MAX = 4,
    REPORT_HMS_MAX = 16,
    REPORT_NOZZLES_MAX = 2,
    REPORT_LIGHTS_MAX = 6,
    REPORT_SKIPPED_MAX = 64,
    REPORT_MAPPING_MAX = 32,

    UNIT_A2L_LITE = 16,
    UNIT_HT_FIRST = 128,
    UNIT_HT_LAST = 135,

    SLOT_EXTERNAL_LEFT = 254, /* where there are two; else the only one */
    SLOT_EXTERNAL_MAIN = 255,
};

struct tray {
    char type[24];        /* "PLA"; "" when nothing is known of the slot */
    char sub_brand[40];   /* "PLA Basic" */
    char info_idx[16];    /* "GFA00"; P.. is a person's own preset */
    char color[12];       /* RRGGBBAA */
    char uuid[36];        /* of the spool; zeros without a tag */
    int64_t weight_grams; /* net, when full; 0 not known */
    int64_t remain_pct;   /* below 0: not known */
    int64_t nozzle_celsius_least, nozzle_celsius_most; /* 0: not known */
};

struct unit {
    int64_t id;
    uint64_t info; /* low four bits: what kind of unit; 0: not told */
    /* Below 0: not told.  The index is 1 (wet) to 5 (dry). */
    int64_t humidity_index, humidity_pct, dry_minutes;
    double celsius; /* 0: no sensor */
    struct tray tray[REPORT_TRAYS_MAX];
};

struct hms {
    uint32_t attr, code;
};

struct nozzle {
    bool known;
    int64_t packed_celsius; /* target << 16 | current; below 0: not told */
    int64_t loaded;         /* unit << 8 | slot; below 0: not told */
    double diameter_mm;     /* 0: not told */
    char type[24];
};

struct light {
    char node[24], mode[12];
};

/* Numbers below 0 where the printer never says less than 0: not told yet. */
struct report {
    char gcode_state[16];
    char subtask_name[128];
    char task_id[24], subtask_id[24], print_type[16];
    char wifi_signal[16];
    int64_t stg_cur, print_error;
    int64_t mc_percent, mc_remaining_minutes, layer_num, total_layer_num;
    int64_t prepare_percent;
    int64_t spd_lvl, spd_mag, home_flag;
    int64_t fan_part, fan_aux, fan_chamber, fan_hotend; /* 0 to 15 */
    int64_t sdcard;                                     /* 0, 1 */
    uint64_t stat, fun;
    bool stat_known, fun_known, home_flag_known;
    double nozzle_celsius, nozzle_target_celsius;
    double bed_celsius, bed_target_celsius, chamber_celsius;
    double nozzle_diameter_mm;
    char nozzle_type[24];
    struct light lights[REPORT_LIGHTS_MAX];
    size_t light_count;
    int64_t skipped[REPORT_SKIPPED_MAX]; /* objects of the plate */
    size_t skipped_count;
    int64_t mapping[REPORT_MAPPING_MAX]; /* by filament: unit << 8 | slot */
    size_t mapping_count;

    struct hms hms[REPORT_HMS_MAX];
    size_t hms_count;

    struct unit units[REPORT_UNITS_MAX];
    size_t unit_count;
    struct tray external[2]; /* main, left */
    bool external_known[2];
    uint64_t unit_bits, tray_bits;
    bool bits_known;
    int64_t tray_now;

    struct nozzle nozzles[REPORT_NOZZLES_MAX];
    int64_t extruder_state, bed_packed, chamber_packed;

    /* From get_version; survives whole reports. */
    char product[48];
    char firmware[24];

    int64_t sequence; /* of the report merged last; -1: not known */
    bool complete;    /* see report_is_complete */

    uint64_t odd; /* members skipped since the report was made */
};

#define CELSIUS_UNKNOWN (-1000.0)

void report_init(struct report *r);

/* All but who it is, and the count of odd members. */
void report_forget(struct report *r);

/* Merge `print`, the object of a status message.  A whole one replaces all
 * that was known, a partial one only what it mentions; units and trays are
 * matched by their ids, and one that was overtaken by later ones is left
 * alone.  Answers whether it was whole. */
bool report_merge(struct report *r, const struct spd_json_api *json,
                  const spd_json *print);

/* Is what is known all there is to know: a whole report, and every partial one
 * since, by their unbroken count?  Printers that do not count theirs are
 * known completely only when they have said all anew. */
bool report_is_complete(const struct report *r);

/* Take model and firmware from `info`, the answer to get_version. */
void report_merge_version(struct report *r, const struct spd_json_api *json,
                          const spd_json *info);

/* Does the printer have two nozzles with an external spool each? */
bool report_is_dual(const struct report *r);

/* Which nozzle works now: an index below REPORT_NOZZLES_MAX. */
size_t report_active_nozzle(const struct report *r);

/* The bit of a slot in the masks; below 0 when it has none. */
int report_slot_bit(int64_t unit, int64_t slot);

#endif
