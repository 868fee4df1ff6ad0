/* The filament of one printer: AMS units of several kinds and the external
 * spools.
 *
 * It knows spools and grams, and refuses to know who uses them and how they
 * are written down in a report. Plain data; the functions keep `dirty` and
 * `version` true.
 *
 * A tray has one number for the whole printer: unit * 4 + slot, and the id of
 * an AMS HT, which has one slot, itself. */
#ifndef SIM_AMS_H
#define SIM_AMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AMS_UNITS_MAX 8
#define AMS_SLOTS 4
#define AMS_EXTERNAL_LEFT 253 /* external spool of the left of two nozzles */
#define AMS_EXTERNAL 254      /* tray number of the (right) external spool */
#define AMS_NO_TRAY 255
#define AMS_HT_FIRST 128 /* ids of AMS HT units */
#define AMS_A2L_LITE 16  /* what an A2L calls its AMS lite */

/* The low digit of a unit's `info`. */
enum ams_kind {
    AMS_CLASSIC = 1,
    AMS_LITE = 2,
    AMS_2_PRO = 3,
    AMS_HT = 4,
    AMS_LITE_A2L = 5,
};

struct tray {
    bool present;
    bool remain_unknown; /* told as -1 */
    char type[16];       /* "PLA" */
    char sub_brand[32];  /* "PLA Basic" */
    char info_idx[12];   /* "GFA00" */
    char id_name[12];    /* "A00-K0" */
    char color[9];       /* RRGGBBAA */
    char tag_uid[17];    /* all zeros: no Bambu spool */
    char tray_uuid[33];
    int weight_grams; /* net, when full */
    double remain_grams;
    int nozzle_min_c, nozzle_max_c;
};

struct ams_unit {
    int id;
    enum ams_kind kind;
    int extruder;           /* 0 right or only, 1 left */
    int64_t dry_until_ms;   /* simulated; 0: not drying */
    int dry_c, dry_minutes; /* minutes left, as last shown */
    struct tray tray[AMS_SLOTS];
};

struct ams {
    struct ams_unit unit[AMS_UNITS_MAX];
    size_t unit_count; /* 0: only external spools */
    struct tray external, external_left;
    int now, target, previous; /* tray numbers */
    unsigned version;          /* counts changes of the trays */
    uint64_t dirty;            /* bit per tray changed since last reported */
};

/* What units a printer has, in their order. */
struct ams_plan {
    struct {
        enum ams_kind kind;
        int extruder;
    } unit[AMS_UNITS_MAX];
    size_t count;
};

/* "ams,ams2pro:left,ht": ams, lite, ams2pro, ht or a2l-lite, ":left" or
 * ":right" behind; "none". False: no such kind, or too many units. */
bool ams_plan_parse(struct ams_plan *plan, const char *text);

/* Slots per unit: 4, or 1 of an AMS HT. */
int ams_slots(enum ams_kind kind);
const char *ams_kind_name(enum ams_kind kind);

/* Full spools, different ones for a different `seed`. */
void ams_init(struct ams *ams, const struct ams_plan *plan, uint32_t seed);

/* Other units, put on while it runs: all their trays are news. */
void ams_refit(struct ams *ams, const struct ams_plan *plan, uint32_t seed);

/* The unit with that id, or NULL. */
struct ams_unit *ams_unit(struct ams *ams, int id);

/* The tray's number; -1: the unit has no such slot. */
int ams_number(const struct ams_unit *unit, int slot);

/* What such a number means; NULL for others. unit and slot may be NULL; an
 * external spool has unit NULL and slot 0. */
struct tray *ams_find(struct ams *ams, int number, struct ams_unit **unit,
                      int *slot);
struct tray *ams_tray(struct ams *ams, int number);
bool ams_is_external(int number);

/* The tray was changed: count it, report it. */
void ams_touch(struct ams *ams, int number);
bool ams_is_dirty(const struct ams *ams, int number);

/* Take grams off a tray, not below zero. False: it is empty now. */
bool ams_use(struct ams *ams, int number, double grams);

/* A spool without a tag and without a name, as after a filament change. */
void tray_clear(struct tray *tray);

/* 0-100, rounded up so that a spool in use never shows 0. */
int tray_remain_percent(const struct tray *tray);

bool tray_has_tag(const struct tray *tray);

/* Masks as they stand in a report. */
unsigned ams_unit_bits(const struct ams *ams);
unsigned ams_exist_bits(const struct ams *ams);
unsigned ams_tag_bits(const struct ams *ams);

#endif
