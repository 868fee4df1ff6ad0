/* One printer: its connection, kept up for as long as it is open, and the
 * steps of a print.
 *
 * conn.c keeps the line up and listens; steps.c speaks.  All on the loop. */
#ifndef BAMBU_CONN_H
#define BAMBU_CONN_H

#include <spoold/plugin.h>

#include "mqtt.h"

/* What all connections of the plugin share. */
struct driver {
    spd_plugin *self;
    struct mqtt_lib *mqtt;
    struct discovery *discoveries; /* that run */
    struct check *checks;
    spd_metric *reports, *odd, *dropped, *reconnects;
};

struct conn;

/* Read and check the settings, and begin to connect.  Owned: conn_close. */
struct conn *conn_open(struct driver *driver, spd_printer *printer,
                       const spd_json *settings, struct spd_error *err);
/* The same for nobody's printer, only to see how it goes: `told` is called
 * after each news of the line or the printer, which conn_internal.h shows.  It
 * must not close the connection from there. */
struct conn *conn_try(struct driver *driver, const spd_json *settings,
                      void (*told)(void *arg), void *arg,
                      struct spd_error *err);
/* Tickets still open are finished with SPD_ECANCELED. */
void conn_close(struct conn *c);

/* The steps, with the words of struct spd_printer_driver. */
void conn_upload(struct conn *c, const spd_json *attempt, spd_ticket *ticket);
void conn_upload_abort(struct conn *c);
void conn_start(struct conn *c, const spd_json *attempt, spd_ticket *ticket);
void conn_command(struct conn *c, const spd_json *command, spd_ticket *ticket);

#endif
