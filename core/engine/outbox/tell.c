/* Who is told of an event: its message, and a delivery for each channel that
 * wants it. */
#include "engine/outbox/outbox_internal.h"
#include "shop/prefs.h"

enum { ENDED_AT_ONCE = 500 /* of a channel that is gone */ };

spd_str parcel_topic(const struct parcel *parcel)
{
    return json_as_str(json_member(parcel->doc, "topic"), STR(""));
}

/* -- who is told -- */

/* What a verdict, or whoever raised an alert, says of the channels; NULL: the
 * usual ones. */
static const spd_json *named_channels(const struct parcel *parcel)
{
    const spd_json *said = json_member(parcel->verdict, "channels");
    if (said == NULL && str_is(parcel_topic(parcel), "alert.raised"))
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
        str_is(parcel_topic(parcel), "channel.disabled") ? "id" : "channel_id";
    return (str_is(parcel_topic(parcel), "channel.disabled") ||
            str_is(parcel_topic(parcel), "delivery.given_up")) &&
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
               ? lists_topic(channel, parcel_topic(telling->parcel))
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

/* -- what follows from an event -- */

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

spd_err parcel_handle(struct outbox *outbox, spd_txn *txn,
                      const struct parcel *parcel, struct spd_error *err)
{
    struct arena arena = { 0 };
    int64_t id =
        json_as_int(json_member(json_member(parcel->doc, "data"), "id"), 0);
    spd_err rc = SPD_OK;
    if (str_is(parcel_topic(parcel), "printer.deleted"))
        rc = prefs_drop(txn, id, err);
    else if (str_is(parcel_topic(parcel), "channel.deleted"))
        rc = end_leftovers(outbox, txn, id, &arena, err);
    else if (parcel->message.topic.len > 0)
        rc = tell(outbox, txn, parcel, &arena, err);
    arena_fini(&arena);
    return rc;
}
