/* May it be started after all?  Minutes of uploading have passed since printer
 * and job were matched: people change spools, nozzles and their minds. */
#include "base/error.h"
#include "engine/engine_internal.h"

static spd_err judge_fit(spd_txn *txn, const struct seat *seat,
                         const struct attempt *attempt, struct arena *arena,
                         struct spd_error *err)
{
    struct job job;
    spd_err rc = record_get(txn, &job_kind, attempt->job_id, &job, arena, err);
    if (rc != SPD_OK)
        return rc;
    if (!match_holds(seat, &job, job_plate(txn, &job, arena), &attempt->feeds))
        return error_set(err, SPD_EBUSY,
                         "what is in %.*s was changed, and does not fit the "
                         "job any more",
                         STR_ARG(seat->printer.name));
    return SPD_OK;
}

spd_err start_judge(spd_txn *txn, const struct attempt *attempt,
                    struct arena *arena, struct spd_error *err)
{
    struct seat seat;
    if (!seat_load(&seat, txn, attempt->printer_id, arena))
        return error_set(err, SPD_EBUSY, "the printer is not there any more");
    if (!seat.printer.plate_clear || !seat.printer.enabled)
        return error_set(err, SPD_EBUSY, "the plate of %.*s is not clear",
                         STR_ARG(seat.printer.name));
    if (seat.printer.machine != attempt->machine)
        return error_set(err, SPD_EBUSY, "%.*s was set up anew meanwhile",
                         STR_ARG(seat.printer.name));
    return judge_fit(txn, &seat, attempt, arena, err);
}

bool start_still_fits(const struct run *run)
{
    struct arena arena = { 0 };
    struct attempt attempt;
    struct seat seat;
    spd_txn *txn = store_read(run->engine->shop->store);
    bool fits = record_get(txn, &attempt_kind, run->attempt_id, &attempt,
                           &arena, NULL) == SPD_OK &&
                seat_load(&seat, txn, run->printer_id, &arena) &&
                judge_fit(txn, &seat, &attempt, &arena, NULL) == SPD_OK;
    store_read_end(txn);
    arena_fini(&arena);
    return fits;
}
