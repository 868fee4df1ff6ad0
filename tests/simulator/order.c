#include "order.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "machine.h"

static const char *text_of(const cJSON *request, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(request, name);
    return cJSON_IsString(member) ? member->valuestring : "";
}

static void copy_text(const cJSON *request, const char *name, char *out,
                      size_t cap)
{
    snprintf(out, cap, "%s", text_of(request, name));
}

/* The path on the card that `url` means to this model, or NULL. */
static const char *path_of(const struct model *model, const char *url)
{
    static const struct {
        const char *prefix;
        unsigned form;
    } forms[] = {
        { "file:///sdcard/", URL_SDCARD },
        { "file:///media/usb0/", URL_USB },
        { "ftp:///", URL_FTP_PATH },
        { "ftp://", URL_FTP_ROOT },
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t len = strlen(forms[i].prefix);
        if (strncmp(url, forms[i].prefix, len) != 0)
            continue;
        const char *path = url + len;
        unsigned needed = forms[i].form;
        if ((needed & (URL_SDCARD | URL_USB)) == 0 && strchr(path, '/') != NULL)
            needed |= URL_FTP_FOLDER;
        return (model->url_forms & needed) == needed ? path : NULL;
    }
    return NULL;
}

static int plate_of(const cJSON *request)
{
    int plate = 0;
    if (sscanf(text_of(request, "param"), "Metadata/plate_%d.gcode", &plate) !=
        1)
        return 0;
    return plate;
}

static uint32_t file_obstacle(const struct stored_file *file,
                              const cJSON *request, int plate)
{
    if (file == NULL || !file->complete || file->mixed_up)
        return ERROR_STORAGE;
    const char *md5 = text_of(request, "md5");
    if (md5[0] != '\0' && strcasecmp(md5, file->md5) != 0)
        return ERROR_BAD_FILE;
    bool has_plate = plate <= 63 && (file->plates >> plate & 1) != 0;
    return file->is_zip && !has_plate ? ERROR_BAD_FILE : 0;
}

/* What the detailed mapping says of a filament that the plain one leaves out:
 * an external spool is {255, 0}, the left one of two {254, 0}. */
static int external_tray(const struct model *model, const cJSON *detail)
{
    const cJSON *unit = cJSON_GetObjectItemCaseSensitive(detail, "ams_id");
    const cJSON *slot = cJSON_GetObjectItemCaseSensitive(detail, "slot_id");
    if (!cJSON_IsNumber(unit) || !cJSON_IsNumber(slot) ||
        cJSON_GetNumberValue(slot) != 0)
        return PRINTER_NO_TRAY;
    if (cJSON_GetNumberValue(unit) == 255)
        return AMS_EXTERNAL;
    if (cJSON_GetNumberValue(unit) == 254)
        return model->nozzles > 1 ? AMS_EXTERNAL_LEFT : AMS_EXTERNAL;
    return PRINTER_NO_TRAY;
}

/* False: the mapping names a tray there is not. */
static bool map_filament(struct print_order *order, const struct model *model,
                         struct ams *ams, const cJSON *value,
                         const cJSON *detail)
{
    int number = (int)cJSON_GetNumberValue(value);
    if (!cJSON_IsNumber(value) || number < -1 || ams_is_external(number))
        return false;
    if (number < 0)
        number = external_tray(model, detail);
    const struct tray *tray = ams_tray(ams, number);
    if (number >= 0 && (tray == NULL || !tray->present))
        return false;
    if (order->tray_count < PRINTER_MAPPING_MAX)
        order->trays[order->tray_count++] = number;
    return true;
}

static bool uses_a_tray(const struct print_order *order)
{
    for (size_t i = 0; i < order->tray_count; i++)
        if (order->trays[i] != PRINTER_NO_TRAY)
            return true;
    return false;
}

