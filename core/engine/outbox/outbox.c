/* The way in: events behind the cursor become messages and deliveries. */
#include "engine/outbox/outbox.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"
#include "base/moment.h"
#include "engine/outbox/outbox_internal.h"

enum {
    PARCELS_MAX = 64, /* a commit */
    SCANNED_A_TURN = 4096,
    SAVE_AFTER = 1024, /* events passed over before the cursor is moved on */
    JUDGED_WITHIN_MS = 1000,
    RETRY_MS = 5000,
};

static const spd_str cursor_name = STR_INIT("outbox");

struct batch {
    struct outbox *outbox;
    struct parcel *parcels, **last;
    size_t count, scanned;
    int64_t upto_seq;
    size_t unjudged;
    struct timer *deadline;
    bool more;    /* behind it in the journal */
    bool resends; /* somebody wants an old delivery sent again */
};

struct composer outbox_composer(const struct outbox *outbox,
                                struct arena *arena)
{
    return (struct composer){ outbox->shop, str_of(outbox->url), arena };
}

/* -- what comes -- */

static bool concerns_us(spd_str topic)
{
    return words_fit(topic) || str_is(topic, "printer.deleted") ||
           str_is(topic, "channel.deleted");
}

static bool take_event(void *arg, const struct event *event)
{
    struct batch *batch = arg;
    if (++batch->scanned > SCANNED_A_TURN || batch->count == PARCELS_MAX) {
        batch->more = true;
        return false;
    }
    batch->upto_seq = event->seq;
    batch->resends |= str_is(event->topic, "delivery.resent");
    if (!concerns_us(event->topic))
        return true;
    struct parcel *parcel = mem_new(sizeof(*parcel));
    parcel->seq = event->seq;
    parcel->doc = json_parse(event->text, NULL);
    *batch->last = parcel;
    batch->last = &parcel->next;
    batch->count++;
    return true;
}

static void compose_parcel(struct outbox *outbox, spd_txn *txn,
                           struct parcel *parcel)
{
    struct composer composer = outbox_composer(outbox, &parcel->arena);
    struct occurrence event = {
        .seq = parcel->seq,
        .topic = parcel_topic(parcel),
        .data = json_member(parcel->doc, "data"),
    };
    moment_parse(json_as_str(json_member(parcel->doc, "at"), STR("")),
                 &event.at);
    compose(&composer, txn, &event, &parcel->message, &parcel->by);
}

static void batch_free(struct batch *batch)
{
    while (batch->parcels != NULL) {
        struct parcel *parcel = batch->parcels;
        batch->parcels = parcel->next;
        json_free(parcel->doc);
        json_free(parcel->verdict);
        arena_fini(&parcel->arena);
        free(parcel);
    }
    timer_free(batch->deadline);
    free(batch);
}

/* -- the commit -- */

static spd_err run_batch(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct batch *batch = arg;
    spd_err rc = SPD_OK;
    for (const struct parcel *p = batch->parcels; p != NULL && rc == SPD_OK;
         p = p->next)
        rc = parcel_handle(batch->outbox, txn, p, err);
    if (rc == SPD_OK)
        rc = journal_cursor_set(txn, cursor_name, batch->upto_seq, err);
    return rc;
}

static void look_on(struct outbox *outbox, int64_t wait_ms)
{
    timer_set(outbox->again, wait_ms, 0);
}

static void batch_done(void *arg, const struct spd_error *err)
{
    struct batch *batch = arg;
    struct outbox *outbox = batch->outbox;
    bool more = batch->more;
    outbox->batch = NULL;
    if (err == NULL)
        outbox->saved_seq = batch->upto_seq;
    else
        log_error("outbox", "messages wait, for they cannot be written: %s",
                  err->text);
    batch_free(batch);
    if (!outbox->started)
        return;
    if (err != NULL) {
        outbox->seen_seq = outbox->saved_seq;
        look_on(outbox, RETRY_MS);
        return;
    }
    if (more || outbox->seen_seq > outbox->saved_seq)
        look_on(outbox, 0);
    lanes_wake(outbox);
}

static void batch_write(struct batch *batch)
{
    timer_free(batch->deadline);
    batch->deadline = NULL;
    batch->unjudged = 0;
    store_write(batch->outbox->shop->store,
                &(struct store_write){ run_batch, batch_done, batch });
}

/* -- the judge -- */

static void on_deadline(void *arg)
{
    struct batch *batch = arg;
    log_warn("outbox",
             "%zu message%s not judged in time, and go%s the usual "
             "way",
             batch->unjudged, batch->unjudged == 1 ? " was" : "s were",
             batch->unjudged == 1 ? "es" : "");
    batch_write(batch);
}

static void ask_judge(struct outbox *outbox, struct parcel *parcel)
{
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    message_write(&parcel->message, &w);
    jsonw_end(&w);
    outbox->judge(outbox->judge_arg, parcel->number, buf_str(&text));
    buf_fini(&text);
}

/* The judge may answer at once: the last answer writes the batch. */
static void batch_judge(struct batch *batch)
{
    struct outbox *outbox = batch->outbox;
    batch->unjudged = 1; /* held until all have been asked */
    batch->deadline = timer_new(outbox->shop->loop, on_deadline, batch);
    timer_set(batch->deadline, JUDGED_WITHIN_MS, 0);
    for (struct parcel *p = batch->parcels; p != NULL; p = p->next) {
        p->is_judged = p->message.topic.len == 0;
        p->number = ++outbox->last_number;
        batch->unjudged += !p->is_judged;
    }
    for (struct parcel *p = batch->parcels; p != NULL; p = p->next)
        if (!p->is_judged)
            ask_judge(outbox, p);
    if (--batch->unjudged == 0)
        batch_write(batch);
}

