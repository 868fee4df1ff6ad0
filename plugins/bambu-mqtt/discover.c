#include "discover.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "announce.h"
#include "loose.h"
#include "model.h"

enum { DATAGRAM_MAX = 2048, PORTS = 2, READS_MAX = 64, SECONDS_MOST = 30 };

static const uint16_t ports[PORTS] = { 1990, 2021 };
static const char group[] = "239.255.255.250";

struct ear {
    int fd; /* below 0: none */
    spd_watch *watch;
    struct discovery *owner;
};

struct discovery {
    spd_plugin *self;
    struct discovery *next, **link;
    spd_ticket *ticket;
    spd_timer *timer;
    struct ear ears[PORTS];
    struct announcement found[DISCOVER_MOST];
    size_t count;
};

static const struct spd_loop_api *loop_of(const struct discovery *d)
{
    return d->self->host->loop;
}

/* ------------------------------------------------------- listening ---- */

static void note(struct discovery *d, const struct announcement *one)
{
    for (size_t i = 0; i < d->count; i++)
        if (strcmp(d->found[i].serial, one->serial) == 0) {
            d->found[i] = *one;
            return;
        }
    if (d->count < DISCOVER_MOST)
        d->found[d->count++] = *one;
}

/* Bounded, so that a flood does not keep the loop. */
static void on_datagram(spd_plugin *self, void *arg)
{
    struct ear *ear = arg;
    (void)self;
    for (int i = 0; i < READS_MAX; i++) {
        char bytes[DATAGRAM_MAX];
        struct announcement one;
        ssize_t got = recv(ear->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (got < 0)
            return;
        if (announce_read(&one, (spd_str){ bytes, (size_t)got }))
            note(ear->owner, &one);
    }
}

static bool bind_to(int fd, const char *address, uint16_t port)
{
    int on = 1;
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct ip_mreq join = { 0 };
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    (void)setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
    if (inet_pton(AF_INET, address, &at.sin_addr) != 1 ||
        bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
        return false;
    /* Without it what is sent to everybody, and to us, is still heard. */
    (void)inet_pton(AF_INET, group, &join.imr_multiaddr);
    (void)setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof(join));
    return true;
}

static void open_ear(struct discovery *d, struct ear *ear, const char *address,
                     uint16_t port)
{
    ear->owner = d;
    ear->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (ear->fd < 0)
        return;
    if (bind_to(ear->fd, address, port)) {
        ear->watch = loop_of(d)->watch_new(d->self, ear->fd, true, false,
                                           on_datagram, ear);
        return;
    }
    spd_log(d->self, SPD_WARN, "cannot listen for printers on %s:%d: %s",
            address, port, strerror(errno));
    close(ear->fd);
    ear->fd = -1;
}

/* Printers answer this at once, where it reaches them. */
static void ask_aloud(const struct ear *ear, uint16_t port)
{
    static const char question[] =
        "M-SEARCH * HTTP/1.1\r\n"
        "HOST: 239.255.255.250:1990\r\n"
        "MAN: \"ssdp:discover\"\r\n"
        "MX: 3\r\n"
        "ST: urn:bambulab-com:device:3dprinter:1\r\n\r\n";
    static const char *const to[] = { group, "255.255.255.255" };
    for (size_t i = 0; ear->fd >= 0 && i < SPD_COUNT(to); i++) {
        struct sockaddr_in at = { .sin_family = AF_INET,
                                  .sin_port = htons(port) };
        (void)inet_pton(AF_INET, to[i], &at.sin_addr);
        (void)sendto(ear->fd, question, sizeof(question) - 1, 0,
                     (struct sockaddr *)&at, sizeof(at));
    }
}

/* ----------------------------------------------------------- telling -- */

static void put_text(const struct spd_json_api *json, spd_jsonw *w,
                     const char *name, const char *text)
{
    json->put_str(w, name, text_of(text));
}

static void write_one(const struct spd_json_api *json, spd_jsonw *w,
                      const struct announcement *one)
{
    const struct model *model = model_find(text_of(one->code));
    json->begin(w, NULL, SPD_JSON_OBJECT);
    put_text(json, w, "model", model != NULL ? model->name : one->code);
    put_text(json, w, "name", one->name);
    put_text(json, w, "identity", one->serial);
    put_text(json, w, "detail",
             one->cloud ? "It is bound to the cloud: switch on LAN Only Mode "
                          "and Developer Mode on its screen under Settings, "
                          "Network, and restart it."
                        : "");
    json->begin(w, "settings", SPD_JSON_OBJECT);
    put_text(json, w, "host", one->host);
    put_text(json, w, "serial", one->serial);
    json->end(w);
    json->end(w);
}

static void discovery_free(struct discovery *d)
{
    for (size_t i = 0; i < PORTS; i++) {
        loop_of(d)->watch_free(d->ears[i].watch);
        if (d->ears[i].fd >= 0)
            close(d->ears[i].fd);
    }
    loop_of(d)->timer_free(d->timer);
    *d->link = d->next;
    if (d->next != NULL)
        d->next->link = d->link;
    free(d);
}

static void finish(struct discovery *d)
{
    const struct spd_json_api *json = d->self->host->json;
    const struct spd_role_api *role = d->self->host->role;
    struct spd_error err = { SPD_ENOMEM, "There is no memory left." };
    spd_ticket *ticket = d->ticket;
    spd_str text = { 0 };
    spd_jsonw *w = json->writer();
    json->begin(w, NULL, SPD_JSON_ARRAY);
    for (size_t i = 0; i < d->count; i++)
        write_one(json, w, &d->found[i]);
    json->end(w);
    discovery_free(d);
    bool written = json->text(w, &text) == SPD_OK;
    role->finish(ticket, text, written ? NULL : &err);
    json->writer_free(w);
}

static void on_timer(spd_plugin *self, void *arg)
{
    (void)self;
    finish(arg);
}

/* ------------------------------------------------------- beginning ---- */

static void refuse(spd_plugin *self, spd_ticket *ticket, spd_err code,
                   const char *text)
{
    struct spd_error err = { .code = code };
    (void)snprintf(err.text, sizeof(err.text), "%s", text);
    self->host->role->finish(ticket, (spd_str){ 0 }, &err);
}

void discover_start(spd_plugin *self, struct discovery **all,
                    const char *listen, const spd_json *how, spd_ticket *ticket)
{
    const struct spd_json_api *json = self->host->json;
    int64_t seconds = json->as_int(json->member(how, "seconds"), 6);
    struct discovery *d = calloc(1, sizeof(*d));
    if (d == NULL) {
        refuse(self, ticket, SPD_ENOMEM, "There is no memory left.");
        return;
    }
    d->self = self;
    d->ticket = ticket;
    d->next = *all;
    d->link = all;
    if (d->next != NULL)
        d->next->link = &d->next;
    *all = d;
    for (size_t i = 0; i < PORTS; i++)
        open_ear(d, &d->ears[i], listen, ports[i]);
    d->timer = loop_of(d)->timer_new(self, on_timer, d);
    bool deaf = d->ears[0].watch == NULL && d->ears[1].watch == NULL;
    if (d->timer == NULL || deaf) {
        discovery_free(d);
        refuse(self, ticket, SPD_EIO,
               "Printers cannot be listened for: the ports 1990 and 2021 are "
               "taken. Add them by address and serial number.");
        return;
    }
    for (size_t i = 0; i < PORTS; i++)
        ask_aloud(&d->ears[i], ports[i]);
    if (seconds < 1 || seconds > SECONDS_MOST)
        seconds = SECONDS_MOST;
    loop_of(d)->timer_set(d->timer, seconds * 1000, 0);
}

void discover_stop(struct discovery **all)
{
    while (*all != NULL) {
        spd_plugin *self = (*all)->self;
        spd_ticket *ticket = (*all)->ticket;
        discovery_free(*all);
        refuse(self, ticket, SPD_ECANCELED, "The driver was stopped.");
    }
}
