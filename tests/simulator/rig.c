#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "memory.h"

static void on_publish(void *user, const char *text, size_t len)
{
    struct rig *rig = user;
    cJSON *message = cJSON_ParseWithLength(text, len);
    if (message == NULL) {
        rig->unreadable++;
        return;
    }
    if (rig->count == RIG_MESSAGES_MAX)
        abort(); /* a test that says so much is wrong */
    rig->messages[rig->count++] = message;
}

static void on_drop(void *user)
{
    struct rig *rig = user;
    rig->drops++;
}

static void on_changed(void *user)
{
    struct rig *rig = user;
    machine_report(rig->machine, false);
}

struct rig *rig_new(const char *model)
{
    struct rig *rig = mem_new(1, sizeof *rig);
    rig->machine = machine_new(&(struct machine_setup){
        .model = model_find(model),
        .serial = "SIM000000000001",
        .access_code = "12345678",
        .seed = 1,
        .size = { .duration_ms = 100000, .grams = 50, .layers = 100 },
        .out = { on_publish, on_drop, on_changed, rig },
    });
    machine_report(rig->machine, true);
    return rig;
}

void rig_free(struct rig *rig)
{
    for (size_t i = 0; i < rig->count; i++)
        cJSON_Delete(rig->messages[i]);
    machine_free(rig->machine);
    free(rig);
}

void rig_advance(struct rig *rig, int64_t ms)
{
    rig->now_ms += ms;
    printer_advance(rig->machine->printer, rig->now_ms);
}

void rig_send(struct rig *rig, const char *request)
{
    command_handle(rig->machine, request, strlen(request));
}

const cJSON *rig_next_ack(struct rig *rig)
{
    while (rig->read < rig->count) {
        const cJSON *body = rig->messages[rig->read++]->child;
        if (cJSON_HasObjectItem(body, "result"))
            return body;
    }
    return NULL;
}

void rig_upload(struct rig *rig, const char *path, const char *bytes)
{
    struct upload *upload = storage_open(rig->machine->storage, path);
    upload_write(upload, bytes, strlen(bytes));
    storage_close(upload, true);
}

void rig_start(struct rig *rig, const char *id)
{
    char request[512];
    rig_upload(rig, "part.gcode.3mf", "not a zip, so any plate will do");
    snprintf(request, sizeof request,
             "{\"print\":{\"command\":\"project_file\","
             "\"sequence_id\":\"1\",\"param\":\"Metadata/plate_1.gcode\","
             "\"url\":\"ftp:///part.gcode.3mf\",\"subtask_name\":\"part %s\","
             "\"subtask_id\":\"%s\",\"task_id\":\"%s\",\"md5\":\"\","
             "\"use_ams\":true,\"ams_mapping\":[1]}}",
             id, id, id);
    rig_send(rig, request);
}

static void append(char *out, size_t cap, const char *value)
{
    size_t len = strlen(out);
    const char *last = strrchr(out, ' ');
    last = last != NULL ? last + 1 : out;
    if (len > 0 && strcmp(last, value) == 0)
        return;
    snprintf(out + len, cap - len, "%s%s", len > 0 ? " " : "", value);
}

const char *rig_values(struct rig *rig, const char *name)
{
    static char values[2048];
    values[0] = '\0';
    for (; rig->read < rig->count; rig->read++) {
        const cJSON *body = rig->messages[rig->read]->child;
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(body, name);
        char number[32];
        if (value == NULL || cJSON_HasObjectItem(body, "result"))
            continue;
        snprintf(number, sizeof number, "%.10g", cJSON_GetNumberValue(value));
        append(values, sizeof values,
               cJSON_IsString(value) ? value->valuestring : number);
    }
    return values;
}

const struct status *rig_status(const struct rig *rig)
{
    return printer_status(rig->machine->printer);
}

const struct start_record *rig_last_start(const struct rig *rig)
{
    const struct start_record *start, *last = NULL;
    for (size_t i = 0;
         (start = history_start(rig->machine->history, i)) != NULL; i++)
        last = start;
    return last;
}
