#include "shop/notifier.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"

struct notifiers {
    struct notifier *first;
};

struct notifiers *notifiers_new(void)
{
    return mem_new(sizeof(struct notifiers));
}

void notifiers_free(struct notifiers *notifiers)
{
    if (notifiers == NULL)
        return;
    while (notifiers->first != NULL) {
        struct notifier *notifier = notifiers->first;
        notifiers->first = notifier->next;
        free(notifier);
    }
    free(notifiers);
}

spd_err notifiers_add(struct notifiers *notifiers, spd_plugin *self,
                      const char *who, const struct spd_notifier *row,
                      struct spd_error *err)
{
    const struct notifier *taken = notifier_find(notifiers, str_of(row->kind));
    if (taken != NULL)
        return error_set(err, SPD_EEXIST,
                         "channels of the kind \"%s\" are served by %s already",
                         row->kind, taken->who);
    struct notifier **at = &notifiers->first;
    while (*at != NULL)
        at = &(*at)->next;
    *at = mem_new(sizeof(**at));
    **at = (struct notifier){ self, who, row, NULL };
    return SPD_OK;
}

void notifiers_withdraw(struct notifiers *notifiers, const spd_plugin *self)
{
    struct notifier **at = &notifiers->first;
    while (*at != NULL) {
        struct notifier *notifier = *at;
        if (notifier->self != self) {
            at = &notifier->next;
            continue;
        }
        *at = notifier->next;
        free(notifier);
    }
}

const struct notifier *notifier_find(const struct notifiers *notifiers,
                                     spd_str kind)
{
    const struct notifier *notifier = notifiers->first;
    while (notifier != NULL && !str_is(kind, notifier->row->kind))
        notifier = notifier->next;
    return notifier;
}

const struct notifier *notifiers_first(const struct notifiers *notifiers)
{
    return notifiers->first;
}
