/* The operations of jobs; the seed's routes call them scheduled prints. */
#include "shop/fleet.h"
#include "shop/job_acts.h"
#include "shop/job_judge.h"
#include "shop/job_review.h"
#include "shop/printer.h"

/* -- listing -- */

static const char *const filter_names[] = {
    "any",       "queued", "scheduled", "started",
    "completed", "failed", "cancelled", NULL,
};

struct list_param {
    int64_t printer_id;
    int status; /* place in filter_names */
    struct page page;
};

static const struct field list_rows[] = {
    FIELD(list_param, status, FIELD_CHOICE, "only these",
          .choices = filter_names),
    PAGE_ROWS(list_param, page),
};
static const struct fields list_fields = TABLE("list", list_param, list_rows);

static const struct field of_printer_rows[] = {
    FIELD(list_param, printer_id, FIELD_ID, "which printer",
          .flags = FIELD_REQUIRED),
    FIELD(list_param, status, FIELD_CHOICE, "only these",
          .choices = filter_names),
    PAGE_ROWS(list_param, page),
};
static const struct fields of_printer_fields =
    TABLE("of_printer", list_param, of_printer_rows);

static spd_err need_printer(struct call *call, spd_txn *txn, int64_t id)
{
    if (record_exists(txn, &printer_kind, id))
        return SPD_OK;
    return call_refuse(call, REFUSE_NOT_FOUND, "there is no printer %lld",
                       (long long)id);
}

static spd_err list_jobs(struct call *call, spd_txn *txn)
{
    const struct list_param *param = call->params;
    struct key prefix;
    struct span span = { 0 };
    if (param->status > 0)
        span =
            job_status_span(0, (enum job_status)(param->status - 1), &prefix);
    call_reply_list(call, txn, &job_kind, span, &param->page);
    return SPD_OK;
}

static spd_err list_of_printer(struct call *call, spd_txn *txn)
{
    const struct list_param *param = call->params;
    spd_err rc = need_printer(call, txn, param->printer_id);
    if (rc != SPD_OK)
        return rc;
    struct key prefix;
    struct span span =
        param->status == 0
            ? job_printer_span(param->printer_id, &prefix)
            : job_status_span(param->printer_id,
                              (enum job_status)(param->status - 1), &prefix);
    call_reply_list(call, txn, &job_kind, span, &param->page);
    return SPD_OK;
}

/* A job that no printer of the shop could ever print says so, and why. */
static void mark_unprintable(struct call *call, spd_txn *txn,
                             const struct job *job)
{
    const struct shop *shop = call->self;
    struct buf why = { 0 }, mark = { 0 };
    if (shop->judge_printable != NULL)
        shop->judge_printable(shop->rank_arg, txn, job, &why);
    if (why.len > 0) {
        struct buf *reply = call_reply_buf(call);
        spd_jsonw w;
        jsonw_init(&w, &mark);
        jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
        jsonw_put_str(&w, "unprintable", buf_str(&why));
        jsonw_end(&w);
        reply->len--; /* the brace: one more member comes */
        buf_put_char(reply, ',');
        buf_put(reply, (spd_str){ mark.ptr + 1, mark.len - 1 });
    }
    buf_fini(&why);
    buf_fini(&mark);
}

static spd_err reply_marked(struct call *call, spd_txn *txn,
                            const struct job *job)
{
    spd_err rc = call_reply_tagged(call, txn, &job_kind, job->id);
    if (rc == SPD_OK)
        mark_unprintable(call, txn, job);
    return rc;
}

static spd_err get_job(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct job job;
    spd_err got = call_get(call, txn, &job_kind, which->id, &job);
    return got == SPD_OK ? reply_marked(call, txn, &job) : got;
}

/* -- asking for one -- */

static spd_err put_job(struct call *call, spd_txn *txn, struct job *job,
                       const char *topic)
{
    spd_err rc = job_write(call, txn, job, topic);
    return rc == SPD_OK ? reply_marked(call, txn, job) : rc;
}

