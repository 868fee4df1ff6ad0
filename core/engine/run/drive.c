/* Driving an attempt: what to do at each step, judged from what the printer
 * says.  Nothing here is done that was not committed before. */
#include <math.h>
#include <stdio.h>

#include "base/crash.h"
#include "base/error.h"
#include "base/log.h"
#include "engine/engine_internal.h"

enum {
    UPLOAD_TRIES = 3,
    UPLOAD_RETRY_MS = 5000,    /* doubles */
    OFFLINE_MS = 60 * 1000,    /* before a start: then let others have it */
    STOP_RETRY_MS = 10 * 1000, /* a stop that was not heard is said again */
    EVIDENCE_REPORTS = 3,
    /* No printer begins a print and loses it again in so short a time. */
    OUT_OF_SIGHT_MS = 30 * 1000,
};

static int64_t now_of(const struct run *run)
{
    return loop_now_ms(run->engine->shop->loop);
}

static bool is_up(const struct live *live)
{
    return live != NULL && live->box.state.connection == CONNECTION_CONNECTED &&
           live->full_count > 0;
}

static bool is_ours(const struct run *run, const struct live *live)
{
    const struct printer_state *state = &live->box.state;
    spd_str name = state->job_name;
    if (name.len > sizeof(run->name) - 1)
        name.len = sizeof(run->name) - 1;
    return str_is(state->submission, run->submission) &&
           (run->submission[0] != '\0' || str_is(name, run->name));
}

/* -- what the shop did with the printer meanwhile -- */

struct standing {
    bool switched_off;
    bool set_up_anew; /* it may be another machine than the attempt's */
};

static struct standing standing_of(const struct run *run)
{
    struct standing standing = { false, false };
    struct arena arena = { 0 };
    struct attempt attempt;
    struct printer printer;
    spd_txn *txn = store_read(run->engine->shop->store);
    if (record_get(txn, &attempt_kind, run->attempt_id, &attempt, &arena,
                   NULL) == SPD_OK &&
        record_get(txn, &printer_kind, run->printer_id, &printer, &arena,
                   NULL) == SPD_OK)
        standing = (struct standing){ !printer.enabled,
                                      printer.machine != attempt.machine };
    store_read_end(txn);
    arena_fini(&arena);
    return standing;
}

/* Nothing more will be heard of what it prints: until it is switched on again,
 * or a person says. */
static void judge_silence(struct run *run)
{
    if (standing_of(run).switched_off)
        step(run, &arrow_unknown,
             "the printer was switched off here before the print was over; "
             "look at it, and set the job's status, or switch it on again",
             0);
}

/* -- full reports -- */

static void on_refreshed(void *arg, spd_str result, const struct spd_error *err)
{
    (void)arg;
    (void)result;
    (void)err; /* what it brings is a report; without one we ask again */
}

/* Ask for a full report, not more often than makes sense. */
static void want_full(struct run *run, int64_t every_ms)
{
    int64_t now_ms = now_of(run);
    if (run->refresh_ms != 0 && now_ms - run->refresh_ms < every_ms)
        return;
    run->refresh_ms = now_ms;
    fleet_command(run->engine->shop->fleet, run->printer_id,
                  STR("{\"command\":\"refresh\"}"), on_refreshed, NULL);
}

/* Look again later, though no report came. */
static void look_again(struct run *run, int64_t after_ms)
{
    timer_set(run->timer, after_ms < 100 ? 100 : after_ms, 0);
}

static void note_name(struct run *run, const struct live *live)
{
    snprintf(run->named, sizeof(run->named), "%.*s",
             STR_ARG(live->box.state.submission));
}

/* -- claimed: upload -- */

static void on_uploaded(void *arg, spd_str result, const struct spd_error *err)
{
    (void)result;
    struct run *run = arg;
    if (run_settled(run))
        return;
    if (err == NULL) {
        step(run, &arrow_uploaded, "", 0);
        return;
    }
    run->uploads++;
    log_warn("engine", "attempt %lld: upload %u failed: %s",
             (long long)run->attempt_id, run->uploads, err->text);
    if (run->uploads < UPLOAD_TRIES && err->code != SPD_ECANCELED) {
        int64_t wait_ms = UPLOAD_RETRY_MS << run->uploads;
        run->retry_ms = now_of(run) + wait_ms;
        look_again(run, wait_ms);
        return;
    }
    engine_pause(run->engine, run->printer_id);
    step(run, &arrow_dropped, err->text, 0);
}

