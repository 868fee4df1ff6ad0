/* What one run of spoolctl holds, and what its commands share. */
#ifndef SPOOLD_CTL_RUN_H
#define SPOOLD_CTL_RUN_H

#include <stdio.h>

#include "base/buf.h"
#include "ctl/client.h"
#include "ctl/description.h"
#include "ctl/request.h"

struct run {
    const struct options *options;
    struct arena arena;
    struct target target;
    struct client *client;
    struct description *description;
    /* The server did not describe itself, and said this: the description is
     * that of the door. Empty otherwise. */
    struct buf refusal;
};

/* The word at that place, or "". */
const char *run_word(const struct run *run, int index);

/* Connect and read the server's description.  What went wrong is said, and
 * told as the exit status. */
int run_describe(struct run *run);

/* When there is none: what may be meant, or why it is not known, is said, and
 * told as the exit status. */
int run_find(const struct run *run, const char *name,
             const struct operation **op);

/* Send the request and show the reply. */
int run_call(struct run *run, const struct request *request);

/* -- saying it, and returning the exit status -- */

int complain(int status, const struct spd_error *err);
int complain_of_no_answer(const struct run *run, const struct spd_error *err);
int complain_of_refusal(const struct run *run, const struct reply *reply);
int complain_of_door(const struct run *run);

/* The text is written and given back. */
void print_text(FILE *file, struct buf *text);

/* -- the commands that are spoolctl's own -- */

int run_help(struct run *run);
int run_save(struct run *run);
int run_forget(struct run *run);
int run_completion(struct run *run);

#endif
