#include "server/options.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* An option either asks for a task, or is a text to keep, or both. */
struct option_row {
    const char *name, *argument, *doc;
    enum task task;
    size_t offset; /* of the text in struct options; NONE: no argument */
};
#define NONE ((size_t)-1)
#define TEXT(member) offsetof(struct options, member)

static const struct option_row rows[] = {
    { "--config", "FILE", "the configuration, a Lua table", TASK_SERVE,
      TEXT(config) },
    { "--data", "DIR", "where all is kept; made when it is not there",
      TASK_SERVE, TEXT(data) },
    { "--listen", "ADDR:PORT", "where to serve; 127.0.0.1:8080 at first",
      TASK_SERVE, TEXT(listen) },
    { "--check-config", NULL, "read the configuration, say what is wrong",
      TASK_CHECK_CONFIG, NONE },
    { "--list-plugins", NULL, "the plugins there are, and their settings",
      TASK_LIST_PLUGINS, NONE },
    { "--check-plugin", "FILE", "load one plugin, start and stop it",
      TASK_CHECK_PLUGIN, TEXT(file) },
    { "--verbose", NULL, "say more in the log", TASK_SERVE, NONE },
    { "--version", NULL, "which spoold this is", TASK_VERSION, NONE },
    { "--help", NULL, "this", TASK_HELP, NONE },
    { "check", NULL, "look for damage in the data folder", TASK_CHECK, NONE },
    { "backup", "FILE", "copy all into one file, also while it serves",
      TASK_BACKUP, TEXT(file) },
    { "restore", "FILE", "put a copy into a data folder that is not there yet",
      TASK_RESTORE, TEXT(file) },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

void options_help(void)
{
    printf("spoold - the print-shop server\n\n"
           "  spoold [--config FILE] [--data DIR] [--listen ADDR:PORT]\n"
           "  spoold [--data DIR] check | backup FILE | restore FILE\n\n");
    for (int i = 0; i < ROWS; i++) {
        char left[40];
        snprintf(left, sizeof(left), "%s %s", rows[i].name,
                 rows[i].argument == NULL ? "" : rows[i].argument);
        printf("  %-22s %s\n", left, rows[i].doc);
    }
}

static const struct option_row *find_row(const char *word)
{
    for (int i = 0; i < ROWS; i++)
        if (strcmp(rows[i].name, word) == 0)
            return &rows[i];
    return NULL;
}

static bool complain(const char *word, const char *what)
{
    fprintf(stderr, "spoold: %s %s; see spoold --help\n", word, what);
    return false;
}

bool options_parse(struct options *options, int argc, char **argv)
{
    *options = (struct options){ 0 };
    for (int i = 1; i < argc; i++) {
        const struct option_row *row = find_row(argv[i]);
        if (row == NULL)
            return complain(argv[i], "is not known");
        if (row->task != TASK_SERVE)
            options->task = row->task;
        options->verbose |= strcmp(row->name, "--verbose") == 0;
        if (row->offset == NONE)
            continue;
        if (++i == argc)
            return complain(row->name, "needs an argument");
        const char **text =
            (const char **)(void *)((char *)options + row->offset);
        *text = argv[i];
    }
    return true;
}
