#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/crypt.h"
#include "base/log.h"
#include "server/options.h"
#include "server/server.h"

static int complain(const struct spd_error *err)
{
    fprintf(stderr, "spoold: %s\n", err->text);
    return EXIT_FAILURE;
}

static int serve(const struct settings *settings)
{
    struct spd_error err = { 0 };
    struct server *server = server_new(settings, &err);
    if (server == NULL)
        return complain(&err);
    int status = server_run(server);
    server_free(server);
    return status;
}

static int run_task(const struct settings *settings,
                    const struct options *options)
{
    switch (options->task) {
    case TASK_CHECK_CONFIG:
        return task_check_config(settings);
    case TASK_LIST_PLUGINS:
        return task_list_plugins(settings);
    case TASK_CHECK_PLUGIN:
        return task_check_plugin(settings, options->file);
    case TASK_CHECK:
        return task_check(settings);
    case TASK_BACKUP:
        return task_backup(settings, options->file);
    case TASK_RESTORE:
        return task_restore(settings, options->file);
    case TASK_SERVE:
    case TASK_HELP:
    case TASK_VERSION:
        break;
    }
    return serve(settings);
}

int main(int argc, char **argv)
{
    struct options options;
    if (!options_parse(&options, argc, argv))
        return 2;
    if (options.task == TASK_HELP)
        return options_help(), EXIT_SUCCESS;
    if (options.task == TASK_VERSION)
        return puts("spoold " SPOOLD_VERSION), EXIT_SUCCESS;
    umask(077);
    log_set_level(options.verbose ? SPD_DEBUG : SPD_INFO);
    struct spd_error err = { 0 };
    struct settings settings;
    bool ready = crypt_start();
    int status = EXIT_FAILURE;
    if (!ready)
        fputs("spoold: the system gives no random numbers\n", stderr);
    else if (settings_load(&settings, &options, &err) != SPD_OK)
        status = complain(&err);
    else
        status = run_task(&settings, &options);
    if (ready)
        settings_fini(&settings);
    return status;
}
