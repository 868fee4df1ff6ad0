/* What waits for a printer: its own jobs, and among them those for any printer
 * that it could take, as it is loaded now.  Two queues, told as one. */
#include <stdlib.h>

#include "engine/engine_internal.h"
#include "engine/match/match.h"

enum { LOOKED_MAX = 2000 }; /* jobs for any printer looked at for one page */

struct queue_param {
    int64_t printer_id;
    struct page page;
};
static const struct field queue_rows[] = {
    FIELD(queue_param, printer_id, FIELD_ID, "which printer",
          .flags = FIELD_REQUIRED),
    PAGE_ROWS(queue_param, page),
};
static const struct fields queue_fields =
    TABLE("queue", queue_param, queue_rows);

struct entry {
    int64_t id;
    struct queue_place place;
};

/* The next ones of one of the two queues. */
struct strand {
    spd_txn *txn;
    const struct seat *seat; /* NULL: all are wanted */
    struct entry *jobs;
    size_t count, limit;
    size_t looked;
    struct entry last; /* looked at */
    bool has_more;     /* behind that one, perhaps */
};

/* Could the printer take it when its hour comes and nobody holds it back? */
static bool fits(const struct strand *strand, const struct job *lent)
{
    struct arena arena = { 0 };
    struct list feeds;
    struct job job = *lent;
    job.held = false;
    job.scheduled_start = 0;
    const struct sliced_plate *plate = job_plate(strand->txn, &job, &arena);
    bool can = match(strand->seat, &job, plate, 0, &feeds, &arena) == CAN_TAKE;
    arena_fini(&arena);
    return can;
}

static bool see(void *arg, const void *record)
{
    struct strand *strand = arg;
    const struct job *job = record;
    if (strand->count == strand->limit || strand->looked == LOOKED_MAX) {
        strand->has_more = true;
        return false;
    }
    strand->looked++;
    strand->last = (struct entry){ job->id, job_queue_place(job) };
    if (strand->seat == NULL || fits(strand, job))
        strand->jobs[strand->count++] = strand->last;
    return true;
}

static void fill(struct strand *strand, int64_t printer_id,
                 const struct queue_place *behind)
{
    struct key prefix, from;
    struct span span =
        behind == NULL
            ? job_queue_span(printer_id, &prefix)
            : job_queue_span_behind(printer_id, behind, &prefix, &from);
    strand->jobs = mem_array(strand->limit, sizeof(*strand->jobs));
    record_each(strand->txn, &job_kind, &span, see, strand);
}

static bool goes_before(const struct entry *a, const struct entry *b)
{
    return queue_place_compare(&a->place, &b->place) < 0;
}

/* The strand whose first one is next; NULL: neither has any. */
static struct strand *next_of(struct strand *a, struct strand *b)
{
    if (a->count == 0 || b->count == 0)
        return a->count > 0 ? a : b->count > 0 ? b : NULL;
    return goes_before(a->jobs, b->jobs) ? a : b;
}

static void put_text(spd_txn *txn, int64_t id, struct buf *out)
{
    spd_str text;
    struct spd_error err;
    if (record_text(txn, &job_kind, id, &text, &err) != SPD_OK)
        return;
    if (out->ptr[out->len - 1] != '[')
        buf_put_char(out, ',');
    buf_put(out, text);
}

/* Behind the last one that was looked at in a strand with more, nothing of the
 * other can be told: something may stand between. */
static bool is_beyond(const struct strand *strand, const struct entry *job)
{
    return strand->has_more && goes_before(&strand->last, job);
}

/* Returns the id to go on behind; 0: that was all. */
static int64_t merge(struct strand strands[2], size_t limit, struct buf *out)
{
    struct strand *next;
    int64_t last_id = 0;
    size_t count = 0;
    buf_put_char(out, '[');
    while ((next = next_of(&strands[0], &strands[1])) != NULL &&
           count < limit && !is_beyond(&strands[0], next->jobs) &&
           !is_beyond(&strands[1], next->jobs)) {
        last_id = next->jobs->id;
        put_text(next->txn, last_id, out);
        next->jobs++;
        next->count--;
        count++;
    }
    buf_put_char(out, ']');
    if (next != NULL && count == limit)
        return last_id;
    /* Else one strand ended where it was left off: go on from the nearer end.
     */
    const struct strand *cut = NULL;
    for (size_t i = 0; i < 2; i++)
        if (strands[i].has_more &&
            (cut == NULL || goes_before(&strands[i].last, &cut->last)))
            cut = &strands[i];
    return cut == NULL ? 0 : cut->last.id;
}

static void reply_both(struct call *call, spd_txn *txn, const struct seat *seat,
                       const struct page *page,
                       const struct queue_place *behind)
{
    size_t limit = (size_t)page->limit;
    struct strand strands[] = {
        { .txn = txn, .limit = limit },
        { .txn = txn, .limit = limit, .seat = seat },
    };
    fill(&strands[0], seat->printer.id, behind);
    fill(&strands[1], 0, behind);
    struct entry *const jobs[] = { strands[0].jobs, strands[1].jobs };
    int64_t after_id = merge(strands, limit, call_reply_buf(call));
    if (after_id != 0)
        call_link_next(call, after_id, page->limit);
    free(jobs[0]);
    free(jobs[1]);
}

static spd_err list_queue(struct call *call, spd_txn *txn)
{
    const struct queue_param *param = call->params;
    const struct page *page = &param->page;
    struct key own, any;
    struct seat seat;
    struct job after;
    struct span for_any = job_queue_span(0, &any);
    struct span for_it = job_queue_span(param->printer_id, &own);
    bool is_alone =
        record_find(txn, &job_kind, for_any.index, for_any.prefix) == 0;
    if (is_alone && call_reply_list(call, txn, &job_kind, for_it, page))
        return SPD_OK; /* a printer with jobs is not deleted */
    if (!seat_load(&seat, txn, param->printer_id, &call->arena))
        return call_refuse(call, REFUSE_NOT_FOUND, "there is no printer %lld",
                           (long long)param->printer_id);
    if (is_alone)
        return SPD_OK;
    if (page->after == 0) {
        reply_both(call, txn, &seat, page, NULL);
    } else if (record_get(txn, &job_kind, page->after, &after, &call->arena,
                          NULL) == SPD_OK &&
               job_is_waiting(&after)) {
        struct queue_place behind = job_queue_place(&after);
        reply_both(call, txn, &seat, page, &behind);
    } else { /* it has left the queue: nothing follows it there */
        buf_put(call_reply_buf(call), STR("[]"));
    }
    return SPD_OK;
}

static const struct op queue_ops[] = {
    { .name = "jobs.queue",
      .route = "GET /api/bambu/scheduled-prints/{printer_id}/queue",
      .doc = "What waits for one printer, in the order it will be printed: its "
             "own jobs, and those for any printer that it could take as it is "
             "loaded now",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &queue_fields,
      .reply = &job_fields,
      .run = list_queue },
};

spd_err engine_add_queue_ops(struct engine *engine, struct spd_error *err)
{
    return ops_add(engine->shop->ops, queue_ops, SPD_COUNT(queue_ops), engine,
                   err);
}
