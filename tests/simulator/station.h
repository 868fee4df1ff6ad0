/* A simulated printer on the network: a machine, its two servers, its
 * certificate and the timer that keeps it alive.
 *
 * Thread: the event loop's. */
#ifndef SIM_STATION_H
#define SIM_STATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "machine.h"
#include "tls.h"

struct event_base;
struct station;

struct station_setup {
    struct event_base *base;
    const struct sim_clock *clock; /* borrowed for the station's life */
    struct tls_maker *tls;         /* borrowed for the station's life */
    struct machine_setup machine;  /* its `out` is set by the station */
    const char *address;
    unsigned mqtt_port, ftps_port;
    unsigned report_ms; /* real time between reports while it prints */
    size_t number;      /* spreads keys and reports */
};

/* NULL: no certificate could be made. Not listening yet. */
struct station *station_new(const struct station_setup *setup);
void station_free(struct station *station);

/* Listen and live. False with errno set. */
bool station_open(struct station *station);

/* Bring the machine to the present. Call before looking at it. */
void station_advance(struct station *station);

/* Plan the next moment of life. Call after changing it, or the clock. */
void station_arm(struct station *station);

struct machine *station_machine(struct station *station);
const char *station_address(const struct station *station);
unsigned station_mqtt_port(const struct station *station);
unsigned station_ftps_port(const struct station *station);
const SSL_CTX *station_context(const struct station *station);
size_t station_mqtt_clients(const struct station *station);
size_t station_ftps_clients(const struct station *station);

/* End its connections, now. */
void station_drop(struct station *station);

/* Another key and certificate, and another serial on the wire when
 * wire_serial is not NULL; connections end. False: OpenSSL refused. */
bool station_change_certificate(struct station *station,
                                const char *wire_serial);

/* Real time, of the clock that every station goes by. */
int64_t station_real_ms(void);

#endif
