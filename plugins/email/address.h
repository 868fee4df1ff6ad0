/* Mail addresses as people write them: "Ann Lee <ann@example.org>, bob@...".
 * Pure. */
#ifndef EMAIL_ADDRESS_H
#define EMAIL_ADDRESS_H

#include <spoold/plugin.h>

enum { ADDRESS_MAX_BYTES = 254, ADDRESSES_MAX = 50 };

struct address {  /* views into the text that was read */
    spd_str name; /* "": none */
    spd_str mail; /* ASCII, with one @, fit for an envelope */
};

struct addresses {
    struct address at[ADDRESSES_MAX];
    size_t count;
};

/* Read a list; `what` names the setting in the error's sentence, which is
 * given with SPD_EINVAL. An empty list is refused. */
spd_err addresses_read(spd_str list, const char *what, struct addresses *out,
                       struct spd_error *err);

/* What follows the @. */
spd_str address_domain(const struct address *address);

#endif
