/* The way in: events behind the cursor become messages and deliveries. */
#include "engine/outbox.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"
#include "base/moment.h"
#include "engine/outbox_internal.h"
#include "shop/prefs.h"

enum {
    PARCELS_MAX = 64, /* a commit */
    SCANNED_A_TURN = 4096,
    SAVE_AFTER = 1024, /* events passed over before the cursor is moved on */
    JUDGED_WITHIN_MS = 1000,
    RETRY_MS = 5000,
    ENDED_AT_ONCE = 500, /* of a channel that is gone */
};

static const spd_str cursor_name = STR_INIT("outbox");

/* An event that something follows from. */
struct parcel {
    struct parcel *next;
    int64_t seq, number;
    struct arena arena;
    spd_json *doc;          /* the event */
    struct message message; /* without a topic: nobody is told */
    enum notify_switch by;
    bool is_judged;
    spd_json *verdict; /* NULL: as it is */
};

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

static spd_str topic_of(const struct parcel *parcel)
{
    return json_as_str(json_member(parcel->doc, "topic"), STR(""));
}

static void compose_parcel(struct outbox *outbox, spd_txn *txn,
                           struct parcel *parcel)
{
    struct composer composer = outbox_composer(outbox, &parcel->arena);
    struct occurrence event = {
        .seq = parcel->seq,
        .topic = topic_of(parcel),
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

/* -- who is told -- */

/* What a verdict, or whoever raised an alert, says of the channels; NULL: the
 * usual ones. */
static const spd_json *named_channels(const struct parcel *parcel)
{
    const spd_json *said = json_member(parcel->verdict, "channels");
    if (said == NULL && str_is(topic_of(parcel), "alert.raised"))
        said = json_member(json_member(parcel->doc, "data"), "channels");
    return json_type(said) == SPD_JSON_ARRAY ? said : NULL;
}

static bool is_named(const spd_json *names, const struct channel *channel)
{
    for (const spd_json *n = json_first(names); n != NULL; n = json_next(n))
        if (json_as_int(n, 0) == channel->id ||
            str_equal(json_as_str(n, STR("")), channel->name))
            return true;
    return false;
}

static bool lists_topic(const struct channel *channel, spd_str topic)
{
    const spd_str *patterns = channel->topics.items;
    for (size_t i = 0; i < channel->topics.count; i++)
        if (topic_fits(patterns[i], topic))
            return true;
    return false;
}

/* A channel is not told of its own trouble. */
static bool is_about(const struct parcel *parcel, const struct channel *channel)
{
    const spd_json *data = json_member(parcel->doc, "data");
    const char *member =
        str_is(topic_of(parcel), "channel.disabled") ? "id" : "channel_id";
    return (str_is(topic_of(parcel), "channel.disabled") ||
            str_is(topic_of(parcel), "delivery.given_up")) &&
           json_as_int(json_member(data, member), 0) == channel->id;
}

struct telling {
    spd_txn *txn;
    const struct parcel *parcel;
    struct message message;
    struct prefs prefs;
    struct arena *arena;
    int64_t now_ms;
    spd_str custom;
    int64_t *channel_ids, *until_ms;
    size_t count;
};

static bool wants(const struct telling *telling, const struct channel *channel)
{
    const struct message *message = &telling->message;
    const spd_json *names = named_channels(telling->parcel);
    if (!channel->enabled || is_about(telling->parcel, channel))
        return false;
    if (names != NULL)
        return is_named(names, channel);
    if (message->severity < channel->min_severity ||
        (channel->printer_id != 0 &&
         channel->printer_id != message->printer_id) ||
        (message->printer_id != 0 && !telling->prefs.email_enabled &&
         str_is(channel->kind, "email")))
        return false;
    return channel->topics.count > 0
               ? lists_topic(channel, topic_of(telling->parcel))
               : prefs_allow(&telling->prefs, telling->parcel->by);
}

enum { CHANNELS_MAX = 1000 };

static bool consider(void *arg, const void *record)
{
    struct telling *telling = arg;
    const struct channel *channel = record;
    if (telling->count == CHANNELS_MAX || !wants(telling, channel))
        return true;
    int64_t until_ms =
        hold_until(channel, telling->message.severity, telling->now_ms);
    telling->channel_ids[telling->count] = channel->id;
    telling->until_ms[telling->count++] =
        until_ms > telling->now_ms ? until_ms : 0;
    return true;
}

static spd_err put_deliveries(struct telling *telling, struct spd_error *err)
{
    spd_err rc = SPD_OK;
    for (size_t i = 0; i < telling->count && rc == SPD_OK; i++) {
        struct delivery delivery = {
            .channel_id = telling->channel_ids[i],
            .message_id = telling->message.id,
            .topic = telling->message.topic,
            .title = telling->message.title,
            .created_at = telling->now_ms,
            .held_until = telling->until_ms[i],
            .thread = telling->message.thread,
            .custom = telling->custom,
        };
        rc = delivery_put(telling->txn, &delivery, "delivery.created", err);
    }
    return rc;
}

/* -- the commit -- */

/* Words that a verdict puts in place of ours. */
static void apply_verdict(struct telling *telling)
{
    const spd_json *verdict = telling->parcel->verdict;
    struct message *message = &telling->message;
    const spd_json *custom = json_member(verdict, "custom");
    message->title = json_as_str(json_member(verdict, "title"), message->title);
    message->text = json_as_str(json_member(verdict, "text"), message->text);
    spd_str said = json_as_str(json_member(verdict, "severity"), STR(""));
    for (int i = 0; severity_names[i] != NULL; i++)
        if (str_is(said, severity_names[i]))
            message->severity = i;
    if (custom == NULL)
        return;
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_put_json(&w, NULL, custom);
    telling->custom = arena_str(telling->arena, buf_str(&text));
    buf_fini(&text);
}

static bool is_told(const struct telling *telling)
{
    return telling->count > 0 ||
           prefs_allow(&telling->prefs, telling->parcel->by);
}

static spd_err tell(struct outbox *outbox, spd_txn *txn,
                    const struct parcel *parcel, struct arena *arena,
                    struct spd_error *err)
{
    struct telling telling = {
        .txn = txn,
        .parcel = parcel,
        .message = parcel->message,
        .arena = arena,
        .now_ms = shop_now_ms(outbox->shop),
    };
    if (json_as_bool(json_member(parcel->verdict, "drop"), false) ||
        message_of_event(txn, parcel->seq))
        return SPD_OK;
    apply_verdict(&telling);
    prefs_of_printer(txn, telling.message.printer_id, &telling.prefs, arena);
    telling.channel_ids = arena_new(arena, CHANNELS_MAX * sizeof(int64_t));
    telling.until_ms = arena_new(arena, CHANNELS_MAX * sizeof(int64_t));
    record_each(txn, &channel_kind, &(struct span){ 0 }, consider, &telling);
    if (!is_told(&telling))
        return SPD_OK;
    spd_err rc = message_put(txn, &telling.message, err);
    return rc == SPD_OK ? put_deliveries(&telling, err) : rc;
}

/* What waits for a channel that is gone is given up. */
struct leftovers {
    int64_t ids[ENDED_AT_ONCE];
    size_t count;
};

static bool note_leftover(void *arg, const void *record)
{
    struct leftovers *left = arg;
    const struct delivery *delivery = record;
    if (delivery->state == DELIVERY_WAITING)
        left->ids[left->count++] = delivery->id;
    return left->count < ENDED_AT_ONCE;
}

static spd_err end_leftovers(struct outbox *outbox, spd_txn *txn,
                             int64_t channel_id, struct arena *arena,
                             struct spd_error *err)
{
    struct leftovers *left = arena_new(arena, sizeof(*left));
    struct key prefix;
    struct span span = delivery_channel_span(channel_id, &prefix);
    record_each(txn, &delivery_kind, &span, note_leftover, left);
    spd_err rc = SPD_OK;
    for (size_t i = 0; i < left->count && rc == SPD_OK; i++) {
        struct delivery delivery;
        rc = record_get(txn, &delivery_kind, left->ids[i], &delivery, arena,
                        err);
        delivery.state = DELIVERY_GIVEN_UP;
        delivery.error = STR("the channel was taken away");
        delivery.ended_at = shop_now_ms(outbox->shop);
        if (rc == SPD_OK)
            rc = delivery_put(txn, &delivery, "delivery.dropped", err);
    }
    return rc;
}

static spd_err handle(struct outbox *outbox, spd_txn *txn,
                      const struct parcel *parcel, struct spd_error *err)
{
    struct arena arena = { 0 };
    int64_t id =
        json_as_int(json_member(json_member(parcel->doc, "data"), "id"), 0);
    spd_err rc = SPD_OK;
    if (str_is(topic_of(parcel), "printer.deleted"))
        rc = prefs_drop(txn, id, err);
    else if (str_is(topic_of(parcel), "channel.deleted"))
        rc = end_leftovers(outbox, txn, id, &arena, err);
    else if (parcel->message.topic.len > 0)
        rc = tell(outbox, txn, parcel, &arena, err);
    arena_fini(&arena);
    return rc;
}

static spd_err run_batch(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct batch *batch = arg;
    spd_err rc = SPD_OK;
    for (const struct parcel *p = batch->parcels; p != NULL && rc == SPD_OK;
         p = p->next)
        rc = handle(batch->outbox, txn, p, err);
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
