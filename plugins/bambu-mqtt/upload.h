/* Putting one file on a printer, by implicit FTPS, and seeing that it arrived
 * whole.
 *
 * The transfer runs on the pool; it checks the printer's key before it says
 * the access code, overwrites nothing by halves (an old file of the name goes
 * first), and believes neither success nor failure: the remote size decides.
 * One transfer at a time is the caller's business. */
#ifndef BAMBU_UPLOAD_H
#define BAMBU_UPLOAD_H

#include "command.h"

enum {
    UPLOAD_CONNECT_SECONDS = 15,
    UPLOAD_STALL_SECONDS = 120, /* some need a minute for their last word */
    UPLOAD_FLOOR_BYTES_PER_SECOND = 25 * 1000,
    UPLOAD_LEAST_SECONDS = 600,
};

struct upload;

struct upload_peer { /* all copied */
    const char *address;
    int port;
    const char *user, *password;
    const char *pin; /* hex */
    bool clear;      /* this printer's data channel cannot be encrypted */
    bool try_clear;  /* and this model's may turn out not to be */
};

/* Told once, unless forgotten.  `clear`: it worked, and only in the clear. */
typedef void upload_fn(void *arg, const struct spd_error *outcome, bool clear);

/* NULL with *err set when it could not begin.  `order` is read now.
 * Owned until told: upload_forget. */
struct upload *upload_start(spd_plugin *self, spd_printer *printer,
                            const struct upload_peer *peer,
                            const struct print_order *order, upload_fn *done,
                            void *arg, struct spd_error *err);

/* End it soon; it is told with SPD_ECANCELED. */
void upload_abort(struct upload *upload);

/* End it soon, and tell nobody, nor of progress from here on. */
void upload_forget(struct upload *upload);

/* How long a transfer of this size may take. */
int64_t upload_deadline_seconds(int64_t bytes);

#endif
