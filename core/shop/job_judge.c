#include "shop/job_judge.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/color.h"
#include "shop/driver.h"
#include "shop/fleet.h"
#include "shop/material.h"
#include "shop/printer.h"
#include "shop/substitution.h"

/* -- what belongs together -- */

SPD_PRINTF(3, 4)
static spd_err refuse_field(struct call *call, const char *field,
                            const char *fmt, ...)
{
    char sentence[200];
    va_list args;
    va_start(args, fmt);
    vsnprintf(sentence, sizeof(sentence), fmt, args);
    va_end(args);
    faults_add(call_faults(call), field, "%s", sentence);
    return call_refuse(call, REFUSE_CONTENT, "%s", sentence);
}

static bool names_model(const struct list *models, spd_str model)
{
    const spd_str *names = models->items;
    for (size_t i = 0; i < models->count; i++)
        if (str_equal_fold(names[i], model))
            return true;
    return false;
}

/* The one printer it is for cannot be what it asks for. */
static spd_err judge_asked_model(struct call *call, const struct job *job,
                                 const struct printer *printer)
{
    if (job->models.count == 0 || names_model(&job->models, printer->model))
        return SPD_OK;
    return refuse_field(call, "models",
                        "%.*s is of the model %.*s, which the job does not ask "
                        "for",
                        STR_ARG(printer->name), STR_ARG(printer->model));
}

/* May a file that was sliced for `wanted` go to such a printer? */
static bool will_do(spd_txn *txn, spd_str wanted, spd_str model,
                    struct arena *arena)
{
    struct list accepted = { NULL, 0 };
    if (str_equal_fold(wanted, model))
        return true;
    substitutions_add(txn, OF_MODEL, model, &accepted, arena);
    return substitutions_allow(&accepted, OF_MODEL, wanted, model);
}

static spd_err judge_model(struct call *call, spd_txn *txn,
                           const struct job *job,
                           const struct sliced_plate *plate)
{
    struct printer printer;
    if (record_get(txn, &printer_kind, job->printer_id, &printer, &call->arena,
                   NULL) != SPD_OK)
        return refuse_field(call, "printer_id", "there is no printer %lld",
                            (long long)job->printer_id);
    if (plate == NULL ||
        will_do(txn, plate->printer_model, printer.model, &call->arena))
        return judge_asked_model(call, job, &printer);
    return refuse_field(call, "printer_id",
                        "%.*s is of the model %.*s, and the file was sliced "
                        "for the model %.*s; slice it for %.*s or choose "
                        "another printer",
                        STR_ARG(printer.name), STR_ARG(printer.model),
                        STR_ARG(plate->printer_model), STR_ARG(printer.model));
}

static spd_err judge_models(struct call *call, const struct job *job)
{
    const struct shop *shop = call->self;
    const spd_str *models = job->models.items;
    for (size_t i = 0; i < job->models.count; i++)
        if (drivers_own_model(shop->drivers, models[i]).ptr == NULL)
            return refuse_field(call, "models",
                                "\"%.*s\" is not a model that any loaded "
                                "driver knows",
                                STR_ARG(str_clip(models[i], 40)));
    return SPD_OK;
}

static spd_err judge_nozzle(struct call *call, const struct job *job,
                            const struct sliced_plate *plate)
{
    double asked = job->nozzle_diameter_mm, sliced = plate->nozzle_diameter_mm;
    if (isnan(asked) || isnan(sliced) || fabs(asked - sliced) < 0.005)
        return SPD_OK;
    return refuse_field(call, "nozzle_diameter_mm",
                        "the file was sliced for a nozzle of %g mm; slice it "
                        "for %g mm, or leave this out",
                        sliced, asked);
}

static bool has_filament(const struct sliced_plate *plate, int64_t id)
{
    const struct sliced_filament *filament = plate->filaments.items;
    for (size_t i = 0; i < plate->filaments.count; i++)
        if (filament[i].id == id)
            return true;
    return false;
}