static spd_err create_job(struct call *call, spd_txn *txn)
{
    struct job job = *(struct job *)call->body;
    if (job.status != JOB_QUEUED && job.status != JOB_SCHEDULED)
        return call_refuse(call, REFUSE_CONTENT,
                           "a new job is queued or scheduled; it cannot begin "
                           "as %s",
                           job_status_names[job.status]);
    spd_err rc = job_judge(call, txn, &job);
    if (rc != SPD_OK)
        return rc;
    job.id = 0;
    job.status = job.scheduled_start != 0 ? JOB_SCHEDULED : JOB_QUEUED;
    job.user_id = call->actor->person_id;
    job.asked_by = str_of(call->actor->who);
    job.created_at = shop_now_ms(call->self);
    return put_job(call, txn, &job, "job.created");
}

/* -- changing one -- */

struct which_print {
    int64_t print_id;
    bool stop;
};
static const struct field which_print_rows[] = {
    FIELD(which_print, print_id, FIELD_ID, "which job",
          .flags = FIELD_REQUIRED),
};
static const struct fields which_print_fields =
    TABLE("which_print", which_print, which_print_rows);

static const struct field cancel_rows[] = {
    FIELD(which_print, print_id, FIELD_ID, "which job",
          .flags = FIELD_REQUIRED),
    FIELD(which_print, stop, FIELD_BOOL, "also when it is printing: stop it",
          .fallback = "false"),
};
static const struct fields cancel_fields =
    TABLE("cancel", which_print, cancel_rows);

static bool body_has(const struct call *call, const char *member)
{
    return json_member(call->body_json, member) != NULL;
}

/* Nobody knows how it goes, or the printer that knows cannot be asked: then a
 * person's word counts. */
static bool is_for_a_person(const struct call *call,
                            const struct attempt *attempt)
{
    const struct shop *shop = call->self;
    const struct live *live = fleet_find(shop->fleet, attempt->printer_id);
    bool is_out_of_reach =
        live == NULL || live->box.state.connection != CONNECTION_CONNECTED;
    return attempt->step == STEP_UNKNOWN ||
           (attempt->step >= STEP_STARTING && is_out_of_reach);
}

/* While an attempt is under way its job is not to be rewritten. */
static spd_err judge_attempt(struct call *call, spd_txn *txn, struct job *job,
                             enum job_status to)
{
    struct attempt attempt;
    if (!attempt_of_job(txn, job->id, &attempt, &call->arena))
        return SPD_OK;
    if (body_has(call, "status") && is_for_a_person(call, &attempt))
        return job_end_unknown(call, txn, job, &attempt, to);
    if (attempt.step == STEP_UNKNOWN)
        return call_refuse(call, REFUSE_CONFLICT,
                           "nobody knows what became of job %lld on printer "
                           "%lld; look at it, and set the job's status first",
                           (long long)job->id, (long long)attempt.printer_id);
    return call_refuse(call, REFUSE_CONFLICT,
                       "job %lld is on printer %lld just now (%s); cancel it "
                       "before you change it",
                       (long long)job->id, (long long)attempt.printer_id,
                       job_phase_names[job->phase]);
}

/* Notes may be written at any time; the rest waits for the attempt. */
static bool touches_print(const struct call *call)
{
    static const char *const harmless[] = { "notes", "priority", "ship_by",
                                            "job_name" };
    for (const spd_json *m = json_first(call->body_json); m != NULL;
         m = json_next(m)) {
        bool is_harmless = false;
        for (size_t i = 0; i < SPD_COUNT(harmless); i++)
            is_harmless |= str_is(json_name(m), harmless[i]);
        if (!is_harmless)
            return true;
    }
    return false;
}

