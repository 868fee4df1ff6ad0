/* What differs between printer models, as data: one row a model.
 *
 * A quirk is a member here and never a comparison of names elsewhere. The
 * rows know nothing of state, sockets or time. All data is static. */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include <stdbool.h>
#include <stddef.h>

/* Bits, so that a report field can say on which families it appears. */
enum model_family {
    FAMILY_P1 = 1,
    FAMILY_A1 = 2,
    FAMILY_X1 = 4,
    FAMILY_AP = FAMILY_P1 | FAMILY_A1,
    FAMILY_ALL = FAMILY_AP | FAMILY_X1,
};

/* Spellings of project_file's url that a model can follow. */
enum url_form {
    URL_FTP_ROOT = 1,   /* ftp://name */
    URL_FTP_PATH = 2,   /* ftp:///name, root only unless URL_FTP_FOLDER */
    URL_FTP_FOLDER = 4, /* ftp:///folder/name */
    URL_SDCARD = 8,     /* file:///sdcard/path */
};

/* A row of info.get_version. */
struct model_module {
    const char *name;
    const char *product_name;
    const char *hw_ver;
    const char *sw_ver;
};

struct model {
    const char *name; /* as on the command line */
    const char *serial_prefix;
    enum model_family family;
    const char *project_name; /* in info.module[], NULL when not sent */

    bool full_reports;     /* every report is a snapshot (msg 0) */
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
    bool v1_leaf;       /* the certificate is X.509 version 1 */

    int home_flag;           /* idle; bits 0-2 (homed) join while printing */
    const char *lights;      /* nodes after chamber_light, verbatim JSON */
    const char *ams_members; /* of an AMS unit, verbatim JSON */
    int tray_state;          /* `state` of a loaded tray; -1: not sent */
    bool tray_has_k;         /* k and n are sent with each tray */
    const char *tray_dry;    /* "tray" or "drying" (_temp, _time) */
    bool tray_has_total_len;
    const char *vt_tray_id;
    const char *constants; /* members that never change, verbatim JSON */
    const struct model_module *modules; /* ends with a NULL name */
};

/* The row called `name` in any letter case, or NULL. */
const struct model *model_find(const char *name);

/* The row number `index`, or NULL behind the last one. */
const struct model *model_at(size_t index);

#endif
