#include "shop/attempt.h"

#include <math.h>

#include "shop/job.h"
#include "shop/material.h"

static const char *const step_names[] = {
    "claimed", "uploaded", "starting", "printing", "unknown", "ended", NULL,
};

static const char *const outcome_names[] = {
    "none",    "finished", "failed",  "cancelled",
    "refused", "dropped",  "unknown", NULL,
};

static const struct field feed_rows[] = {
    FIELD(feed, filament, FIELD_INT, "the filament's number in the file",
          .max = 1000),
    FIELD(feed, slot, FIELD_INT, "the slot it is taken from", .max = 65535),
    FIELD(feed, grams, FIELD_REAL, "grams of it, as sliced", .max = 1000000),
};
static const struct fields feed_fields = TABLE("feed", feed, feed_rows);

static const struct field attempt_rows[] = {
    FIELD(attempt, id, FIELD_ID, "the attempt's id", .flags = FIELD_READONLY),
    FIELD(attempt, job_id, FIELD_ID, "of which job; null: begun elsewhere",
          .flags = FIELD_READONLY),
    FIELD(attempt, printer_id, FIELD_ID, "on which printer",
          .flags = FIELD_READONLY),
    FIELD(attempt, step, FIELD_CHOICE, "how far it came",
          .flags = FIELD_READONLY, .choices = step_names),
    FIELD(attempt, outcome, FIELD_CHOICE, "how it ended",
          .flags = FIELD_READONLY, .choices = outcome_names),
    FIELD(attempt, submission, FIELD_TEXT,
          "the number by which the printer's reports name it",
          .flags = FIELD_READONLY),
    FIELD(attempt, remote_name, FIELD_TEXT, "the file's name on the printer",
          .flags = FIELD_READONLY),
    FIELD(attempt, reason, FIELD_TEXT, "why it ended so",
          .flags = FIELD_READONLY),
    FIELD(attempt, feeds, FIELD_LIST, "what it takes from which slot",
          .flags = FIELD_READONLY, .of = &feed_fields),
    FIELD(attempt, grams, FIELD_REAL, "grams used in all",
          .flags = FIELD_READONLY),
    FIELD(attempt, created_at, FIELD_TIME, "when it was claimed",
          .flags = FIELD_READONLY),
    FIELD(attempt, uploaded_at, FIELD_TIME, "when the file was there",
          .flags = FIELD_READONLY),
    FIELD(attempt, start_at, FIELD_TIME, "when the start was decided",
          .flags = FIELD_READONLY),
    FIELD(attempt, printing_at, FIELD_TIME, "when the printer took it up",
          .flags = FIELD_READONLY),
    FIELD(attempt, ended_at, FIELD_TIME, "when it was over",
          .flags = FIELD_READONLY),
    FIELD(attempt, cost, FIELD_REAL,
          "of the filament used, in the shop's currency; null: not known",
          .flags = FIELD_READONLY),
    FIELD(attempt, scrap, FIELD_INT,
          "pieces of it that a person threw away; null: nobody said",
          .flags = FIELD_READONLY | FIELD_NULL),
    FIELD(attempt, asked_by, FIELD_TEXT,
          "whom it was for: a person, a plugin, a rule; of an adopted print, "
          "who adopted it",
          .flags = FIELD_READONLY),
    FIELD(attempt, ended_by, FIELD_TEXT,
          "who ended it: spoold by the printer's word, or a person",
          .flags = FIELD_READONLY),
    FIELD(attempt, unknown_at, FIELD_TIME,
          "when it was no longer known what became of it",
          .flags = FIELD_READONLY),
    FIELD(attempt, job_name, FIELD_TEXT, "of its job; else as the printer says",
          .flags = FIELD_READONLY),
    FIELD(attempt, printer_name, FIELD_TEXT, "what the printer was called then",
          .flags = FIELD_READONLY),
    FIELD(attempt, foreign, FIELD_BOOL,
          "was it begun elsewhere, not by spoold?", .flags = FIELD_READONLY),
    FIELD(attempt, machine, FIELD_INT, "the printer's, when it was claimed",
          .flags = FIELD_INTERNAL, .fallback = "0"),
    FIELD(attempt, named, FIELD_TEXT,
          "the submission the printer named as the start was decided",
          .flags = FIELD_INTERNAL),
};
static const struct fields attempt_fields =
    TABLE("attempt", attempt, attempt_rows);

