/* Notification preferences: what people want to hear of a printer. */
#ifndef SPOOLD_SHOP_PREFS_H
#define SPOOLD_SHOP_PREFS_H

#include "shop/shop.h"
#include "shop/words.h"

struct prefs {
    int64_t id, user_id, printer_id;
    bool notify_print_start, notify_print_complete, notify_print_failed,
        notify_material_change, notify_maintenance, email_enabled;
    spd_str webhook_url;
    int64_t created_at, updated_at;
    int64_t channel_id; /* internal: of the webhook_url; 0: none */
};

extern const struct kind prefs_kind;

/* Those of a printer, or the defaults. */
void prefs_of_printer(spd_txn *txn, int64_t printer_id, struct prefs *prefs,
                      struct arena *arena);

/* Is it told, as far as the printer's switches go? */
bool prefs_allow(const struct prefs *prefs, enum notify_switch by);

/* The printer is gone: so are they, and the channel of their webhook_url. */
spd_err prefs_drop(spd_txn *txn, int64_t printer_id, struct spd_error *err);

spd_err prefs_add_ops(struct shop *shop, struct spd_error *err);

#endif