static void drop_if_offline(struct run *run)
{
    if (run->offline_ms == 0)
        run->offline_ms = now_of(run);
    int64_t left_ms = run->offline_ms + OFFLINE_MS - now_of(run);
    if (left_ms > 0)
        look_again(run, left_ms);
    else
        step(run, &arrow_dropped, "the printer went offline before the start",
             0);
}

static void at_claimed(struct run *run, const struct live *live)
{
    if (!is_up(live)) {
        drop_if_offline(run);
        return;
    }
    run->offline_ms = 0;
    if (run->phase != PHASE_UPLOADING) {
        step_phase(run, PHASE_UPLOADING);
        return;
    }
    struct buf order = { 0 };
    if (order_of(run->engine, run, &order)) {
        run->busy = true;
        crash_before("upload.publish");
        fleet_upload(run->engine->shop->fleet, run->printer_id, buf_str(&order),
                     on_uploaded, run);
        crash_after("upload.publish");
    } else {
        step(run, &arrow_dropped, "the job or its file is gone", 0);
    }
    buf_fini(&order);
}

/* -- uploaded: may it start? -- */

/* A gate may have shut during the upload.  A circuit is soon free again; for
 * the morning others need not wait: they have the job then. */
static bool is_kept_back(struct run *run)
{
    struct buf sentence = { 0 };
    enum verdict verdict = gates_judge_start(run, &sentence);
    buf_put_char(&sentence, '\0');
    if (verdict == CIRCUIT_FULL || verdict == STAGGERED)
        run->held_by = (int)verdict;
    else if (verdict != CAN_TAKE)
        step(run, &arrow_dropped, sentence.ptr, 0);
    buf_fini(&sentence);
    return verdict != CAN_TAKE;
}

static void at_uploaded(struct run *run, const struct live *live)
{
    int64_t fresh_ms = run->engine->options.fresh_ms;
    run->held_by = CAN_TAKE;
    if (!is_up(live)) {
        drop_if_offline(run);
        return;
    }
    run->offline_ms = 0;
    const struct printer_state *state = &live->box.state;
    if (state_is_busy(state)) {
        step(run, &arrow_dropped, "the printer began another print", 0);
        return;
    }
    if (state->error.ptr != NULL) {
        engine_pause(run->engine, run->printer_id);
        step(run, &arrow_dropped, "the printer reports an error", 0);
        return;
    }
    if (is_kept_back(run))
        return;
    if (now_of(run) - live->full_ms > fresh_ms || !state_is_free(state)) {
        want_full(run, fresh_ms);
        look_again(run, fresh_ms);
        return;
    }
    power_note_start(run->engine, run->printer_id);
    note_name(run, live);
    step(run, &arrow_starting, "", 0);
}

/* -- starting: sent once, then judged -- */

static void on_started(void *arg, spd_str result, const struct spd_error *err)
{
    (void)result;
    struct run *run = arg;
    if (run_settled(run))
        return;
    bool refused =
        err != NULL && err->code != SPD_EIO && err->code != SPD_ECANCELED;
    run->accepted = err == NULL;
    if (!refused) {
        if (err != NULL)
            log_warn("engine", "attempt %lld: the start was sent, but %s",
                     (long long)run->attempt_id, err->text);
        run_advance(run);
        return;
    }
    engine_pause(run->engine, run->printer_id);
    step(run, &arrow_refused, err->text, 0);
}

/* The one and only place a start is sent from. */
static void send_start(struct run *run, const struct live *live)
{
    run->start_due = false;
    if (!is_up(live) || !state_is_free(&live->box.state) ||
        !start_still_fits(run)) {
        step(run, &arrow_refused, "the printer was not free any more", 0);
        return;
    }
    struct buf order = { 0 };
    if (!order_of(run->engine, run, &order)) {
        step(run, &arrow_refused, "the job or its file is gone", 0);
    } else {
        run->busy = true;
        crash_before("start.publish");
        fleet_start(run->engine->shop->fleet, run->printer_id, buf_str(&order),
                    on_started, run);
        crash_after("start.publish");
    }
    buf_fini(&order);
}