static bool live_by_printer(const void *record, struct key *key)
{
    const struct attempt *attempt = record;
    key_put_int(key, attempt->printer_id);
    return attempt->step != STEP_ENDED && attempt->job_id != 0;
}

static bool foreign_by_printer(const void *record, struct key *key)
{
    const struct attempt *attempt = record;
    key_put_int(key, attempt->printer_id);
    return attempt->step != STEP_ENDED && attempt->job_id == 0;
}

static bool live_by_job(const void *record, struct key *key)
{
    const struct attempt *attempt = record;
    key_put_int(key, attempt->job_id);
    return attempt->step != STEP_ENDED && attempt->job_id != 0;
}

static bool by_job(const void *record, struct key *key)
{
    const struct attempt *attempt = record;
    key_put_int(key, attempt->job_id);
    return attempt->job_id != 0;
}

/* Those of strangers may come again; prints from a printer's own storage have
 * none. */
static bool by_submission(const void *record, struct key *key)
{
    const struct attempt *attempt = record;
    key_put_text(key, attempt->submission);
    return attempt->job_id != 0 && attempt->submission.len > 0;
}

static bool is_print(const struct attempt *attempt)
{
    return attempt->printing_at != 0 || attempt->foreign;
}

static bool as_history(const void *record, struct key *key)
{
    key_put_byte(key, 0);
    return is_print(record);
}

static bool as_history_of_printer(const void *record, struct key *key)
{
    const struct attempt *attempt = record;
    key_put_int(key, attempt->printer_id);
    return is_print(attempt);
}

enum {
    LIVE_BY_PRINTER,
    LIVE_BY_JOB,
    BY_JOB,
    BY_SUBMISSION,
    FOREIGN_BY_PRINTER,
    HISTORY,
    HISTORY_OF_PRINTER,
};
static const struct index attempt_indexes[] = {
    [LIVE_BY_PRINTER] = { .name = "live_printer",
                          .key = live_by_printer,
                          .flags = INDEX_UNIQUE },
    [LIVE_BY_JOB] = { .name = "live_job",
                      .key = live_by_job,
                      .flags = INDEX_UNIQUE },
    [BY_JOB] = { .name = "job", .key = by_job },
    [BY_SUBMISSION] = { .name = "submission",
                        .key = by_submission,
                        .flags = INDEX_UNIQUE },
    [FOREIGN_BY_PRINTER] = { .name = "foreign_printer",
                             .key = foreign_by_printer,
                             .flags = INDEX_UNIQUE },
    [HISTORY] = { .name = "history", .key = as_history },
    [HISTORY_OF_PRINTER] = { .name = "history_printer",
                             .key = as_history_of_printer },
};

const struct kind attempt_kind = {
    .name = "attempt",
    .plural = "attempts",
    .fields = &attempt_fields,
    .indexes = attempt_indexes,
    .index_count = SPD_COUNT(attempt_indexes),
    .version = 1,
};

static bool find_live(spd_txn *txn, int which, int64_t owner_id,
                      struct attempt *attempt, struct arena *arena)
{
    struct key key = { 0 };
    key_put_int(&key, owner_id);
    int64_t id = record_find(txn, &attempt_kind, &attempt_indexes[which], &key);
    return id != 0 &&
           record_get(txn, &attempt_kind, id, attempt, arena, NULL) == SPD_OK;
}

bool attempt_of_printer(spd_txn *txn, int64_t printer_id,
                        struct attempt *attempt, struct arena *arena)
{
    return find_live(txn, LIVE_BY_PRINTER, printer_id, attempt, arena);
}

bool attempt_of_job(spd_txn *txn, int64_t job_id, struct attempt *attempt,
                    struct arena *arena)
{
    return find_live(txn, LIVE_BY_JOB, job_id, attempt, arena);
}

bool attempt_foreign_of_printer(spd_txn *txn, int64_t printer_id,
                                struct attempt *attempt, struct arena *arena)
{
    return find_live(txn, FOREIGN_BY_PRINTER, printer_id, attempt, arena);
}

bool attempt_has_submission(spd_txn *txn, spd_str submission)
{
    struct key key = { 0 };
    if (submission.len == 0)
        return false;
    key_put_text(&key, submission);
    return record_find(txn, &attempt_kind, &attempt_indexes[BY_SUBMISSION],
                       &key) != 0;
}

