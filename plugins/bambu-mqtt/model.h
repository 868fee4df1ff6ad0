/* The models this driver speaks to, and everything they do differently.
 *
 * Each habit is a column and each model a row; code elsewhere reads columns
 * and never asks for a name.  Knows nothing of connections or reports. */
#ifndef BAMBU_MODEL_H
#define BAMBU_MODEL_H

#include <spoold/plugin.h>

/* How the start command names an uploaded file in the storage's root. */
enum url_form {
    URL_FTP,    /* ftp:///NAME */
    URL_SDCARD, /* file:///sdcard/NAME */
    URL_USB,    /* file:///media/usb0/NAME */
};

enum door_sensor {
    DOOR_NONE,
    DOOR_IN_HOME_FLAG, /* bit 23 of home_flag */
    DOOR_IN_STAT,      /* bit 23 of stat */
};

struct model {
    const char *name;
    const char *slicer_id;
    const char *slicer_name;
    bool only_tls12;      /* answers every other version with an alert */
    bool clear_data_ok;   /* some firmware fails at encrypted uploads */
    bool weighs_spools;   /* else "remain": 0 is said of full spools too */
    bool chamber_sensor;  /* else chamber_temper is a constant or absent */
    bool local_slots;     /* tray_now counts within a unit: not believed */
    bool second_light;    /* chamber_light2 */
    bool partial_reports; /* else every report of its own accord is whole */
    bool lite;            /* its units are AMS lite, also where it is silent */
    uint8_t door;         /* enum door_sensor */
    uint8_t url[2];       /* enum url_form: the first, and the fallback */
    int16_t idle_stage;   /* stg_cur when it does nothing */
    int32_t pushall_gap_ms;  /* whole reports asked for more often hurt it */
    const char *signs_since; /* firmware from which on it obeys with Developer
                                Mode on only; "" always */
};

/* Static; the row for a printer nobody knows yet. */
const struct model *model_unknown(void);

/* The row with this name, slicer id or slicer name, blanks, hyphens and case
 * aside; NULL when there is none.  Printers name themselves in all three. */
const struct model *model_find(spd_str text);

/* Is this firmware ("01.06.10.33") at least as new as that one?  One that is
 * not known is taken for older. */
bool firmware_reaches(const char *firmware, const char *since);

/* The same models in the host's shape; static, ends with a nameless row. */
extern const struct spd_model model_rows[];

#endif
