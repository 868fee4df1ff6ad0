#include "engine/intake/fulfil.h"

#include <string.h>

#include "shop/job.h"
#include "shop/job_judge.h"
#include "shop/listing.h"
#include "shop/stock.h"

struct fulfilment fulfil_begin(spd_txn *txn, struct shop *shop,
                               struct arena *arena)
{
    struct fulfilment plan = {
        .txn = txn, .shop = shop, .arena = arena, .who = STR("spoold")
    };
    terms_read(txn, &plan.terms, arena);
    return plan;
}

bool fulfil_is_due(const struct fulfilment *plan, const struct order *order)
{
    const struct order_item *item = order->items.items;
    if (order->is_planned || order->held || !order_is_wanted(order) ||
        !plan->terms.auto_schedule)
        return false;
    for (size_t i = 0; i < order->items.count; i++)
        if (item[i].product_id != 0 && !item[i].is_digital)
            return true;
    return false;
}

/* One part of one item on its way into jobs. */
struct task {
    struct order *order;
    struct order_item *item;
    struct item_part *part;
    const struct part *made_of;
    const struct product *product;
    struct file file;
    const struct sliced_plate *plate;
};

/* -- the shelf -- */

static struct stock_of stock_of(const struct order_item *item,
                                const struct item_part *part)
{
    return (struct stock_of){ item->product_id, part->part, part->color };
}

static spd_err shift(struct fulfilment *plan, const struct task *task,
                     int64_t pieces, enum stock_why why, int64_t *moved,
                     struct spd_error *err)
{
    struct stock_of what = stock_of(task->item, task->part);
    *moved = 0;
    if (pieces == 0)
        return SPD_OK;
    return stock_shift(plan->txn, plan->shop, &what, pieces, why,
                       task->order->id, moved, err);
}

static spd_err take_from_shelf(struct fulfilment *plan, const struct task *task,
                               struct spd_error *err)
{
    int64_t moved;
    spd_err rc =
        shift(plan, task, -task->part->missing, STOCK_ORDER, &moved, err);
    task->part->from_stock -= moved;
    task->part->missing += moved;
    return rc;
}

/* What was taken and is needed no more, and what was printed beyond the need;
 * also back from there, when a piece turns out to be no good. */
static spd_err put_on_shelf(struct fulfilment *plan, const struct task *task,
                            struct spd_error *err)
{
    struct item_part *part = task->part;
    int64_t too_many = part->from_stock - part->needed, moved;
    spd_err rc = shift(plan, task, too_many > 0 ? too_many : 0, STOCK_ORDER,
                       &moved, err);
    part->from_stock -= moved;
    int64_t surplus = part->good - (part->needed - part->from_stock);
    if (surplus < 0)
        surplus = 0;
    if (rc == SPD_OK)
        rc = shift(plan, task, surplus - part->to_stock, STOCK_SURPLUS, &moved,
                   err);
    part->to_stock += moved;
    return rc;
}

/* -- jobs -- */

static void note_job(struct fulfilment *plan, int64_t id)
{
    if (plan->job_ids.count == plan->room) {
        size_t room = plan->room == 0 ? 16 : plan->room * 2;
        int64_t *ids = arena_new(plan->arena, room * sizeof(*ids));
        if (plan->job_ids.count > 0)
            memcpy(ids, plan->job_ids.items,
                   plan->job_ids.count * sizeof(*ids));
        plan->job_ids.items = ids;
        plan->room = room;
    }
    ((int64_t *)plan->job_ids.items)[plan->job_ids.count++] = id;
}

static int64_t chained_priority(const struct fulfilment *plan)
{
    int64_t priority = FULFIL_FIRST_PRIORITY - plan->chained;
    return priority > 1 ? priority : 1;
}

static void set_place(struct fulfilment *plan, const struct order *order,
                      struct job *job)
{
    job->priority = order->priority;
    if (plan->start_ms == 0)
        return;
    job->priority += chained_priority(plan);
    job->scheduled_start = plan->start_ms;
    job->status = JOB_SCHEDULED;
    plan->start_ms +=
        (job->estimated_duration_minutes * job->copies + FULFIL_PAUSE_MINUTES) *
        60000;
    plan->chained++;
}

