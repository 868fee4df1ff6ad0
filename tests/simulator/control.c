#include "control.h"

#include <cjson/cJSON.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control_view.h"
#include "fleet.h"
#include "memory.h"

enum { BODY_MAX = 64 * 1024 };

struct control {
    struct evhttp *http;
    struct fleet *fleet;
};

static double number_of(const cJSON *body, const char *name, double otherwise)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(body, name);
    return cJSON_IsNumber(member) ? cJSON_GetNumberValue(member) : otherwise;
}

static const char *text_of(const cJSON *body, const char *name,
                           const char *otherwise)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(body, name);
    return cJSON_IsString(member) ? member->valuestring : otherwise;
}

static bool flag_of(const cJSON *body, const char *name, bool otherwise)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(body, name);
    return cJSON_IsBool(member) ? cJSON_IsTrue(member) : otherwise;
}

/* A code as a number, or in hex as "0300_4000" or "03004000". */
static uint32_t code_of(const cJSON *body, const char *name)
{
    char digits[16];
    size_t used = 0;
    const char *text = text_of(body, name, NULL);
    if (text == NULL)
        return (uint32_t)number_of(body, name, 0);
    for (; *text != '\0' && used + 1 < sizeof digits; text++)
        if (*text != '_')
            digits[used++] = *text;
    digits[used] = '\0';
    return (uint32_t)strtoul(digits, NULL, 16);
}

/* Each returns NULL, or a sentence on what was wrong with the request. */
typedef const char *action(struct station *station, const cJSON *body);

static const char *drop_connection(struct station *station, const cJSON *body)
{
    (void)body;
    station_drop(station);
    return NULL;
}

static const char *change_certificate(struct station *station,
                                      const cJSON *body)
{
    (void)body;
    return station_change_certificate(station, NULL) ? NULL : "OpenSSL refused";
}

/* Another printer has this address now; times 0 brings the old one back. */
static const char *wrong_serial(struct station *station, const cJSON *body)
{
    const struct machine *machine = station_machine(station);
    char other[SERIAL_MAX];
    snprintf(other, sizeof other, "%s", machine->serial);
    other[strlen(other) - 1] ^= 1;
    const char *serial = text_of(body, "serial", other);
    if (number_of(body, "times", 1) == 0)
        serial = machine->serial;
    return station_change_certificate(station, serial) ? NULL
                                                       : "OpenSSL refused";
}

static const char *print_error(struct station *station, const cJSON *body)
{
    printer_set_error(station_machine(station)->printer, code_of(body, "code"),
                      flag_of(body, "pauses", false));
    return NULL;
}

static const char *hms(struct station *station, const cJSON *body)
{
    struct hms entry = { code_of(body, "attr"), code_of(body, "code") };
    if (printer_add_hms(station_machine(station)->printer, entry))
        return NULL;
    return "there is no room for another hms entry";
}

static const char *reboot(struct station *station, const cJSON *body)
{
    static const char *const names[] = { "idle", "keep", "restart" };
    const char *after = text_of(body, "after", "idle");
    double seconds = number_of(body, "seconds", 30);
    int choice = 0;
    while (choice < 3 && strcmp(names[choice], after) != 0)
        choice++;
    if (choice == 3)
        return "after is idle, keep or restart";
    if (!(seconds >= 0 && seconds <= 1e6))
        return "seconds is from 0 to 1000000";
    printer_reboot(station_machine(station)->printer, (int64_t)(seconds * 1000),
                   (enum reboot_after)choice);
    return NULL;
}

static const char *foreign_print(struct station *station, const cJSON *body)
{
    struct printer *printer = station_machine(station)->printer;
    const char *name = text_of(body, "name", "Benchy.gcode.3mf");
    return printer_start_foreign(printer, name) ? NULL : "the printer is busy";
}

static const char *finish_now(struct station *station, const cJSON *body)
{
    (void)body;
    if (printer_finish_now(station_machine(station)->printer))
        return NULL;
    return "the printer is not printing";
}

static const char *print_size(struct station *station, const cJSON *body)
{
    struct printer *printer = station_machine(station)->printer;
    struct print_size size = *printer_size(printer);
    double seconds =
        number_of(body, "seconds", (double)size.duration_ms / 1000);
    double layers = number_of(body, "layers", size.layers);
    double grams = number_of(body, "grams", size.grams);
    if (!(seconds >= 1 && seconds <= 1e7 && layers >= 1 && layers <= 1e5 &&
          grams >= 0 && grams <= 1e5))
        return "seconds, layers or grams is out of bounds";
    size = (struct print_size){ (int64_t)(seconds * 1000), grams, (int)layers };
    printer_set_size(printer, &size);
    return NULL;
}

static void set_text(const cJSON *body, const char *name, char *out, size_t cap)
{
    const char *text = text_of(body, name, NULL);
    if (text != NULL)
        snprintf(out, cap, "%s", text);
}

