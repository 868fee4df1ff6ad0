#include "command.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "machine.h"
#include "order.h"
#include "text.h"

struct request {
    struct machine *machine;
    cJSON *body; /* what is under the class */
    const char *class_name, *command;
};

/* How a request ended; reason NULL: well. */
struct verdict {
    const char *reason;
    long err_code;
};

static const struct verdict fine;

static const char *member_text(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsString(member) ? member->valuestring : "";
}

/* The request itself, with result and reason: printers echo what they were
 * told. */
static void acknowledge(const struct request *request,
                        const struct verdict *verdict)
{
    struct machine *machine = request->machine;
    const struct model *model = machine->model;
    if (fault_take(&machine->faults, FAULT_NO_ACK) != NULL)
        return;
    bool good = verdict->reason == NULL;
    cJSON *root = cJSON_CreateObject();
    cJSON *body = cJSON_Duplicate(request->body, true);
    cJSON_AddItemToObject(root, request->class_name, body);
    cJSON_DeleteItemFromObjectCaseSensitive(body, "result");
    cJSON_DeleteItemFromObjectCaseSensitive(body, "reason");
    if (fault_take(&machine->faults, FAULT_VAGUE_ACK) == NULL) {
        cJSON_AddStringToObject(body, "result",
                                good ? model->ack_good : model->ack_bad);
        cJSON_AddStringToObject(body, "reason",
                                good ? model->ack_good : verdict->reason);
    }
    if (verdict->err_code != 0)
        cJSON_AddNumberToObject(body, "err_code", (double)verdict->err_code);
    char *text = cJSON_PrintUnformatted(root);
    machine->out.publish(machine->out.user, text, strlen(text));
    cJSON_free(text);
    cJSON_Delete(root);
}

static struct verdict accept(const struct request *request)
{
    (void)request;
    return fine;
}

static struct verdict do_start(const struct request *request)
{
    struct machine *machine = request->machine;
    const struct armed_fault *refusal =
        fault_take(&machine->faults, FAULT_REFUSE_START);
    enum order_answer answer =
        order_place(machine, request->body, refusal == NULL);
    if (refusal != NULL)
        return (struct verdict){ refusal->text[0] != '\0' ? refusal->text
                                                          : "refused",
                                 0 };
    if (answer == ORDER_BUSY)
        return (struct verdict){ "device is busy", ERROR_BUSY };
    if (answer == ORDER_MALFORMED)
        return (struct verdict){ "url or param is missing", 0 };
    return fine;
}

static struct verdict do_pause(const struct request *request)
{
    if (printer_pause(request->machine->printer))
        return fine;
    return (struct verdict){ "not printing", 0 };
}

static struct verdict do_resume(const struct request *request)
{
    if (printer_resume(request->machine->printer))
        return fine;
    return (struct verdict){ "not paused", 0 };
}

/* Stopping what does not run is no error to a printer. */
static struct verdict do_stop(const struct request *request)
{
    printer_stop(request->machine->printer);
    return fine;
}

static struct verdict do_speed(const struct request *request)
{
    int level = atoi(member_text(request->body, "param"));
    if (printer_set_speed(request->machine->printer, level))
        return fine;
    return (struct verdict){ "invalid speed level", 0 };
}

static struct verdict do_clear_error(const struct request *request)
{
    printer_set_error(request->machine->printer, 0, false);
    return fine;
}

static struct verdict do_light(const struct request *request)
{
    struct machine *machine = request->machine;
    const char *node = member_text(request->body, "led_node");
    bool on = strcmp(member_text(request->body, "led_mode"), "on") == 0;
    if (strcmp(node, "chamber_light") == 0)
        printer_set_light(machine->printer, on);
    else if (strcmp(node, "chamber_light2") == 0 &&
             machine->model->has_second_light)
        printer_set_second_light(machine->printer, on);
    else
        return (struct verdict){ "did not find the valid led", 0 };
    return fine;
}

static void copy_member(const cJSON *body, const char *name, char *out,
                        size_t cap)
{
    if (cJSON_GetObjectItemCaseSensitive(body, name) != NULL)
        snprintf(out, cap, "%s", member_text(body, name));
}

