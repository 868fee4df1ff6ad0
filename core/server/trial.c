/* A plugin on its own: loaded and started in a server without doors, whose
 * store lies in a folder that is thrown away. */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/file.h"
#include "host/host.h"
#include "server/server.h"

struct trial {
    char folder[64];
    struct loop *loop;
    struct store *store;
    struct pool *pool;
    struct fetcher *fetcher;
    struct tickets *tickets;
    struct ops *ops;
    struct host *host;
};

static spd_err accept_driver(void *arg, spd_plugin *self, const char *who,
                             const struct spd_printer_driver *driver,
                             struct spd_error *err)
{
    (void)arg, (void)self, (void)who, (void)driver, (void)err;
    return SPD_OK;
}

static spd_err accept_scheduler(void *arg, spd_plugin *self, const char *who,
                                const struct spd_scheduler *row,
                                struct spd_error *err)
{
    (void)arg, (void)self, (void)who, (void)row, (void)err;
    return SPD_OK;
}

static spd_err accept_source(void *arg, spd_plugin *self, const char *who,
                             const struct spd_order_source *row,
                             struct spd_error *err)
{
    (void)arg, (void)self, (void)who, (void)row, (void)err;
    return SPD_OK;
}

static spd_err accept_notifier(void *arg, spd_plugin *self, const char *who,
                               const struct spd_notifier *row,
                               struct spd_error *err)
{
    (void)arg, (void)self, (void)who, (void)row, (void)err;
    return SPD_OK;
}

static spd_err trial_open(struct trial *trial, const struct settings *settings,
                          struct spd_error *err)
{
    snprintf(trial->folder, sizeof(trial->folder), "/tmp/spoold-check-XXXXXX");
    if (mkdtemp(trial->folder) == NULL)
        return error_set(err, SPD_EIO, "no room for a folder in /tmp");
    trial->loop = loop_new(&clock_system, err);
    struct store_options options = { .folder = trial->folder };
    trial->store =
        trial->loop == NULL ? NULL : store_open(trial->loop, &options, err);
    if (trial->store == NULL)
        return err->code;
    trial->pool = pool_new(trial->loop, 2);
    trial->fetcher = fetcher_new(trial->loop, err);
    trial->tickets = tickets_new(trial->loop);
    trial->ops = ops_new(trial->store);
    trial->host = host_new(&(struct host_options){
        .loop = trial->loop,
        .store = trial->store,
        .ops = trial->ops,
        .pool = trial->pool,
        .fetcher = trial->fetcher,
        .tickets = trial->tickets,
        .folder = settings->plugin_folder.ptr,
        .version = SPOOLD_VERSION,
        .roles = { .printer_driver = accept_driver,
                   .scheduler = accept_scheduler,
                   .order_source = accept_source,
                   .notifier = accept_notifier },
    });
    return SPD_OK;
}

static void trial_close(struct trial *trial)
{
    host_free(trial->host);
    tickets_end(trial->tickets);
    fetcher_free(trial->fetcher);
    pool_free(trial->pool);
    ops_free(trial->ops);
    store_close(trial->store);
    loop_free(trial->loop);
    tickets_free(trial->tickets);
    file_remove_folder(trial->folder);
}

int task_check_plugin(const struct settings *settings, const char *file)
{
    struct spd_error err = { 0 };
    struct trial trial = { 0 };
    struct buf report = { 0 };
    spd_err rc = trial_open(&trial, settings, &err);
    if (rc == SPD_OK)
        rc = host_check_plugin(trial.host, file, NULL, &report, &err);
    trial_close(&trial);
    printf("%.*s", STR_ARG(buf_str(&report)));
    buf_fini(&report);
    if (rc != SPD_OK)
        fprintf(stderr, "spoold: %s\n", err.text);
    return rc == SPD_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
