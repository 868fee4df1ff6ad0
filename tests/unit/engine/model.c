#include "model.h"

#include <stdio.h>
#include <string.h>

struct model *model;

#define PLATE(grams, filaments)                                                \
    "[{\"index\":1,\"estimated_seconds\":3600,\"grams\":" grams ","            \
    "\"printer_model\":\"P1S\",\"nozzle_diameter_mm\":0.4,"                    \
    "\"slicer_model_id\":\"C12\",\"filaments\":[" filaments "]}]"
#define FILAMENT(id, type, color, grams)                                       \
    "{\"id\":" id ",\"type\":\"" type "\",\"color\":\"" color                  \
    "\",\"grams\":" grams "}"

struct file_made files[FILES] = {
    { PLATE("20", FILAMENT("1", "PLA", "#ff0000", "20")),
      { { "PLA", "#FF0000", 20 } },
      0 },
    { PLATE("15", FILAMENT("1", "PETG", "#0000FF", "15")),
      { { "PETG", "#0000FF", 15 } },
      0 },
    { PLATE("15", FILAMENT("1", "PLA", "#FF0000",
                           "10") "," FILAMENT("2", "PLA", "#FFFFFF", "5")),
      { { "PLA", "#FF0000", 10 }, { "PLA", "#FFFFFF", 5 } },
      0 },
};

void model_reset(void)
{
    if (model == NULL)
        model = shared_new(sizeof(*model));
    memset(model->rows, 0, sizeof(model->rows));
    model->jobs = model->asked_of = 0;
    model->asks_for_job = false;
    for (int i = 0; i < PRINTERS; i++) {
        model->printers[i] = 0;
        model->is_off[i] = model->is_said_taken[i] = false;
    }
}

void violate(enum violation kind, const char *fmt, ...)
{
    static const char *const names[] = {
        [DOUBLE_START] = "double start",
        [LOST_JOB] = "lost job",
        [TAKEN_PLATE] = "start on a taken plate",
        [WRONG_MATERIAL] = "wrong material",
        [UNWANTED_START] = "unwanted start",
        [WRONG_COUNT] = "wrong count",
    };
    char sentence[300];
    va_list args;
    va_start(args, fmt);
    vsnprintf(sentence, sizeof(sentence), fmt, args);
    va_end(args);
    model->violations[kind]++;
    print_error("SPOOLD_SEED=%llu SPOOLD_STEPS=1 tells it again\n",
                (unsigned long long)model->seed);
    fail_msg("%s: %s", names[kind], sentence);
}

/* -- is it the right filament? -- */

int64_t model_slot(const struct row *row, int64_t slot)
{
    return files[row->file].filaments[1].type == NULL ? slot : INT_NONE;
}

/* "#FC0404" is as good as "#FF0000" where anything near is. */
static bool is_color(const char *has, const char *wanted, double distance)
{
    bool is_near =
        strcmp(has, "#FC0404") == 0 && strcmp(wanted, "#FF0000") == 0;
    return strcmp(has, wanted) == 0 || (is_near && distance > 0);
}

static bool holds(const struct reel *spool, const struct filament *filament,
                  const struct row *row, int64_t slot)
{
    return spool->type != NULL && strcmp(spool->type, filament->type) == 0 &&
           (row->slot == slot ||
            is_color(spool->color, filament->color, row->distance));
}

static void judge_feeds(int machine, int64_t job, const spd_json *order)
{
    const struct row *row = &model->rows[job];
    const struct filament *filaments = files[row->file].filaments;
    double taken[SLOTS] = { 0 };
    int64_t fed = 0;
    const spd_json *feed = json_first(json_member(order, "filaments"));
    for (; feed != NULL; feed = json_next(feed), fed++) {
        int64_t filament = json_as_int(json_member(feed, "filament"), 0) - 1;
        int64_t slot = json_as_int(json_member(feed, "slot"), -1);
        assert_in_range(filament, 0, 1);
        assert_in_range(slot, 0, SLOTS - 1);
        const struct reel *spool = world_reel(machine, slot);
        taken[slot] += filaments[filament].grams;
        if (!holds(spool, &filaments[filament], row, slot))
            violate(WRONG_MATERIAL, "job %lld takes slot %lld, which has %s %s",
                    (long long)job, (long long)slot,
                    spool->type == NULL ? "nothing" : spool->type,
                    spool->type == NULL ? "" : spool->color);
        if (spool->is_sure && spool->grams < taken[slot])
            violate(WRONG_MATERIAL, "job %lld takes %g g of %g g",
                    (long long)job, taken[slot], spool->grams);
        model->weighed += spool->is_sure;
    }
    assert_int_equal(fed, filaments[1].type == NULL ? 1 : 2);
}

/* -- may it start? -- */

static int64_t job_of(int64_t attempt_id)
{
    struct attempt attempt = { 0 };
    struct arena arena = { 0 };
    spd_txn *txn = store_read(the.shop.store);
    record_get(txn, &attempt_kind, attempt_id, &attempt, &arena, NULL);
    store_read_end(txn);
    arena_fini(&arena);
    return attempt.job_id;
}

