/* Why does it wait?  The questions of dispatch, answered for people: for a job
 * printer by printer, for a printer job by job.  Only looks. */
#include "engine/match/ready.h"
#include "engine/queue/supply.h"

enum { JOBS_SHOWN = 20 };

/* -- one reason after the other: each by its code, and all in one text -- */

struct teller {
    spd_jsonw *w;
    struct buf why;
    size_t count;
};

static void tell(void *arg, enum verdict verdict, const char *sentence)
{
    struct teller *teller = arg;
    spd_jsonw *w = teller->w;
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(w, "code", str_of(verdict_name(verdict)));
    jsonw_put_str(w, "text", str_of(sentence));
    jsonw_end(w);
    buf_printf(&teller->why, "%s%s", teller->count++ == 0 ? "" : "; ",
               sentence);
}

static void tell_end(struct teller *teller)
{
    jsonw_end(teller->w);
    jsonw_put_str(teller->w, "why", buf_str(&teller->why));
    buf_fini(&teller->why);
}

static struct teller tell_begin(spd_jsonw *w)
{
    jsonw_begin(w, "reasons", SPD_JSON_ARRAY);
    return (struct teller){ .w = w };
}

static void tell_ready(struct teller *teller, struct engine *engine,
                       const struct printer *printer)
{
    const struct live *live = fleet_find(engine->shop->fleet, printer->id);
    enum verdict verdict = ready(engine, printer, live);
    struct buf sentence = { 0 };
    if (verdict != CAN_TAKE && verdict <= RESTS) {
        ready_say(engine, verdict, printer, live, &sentence);
        buf_put_char(&sentence, '\0');
        tell(teller, verdict, sentence.ptr);
        buf_fini(&sentence);
    }
    if (verdict != BUSY) /* when it is not any more, they stand otherwise */
        gates_explain(engine, printer, tell, teller);
}

/* Told also where it keeps nothing back. */
static void tell_maintenance(spd_jsonw *w, const struct engine *engine,
                             const struct printer *printer)
{
    int64_t now_ms = shop_now_ms(engine->shop);
    struct buf sentence = { 0 };
    if (!printer_is_due(printer, now_ms)) {
        jsonw_put_null(w, "maintenance");
        return;
    }
    printer_say_due(printer, now_ms, &sentence);
    jsonw_put_str(w, "maintenance", buf_str(&sentence));
    buf_fini(&sentence);
}

/* What jobs before it hold is not there for it. */
static void hold_for(const struct engine *engine, struct seat *seat,
                     const struct job *job)
{
    struct queue_place where = job_queue_place(job);
    reserve_before(seat, waiting_queue(engine->waiting, seat->printer.id),
                   &where);
}

/* -- of a job -- */

struct job_view {
    struct engine *engine;
    spd_txn *txn;
    spd_jsonw *w;
    struct job job;
    const struct sliced_plate *plate;
};

static void write_printer(const struct job_view *view, struct seat *seat)
{
    spd_jsonw *w = view->w;
    hold_for(view->engine, seat, &view->job);
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    jsonw_put_int(w, "printer_id", seat->printer.id);
    jsonw_put_str(w, "printer_name", seat->printer.name);
    struct teller teller = tell_begin(w);
    match_explain(seat, &view->job, view->plate,
                  shop_now_ms(view->engine->shop), tell, &teller);
    size_t misfits = teller.count;
    const char *objection =
        engine_objects(view->engine, view->txn, view->job.id, seat->printer.id);
    if (misfits == 0 && objection != NULL)
        tell(&teller, HELD_BY_RULE, objection);
    tell_ready(&teller, view->engine, &seat->printer);
    tell_end(&teller);
    tell_maintenance(w, view->engine, &seat->printer);
    jsonw_put_bool(w, "fits", misfits == 0);
    jsonw_put_bool(w, "can", teller.count == 0);
    jsonw_end(w);
}

static bool see_printer(void *arg, const void *record)
{
    const struct job_view *view = arg;
    struct arena arena = { 0 };
    struct seat seat;
    if (seat_load(&seat, view->txn, ((const struct printer *)record)->id,
                  &arena)) {
        seat.unstaffed_until_ms =
            gates_unstaffed_until_ms(view->engine, &seat.printer);
        write_printer(view, &seat);
    }
    arena_fini(&arena);
    return true;
}

/* Null: some printer could print it, one day. */
static void write_unprintable(const struct job_view *view)
{
    struct buf why = { 0 };
    engine_judge_printable(view->engine, view->txn, &view->job, &why);
    if (why.len > 0)
        jsonw_put_str(view->w, "unprintable", buf_str(&why));
    else
        jsonw_put_null(view->w, "unprintable");
    buf_fini(&why);
}

