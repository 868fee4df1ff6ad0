/* The command line of spoold. */
#ifndef SPOOLD_SERVER_OPTIONS_H
#define SPOOLD_SERVER_OPTIONS_H

#include <stdbool.h>

/* What is asked for; serving is what it does when nothing else is. */
enum task {
    TASK_SERVE,
    TASK_HELP,
    TASK_VERSION,
    TASK_CHECK_CONFIG,
    TASK_LIST_PLUGINS,
    TASK_CHECK_PLUGIN,
    TASK_CHECK,
    TASK_BACKUP,
    TASK_RESTORE,
};

struct options {
    enum task task;
    const char *config; /* all borrowed from argv; NULL: not given */
    const char *data;
    const char *listen;
    const char *file; /* of backup, restore, --check-plugin */
    bool verbose;
};

/* False: what is wrong has been said on standard error. */
bool options_parse(struct options *options, int argc, char **argv);
void options_help(void);

#endif