void model_judge_start(int machine, const spd_json *order)
{
    int64_t attempt = json_as_int(json_member(order, "id"), 0);
    int64_t job = job_of(attempt);
    const struct row *row = &model->rows[job];
    if (attempt <= the.machines[machine].last_started)
        violate(DOUBLE_START, "attempt %lld is started again",
                (long long)attempt);
    if (world_bed_is_taken(machine))
        violate(TAKEN_PLATE, "job %lld on machine %d", (long long)job, machine);
    if (model->is_said_taken[machine])
        violate(TAKEN_PLATE, "job %lld on machine %d, as a person said",
                (long long)job, machine);
    if (row->is_over || row->is_held)
        violate(UNWANTED_START, "job %lld is %s", (long long)job,
                row->is_held ? "held" : "cancelled, or done");
    if (model->is_off[machine])
        violate(UNWANTED_START, "machine %d is switched off", machine);
    if (row->printer != 0 && row->printer != model->printers[machine])
        violate(UNWANTED_START, "job %lld is for printer %lld", (long long)job,
                (long long)row->printer);
    judge_feeds(machine, job, order);
}

/* -- after a death -- */

static bool note_printer(void *arg, const void *record)
{
    (void)arg;
    const struct printer *printer = record;
    int machine = printer->name.ptr[printer->name.len - 1] - '0';
    model->printers[machine] = printer->id;
    model->is_off[machine] = !printer->enabled;
    return true;
}

/* What was being asked of a job as the process died was granted or not; both
 * are fine, and the store says which. */
static void take_up_job(int64_t id)
{
    struct job job = read_job(id);
    struct row *row = &model->rows[id];
    struct attempt attempt;
    spd_txn *txn = store_read(the.shop.store);
    bool is_tried = attempt_of_job(txn, id, &attempt, &the.arena);
    store_read_end(txn);
    row->printer = job.printer_id;
    row->slot = model_slot(row, job.material_slot);
    row->is_held = job.held;
    row->is_over = job.stop_wanted || job_is_done(&job) ||
                   (job.status == JOB_STARTED && !is_tried);
    row->is_touched = true;
    row->most += row->copies;
    world_doubt(id);
}

/* The intent to start it was kept, and the start was not sent. */
static bool note_unsent(void *arg, const void *record)
{
    (void)arg;
    const struct attempt *attempt = record;
    for (int i = 0; i < PRINTERS; i++)
        if (model->printers[i] == attempt->printer_id &&
            attempt->step == STEP_STARTING &&
            the.machines[i].last_started < attempt->id)
            model->rows[attempt->job_id].never_began++;
    return true;
}

void model_take_up(void)
{
    struct span live = attempt_live_span();
    spd_txn *txn = store_read(the.shop.store);
    int64_t jobs = (int64_t)record_count(txn, &job_kind);
    memset(model->printers, 0, sizeof(model->printers));
    record_each(txn, &printer_kind, &(struct span){ 0 }, note_printer, NULL);
    record_each(txn, &attempt_kind, &live, note_unsent, NULL);
    store_read_end(txn);
    if (model->asks_for_job && jobs == model->jobs + 1)
        model->rows[++model->jobs] = model->wanted;
    model->asks_for_job = false;
    if (model->asked_of != 0)
        take_up_job(model->asked_of);
    model->asked_of = 0;
    if (jobs != model->jobs)
        violate(LOST_JOB, "there are %lld of %lld", (long long)jobs,
                (long long)model->jobs);
}

/* -- as the store has it -- */

static bool judge_job(void *arg, const void *record)
{
    (void)arg;
    const struct job *job = record;
    const struct row *row = &model->rows[job->id];
    if (job->copies != row->copies || job->printer_id != row->printer ||
        job->held != row->is_held)
        violate(WRONG_COUNT, "job %lld is not what was asked for",
                (long long)job->id);
    if (job->copies_done > row->finished && !row->is_touched)
        violate(WRONG_COUNT, "job %lld has %lld copies, of which %lld are",
                (long long)job->id, (long long)job->copies_done,
                (long long)row->finished);
    return true;
}

void model_judge_jobs(void)
{
    spd_txn *txn = store_read(the.shop.store);
    int64_t jobs = (int64_t)record_count(txn, &job_kind);
    record_each(txn, &job_kind, &(struct span){ 0 }, judge_job, NULL);
    store_read_end(txn);
    if (jobs != model->jobs)
        violate(LOST_JOB, "there are %lld of %lld", (long long)jobs,
                (long long)model->jobs);
}

/* A job that nobody touched has ended for a reason that the model knows. */
static bool judge_end(void *arg, const void *record)
{
    (void)arg;
    const struct job *job = record;
    const struct row *row = &model->rows[job->id];
    bool is_right = false;
    switch ((enum job_status)job->status) {
    case JOB_COMPLETED:
        is_right = row->finished >= row->copies && row->finished <= row->most;
        break;
    case JOB_FAILED:
        is_right = row->spoiled > 0 || row->never_began > 1;
        break;
    case JOB_CANCELLED:
        is_right = row->is_over;
        break;
    case JOB_QUEUED:
    case JOB_SCHEDULED:
    case JOB_STARTED:
        violate(LOST_JOB, "job %lld is never done", (long long)job->id);
    }
    if (!is_right && !row->is_touched)
        violate(WRONG_COUNT, "job %lld is %s: %lld of %lld finished",
                (long long)job->id, job_status_names[job->status],
                (long long)row->finished, (long long)row->copies);
    return true;
}

void model_judge_end(void)
{
    model_judge_jobs();
    spd_txn *txn = store_read(the.shop.store);
    record_each(txn, &job_kind, &(struct span){ 0 }, judge_end, NULL);
    store_read_end(txn);
}
