#include "shop/delivery.h"

#include <stdlib.h>

static const char *const state_names[] = { "waiting", "delivered", "given_up",
                                           "gathered", NULL };

static const struct field delivery_rows[] = {
    FIELD(delivery, id, FIELD_ID, "the delivery's id", .flags = FIELD_READONLY),
    FIELD(delivery, channel_id, FIELD_ID, "to which channel",
          .flags = FIELD_READONLY),
    FIELD(delivery, message_id, FIELD_ID, "of which message",
          .flags = FIELD_READONLY),
    FIELD(delivery, topic, FIELD_TEXT, "what the message is about",
          .flags = FIELD_READONLY),
    FIELD(delivery, title, FIELD_TEXT, "the message's first line",
          .flags = FIELD_READONLY),
    FIELD(delivery, state, FIELD_CHOICE, "what became of it",
          .flags = FIELD_READONLY, .choices = state_names),
    FIELD(delivery, tries, FIELD_INT, "how often it was tried",
          .flags = FIELD_READONLY, .fallback = "0"),
    FIELD(delivery, error, FIELD_TEXT, "why the last try failed",
          .flags = FIELD_READONLY),
    FIELD(delivery, note, FIELD_TEXT, "what the other side said beside",
          .flags = FIELD_READONLY),
    FIELD(delivery, gathered_in, FIELD_ID,
          "the delivery it was sent with, of a digest or summary",
          .flags = FIELD_READONLY),
    FIELD(delivery, created_at, FIELD_TIME, "when it was decided",
          .flags = FIELD_READONLY),
    FIELD(delivery, ended_at, FIELD_TIME, "when it was over",
          .flags = FIELD_READONLY),
    FIELD(delivery, held_until, FIELD_TIME,
          "held until then: quiet hours, a digest", .flags = FIELD_READONLY),
    FIELD(delivery, next_try_at, FIELD_TIME, "when it is tried again",
          .flags = FIELD_READONLY),
    FIELD(delivery, thread, FIELD_TEXT, "the message's",
          .flags = FIELD_INTERNAL),
    FIELD(delivery, custom, FIELD_JSON, "what a rule wants sent",
          .flags = FIELD_INTERNAL),
};
static const struct fields delivery_fields =
    TABLE("delivery", delivery, delivery_rows);

/* Not held ones have no time in their key: they stay in order. */
static void lane_key(struct key *key, int64_t channel_id, bool is_held)
{
    key_put_int(key, channel_id);
    key_put_byte(key, is_held);
}

static bool by_lane(const void *record, struct key *key)
{
    const struct delivery *delivery = record;
    bool is_held = delivery->held_until != 0;
    lane_key(key, delivery->channel_id, is_held);
    if (is_held)
        key_put_int(key, delivery->held_until);
    return delivery->state == DELIVERY_WAITING;
}

static bool by_channel(const void *record, struct key *key)
{
    key_put_int(key, ((const struct delivery *)record)->channel_id);
    return true;
}

static bool by_state(const void *record, struct key *key)
{
    key_put_byte(key, (unsigned char)((const struct delivery *)record)->state);
    return true;
}

static bool by_thread(const void *record, struct key *key)
{
    const struct delivery *delivery = record;
    key_put_int(key, delivery->channel_id);
    key_put_text(key, delivery->thread);
    return delivery->thread.len > 0;
}

static bool by_message(const void *record, struct key *key)
{
    const struct delivery *delivery = record;
    key_put_int(key, delivery->message_id);
    key_put_int(key, delivery->channel_id);
    return true;
}

enum { LANE, CHANNEL, STATE, THREAD, MESSAGE };
static const struct index delivery_indexes[] = {
    [LANE] = { .name = "lane", .key = by_lane },
    [CHANNEL] = { .name = "channel", .key = by_channel },
    [STATE] = { .name = "state", .key = by_state },
    [THREAD] = { .name = "thread", .key = by_thread },
    [MESSAGE] = { .name = "message", .key = by_message, .flags = INDEX_UNIQUE },
};

