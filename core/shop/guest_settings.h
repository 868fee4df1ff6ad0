/* Settings that a plugin asks for: members of a record beside its own fields.
 *
 * A printer's driver and a channel's notifier each bring rows; what is given
 * is checked by them.  What may be shown is kept as JSON beside the record, the
 * secret rest is sealed; the shown JSON says of each secret only that it is
 * set. */
#ifndef SPOOLD_SHOP_GUEST_SETTINGS_H
#define SPOOLD_SHOP_GUEST_SETTINGS_H

#include "shop/shop.h"

struct guest_settings {
    const struct fields *own; /* the record's: what they name is no setting */
    const char *plural;       /* of the record: "printers" */
    const char *who;          /* whose rows they are: "the driver x" */
    const struct spd_field *rows; /* may be NULL: none */
    spd_str name;                 /* of the record, for sentences */
    /* What binds sealed texts to this record, so that they cannot be moved to
     * another. */
    spd_str context;
    spd_str shown, sealed; /* as kept; no text: nothing yet */
};

/* The members of the call's body that are neither the record's own nor
 * parameters. Owned: json_free. */
spd_json *guest_settings_pick(struct call *call,
                              const struct guest_settings *of);

/* Check `given` and lay it over what was kept: fills `shown` and `sealed`
 * (texts in the call's arena).  FIELDS_PATCH keeps what is not given.  Refuses
 * the call with the members' names. */
spd_err guest_settings_take(struct call *call, enum fields_mode mode,
                            const spd_json *given, struct guest_settings *of);

/* Write the shown members, without braces. */
void guest_settings_show(spd_str shown, spd_jsonw *w);

/* Write all, the secrets opened, without braces. SPD_EIO: the key does not fit.
 */
spd_err guest_settings_open(const struct shop *shop,
                            const struct guest_settings *of, spd_jsonw *w,
                            struct spd_error *err);

#endif