/* Which status the words of the request ask for. */
static enum job_status wanted_status(const struct job *patched,
                                     enum job_status before)
{
    bool waits =
        patched->status == JOB_QUEUED || patched->status == JOB_SCHEDULED;
    bool is_whole =
        patched->copies_done > 0 && patched->copies_done >= patched->copies;
    if (waits && is_whole) /* fewer are wanted than there were */
        return JOB_COMPLETED;
    if (waits && (enum job_status)patched->status == before)
        return patched->scheduled_start != 0 ? JOB_SCHEDULED : JOB_QUEUED;
    return (enum job_status)patched->status;
}

/* What followed from the file follows from another one anew. */
static void forget_file(const struct call *call, struct job *job)
{
    if (!body_has(call, "file_id") && !body_has(call, "plate"))
        return;
    if (body_has(call, "file_id") && !body_has(call, "plate"))
        job->plate = INT_NONE;
    if (str_equal(job->job_name, job->file_name) && !body_has(call, "job_name"))
        job->job_name = (spd_str){ NULL, 0 };
    if (!body_has(call, "estimated_duration_minutes"))
        job->estimated_duration_minutes = INT_NONE;
    if (!body_has(call, "material_type"))
        job->material_type = (spd_str){ NULL, 0 };
}

/* A person's choice of a printer goes before where it was to be tried again. */
static void forget_retry(const struct call *call, struct job *job)
{
    if (!body_has(call, "printer_id"))
        return;
    job->stays_on = 0;
    if (job->printer_id != 0)
        job->avoids = (struct list){ NULL, 0 };
}

static spd_err update_job(struct call *call, spd_txn *txn)
{
    const struct which_print *param = call->params;
    struct job job;
    spd_err got = call_get(call, txn, &job_kind, param->print_id, &job);
    if (got == SPD_OK)
        got = call_judge_tag(call, txn, &job_kind, job.id);
    if (got != SPD_OK)
        return got;
    enum job_status before = (enum job_status)job.status;
    int64_t priority = job.priority, start = job.scheduled_start;
    call_patch(call, &job);
    forget_file(call, &job);
    forget_retry(call, &job);
    if (job.priority != priority || job.scheduled_start != start)
        job_unmove(&job);
    enum job_status to = wanted_status(&job, before);
    job.status = (int)before;
    spd_err rc = SPD_OK;
    if (touches_print(call))
        rc = judge_attempt(call, txn, &job, to);
    if (rc == SPD_OK && to != before)
        rc = job_move(call, &job, to);
    if (rc == SPD_OK && !job_is_done(&job))
        rc = job_judge(call, txn, &job);
    if (rc != SPD_OK)
        return rc;
    static const char *const topics[] = {
        [JOB_QUEUED] = "job.queued",   [JOB_SCHEDULED] = "job.scheduled",
        [JOB_STARTED] = "job.started", [JOB_COMPLETED] = "job.completed",
        [JOB_FAILED] = "job.failed",   [JOB_CANCELLED] = "job.cancelled",
    };
    return put_job(call, txn, &job, to == before ? "job.updated" : topics[to]);
}

/* -- acts -- */

static spd_err reply_job(struct call *call, spd_txn *txn, spd_err rc,
                         int64_t id)
{
    return rc == SPD_OK ? call_reply_tagged(call, txn, &job_kind, id) : rc;
}

static spd_err cancel_job(struct call *call, spd_txn *txn)
{
    const struct which_print *param = call->params;
    struct job job;
    spd_err rc = call_get(call, txn, &job_kind, param->print_id, &job);
    if (rc == SPD_OK)
        rc = job_cancel(call, txn, &job, param->stop);
    return reply_job(call, txn, rc, param->print_id);
}

static spd_err hold_or_release(struct call *call, spd_txn *txn, bool held)
{
    const struct id_param *which = call->params;
    struct job job;
    spd_err rc = call_get(call, txn, &job_kind, which->id, &job);
    if (rc == SPD_OK)
        rc = job_set_held(call, txn, &job, held);
    return reply_job(call, txn, rc, which->id);
}

static spd_err hold_job(struct call *call, spd_txn *txn)
{
    return hold_or_release(call, txn, true);
}

static spd_err release_job(struct call *call, spd_txn *txn)
{
    return hold_or_release(call, txn, false);
}

