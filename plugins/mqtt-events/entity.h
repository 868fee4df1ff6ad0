/* What a printer looks like in Home Assistant: its entities, as rows, and the
 * documents that announce them (MQTT discovery, a topic for each entity).
 *
 * Pure: writes text into the host's writer, keeps nothing, sends nothing. */
#ifndef MQTT_EVENTS_ENTITY_H
#define MQTT_EVENTS_ENTITY_H

#include <spoold/plugin.h>

enum { TOPIC_MAX_CHARS = 300 };

struct naming {          /* all borrowed */
    const char *base;    /* our own topics begin so; also the server's id */
    const char *prefix;  /* Home Assistant's: "homeassistant" */
    const char *url;     /* of spoold's pages; NULL: not known */
    const char *version; /* of spoold */
    bool commands;       /* offer buttons? */
};

struct announced { /* a printer, as far as discovery is concerned */
    int64_t id;
    const char *name, *model;
};

size_t entity_count(void);

/* Where the i-th entity of a printer is announced. */
void entity_topic(const struct naming *naming, int64_t printer_id, size_t i,
                  char topic[TOPIC_MAX_CHARS]);

/* The announcement; false for a button that is not offered (then what was
 * announced there before is to be taken away). */
bool entity_write(const struct naming *naming, const struct spd_json_api *json,
                  const struct announced *printer, size_t i, spd_jsonw *w);

/* The server itself: one entity, which says whether it runs. */
void entity_server_topic(const struct naming *naming,
                         char topic[TOPIC_MAX_CHARS]);
void entity_server_write(const struct naming *naming,
                         const struct spd_json_api *json, spd_jsonw *w);

/* "BASE/printer/7/state": a printer's own topics. */
void printer_topic(const struct naming *naming, int64_t printer_id,
                   const char *what, char topic[TOPIC_MAX_CHARS]);

#endif
