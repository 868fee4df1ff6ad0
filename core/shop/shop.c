#include "shop/shop.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "shop/attempt.h"
#include "shop/channel.h"
#include "shop/circuit.h"
#include "shop/customer.h"
#include "shop/delivery.h"
#include "shop/earnings.h"
#include "shop/file.h"
#include "shop/fleet.h"
#include "shop/hours.h"
#include "shop/job.h"
#include "shop/listing.h"
#include "shop/material.h"
#include "shop/order.h"
#include "shop/paper.h"
#include "shop/person.h"
#include "shop/prefs.h"
#include "shop/printer.h"
#include "shop/printer_search.h"
#include "shop/product.h"
#include "shop/stock.h"
#include "shop/substitution.h"

const struct kind *const shop_kinds[] = {
    &person_kind,   &token_kind,      &session_kind,  &printer_kind,
    &file_kind,     &job_kind,        &attempt_kind,  &material_kind,
    &spool_kind,    &spool_use_kind,  &channel_kind,  &message_kind,
    &delivery_kind, &prefs_kind,      &order_kind,    &terms_kind,
    &product_kind,  &listing_kind,    &hours_kind,    &circuit_kind,
    &stock_kind,    &stock_move_kind, &customer_kind, &substitution_kind,
};
const size_t shop_kind_count = SPD_COUNT(shop_kinds);

const struct kind *shop_kind(spd_str name)
{
    for (size_t i = 0; i < SPD_COUNT(shop_kinds); i++)
        if (str_is(name, shop_kinds[i]->name))
            return shop_kinds[i];
    return NULL;
}

spd_err shop_add_ops(struct shop *shop, struct spd_error *err)
{
    static spd_err (*const nouns[])(struct shop *, struct spd_error *) = {
        setup_add_ops,        session_add_ops,
        person_add_ops,       token_add_ops,
        printer_add_ops,      fleet_add_ops,
        file_add_ops,         job_add_ops,
        attempt_add_ops,      material_add_ops,
        spool_add_ops,        channel_add_ops,
        delivery_add_ops,     prefs_add_ops,
        order_add_ops,        terms_add_ops,
        product_add_ops,      listing_add_ops,
        hours_add_ops,        circuit_add_ops,
        stock_add_ops,        customer_add_ops,
        paper_add_ops,        earnings_add_ops,
        substitution_add_ops, printer_search_add_ops,
    };
    spd_err rc = SPD_OK;
    for (size_t i = 0; i < SPD_COUNT(nouns) && rc == SPD_OK; i++)
        rc = nouns[i](shop, err);
    return rc;
}

/* -- invariants -- */

struct check {
    spd_txn *txn;
    struct arena arena;
    void (*found)(void *arg, const char *sentence);
    void *arg;
    size_t breaches;
};