/* Another filament than was sliced, where the plate needs but one: of several
 * nobody said which is meant. */
static struct list needs_of(const struct fulfilment *plan,
                            const struct task *task)
{
    const struct sliced_filament *sliced = task->plate->filaments.items;
    spd_str type = plan->material_type.len > 0 ? plan->material_type
                                               : task->made_of->material_type;
    if (task->plate->filaments.count != 1 ||
        (type.len == 0 && task->part->color.len == 0))
        return (struct list){ NULL, 0 };
    struct need *need = arena_new(plan->arena, sizeof(*need));
    *need = (struct need){ sliced->id, INT_NONE, type, task->part->color };
    return (struct list){ need, 1 };
}

/* What the buyer wrote has to reach whoever takes it off the plate. */
static spd_str notes_of(const struct fulfilment *plan,
                        const struct order_item *item)
{
    const struct variation *written = item->personalization.items;
    struct buf text = { 0 };
    for (size_t i = 0; i < item->personalization.count; i++)
        buf_printf(&text, "%s%.*s: %.*s", i == 0 ? "" : "\n",
                   STR_ARG(written[i].name), STR_ARG(written[i].value));
    spd_str notes = arena_str(plan->arena, str_clip(buf_str(&text), 4000));
    bool is_empty = notes.len == 0;
    buf_fini(&text);
    return is_empty ? (spd_str){ NULL, 0 } : notes;
}

static spd_str name_of(const struct fulfilment *plan, const struct task *task)
{
    const spd_str part = task->made_of->name;
    return arena_printf(plan->arena, "Order %.*s: %.*s%s%.*s",
                        STR_ARG(str_clip(task->order->number, 60)),
                        STR_ARG(str_clip(task->product->product_name, 60)),
                        part.len > 0 ? ", " : "", STR_ARG(str_clip(part, 60)));
}

static int64_t ship_by_of(const struct task *task)
{
    return task->item->ship_by != 0 ? task->item->ship_by
                                    : task->order->ship_by;
}

static struct job job_of(const struct fulfilment *plan, const struct task *task,
                         int64_t copies)
{
    struct job job;
    fields_init(&job_fields, &job);
    job.job_name = name_of(plan, task);
    job.printer_id = plan->printer_id;
    job.order_id = task->order->id;
    job.order_item = task->item->number;
    job.order_part = task->part->part;
    job.yield = task->made_of->yield;
    job.file_id = task->made_of->file_id;
    job.plate = task->plate->index;
    job.copies = copies;
    job.needs = needs_of(plan, task);
    job.material_type = plan->material_type.len > 0
                            ? plan->material_type
                            : task->made_of->material_type;
    job.nozzle_temp = task->product->nozzle_temp;
    job.bed_temp = task->product->bed_temp;
    job.print_speed = task->product->print_speed;
    job.notes = notes_of(plan, task->item);
    job.ship_by = ship_by_of(task);
    job.user_id = plan->call != NULL ? plan->call->actor->person_id : 0;
    job.asked_by = plan->who;
    job.created_at = shop_now_ms(plan->shop);
    return job;
}

static spd_err add_job(struct fulfilment *plan, const struct task *task,
                       int64_t copies, struct spd_error *err)
{
    struct job job = job_of(plan, task, copies);
    struct change change = { "job.created", plan->who };
    spd_err rc = SPD_OK;
    if (plan->call != NULL)
        rc = job_judge(plan->call, plan->txn, &job);
    else
        job_follow_file(&job, &task->file, task->plate);
    plan->is_refused = rc != SPD_OK;
    if (rc != SPD_OK)
        return rc;
    set_place(plan, task->order, &job);
    rc = job_put(plan->txn, plan->shop, &job, &change, err);
    if (rc == SPD_OK)
        note_job(plan, job.id);
    return rc;
}

/* A job for each print, so that several printers share them; of very many
 * prints some are copies. */