const struct kind delivery_kind = {
    .name = "delivery",
    .plural = "deliveries",
    .fields = &delivery_fields,
    .indexes = delivery_indexes,
    .index_count = SPD_COUNT(delivery_indexes),
};

spd_err delivery_put(spd_txn *txn, struct delivery *delivery, const char *topic,
                     struct spd_error *err)
{
    struct change change = { topic, STR("spoold") };
    return record_put(txn, &delivery_kind, delivery, &change, err);
}

struct span delivery_due_span(int64_t channel_id, struct key *prefix)
{
    *prefix = (struct key){ 0 };
    lane_key(prefix, channel_id, false);
    return (struct span){ .index = &delivery_indexes[LANE], .prefix = prefix };
}

struct span delivery_held_span(int64_t channel_id, struct key *prefix)
{
    *prefix = (struct key){ 0 };
    lane_key(prefix, channel_id, true);
    return (struct span){ .index = &delivery_indexes[LANE], .prefix = prefix };
}

struct span delivery_channel_span(int64_t channel_id, struct key *prefix)
{
    *prefix = (struct key){ 0 };
    key_put_int(prefix, channel_id);
    return (struct span){ .index = &delivery_indexes[CHANNEL],
                          .prefix = prefix };
}

bool delivery_is_first(spd_txn *txn, const struct delivery *delivery)
{
    struct key key = { 0 };
    if (!by_thread(delivery, &key))
        return false;
    return record_find(txn, &delivery_kind, &delivery_indexes[THREAD], &key) ==
           delivery->id;
}

/* -- forgetting -- */

struct oldest {
    int64_t before_ms;
    size_t most, count;
    int64_t *ids;
};

static bool note_old_delivery(void *arg, const void *record)
{
    struct oldest *oldest = arg;
    const struct delivery *delivery = record;
    if (delivery->created_at >= oldest->before_ms ||
        oldest->count == oldest->most)
        return false;
    oldest->ids[oldest->count++] = delivery->id;
    return true;
}

static bool note_old_message(void *arg, const void *record)
{
    struct oldest *oldest = arg;
    const struct message *message = record;
    if (message->at >= oldest->before_ms || oldest->count == oldest->most)
        return false;
    oldest->ids[oldest->count++] = message->id;
    return true;
}

static bool is_needed(spd_txn *txn, int64_t message_id)
{
    struct key key = { 0 };
    key_put_int(&key, message_id);
    return record_find(txn, &delivery_kind, &delivery_indexes[MESSAGE], &key) !=
           0;
}

/* Ids grow with time: the oldest of a kind come first. */
static spd_err trim(spd_txn *txn, const struct kind *kind, record_fn *note,
                    const char *topic, struct oldest oldest,
                    struct spd_error *err)
{
    struct change change = { topic, STR("spoold") };
    spd_err rc = SPD_OK;
    oldest.ids = mem_array(oldest.most, sizeof(int64_t));
    record_each(txn, kind, &(struct span){ 0 }, note, &oldest);
    for (size_t i = 0; i < oldest.count && rc == SPD_OK; i++)
        if (kind != &message_kind || !is_needed(txn, oldest.ids[i]))
            rc = record_del(txn, kind, oldest.ids[i], &change, err);
    free(oldest.ids);
    return rc;
}

spd_err deliveries_trim(spd_txn *txn, int64_t before_ms, size_t most,
                        struct spd_error *err)
{
    struct oldest oldest = { .before_ms = before_ms, .most = most };
    spd_err rc = trim(txn, &delivery_kind, note_old_delivery,
                      "delivery.deleted", oldest, err);
    if (rc == SPD_OK)
        rc = trim(txn, &message_kind, note_old_message, "message.deleted",
                  oldest, err);
    return rc;
}

/* -- operations -- */

