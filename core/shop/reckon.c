#include "shop/reckon.h"

#include <math.h>
#include <string.h>

#include "shop/attempt.h"
#include "shop/job.h"
#include "shop/product_cost.h"

struct sums {
    double filament, minutes, grams; /* in major units, of real prints */
    double estimated;
};

struct reckoning {
    spd_txn *txn;
    const struct terms *terms;
    struct order *order;
    struct tally *tally;
    struct arena *arena;
    struct sums *sums; /* one for each item, and one for what has none */
};

bool order_is_off(const struct order *order)
{
    return order->status == ORDER_CANCELLED || order->status == ORDER_REFUNDED;
}

static struct order_item *items_of(const struct reckoning *r)
{
    return r->order->items.items;
}

/* -- what is needed -- */

static void load_product(const struct reckoning *r, size_t i)
{
    struct item_tally *item = &r->tally->items[i];
    int64_t id = items_of(r)[i].product_id;
    if (id == 0 || record_get(r->txn, &product_kind, id, &item->product,
                              r->arena, NULL) != SPD_OK)
        item->product = (struct product){ 0 };
    else
        item->made_of = product_parts(&item->product, r->arena);
}

/* The parts that were planned once keep their places. */
static void list_parts(const struct reckoning *r, size_t i)
{
    struct order_item *item = &items_of(r)[i];
    struct item_tally *tally = &r->tally->items[i];
    size_t count = item->parts.count, wanted = tally->made_of.count;
    if (!r->order->is_planned || item->is_digital)
        wanted = 0;
    struct item_part *parts =
        arena_new(r->arena, (count > wanted ? count : wanted) * sizeof(*parts));
    if (count > 0)
        memcpy(parts, item->parts.items, count * sizeof(*parts));
    for (; count < wanted; count++)
        parts[count].part = (int64_t)count + 1;
    item->parts = (struct list){ parts, count };
    tally->parts = arena_new(r->arena, count * sizeof(*tally->parts));
}

/* Of a part that the product has no more, as it was. */
static int64_t needed_of(const struct reckoning *r, size_t i, size_t p)
{
    const struct order_item *item = &items_of(r)[i];
    const struct list *made_of = &r->tally->items[i].made_of;
    const struct part *parts = made_of->items;
    if (order_is_off(r->order) || item->is_removed)
        return 0;
    if (p >= made_of->count)
        return ((const struct item_part *)item->parts.items)[p].needed;
    return item->quantity * parts[p].count;
}

static void set_needs(const struct reckoning *r, size_t i)
{
    struct order_item *item = &items_of(r)[i];
    const struct item_tally *tally = &r->tally->items[i];
    const struct part *made_of = tally->made_of.items;
    struct item_part *parts = item->parts.items;
    spd_str value;
    for (size_t p = 0; p < item->parts.count; p++) {
        parts[p].needed = needed_of(r, i, p);
        parts[p].good = parts[p].scrap = parts[p].expected = 0;
        if (p < tally->made_of.count)
            product_color(&tally->product, &made_of[p], item, &parts[p].color,
                          &value);
    }
}

/* -- what the jobs say -- */

static void add_attempt(const struct reckoning *r, struct sums *sums,
                        const struct job *job, const struct attempt *attempt)
{
    if (attempt->step != STEP_ENDED)
        return;
    if (attempt->printing_at != 0)
        sums->minutes +=
            (double)(attempt->ended_at - attempt->printing_at) / 60000;
    if (isnan(attempt->grams))
        return;
    sums->grams += attempt->grams;
    if (!isnan(attempt->cost))
        sums->filament += attempt->cost;
    else
        sums->filament += attempt->grams / 1000 *
                          filament_per_kg(r->txn, job->material_type,
                                          (spd_str){ NULL, 0 }, r->terms);
}

struct attempts_of {
    const struct reckoning *r;
    struct sums *sums;
    const struct job *job;
};

static bool each_attempt(void *arg, const void *record)
{
    const struct attempts_of *of = arg;
    add_attempt(of->r, of->sums, of->job, record);
    return true;
}

static size_t index_of(const struct reckoning *r, int64_t number)
{
    size_t i = 0;
    while (i < r->order->items.count && items_of(r)[i].number != number)
        i++;
    return i;
}

static void add_pieces(const struct reckoning *r, size_t i,
                       const struct job *job)
{
    struct order_item *item = &items_of(r)[i];
    struct item_tally *tally = &r->tally->items[i];
    size_t p = (size_t)job->order_part - 1;
    if (job->order_part < 1 || p >= item->parts.count)
        return;
    struct item_part *part = (struct item_part *)item->parts.items + p;
    int64_t done =
        job->status == JOB_COMPLETED ? job->copies : job->copies_done;
    int64_t open = (job->copies - done) * job->yield;
    part->good += job->reviewed_at != 0 ? job->good : done * job->yield;
    part->scrap += job->reviewed_at != 0 ? job->scrap : 0;
    if (!job_is_done(job))
        part->expected += open;
    else if (job->status == JOB_CANCELLED)
        tally->parts[p].cancelled += open;
    else
        tally->parts[p].failed += open;
    tally->is_started |= job->status == JOB_STARTED;
}

