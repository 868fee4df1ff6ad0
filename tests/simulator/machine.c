#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "text.h"

static void on_change(void *user)
{
    struct machine *machine = user;
    if (machine->out.changed != NULL)
        machine->out.changed(machine->out.user);
}

struct machine *machine_new(const struct machine_setup *setup)
{
    struct machine *machine = mem_new(1, sizeof *machine);
    machine->model = setup->model;
    machine->out = setup->out;
    snprintf(machine->serial, sizeof machine->serial, "%s", setup->serial);
    snprintf(machine->wire_serial, sizeof machine->wire_serial, "%s",
             setup->serial);
    snprintf(machine->access_code, sizeof machine->access_code, "%s",
             setup->access_code);
    struct ams_plan plan;
    (void)ams_plan_parse(&plan,
                         setup->ams != NULL ? setup->ams : setup->model->ams);
    machine->history = history_new();
    machine->storage = storage_new(setup->storage_folder);
    machine->printer = printer_new(&(struct printer_setup){
        .model = setup->model,
        .seed = setup->seed,
        .ams = plan,
        .size = setup->size,
        .faults = &machine->faults,
        .history = machine->history,
        .on_change = on_change,
        .user = machine,
    });
    return machine;
}

void machine_free(struct machine *machine)
{
    if (machine == NULL)
        return;
    printer_free(machine->printer);
    storage_free(machine->storage);
    history_free(machine->history);
    free(machine->last_report);
    free(machine);
}

static void publish(struct machine *machine, struct text *text)
{
    machine->out.publish(machine->out.user, text->at, text->len);
    free(text->at);
    *text = (struct text){ 0 };
}

/* What is said in place of, or beside, the report that is due. */
static void misreport(struct machine *machine)
{
    struct text text = { 0 };
    const struct armed_fault *huge =
        fault_take(&machine->faults, FAULT_HUGE_REPORT);
    if (huge != NULL) {
        report_huge(&text, machine, (size_t)huge->value);
        publish(machine, &text);
    }
    if (fault_take(&machine->faults, FAULT_ODD_REPORT) != NULL) {
        report_odd(&text, machine);
        publish(machine, &text);
    }
    const struct armed_fault *flood = fault_take(&machine->faults, FAULT_FLOOD);
    for (long i = 0; flood != NULL && i < flood->value; i++) {
        report_write(&text, machine, false);
        publish(machine, &text);
    }
}

/* The report before this one, once more: late, and in the wrong order. */
static void repeat_or_keep(struct machine *machine, const struct text *text)
{
    if (machine->last_report != NULL &&
        fault_take(&machine->faults, FAULT_OLD_REPORT) != NULL)
        machine->out.publish(machine->out.user, machine->last_report,
                             strlen(machine->last_report));
    free(machine->last_report);
    machine->last_report = mem_text(text->at);
}

void machine_report(struct machine *machine, bool full)
{
    if (fault_take(&machine->faults, FAULT_SILENT) != NULL)
        return;
    struct text text = { 0 };
    misreport(machine);
    if (fault_take(&machine->faults, FAULT_GARBAGE_REPORT) != NULL)
        report_garbage(&text, machine);
    else
        report_write(&text, machine, full);
    machine->out.publish(machine->out.user, text.at, text.len);
    repeat_or_keep(machine, &text);
    free(text.at);
}

void machine_make_serial(const struct model *model, uint32_t seed,
                         unsigned index, char out[static SERIAL_MAX])
{
    uint32_t mixed = (seed * 2654435761U + index) * 2246822519U;
    snprintf(out, SERIAL_MAX, "%s%c%07X%04u", model->serial_prefix,
             'A' + (int)(seed % 26), (unsigned)(mixed >> 4), index % 10000);
}
