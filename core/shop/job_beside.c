/* A person's hand on the queue: a job is put beside another. */
#include "shop/job_acts.h"
#include "shop/job_judge.h"

/* Steps between neighbours leave room for others between them. */
enum { STEP = 1 << 20 };

/* Those that stand at the place of one job and beside it. */
struct bunch {
    struct queue_place place; /* where another is to be put beside */
    int64_t moved_id;         /* the one that is moved: not counted */
    bool before;
    int64_t nearest; /* nudge of the next one on that side */
    bool is_found;
    int64_t *ids; /* all of them, from the foremost on; in `arena` */
    size_t count, room;
    struct arena *arena;
};

static bool is_beside(const struct queue_place *a, const struct queue_place *b)
{
    struct queue_place same = *a;
    same.nudge = b->nudge;
    return queue_place_compare(&same, b) == 0;
}

static void note_nudge(struct bunch *bunch, int64_t nudge)
{
    bool on_that_side =
        bunch->before ? nudge < bunch->place.nudge : nudge > bunch->place.nudge;
    bool is_nearer =
        !bunch->is_found ||
        (bunch->before ? nudge > bunch->nearest : nudge < bunch->nearest);
    if (!on_that_side || !is_nearer)
        return;
    bunch->is_found = true;
    bunch->nearest = nudge;
}

static void note_id(struct bunch *bunch, int64_t id)
{
    if (bunch->count == bunch->room) {
        bunch->room = bunch->room * 2 + 8;
        int64_t *ids = arena_new(bunch->arena, bunch->room * sizeof(*ids));
        for (size_t i = 0; i < bunch->count; i++)
            ids[i] = bunch->ids[i];
        bunch->ids = ids;
    }
    bunch->ids[bunch->count++] = id;
}

static bool see_moved(void *arg, const void *record)
{
    struct bunch *bunch = arg;
    const struct job *job = record;
    struct queue_place place = job_queue_place(job);
    if (job->id == bunch->moved_id || !is_beside(&place, &bunch->place))
        return true;
    note_nudge(bunch, place.nudge);
    note_id(bunch, job->id);
    return true;
}

/* The place itself is kept free for the job it belongs to. */
static void look_around(struct bunch *bunch, spd_txn *txn)
{
    struct key prefix;
    struct span moved = job_moved_span(bunch->place.id, &prefix);
    bunch->is_found = false;
    bunch->count = 0;
    note_nudge(bunch, 0);
    record_each(txn, &job_kind, &moved, see_moved, bunch);
}

/* Between the job and its next neighbour; false: there is no room. */
static bool find_room(const struct bunch *bunch, int64_t *nudge)
{
    int64_t at = bunch->place.nudge;
    if (!bunch->is_found)
        *nudge = at + (bunch->before ? -STEP : STEP);
    else
        *nudge = at + (bunch->nearest - at) / 2;
    return *nudge != at;
}

static spd_err put_apart(struct call *call, spd_txn *txn, int64_t id,
                         int64_t *before, int64_t *behind)
{
    struct job job;
    struct spd_error err;
    struct change change = { "job.reranked", STR("spoold") };
    spd_err rc = record_get(txn, &job_kind, id, &job, &call->arena, &err);
    if (rc == SPD_OK) {
        job.nudge = job.nudge < 0 ? (*before += STEP) : (*behind += STEP);
        rc = job_put(txn, call->self, &job, &change, &err);
    }
    return rc == SPD_OK ? SPD_OK : call_fail(call, &err);
}

/* They have come too near to each other: put them apart. */
static spd_err spread(struct call *call, spd_txn *txn, struct bunch *bunch)
{
    int64_t before = 0, behind = 0;
    spd_err rc = SPD_OK;
    for (size_t i = 0; i < bunch->count; i++) {
        struct job job;
        if (record_get(txn, &job_kind, bunch->ids[i], &job, &call->arena,
                       NULL) == SPD_OK &&
            job.nudge < 0)
            before -= STEP;
    }
    before -= STEP;
    for (size_t i = 0; i < bunch->count && rc == SPD_OK; i++)
        rc = put_apart(call, txn, bunch->ids[i], &before, &behind);
    return rc;
}

/* Do they ever wait in the same queue? */
static spd_err judge_pair(struct call *call, const struct job *job,
                          const struct job *other, const char *field)
{
    bool apart = job->printer_id != 0 && other->printer_id != 0 &&
                 job->printer_id != other->printer_id;
    if (job->id == other->id)
        faults_add(call_faults(call), field, "is the job itself");
    if (job->id == other->id)
        return call_refuse(call, REFUSE_CONTENT,
                           "job %lld cannot be moved beside itself",
                           (long long)job->id);
    if (!apart)
        return job_need_waiting(call, other, "moved to");
    return call_refuse(call, REFUSE_CONFLICT,
                       "job %lld is for printer %lld and job %lld for printer "
                       "%lld: they wait in different queues",
                       (long long)job->id, (long long)job->printer_id,
                       (long long)other->id, (long long)other->printer_id);
}

static spd_err find_other(struct call *call, spd_txn *txn,
                          const struct job *job, int64_t other_id,
                          const char *field, struct job *other)
{
    if (record_get(txn, &job_kind, other_id, other, &call->arena, NULL) ==
        SPD_OK)
        return judge_pair(call, job, other, field);
    faults_add(call_faults(call), field, "there is no job %lld",
               (long long)other_id);
    return call_refuse(call, REFUSE_CONTENT, "there is no job %lld",
                       (long long)other_id);
}

/* The nudge that puts it there, making room where there is none. */
static spd_err find_nudge(struct call *call, spd_txn *txn, struct bunch *bunch,
                          int64_t other_id, int64_t *nudge)
{
    struct job other;
    look_around(bunch, txn);
    if (find_room(bunch, nudge))
        return SPD_OK;
    spd_err rc = spread(call, txn, bunch);
    if (rc == SPD_OK)
        rc = call_get(call, txn, &job_kind, other_id, &other);
    if (rc != SPD_OK)
        return rc;
    bunch->place = job_queue_place(&other);
    look_around(bunch, txn);
    find_room(bunch, nudge);
    return SPD_OK;
}

spd_err job_put_beside(struct call *call, spd_txn *txn, struct job *job,
                       int64_t other_id, bool before)
{
    struct job other;
    int64_t nudge = 0;
    spd_err rc = job_need_waiting(call, job, "moved");
    if (rc == SPD_OK)
        rc = find_other(call, txn, job, other_id, before ? "before" : "after",
                        &other);
    if (rc != SPD_OK)
        return rc;
    struct bunch bunch = {
        .place = job_queue_place(&other),
        .moved_id = job->id,
        .before = before,
        .arena = &call->arena,
    };
    rc = find_nudge(call, txn, &bunch, other_id, &nudge);
    if (rc != SPD_OK)
        return rc;
    job->moved_to = bunch.place.id;
    job->moved_rank = bunch.place.rank;
    job->moved_priority = bunch.place.priority;
    job->moved_start = bunch.place.start;
    job->nudge = nudge;
    return job_write(call, txn, job, "job.moved");
}
