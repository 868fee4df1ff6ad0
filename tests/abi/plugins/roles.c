/* A plugin that offers every role, and speaks from a thread of its own. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <spoold/plugin.h>

/* The host hands a driver its printer; the test asks for words to be said. */
struct conn {
    spd_plugin *self;
    spd_printer *printer;
};

static spd_err driver_open(spd_plugin *self, spd_printer *printer,
                           const spd_json *settings, void **conn,
                           struct spd_error *err)
{
    (void)settings;
    (void)err;
    struct conn *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return SPD_ENOMEM;
    *made = (struct conn){ self, printer };
    *conn = made;
    return SPD_OK;
}

static void driver_close(void *conn)
{
    free(conn);
}

static void say(const struct conn *conn, int64_t layer)
{
    const struct spd_json_api *json = conn->self->host->json;
    spd_jsonw *w = json->writer();
    json->begin(w, NULL, SPD_JSON_OBJECT);
    json->put_int(w, "layer", layer);
    json->end(w);
    if (conn->self->host->role->printer_report(conn->printer, w) != SPD_OK)
        abort();
    json->writer_free(w);
}

static void *speak(void *arg)
{
    const struct conn *conn = arg;
    for (int64_t layer = 1; layer <= 3; layer++)
        say(conn, layer);
    conn->self->host->role->upload_progress(conn->printer, 7, 512);
    return NULL;
}

static void driver_upload(void *conn, const spd_json *attempt,
                          spd_ticket *ticket)
{
    (void)attempt;
    pthread_t thread;
    if (pthread_create(&thread, NULL, speak, conn) != 0)
        abort();
    pthread_join(thread, NULL);
    const struct conn *c = conn;
    c->self->host->role->finish(ticket, (spd_str){ "done", 4 }, NULL);
}

static void driver_upload_abort(void *conn)
{
    (void)conn;
}

/* Says what is no report. */
static void driver_start(void *conn, const spd_json *attempt,
                         spd_ticket *ticket)
{
    (void)attempt;
    const struct conn *c = conn;
    const struct spd_json_api *json = c->self->host->json;
    spd_jsonw *w = json->writer();
    if (c->self->host->role->printer_report(c->printer, w) == SPD_OK)
        abort();
    json->begin(w, NULL, SPD_JSON_ARRAY);
    json->end(w);
    c->self->host->role->printer_report(c->printer, w);
    json->writer_free(w);
    const struct spd_error err = { SPD_EBUSY, "the door is open" };
    c->self->host->role->finish(ticket, (spd_str){ 0 }, &err);
    c->self->host->role->finish(ticket, (spd_str){ 0 }, NULL);
}

static void driver_command(void *conn, const spd_json *command,
                           spd_ticket *ticket)
{
    (void)command;
    const struct conn *c = conn;
    char *much = malloc(300 * 1024);
    if (much == NULL)
        abort();
    memset(much, 'x', 300 * 1024);
    const struct spd_json_api *json = c->self->host->json;
    spd_jsonw *w = json->writer();
    json->begin(w, NULL, SPD_JSON_OBJECT);
    json->put_str(w, "detail", (spd_str){ much, 300 * 1024 });
    json->end(w);
    struct spd_error err = { SPD_EINVAL, "too much" };
    bool refused = c->self->host->role->printer_report(c->printer, w) != SPD_OK;
    c->self->host->role->finish(ticket, (spd_str){ 0 }, refused ? &err : NULL);
    json->writer_free(w);
    free(much);
}

static const struct spd_model models[] = { { "One", "O1", "One" }, { 0 } };
static const struct spd_field settings[] = {
    { "host", "where it stands", SPD_T_STR, SPD_FIELD_REQUIRED, NULL },
    { 0 },
};

static const struct spd_printer_driver driver = {
    .kind = "one",
    .doc = "a printer in memory",
    .models = models,
    .settings = settings,
    .open = driver_open,
    .close = driver_close,
    .upload = driver_upload,
    .upload_abort = driver_upload_abort,
    .start = driver_start,
    .command = driver_command,
};

static void poll_orders(spd_plugin *self, spd_str cursor, spd_ticket *ticket)
{
    const struct spd_json_api *json = self->host->json;
    spd_jsonw *w = json->writer();
    json->begin(w, NULL, SPD_JSON_OBJECT);
    json->put_str(w, "source_id", cursor);
    json->end(w);
    self->host->role->order_put(ticket, w);
    json->writer_free(w);
    self->host->role->finish(ticket, (spd_str){ "next", 4 }, NULL);
}

static const struct spd_order_source source = { "shop", poll_orders, 1000 };

static void send(spd_plugin *self, const spd_json *notice, spd_ticket *ticket)
{
    (void)notice;
    self->host->role->finish(ticket, (spd_str){ 0 }, NULL);
}

static const struct spd_notifier notifier = { .kind = "pigeon", .send = send };

static int64_t rank(spd_plugin *self, const struct spd_job *job)
{
    (void)self;
    return -job->priority;
}

static int64_t fit(spd_plugin *self, const struct spd_job *job,
                   const struct spd_candidate *printer)
{
    (void)self;
    (void)job;
    return printer->id;
}

static const struct spd_scheduler scheduler = { "simple", rank, fit };

static spd_err start(spd_plugin *self, struct spd_error *err)
{
    (void)err;
    const struct spd_role_api *role = self->host->role;
    spd_err rc = role->printer_driver(self, &driver, sizeof(driver));
    if (rc == SPD_OK)
        rc = role->order_source(self, &source, sizeof(source));
    if (rc == SPD_OK)
        rc = role->notifier(self, &notifier, sizeof(notifier));
    if (rc == SPD_OK)
        rc = role->scheduler(self, &scheduler, sizeof(scheduler));
    return rc;
}

static void stop(spd_plugin *self)
{
    spd_log(self, SPD_INFO, "stopped");
}

SPD_PLUGIN(0, .name = "roles", .version = "1", .summary = "offers every role",
           .license = "MIT", .start = start, .stop = stop);
