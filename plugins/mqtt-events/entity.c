#include "entity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum entity_kind { SENSOR, BINARY_SENSOR, BUTTON };

static const char *const component_names[] = {
    [SENSOR] = "sensor",
    [BINARY_SENSOR] = "binary_sensor",
    [BUTTON] = "button",
};

struct entity {
    enum entity_kind kind;
    const char *id;    /* also the member of the state, or the command */
    const char *name;  /* for people, without the printer's */
    const char *class; /* device_class */
    const char *unit;
    const char *category; /* entity_category */
    const char *icon;
    bool measures; /* a number to draw a curve of */
    bool always;   /* worth knowing of a printer out of reach, too */
    int precision; /* digits behind the point, where it measures */
};

static const struct entity entities[] = {
    { .id = "status", .name = "Status", .class = "enum", .always = true },
    { .id = "progress", .name = "Progress", .unit = "%", .measures = true },
    { .id = "remaining",
      .name = "Remaining time",
      .class = "duration",
      .unit = "min",
      .measures = true },
    { .id = "finish", .name = "Finish time", .class = "timestamp" },
    { .id = "job", .name = "Print", .icon = "mdi:printer-3d-nozzle" },
    { .id = "nozzle",
      .name = "Nozzle temperature",
      .class = "temperature",
      .unit = "°C",
      .measures = true,
      .precision = 1 },
    { .id = "bed",
      .name = "Bed temperature",
      .class = "temperature",
      .unit = "°C",
      .measures = true,
      .precision = 1 },
    { .id = "chamber",
      .name = "Chamber temperature",
      .class = "temperature",
      .unit = "°C",
      .measures = true,
      .precision = 1 },
    { .id = "filament", .name = "Filament", .icon = "mdi:printer-3d" },
    { .id = "filament_left",
      .name = "Filament left",
      .unit = "%",
      .measures = true },
    { .id = "filament_weight",
      .name = "Filament weight",
      .class = "weight",
      .unit = "g",
      .measures = true },
    { .id = "message",
      .name = "Message",
      .category = "diagnostic",
      .always = true },
    { BINARY_SENSOR, .id = "problem", .name = "Problem", .class = "problem",
      .always = true },
    { BINARY_SENSOR, .id = "connectivity", .name = "Connection",
      .class = "connectivity", .category = "diagnostic", .always = true },
    { BINARY_SENSOR, .id = "running", .name = "Printing", .class = "running" },
    { BINARY_SENSOR, .id = "plate_clear", .name = "Plate clear",
      .icon = "mdi:tray", .always = true },
    { BUTTON, .id = "pause", .name = "Pause", .icon = "mdi:pause" },
    { BUTTON, .id = "resume", .name = "Resume", .icon = "mdi:play" },
    { BUTTON, .id = "stop", .name = "Stop", .icon = "mdi:stop" },
    { BUTTON, .id = "plate_cleared", .name = "Plate cleared",
      .icon = "mdi:tray-remove", .always = true },
};

/* The words of the API for a printer's status. */
static const char *const status_options[] = {
    "new",      "idle",   "preparing", "printing", "paused",
    "finished", "failed", "unknown",   "offline",
};

size_t entity_count(void)
{
    return SPD_COUNT(entities);
}

/* ------------------------------------------------------------- topics - */

void printer_topic(const struct naming *naming, int64_t printer_id,
                   const char *what, char topic[TOPIC_MAX_CHARS])
{
    (void)snprintf(topic, TOPIC_MAX_CHARS, "%s/printer/%" PRId64 "/%s",
                   naming->base, printer_id, what);
}

void entity_topic(const struct naming *naming, int64_t printer_id, size_t i,
                  char topic[TOPIC_MAX_CHARS])
{
    (void)snprintf(topic, TOPIC_MAX_CHARS, "%s/%s/%s_%" PRId64 "/%s/config",
                   naming->prefix, component_names[entities[i].kind],
                   naming->base, printer_id, entities[i].id);
}

void entity_server_topic(const struct naming *naming,
                         char topic[TOPIC_MAX_CHARS])
{
    (void)snprintf(topic, TOPIC_MAX_CHARS, "%s/binary_sensor/%s/server/config",
                   naming->prefix, naming->base);
}

/* ---------------------------------------------------------- documents - */

struct page { /* a document in the making */
    const struct naming *naming;
    const struct spd_json_api *json;
    spd_jsonw *w;
};

static void put(struct page *p, const char *member, const char *text)
{
    if (text != NULL)
        p->json->put_str(p->w, member, (spd_str){ text, strlen(text) });
}

static void put_origin(struct page *p)
{
    p->json->begin(p->w, "origin", SPD_JSON_OBJECT);
    put(p, "name", "spoold");
    put(p, "sw_version", p->naming->version);
    put(p, "support_url", p->naming->url);
    p->json->end(p->w);
}

static void put_identifier(struct page *p, const char *identifier)
{
    p->json->begin(p->w, "identifiers", SPD_JSON_ARRAY);
    put(p, NULL, identifier);
    p->json->end(p->w);
}

