/* The filament of one printer: four trays of an AMS and the external spool.
 *
 * It knows spools and grams, and refuses to know who uses them and how they
 * are written down in a report. Plain data; the functions keep `dirty` and
 * `version` true. */
#ifndef SIM_AMS_H
#define SIM_AMS_H

#include <stdbool.h>
#include <stdint.h>

#define AMS_TRAYS 4
#define AMS_EXTERNAL 254 /* tray number of the external spool */
#define AMS_NO_TRAY 255

struct tray {
    bool present;
    char type[16];      /* "PLA" */
    char sub_brand[32]; /* "PLA Basic" */
    char info_idx[12];  /* "GFA00" */
    char id_name[12];   /* "A00-K0" */
    char color[9];      /* RRGGBBAA */
    char tag_uid[17];   /* all zeros: no Bambu spool */
    char tray_uuid[33];
    int weight_grams; /* net, when full */
    double remain_grams;
    int nozzle_min_c, nozzle_max_c;
};

struct ams {
    bool fitted; /* false: only the external spool */
    struct tray tray[AMS_TRAYS];
    struct tray external;
    int now, target, previous; /* tray numbers */
    unsigned version;          /* counts changes of the trays */
    unsigned dirty;            /* bit per tray changed since last reported */
};

/* Four full spools, different ones for a different `seed`. */
void ams_init(struct ams *ams, bool fitted, uint32_t seed);

/* Tray 0-3, or the external spool for AMS_EXTERNAL; NULL for others. */
struct tray *ams_tray(struct ams *ams, int number);

/* The tray was changed: count it, report it. */
void ams_touch(struct ams *ams, int number);

/* Take grams off a tray, not below zero. False: it is empty now. */
bool ams_use(struct ams *ams, int number, double grams);

/* A spool without a tag and without a name, as after a filament change. */
void tray_clear(struct tray *tray);

/* 0-100, rounded up so that a spool in use never shows 0. */
int tray_remain_percent(const struct tray *tray);

bool tray_has_tag(const struct tray *tray);

unsigned ams_exist_bits(const struct ams *ams);
unsigned ams_tag_bits(const struct ams *ams);

#endif