static void copy_number(const cJSON *body, const char *name, int *out)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(body, name);
    if (cJSON_IsNumber(member))
        *out = (int)cJSON_GetNumberValue(member);
}

/* The tray that unit and slot mean. An external spool is 255, and on one
 * nozzle its slot is called 254; the left one of two is 254. */
static int tray_number(const struct request *request, int unit, int slot)
{
    struct ams *ams = printer_ams(request->machine->printer);
    bool two = request->machine->model->nozzles > 1;
    if (unit == 255)
        return two || slot == 254 ? AMS_EXTERNAL : -1;
    if (unit == 254)
        return two ? AMS_EXTERNAL_LEFT : AMS_EXTERNAL;
    const struct ams_unit *found = ams_unit(ams, unit);
    return found != NULL ? ams_number(found, slot) : -1;
}

static int setting_tray(const struct request *request)
{
    int unit = -1, tray = -1;
    copy_number(request->body, "ams_id", &unit);
    copy_number(request->body, "tray_id", &tray);
    return tray_number(request, unit, tray);
}

static struct verdict do_filament_setting(const struct request *request)
{
    const cJSON *body = request->body;
    struct printer *printer = request->machine->printer;
    int number = setting_tray(request);
    struct tray *tray = ams_tray(printer_ams(printer), number);
    if (tray == NULL)
        return (struct verdict){ "invalid tray", 0 };
    copy_member(body, "tray_type", tray->type, sizeof tray->type);
    copy_member(body, "tray_info_idx", tray->info_idx, sizeof tray->info_idx);
    copy_member(body, "tray_color", tray->color, sizeof tray->color);
    copy_member(body, "tray_sub_brands", tray->sub_brand,
                sizeof tray->sub_brand);
    copy_number(body, "nozzle_temp_min", &tray->nozzle_min_c);
    copy_number(body, "nozzle_temp_max", &tray->nozzle_max_c);
    ams_touch(printer_ams(printer), number);
    printer_reconsider(printer);
    return fine;
}

static struct verdict do_change_filament(const struct request *request)
{
    static const int none = 255;
    struct printer *printer = request->machine->printer;
    int unit = -1, slot = -1, target = -1;
    copy_number(request->body, "ams_id", &unit);
    copy_number(request->body, "slot_id", &slot);
    copy_number(request->body, "target", &target);
    bool unload = target == none && slot == none;
    int number = unload ? AMS_NO_TRAY : tray_number(request, unit, slot);
    if (unit >= 254 && !unload)
        number = unit == 254 && request->machine->model->nozzles > 1
                     ? AMS_EXTERNAL_LEFT
                     : AMS_EXTERNAL;
    const struct tray *tray = ams_tray(printer_ams(printer), number);
    if (!unload && (tray == NULL || !tray->present))
        return (struct verdict){ "invalid tray", 0 };
    if (printer_load(printer, number))
        return fine;
    return (struct verdict){ "printing", 0 };
}

static struct verdict do_drying(const struct request *request)
{
    static const int64_t hour_ms = 3600 * 1000;
    int unit = -1, celsius = 0, hours = 0, mode = 0;
    copy_number(request->body, "ams_id", &unit);
    copy_number(request->body, "temp", &celsius);
    copy_number(request->body, "duration", &hours);
    copy_number(request->body, "mode", &mode);
    if (mode != 0 && (celsius < 40 || celsius > 90 || hours < 1 || hours > 48))
        return (struct verdict){ "invalid drying parameters", 0 };
    if (printer_dry(request->machine->printer, unit, celsius,
                    mode != 0 ? hours * hour_ms : 0))
        return fine;
    return (struct verdict){ "the unit cannot dry", 0 };
}

static struct verdict do_skip(const struct request *request)
{
    int objects[PRINTER_SKIPPED_MAX];
    size_t count = 0;
    const cJSON *object;
    cJSON_ArrayForEach(
        object, cJSON_GetObjectItemCaseSensitive(request->body, "obj_list"))
    {
        if (!cJSON_IsNumber(object) || count == PRINTER_SKIPPED_MAX)
            return (struct verdict){ "invalid object", 0 };
        objects[count++] = (int)cJSON_GetNumberValue(object);
    }
    if (count > 0 && printer_skip(request->machine->printer, objects, count))
        return fine;
    return (struct verdict){ "not printing", 0 };
}