static spd_err judge_needs(struct call *call, const struct job *job,
                           const struct sliced_plate *plate)
{
    const struct need *need = job->needs.items;
    struct color color;
    for (size_t i = 0; i < job->needs.count; i++) {
        if (!has_filament(plate, need[i].filament))
            return refuse_field(
                call, "needs", "plate %lld has no filament %lld",
                (long long)plate->index, (long long)need[i].filament);
        if (need[i].color.len > 0 && !color_parse(need[i].color, &color))
            return refuse_field(call, "needs", "%.*s is no colour like #FF0000",
                                STR_ARG(need[i].color));
    }
    return SPD_OK;
}

void job_follow_file(struct job *job, const struct file *file,
                     const struct sliced_plate *plate)
{
    job->plate = plate->index;
    job->file_name = file->name;
    if (job->job_name.len == 0)
        job->job_name = file->name;
    if (job->estimated_duration_minutes == INT_NONE)
        job->estimated_duration_minutes = (plate->estimated_seconds + 59) / 60;
    const struct sliced_filament *first = plate->filaments.items;
    if (job->material_type.len == 0 && plate->filaments.count > 0)
        job->material_type = first->type;
}

static spd_err judge_file(struct call *call, spd_txn *txn, struct job *job,
                          const struct sliced_plate **plate)
{
    struct file file;
    if (record_get(txn, &file_kind, job->file_id, &file, &call->arena, NULL) !=
        SPD_OK)
        return refuse_field(call, "file_id", "there is no file %lld",
                            (long long)job->file_id);
    *plate = file_plate(&file, job->plate);
    if (*plate == NULL)
        return refuse_field(call, "plate", "%.*s has no plate %lld",
                            STR_ARG(str_clip(file.name, 60)),
                            (long long)job->plate);
    job_follow_file(job, &file, *plate);
    spd_err rc = judge_nozzle(call, job, *plate);
    return rc == SPD_OK ? judge_needs(call, job, *plate) : rc;
}

static bool reports_slot(const struct list *slots, int64_t slot)
{
    const struct slot *all = slots->items;
    for (size_t i = 0; i < slots->count; i++)
        if (all[i].slot == slot)
            return true;
    return false;
}

static spd_err refuse_slot(struct call *call, const char *field,
                           const struct list *slots, int64_t printer_id,
                           int64_t slot)
{
    enum { SHOWN = 24 };
    const struct slot *all = slots->items;
    struct buf names = { 0 };
    for (size_t i = 0; i < slots->count && i < SHOWN; i++)
        buf_printf(&names, "%s%lld", i == 0 ? "" : ", ",
                   (long long)all[i].slot);
    spd_err rc = refuse_field(
        call, field, "printer %lld has no slot %lld; there are: %.*s",
        (long long)printer_id, (long long)slot, STR_ARG(buf_str(&names)));
    buf_fini(&names);
    return rc;
}

/* A printer that never said which slots it has may have any; and one that a
 * person spoke of is there, whatever the printer says. */
static spd_err judge_slot(struct call *call, spd_txn *txn, const char *field,
                          const struct job *job, int64_t slot)
{
    const struct shop *shop = call->self;
    const struct live *live = fleet_find(shop->fleet, job->printer_id);
    struct material material;
    if (slot == INT_NONE || live == NULL || live->box.state.slots.count == 0 ||
        reports_slot(&live->box.state.slots, slot) ||
        material_at(txn, job->printer_id, slot, &material, &call->arena))
        return SPD_OK;
    return refuse_slot(call, field, &live->box.state.slots, job->printer_id,
                       slot);
}

static spd_err judge_slots(struct call *call, spd_txn *txn,
                           const struct job *job)
{
    const struct need *need = job->needs.items;
    spd_err rc =
        judge_slot(call, txn, "material_slot", job, job->material_slot);
    for (size_t i = 0; i < job->needs.count && rc == SPD_OK; i++)
        rc = judge_slot(call, txn, "needs", job, need[i].slot);
    return rc;
}

spd_err job_judge(struct call *call, spd_txn *txn, struct job *job)
{
    const struct sliced_plate *plate = NULL;
    spd_err rc = SPD_OK;
    if (job->file_id != 0)
        rc = judge_file(call, txn, job, &plate);
    else if (job->job_name.len == 0)
        rc = refuse_field(call, "job_name",
                          "a job without file_id needs a job_name");
    if (rc == SPD_OK)
        rc = judge_models(call, job);
    if (rc == SPD_OK && job->printer_id != 0)
        rc = judge_model(call, txn, job, plate);
    if (rc == SPD_OK && job->printer_id != 0)
        rc = judge_slots(call, txn, job);
    return rc;
}

