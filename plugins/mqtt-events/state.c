#include "state.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Printers count in minutes, and change their mind. */
enum { SAME_FINISH_MS = 3 * 60 * 1000 };

/* ---------------------------------------------------------- a printer - */

struct row { /* member of ours, and of the answer it is taken from */
    const char *name, *from;
};

static const struct row copied[] = {
    { "status", "status" },
    { "stage", "stage" },
    { "progress", "progress_pct" },
    { "remaining", "remaining_minutes" },
    { "job", "job_name" },
    { "layer", "layer" },
    { "layers", "layers" },
    { "nozzle", "nozzle_celsius" },
    { "nozzle_target", "nozzle_target_celsius" },
    { "bed", "bed_celsius" },
    { "bed_target", "bed_target_celsius" },
    { "chamber", "chamber_celsius" },
};

static void put_switch(const struct spd_json_api *json, spd_jsonw *w,
                       const char *name, bool on)
{
    json->put_str(w, name, on ? (spd_str){ "ON", 2 } : (spd_str){ "OFF", 3 });
}

static bool is(const struct spd_json_api *json, const spd_json *v,
               const char *word)
{
    spd_str s = json->as_str(v, (spd_str){ "", 0 });
    return s.len == strlen(word) && memcmp(s.ptr, word, s.len) == 0;
}

/* The slot in use; null without one. */
static const spd_json *slot_in_use(const struct spd_json_api *json,
                                   const spd_json *status)
{
    const spd_json *slots = json->member(status, "slots");
    int64_t active = json->as_int(json->member(status, "active_slot"), -1);
    for (size_t i = 0; active >= 0 && i < json->count(slots); i++) {
        const spd_json *slot = json->item(slots, i);
        if (json->as_int(json->member(slot, "slot"), -1) == active)
            return slot;
    }
    return json->member(slots, "none"); /* an array has no members: null */
}

static void put_filament(const struct spd_json_api *json, spd_jsonw *w,
                         const spd_json *slot)
{
    char text[80];
    spd_str type =
        json->as_str(json->member(slot, "material_type"), (spd_str){ "", 0 });
    spd_str color =
        json->as_str(json->member(slot, "color"), (spd_str){ "", 0 });
    (void)snprintf(text, sizeof(text), "%.*s%s%.*s",
                   (int)(type.len > 40 ? 40 : type.len), type.ptr,
                   type.len > 0 && color.len > 0 ? " " : "",
                   (int)(color.len > 9 ? 9 : color.len), color.ptr);
    if (text[0] == '\0')
        json->put_null(w, "filament");
    else
        json->put_str(w, "filament", (spd_str){ text, strlen(text) });
}

static void put_weight(const struct spd_json_api *json, spd_jsonw *w,
                       const spd_json *slot)
{
    double pct = json->as_real(json->member(slot, "remaining_pct"), -1);
    double grams = json->as_real(json->member(slot, "weight_grams"), -1);
    if (pct >= 0)
        json->put_real(w, "filament_left", pct);
    else
        json->put_null(w, "filament_left");
    if (pct >= 0 && grams > 0)
        json->put_real(w, "filament_weight", pct / 100 * grams);
    else
        json->put_null(w, "filament_weight");
}

/* What a person should know of it: the error, else what keeps it away. */
static void put_message(const struct spd_json_api *json, spd_jsonw *w,
                        const spd_json *status)
{
    const spd_json *error = json->member(status, "error");
    spd_str text =
        json->as_str(json->member(error, "text"), (spd_str){ "", 0 });
    if (text.len == 0)
        text = json->as_str(json->member(error, "code"), (spd_str){ "", 0 });
    if (text.len == 0)
        text = json->as_str(json->member(status, "detail"), text);
    json->put_str(w, "message", text);
}

int64_t state_finish_ms(const struct spd_json_api *json, const spd_json *status,
                        int64_t now_ms, int64_t before_ms)
{
    int64_t minutes =
        json->as_int(json->member(status, "remaining_minutes"), 0);
    bool is_under_way = is(json, json->member(status, "status"), "printing");
    int64_t finish_ms = now_ms + minutes * 60000;
    int64_t off_ms = finish_ms - before_ms;
    if (!is_under_way || minutes <= 0)
        return 0;
    return off_ms > -SAME_FINISH_MS && off_ms < SAME_FINISH_MS ? before_ms
                                                               : finish_ms;
}

static void put_finish(const struct spd_json_api *json, spd_jsonw *w,
                       int64_t finish_ms)
{
    char text[32];
    time_t seconds = (time_t)(finish_ms / 1000);
    struct tm at;
    if (finish_ms == 0 || gmtime_r(&seconds, &at) == NULL) {
        json->put_null(w, "finish");
        return;
    }
    size_t len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:00+00:00", &at);
    json->put_str(w, "finish", (spd_str){ text, len });
}

bool state_is_online(const struct spd_json_api *json, const spd_json *status)
{
    return is(json, json->member(status, "connection"), "connected");
}

void state_write(const struct spd_json_api *json, const spd_json *status,
                 int64_t finish_ms, spd_jsonw *w)
{
    const spd_json *slot = slot_in_use(json, status);
    const spd_json *error = json->member(status, "error");
    const spd_json *state = json->member(status, "status");
    const spd_json *connection = json->member(status, "connection");
    bool is_online = state_is_online(json, status);
    json->begin(w, NULL, SPD_JSON_OBJECT);
    for (size_t i = 0; i < SPD_COUNT(copied); i++)
        json->put_json(w, copied[i].name, json->member(status, copied[i].from));
    put_finish(json, w, finish_ms);
    put_filament(json, w, slot);
    put_weight(json, w, slot);
    put_message(json, w, status);
    put_switch(json, w, "problem",
               json->type(error) != SPD_JSON_NULL ||
                   is(json, connection, "refused") ||
                   is(json, connection, "key_changed"));
    put_switch(json, w, "connectivity", is_online);
    put_switch(json, w, "running",
               is(json, state, "printing") || is(json, state, "preparing"));
    put_switch(json, w, "plate_clear",
               json->as_bool(json->member(status, "plate_clear"), false));
    json->end(w);
}

/* ------------------------------------------------------------ an event - */

static const char *const told[] = {
    "id",
    "printer_id",
    "job_id",
    "order_id",
    "name",
    "job_name",
    "file_name",
    "model",
    "status",
    "phase",
    "step",
    "outcome",
    "priority",
    "copies",
    "copies_done",
    "failed_reason",
    "slot",
    "color",
    "material_type",
    "remaining_grams",
    "remaining_pct",
    "grams",
    "plate_clear",
    "scheduled_start",
    "started_at",
    "completed_at",
    "ship_by",
    "updated_at",
};

void event_write(const struct spd_json_api *json, int64_t seq,
                 const char *topic, const spd_json *data, spd_jsonw *w)
{
    json->begin(w, NULL, SPD_JSON_OBJECT);
    json->put_int(w, "seq", seq);
    json->put_str(w, "topic", (spd_str){ topic, strlen(topic) });
    json->begin(w, "data", SPD_JSON_OBJECT);
    for (size_t i = 0; i < SPD_COUNT(told); i++) {
        const spd_json *v = json->member(data, told[i]);
        if (json->type(v) != SPD_JSON_NULL)
            json->put_json(w, told[i], v);
    }
    json->end(w);
    json->end(w);
}
