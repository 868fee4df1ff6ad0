/* MQTT over TLS, as little of it as a printer needs.
 *
 * One struct mqtt is one connection, from its first byte to its last: it never
 * connects again by itself, keeps nothing for later, and publishes with
 * quality of service 0, so that a command goes out now or not at all.  All
 * events arrive on the loop, in order, and none after mqtt_close.
 *
 * Knows nothing of printers.  The library behind it is named in one file. */
#ifndef BAMBU_MQTT_H
#define BAMBU_MQTT_H

#include <spoold/plugin.h>

struct mqtt_lib;
struct mqtt;

enum {
    MQTT_MESSAGE_MAX_BYTES = 256 * 1024,
    MQTT_KEEPALIVE_SECONDS = 30,
    MQTT_CONNECT_SECONDS = 10,
};

struct mqtt_peer {       /* all copied */
    const char *address; /* numeric: nothing here looks names up */
    int port;
    const char *trust_path; /* PEM, one certificate: only this peer will do;
                               must be there until up() or down() */
    const char *user, *password;
    const char *topic; /* to subscribe to */
    bool only_tls12;
};

struct mqtt_events { /* static */
    /* Connected and subscribed. */
    void (*up)(void *arg);
    /* The broker knows user or password no better; follow with mqtt_close. */
    void (*refused)(void *arg);
    /* It did not come up, or broke; follow with mqtt_close. `why` borrowed. */
    void (*down)(void *arg, const char *why);
    void (*message)(void *arg, spd_str payload); /* borrowed */
    /* Messages were dropped: too large, or more than the loop could take. */
    void (*dropped)(void *arg);
};

/* Owned: mqtt_lib_free, which ends what is left and may take seconds. */
struct mqtt_lib *mqtt_lib_new(spd_plugin *self, struct spd_error *err);
void mqtt_lib_free(struct mqtt_lib *lib);

/* Begin to connect.  Owned: mqtt_close.  NULL with *err set when there is not
 * even memory to try. */
struct mqtt *mqtt_open(struct mqtt_lib *lib, const struct mqtt_peer *peer,
                       const struct mqtt_events *events, void *arg,
                       struct spd_error *err);

/* Send now.  SPD_EIO when not connected; success does not mean it arrived. */
spd_err mqtt_publish(struct mqtt *m, const char *topic, spd_str payload);

void mqtt_close(struct mqtt *m);

#endif
