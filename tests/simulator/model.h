/* What differs between printer models, as data: one row a model.
 *
 * A quirk is a member here and never a comparison of names elsewhere. The
 * rows know nothing of state, sockets or time. All data is static. */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bits, so that a report field can say on which families it appears. */
enum model_family {
    FAMILY_P1 = 1,
    FAMILY_A1 = 2,
    FAMILY_X1 = 4,
    FAMILY_H2 = 8, /* H2D, H2D Pro, H2S, H2C, P2S, X2D */
    FAMILY_AP = FAMILY_P1 | FAMILY_A1,
    FAMILY_LINUX = FAMILY_X1 | FAMILY_H2, /* with `device{}` and more */
    FAMILY_ALL = FAMILY_AP | FAMILY_LINUX,
};

/* Spellings of project_file's url that a model can follow. */
enum url_form {
    URL_FTP_ROOT = 1,   /* ftp://name */
    URL_FTP_PATH = 2,   /* ftp:///name, root only unless URL_FTP_FOLDER */
    URL_FTP_FOLDER = 4, /* ftp:///folder/name */
    URL_SDCARD = 8,     /* file:///sdcard/path */
    URL_USB = 16,       /* file:///media/usb0/path */
};

/* How a chamber temperature is told. */
enum chamber {
    CHAMBER_FIVE,   /* chamber_temper is always 5: there is no sensor */
    CHAMBER_SENSOR, /* chamber_temper and device.ctc */
    CHAMBER_DEVICE, /* device.ctc only */
};

/* Members of an AMS unit beside its trays. */
enum ams_members {
    AMS_BRIEF,   /* humidity and temp; more for kinds that can dry */
    AMS_CHECKED, /* all, and check and chip_id, as A1 mini and A2L */
    AMS_FULL,
};

/* A row of info.get_version. */
struct model_module {
    const char *name;
    const char *product_name; /* NULL: the project is named instead */
    const char *hw_ver;
    const char *sw_ver;
};

struct model {
    const char *name; /* as on the command line */
    const char *serial_prefix;
    enum model_family family;
    const char *project_name; /* in info.module[], NULL when not sent */
    const char *code;         /* DevModel in discovery */
    const char *ams;          /* its usual units, see ams_plan_parse */
    int nozzles;

    bool full_reports;     /* every report is a snapshot (msg 0) */
    bool marks_reports;    /* msg and a count; else only when asked for all */
    bool trays_in_deltas;  /* ams.ams[] comes in deltas too */
    bool estimates_remain; /* else `remain` is always 0 */
    bool prepares;         /* PREPARE is shown before RUNNING */
    bool plate_as_file;    /* gcode_file names the plate, not the 3mf */
    int idle_stage;        /* stg_cur when nothing goes on */
    const char *idle_type; /* print_type when nothing goes on */
    const char *ack_good;  /* result and reason of an ack */
    const char *ack_bad;

    bool tells_pause_reason; /* stg_cur says why it paused */
    bool clamps_ids;         /* ids above 2^31-1 become 2^31-1 */
    bool busy_start_cancels; /* project_file while busy ends the job */
    unsigned url_forms;      /* enum url_form */
    bool guards_requests;    /* subscribing to `request` drops the client */
    unsigned max_clients;    /* MQTT connections served at once */

    bool tls12_only;    /* newest TLS is 1.2 */
    bool reuse_session; /* FTPS data must resume the control session */
    bool cuts_tls13;    /* uploads over TLS 1.3 end in 426 */
    bool v1_leaf;       /* the certificate is X.509 version 1 */

    int home_flag;      /* idle; bits 0-2 (homed) join while printing */
    const char *lights; /* nodes after chamber_light, verbatim JSON */
    uint64_t fun, stat; /* with Developer Mode on, door shut; 0: unsent */
    const char *nozzle_type;
    enum chamber chamber;
    enum ams_members ams_members;
    int tray_state;       /* `state` of a loaded tray; -1: not sent */
    bool tray_has_k;      /* k and n are sent with each tray */
    const char *tray_dry; /* "tray" or "drying" (_temp, _time) */
    bool tray_has_total_len;
    const char *vt_tray_id; /* NULL: not sent */
    bool has_vir_slot;
    bool has_second_light;
    bool external_is_zero; /* tray_now is 0 while the external spool prints */
    const char *constants; /* members that never change, verbatim JSON */
    const struct model_module *modules; /* ends with a NULL name */
};

/* The row called `name`, blanks, hyphens and letter case aside, or NULL. */
const struct model *model_find(const char *name);

/* The row number `index`, or NULL behind the last one. */
const struct model *model_at(size_t index);

#endif
