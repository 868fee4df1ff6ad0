/* The server: everything below, built in order and taken down again. */
#ifndef SPOOLD_SERVER_SERVER_H
#define SPOOLD_SERVER_SERVER_H

#include "server/settings.h"

struct server;

/* Open, load, listen. Owned: server_free. NULL: the error says why. */
struct server *server_new(const struct settings *settings,
                          struct spd_error *err);
/* Until SIGTERM or SIGINT; 0, or 1 after a failure of the disk. */
int server_run(struct server *server);
void server_free(struct server *server);

/* The small tasks of the command line; each returns the exit status. */
int task_check_config(const struct settings *settings);
int task_list_plugins(const struct settings *settings);
int task_check_plugin(const struct settings *settings, const char *file);
int task_check(const struct settings *settings);
int task_backup(const struct settings *settings, const char *file);
int task_restore(const struct settings *settings, const char *file);

#endif
