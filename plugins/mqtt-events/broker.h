/* A broker and our one line to it.
 *
 * It connects by itself, again and again, with pauses that grow; looks names
 * up on the pool, and does everything else on the loop without waiting.  What
 * is published while the line is down goes nowhere: the owner says it again
 * when told that the line is up.
 *
 * Knows nothing of printers.  The library behind it is named in broker.c. */
#ifndef MQTT_EVENTS_BROKER_H
#define MQTT_EVENTS_BROKER_H

#include <spoold/plugin.h>

struct broker;

enum {
    BROKER_PAUSE_FIRST_MS = 1000,
    BROKER_PAUSE_MOST_MS = 60 * 1000,
    BROKER_CONNECT_MS = 10 * 1000,
    BROKER_KEEPALIVE_SECONDS = 30,
    BROKER_QUEUE_MAX_BYTES = 4 * 1024 * 1024,
};

struct broker_peer { /* borrowed while the broker lives */
    const char *host;
    int port;
    bool tls;
    const char *ca_file;         /* NULL: what the system trusts */
    const char *user, *password; /* NULL: none */
    const char *client_id;
    const char *will_topic; /* "offline", retained, when we are gone */
};

struct broker_events { /* static */
    void (*up)(void *arg);
    /* Borrowed. `retained`: not said now, but kept from before. */
    void (*message)(void *arg, spd_str topic, spd_str payload, bool retained);
};

/* Begin to connect.  Owned: broker_free, which says "offline" and goodbye. */
struct broker *broker_new(spd_plugin *self, const struct broker_peer *peer,
                          const struct broker_events *events, void *arg,
                          struct spd_error *err);
void broker_free(struct broker *broker);

bool broker_is_up(const struct broker *broker);

/* Is everything published so far on its way? Then more may follow. */
bool broker_is_idle(const struct broker *broker);

/* SPD_EIO while the line is down; SPD_EBUSY when the broker takes nothing. */
spd_err broker_publish(struct broker *broker, const char *topic,
                       spd_str payload, bool retain);
spd_err broker_subscribe(struct broker *broker, const char *topic);

#endif
