/* Would this printer work?  Goes the way of a connection once, and says at
 * which step it ended: address, key, serial number, access code, reports,
 * storage, commands, uploads.
 *
 * Sends nothing but what a connection sends. All on the loop. */
#ifndef BAMBU_CHECK_H
#define BAMBU_CHECK_H

#include "conn.h"

/* Finishes the ticket within half a minute and forgets itself. */
void check_start(struct driver *driver, const spd_json *settings,
                 spd_ticket *ticket);

/* End all that run: the plugin stops. */
void check_stop(struct driver *driver);

#endif
