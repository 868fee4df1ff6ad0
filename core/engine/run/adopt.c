/* Adopting: a print that was begun elsewhere becomes a job's.  From then on it
 * is followed like one of our own, to its end, and credited once. */
#include "engine/engine_internal.h"
#include "engine/match/match.h"
#include "shop/foreign.h"

struct adoption {
    int64_t printer_id;
};
static const struct field adoption_rows[] = {
    FIELD(adoption, printer_id, FIELD_ID, "the print is on this printer",
          .flags = FIELD_REQUIRED),
};
static const struct fields adoption_fields =
    TABLE("adoption", adoption, adoption_rows);

/* -- judging -- */

/* It waits, or a person said that it was started by hand. */
static spd_err judge_job(struct call *call, spd_txn *txn, const struct job *job)
{
    struct attempt attempt;
    bool by_hand = job->status == JOB_STARTED &&
                   !attempt_of_job(txn, job->id, &attempt, &call->arena);
    if (job_is_waiting(job) || by_hand)
        return SPD_OK;
    return call_refuse(call, REFUSE_CONFLICT,
                       "job %lld is %s (%s); only a job that waits or was "
                       "started by hand can adopt a print",
                       (long long)job->id, job_status_names[job->status],
                       job_phase_names[job->phase]);
}

static spd_err judge_printer(struct call *call, spd_txn *txn,
                             const struct job *job, int64_t printer_id,
                             const struct live *live)
{
    struct attempt own;
    int64_t only = job->printer_id;
    if (only != 0 && only != printer_id)
        return call_refuse(call, REFUSE_CONFLICT,
                           "job %lld is for printer %lld; change that first",
                           (long long)job->id, (long long)only);
    if (live == NULL || live->full_count == 0)
        return call_refuse(call, REFUSE_CONFLICT,
                           "printer %lld is not connected; what it prints is "
                           "not known",
                           (long long)printer_id);
    if (attempt_of_printer(txn, printer_id, &own, &call->arena))
        return call_refuse(call, REFUSE_CONFLICT, "printer %lld is at job %lld",
                           (long long)printer_id, (long long)own.job_id);
    return SPD_OK;
}

struct latest {
    const struct printer_state *state;
    int64_t id;
};

static bool see_latest(void *arg, const void *record)
{
    struct latest *latest = arg;
    const struct attempt *attempt = record;
    if (foreign_is_same(attempt, latest->state))
        latest->id = attempt->id;
    return false;
}

/* What the printer is at, or was last at, as it was followed so far; false: it
 * was over before this shop knew the printer. */
static bool latest_print(struct call *call, spd_txn *txn, int64_t printer_id,
                         const struct printer_state *state,
                         struct attempt *attempt)
{
    struct key prefix;
    struct latest latest = { state, 0 };
    struct span span = attempt_history_span(printer_id, &prefix);
    record_each(txn, &attempt_kind, &span, see_latest, &latest);
    return latest.id != 0 && record_get(txn, &attempt_kind, latest.id, attempt,
                                        &call->arena, NULL) == SPD_OK;
}

static spd_err judge_print(struct call *call, spd_txn *txn, int64_t printer_id,
                           const struct printer_state *state)
{
    struct attempt print;
    bool is_over =
        state->state == STATE_FINISHED || state->state == STATE_FAILED;
    if (!state_is_busy(state) && !is_over)
        return call_refuse(call, REFUSE_CONFLICT, "printer %lld is at no print",
                           (long long)printer_id);
    if (state->submission.len == 0 && state->job_name.len == 0)
        return call_refuse(call, REFUSE_CONFLICT,
                           "the print on printer %lld has neither number nor "
                           "name by which it could be followed; set the job's "
                           "status by hand",
                           (long long)printer_id);
    if (attempt_has_submission(txn, state->submission) ||
        (is_over && latest_print(call, txn, printer_id, state, &print) &&
         print.job_id != 0))
        return call_refuse(call, REFUSE_CONFLICT,
                           "the print on printer %lld is a job's already",
                           (long long)printer_id);
    return SPD_OK;
}

/* -- what it is fed from -- */

static bool is_loaded(const struct seat *seat, int64_t slot)
{
    for (size_t i = 0; i < seat->material_count; i++)
        if (seat->materials[i].slot == slot)
            return true;
    return false;
}

/* A single filament comes from the slot in use; of several the slots are those
 * we would have chosen. No feeds: nobody knows, and nothing is charged. */