static spd_err add_jobs(struct fulfilment *plan, const struct task *task,
                        int64_t prints, struct spd_error *err)
{
    int64_t jobs = prints < FULFIL_JOBS_MAX ? prints : FULFIL_JOBS_MAX;
    spd_err rc = SPD_OK;
    for (int64_t i = 0; i < jobs && rc == SPD_OK; i++)
        rc = add_job(plan, task, prints / jobs + (i < prints % jobs), err);
    return rc;
}

/* -- what is to be asked for -- */

static bool find_plate(const struct fulfilment *plan, struct task *task)
{
    if (record_get(plan->txn, &file_kind, task->made_of->file_id, &task->file,
                   plan->arena, NULL) != SPD_OK)
        return false;
    task->plate = file_plate(&task->file, task->made_of->plate);
    return task->plate != NULL;
}

static int64_t prints_for(const struct task *task, int64_t pieces)
{
    int64_t yield = task->made_of->yield;
    return pieces > 0 ? (pieces + yield - 1) / yield : 0;
}

/* By itself what nobody asked for yet, and so often what came to nothing; what
 * a person has cancelled is his. */
static int64_t prints_by_itself(const struct fulfilment *plan,
                                const struct task *task,
                                const struct part_tally *tally)
{
    int64_t missing = task->part->missing - tally->cancelled;
    int64_t lost = tally->failed + task->part->scrap;
    int64_t prints = prints_for(task, missing);
    int64_t fresh = prints_for(task, missing - lost);
    int64_t left = plan->terms.remakes_max - task->item->remakes;
    int64_t most = fresh + (left > 0 ? left : 0);
    if (prints > most)
        prints = most;
    task->item->remakes += prints - fresh;
    return prints;
}

static spd_err ask_for(struct fulfilment *plan, struct task *task,
                       const struct part_tally *tally, struct spd_error *err)
{
    if (task->part->missing <= 0)
        return SPD_OK;
    spd_err rc = take_from_shelf(plan, task, err);
    if (rc != SPD_OK || !find_plate(plan, task))
        return rc;
    int64_t prints = plan->call != NULL ? prints_for(task, task->part->missing)
                                        : prints_by_itself(plan, task, tally);
    return add_jobs(plan, task, prints, err);
}

static spd_err plan_item(struct fulfilment *plan, struct order *order,
                         struct order_item *item,
                         const struct item_tally *tally, struct spd_error *err)
{
    const struct part *made_of = tally->made_of.items;
    bool is_open = order_is_wanted(order) && !order->held &&
                   item->trouble.len == 0 && !item->is_removed;
    spd_err rc = SPD_OK;
    for (size_t p = 0; p < item->parts.count && rc == SPD_OK; p++) {
        struct task task = { .order = order,
                             .item = item,
                             .part = (struct item_part *)item->parts.items + p,
                             .product = &tally->product };
        if (p < tally->made_of.count)
            task.made_of = &made_of[p];
        if (is_open && task.made_of != NULL)
            rc = ask_for(plan, &task, &tally->parts[p], err);
        if (rc == SPD_OK)
            rc = put_on_shelf(plan, &task, err);
    }
    return rc;
}

/* -- what is wanted no more -- */

struct unwanted {
    const struct order *order;
    int64_t ids[256]; /* more come with the next look */
    size_t count;
};

/* Why the job need not be printed; NULL: it must. */
static const char *why_unwanted(const struct order *order,
                                const struct job *job)
{
    const struct order_item *item = order->items.items;
    if (order_is_off(order))
        return "its order was cancelled";
    if (order->is_shipped)
        return "its order was shipped";
    for (size_t i = 0; i < order->items.count; i++)
        if (item[i].number == job->order_item && item[i].is_removed)
            return "its item was taken out of the order";
    return NULL;
}

/* What a person made for the order by hand is his. */
static bool note_unwanted(void *arg, const void *record)
{
    struct unwanted *unwanted = arg;
    const struct job *job = record;
    if (job_is_waiting(job) && job->order_item != 0 &&
        why_unwanted(unwanted->order, job) != NULL)
        unwanted->ids[unwanted->count++] = job->id;
    return unwanted->count < SPD_COUNT(unwanted->ids);
}

