#include "command.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "loose.h"
#include "report.h"

enum {
    SPEED_LEAST = 1,
    SPEED_MOST = 4,
    PLATE_MOST = 999,
    TYPE_MAX_BYTES = 15,
    NO_TARGET = 255,           /* of a change of filament: take it out */
    AS_THE_PRINTER_KNOWS = -1, /* temperatures of a change */
    UNLOAD_CELSIUS = 220,
};

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

struct asked {
    const spd_json *command;
    const struct surroundings *at;
};

typedef spd_err put_fn(const struct out *o, const struct asked *asked,
                       struct spd_error *err);

static int64_t int_of(const struct out *o, const struct asked *asked,
                      const char *name, int64_t fallback)
{
    const spd_json *v = o->json->member(asked->command, name);
    if (o->json->type(v) == SPD_JSON_REAL)
        return (int64_t)o->json->as_real(v, 0);
    return o->json->as_int(v, fallback);
}

static spd_str text_member(const struct out *o, const struct asked *asked,
                           const char *name)
{
    return o->json->as_str(o->json->member(asked->command, name),
                           (spd_str){ "", 0 });
}

static spd_err put_nothing(const struct out *o, const struct asked *asked,
                           struct spd_error *err)
{
    (void)asked, (void)err;
    put_text(o, "param", "");
    return SPD_OK;
}

static spd_err put_bare(const struct out *o, const struct asked *asked,
                        struct spd_error *err)
{
    (void)o, (void)asked, (void)err;
    return SPD_OK;
}

static spd_err put_speed(const struct out *o, const struct asked *asked,
                         struct spd_error *err)
{
    char level_text[24];
    int64_t level = int_of(o, asked, "level", 0);
    if (level < SPEED_LEAST || level > SPEED_MOST)
        return complain(err, "speed: level must be %d to %d", SPEED_LEAST,
                        SPEED_MOST);
    (void)snprintf(level_text, sizeof(level_text), "%" PRId64, level);
    put_text(o, "param", level_text);
    return SPD_OK;
}

/* The printer wants the flashing times also for a light that does not. */
static void put_lamp(const struct out *o, const char *node, bool on)
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
    put_text(o, "led_node", node);
    put_text(o, "led_mode", on ? "on" : "off");
    for (size_t i = 0; i < SPD_COUNT(times); i++)
        o->json->put_int(o->w, times[i].name, times[i].value);
}

static spd_err put_light(const struct out *o, const struct asked *asked,
                         struct spd_error *err)
{
    const spd_json *on = o->json->member(asked->command, "on");
    if (o->json->type(on) != SPD_JSON_BOOL)
        return complain(err, "light: on must be true or false");
    put_lamp(o, "chamber_light", o->json->as_bool(on, false));
    return SPD_OK;
}

spd_jsonw *command_light(const struct spd_json_api *json, int64_t sequence,
                         const char *node, bool on)
{
    struct out o = begin(json, "system", "ledctrl", sequence);
    put_lamp(&o, node, on);
    return end(&o);
}

/* ------------------------------------------------------- filament ----- */

struct unit_slot {
    int64_t unit, slot;
};

static bool is_external(int64_t slot)
{
    return slot == SLOT_EXTERNAL_LEFT || slot == SLOT_EXTERNAL_MAIN;
}

static bool slot_is_sane(int64_t slot)
{
    return slot >= 0 && slot <= SLOT_EXTERNAL_MAIN;
}

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

/* What the printer is to take for a filament that nobody says more of: the
 * generic profile of its kind, and the temperatures that go with it. */
static const struct {
    const char *type, *profile;
    int64_t least, most;
} kinds[] = {
    { "PLA", "GFL99", 190, 240 },  { "PLA-CF", "GFL98", 210, 240 },
    { "PETG", "GFG99", 220, 270 }, { "PETG-CF", "GFG98", 240, 270 },
    { "ABS", "GFB99", 240, 280 },  { "ASA", "GFB98", 240, 280 },
    { "TPU", "GFU99", 200, 250 },  { "PC", "GFC99", 260, 290 },
    { "PA", "GFN99", 260, 300 },   { "PA-CF", "GFN98", 260, 300 },
    { "PVA", "GFS99", 190, 240 },
};

static bool color_is_sane(spd_str color)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    bool sane = color.len == 7 && color.ptr[0] == '#';
    for (size_t i = 1; sane && i < color.len; i++)
        sane = color.ptr[i] != '\0' && strchr(digits, color.ptr[i]) != NULL;
    return sane;
}