SPD_PRINTF(2, 3)
static void breach(struct check *check, const char *fmt, ...)
{
    char sentence[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(sentence, sizeof(sentence), fmt, args);
    va_end(args);
    check->breaches++;
    check->found(check->arg, sentence);
}

/* The phases a job may be in, by its status. */
static bool phase_fits(const struct job *job)
{
    switch ((enum job_status)job->status) {
    case JOB_QUEUED:
    case JOB_SCHEDULED:
        return job->phase <= PHASE_STARTING || job->phase == PHASE_UNKNOWN;
    case JOB_STARTED:
        return job->phase == PHASE_PRINTING || job->phase == PHASE_PAUSED ||
               job->phase == PHASE_UNKNOWN;
    case JOB_COMPLETED:
    case JOB_FAILED:
    case JOB_CANCELLED:
        return job->phase == PHASE_DONE;
    }
    return false;
}

static bool check_job(void *arg, const void *record)
{
    struct check *check = arg;
    const struct job *job = record;
    struct attempt attempt;
    bool has_attempt =
        attempt_of_job(check->txn, job->id, &attempt, &check->arena);
    if (!phase_fits(job))
        breach(check, "job %lld is %s and in phase %s at once",
               (long long)job->id, job_status_names[job->status],
               job_phase_names[job->phase]);
    if (has_attempt && (job_is_done(job) || job_is_waiting(job)))
        breach(check, "job %lld is %s and has the live attempt %lld",
               (long long)job->id, job_status_names[job->status],
               (long long)attempt.id);
    bool needs_attempt =
        job->phase >= PHASE_CLAIMED && job->phase <= PHASE_STARTING;
    if (needs_attempt && !has_attempt)
        breach(check, "job %lld is in phase %s without an attempt",
               (long long)job->id, job_phase_names[job->phase]);
    if (job->file_id != 0 &&
        !record_exists(check->txn, &file_kind, job->file_id))
        breach(check, "job %lld prints file %lld, which is not there",
               (long long)job->id, (long long)job->file_id);
    return true;
}

static bool check_attempt(void *arg, const void *record)
{
    struct check *check = arg;
    const struct attempt *attempt = record;
    bool is_strangers = attempt->foreign && attempt->job_id == 0;
    if (!is_strangers && !record_exists(check->txn, &job_kind, attempt->job_id))
        breach(check, "attempt %lld belongs to job %lld, which is not there",
               (long long)attempt->id, (long long)attempt->job_id);
    if ((attempt->step == STEP_ENDED) != (attempt->outcome != OUTCOME_NONE))
        breach(check,
               "attempt %lld has an outcome before its end, or none "
               "after it",
               (long long)attempt->id);
    return true;
}

static bool check_spool(void *arg, const void *record)
{
    struct check *check = arg;
    const struct spool *spool = record;
    double taken = spool_taken(check->txn, spool->id);
    if (fabs(spool->net_grams - taken - spool->remaining_grams) > 0.0005)
        breach(check,
               "spool %lld has %.3f g left, and its ledger took %.3f of %.3f g",
               (long long)spool->id, spool->remaining_grams, taken,
               spool->net_grams);
    return true;
}

static bool check_stock(void *arg, const void *record)
{
    struct check *check = arg;
    const struct stock *stock = record;
    int64_t counted = stock_counted(check->txn, stock->id);
    if (stock->pieces != counted || counted < 0)
        breach(check, "stock %lld has %lld pieces, and its ledger says %lld",
               (long long)stock->id, (long long)stock->pieces,
               (long long)counted);
    return true;
}

static bool check_customer(void *arg, const void *record)
{
    struct check *check = arg;
    const struct customer *customer = record;
    int64_t counted = customer_counted(check->txn, customer->id);
    if (customer->orders != counted)
        breach(check, "customer %lld has %lld orders, and there are %lld",
               (long long)customer->id, (long long)customer->orders,
               (long long)counted);
    return true;
}

static bool check_order(void *arg, const void *record)
{
    struct check *check = arg;
    const struct order *order = record;
    const struct order_item *item = order->items.items;
    if (order->customer_id != 0 &&
        !record_exists(check->txn, &customer_kind, order->customer_id))
        breach(check, "order %lld is of customer %lld, who is not there",
               (long long)order->id, (long long)order->customer_id);
    for (size_t i = 0; i < order->items.count; i++)
        for (size_t k = i + 1; k < order->items.count; k++)
            if (item[i].number == item[k].number)
                breach(check, "order %lld has two items of the number %lld",
                       (long long)order->id, (long long)item[i].number);
    return true;
}

static bool check_material(void *arg, const void *record)
{
    struct check *check = arg;
    const struct material *material = record;
    if (material->spool_id != 0 &&
        !record_exists(check->txn, &spool_kind, material->spool_id))
        breach(check, "material %lld is of spool %lld, which is not there",
               (long long)material->id, (long long)material->spool_id);
    return true;
}

size_t shop_check(struct store *store,
                  void (*found)(void *arg, const char *sentence), void *arg)
{
    struct check check = { .found = found, .arg = arg };
    check.txn = store_read(store);
    struct span all = { 0 };
    record_each(check.txn, &job_kind, &all, check_job, &check);
    record_each(check.txn, &attempt_kind, &all, check_attempt, &check);
    record_each(check.txn, &spool_kind, &all, check_spool, &check);
    record_each(check.txn, &material_kind, &all, check_material, &check);
    record_each(check.txn, &stock_kind, &all, check_stock, &check);
    record_each(check.txn, &customer_kind, &all, check_customer, &check);
    record_each(check.txn, &order_kind, &all, check_order, &check);
    store_read_end(check.txn);
    arena_fini(&check.arena);
    return check.breaches;
}