static bool each_job(void *arg, const void *record)
{
    const struct reckoning *r = arg;
    const struct job *job = record;
    size_t i = index_of(r, job->order_item);
    struct attempts_of of = { r, &r->sums[i], job };
    struct key prefix;
    struct span span = attempt_job_span(job->id, &prefix);
    record_each(r->txn, &attempt_kind, &span, each_attempt, &of);
    if (job->status != JOB_CANCELLED && job->estimated_duration_minutes > 0)
        r->sums[i].estimated +=
            (double)(job->estimated_duration_minutes * job->copies);
    if (i < r->order->items.count)
        add_pieces(r, i, job);
    return true;
}

static void walk_jobs(const struct reckoning *r)
{
    struct key prefix;
    struct span span = job_order_span(r->order->id, &prefix);
    struct reckoning again = *r;
    record_each(r->txn, &job_kind, &span, each_job, &again);
}

/* -- what stands in the way -- */

/* NULL: nothing. */
static spd_str trouble_of_part(const struct reckoning *r, size_t i, size_t p)
{
    const struct order_item *item = &items_of(r)[i];
    const struct item_tally *tally = &r->tally->items[i];
    const struct part *part = (const struct part *)tally->made_of.items + p;
    struct file file;
    spd_str color, value = { NULL, 0 };
    if (item->quantity * part->count > RECKON_PIECES_MAX)
        return arena_printf(r->arena, "%lld pieces of one part are too many",
                            (long long)(item->quantity * part->count));
    if (!product_color(&tally->product, part, item, &color, &value))
        return arena_printf(r->arena,
                            "%.*s does not say which filament \"%.*s\" is; "
                            "add it to its colors",
                            STR_ARG(str_clip(tally->product.product_name, 60)),
                            STR_ARG(str_clip(value, 60)));
    if (record_get(r->txn, &file_kind, part->file_id, &file, r->arena, NULL) !=
        SPD_OK)
        return arena_printf(r->arena, "the file of part %zu is gone", p + 1);
    if (file_plate(&file, part->plate) == NULL)
        return arena_printf(r->arena, "%.*s has no plate %lld any more",
                            STR_ARG(str_clip(file.name, 60)),
                            (long long)part->plate);
    return (spd_str){ NULL, 0 };
}

static spd_str trouble_of(const struct reckoning *r, size_t i)
{
    const struct order_item *item = &items_of(r)[i];
    const struct item_tally *tally = &r->tally->items[i];
    const struct item_part *parts = item->parts.items;
    spd_str trouble = { NULL, 0 };
    if (item->is_digital || item->is_removed || item->product_id == 0)
        return trouble;
    if (tally->product.id == 0)
        return STR("its product is gone");
    if (tally->made_of.count == 0)
        return STR("nobody said from which file its product is printed");
    for (size_t p = 0; p < tally->made_of.count && trouble.len == 0; p++)
        if (p >= item->parts.count || parts[p].missing > 0)
            trouble = trouble_of_part(r, i, p);
    return trouble;
}

/* -- pieces and statuses -- */

static void count_missing(struct order_item *item)
{
    struct item_part *part = item->parts.items;
    for (size_t p = 0; p < item->parts.count; p++) {
        int64_t missing = part[p].needed - part[p].from_stock - part[p].good -
                          part[p].expected;
        part[p].missing = missing > 0 ? missing : 0;
    }
}

static int item_status(const struct reckoning *r, size_t i)
{
    const struct order_item *item = &items_of(r)[i];
    const struct item_part *part = item->parts.items;
    int64_t expected = 0, missing = 0, made = 0;
    for (size_t p = 0; p < item->parts.count; p++) {
        expected += part[p].expected;
        missing += part[p].missing;
        made += part[p].good;
    }
    if (!r->order->is_planned)
        return PRODUCTION_NEW;
    if (item->parts.count == 0)
        return item->is_digital || item->is_removed ? PRODUCTION_PRINTED
                                                    : PRODUCTION_FAILED;
    if (r->tally->items[i].is_started || (expected > 0 && made > 0))
        return PRODUCTION_PRINTING;
    if (expected > 0)
        return PRODUCTION_QUEUED;
    return missing > 0 ? PRODUCTION_FAILED : PRODUCTION_PRINTED;
}

/* One that has begun makes the whole begun; what failed shows when nothing else
 * is on its way. */