struct list_param {
    struct page page;
    int64_t channel_id;
    int state;
};
static const char *const wanted_states[] = { "all",       "waiting",
                                             "delivered", "given_up",
                                             "gathered",  NULL };
static const struct field list_rows[] = {
    PAGE_ROWS(list_param, page),
    FIELD(list_param, channel_id, FIELD_ID, "only to this channel",
          .flags = FIELD_NULL),
    FIELD(list_param, state, FIELD_CHOICE, "only those it became of",
          .choices = wanted_states),
};
static const struct fields list_fields =
    TABLE("list_deliveries", list_param, list_rows);

/* The latest first: whoever looks wants to know what happened just now. */
static spd_err list_deliveries(struct call *call, spd_txn *txn)
{
    const struct list_param *param = call->params;
    struct key prefix = { 0 };
    struct span span = { 0 };
    if (param->channel_id != 0 && param->state != 0)
        return call_refuse(call, REFUSE_INVALID,
                           "ask by channel_id or by state, not by both");
    if (param->channel_id != 0) {
        span = delivery_channel_span(param->channel_id, &prefix);
    } else if (param->state != 0) {
        key_put_byte(&prefix, (unsigned char)(param->state - 1));
        span = (struct span){ .index = &delivery_indexes[STATE],
                              .prefix = &prefix };
    }
    span.backwards = true;
    call_reply_list(call, txn, &delivery_kind, span, &param->page);
    return SPD_OK;
}

static spd_err get_delivery(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    return call_reply_record(call, txn, &delivery_kind, which->id);
}

/* Under its old number, so that a receiver knows the repetition. */
static spd_err resend(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct delivery delivery;
    struct spd_error err;
    spd_err rc = call_get(call, txn, &delivery_kind, which->id, &delivery);
    if (rc != SPD_OK)
        return rc;
    if (!record_exists(txn, shop_kind(STR("channel")), delivery.channel_id))
        return call_refuse(call, REFUSE_CONFLICT,
                           "channel %lld is not there any more",
                           (long long)delivery.channel_id);
    delivery.state = DELIVERY_WAITING;
    delivery.tries = 0;
    delivery.gathered_in = 0;
    delivery.ended_at = delivery.held_until = delivery.next_try_at = 0;
    struct change change = call_change(call, "delivery.resent");
    rc = record_put(txn, &delivery_kind, &delivery, &change, &err);
    return rc == SPD_OK
               ? call_reply_record(call, txn, &delivery_kind, which->id)
               : call_fail(call, &err);
}

static spd_err list_messages(struct call *call, spd_txn *txn)
{
    const struct page_param *param = call->params;
    call_reply_list(call, txn, &message_kind,
                    (struct span){ .backwards = true }, &param->page);
    return SPD_OK;
}

static const struct op delivery_ops[] = {
    { .name = "deliveries.list",
      .route = "GET /api/deliveries",
      .doc = "Which message went to which channel, and what became of it; the "
             "latest first",
      .role = SPD_OPERATOR,
      .flags = OP_READ | OP_LIST,
      .params = &list_fields,
      .reply = &delivery_fields,
      .run = list_deliveries },
    { .name = "deliveries.get",
      .route = "GET /api/deliveries/{id}",
      .doc = "One delivery",
      .role = SPD_OPERATOR,
      .flags = OP_READ,
      .params = &id_param_fields,
      .reply = &delivery_fields,
      .run = get_delivery },
    { .name = "deliveries.resend",
      .route = "POST /api/deliveries/{id}/resend",
      .doc = "Send it again, under the same number",
      .role = SPD_OPERATOR,
      .flags = OP_WRITE,
      .params = &id_param_fields,
      .reply = &delivery_fields,
      .run = resend },
    { .name = "messages.list",
      .route = "GET /api/messages",
      .doc = "What people were told, whatever channels there are; the latest "
             "first",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &page_param_fields,
      .reply = &message_fields,
      .run = list_messages },
};

spd_err delivery_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, delivery_ops, SPD_COUNT(delivery_ops), shop, err);
}