static struct list feeds_of(struct call *call, spd_txn *txn,
                            const struct job *job, const struct seat *seat,
                            const struct printer_state *state)
{
    struct list feeds = { 0 };
    const struct sliced_plate *plate = job_plate(txn, job, &call->arena);
    if (plate == NULL)
        return feeds;
    const struct sliced_filament *first = plate->filaments.items;
    if (plate->filaments.count == 1 && is_loaded(seat, state->active_slot)) {
        struct feed *feed = arena_new(&call->arena, sizeof(*feed));
        *feed = (struct feed){ first->id, state->active_slot, first->grams };
        return (struct list){ feed, 1 };
    }
    struct job free_job = *job; /* whatever else it asks for: it prints */
    free_job.status = JOB_QUEUED;
    free_job.phase = PHASE_WAITING;
    free_job.printer_id = free_job.stays_on = free_job.scheduled_start = 0;
    free_job.held = false;
    free_job.tags = free_job.avoids = (struct list){ NULL, 0 };
    if (match(seat, &free_job, plate, shop_now_ms(call->self), &feeds,
              &call->arena) != CAN_TAKE)
        feeds = (struct list){ NULL, 0 };
    return feeds;
}

/* -- adopting -- */

static spd_err put_attempt(struct call *call, spd_txn *txn,
                           struct attempt *attempt, const struct job *job,
                           const struct printer *printer,
                           const struct list *feeds)
{
    struct spd_error err;
    struct change change = call_change(call, "attempt.adopted");
    attempt->job_id = job->id;
    attempt->job_name = job->job_name;
    attempt->asked_by = str_of(call->actor->who);
    attempt->step = STEP_PRINTING;
    attempt->outcome = OUTCOME_NONE;
    attempt->reason = attempt->ended_by = (spd_str){ NULL, 0 };
    attempt->ended_at = 0;
    attempt->feeds = *feeds;
    attempt->machine = printer->machine;
    if (attempt->printing_at == 0)
        attempt->printing_at = attempt->created_at;
    if (record_put(txn, &attempt_kind, attempt, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    return SPD_OK;
}

static spd_err put_job(struct call *call, spd_txn *txn, struct job *job,
                       const struct attempt *attempt,
                       const struct printer_state *state)
{
    struct shop *shop = call->self;
    struct spd_error err;
    struct change change = call_change(call, "job.adopted");
    job->status = JOB_STARTED;
    job->phase = state->state == STATE_PAUSED ? PHASE_PAUSED : PHASE_PRINTING;
    job->refusals = 0;
    job->failed_reason = (spd_str){ NULL, 0 };
    if (job->started_at == 0)
        job->started_at = attempt->printing_at;
    if (job_put(txn, shop, job, &change, &err) != SPD_OK)
        return call_fail(call, &err);
    return call_reply_record(call, txn, &job_kind, job->id);
}

static spd_err adopt(struct call *call, spd_txn *txn)
{
    struct shop *shop = call->self;
    const struct id_param *which = call->params;
    struct adoption adoption = { 0 };
    struct attempt attempt;
    struct seat seat;
    struct job job;
    call_patch(call, &adoption);
    if (adoption.printer_id == 0) {
        faults_add(call_faults(call), "printer_id", "is required");
        return call_refuse_faults(call);
    }
    spd_err rc = call_get(call, txn, &job_kind, which->id, &job);
    if (rc == SPD_OK &&
        !seat_load(&seat, txn, adoption.printer_id, &call->arena))
        rc = call_refuse(call, REFUSE_CONTENT, "there is no printer %lld",
                         (long long)adoption.printer_id);
    const struct live *live = fleet_find(shop->fleet, adoption.printer_id);
    if (rc == SPD_OK)
        rc = judge_job(call, txn, &job);
    if (rc == SPD_OK)
        rc = judge_printer(call, txn, &job, adoption.printer_id, live);
    if (rc == SPD_OK)
        rc = judge_print(call, txn, adoption.printer_id, &live->box.state);
    if (rc != SPD_OK)
        return rc;
    const struct printer_state *state = &live->box.state;
    struct list feeds = feeds_of(call, txn, &job, &seat, state);
    if (!latest_print(call, txn, seat.printer.id, state, &attempt) ||
        attempt.job_id != 0)
        attempt = foreign_new(shop, &seat.printer, state);
    rc = put_attempt(call, txn, &attempt, &job, &seat.printer, &feeds);
    return rc == SPD_OK ? put_job(call, txn, &job, &attempt, state) : rc;
}

static const struct op adopt_ops[] = {
    { .name = "jobs.adopt",
      .route = "POST /api/bambu/scheduled-prints/{id}/adopt",
      .doc = "Say that the print which somebody began at a printer is this "
             "job's: it is followed to its end and credited to it",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .body = &adoption_fields,
      .reply = &job_fields,
      .run = adopt },
};

spd_err engine_add_adopt_ops(struct engine *engine, struct spd_error *err)
{
    return ops_add(engine->shop->ops, adopt_ops, SPD_COUNT(adopt_ops),
                   engine->shop, err);
}
