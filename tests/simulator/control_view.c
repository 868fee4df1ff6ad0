#include "control_view.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "station.h"

static void add_int(cJSON *object, const char *name, long long number)
{
    cJSON_AddNumberToObject(object, name, (double)number);
}

cJSON *view_summary(struct station *station)
{
    struct machine *machine = station_machine(station);
    const struct status *status = printer_status(machine->printer);
    bool off = printer_is_off(machine->printer);
    cJSON *out = cJSON_CreateObject();
    cJSON_AddStringToObject(out, "serial", machine->serial);
    cJSON_AddStringToObject(out, "model", machine->model->name);
    cJSON_AddStringToObject(out, "address", station_address(station));
    add_int(out, "mqtt_port", station_mqtt_port(station));
    add_int(out, "ftps_port", station_ftps_port(station));
    cJSON_AddStringToObject(out, "access_code", machine->access_code);
    cJSON_AddStringToObject(out, "state",
                            off ? "OFFLINE" : gcode_state_name(status->state));
    add_int(out, "percent", status->percent);
    add_int(out, "connections", (long long)station_mqtt_clients(station));
    add_int(out, "ftps_connections", (long long)station_ftps_clients(station));
    return out;
}

static void add_status(cJSON *out, const struct machine *machine)
{
    const struct status *status = printer_status(machine->printer);
    char error[16];
    snprintf(error, sizeof error, "%08X", (unsigned)status->print_error);
    add_int(out, "sim_ms", printer_now_ms(machine->printer));
    add_int(out, "layer", status->layer);
    add_int(out, "total_layers", status->total_layers);
    add_int(out, "remaining_minutes", status->remaining_minutes);
    cJSON_AddStringToObject(out, "print_error", error);
    cJSON_AddStringToObject(out, "subtask_name", status->subtask_name);
    cJSON_AddStringToObject(out, "gcode_file", status->gcode_file);
    cJSON_AddStringToObject(out, "subtask_id", status->subtask_id);
    cJSON_AddStringToObject(out, "task_id", status->task_id);
    add_int(out, "speed_level", status->speed_level);
    cJSON_AddBoolToObject(out, "light", status->light);
    cJSON_AddBoolToObject(out, "light2", status->light2);
    cJSON *skipped =
        cJSON_CreateIntArray(status->skipped, (int)status->skipped_count);
    cJSON_AddItemToObject(out, "skipped", skipped);
    add_int(out, "tray_now", status->tray_now);
    cJSON_AddStringToObject(out, "wire_serial", machine->wire_serial);
}

static cJSON *view_start(const struct start_record *start)
{
    cJSON *row = cJSON_CreateObject();
    add_int(row, "at_ms", start->at_ms);
    cJSON_AddStringToObject(row, "subtask_id", start->subtask_id);
    cJSON_AddStringToObject(row, "task_id", start->task_id);
    cJSON_AddStringToObject(row, "name", start->name);
    cJSON_AddStringToObject(row, "file", start->file);
    add_int(row, "plate", start->plate);
    cJSON_AddStringToObject(row, "ams_mapping", start->ams_mapping);
    cJSON_AddStringToObject(row, "sha256", start->sha256);
    cJSON_AddBoolToObject(row, "accepted", start->accepted);
    cJSON_AddBoolToObject(row, "began", start->began);
    cJSON_AddBoolToObject(row, "foreign", start->foreign);
    cJSON_AddStringToObject(row, "outcome", start->outcome);
    return row;
}

static cJSON *view_upload(const struct upload_record *upload)
{
    cJSON *row = cJSON_CreateObject();
    add_int(row, "at_ms", upload->at_ms);
    cJSON_AddStringToObject(row, "name", upload->name);
    add_int(row, "size", (long long)upload->bytes);
    cJSON_AddStringToObject(row, "sha256", upload->sha256);
    cJSON_AddBoolToObject(row, "complete", upload->complete);
    return row;
}

static cJSON *view_command(const struct command_record *command)
{
    cJSON *row = cJSON_CreateObject();
    add_int(row, "at_ms", command->at_ms);
    cJSON_AddStringToObject(row, "command", command->name);
    cJSON_AddStringToObject(row, "sequence_id", command->sequence_id);
    return row;
}