/* Count a full report that came since this step began and was not looked at
 * yet; one that speaks for us wipes out what spoke against. */
static void weigh(struct run *run, const struct live *live, bool against)
{
    struct evidence *evidence = &run->evidence;
    if (live->full_ms <= run->step_ms || live->full_ms == evidence->latest_ms)
        return;
    evidence->latest_ms = live->full_ms;
    if (!against) {
        evidence->reports = 0;
        return;
    }
    if (evidence->reports++ == 0)
        evidence->since_ms = live->full_ms;
}

static bool is_proved(const struct run *run, int64_t over_ms)
{
    const struct evidence *evidence = &run->evidence;
    return evidence->reports >= EVIDENCE_REPORTS &&
           evidence->latest_ms - evidence->since_ms >= over_ms;
}

/* Out of sight it may have printed ours and then another, or lost ours as the
 * power failed.  Only the very print it named before tells that it did not. */
static void watch(struct run *run, const struct live *live)
{
    spd_str named = live->box.state.submission;
    bool was_seen = run->heard_ms != 0 &&
                    live->reported_ms - run->heard_ms <= OUT_OF_SIGHT_MS;
    if (!was_seen && (named.len == 0 || !str_is(named, run->named)))
        run->in_doubt = true;
    run->heard_ms = live->reported_ms;
    note_name(run, live);
}

/* What another machine says is no evidence of what this one does. */
static void judge_lost_start(struct run *run)
{
    if (standing_of(run).set_up_anew)
        step(run, &arrow_unknown,
             "the printer was set up anew after a start was sent, and may be "
             "another one; look for the print, and set the job's status",
             0);
    else if (run->in_doubt)
        step(run, &arrow_unknown,
             "a start was sent, and the printer was out of sight and has "
             "forgotten or printed something since; look at it, and set the "
             "job's status",
             0);
    else
        step(run, &arrow_refused, "the printer never began", 0);
}

static void at_starting(struct run *run, const struct live *live)
{
    const struct engine_options *options = &run->engine->options;
    if (run->start_due) {
        send_start(run, live);
        return;
    }
    /* A printer may take minutes from its yes to its first move. */
    int64_t over_ms = options->evidence_ms * (run->accepted ? 2 : 1);
    look_again(run, options->evidence_ms / EVIDENCE_REPORTS);
    if (now_of(run) - run->step_ms > options->verdict_ms) {
        step(run, &arrow_unknown,
             "a start was sent, and the printer does not say what came of it; "
             "look at it, and set the job's status",
             0);
        return;
    }
    if (!is_up(live)) {
        judge_silence(run);
        return;
    }
    bool ours = is_ours(run, live), busy = state_is_busy(&live->box.state);
    bool ended = live->box.state.state == STATE_FINISHED ||
                 live->box.state.state == STATE_FAILED;
    if (ours && (busy || ended)) {
        step(run, &arrow_printing, "", 0);
        return;
    }
    watch(run, live);
    weigh(run, live, !ours && !busy);
    if (is_proved(run, over_ms))
        judge_lost_start(run);
    else
        want_full(run, options->evidence_ms / EVIDENCE_REPORTS);
}

/* -- printing: followed to its end -- */

/* Printers forget how far they came when a print ends early; and while they
 * prepare, some still tell of the print before. */
static void note_share(struct run *run, const struct live *live)
{
    double progress = live->box.state.progress_pct;
    if (!isnan(progress) && live->box.state.state != STATE_PREPARING)
        run->share = fmin(1, fmax(run->share, progress / 100));
}

static void on_stopped(void *arg, spd_str result, const struct spd_error *err)
{
    (void)result;
    struct run *run = arg;
    if (run_settled(run))
        return;
    run->stop_sent = err == NULL;
    if (err != NULL) {
        log_warn("engine", "attempt %lld: the stop was not taken: %s",
                 (long long)run->attempt_id, err->text);
        run->stop_ms = now_of(run) + STOP_RETRY_MS;
        look_again(run, STOP_RETRY_MS);
    }
    run_advance(run); /* it may have ended meanwhile */
}

