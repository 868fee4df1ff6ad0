/* Many as one: what quiet hours or a digest held, and what came faster than the
 * other side takes it.  The first of them carries the message of all, so that
 * the order of the channel stays as it is. */
#include <stdlib.h>

#include "engine/outbox/outbox_internal.h"

struct gathering {
    const struct outbox *outbox;
    spd_txn *txn;
    struct arena arena;
    int64_t now_ms;
    struct delivery deliveries[GATHERED_MAX];
    struct message messages[GATHERED_MAX];
    size_t count;
    int64_t ids[GATHERED_MAX];
};

static bool note_due(void *arg, const void *record)
{
    struct gathering *gathering = arg;
    const struct delivery *delivery = record;
    if (delivery->held_until > gathering->now_ms ||
        gathering->count == GATHERED_MAX)
        return false;
    if (delivery->tries == 0 || delivery->held_until != 0)
        gathering->ids[gathering->count++] = delivery->id;
    return true;
}

/* One whose message is lost is left alone: it says so when it is sent. */
static void read_all(struct gathering *gathering)
{
    size_t found = gathering->count;
    gathering->count = 0;
    for (size_t i = 0; i < found; i++) {
        struct delivery *delivery = &gathering->deliveries[gathering->count];
        struct message *message = &gathering->messages[gathering->count];
        if (record_get(gathering->txn, &delivery_kind, gathering->ids[i],
                       delivery, &gathering->arena, NULL) == SPD_OK &&
            record_get(gathering->txn, &message_kind, delivery->message_id,
                       message, &gathering->arena, NULL) == SPD_OK)
            gathering->count++;
    }
}

static spd_err put_carrier(struct gathering *gathering,
                           const struct words *words, struct spd_error *err)
{
    struct delivery *carrier = &gathering->deliveries[0];
    struct message message;
    struct composer composer =
        outbox_composer(gathering->outbox, &gathering->arena);
    compose_gathered(&composer, words, gathering->messages, gathering->count,
                     gathering->now_ms, &message);
    spd_err rc = message_put(gathering->txn, &message, err);
    if (rc != SPD_OK)
        return rc;
    carrier->message_id = message.id;
    carrier->topic = message.topic;
    carrier->title = message.title;
    carrier->thread = (spd_str){ NULL, 0 };
    carrier->custom = (spd_str){ NULL, 0 };
    return SPD_OK;
}

/* A single one goes as it is. */
static spd_err merge(struct gathering *gathering, const struct words *words,
                     struct spd_error *err)
{
    spd_err rc = SPD_OK;
    if (gathering->count == 0 ||
        (gathering->count == 1 && gathering->deliveries[0].held_until == 0))
        return SPD_OK;
    if (gathering->count > 1)
        rc = put_carrier(gathering, words, err);
    for (size_t i = 0; i < gathering->count && rc == SPD_OK; i++) {
        struct delivery *delivery = &gathering->deliveries[i];
        delivery->held_until = 0;
        if (i > 0) {
            delivery->state = DELIVERY_GATHERED;
            delivery->gathered_in = gathering->deliveries[0].id;
            delivery->ended_at = gathering->now_ms;
        }
        rc = delivery_put(gathering->txn, delivery,
                          i > 0 ? "delivery.gathered" : "delivery.released",
                          err);
    }
    return rc;
}

static spd_err gather(spd_txn *txn, struct lane *lane, const struct span *span,
                      const struct words *words, struct spd_error *err)
{
    struct gathering *gathering = mem_new(sizeof(*gathering));
    gathering->outbox = lane->outbox;
    gathering->txn = txn;
    gathering->now_ms = shop_now_ms(lane->outbox->shop);
    record_each(txn, &delivery_kind, span, note_due, gathering);
    read_all(gathering);
    spd_err rc = merge(gathering, words, err);
    arena_fini(&gathering->arena);
    free(gathering);
    return rc;
}

spd_err gather_held(spd_txn *txn, struct lane *lane, struct spd_error *err)
{
    struct key prefix;
    struct span span = delivery_held_span(lane->channel_id, &prefix);
    return gather(txn, lane, &span, &words_digest, err);
}

spd_err gather_waiting(spd_txn *txn, struct lane *lane, struct spd_error *err)
{
    struct key prefix;
    struct span span = delivery_due_span(lane->channel_id, &prefix);
    return gather(txn, lane, &span, &words_summary, err);
}