static void add_history(cJSON *out, const struct history *history)
{
    cJSON *starts = cJSON_AddArrayToObject(out, "starts");
    const struct start_record *start;
    for (size_t i = 0; (start = history_start(history, i)) != NULL; i++)
        cJSON_AddItemToArray(starts, view_start(start));
    cJSON *uploads = cJSON_AddArrayToObject(out, "uploads");
    const struct upload_record *upload;
    for (size_t i = 0; (upload = history_upload(history, i)) != NULL; i++)
        cJSON_AddItemToArray(uploads, view_upload(upload));
    add_int(out, "command_total", (long long)history_command_total(history));
    cJSON *commands = cJSON_AddArrayToObject(out, "commands");
    const struct command_record *command;
    for (size_t i = 0; (command = history_command(history, i)) != NULL; i++)
        cJSON_AddItemToArray(commands, view_command(command));
}

static void add_files(cJSON *out, const struct storage *storage)
{
    cJSON *files = cJSON_AddArrayToObject(out, "files");
    const struct stored_file *file;
    for (size_t i = 0; (file = storage_at(storage, i)) != NULL; i++) {
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "name", file->path);
        add_int(row, "size", (long long)file->bytes);
        cJSON_AddStringToObject(row, "sha256", file->sha256);
        cJSON_AddBoolToObject(row, "complete", file->complete);
        cJSON_AddBoolToObject(row, "mixed_up", file->mixed_up);
        cJSON_AddItemToArray(files, row);
    }
}

static void add_tray(cJSON *trays, const struct tray *tray, int slot)
{
    cJSON *row = cJSON_CreateObject();
    add_int(row, "slot", slot);
    cJSON_AddBoolToObject(row, "present", tray->present);
    cJSON_AddStringToObject(row, "type", tray->type);
    cJSON_AddStringToObject(row, "color", tray->color);
    cJSON_AddStringToObject(row, "tray_uuid", tray->tray_uuid);
    add_int(row, "remain", tray_remain_percent(tray));
    cJSON_AddNumberToObject(row, "remain_grams", tray->remain_grams);
    cJSON_AddItemToArray(trays, row);
}

static void add_units(cJSON *out, const struct ams *ams)
{
    cJSON *units = cJSON_AddArrayToObject(out, "units");
    for (size_t i = 0; i < ams->unit_count; i++) {
        const struct ams_unit *unit = &ams->unit[i];
        cJSON *row = cJSON_CreateObject();
        add_int(row, "id", unit->id);
        cJSON_AddStringToObject(row, "kind", ams_kind_name(unit->kind));
        add_int(row, "extruder", unit->extruder);
        add_int(row, "dry_minutes", unit->dry_minutes);
        add_int(row, "dry_celsius", unit->dry_c);
        cJSON_AddItemToArray(units, row);
    }
}

static void add_trays(cJSON *out, const struct machine *machine)
{
    const struct ams *ams = printer_ams(machine->printer);
    cJSON *trays = cJSON_AddArrayToObject(out, "trays");
    for (size_t i = 0; i < ams->unit_count; i++)
        for (int slot = 0; slot < ams_slots(ams->unit[i].kind); slot++)
            add_tray(trays, &ams->unit[i].tray[slot],
                     ams_number(&ams->unit[i], slot));
    if (machine->model->nozzles > 1)
        add_tray(trays, &ams->external_left, AMS_EXTERNAL_LEFT);
    add_tray(trays, &ams->external, AMS_EXTERNAL);
    add_units(out, ams);
}

static void add_faults(cJSON *out, const struct faults *faults)
{
    cJSON *object = cJSON_AddObjectToObject(out, "faults");
    for (int i = 0; i < FAULT_COUNT; i++) {
        const struct armed_fault *armed = fault_peek(faults, (enum fault)i);
        if (armed != NULL)
            add_int(object, fault_name((enum fault)i), armed->times);
    }
}

static void add_certificate(cJSON *out, const struct station *station)
{
    char fingerprint[65] = "";
    char *pem = tls_context_pem(station_context(station));
    tls_context_fingerprint(station_context(station), fingerprint);
    cJSON_AddStringToObject(out, "certificate_sha256", fingerprint);
    cJSON_AddStringToObject(out, "certificate", pem);
    free(pem);
}

cJSON *view_detail(struct station *station)
{
    struct machine *machine = station_machine(station);
    cJSON *out = view_summary(station);
    add_status(out, machine);
    add_history(out, machine->history);
    add_files(out, machine->storage);
    add_trays(out, machine);
    add_faults(out, &machine->faults);
    add_certificate(out, station);
    return out;
}