static struct verdict do_push_all(const struct request *request)
{
    machine_report(request->machine, true);
    return fine;
}

/* Wakes a printer that had stopped reporting. */
static struct verdict do_push_start(const struct request *request)
{
    fault_arm(&request->machine->faults, FAULT_SILENT, 0, 0, NULL);
    machine_report(request->machine, false);
    return fine;
}

static struct verdict do_version(const struct request *request)
{
    struct machine *machine = request->machine;
    struct text text = { 0 };
    report_version(&text, machine, member_text(request->body, "sequence_id"));
    machine->out.publish(machine->out.user, text.at, text.len);
    free(text.at);
    return fine;
}

static const struct command {
    const char *class_name, *name;
    bool acknowledged;
    struct verdict (*run)(const struct request *request);
} commands[] = {
    { "pushing", "pushall", false, do_push_all },
    { "pushing", "start", false, do_push_start },
    { "info", "get_version", false, do_version },
    { "print", "project_file", true, do_start },
    { "print", "pause", true, do_pause },
    { "print", "resume", true, do_resume },
    { "print", "stop", true, do_stop },
    { "print", "print_speed", true, do_speed },
    { "print", "clean_print_error", true, do_clear_error },
    { "print", "ams_filament_setting", true, do_filament_setting },
    { "print", "ams_change_filament", true, do_change_filament },
    { "print", "ams_filament_drying", true, do_drying },
    { "print", "skip_objects", true, do_skip },
    { "print", "gcode_line", true, accept },
    { "print", "print_option", true, accept },
    { "print", "ams_user_setting", true, accept },
    { "print", "ams_get_rfid", true, accept },
    { "print", "ams_control", true, accept },
    { "system", "ledctrl", true, do_light },
    { "xcam", "xcam_control_set", true, accept },
    { "camera", "ipcam_record_set", true, accept },
    { "camera", "ipcam_timelapse", true, accept },
};

static const struct command *find_command(const struct request *request)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].class_name, request->class_name) == 0 &&
            strcmp(commands[i].name, request->command) == 0)
            return &commands[i];
    return NULL;
}

static void note(const struct request *request)
{
    struct command_record record = {
        .at_ms = printer_now_ms(request->machine->printer),
    };
    snprintf(record.name, sizeof record.name, "%s.%s", request->class_name,
             request->command);
    snprintf(record.sequence_id, sizeof record.sequence_id, "%s",
             member_text(request->body, "sequence_id"));
    history_add_command(request->machine->history, &record);
}

static void run(const struct request *request)
{
    static const struct verdict unsigned_request = {
        "mqtt message verify failed", 84033543
    };
    struct machine *machine = request->machine;
    note(request);
    if (fault_take(&machine->faults, FAULT_DEAF) != NULL)
        return;
    const struct command *command = find_command(request);
    if (command == NULL)
        return;
    if (strcmp(request->class_name, "print") == 0 &&
        fault_take(&machine->faults, FAULT_VERIFY_FAILED) != NULL) {
        acknowledge(request, &unsigned_request);
        return;
    }
    struct verdict verdict = command->run(request);
    if (!command->acknowledged)
        return;
    acknowledge(request, &verdict);
    if (command->run == do_start && verdict.reason == NULL &&
        fault_take(&machine->faults, FAULT_DROP_AFTER_START) != NULL)
        machine->out.drop(machine->out.user);
}

void command_handle(struct machine *machine, const char *text, size_t len)
{
    cJSON *root = cJSON_ParseWithLength(text, len);
    const cJSON *first = cJSON_IsObject(root) ? root->child : NULL;
    if (cJSON_IsObject(first)) {
        struct request request = {
            .machine = machine,
            .body = root->child,
            .class_name = first->string,
            .command = member_text(first, "command"),
        };
        run(&request);
    }
    cJSON_Delete(root);
}
