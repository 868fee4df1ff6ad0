#include "notice.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fleet.h"
#include "memory.h"

static const uint16_t ports[] = { 1990, 2021 };

struct notices {
    struct fleet *fleet;
    struct event *timer;
    struct in_addr to;
    int fd;
};

static int write_notice(const struct station *station,
                        const struct machine *machine, char *out, size_t size)
{
    return snprintf(out, size,
                    "NOTIFY * HTTP/1.1\r\n"
                    "HOST: 239.255.255.250:1990\r\n"
                    "Server: UPnP/1.0\r\n"
                    "Location: %s\r\n"
                    "NT: urn:bambulab-com:device:3dprinter:1\r\n"
                    "USN: %s\r\n"
                    "Cache-Control: max-age=1800\r\n"
                    "DevModel.bambu.com: %s\r\n"
                    "DevName.bambu.com: %s-%.3s\r\n"
                    "DevSignal.bambu.com: -45\r\n"
                    "DevConnect.bambu.com: lan\r\n"
                    "DevBind.bambu.com: free\r\n"
                    "Devseclink.bambu.com: secure\r\n"
                    "DevVersion.bambu.com: %s\r\n"
                    "DevCap.bambu.com: 1\r\n\r\n",
                    station_address(station), machine->wire_serial,
                    machine->model->code, machine->model->name,
                    machine->serial + strlen(machine->serial) - 3,
                    machine->model->modules[0].sw_ver);
}

static void send_notice(const struct notices *notices, struct station *station)
{
    char text[1024];
    const struct machine *machine = station_machine(station);
    if (printer_is_off(machine->printer))
        return;
    int len = write_notice(station, machine, text, sizeof text);
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        struct sockaddr_in at = { .sin_family = AF_INET,
                                  .sin_port = htons(ports[i]),
                                  .sin_addr = notices->to };
        (void)sendto(notices->fd, text, (size_t)len, 0, (struct sockaddr *)&at,
                     sizeof at);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd, (void)what;
    const struct notices *notices = user;
    struct station *station;
    for (size_t i = 0; (station = fleet_at(notices->fleet, i)) != NULL; i++)
        send_notice(notices, station);
}

struct notices *notices_new(struct event_base *base, struct fleet *fleet,
                            const char *address)
{
    static const struct timeval every = { .tv_sec = 1 };
    struct notices *notices = mem_new(1, sizeof *notices);
    notices->fleet = fleet;
    notices->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    (void)inet_pton(AF_INET, address, &notices->to);
    notices->timer = event_new(base, -1, EV_PERSIST, on_timer, notices);
    if (notices->fd < 0) {
        notices_free(notices);
        return NULL;
    }
    event_add(notices->timer, &every);
    return notices;
}

void notices_free(struct notices *notices)
{
    if (notices == NULL)
        return;
    event_free(notices->timer);
    if (notices->fd >= 0)
        close(notices->fd);
    free(notices);
}
