#include "shop/foreign.h"

#include <math.h>

static spd_err end(spd_txn *txn, struct shop *shop, struct attempt *attempt,
                   enum attempt_outcome outcome, const char *why,
                   struct spd_error *err)
{
    static const char *const topics[] = {
        [OUTCOME_FINISHED] = "foreign.finished",
        [OUTCOME_FAILED] = "foreign.failed",
        [OUTCOME_CANCELLED] = "foreign.cancelled",
        [OUTCOME_UNKNOWN] = "foreign.unknown",
    };
    attempt->step = STEP_ENDED;
    attempt->outcome = (int)outcome;
    attempt->reason = str_of(why);
    attempt->ended_at = shop_now_ms(shop);
    attempt->ended_by = STR("spoold");
    return attempt_put(txn, attempt, topics[outcome], err);
}

spd_err foreign_lose(spd_txn *txn, struct shop *shop, int64_t printer_id,
                     const char *why, struct spd_error *err)
{
    struct arena arena = { 0 };
    struct attempt attempt;
    spd_err rc = SPD_OK;
    if (attempt_foreign_of_printer(txn, printer_id, &attempt, &arena))
        rc = end(txn, shop, &attempt, OUTCOME_UNKNOWN, why, err);
    arena_fini(&arena);
    return rc;
}

/* -- what it is, and whose -- */

bool foreign_is_same(const struct attempt *attempt,
                     const struct printer_state *state)
{
    return str_equal(attempt->submission, state->submission) &&
           (state->submission.len > 0 || state->job_name.len == 0 ||
            str_equal(attempt->remote_name, state->job_name));
}

/* Ours are known by their submission.  While one of ours begins, a printer may
 * still name the print before, or for a moment none. */
static bool is_ours(spd_txn *txn, const struct printer *printer,
                    const struct printer_state *state)
{
    struct arena arena = { 0 };
    struct attempt own;
    bool nameless = state->submission.len == 0;
    if (!nameless && attempt_has_submission(txn, state->submission))
        return true;
    bool is_at_ours = attempt_of_printer(txn, printer->id, &own, &arena) &&
                      own.step >= STEP_STARTING;
    bool begins = is_at_ours && own.step == STEP_STARTING &&
                  str_equal(state->submission, printer->last_print);
    bool is_it = is_at_ours && nameless &&
                 (own.submission.len > 0 || foreign_is_same(&own, state));
    arena_fini(&arena);
    return is_it || begins;
}

struct attempt foreign_new(const struct shop *shop,
                           const struct printer *printer,
                           const struct printer_state *state)
{
    return (struct attempt){
        .printer_id = printer->id,
        .printer_name = printer->name,
        .foreign = true,
        .machine = printer->machine,
        .step = STEP_PRINTING,
        .submission = state->submission,
        .job_name = state->job_name,
        .remote_name = state->job_name,
        .created_at = shop_now_ms(shop),
        .cost = NAN,
        .scrap = INT_NONE,
    };
}

static spd_err begin(spd_txn *txn, const struct shop *shop,
                     const struct printer *printer,
                     const struct printer_state *state, struct spd_error *err)
{
    struct attempt attempt = foreign_new(shop, printer, state);
    attempt.printing_at = attempt.created_at;
    return attempt_put(txn, &attempt, "foreign.started", err);
}

/* -- following -- */

static enum attempt_outcome outcome_of(const struct printer_state *state)
{
    if (state->state == STATE_FINISHED)
        return OUTCOME_FINISHED;
    if (state->state != STATE_FAILED)
        return OUTCOME_UNKNOWN;
    return state->canceled ? OUTCOME_CANCELLED : OUTCOME_FAILED;
}

static const char *reason_of(enum attempt_outcome outcome)
{
    static const char *const reasons[] = {
        [OUTCOME_FINISHED] = "",
        [OUTCOME_FAILED] = "the printer gave it up",
        [OUTCOME_CANCELLED] = "stopped at the printer",
        [OUTCOME_UNKNOWN] = "the printer no longer tells of it",
    };
    return reasons[outcome];
}

/* A print's number and name may come a few reports after its beginning. */
enum { NAMED_WITHIN_MS = 30 * 1000 };

static bool is_named_late(spd_txn *txn, const struct shop *shop,
                          const struct attempt *attempt,
                          const struct printer_state *state)
{
    int64_t age_ms = shop_now_ms(shop) - attempt->created_at;
    return state_is_busy(state) && age_ms >= 0 && age_ms < NAMED_WITHIN_MS &&
           !attempt_has_submission(txn, state->submission);
}

static spd_err name(spd_txn *txn, struct attempt *attempt,
                    const struct printer_state *state, struct spd_error *err)
{
    attempt->submission = state->submission;
    attempt->job_name = attempt->remote_name = state->job_name;
    return attempt_put(txn, attempt, "foreign.named", err);
}

/* `still`: it is under way yet. */
static spd_err follow(spd_txn *txn, struct shop *shop, struct attempt *attempt,
                      const struct printer_state *state, bool *still,
                      struct spd_error *err)
{
    bool same = foreign_is_same(attempt, state), busy = state_is_busy(state);
    enum attempt_outcome outcome = same ? outcome_of(state) : OUTCOME_UNKNOWN;
    const char *why = same || !busy ? reason_of(outcome)
                                    : "the printer went on to another print";
    bool is_late = !same && is_named_late(txn, shop, attempt, state);
    *still = (same && busy) || is_late;
    if (is_late)
        return name(txn, attempt, state, err);
    return *still ? SPD_OK : end(txn, shop, attempt, outcome, why, err);
}

/* It came and went while the printer was out of reach. */
static bool was_missed(const struct printer *printer,
                       const struct printer_state *state)
{
    return printer->status != PRINTER_NEW && state->submission.len > 0 &&
           !str_equal(state->submission, printer->last_print) &&
           (state->state == STATE_FINISHED || state->state == STATE_FAILED);
}

static spd_err note_missed(spd_txn *txn, struct shop *shop,
                           const struct printer *printer,
                           const struct printer_state *state,
                           struct spd_error *err)
{
    struct attempt attempt = foreign_new(shop, printer, state);
    return end(txn, shop, &attempt, outcome_of(state),
               "it was seen only when it was over", err);
}

spd_err foreign_note(spd_txn *txn, struct shop *shop,
                     const struct printer *printer,
                     const struct printer_state *state, struct spd_error *err)
{
    struct arena arena = { 0 };
    struct attempt attempt;
    bool still = false;
    spd_err rc = SPD_OK;
    bool was_followed =
        attempt_foreign_of_printer(txn, printer->id, &attempt, &arena);
    if (state->state == STATE_UNKNOWN)
        still = true; /* it says nothing of what it is at */
    else if (was_followed)
        rc = follow(txn, shop, &attempt, state, &still, err);
    arena_fini(&arena);
    if (rc != SPD_OK || still || is_ours(txn, printer, state))
        return rc;
    if (state_is_busy(state))
        return begin(txn, shop, printer, state, err);
    if (!was_followed && was_missed(printer, state))
        return note_missed(txn, shop, printer, state, err);
    return SPD_OK;
}
