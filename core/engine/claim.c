/* Claiming: from this commit on, job and printer belong to each other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    struct list feeds; /* in the arena */
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

static spd_err judge(spd_txn *txn, const struct claim *claim, struct job *job,
                     struct arena *arena, struct spd_error *err)
{
    struct printer printer;
    spd_err rc = record_get(txn, &job_kind, claim->job_id, job, arena, err);
    if (rc == SPD_OK)
        rc = record_get(txn, &printer_kind, claim->printer_id, &printer, arena,
                        err);
    if (rc != SPD_OK)
        return rc;
    if (!job_is_waiting(job) || !printer.enabled || !printer.plate_clear)
        return error_set(err, SPD_EBUSY, "job or printer changed meanwhile");
    return SPD_OK;
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
    };
    return attempt_put(txn, &claim->attempt, "attempt.claimed", err);
}

static spd_err run_claim(spd_txn *txn, void *arg, struct spd_error *err)
{
    struct claim *claim = arg;
    struct arena arena = { 0 };
    struct job job;
    crash_point("attempt.claimed");
    spd_err rc = judge(txn, claim, &job, &arena, err);
    if (rc == SPD_OK)
        rc = write_attempt(txn, claim, &job, err);
    if (rc == SPD_OK) {
        job.phase = PHASE_CLAIMED;
        struct change change = { "job.claimed", STR("spoold") };
        rc = job_put(txn, claim->engine->shop, &job, &change, err);
    }
    arena_fini(&arena);
    return rc;
}

static void claim_done(void *arg, const struct spd_error *err)
{
    struct claim *claim = arg;
    struct engine *engine = claim->engine;
    engine->claims--;
    if (err == NULL && engine->started) /* else it is taken up at the start */
        run_advance(run_new(engine, &claim->attempt));
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

void claim(struct engine *engine, int64_t job_id, int64_t printer_id,
           const struct list *feeds)
{
    struct claim *claim = mem_new(sizeof(*claim));
    claim->engine = engine;
    claim->job_id = job_id;
    claim->printer_id = printer_id;
    claim->feeds.count = feeds->count;
    size_t size = feeds->count * sizeof(struct feed);
    claim->feeds.items = arena_new(&claim->arena, size);
    if (size > 0)
        memcpy(claim->feeds.items, feeds->items, size);
    engine->claims++;
    store_write(engine->shop->store,
                &(struct store_write){ run_claim, claim_done, claim });
}