static void put_color(const struct out *o, spd_str color)
{
    char rrggbbaa[12];
    (void)snprintf(rrggbbaa, sizeof(rrggbbaa), "%.6sFF", color.ptr + 1);
    for (char *at = rrggbbaa; *at != '\0'; at++)
        *at = (char)toupper((unsigned char)*at);
    put_text(o, "tray_color", rrggbbaa);
}

/* SPD_COUNT(kinds): a material no table knows. */
static size_t find_kind(spd_str type)
{
    size_t i = 0;
    while (i < SPD_COUNT(kinds) && !text_equals(type, kinds[i].type))
        i++;
    return i;
}

static spd_err put_material(const struct out *o, const struct asked *asked,
                            struct spd_error *err)
{
    spd_str type = text_member(o, asked, "material_type");
    size_t kind = find_kind(type);
    bool known = kind < SPD_COUNT(kinds);
    int64_t least =
        int_of(o, asked, "nozzle_celsius_least", known ? kinds[kind].least : 0);
    int64_t most =
        int_of(o, asked, "nozzle_celsius_most", known ? kinds[kind].most : 0);
    if (type.len == 0 || type.len > TYPE_MAX_BYTES)
        return complain(err, "filament: material_type must be 1 to %d bytes",
                        TYPE_MAX_BYTES);
    if (least <= 0 || most < least)
        return complain(err,
                        "filament: state nozzle_celsius_least and _most, for "
                        "%.*s is not known here",
                        (int)type.len, type.ptr);
    put_text(o, "tray_info_idx", known ? kinds[kind].profile : "");
    o->json->put_str(o->w, "tray_type", type);
    put_text(o, "tray_sub_brands", "");
    o->json->put_int(o->w, "nozzle_temp_min", least);
    o->json->put_int(o->w, "nozzle_temp_max", most);
    return SPD_OK;
}

/* The only external spool goes by a number of its own here. */
static void put_setting_place(const struct out *o, int64_t slot, bool two)
{
    struct unit_slot place = unit_slot_of(slot, two);
    bool only = is_external(slot) && !two;
    o->json->put_int(o->w, "ams_id", place.unit);
    o->json->put_int(o->w, "tray_id", only ? SLOT_EXTERNAL_LEFT : place.slot);
    o->json->put_int(o->w, "slot_id", place.slot);
}

static spd_err read_slot(const struct out *o, const struct asked *asked,
                         int64_t *slot, struct spd_error *err)
{
    *slot = int_of(o, asked, "slot", -1);
    if (slot_is_sane(*slot))
        return SPD_OK;
    return complain(err, "slot must be one that printers.status lists");
}

static spd_err put_filament(const struct out *o, const struct asked *asked,
                            struct spd_error *err)
{
    int64_t slot = -1;
    spd_str color = text_member(o, asked, "color");
    if (read_slot(o, asked, &slot, err) != SPD_OK)
        return err->code;
    if (!color_is_sane(color))
        return complain(err, "filament: color must be #RRGGBB");
    put_setting_place(o, slot, asked->at->two_externals);
    put_color(o, color);
    return put_material(o, asked, err);
}

static void put_change(const struct out *o, int64_t unit, int64_t slot,
                       int64_t target, int64_t celsius)
{
    o->json->put_int(o->w, "ams_id", unit);
    o->json->put_int(o->w, "slot_id", slot);
    o->json->put_int(o->w, "target", target);
    o->json->put_int(o->w, "curr_temp", celsius);
    o->json->put_int(o->w, "tar_temp", celsius);
}

static spd_err put_load(const struct out *o, const struct asked *asked,
                        struct spd_error *err)
{
    int64_t slot = -1;
    if (read_slot(o, asked, &slot, err) != SPD_OK)
        return err->code;
    struct unit_slot place = unit_slot_of(slot, asked->at->two_externals);
    bool only = is_external(slot) && !asked->at->two_externals;
    put_change(o, place.unit, place.slot, only ? SLOT_EXTERNAL_LEFT : slot,
               AS_THE_PRINTER_KNOWS);
    return SPD_OK;
}

static spd_err put_unload(const struct out *o, const struct asked *asked,
                          struct spd_error *err)
{
    int64_t celsius = asked->at->nozzle_celsius;
    (void)err;
    put_change(o, NO_TARGET, NO_TARGET, NO_TARGET,
               celsius > 0 ? celsius : UNLOAD_CELSIUS);
    return SPD_OK;
}

/* -------------------------------------------------------- drying ------ */

static const struct unit *unit_of(const struct report *r, int64_t id)
{
    for (size_t i = 0; r != NULL && i < r->unit_count; i++)
        if (r->units[i].id == id)
            return &r->units[i];
    return NULL;
}