void outbox_judged(struct outbox *outbox, int64_t number,
                   const spd_json *verdict)
{
    struct batch *batch = outbox->batch;
    if (batch == NULL || batch->unjudged == 0)
        return; /* too late */
    struct parcel *parcel = batch->parcels;
    while (parcel != NULL && parcel->number != number)
        parcel = parcel->next;
    if (parcel == NULL || parcel->is_judged)
        return;
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_put_json(&w, NULL, verdict);
    parcel->verdict = json_parse(buf_str(&text), NULL);
    buf_fini(&text);
    parcel->is_judged = true;
    if (--batch->unjudged == 0)
        batch_write(batch);
}

void outbox_set_judge(struct outbox *outbox, outbox_judge_fn *fn, void *arg)
{
    outbox->judge = fn;
    outbox->judge_arg = arg;
}

/* -- looking -- */

struct cursor_save {
    struct outbox *outbox;
    int64_t seq;
};

static spd_err run_save(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct cursor_save *save = arg;
    return journal_cursor_set(txn, cursor_name, save->seq, err);
}

static void save_done(void *arg, const struct spd_error *err)
{
    struct cursor_save *save = arg;
    if (err == NULL && save->outbox->saved_seq < save->seq)
        save->outbox->saved_seq = save->seq;
    free(save);
}

/* What nobody is told of holds up no trimming of the journal. */
static void pass_over(struct outbox *outbox)
{
    if (outbox->seen_seq - outbox->saved_seq < SAVE_AFTER)
        return;
    struct cursor_save *save = mem_new(sizeof(*save));
    *save = (struct cursor_save){ outbox, outbox->seen_seq };
    store_write(outbox->shop->store,
                &(struct store_write){ run_save, save_done, save });
}

static struct batch *read_batch(struct outbox *outbox)
{
    struct batch *batch = mem_new(sizeof(*batch));
    *batch = (struct batch){ .outbox = outbox,
                             .last = &batch->parcels,
                             .upto_seq = outbox->seen_seq };
    spd_txn *txn = store_read(outbox->shop->store);
    journal_each(txn, outbox->seen_seq, take_event, batch);
    for (struct parcel *p = batch->parcels; p != NULL; p = p->next)
        compose_parcel(outbox, txn, p);
    store_read_end(txn);
    return batch;
}

static void look(struct outbox *outbox)
{
    if (outbox->batch != NULL)
        return; /* it looks on when that is done */
    struct batch *batch = read_batch(outbox);
    outbox->seen_seq = batch->upto_seq;
    if (batch->resends)
        lanes_wake(outbox);
    if (batch->count == 0) {
        bool more = batch->more;
        batch_free(batch);
        pass_over(outbox);
        if (more)
            look_on(outbox, 0);
        return;
    }
    outbox->batch = batch;
    if (outbox->judge != NULL)
        batch_judge(batch);
    else
        batch_write(batch);
}

static void on_again(void *arg)
{
    look(arg);
}

static void on_journal(void *arg, int64_t last_seq)
{
    (void)last_seq;
    struct outbox *outbox = arg;
    if (!outbox->started)
        return;
    lanes_refresh(outbox);
    look(outbox);
}

/* -- life -- */

struct outbox *outbox_new(struct shop *shop,
                          const struct outbox_options *options)
{
    struct outbox *outbox = mem_new(sizeof(*outbox));
    outbox->shop = shop;
    if (options->url != NULL)
        outbox->url = mem_text(str_of(options->url));
    outbox->retry_ms = options->retry_ms > 0 ? options->retry_ms : RETRY_MS;
    outbox->follower = (struct journal_follower){ on_journal, outbox, NULL };
    outbox->again = timer_new(shop->loop, on_again, outbox);
    return outbox;
}

/* The first start of all begins with what happens next: nobody wants to hear
 * the history of the shop.  Here lies that there was one. */
static const spd_str space = STR_INIT("outbox");

static spd_err run_first(spd_txn *txn, void *arg, struct spd_error *err)
{
    int64_t *seq = arg;
    spd_str mark;
    *seq = journal_cursor(txn, cursor_name);
    if (store_get(txn, space, STR("started"), &mark) == SPD_OK)
        return SPD_OK;
    *seq = journal_last(txn);
    spd_err rc = journal_cursor_set(txn, cursor_name, *seq, err);
    return rc == SPD_OK ? store_put(txn, space, STR("started"), STR("1"), err)
                        : rc;
}

void outbox_start(struct outbox *outbox, const char *url)
{
    struct spd_error err;
    if (outbox->url == NULL)
        outbox->url = mem_text(str_of(url));
    if (store_write_now(outbox->shop->store, run_first, &outbox->saved_seq,
                        &err) != SPD_OK) {
        log_error("outbox", "nobody is told anything: %s", err.text);
        return;
    }
    outbox->seen_seq = outbox->saved_seq;
    outbox->started = true;
    journal_follow(outbox->shop->store, &outbox->follower);
    lanes_refresh(outbox);
    look_on(outbox, 0);
}

void outbox_stop(struct outbox *outbox)
{
    if (!outbox->started)
        return;
    journal_unfollow(outbox->shop->store, &outbox->follower);
    outbox->started = false;
    timer_stop(outbox->again);
    lanes_end_trials(outbox);
}

void outbox_free(struct outbox *outbox)
{
    if (outbox == NULL)
        return;
    if (outbox->batch != NULL)
        batch_free(outbox->batch); /* it waited for its judge */
    lanes_free(outbox);
    timer_free(outbox->again);
    free(outbox->url);
    free(outbox);
}