static spd_err why_job(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct job_view view = { .engine = call->self,
                             .txn = txn,
                             .w = call_reply(call) };
    spd_err got = call_get(call, txn, &job_kind, which->id, &view.job);
    if (got != SPD_OK)
        return got;
    view.plate = job_plate(txn, &view.job, &call->arena);
    jsonw_begin(view.w, NULL, SPD_JSON_OBJECT);
    jsonw_put_int(view.w, "job_id", view.job.id);
    jsonw_put_str(view.w, "status", str_of(job_status_names[view.job.status]));
    jsonw_put_str(view.w, "phase", str_of(job_phase_names[view.job.phase]));
    write_unprintable(&view);
    jsonw_begin(view.w, "printers", SPD_JSON_ARRAY);
    record_each(txn, &printer_kind, &(struct span){ 0 }, see_printer, &view);
    jsonw_end(view.w);
    jsonw_end(view.w);
    return SPD_OK;
}

/* -- of a printer -- */

struct printer_view {
    struct engine *engine;
    spd_txn *txn;
    spd_jsonw *w;
    struct seat seat;
};

static bool see_job(void *arg, const void *record)
{
    struct printer_view *view = arg;
    const struct job *job = record;
    struct arena arena = { 0 };
    const struct sliced_plate *plate = job_plate(view->txn, job, &arena);
    jsonw_begin(view->w, NULL, SPD_JSON_OBJECT);
    jsonw_put_int(view->w, "job_id", job->id);
    jsonw_put_str(view->w, "job_name", job->job_name);
    hold_for(view->engine, &view->seat, job);
    struct teller teller = tell_begin(view->w);
    match_explain(&view->seat, job, plate, shop_now_ms(view->engine->shop),
                  tell, &teller);
    tell_end(&teller);
    jsonw_put_bool(view->w, "fits", teller.count == 0);
    jsonw_end(view->w);
    arena_fini(&arena);
    return true;
}

static void see_queue(struct printer_view *view, int64_t printer_id)
{
    struct key prefix;
    struct span span = job_queue_span(printer_id, &prefix);
    span.limit = JOBS_SHOWN;
    record_each(view->txn, &job_kind, &span, see_job, view);
}

/* Of those that wait now; another printer may be given it first. */
static void write_next(struct printer_view *view)
{
    struct engine *engine = view->engine;
    struct place *place = places_of(&engine->places, view->seat.printer.id);
    place->looks_behind = false;
    const struct waiter *next = place_read(place, view->txn)
                                    ? place_first(place, engine->waiting)
                                    : NULL;
    if (next != NULL)
        jsonw_put_int(view->w, "next_job_id", next->id);
    else
        jsonw_put_null(view->w, "next_job_id");
}

static spd_err why_printer(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct printer_view view = { .engine = call->self,
                                 .txn = txn,
                                 .w = call_reply(call) };
    if (!seat_load(&view.seat, txn, which->id, &call->arena))
        return call_refuse(call, REFUSE_NOT_FOUND, "there is no printer %lld",
                           (long long)which->id);
    view.seat.unstaffed_until_ms =
        gates_unstaffed_until_ms(view.engine, &view.seat.printer);
    jsonw_begin(view.w, NULL, SPD_JSON_OBJECT);
    jsonw_put_int(view.w, "printer_id", which->id);
    struct teller teller = tell_begin(view.w);
    tell_ready(&teller, view.engine, &view.seat.printer);
    tell_end(&teller);
    tell_maintenance(view.w, view.engine, &view.seat.printer);
    jsonw_put_bool(view.w, "ready", teller.count == 0);
    write_next(&view);
    jsonw_begin(view.w, "jobs", SPD_JSON_ARRAY);
    see_queue(&view, which->id);
    see_queue(&view, 0);
    jsonw_end(view.w);
    jsonw_end(view.w);
    return SPD_OK;
}

static const struct op why_ops[] = {
    { .name = "jobs.why",
      .route = "GET /api/jobs/{id}/why",
      .doc = "Printer by printer: can it take the job now, and if not, each "
             "reason why",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .params = &id_param_fields,
      .run = why_job },
    { .name = "printers.why",
      .route = "GET /api/printers/{id}/why",
      .doc = "What a printer waits for, which job it would take next, and why "
             "each of the first jobs in its "
             "queues may not go there",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .params = &id_param_fields,
      .run = why_printer },
};

spd_err engine_add_ops(struct engine *engine, struct spd_error *err)
{
    spd_err rc =
        ops_add(engine->shop->ops, why_ops, SPD_COUNT(why_ops), engine, err);
    if (rc == SPD_OK)
        rc = plan_add_ops(engine, err);
    if (rc == SPD_OK)
        rc = filament_add_ops(engine, err);
    if (rc == SPD_OK)
        rc = engine_add_adopt_ops(engine, err);
    return rc == SPD_OK ? engine_add_queue_ops(engine, err) : rc;
}