static spd_err cancel_job(struct fulfilment *plan, const struct order *order,
                          int64_t id, struct spd_error *err)
{
    struct job job;
    struct change change = { "job.cancelled", plan->who };
    spd_err rc = record_get(plan->txn, &job_kind, id, &job, plan->arena, err);
    if (rc != SPD_OK)
        return rc;
    job.status = JOB_CANCELLED;
    job.phase = PHASE_DONE;
    job.completed_at = shop_now_ms(plan->shop);
    job.failed_reason = str_of(why_unwanted(order, &job));
    return job_put(plan->txn, plan->shop, &job, &change, err);
}

/* What prints already, a person must judge. */
static spd_err cancel_unwanted(struct fulfilment *plan,
                               const struct order *order, struct spd_error *err)
{
    struct key prefix;
    struct span span = job_order_span(order->id, &prefix);
    struct unwanted unwanted = { .order = order };
    record_each(plan->txn, &job_kind, &span, note_unwanted, &unwanted);
    spd_err rc = SPD_OK;
    for (size_t i = 0; i < unwanted.count && rc == SPD_OK; i++)
        rc = cancel_job(plan, order, unwanted.ids[i], err);
    return rc;
}

/* -- all of it -- */

static const char *topic_of(const struct order *before,
                            const struct order *order)
{
    static const char *const topics[] = {
        [PRODUCTION_NEW] = "order.unplanned",
        [PRODUCTION_QUEUED] = "order.queued",
        [PRODUCTION_PRINTING] = "order.printing",
        [PRODUCTION_PRINTED] = "order.printed",
        [PRODUCTION_SHIPPED] = "order.shipped",
        [PRODUCTION_FAILED] = "order.failed",
    };
    return before->production_status == order->production_status
               ? "order.reckoned"
               : topics[order->production_status];
}

static spd_err write_changes(struct fulfilment *plan,
                             const struct order *before, struct order *order,
                             struct spd_error *err)
{
    struct buf one = { 0 }, other = { 0 };
    struct change change = { topic_of(before, order), plan->who };
    spd_err rc = SPD_OK;
    fields_pack(&order_fields, before, &one);
    fields_pack(&order_fields, order, &other);
    if (!str_equal(buf_str(&one), buf_str(&other)))
        rc = order_put(plan->txn, plan->shop, order, &change, err);
    buf_fini(&one);
    buf_fini(&other);
    return rc;
}

/* The items of `order` are written to; `before` keeps what they were. */
static struct list copy_items(const struct list *items, struct arena *arena)
{
    struct order_item *copy = arena_new(arena, items->count * sizeof(*copy));
    if (items->count > 0)
        memcpy(copy, items->items, items->count * sizeof(*copy));
    return (struct list){ copy, items->count };
}

spd_err fulfil_changed(struct fulfilment *plan, const struct order *before,
                       struct order *order, struct spd_error *err)
{
    struct tally tally;
    spd_err rc = SPD_OK;
    order->items = copy_items(&order->items, plan->arena);
    struct order_item *item = order->items.items;
    listing_match_order(plan->txn, order);
    order->is_planned |=
        plan->call != NULL || (!plan->waits && fulfil_is_due(plan, order));
    if (order->is_planned)
        rc = cancel_unwanted(plan, order, err);
    reckon(plan->txn, &plan->terms, order, &tally, plan->arena);
    for (size_t i = 0; i < order->items.count && rc == SPD_OK; i++)
        rc = plan_item(plan, order, &item[i], &tally.items[i], err);
    if (rc != SPD_OK)
        return rc;
    reckon(plan->txn, &plan->terms, order, NULL, plan->arena);
    return write_changes(plan, before, order, err);
}

spd_err fulfil_order(struct fulfilment *plan, struct order *order,
                     struct spd_error *err)
{
    struct order before = *order;
    return fulfil_changed(plan, &before, order, err);
}