struct span attempt_live_span(void)
{
    return (struct span){ .index = &attempt_indexes[LIVE_BY_PRINTER] };
}

struct span attempt_history_span(int64_t printer_id, struct key *prefix)
{
    *prefix = (struct key){ 0 };
    if (printer_id != 0)
        key_put_int(prefix, printer_id);
    int which = printer_id != 0 ? HISTORY_OF_PRINTER : HISTORY;
    return (struct span){ .index = &attempt_indexes[which],
                          .prefix = prefix,
                          .backwards = true };
}

struct span attempt_job_span(int64_t job_id, struct key *prefix)
{
    *prefix = (struct key){ 0 };
    key_put_int(prefix, job_id);
    return (struct span){ .index = &attempt_indexes[BY_JOB], .prefix = prefix };
}

spd_err attempt_put(spd_txn *txn, struct attempt *attempt, const char *topic,
                    struct spd_error *err)
{
    struct change change = { topic, STR("spoold") };
    return record_put(txn, &attempt_kind, attempt, &change, err);
}

/* Sums of slicers' hundredths stay readable. */
static double to_milligrams(double grams)
{
    return round(grams * 1000) / 1000;
}

spd_err attempt_charge(spd_txn *txn, struct shop *shop, struct attempt *attempt,
                       double share, struct spd_error *err)
{
    const struct feed *feeds = attempt->feeds.items;
    spd_err rc = SPD_OK;
    double cost = 0;
    for (size_t i = 0; i < attempt->feeds.count && rc == SPD_OK; i++) {
        struct spool_use use = { .job_id = attempt->job_id,
                                 .attempt_id = attempt->id,
                                 .grams = feeds[i].grams * share };
        attempt->grams = to_milligrams(attempt->grams + use.grams);
        rc = material_use(txn, shop, attempt->printer_id, feeds[i].slot, &use,
                          err);
        cost += use.cost;
    }
    attempt->cost = attempt->feeds.count > 0 ? cost : NAN;
    return rc;
}

/* -- operations -- */

static spd_err list_attempts(struct call *call, spd_txn *txn)
{
    const struct page_param *param = call->params;
    call_reply_list(call, txn, &attempt_kind,
                    (struct span){ .backwards = true }, &param->page);
    return SPD_OK;
}

static spd_err list_of_job(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    if (!record_exists(txn, &job_kind, which->id))
        return call_refuse(call, REFUSE_NOT_FOUND, "there is no job %lld",
                           (long long)which->id);
    struct key prefix;
    struct page page = { .limit = 1000 };
    call_reply_list(call, txn, &attempt_kind,
                    attempt_job_span(which->id, &prefix), &page);
    return SPD_OK;
}

struct history_param {
    int64_t printer_id;
    struct page page;
};
static const struct field history_rows[] = {
    FIELD(history_param, printer_id, FIELD_ID, "only of this printer",
          .flags = FIELD_NULL),
    PAGE_ROWS(history_param, page),
};
static const struct fields history_fields =
    TABLE("history", history_param, history_rows);

static spd_err list_history(struct call *call, spd_txn *txn)
{
    const struct history_param *param = call->params;
    struct key prefix;
    call_reply_list(call, txn, &attempt_kind,
                    attempt_history_span(param->printer_id, &prefix),
                    &param->page);
    return SPD_OK;
}

static const struct op attempt_ops[] = {
    { .name = "history.list",
      .route = "GET /api/history",
      .doc = "What was really printed, by this shop and by others on its "
             "printers, the latest first",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &history_fields,
      .reply = &attempt_fields,
      .run = list_history },
    { .name = "attempts.list",
      .route = "GET /api/attempts",
      .doc = "Every attempt, also those that never began, the latest first",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &page_param_fields,
      .reply = &attempt_fields,
      .run = list_attempts },
    { .name = "jobs.attempts",
      .route = "GET /api/jobs/{id}/attempts",
      .doc = "The attempts of one job, the first one first",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &id_param_fields,
      .reply = &attempt_fields,
      .run = list_of_job },
};

spd_err attempt_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, attempt_ops, SPD_COUNT(attempt_ops), shop, err);
}
