/* Bambu Lab printers on the local network: the plugin's face to the host. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "conn.h"
#include "discover.h"
#include "model.h"
#include "pin.h"

static const struct spd_field settings[] = {
    { "host", "Address of the printer, or its name in the network", SPD_T_STR,
      SPD_FIELD_REQUIRED, "<=255" },
    { "serial", "Serial number, in capitals, as on its screen", SPD_T_STR,
      SPD_FIELD_REQUIRED, "<=32" },
    { "access_code", "Access code, as on its screen under Network", SPD_T_STR,
      SPD_FIELD_REQUIRED | SPD_FIELD_SECRET, "<=63" },
    { "mqtt_port", "Port of its MQTT broker; 8883 unless told", SPD_T_INT, 0,
      "1..65535" },
    { "ftps_port", "Port of its FTPS server; 990 unless told", SPD_T_INT, 0,
      "1..65535" },
    { 0 },
};

static spd_err driver_open(spd_plugin *self, spd_printer *printer,
                           const spd_json *values, void **conn,
                           struct spd_error *err)
{
    *conn = conn_open(self->state, printer, values, err);
    return *conn != NULL ? SPD_OK : err->code;
}

static void driver_close(void *conn)
{
    conn_close(conn);
}

static void driver_upload(void *conn, const spd_json *attempt,
                          spd_ticket *ticket)
{
    conn_upload(conn, attempt, ticket);
}

static void driver_upload_abort(void *conn)
{
    conn_upload_abort(conn);
}

static void driver_start(void *conn, const spd_json *attempt,
                         spd_ticket *ticket)
{
    conn_start(conn, attempt, ticket);
}

static void driver_command(void *conn, const spd_json *command,
                           spd_ticket *ticket)
{
    conn_command(conn, command, ticket);
}

struct conf {
    const char *listen;
};

static const struct spd_key keys[] = {
    SPD_KEY(struct conf, listen,
            .doc = "own address to listen on for printers that announce "
                   "themselves, when looked for",
            .fallback = "0.0.0.0"),
};

static void driver_discover(spd_plugin *self, const spd_json *how,
                            spd_ticket *ticket)
{
    const struct conf *conf = self->conf;
    struct driver *d = self->state;
    discover_start(self, &d->discoveries, conf->listen, how, ticket);
}

static void driver_check(spd_plugin *self, const spd_json *values,
                         spd_ticket *ticket)
{
    check_start(self->state, values, ticket);
}

static const struct spd_printer_driver bambu = {
    .kind = "bambu",
    .doc = "Bambu Lab printers in LAN mode, with Developer Mode on",
    .models = model_rows,
    .settings = settings,
    .open = driver_open,
    .close = driver_close,
    .upload = driver_upload,
    .upload_abort = driver_upload_abort,
    .start = driver_start,
    .command = driver_command,
    .discover = driver_discover,
    .check = driver_check,
};

static void make_metrics(struct driver *d)
{
    const struct spd_metric_api *metric = d->self->host->metric;
    d->reports = metric->counter(d->self, "reports", "Messages of printers");
    d->odd = metric->counter(d->self, "odd_members",
                             "Members of reports skipped as nonsense");
    d->dropped = metric->counter(d->self, "dropped_messages",
                                 "Messages too large or too many");
    d->reconnects =
        metric->counter(d->self, "reconnects", "Connections given up");
}

static spd_err start(spd_plugin *self, struct spd_error *err)
{
    struct driver *d = calloc(1, sizeof(*d));
    if (d == NULL)
        return err->code = SPD_ENOMEM;
    d->self = self;
    spd_err rc = pin_accept_leaves(err);
    if (rc == SPD_OK && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        rc = err->code = SPD_ENOMEM;
    if (rc != SPD_OK)
        goto failed;
    d->mqtt = mqtt_lib_new(self, err);
    if (d->mqtt == NULL) {
        rc = err->code;
        goto failed;
    }
    make_metrics(d);
    self->state = d;
    rc = self->host->role->printer_driver(self, &bambu, sizeof(bambu));
    if (rc == SPD_OK)
        return SPD_OK;
    mqtt_lib_free(d->mqtt);
failed:
    free(d);
    return rc;
}

static void stop(spd_plugin *self)
{
    struct driver *d = self->state;
    discover_stop(&d->discoveries);
    check_stop(d);
    mqtt_lib_free(d->mqtt);
    free(d);
}

SPD_PLUGIN(1, .name = "bambu-mqtt", .version = "1.0.0",
           .summary = "Bambu Lab printers on the local network",
           .license = "Apache-2.0", .keys = keys, .key_count = SPD_COUNT(keys),
           .conf_size = sizeof(struct conf), .start = start, .stop = stop);