/* -- moves by hand -- */

spd_err job_need_waiting(struct call *call, const struct job *job,
                         const char *what)
{
    if (job_is_waiting(job))
        return SPD_OK;
    return call_refuse(call, REFUSE_CONFLICT,
                       "job %lld is %s (%s); only a job that waits can be %s",
                       (long long)job->id, job_status_names[job->status],
                       job_phase_names[job->phase], what);
}

static const struct move {
    enum job_status from, to;
    enum job_phase phase;
    bool stamps_start, stamps_end, clears;
} moves[] = {
    { JOB_QUEUED, JOB_SCHEDULED, PHASE_WAITING, false, false, false },
    { JOB_QUEUED, JOB_STARTED, PHASE_PRINTING, true, false, false },
    { JOB_QUEUED, JOB_COMPLETED, PHASE_DONE, false, true, false },
    { JOB_QUEUED, JOB_FAILED, PHASE_DONE, false, true, false },
    { JOB_QUEUED, JOB_CANCELLED, PHASE_DONE, false, true, false },
    { JOB_SCHEDULED, JOB_QUEUED, PHASE_WAITING, false, false, false },
    { JOB_SCHEDULED, JOB_STARTED, PHASE_PRINTING, true, false, false },
    { JOB_SCHEDULED, JOB_COMPLETED, PHASE_DONE, false, true, false },
    { JOB_SCHEDULED, JOB_FAILED, PHASE_DONE, false, true, false },
    { JOB_SCHEDULED, JOB_CANCELLED, PHASE_DONE, false, true, false },
    { JOB_STARTED, JOB_COMPLETED, PHASE_DONE, false, true, false },
    { JOB_STARTED, JOB_FAILED, PHASE_DONE, false, true, false },
    { JOB_STARTED, JOB_CANCELLED, PHASE_DONE, false, true, false },
    { JOB_STARTED, JOB_QUEUED, PHASE_WAITING, false, false, true },
    { JOB_FAILED, JOB_QUEUED, PHASE_WAITING, false, false, true },
    { JOB_CANCELLED, JOB_QUEUED, PHASE_WAITING, false, false, true },
};

static spd_err refuse_move(struct call *call, const struct job *job,
                           enum job_status to)
{
    char allowed[120] = "";
    size_t used = 0;
    for (size_t i = 0; i < SPD_COUNT(moves); i++)
        if ((int)moves[i].from == job->status)
            used += (size_t)snprintf(allowed + used, sizeof(allowed) - used,
                                     "%s%s", used == 0 ? "" : ", ",
                                     job_status_names[moves[i].to]);
    return call_refuse(call, REFUSE_CONFLICT,
                       "job %lld is %s and cannot become %s; it can become: "
                       "%s",
                       (long long)job->id, job_status_names[job->status],
                       job_status_names[to],
                       used == 0 ? "nothing else" : allowed);
}

spd_err job_move(struct call *call, struct job *job, enum job_status to)
{
    const struct move *move = NULL;
    for (size_t i = 0; i < SPD_COUNT(moves); i++)
        if ((int)moves[i].from == job->status && moves[i].to == to)
            move = &moves[i];
    if (move == NULL)
        return refuse_move(call, job, to);
    int64_t now_ms = shop_now_ms(call->self);
    job->status = (int)to;
    job->phase = (int)move->phase;
    if (move->stamps_start)
        job->started_at = now_ms;
    if (move->stamps_end)
        job->completed_at = now_ms;
    if (to == JOB_COMPLETED) /* nobody knew before a person said so */
        job->failed_reason = (spd_str){ NULL, 0 };
    if (move->clears) {
        job->started_at = job->completed_at = 0;
        job->failed_reason = (spd_str){ NULL, 0 };
        job->stop_wanted = false;
        job->refusals = job->failures = job->stays_on = 0;
        job->avoids = (struct list){ NULL, 0 };
        job_unmove(job);
    }
    return SPD_OK;
}
