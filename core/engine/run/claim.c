/* Claiming: from this commit on, job and printer belong to each other. */
#include <stdio.h>
#include <stdlib.h>

#include "base/crash.h"
#include "base/error.h"
#include "base/log.h"
#include "engine/engine_internal.h"

/* Driver protocols count with signed 32-bit numbers, and larger ones froze
 * printers. */
enum { SUBMISSION_BELOW = 2147480000, REMOTE_NAME_BYTES = 64 };

/* After a failure of the disk. */
enum { CLAIM_RETRY_MS = 5000 };

struct claim {
    struct engine *engine;
    int64_t job_id, printer_id;
    struct list feeds; /* as matched in the transaction */
    struct seat seat;  /* as in the transaction */
    struct arena arena;
    struct attempt attempt; /* as committed */
};

/* Only what every printer's storage takes, short, and unique by the number. */
static void name_remote(char out[REMOTE_NAME_BYTES], spd_str job_name,
                        const char *submission)
{
    size_t len = 0;
    for (size_t i = 0; i < job_name.len && len < 24; i++) {
        char c = job_name.ptr[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                     (c >= 'a' && c <= 'z');
        if (plain)
            out[len++] = c;
        else if (c == '.')
            break; /* the file's ending comes anew */
        else if (len > 0 && out[len - 1] != '-')
            out[len++] = '-';
    }
    snprintf(out + len, REMOTE_NAME_BYTES - len, "%s%s.gcode.3mf",
             len > 0 ? "-" : "", submission);
}

/* What dispatch chose by may have changed since: it is asked once more, of
 * what this transaction sees. */
static spd_err judge(spd_txn *txn, struct claim *claim, struct job *job,
                     struct spd_error *err)
{
    struct seat *seat = &claim->seat;
    struct arena *arena = &claim->arena;
    spd_err rc = record_get(txn, &job_kind, claim->job_id, job, arena, err);
    if (rc != SPD_OK)
        return rc;
    struct queue_place where = job_queue_place(job);
    const struct queue *own =
        waiting_queue(claim->engine->waiting, claim->printer_id);
    if (!seat_load(seat, txn, claim->printer_id, arena))
        return error_set(err, SPD_EBUSY, "the printer is gone");
    reserve_before(seat, own, &where);
    bool fits = seat->printer.enabled && seat->printer.plate_clear &&
                match(seat, job, job_plate(txn, job, arena),
                      shop_now_ms(claim->engine->shop), &claim->feeds,
                      arena) == CAN_TAKE;
    return fits ? SPD_OK
                : error_set(err, SPD_EBUSY, "job or printer changed meanwhile");
}

static spd_err write_attempt(spd_txn *txn, struct claim *claim,
                             const struct job *job, struct spd_error *err)
{
    char submission[16], remote[REMOTE_NAME_BYTES];
    snprintf(submission, sizeof(submission), "%u",
             1000 + crypt_random_below(SUBMISSION_BELOW));
    name_remote(remote, job->job_name, submission);
    claim->attempt = (struct attempt){
        .job_id = claim->job_id,
        .printer_id = claim->printer_id,
        .step = STEP_CLAIMED,
        .submission = arena_str(&claim->arena, str_of(submission)),
        .remote_name = arena_str(&claim->arena, str_of(remote)),
        .feeds = claim->feeds,
        .created_at = shop_now_ms(claim->engine->shop),
        .scrap = INT_NONE,
        .asked_by = job_asked_by(job, &claim->arena),
        .job_name = job->job_name,
        .printer_name = claim->seat.printer.name,
        .machine = claim->seat.printer.machine,
    };
    return attempt_put(txn, &claim->attempt, "attempt.claimed", err);
}

static spd_err run_claim(spd_txn *txn, void *arg, struct spd_error *err)
{
    struct claim *claim = arg;
    struct job job;
    crash_before("attempt.claimed");
    arena_fini(&claim->arena); /* of a run that was rolled back */
    spd_err rc = judge(txn, claim, &job, err);
    if (rc == SPD_OK)
        rc = write_attempt(txn, claim, &job, err);
    if (rc == SPD_OK) {
        job.phase = PHASE_CLAIMED;
        struct change change = { "job.claimed", STR("spoold") };
        rc = job_put(txn, claim->engine->shop, &job, &change, err);
    }
    return rc;
}

/* Not claimed: what the store has of both now is what dispatch goes by. */
static void look_again(const struct claim *claim)
{
    struct engine *engine = claim->engine;
    spd_txn *txn = store_read(engine->shop->store);
    waiting_refresh(engine->waiting, txn, claim->job_id);
    store_read_end(txn);
    places_forget(&engine->places, claim->printer_id);
}

static void mark_claimed(struct engine *engine, int64_t printer_id, bool is)
{
    struct bay *bay = bay_find(&engine->bays, printer_id);
    if (bay != NULL)
        bay->is_claimed = is;
}

static void claim_done(void *arg, const struct spd_error *err)
{
    struct claim *claim = arg;
    struct engine *engine = claim->engine;
    engine->claims--;
    mark_claimed(engine, claim->printer_id, false);
    if (err == NULL)
        crash_after("attempt.claimed");
    if (err == NULL && engine->started) /* else it is taken up at the start */
        run_advance(run_new(engine, &claim->attempt));
    if (err != NULL)
        look_again(claim);
    if (err == NULL || err->code == SPD_EBUSY || err->code == SPD_EEXIST) {
        engine_wake(engine);
    } else {
        log_error("engine", "job %lld could not be claimed: %s",
                  (long long)claim->job_id, err->text);
        timer_set(engine->timer, CLAIM_RETRY_MS, 0);
    }
    arena_fini(&claim->arena);
    free(claim);
}

void claim(struct engine *engine, int64_t job_id, int64_t printer_id)
{
    struct claim *claim = mem_new(sizeof(*claim));
    claim->engine = engine;
    claim->job_id = job_id;
    claim->printer_id = printer_id;
    engine->claims++;
    mark_claimed(engine, printer_id, true);
    store_write(engine->shop->store,
                &(struct store_write){ run_claim, claim_done, claim });
}
