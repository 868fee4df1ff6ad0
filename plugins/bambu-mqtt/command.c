#include "command.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "loose.h"
#include "report.h"

enum { SPEED_LEAST = 1, SPEED_MOST = 4, PLATE_MOST = 999 };

SPD_PRINTF(2, 3)
static spd_err complain(struct spd_error *err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    err->code = SPD_EINVAL;
    (void)vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    return SPD_EINVAL;
}

/* ------------------------------------------------------ the envelope -- */

struct out {
    const struct spd_json_api *json;
    spd_jsonw *w;
};

static void put_text(const struct out *o, const char *name, const char *text)
{
    o->json->put_str(o->w, name, text_of(text));
}

static struct out begin(const struct spd_json_api *json, const char *class,
                        const char *command, int64_t sequence)
{
    char number[24];
    struct out o = { json, json->writer() };
    (void)snprintf(number, sizeof(number), "%" PRId64, sequence);
    json->begin(o.w, NULL, SPD_JSON_OBJECT);
    json->begin(o.w, class, SPD_JSON_OBJECT);
    put_text(&o, "sequence_id", number);
    put_text(&o, "command", command);
    return o;
}

static spd_jsonw *end(const struct out *o)
{
    o->json->end(o->w);
    o->json->end(o->w);
    return o->w;
}

spd_jsonw *command_pushall(const struct spd_json_api *json, int64_t sequence)
{
    struct out o = begin(json, "pushing", "pushall", sequence);
    json->put_int(o.w, "version", 1);
    json->put_int(o.w, "push_target", 1);
    return end(&o);
}

spd_jsonw *command_push_start(const struct spd_json_api *json, int64_t sequence)
{
    struct out o = begin(json, "pushing", "start", sequence);
    return end(&o);
}

spd_jsonw *command_get_version(const struct spd_json_api *json,
                               int64_t sequence)
{
    struct out o = begin(json, "info", "get_version", sequence);
    return end(&o);
}

/* ----------------------------------------------- the host's commands -- */

typedef spd_err put_fn(const struct out *o, const spd_json *command,
                       struct spd_error *err);

static spd_err put_nothing(const struct out *o, const spd_json *command,
                           struct spd_error *err)
{
    (void)command, (void)err;
    put_text(o, "param", "");
    return SPD_OK;
}

static spd_err put_speed(const struct out *o, const spd_json *command,
                         struct spd_error *err)
{
    char level_text[24];
    int64_t level = o->json->as_int(o->json->member(command, "level"), 0);
    if (level < SPEED_LEAST || level > SPEED_MOST)
        return complain(err, "speed: level must be %d to %d", SPEED_LEAST,
                        SPEED_MOST);
    (void)snprintf(level_text, sizeof(level_text), "%" PRId64, level);
    put_text(o, "param", level_text);
    return SPD_OK;
}

/* The printer wants the flashing times also for a light that does not. */
static spd_err put_light(const struct out *o, const spd_json *command,
                         struct spd_error *err)
{
    static const struct {
        const char *name;
        int64_t value;
    } times[] = {
        { "led_on_time", 500 },
        { "led_off_time", 500 },
        { "loop_times", 0 },
        { "interval_time", 0 },
    };
    const spd_json *on = o->json->member(command, "on");
    if (o->json->type(on) != SPD_JSON_BOOL)
        return complain(err, "light: on must be true or false");
    put_text(o, "led_node", "chamber_light");
    put_text(o, "led_mode", o->json->as_bool(on, false) ? "on" : "off");
    for (size_t i = 0; i < SPD_COUNT(times); i++)
        o->json->put_int(o->w, times[i].name, times[i].value);
    return SPD_OK;
}

static const struct {
    const char *name, *class, *command;
    put_fn *put;
} commands[] = {
    { "pause", "print", "pause", put_nothing },
    { "resume", "print", "resume", put_nothing },
    { "stop", "print", "stop", put_nothing },
    { "speed", "print", "print_speed", put_speed },
    { "light", "system", "ledctrl", put_light },
};

static spd_str name_of(const struct spd_json_api *json, const spd_json *command)
{
    return json->as_str(json->member(command, "command"), (spd_str){ "", 0 });
}

/* SPD_COUNT(commands) when it is none of them. */
static size_t find(spd_str name)
{
    size_t i = 0;
    while (i < SPD_COUNT(commands) && !text_equals(name, commands[i].name))
        i++;
    return i;
}

