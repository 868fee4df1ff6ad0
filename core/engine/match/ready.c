/* Could this printer begin at once, whatever the job? */
#include "engine/match/ready.h"

enum verdict ready(struct engine *engine, const struct printer *printer,
                   const struct live *live)
{
    if (!printer->enabled)
        return SWITCHED_OFF;
    if (live == NULL || live->box.state.connection != CONNECTION_CONNECTED ||
        live->full_count == 0)
        return NOT_CONNECTED;
    if (printer_is_taken(engine, printer->id) ||
        state_is_busy(&live->box.state))
        return BUSY;
    if (!state_is_free(&live->box.state))
        return HAS_ERROR;
    if (!printer->plate_clear)
        return PLATE_NOT_CLEAR;
    if (engine_pauses(engine, printer->id))
        return RESTS;
    return gates_judge(engine, printer);
}

static void say_connection(const struct live *live, struct buf *out)
{
    spd_str detail = live == NULL ? STR("") : live->box.state.detail;
    if (detail.len > 0)
        buf_printf(out, "it is not connected: %.*s", STR_ARG(detail));
    else
        buf_printf(out, "it is not connected; see that it is on");
}

static void say_busy(const struct engine *engine, int64_t printer_id,
                     struct buf *out)
{
    struct run *run = run_of_printer(engine, printer_id);
    if (run != NULL)
        buf_printf(out, "it is at job %lld", (long long)run->job_id);
    else
        buf_printf(out, "it is at a print that is not of this shop's queue");
    if (run == NULL || run->held_by == CAN_TAKE)
        return;
    buf_printf(out, ", which is uploaded and waits for its start: ");
    gates_judge_start(run, out);
}

void ready_say(const struct engine *engine, enum verdict verdict,
               const struct printer *printer, const struct live *live,
               struct buf *out)
{
    static const char *const sentences[] = {
        [SWITCHED_OFF] = "it is switched off here; enable it",
        [HAS_ERROR] = "it reports an error; look at it",
        [PLATE_NOT_CLEAR] = "its plate is not clear; take off what lies there "
                            "and say so",
        [RESTS] = "an attempt there failed just now; it is tried again in a "
                  "while",
    };
    if (verdict == NOT_CONNECTED)
        say_connection(live, out);
    else if (verdict == BUSY)
        say_busy(engine, printer->id, out);
    else if (verdict > RESTS)
        gates_say(engine, verdict, printer, out);
    else
        buf_put(out, str_of(sentences[verdict]));
}