static int order_status(const struct reckoning *r)
{
    size_t of[PRODUCTION_FAILED + 1] = { 0 };
    for (size_t i = 0; i < r->order->items.count; i++)
        if (!items_of(r)[i].is_digital && !items_of(r)[i].is_removed)
            of[items_of(r)[i].production]++;
    if (r->order->pinned != PRODUCTION_NEW)
        return r->order->pinned;
    if (r->order->is_shipped)
        return PRODUCTION_SHIPPED;
    bool is_off = order_is_off(r->order);
    if (of[PRODUCTION_PRINTING] > 0)
        return PRODUCTION_PRINTING;
    if (!r->order->is_planned || is_off)
        return PRODUCTION_NEW;
    if (of[PRODUCTION_QUEUED] > 0)
        return of[PRODUCTION_PRINTED] > 0 ? PRODUCTION_PRINTING
                                          : PRODUCTION_QUEUED;
    return of[PRODUCTION_FAILED] > 0 ? PRODUCTION_FAILED : PRODUCTION_PRINTED;
}

static void add_up_pieces(const struct reckoning *r)
{
    struct order *order = r->order;
    order->pieces_needed = order->pieces_good = 0;
    order->pieces_scrap = order->pieces_missing = 0;
    for (size_t i = 0; i < order->items.count; i++) {
        struct order_item *item = &items_of(r)[i];
        const struct item_part *part = item->parts.items;
        count_missing(item);
        for (size_t p = 0; p < item->parts.count; p++) {
            order->pieces_needed += part[p].needed;
            order->pieces_good += part[p].good + part[p].from_stock;
            order->pieces_scrap += part[p].scrap;
            order->pieces_missing += part[p].missing;
        }
        item->trouble = trouble_of(r, i);
        item->production = item_status(r, i);
    }
    order->production_status = order_status(r);
}

/* -- money -- */

static void cost_item(const struct reckoning *r, size_t i)
{
    struct order_item *item = &items_of(r)[i];
    const struct product *product = &r->tally->items[i].product;
    struct money zero = terms_zero(r->terms);
    double units =
        item->is_removed || order_is_off(r->order) ? 0 : (double)item->quantity;
    bool is_known = product->id != 0;
    item->filament = money_round(r->sums[i].filament, &zero);
    item->energy =
        money_round(energy_cost(r->terms, r->sums[i].minutes), &zero);
    item->labor = item->overhead = item->bought = zero;
    if (!is_known)
        return;
    item->labor = money_round(
        units * product->labor_minutes / 60 * r->terms->labor_per_hour, &zero);
    item->overhead = money_round(units * product->overhead_cost, &zero);
    item->bought = zero;
    money_add(&item->bought, &product->cost.bought, (int64_t)units);
}

/* What the order is reckoned in; null: nobody said any money. */
static struct money like_of(const struct order *order)
{
    const struct order_item *item = order->items.items;
    if (!money_is_null(&order->total))
        return money_zero(&order->total);
    for (size_t i = 0; i < order->items.count; i++)
        if (!money_is_null(&item[i].price))
            return money_zero(&item[i].price);
    return money_none;
}

static struct money add_up_refunds(const struct order *order)
{
    const struct refund *refund = order->refunds.items;
    struct money sum = like_of(order);
    for (size_t i = 0; i < order->refunds.count; i++)
        money_add(&sum, &refund[i].amount, 1);
    return sum;
}

static struct money add_up_fees(const struct order *order)
{
    const struct order_fee *fee = order->fees.items;
    struct money sum = like_of(order);
    for (size_t i = 0; i < order->fees.count; i++)
        money_add(&sum, &fee[i].amount, 1);
    return sum;
}

static struct money revenue_of(const struct order *order)
{
    const struct order_item *item = order->items.items;
    struct money sum = like_of(order);
    if (!money_is_null(&order->total)) {
        sum = order->total;
        money_add(&sum, &order->tax, -1);
    } else {
        for (size_t i = 0; i < order->items.count; i++)
            if (!item[i].is_removed)
                money_add(&sum, &item[i].price, item[i].quantity);
        money_add(&sum, &order->shipping, 1);
        money_add(&sum, &order->gift_wrap, 1);
        money_add(&sum, &order->discount, -1);
    }
    money_add(&sum, &order->refunded, -1);
    return sum;
}

static void subtract_costs(struct money *profit, const struct order_item *item)
{
    const struct money *const costs[] = { &item->filament, &item->energy,
                                          &item->labor, &item->overhead,
                                          &item->bought };
    for (size_t i = 0; i < SPD_COUNT(costs); i++)
        if (costs[i]->amount != 0) /* nothing at all is of any currency */
            money_add(profit, costs[i], -1);
}

