#include "fleet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "memory.h"

struct fleet {
    struct sim_clock clock;
    struct tls_maker *tls;
    struct station **stations;
    size_t count;
};

static bool make_tls(struct fleet *fleet, const struct options *options)
{
    /* One key more than printers: a changed certificate has a new key. */
    fleet->tls =
        tls_maker_new(options->printer_count + 1, options->ca_out != NULL);
    if (fleet->tls == NULL) {
        fputs("bambu-sim: OpenSSL made no keys\n", stderr);
        return false;
    }
    if (options->ca_out != NULL &&
        !tls_maker_write_ca(fleet->tls, options->ca_out)) {
        fprintf(stderr, "bambu-sim: %s: %s\n", options->ca_out,
                strerror(errno));
        return false;
    }
    return true;
}

static bool add_station(struct fleet *fleet, struct event_base *base,
                        const struct options *options)
{
    size_t k = fleet->count;
    const struct printer_option *printer = &options->printers[k];
    char folder[512];
    if (options->storage != NULL)
        snprintf(folder, sizeof folder, "%s/%s", options->storage,
                 printer->serial);
    struct station *station = station_new(&(struct station_setup){
        .base = base,
        .clock = &fleet->clock,
        .tls = fleet->tls,
        .machine = {
            .model = printer->model,
            .serial = printer->serial,
            .access_code = printer->access_code,
            .storage_folder = options->storage != NULL ? folder : NULL,
            .seed = options->seed + (uint32_t)k,
            .ams = options->ams,
            .size = options->size,
        },
        .address = printer->address,
        .mqtt_port = printer->mqtt_port,
        .ftps_port = printer->ftps_port,
        .report_ms = options->report_ms,
        .number = k,
    });
    if (station == NULL) {
        fputs("bambu-sim: OpenSSL made no certificate\n", stderr);
        return false;
    }
    fleet->stations[fleet->count++] = station;
    if (station_open(station))
        return true;
    fprintf(stderr, "bambu-sim: %s cannot listen on %s, ports %u and %u: %s\n",
            printer->serial, printer->address, printer->mqtt_port,
            printer->ftps_port, strerror(errno));
    return false;
}

struct fleet *fleet_new(struct event_base *base, const struct options *options)
{
    struct fleet *fleet = mem_new(1, sizeof *fleet);
    fleet->stations = mem_new(options->printer_count, sizeof(void *));
    clock_init(&fleet->clock, station_real_ms(), options->speed);
    if (options->storage != NULL)
        mkdir(options->storage, 0700); /* failing shows at the first upload */
    bool ok = make_tls(fleet, options);
    while (ok && fleet->count < options->printer_count)
        ok = add_station(fleet, base, options);
    if (ok)
        return fleet;
    fleet_free(fleet);
    return NULL;
}

void fleet_free(struct fleet *fleet)
{
    if (fleet == NULL)
        return;
    for (size_t i = 0; i < fleet->count; i++)
        station_free(fleet->stations[i]);
    tls_maker_free(fleet->tls);
    free(fleet->stations);
    free(fleet);
}

size_t fleet_count(const struct fleet *fleet)
{
    return fleet->count;
}

struct station *fleet_at(const struct fleet *fleet, size_t i)
{
    return i < fleet->count ? fleet->stations[i] : NULL;
}

struct station *fleet_find(const struct fleet *fleet, const char *serial)
{
    for (size_t i = 0; i < fleet->count; i++)
        if (strcmp(station_machine(fleet->stations[i])->serial, serial) == 0)
            return fleet->stations[i];
    return NULL;
}

double fleet_speed(const struct fleet *fleet)
{
    return fleet->clock.factor;
}

static void arm_all(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->count; i++) {
        station_advance(fleet->stations[i]);
        station_arm(fleet->stations[i]);
    }
}

void fleet_set_speed(struct fleet *fleet, double factor)
{
    clock_set_factor(&fleet->clock, station_real_ms(), factor);
    arm_all(fleet);
}

void fleet_advance(struct fleet *fleet, int64_t sim_ms)
{
    clock_advance(&fleet->clock, sim_ms);
    arm_all(fleet);
}
