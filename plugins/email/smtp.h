/* One mail server, and the line to it that is kept open for a burst.
 *
 * smtp_send blocks: for the pool, on one thread at a time.  No credentials
 * leave without encryption, and no connection is made to an address that the
 * host refuses.  Knows nothing of what is in a mail. */
#ifndef EMAIL_SMTP_H
#define EMAIL_SMTP_H

#include "address.h"

enum {
    SMTP_TIMEOUT_SECONDS = 45, /* of all of it */
    SMTP_CONNECT_SECONDS = 15,
    SMTP_REPLY_MAX_CHARS = 120,
};

enum smtp_security { SMTP_TLS, SMTP_STARTTLS, SMTP_CLEAR };

struct smtp_server { /* owned by whoever made it */
    char *host;
    int port;
    enum smtp_security security;
    char *user, *password; /* NULL: none */
    char *ca_file;         /* NULL: whom the system trusts */
    char *greeting;        /* the name we give in EHLO */
    bool allow_private;
};

struct smtp_answer { /* to one recipient */
    int code;        /* 250: taken; 0: was not asked */
    char text[SMTP_REPLY_MAX_CHARS];
};

struct smtp; /* the line */

/* `self`: whose connections these are. NULL: there is no memory left. */
struct smtp *smtp_new(spd_plugin *self);
/* Says goodbye, and waits for nobody. */
void smtp_free(struct smtp *smtp);

/* Send one mail.  SPD_OK: the server took it for those whose answer says so,
 * at least one.  SPD_EINVAL: refused for good; SPD_EAUTH: they do not let us
 * in, or we may not go there; SPD_EIO: trying again may help; SPD_ECANCELED:
 * the plugin is being stopped.  *answers as in `to`. */
spd_err smtp_send(struct smtp *smtp, const struct smtp_server *server,
                  spd_str from, const struct addresses *to, spd_str mail,
                  struct smtp_answer *answers, struct spd_error *err);

#endif