static const char *set_tray(struct station *station, const cJSON *body)
{
    struct printer *printer = station_machine(station)->printer;
    struct ams *ams = printer_ams(printer);
    int slot = (int)number_of(body, "slot", -1);
    struct tray *tray = ams_tray(ams, slot);
    if (tray == NULL)
        return "there is no such slot; see \"trays\" of the printer";
    if (!flag_of(body, "present", true)) {
        tray_clear(tray);
    } else {
        tray->present = true;
        if (tray->weight_grams == 0)
            tray->weight_grams = 1000;
        set_text(body, "type", tray->type, sizeof tray->type);
        set_text(body, "color", tray->color, sizeof tray->color);
        set_text(body, "tray_uuid", tray->tray_uuid, sizeof tray->tray_uuid);
        set_text(body, "tag_uid", tray->tag_uid, sizeof tray->tag_uid);
        set_text(body, "info_idx", tray->info_idx, sizeof tray->info_idx);
        set_text(body, "sub_brand", tray->sub_brand, sizeof tray->sub_brand);
        double remain = number_of(body, "remain", tray_remain_percent(tray));
        if (!(remain >= -1 && remain <= 100))
            return "remain is from 0 to 100, or -1: nobody knows";
        tray->remain_unknown = remain < 0;
        if (remain >= 0)
            tray->remain_grams = tray->weight_grams * remain / 100;
    }
    ams_touch(ams, slot);
    printer_reconsider(printer);
    return NULL;
}

static const char *set_door(struct station *station, const cJSON *body)
{
    printer_set_door(station_machine(station)->printer,
                     flag_of(body, "open", true));
    return NULL;
}

static const char *set_nozzle(struct station *station, const cJSON *body)
{
    double diameter_mm = number_of(body, "diameter_mm", 0.4);
    if (!(diameter_mm >= 0.1 && diameter_mm <= 2))
        return "diameter_mm is from 0.1 to 2";
    printer_set_nozzle(station_machine(station)->printer, diameter_mm);
    return NULL;
}

/* Other units are put on: all spools are new ones. */
static const char *set_units(struct station *station, const cJSON *body)
{
    struct printer *printer = station_machine(station)->printer;
    struct ams_plan plan;
    if (printer_is_busy(printer))
        return "the printer is busy";
    if (!ams_plan_parse(&plan, text_of(body, "units", "")))
        return "units is like \"ams,ams2pro:left,ht\", or \"none\"";
    ams_init(printer_ams(printer), &plan, (uint32_t)number_of(body, "seed", 1));
    printer_reconsider(printer);
    return NULL;
}

static const char *set_fault(struct station *station, const cJSON *body);

static const struct row {
    const char *name;
    action *run;
    bool as_fault; /* may be the "fault" of POST .../fault, too */
} actions[] = {
    { "fault", set_fault, false },
    { "reboot", reboot, true },
    { "finish-now", finish_now, false },
    { "foreign-print", foreign_print, true },
    { "tray", set_tray, false },
    { "print-size", print_size, false },
    { "door", set_door, false },
    { "nozzle", set_nozzle, false },
    { "units", set_units, false },
    { "drop-connection", drop_connection, true },
    { "change-certificate", change_certificate, true },
    { "wrong-serial", wrong_serial, true },
    { "print-error", print_error, true },
    { "hms", hms, true },
};

static const struct row *find_action(const char *name)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

static const char *set_fault(struct station *station, const cJSON *body)
{
    struct machine *machine = station_machine(station);
    const char *name = text_of(body, "fault", "");
    const struct row *row = find_action(name);
    if (row != NULL && row->as_fault)
        return row->run(station, body);
    enum fault fault = fault_find(name);
    if (fault == FAULT_COUNT)
        return "there is no such fault";
    double times = number_of(body, "times", 1);
    if (!(times >= -1 && times <= 1e6))
        return "times is -1 (until cleared), 0 (clear) or a count";
    long value;
    const char *argument = fault_argument(fault, &value);
    if (argument != NULL)
        value = (long)number_of(body, argument, (double)value);
    char code[16] = "";
    if (cJSON_HasObjectItem(body, "code"))
        snprintf(code, sizeof code, "%08X", (unsigned)code_of(body, "code"));
    fault_arm(&machine->faults, fault, (int)times, value,
              text_of(body, "reason", code));
    printer_reconsider(machine->printer);
    return NULL;
}

/* Takes `json`. */
static void answer(struct evhttp_request *request, int status, cJSON *json)
{
    char *text = cJSON_PrintUnformatted(json);
    struct evbuffer *out = evhttp_request_get_output_buffer(request);
    evbuffer_add_printf(out, "%s\n", text);
    evhttp_add_header(evhttp_request_get_output_headers(request),
                      "Content-Type", "application/json");
    evhttp_send_reply(request, status, NULL, NULL);
    cJSON_free(text);
    cJSON_Delete(json);
}