/* Sums of the items, and of jobs that belong to none of them. */
static void add_up_costs(const struct reckoning *r, struct order_item *rest)
{
    struct order *order = r->order;
    struct money zero = terms_zero(r->terms);
    const struct order_item *item = order->items.items;
    size_t count = order->items.count;
    *rest =
        (struct order_item){ .labor = zero, .overhead = zero, .bought = zero };
    rest->filament = money_round(r->sums[count].filament, &zero);
    rest->energy =
        money_round(energy_cost(r->terms, r->sums[count].minutes), &zero);
    order->filament = rest->filament;
    order->energy = rest->energy;
    order->labor = order->overhead = order->bought = zero;
    for (size_t i = 0; i < count; i++) {
        money_add(&order->filament, &item[i].filament, 1);
        money_add(&order->energy, &item[i].energy, 1);
        money_add(&order->labor, &item[i].labor, 1);
        money_add(&order->overhead, &item[i].overhead, 1);
        money_add(&order->bought, &item[i].bought, 1);
    }
}

/* What belongs to no item is shared out by what the items sold for. */
static void share_out(const struct reckoning *r, const struct money *common)
{
    struct order *order = r->order;
    struct order_item *item = order->items.items;
    size_t count = order->items.count;
    double *weights = arena_new(r->arena, count * sizeof(*weights));
    struct money *revenue = arena_new(r->arena, count * sizeof(*revenue));
    struct money *shared = arena_new(r->arena, count * sizeof(*shared));
    for (size_t i = 0; i < count; i++) {
        double price = money_major(&item[i].price);
        weights[i] = isnan(price) || item[i].is_removed
                         ? 0
                         : price * (double)item[i].quantity;
    }
    money_share(&order->revenue, weights, revenue, count);
    money_share(common, weights, shared, count);
    for (size_t i = 0; i < count; i++) {
        item[i].revenue = item[i].profit = revenue[i];
        subtract_costs(&item[i].profit, &item[i]);
        money_add(&item[i].profit, &shared[i], 1);
    }
}

/* Not when some of it is in a currency that the rest is not in. */
static bool is_reckonable(const struct order *order, const struct money *common)
{
    return !money_is_null(common) &&
           (order->fees.count == 0 || !money_is_null(&order->fee)) &&
           (order->refunds.count == 0 || !money_is_null(&order->refunded));
}

static void forget_profit(struct order *order)
{
    struct order_item *item = order->items.items;
    order->profit.amount = INT_NONE;
    for (size_t i = 0; i < order->items.count; i++)
        item[i].profit.amount = INT_NONE;
}

static void earn(const struct reckoning *r)
{
    struct order *order = r->order;
    struct order_item *item = order->items.items, rest;
    for (size_t i = 0; i < order->items.count; i++)
        cost_item(r, i);
    add_up_costs(r, &rest);
    order->refunded = add_up_refunds(order);
    order->fee = add_up_fees(order);
    order->revenue = revenue_of(order);
    struct money common = like_of(order);
    subtract_costs(&common, &rest);
    money_add(&common, &order->fee, -1);
    money_add(&common, &order->postage, -1);
    share_out(r, &common);
    order->profit = order->revenue;
    money_add(&order->profit, &common, 1);
    for (size_t i = 0; i < order->items.count; i++)
        subtract_costs(&order->profit, &item[i]);
    if (!is_reckonable(order, &common))
        forget_profit(order);
    double revenue = money_major(&order->revenue);
    order->margin_pct =
        revenue > 0 && !money_is_null(&order->profit)
            ? round(money_major(&order->profit) / revenue * 10000) / 100
            : NAN;
}

static double to_places(double value, double places)
{
    return round(value * places) / places;
}

static void add_up_work(const struct reckoning *r)
{
    struct order *order = r->order;
    order->grams = order->print_minutes = order->estimated_minutes = 0;
    for (size_t i = 0; i <= order->items.count; i++) {
        order->grams += r->sums[i].grams;
        order->print_minutes += r->sums[i].minutes;
        order->estimated_minutes += r->sums[i].estimated;
    }
    order->grams = to_places(order->grams, 1000);
    order->print_minutes = to_places(order->print_minutes, 100);
}

void reckon(spd_txn *txn, const struct terms *terms, struct order *order,
            struct tally *tally, struct arena *arena)
{
    struct tally own;
    size_t count = order->items.count;
    struct reckoning r = { txn,   terms, order, tally == NULL ? &own : tally,
                           arena, NULL };
    r.tally->items = arena_new(arena, count * sizeof(*r.tally->items));
    r.sums = arena_new(arena, (count + 1) * sizeof(*r.sums));
    for (size_t i = 0; i < count; i++) {
        load_product(&r, i);
        list_parts(&r, i);
        set_needs(&r, i);
    }
    walk_jobs(&r);
    add_up_pieces(&r);
    add_up_work(&r);
    earn(&r);
}