/* How warm it may get: an AMS 2 Pro, an AMS HT; 0: it cannot dry. */
static int64_t drying_most(const struct unit *u)
{
    static const int64_t by_kind[] = { [3] = 65, [4] = 85 };
    size_t kind = (size_t)(u->info & 0xF);
    return kind < SPD_COUNT(by_kind) ? by_kind[kind] : 0;
}

static spd_err need_dryer(const struct out *o, const struct asked *asked,
                          const struct unit **unit, struct spd_error *err)
{
    int64_t id = int_of(o, asked, "unit", -1);
    *unit = unit_of(asked->at->report, id);
    if (*unit == NULL)
        return complain(err, "the printer has no unit %" PRId64, id);
    if (drying_most(*unit) == 0)
        return complain(err, "unit %" PRId64 " of the printer cannot dry", id);
    return SPD_OK;
}

static void put_drying(const struct out *o, int64_t unit, int64_t celsius,
                       int64_t hours)
{
    o->json->put_int(o->w, "ams_id", unit);
    o->json->put_int(o->w, "temp", celsius);
    o->json->put_int(o->w, "cooling_temp", celsius);
    o->json->put_int(o->w, "duration", hours);
    o->json->put_int(o->w, "humidity", 0);
    o->json->put_int(o->w, "mode", hours > 0);
    o->json->put_bool(o->w, "rotate_tray", false);
    put_text(o, "filament", "");
    o->json->put_bool(o->w, "close_power_conflict", false);
}

static spd_err put_dry(const struct out *o, const struct asked *asked,
                       struct spd_error *err)
{
    enum { LEAST_CELSIUS = 45, MOST_HOURS = 24 };
    const struct unit *unit = NULL;
    int64_t celsius = int_of(o, asked, "celsius", 0);
    int64_t hours = int_of(o, asked, "hours", 0);
    if (need_dryer(o, asked, &unit, err) != SPD_OK)
        return err->code;
    if (celsius < LEAST_CELSIUS || celsius > drying_most(unit))
        return complain(err, "dry: celsius must be %d to %d for this unit",
                        LEAST_CELSIUS, (int)drying_most(unit));
    if (hours < 1 || hours > MOST_HOURS)
        return complain(err, "dry: hours must be 1 to %d", MOST_HOURS);
    put_drying(o, unit->id, celsius, hours);
    return SPD_OK;
}

static spd_err put_stop_drying(const struct out *o, const struct asked *asked,
                               struct spd_error *err)
{
    const struct unit *unit = NULL;
    if (need_dryer(o, asked, &unit, err) != SPD_OK)
        return err->code;
    put_drying(o, unit->id, 0, 0);
    return SPD_OK;
}

/* ------------------------------------------------------- skipping ----- */

static spd_err put_skip(const struct out *o, const struct asked *asked,
                        struct spd_error *err)
{
    const spd_json *objects = o->json->member(asked->command, "objects");
    size_t count = o->json->count(objects);
    if (o->json->type(objects) != SPD_JSON_ARRAY || count == 0 ||
        count > REPORT_SKIPPED_MAX)
        return complain(err, "skip: objects must be a list of 1 to %d numbers",
                        REPORT_SKIPPED_MAX);
    o->json->begin(o->w, "obj_list", SPD_JSON_ARRAY);
    for (size_t i = 0; i < count; i++) {
        const spd_json *object = o->json->item(objects, i);
        int64_t number = o->json->as_int(object, -1);
        if (number < 0 || number > INT32_MAX)
            return complain(err, "skip: objects must be numbers");
        o->json->put_int(o->w, NULL, number);
    }
    o->json->end(o->w);
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
    { "filament", "print", "ams_filament_setting", put_filament },
    { "load", "print", "ams_change_filament", put_load },
    { "unload", "print", "ams_change_filament", put_unload },
    { "dry", "print", "ams_filament_drying", put_dry },
    { "stop_drying", "print", "ams_filament_drying", put_stop_drying },
    { "skip", "print", "skip_objects", put_skip },
    { "clear_error", "print", "clean_print_error", put_bare },
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
                             const spd_json *command,
                             const struct surroundings *at,
                             struct spd_error *err)
{
    spd_str name = name_of(json, command);
    size_t i = find(name);
    if (i == SPD_COUNT(commands)) {
        (void)complain(err, "no such command: %.*s", (int)name.len, name.ptr);
        err->code = SPD_EUNSUPPORTED;
        return NULL;
    }
    struct asked asked = { command, at };
    struct out o =
        begin(json, commands[i].class, commands[i].command, sequence);
    if (commands[i].put(&o, &asked, err) == SPD_OK)
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