static void send_stop(struct run *run)
{
    run->busy = true;
    run->stop_sent = true; /* until we hear otherwise */
    crash_before("stop.publish");
    fleet_command(run->engine->shop->fleet, run->printer_id,
                  STR("{\"command\":\"stop\"}"), on_stopped, run);
    crash_after("stop.publish");
}

static const char *failure_text(const struct live *live, struct arena *arena)
{
    if (live->box.state.error.ptr == NULL)
        return "the printer gave it up";
    spd_json *error = json_parse(live->box.state.error, NULL);
    spd_str text =
        json_as_str(json_member(error, "text"), STR("the printer gave it up"));
    const char *copy = arena_str(arena, text).ptr;
    json_free(error);
    return copy;
}

static void judge_failure(struct run *run, const struct live *live)
{
    struct arena arena = { 0 };
    if (run->stop_wanted)
        step(run, &arrow_cancelled, "stopped", run->share);
    else if (live->box.state.canceled)
        step(run, &arrow_cancelled, "stopped at the printer", run->share);
    else
        step(run, &arrow_failed, failure_text(live, &arena), run->share);
    arena_fini(&arena);
}

/* The printer is at something else, or at nothing: how ours ended, it does not
 * say. */
static void judge_stranger(struct run *run, const struct live *live)
{
    int64_t evidence_ms = run->engine->options.evidence_ms;
    weigh(run, live, true);
    look_again(run, evidence_ms / EVIDENCE_REPORTS);
    if (!is_proved(run, evidence_ms)) {
        want_full(run, evidence_ms / EVIDENCE_REPORTS);
        return;
    }
    step(run, &arrow_unknown,
         "the printer no longer knows of this print; look at it, and set the "
         "job's status",
         0);
}

static enum job_phase phase_of(enum print_state state)
{
    return state == STATE_PAUSED ? PHASE_PAUSED : PHASE_PRINTING;
}

static void at_printing(struct run *run, const struct live *live)
{
    if (!is_up(live)) {
        judge_silence(run);
        return;
    }
    enum print_state state = (enum print_state)live->box.state.state;
    if (!is_ours(run, live) || state == STATE_IDLE) {
        judge_stranger(run, live);
        return;
    }
    run->evidence = (struct evidence){ 0 };
    note_share(run, live);
    if (state == STATE_FINISHED) {
        step(run, &arrow_finished, "", 1);
    } else if (state == STATE_FAILED) {
        judge_failure(run, live);
    } else if (run->stop_wanted && !run->stop_sent &&
               now_of(run) >= run->stop_ms) {
        send_stop(run);
    } else if (phase_of(state) != (enum job_phase)run->phase &&
               state != STATE_UNKNOWN) {
        step_phase(run, phase_of(state));
    }
}

/* A person decides, unless the printer names our print after all. */
static void at_unknown(struct run *run, const struct live *live)
{
    if (!is_up(live) || !is_ours(run, live))
        return;
    enum print_state state = (enum print_state)live->box.state.state;
    if (state_is_busy(&live->box.state) || state == STATE_FINISHED ||
        state == STATE_FAILED)
        step(run, &arrow_printing, "", 0);
}

void run_advance(struct run *run)
{
    static void (*const at[])(struct run *, const struct live *) = {
        [STEP_CLAIMED] = at_claimed,   [STEP_UPLOADED] = at_uploaded,
        [STEP_STARTING] = at_starting, [STEP_PRINTING] = at_printing,
        [STEP_UNKNOWN] = at_unknown,
    };
    int64_t wait_ms = run->retry_ms - now_of(run);
    if (run->busy || run->gone)
        return;
    if (run->retry_ms != 0 && wait_ms > 0) {
        look_again(run, wait_ms);
        return;
    }
    run->retry_ms = 0;
    at[run->step](run, fleet_find(run->engine->shop->fleet, run->printer_id));
}