static void put_device(struct page *p, const struct announced *printer,
                       const char *identifier)
{
    p->json->begin(p->w, "device", SPD_JSON_OBJECT);
    put_identifier(p, identifier);
    put(p, "name", printer->name);
    put(p, "model", printer->model);
    put(p, "configuration_url", p->naming->url);
    put(p, "via_device", p->naming->base);
    p->json->end(p->w);
}

static void put_one_availability(struct page *p, const char *topic)
{
    p->json->begin(p->w, NULL, SPD_JSON_OBJECT);
    put(p, "topic", topic);
    put(p, "payload_available", "online");
    put(p, "payload_not_available", "offline");
    p->json->end(p->w);
}

/* Both must be there: the server, and the printer where it matters. */
static void put_availability(struct page *p, int64_t printer_id, bool always)
{
    char topic[TOPIC_MAX_CHARS];
    p->json->begin(p->w, "availability", SPD_JSON_ARRAY);
    (void)snprintf(topic, sizeof(topic), "%s/status", p->naming->base);
    put_one_availability(p, topic);
    if (!always) {
        printer_topic(p->naming, printer_id, "availability", topic);
        put_one_availability(p, topic);
    }
    p->json->end(p->w);
    put(p, "availability_mode", "all");
}

static void put_state(struct page *p, const struct entity *e,
                      int64_t printer_id)
{
    char topic[TOPIC_MAX_CHARS], template[64];
    printer_topic(p->naming, printer_id, "state", topic);
    (void)snprintf(template, sizeof(template), "{{ value_json.%s }}", e->id);
    put(p, "state_topic", topic);
    put(p, "value_template", template);
    put(p, "unit_of_measurement", e->unit);
    if (!e->measures)
        return;
    put(p, "state_class", "measurement");
    p->json->put_int(p->w, "suggested_display_precision", e->precision);
}

static void put_options(struct page *p)
{
    p->json->begin(p->w, "options", SPD_JSON_ARRAY);
    for (size_t i = 0; i < SPD_COUNT(status_options); i++)
        put(p, NULL, status_options[i]);
    p->json->end(p->w);
}

static void put_kind(struct page *p, const struct entity *e, int64_t printer_id)
{
    char what[64], topic[TOPIC_MAX_CHARS];
    switch (e->kind) {
    case SENSOR:
        put_state(p, e, printer_id);
        if (e->class != NULL && strcmp(e->class, "enum") == 0)
            put_options(p);
        break;
    case BINARY_SENSOR:
        put_state(p, e, printer_id);
        put(p, "payload_on", "ON");
        put(p, "payload_off", "OFF");
        break;
    case BUTTON:
        (void)snprintf(what, sizeof(what), "command/%s", e->id);
        printer_topic(p->naming, printer_id, what, topic);
        put(p, "command_topic", topic);
        put(p, "payload_press", "PRESS");
        break;
    }
}

bool entity_write(const struct naming *naming, const struct spd_json_api *json,
                  const struct announced *printer, size_t i, spd_jsonw *w)
{
    const struct entity *e = &entities[i];
    struct page p = { naming, json, w };
    char device[TOPIC_MAX_CHARS], unique[TOPIC_MAX_CHARS + 64];
    if (e->kind == BUTTON && !naming->commands)
        return false;
    (void)snprintf(device, sizeof(device), "%s_%" PRId64, naming->base,
                   printer->id);
    (void)snprintf(unique, sizeof(unique), "%s_%s", device, e->id);
    json->begin(w, NULL, SPD_JSON_OBJECT);
    put(&p, "name", e->name);
    put(&p, "unique_id", unique);
    put(&p, "device_class", e->class);
    put(&p, "entity_category", e->category);
    put(&p, "icon", e->icon);
    put_kind(&p, e, printer->id);
    put_availability(&p, printer->id, e->always);
    put_device(&p, printer, device);
    put_origin(&p);
    json->end(w);
    return true;
}

/* Not with an availability of its own: "off" is just what it shall say. */
void entity_server_write(const struct naming *naming,
                         const struct spd_json_api *json, spd_jsonw *w)
{
    struct page p = { naming, json, w };
    char text[TOPIC_MAX_CHARS];
    json->begin(w, NULL, SPD_JSON_OBJECT);
    put(&p, "name", "Server");
    (void)snprintf(text, sizeof(text), "%s_server", naming->base);
    put(&p, "unique_id", text);
    put(&p, "device_class", "connectivity");
    put(&p, "entity_category", "diagnostic");
    (void)snprintf(text, sizeof(text), "%s/status", naming->base);
    put(&p, "state_topic", text);
    put(&p, "payload_on", "online");
    put(&p, "payload_off", "offline");
    json->begin(w, "device", SPD_JSON_OBJECT);
    put_identifier(&p, naming->base);
    put(&p, "name", naming->base);
    put(&p, "model", "spoold");
    put(&p, "sw_version", naming->version);
    put(&p, "configuration_url", naming->url);
    json->end(w);
    put_origin(&p);
    json->end(w);
}
