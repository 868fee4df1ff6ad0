#include "station.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "ftps.h"
#include "memory.h"
#include "mqtt_server.h"
#include "net.h"

struct station {
    struct station_setup setup;
    char address[NET_ADDRESS_MAX];
    struct machine *machine;
    struct mqtt_server *mqtt;
    struct ftps_server *ftps;
    SSL_CTX *context;
    struct event *timer;
    size_t key;
    int64_t report_due_ms; /* real */
    bool off;
};

int64_t station_real_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool open_servers(struct station *station)
{
    return mqtt_server_open(station->mqtt) && ftps_open(station->ftps);
}

static void follow_power(struct station *station)
{
    bool off = printer_is_off(station->machine->printer);
    if (off == station->off)
        return;
    station->off = off;
    if (off) {
        mqtt_server_close(station->mqtt);
        ftps_close(station->ftps);
    } else if (!open_servers(station)) {
        fprintf(stderr, "bambu-sim: %s cannot listen again on %s: %s\n",
                station->machine->serial, station->address, strerror(errno));
    }
}

static void on_publish(void *user, const char *text, size_t len)
{
    const struct station *station = user;
    mqtt_server_publish(station->mqtt, text, len);
}

static void on_drop(void *user)
{
    station_drop(user);
}

/* A delta costs nothing when nobody listens: it is not made. */
static void report(struct station *station)
{
    if (!station->off && mqtt_server_clients(station->mqtt) > 0)
        machine_report(station->machine, false);
}

static void on_changed(void *user)
{
    struct station *station = user;
    follow_power(station);
    report(station);
}

static void on_request(void *user, const char *text, size_t len)
{
    struct station *station = user;
    station_advance(station);
    command_handle(station->machine, text, len);
    station_arm(station);
}

static int64_t report_interval_ms(const struct station *station)
{
    const struct printer *printer = station->machine->printer;
    unsigned factor = printer_is_busy(printer) ? 1 : 2;
    return (int64_t)station->setup.report_ms * factor;
}

void station_advance(struct station *station)
{
    int64_t real_ms = station_real_ms();
    printer_advance(station->machine->printer,
                    clock_now(station->setup.clock, real_ms));
}

void station_arm(struct station *station)
{
    int64_t real_ms = station_real_ms();
    int64_t wait_ms = station->report_due_ms - real_ms;
    int64_t change_ms =
        clock_wait_ms(station->setup.clock, real_ms,
                      printer_due_ms(station->machine->printer));
    if (change_ms < wait_ms)
        wait_ms = change_ms;
    if (wait_ms < 0)
        wait_ms = 0;
    struct timeval wait = {
        .tv_sec = (time_t)(wait_ms / 1000),
        .tv_usec = (suseconds_t)(wait_ms % 1000 * 1000),
    };
    evtimer_add(station->timer, &wait);
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd, (void)what;
    struct station *station = user;
    station_advance(station);
    int64_t real_ms = station_real_ms();
    if (real_ms >= station->report_due_ms) {
        report(station);
        station->report_due_ms = real_ms + report_interval_ms(station);
    }
    station_arm(station);
}

static bool set_certificate(struct station *station)
{
    const struct machine *machine = station->machine;
    SSL_CTX *context = tls_context_new(station->setup.tls, machine->model,
                                       machine->wire_serial, station->key);
    if (context == NULL)
        return false;
    mqtt_server_set_context(station->mqtt, context);
    ftps_set_context(station->ftps, context);
    SSL_CTX_free(station->context);
    station->context = context;
    return true;
}

bool station_change_certificate(struct station *station,
                                const char *wire_serial)
{
    struct machine *machine = station->machine;
    if (wire_serial != NULL)
        snprintf(machine->wire_serial, sizeof machine->wire_serial, "%s",
                 wire_serial);
    station->key++;
    if (!set_certificate(station))
        return false;
    station_drop(station);
    return true;
}

void station_drop(struct station *station)
{
    mqtt_server_drop(station->mqtt);
}

struct station *station_new(const struct station_setup *setup)
{
    struct station *station = mem_new(1, sizeof *station);
    station->setup = *setup;
    station->key = setup->number;
    snprintf(station->address, sizeof station->address, "%s", setup->address);
    struct machine_setup machine = setup->machine;
    machine.out = (struct machine_out){
        .publish = on_publish,
        .drop = on_drop,
        .changed = on_changed,
        .user = station,
    };
    station->machine = machine_new(&machine);
    station->mqtt = mqtt_server_new(&(struct mqtt_server_setup){
        .base = setup->base,
        .machine = station->machine,
        .address = station->address,
        .port = setup->mqtt_port,
        .on_request = on_request,
        .user = station,
    });
    station->ftps = ftps_new(&(struct ftps_setup){
        .base = setup->base,
        .machine = station->machine,
        .address = station->address,
        .port = setup->ftps_port,
    });
    station->timer = evtimer_new(setup->base, on_timer, station);
    if (set_certificate(station))
        return station;
    station_free(station);
    return NULL;
}

void station_free(struct station *station)
{
    if (station == NULL)
        return;
    event_free(station->timer);
    ftps_free(station->ftps);
    mqtt_server_free(station->mqtt);
    SSL_CTX_free(station->context);
    machine_free(station->machine);
    free(station);
}

bool station_open(struct station *station)
{
    /* Not all printers of a farm report in the same instant. */
    station->report_due_ms =
        station_real_ms() +
        (int64_t)(station->setup.number * 37 % station->setup.report_ms);
    if (!open_servers(station))
        return false;
    station_arm(station);
    return true;
}

struct machine *station_machine(struct station *station)
{
    return station->machine;
}

const char *station_address(const struct station *station)
{
    return station->address;
}

unsigned station_mqtt_port(const struct station *station)
{
    return station->setup.mqtt_port;
}

unsigned station_ftps_port(const struct station *station)
{
    return station->setup.ftps_port;
}

const SSL_CTX *station_context(const struct station *station)
{
    return station->context;
}

size_t station_mqtt_clients(const struct station *station)
{
    return mqtt_server_clients(station->mqtt);
}

size_t station_ftps_clients(const struct station *station)
{
    return ftps_clients(station->ftps);
}
