/* Channels: the places people are told things, and what they want to hear.
 *
 * Beyond the fields of its table a channel has settings: the members its
 * notifier asks for (an address, a secret), as a printer has its driver's. */
#ifndef SPOOLD_SHOP_CHANNEL_H
#define SPOOLD_SHOP_CHANNEL_H

#include "shop/notifier.h"
#include "shop/shop.h"
#include "shop/words.h"

struct channel {
    int64_t id, user_id;
    spd_str name, kind;
    bool enabled;
    spd_str disabled_reason; /* why it was switched off; no text: by a person */
    bool allow_private;
    int64_t printer_id; /* only what is about this one; 0: all */
    struct list topics; /* of spd_str: exactly these; none: as printers say */
    int min_severity;   /* enum severity */
    spd_str quiet_from, quiet_to; /* "22:00", in local time; no text: never */
    int64_t digest_minutes;       /* gather so long; INT_NONE: tell at once */
    bool hold_urgent;             /* gather errors as well */
    int64_t per_minute; /* INT_NONE: as the notifier says; 0: no limit */
    spd_str template;   /* JSON; no text: the notifier's own form */
    int64_t created_at, updated_at;
    /* internal */
    spd_str settings, sealed; /* as a printer's */
};

extern const struct kind channel_kind;
extern const struct fields channel_fields;

/* {"id", "name", "kind", ...} with the secrets opened, for the notifier.
 * Appended. SPD_EIO: the key does not fit. */
spd_err channel_describe(const struct shop *shop, const struct channel *channel,
                         struct buf *json, struct spd_error *err);

/* Set the webhook's address of a printer's own channel, for printer_id; makes
 * it when channel_id is 0, and ends it when `url` is empty.  Returns through
 * channel_id.  Refuses the call when the address is not one. */
spd_err channel_of_printer(struct call *call, spd_txn *txn, int64_t printer_id,
                           spd_str url, int64_t *channel_id);

spd_err channel_add_ops(struct shop *shop, struct spd_error *err);

#endif
