/* Printers: what the shop knows of each, and how it is reached.
 *
 * Beyond the fields of its table a printer has settings: the members its
 * driver asks for (host, serial, ...), checked against the driver's rows.
 * Secret ones are sealed before they are stored and never shown. */
#ifndef SPOOLD_SHOP_PRINTER_H
#define SPOOLD_SHOP_PRINTER_H

#include "shop/shop.h"

/* As the last report left it; the words of the API. */
enum printer_status {
    PRINTER_NEW, /* has never been heard of */
    PRINTER_IDLE,
    PRINTER_PREPARING,
    PRINTER_PRINTING,
    PRINTER_PAUSED,
    PRINTER_FINISHED,
    PRINTER_FAILED,
    PRINTER_UNKNOWN,
    PRINTER_OFFLINE,
};

/* How the plate becomes clear after a completed print of ours. */
enum printer_ejects {
    EJECTS_NEVER, /* a person clears it and says so */
    EJECTS_WHEN_COOL,
    EJECTS_AT_END, /* the print's last lines do it */
};

struct printer {
    int64_t id, user_id;
    spd_str name, model, kind, location, notes;
    struct list tags; /* of spd_str */
    bool enabled, plate_clear;
    int status; /* enum printer_status */
    double nozzle_diameter_mm;
    int64_t maintenance_interval_days, last_maintenance_at;
    spd_str pin; /* the key the printer showed first */
    int64_t created_at, updated_at;
    /* internal */
    spd_str settings;   /* JSON object: what may be shown of them */
    spd_str sealed;     /* the secret ones */
    bool plate_stated;  /* a person said how the plate is */
    int64_t printed_ms; /* it has printed so long in all */
    int64_t forgotten;  /* internal: keys of it that were given up */
    int64_t busy_at;    /* seen at a print, or said to be taken, since the last
                           start; 0: not */
    spd_str last_print; /* the submission it named last */
    int ejects;         /* enum printer_ejects */
    double eject_below_c;
    int64_t ejects_attempt; /* internal: what it is to eject; 0: nothing */
    int64_t circuit_id;     /* 0: none that matters */
    spd_str plate_type; /* of the plate that is on it; no text: nobody said */
    int64_t maintenance_interval_hours; /* of printing */
    bool maintenance_blocks;
    int64_t maintained_ms; /* internal: it had printed so long at the last */
    /* internal: raised when what it is reached by changes, for it may be
     * another machine from then on */
    int64_t machine;
};

extern const struct kind printer_kind;
extern const struct fields printer_fields;
extern const char *const printer_status_names[];

/* Is it the same build plate, in people's words?  "textured-pei" is the
 * "Textured PEI Plate". */
bool plate_type_equal(spd_str a, spd_str b);

/* Is its maintenance due, by the days or by the hours printed since the last?
 * And which, in words; appended without a NUL. */
bool printer_is_due(const struct printer *printer, int64_t now_ms);
void printer_say_due(const struct printer *printer, int64_t now_ms,
                     struct buf *out);

/* All settings with the secrets opened, as JSON, for the driver: members of
 * the driver's rows and "pin". Appended. SPD_EIO: the key does not fit. */
spd_err printer_settings(struct shop *shop, const struct printer *printer,
                         struct buf *json, struct spd_error *err);

spd_err printer_add_ops(struct shop *shop, struct spd_error *err);

#endif
