/* Notifiers: the kinds of channels there are, each a plugin's.  The core learns
 * every way to tell people from here and knows none itself. */
#ifndef SPOOLD_SHOP_NOTIFIER_H
#define SPOOLD_SHOP_NOTIFIER_H

#include "base/buf.h"

struct notifiers;

struct notifier {
    spd_plugin *self;
    const char *who; /* the plugin's name */
    const struct spd_notifier *row;
    struct notifier *next;
};

struct notifiers *notifiers_new(void); /* owned: notifiers_free */
void notifiers_free(struct notifiers *notifiers);

/* `row` is borrowed until notifiers_withdraw. SPD_EEXIST: the kind is taken. */
spd_err notifiers_add(struct notifiers *notifiers, spd_plugin *self,
                      const char *who, const struct spd_notifier *row,
                      struct spd_error *err);
void notifiers_withdraw(struct notifiers *notifiers, const spd_plugin *self);

/* NULL: none is loaded. */
const struct notifier *notifier_find(const struct notifiers *notifiers,
                                     spd_str kind);
/* All, one behind the other; NULL: none. */
const struct notifier *notifiers_first(const struct notifiers *notifiers);

#endif
