/* The post office: mails wait here for a place on the pool, and lines to mail
 * servers are kept open between the mails of a burst, one for a channel. */
#ifndef EMAIL_POST_H
#define EMAIL_POST_H

#include "settings.h"
#include "text.h"

struct mail { /* owned: mail_free */
    struct mail *next;
    spd_ticket *ticket;
    int64_t channel_id;
    int64_t asked_ms; /* when it came */
    int64_t date_ms;  /* UTC */
    struct settings settings;
    char *id, *thread, *subject;
    struct text plain, html, picture;
};
void mail_free(struct mail *mail);

struct post;

/* NULL: there is no memory left. Owned: post_free. */
struct post *post_new(spd_plugin *self);
/* What still waits is canceled; nothing is under way by now. */
void post_free(struct post *post);

/* `mail` is taken, and its ticket will be finished. */
void post_send(struct post *post, struct mail *mail);

#endif