/* Fill order->trays from ams_mapping; what is wrong with it, or 0. */
static uint32_t mapping_obstacle(struct print_order *order,
                                 const struct model *model,
                                 const cJSON *request, struct ams *ams)
{
    const cJSON *use = cJSON_GetObjectItemCaseSensitive(request, "use_ams");
    const cJSON *detail =
        cJSON_GetObjectItemCaseSensitive(request, "ams_mapping2");
    if (!cJSON_IsTrue(use))
        return 0;
    if (ams->unit_count == 0 && model->nozzles == 1)
        return ERROR_NO_AMS;
    detail = detail != NULL ? detail->child : NULL;
    const cJSON *value;
    cJSON_ArrayForEach(value,
                       cJSON_GetObjectItemCaseSensitive(request, "ams_mapping"))
    {
        if (!map_filament(order, model, ams, value, detail))
            return ERROR_NO_MAPPING;
        detail = detail != NULL ? detail->next : NULL;
    }
    return uses_a_tray(order) ? 0 : ERROR_NO_MAPPING;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static void judge(struct print_order *order, struct machine *machine,
                  const cJSON *request, const struct stored_file *file)
{
    uint32_t mapping = mapping_obstacle(order, machine->model, request,
                                        printer_ams(machine->printer));
    order->obstacle = file_obstacle(file, request, order->plate);
    if (order->obstacle == 0) {
        order->obstacle = mapping;
        order->obstacle_pauses = true; /* "select Resume to retry" */
    }
    const struct armed_fault *never =
        fault_take(&machine->faults, FAULT_NEVER_START);
    order->never_starts = never != NULL;
    order->echoes_ids = never != NULL && never->value != 0;
}

static struct print_order order_of(const cJSON *request, const char *path)
{
    struct print_order order = { .plate = plate_of(request) };
    copy_text(request, "subtask_name", order.name, sizeof order.name);
    copy_text(request, "project_id", order.project_id, sizeof order.project_id);
    copy_text(request, "profile_id", order.profile_id, sizeof order.profile_id);
    copy_text(request, "task_id", order.task_id, sizeof order.task_id);
    copy_text(request, "subtask_id", order.subtask_id, sizeof order.subtask_id);
    snprintf(order.file, sizeof order.file, "%s", last_part(path));
    return order;
}

static size_t note(struct machine *machine, const struct print_order *order,
                   const char *path, const struct stored_file *file,
                   const cJSON *mapping)
{
    char *text = mapping != NULL ? cJSON_PrintUnformatted(mapping) : NULL;
    struct start_record record = {
        .at_ms = printer_now_ms(machine->printer),
        .subtask_id = order->subtask_id,
        .task_id = order->task_id,
        .name = order->name,
        .file = path,
        .ams_mapping = text,
        .plate = order->plate,
        .outcome = "refused",
    };
    if (file != NULL)
        snprintf(record.sha256, sizeof record.sha256, "%s", file->sha256);
    size_t index = history_add_start(machine->history, &record);
    cJSON_free(text);
    return index;
}

enum order_answer order_place(struct machine *machine,
                              const struct cJSON *request, bool may_run)
{
    const char *url = text_of(request, "url");
    const char *path = path_of(machine->model, url);
    const struct stored_file *file =
        path != NULL ? storage_find(machine->storage, path) : NULL;
    struct print_order order = order_of(request, path != NULL ? path : url);
    order.record =
        note(machine, &order, path != NULL ? path : url, file,
             cJSON_GetObjectItemCaseSensitive(request, "ams_mapping"));
    if (url[0] == '\0' || order.plate < 1)
        return ORDER_MALFORMED;
    if (!may_run)
        return ORDER_ACCEPTED;
    if (!printer_is_busy(machine->printer))
        judge(&order, machine, request, file);
    if (!printer_start(machine->printer, &order))
        return ORDER_BUSY;
    history_start(machine->history, order.record)->accepted = true;
    return ORDER_ACCEPTED;
}