static void answer_error(struct evhttp_request *request, int status,
                         const char *sentence)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "error", sentence);
    answer(request, status, json);
}

static void answer_list(struct evhttp_request *request, struct fleet *fleet)
{
    cJSON *list = cJSON_CreateArray();
    struct station *station;
    for (size_t i = 0; (station = fleet_at(fleet, i)) != NULL; i++) {
        station_advance(station);
        cJSON_AddItemToArray(list, view_summary(station));
    }
    answer(request, 200, list);
}

static void answer_time(struct evhttp_request *request, struct fleet *fleet)
{
    cJSON *json = cJSON_CreateObject();
    struct station *first = fleet_at(fleet, 0);
    cJSON_AddNumberToObject(json, "factor", fleet_speed(fleet));
    cJSON_AddNumberToObject(
        json, "sim_ms",
        (double)printer_now_ms(station_machine(first)->printer));
    answer(request, 200, json);
}

static void set_speed(struct evhttp_request *request, struct fleet *fleet,
                      const cJSON *body)
{
    double factor = number_of(body, "factor", -1);
    if (!(factor >= 0 && factor <= 1e6)) {
        answer_error(request, 400, "factor is from 0 to 1000000");
        return;
    }
    fleet_set_speed(fleet, factor);
    answer_time(request, fleet);
}

static void advance(struct evhttp_request *request, struct fleet *fleet,
                    const cJSON *body)
{
    double seconds = number_of(body, "seconds", -1);
    if (!(seconds >= 0 && seconds <= 1e7)) {
        answer_error(request, 400, "seconds is from 0 to 10000000");
        return;
    }
    fleet_advance(fleet, (int64_t)(seconds * 1000));
    answer_time(request, fleet);
}

static void act(struct evhttp_request *request, struct station *station,
                const char *name, const cJSON *body)
{
    const struct row *row = find_action(name);
    if (row == NULL) {
        answer_error(request, 404, "there is no such action");
        return;
    }
    const char *wrong = row->run(station, body);
    station_arm(station);
    if (wrong != NULL)
        answer_error(request, 400, wrong);
    else
        answer(request, 200, view_summary(station));
}

static void route_printer(struct evhttp_request *request, struct fleet *fleet,
                          char *path, const cJSON *body)
{
    char *slash = strchr(path, '/');
    if (slash != NULL)
        *slash++ = '\0';
    bool get = evhttp_request_get_command(request) == EVHTTP_REQ_GET;
    struct station *station = fleet_find(fleet, path);
    if (station == NULL) {
        answer_error(request, 404, "there is no such printer");
        return;
    }
    station_advance(station);
    if (get && slash == NULL)
        answer(request, 200, view_detail(station));
    else if (get || slash == NULL)
        answer_error(request, 405, "GET a printer, POST an action");
    else
        act(request, station, slash, body);
}

static void route(struct evhttp_request *request, struct fleet *fleet,
                  char *path, const cJSON *body)
{
    static const char printers[] = "/printers/";
    bool get = evhttp_request_get_command(request) == EVHTTP_REQ_GET;
    if (strncmp(path, printers, sizeof printers - 1) == 0)
        route_printer(request, fleet, path + sizeof printers - 1, body);
    else if (get && strcmp(path, "/printers") == 0)
        answer_list(request, fleet);
    else if (!get && strcmp(path, "/speed") == 0)
        set_speed(request, fleet, body);
    else if (!get && strcmp(path, "/advance") == 0)
        advance(request, fleet, body);
    else
        answer_error(request, 404, "there is nothing here");
}

static void on_request(struct evhttp_request *request, void *user)
{
    const struct control *control = user;
    struct evbuffer *input = evhttp_request_get_input_buffer(request);
    size_t len = evbuffer_get_length(input);
    cJSON *body = NULL;
    if (len > 0) {
        const char *text = (const char *)evbuffer_pullup(input, -1);
        body = cJSON_ParseWithLength(text, len);
    }
    if (len > 0 && !cJSON_IsObject(body)) {
        answer_error(request, 400, "the body is no JSON object");
    } else {
        const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
        char *path = mem_text(evhttp_uri_get_path(uri));
        route(request, control->fleet, path, body);
        free(path);
    }
    cJSON_Delete(body);
}

struct control *control_new(struct event_base *base, struct fleet *fleet,
                            const char *address, unsigned port)
{
    struct control *control = mem_new(1, sizeof *control);
    control->fleet = fleet;
    control->http = evhttp_new(base);
    evhttp_set_max_body_size(control->http, BODY_MAX);
    evhttp_set_allowed_methods(control->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
    evhttp_set_gencb(control->http, on_request, control);
    if (evhttp_bind_socket(control->http, address, (ev_uint16_t)port) == 0)
        return control;
    control_free(control);
    return NULL;
}

void control_free(struct control *control)
{
    if (control == NULL)
        return;
    evhttp_free(control->http);
    free(control);
}
