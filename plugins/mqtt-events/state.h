/* What is told of a printer and of an event, as documents.
 *
 * Pure.  A printer's: one flat object, of which each entity takes a member;
 * what is not known is null, and on/off is said as "ON" and "OFF". */
#ifndef MQTT_EVENTS_STATE_H
#define MQTT_EVENTS_STATE_H

#include <spoold/plugin.h>

/* When the print that is under way will be done; 0: none is, or nobody knows.
 * An estimate that differs little from `before_ms` is that one again. */
int64_t state_finish_ms(const struct spd_json_api *json, const spd_json *status,
                        int64_t now_ms, int64_t before_ms);

/* `status`: as the operation printers.status answers. */
void state_write(const struct spd_json_api *json, const spd_json *status,
                 int64_t finish_ms, spd_jsonw *w);

/* Can it be spoken to? */
bool state_is_online(const struct spd_json_api *json, const spd_json *status);

/* {"seq", "topic", "data": {...}}, of the data only what state.c lists: a
 * broker is read by more people than the API. */
void event_write(const struct spd_json_api *json, int64_t seq,
                 const char *topic, const spd_json *data, spd_jsonw *w);

#endif