const char *command_word(const struct spd_json_api *json,
                         const spd_json *command)
{
    size_t i = find(name_of(json, command));
    return i < SPD_COUNT(commands) ? commands[i].command : "";
}

spd_jsonw *command_from_host(const struct spd_json_api *json, int64_t sequence,
                             const spd_json *command, struct spd_error *err)
{
    spd_str name = name_of(json, command);
    size_t i = find(name);
    if (i == SPD_COUNT(commands)) {
        (void)complain(err, "no such command: %.*s", (int)name.len, name.ptr);
        return NULL;
    }
    struct out o =
        begin(json, commands[i].class, commands[i].command, sequence);
    if (commands[i].put(&o, command, err) == SPD_OK)
        return end(&o);
    json->writer_free(o.w);
    return NULL;
}

/* -------------------------------------------------- reading a start --- */

static bool is_plain(spd_str text, const char *allowed)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '\0' || strchr(allowed, text.ptr[i]) == NULL)
            return false;
    return text.len > 0;
}

/* The name becomes part of a URL, an FTP command and a path on the printer:
 * nothing that any of them reads as more than a letter. */
static bool name_is_safe(spd_str name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789._-";
    static const char suffix[] = ".3mf";
    size_t tail = sizeof(suffix) - 1;
    return name.len > tail && name.len <= REMOTE_NAME_MAX_BYTES &&
           is_plain(name, allowed) && name.ptr[0] != '.' &&
           memcmp(name.ptr + name.len - tail, suffix, tail) == 0;
}

static bool submission_is_safe(spd_str text)
{
    int64_t value = 0;
    return is_plain(text, "0123456789") && text_to_int(text, 10, &value) &&
           value > 0 && value <= INT32_MAX; /* larger ones freeze a P1S */
}

static bool slot_is_sane(int64_t slot)
{
    return slot >= 0 && slot <= SLOT_EXTERNAL_MAIN;
}

static spd_err read_filaments(struct print_order *order,
                              const struct spd_json_api *json,
                              const spd_json *filaments, struct spd_error *err)
{
    size_t count = json->count(filaments);
    for (size_t i = 0; i < FILAMENTS_MAX; i++)
        order->slot_of[i] = -1;
    for (size_t i = 0; i < count; i++) {
        const spd_json *row = json->item(filaments, i);
        int64_t id = json->as_int(json->member(row, "filament"), 0);
        int64_t slot = json->as_int(json->member(row, "slot"), -1);
        if (id < 1 || id > FILAMENTS_MAX)
            return complain(err, "filament number %" PRId64 " is not 1 to %d",
                            id, FILAMENTS_MAX);
        if (!slot_is_sane(slot))
            return complain(err, "filament %" PRId64 " has no usable slot", id);
        order->slot_of[id - 1] = slot;
        if ((size_t)id > order->filaments)
            order->filaments = (size_t)id;
    }
    return SPD_OK;
}

spd_err print_order_read(struct print_order *order,
                         const struct spd_json_api *json,
                         const spd_json *attempt, struct spd_error *err)
{
    const spd_str none = { "", 0 };
    *order = (struct print_order){
        .id = json->as_int(json->member(attempt, "id"), 0),
        .size = json->as_int(json->member(attempt, "size"), -1),
        .plate = json->as_int(json->member(attempt, "plate"), 1),
        .submission = json->as_str(json->member(attempt, "submission"), none),
        .file = json->as_str(json->member(attempt, "file"), none),
        .md5 = json->as_str(json->member(attempt, "md5"), none),
        .remote_name = json->as_str(json->member(attempt, "remote_name"), none),
        .name = json->as_str(json->member(attempt, "name"), none),
    };
    if (!submission_is_safe(order->submission))
        return complain(err, "submission must be a number up to %d", INT32_MAX);
    if (!name_is_safe(order->remote_name))
        return complain(err,
                        "remote_name must be at most %d of A-Z a-z 0-9 . "
                        "_ - and end in .3mf",
                        REMOTE_NAME_MAX_BYTES);
    if (order->plate < 1 || order->plate > PLATE_MOST)
        return complain(err, "plate must be 1 to %d", PLATE_MOST);
    return read_filaments(order, json, json->member(attempt, "filaments"), err);
}

/* -------------------------------------------------- writing a start --- */

