/* Plates that clear themselves: a finished print comes off when the bed has
 * cooled, or the print's own last lines throw it off.  The journal tells that
 * the printer did it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"
#include "engine/engine_internal.h"

struct ejection {
    struct engine *engine;
    int64_t printer_id, attempt_id;
};

/* A person, or another print, may have been there first. */
static spd_err write_ejection(spd_txn *txn, const struct ejection *ejection,
                              struct arena *arena, struct spd_error *err)
{
    char who[32];
    struct printer printer;
    if (record_get(txn, &printer_kind, ejection->printer_id, &printer, arena,
                   NULL) != SPD_OK ||
        printer.plate_clear || printer.ejects == EJECTS_NEVER ||
        printer.ejects_attempt != ejection->attempt_id)
        return SPD_OK;
    printer.plate_clear = true;
    printer.ejects_attempt = 0;
    printer.updated_at = shop_now_ms(ejection->engine->shop);
    snprintf(who, sizeof(who), "printer/%lld", (long long)printer.id);
    struct change change = { "printer.plate_cleared", str_of(who) };
    return record_put(txn, &printer_kind, &printer, &change, err);
}

static spd_err run_ejection(spd_txn *txn, void *arg, struct spd_error *err)
{
    struct arena arena = { 0 };
    spd_err rc = write_ejection(txn, arg, &arena, err);
    arena_fini(&arena);
    return rc;
}

static void ejection_done(void *arg, const struct spd_error *err)
{
    struct ejection *ejection = arg;
    struct bay *bay = bay_find(&ejection->engine->bays, ejection->printer_id);
    if (bay != NULL)
        bay->is_ejecting = false; /* after a failure the next report retries */
    if (err != NULL)
        log_error("engine",
                  "that the plate of printer %lld is clear was not "
                  "written: %s",
                  (long long)ejection->printer_id, err->text);
    free(ejection);
}

/* Its word must be of this connection: a temperature from before a power cut
 * tells nothing. */
static bool has_cooled(const struct bay *bay, const struct live *live)
{
    if (isnan(bay->eject_below_c))
        return true;
    return live != NULL && live->full_count > 0 &&
           !state_is_busy(&live->box.state) &&
           live->box.state.bed_celsius <= bay->eject_below_c;
}

static void look(struct engine *engine, struct bay *bay)
{
    if (bay->ejects_attempt == 0 || bay->is_ejecting ||
        !has_cooled(bay, fleet_find(engine->shop->fleet, bay->printer_id)))
        return;
    struct ejection *ejection = mem_new(sizeof(*ejection));
    *ejection =
        (struct ejection){ engine, bay->printer_id, bay->ejects_attempt };
    bay->is_ejecting = true;
    store_write(engine->shop->store,
                &(struct store_write){ run_ejection, ejection_done, ejection });
}

void eject_look(struct engine *engine, int64_t printer_id)
{
    struct bay *bay = bay_find(&engine->bays, printer_id);
    if (bay != NULL)
        look(engine, bay);
}

void eject_look_at_all(struct engine *engine)
{
    for (size_t i = 0; i < engine->bays.count; i++)
        look(engine, engine->bays.items[i]);
}
