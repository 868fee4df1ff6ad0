/* The words of the command line, sorted into options and the rest. */
#ifndef SPOOLD_CTL_OPTIONS_H
#define SPOOLD_CTL_OPTIONS_H

#include <stdbool.h>

#include "base/error.h"

/* How spoolctl ends. */
enum {
    EXIT_DONE = 0,
    EXIT_REFUSED = 1, /* by the server */
    EXIT_USAGE = 2,
    EXIT_NO_ANSWER = 3,
};

struct options {
    const char *server, *token, *ca_file; /* NULL: not given */
    bool json, follow, help, version;
    /* The operation and what follows it; borrowed from argv. */
    const char **words;
    int word_count;
};

/* Options may stand anywhere; "--" ends them. Owned: options_fini. */
spd_err options_parse(struct options *options, int argc,
                      const char *const *argv, struct spd_error *err);
void options_fini(struct options *options);

extern const char options_usage[];

#endif