static bool is_external(int64_t slot)
{
    return slot == SLOT_EXTERNAL_LEFT || slot == SLOT_EXTERNAL_MAIN;
}

/* A raw 254 or 255 in the plain mapping is refused by the printer. */
static void put_mapping(const struct out *o, const struct print_order *order)
{
    o->json->begin(o->w, "ams_mapping", SPD_JSON_ARRAY);
    for (size_t i = 0; i < order->filaments; i++) {
        int64_t slot = order->slot_of[i];
        o->json->put_int(o->w, NULL, is_external(slot) ? -1 : slot);
    }
    o->json->end(o->w);
}

struct unit_slot {
    int64_t unit, slot;
};

static struct unit_slot unit_slot_of(int64_t slot, bool two_externals)
{
    if (slot < 0)
        return (struct unit_slot){ SLOT_EXTERNAL_MAIN, 255 };
    if (slot == SLOT_EXTERNAL_LEFT && two_externals)
        return (struct unit_slot){ SLOT_EXTERNAL_LEFT, 0 };
    if (is_external(slot))
        return (struct unit_slot){ SLOT_EXTERNAL_MAIN, 0 };
    if (slot >= UNIT_HT_FIRST)
        return (struct unit_slot){ slot, 0 };
    return (struct unit_slot){ slot / REPORT_TRAYS_MAX,
                               slot % REPORT_TRAYS_MAX };
}

static void put_mapping2(const struct out *o, const struct print_order *order,
                         bool two_externals)
{
    o->json->begin(o->w, "ams_mapping2", SPD_JSON_ARRAY);
    for (size_t i = 0; i < order->filaments; i++) {
        struct unit_slot at = unit_slot_of(order->slot_of[i], two_externals);
        o->json->begin(o->w, NULL, SPD_JSON_OBJECT);
        o->json->put_int(o->w, "ams_id", at.unit);
        o->json->put_int(o->w, "slot_id", at.slot);
        o->json->end(o->w);
    }
    o->json->end(o->w);
}

static bool uses_ams(const struct print_order *order, bool two_externals)
{
    for (size_t i = 0; i < order->filaments; i++)
        if (order->slot_of[i] >= 0 &&
            (two_externals || !is_external(order->slot_of[i])))
            return true;
    return false;
}

static void put_url(const struct out *o, const struct print_order *order,
                    enum url_form form)
{
    static const char *const prefixes[] = {
        [URL_FTP] = "ftp:///",
        [URL_SDCARD] = "file:///sdcard/",
        [URL_USB] = "file:///media/usb0/",
    };
    char url[REMOTE_NAME_MAX_BYTES + 32];
    (void)snprintf(url, sizeof(url), "%s%.*s", prefixes[form],
                   (int)order->remote_name.len, order->remote_name.ptr);
    put_text(o, "url", url);
}

/* Both spellings of levelling are in use, and a printer ignores the other. */
static void put_options(const struct out *o)
{
    static const struct {
        const char *name;
        bool value;
    } flags[] = {
        { "timelapse", false },     { "bed_leveling", true },
        { "bed_levelling", true },  { "flow_cali", false },
        { "vibration_cali", true }, { "layer_inspect", false },
    };
    put_text(o, "bed_type", "auto");
    for (size_t i = 0; i < SPD_COUNT(flags); i++)
        o->json->put_bool(o->w, flags[i].name, flags[i].value);
}

spd_jsonw *command_start(const struct spd_json_api *json, int64_t sequence,
                         const struct print_order *order, enum url_form url,
                         bool two_externals)
{
    char param[48];
    struct out o = begin(json, "print", "project_file", sequence);
    (void)snprintf(param, sizeof(param), "Metadata/plate_%" PRId64 ".gcode",
                   order->plate);
    put_text(&o, "param", param);
    put_url(&o, order, url);
    json->put_str(o.w, "file", order->remote_name);
    json->put_str(o.w, "md5", order->md5);
    put_text(&o, "project_id", "0");
    put_text(&o, "profile_id", "0");
    json->put_str(o.w, "task_id", order->submission);
    json->put_str(o.w, "subtask_id", order->submission);
    json->put_str(o.w, "subtask_name", order->name);
    put_options(&o);
    json->put_bool(o.w, "use_ams", uses_ams(order, two_externals));
    put_mapping(&o, order);
    put_mapping2(&o, order, two_externals);
    return end(&o);
}