struct movement {
    int64_t before, after;
    bool back;
};
static const struct field movement_rows[] = {
    FIELD(movement, before, FIELD_ID, "directly before this job",
          .flags = FIELD_NULL),
    FIELD(movement, after, FIELD_ID, "or directly behind this one",
          .flags = FIELD_NULL),
    FIELD(movement, back, FIELD_BOOL,
          "or back to where the policy, its priority, start and age put it",
          .fallback = "false"),
};
static const struct fields movement_fields =
    TABLE("movement", movement, movement_rows);

static spd_err move_job(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct movement to;
    struct job job;
    fields_init(&movement_fields, &to);
    call_patch(call, &to);
    if ((to.before != 0) + (to.after != 0) + to.back != 1)
        return call_refuse(call, REFUSE_CONTENT,
                           "say where to: before a job, after a job, or back "
                           "into the order (back=true); one of them");
    spd_err rc = call_get(call, txn, &job_kind, which->id, &job);
    if (rc == SPD_OK)
        rc = call_judge_tag(call, txn, &job_kind, which->id);
    if (rc == SPD_OK && to.back)
        rc = job_put_back(call, txn, &job);
    else if (rc == SPD_OK)
        rc = job_put_beside(call, txn, &job, to.before + to.after,
                            to.before != 0);
    return reply_job(call, txn, rc, which->id);
}

static const struct op job_ops[] = {
    { .name = "jobs.list",
      .route = "GET /api/jobs",
      .doc = "All jobs",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &list_fields,
      .reply = &job_fields,
      .run = list_jobs },
    { .name = "jobs.get",
      .route = "GET /api/jobs/{id}",
      .doc = "One job; `unprintable` says why, where no printer of the shop "
             "could ever print it",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .params = &id_param_fields,
      .reply = &job_fields,
      .run = get_job },
    { .name = "jobs.of_printer",
      .route = "GET /api/bambu/scheduled-prints/{printer_id}",
      .doc = "The jobs of one printer",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &of_printer_fields,
      .reply = &job_fields,
      .run = list_of_printer },
    { .name = "jobs.create",
      .route = "POST /api/bambu/scheduled-prints",
      .doc = "Ask for a print; where no printer of the shop could ever print "
             "it, it waits, and `unprintable` in the reply says why",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE | OP_CREATE,
      .body = &job_fields,
      .reply = &job_fields,
      .run = create_job },
    { .name = "jobs.update",
      .route = "PUT /api/bambu/scheduled-prints/{print_id}",
      .doc = "Change what is given of a job; its status too, for a print that "
             "is started or ended by hand",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &which_print_fields,
      .body = &job_fields,
      .reply = &job_fields,
      .run = update_job },
    { .name = "jobs.cancel",
      .route = "DELETE /api/bambu/scheduled-prints/{print_id}",
      .doc = "Cancel a job",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &cancel_fields,
      .reply = &job_fields,
      .run = cancel_job },
    { .name = "jobs.move",
      .route = "POST /api/bambu/scheduled-prints/{id}/move",
      .doc = "Put a waiting job directly before or behind another; there it "
             "stays until it is moved again or its priority or start changes",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .body = &movement_fields,
      .reply = &job_fields,
      .run = move_job },
    { .name = "jobs.hold",
      .route = "POST /api/jobs/{id}/hold",
      .doc = "Keep a waiting job back until it is released",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .reply = &job_fields,
      .run = hold_job },
    { .name = "jobs.release",
      .route = "POST /api/jobs/{id}/release",
      .doc = "Let a job that was held back go to the printers",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .reply = &job_fields,
      .run = release_job },
};

spd_err job_add_ops(struct shop *shop, struct spd_error *err)
{
    spd_err rc = ops_add(shop->ops, job_ops, SPD_COUNT(job_ops), shop, err);
    if (rc == SPD_OK)
        rc = job_add_bulk_ops(shop, err);
    return rc == SPD_OK ? job_add_review_ops(shop, err) : rc;
}
