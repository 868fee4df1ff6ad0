/* What became of a delivery: when it is tried again, when it is given up, and
 * when its channel is switched off. */
#include <stdio.h>

#include "engine/outbox/outbox_internal.h"

enum {
    TRIES_MAX = 10,
    HOUR_MS = 3600 * 1000,
    WAIT_MAX_MS = 6 * HOUR_MS, /* whatever a Retry-After says */
    AGE_MAX_MS = 24 * HOUR_MS, /* older ones are given up with the one that
                                  just failed */
    AGED_AT_ONCE = 200,
};

/* -- how it ended -- */

enum ending { DELIVERED, AGAIN, BUSY, NEVER, UNWANTED, INTERRUPTED };

struct outcome {
    struct lane *lane;
    int64_t delivery_id;
    enum ending ending;
    char error[252];
    char note[256];
    int64_t wait_ms; /* they said so; 0: nothing */
    double jitter;   /* 0.8 to 1.2 */
};

static enum ending ending_of(const struct spd_error *err)
{
    if (err == NULL)
        return DELIVERED;
    switch (err->code) {
    case SPD_EBUSY:
        return BUSY;
    case SPD_EINVAL:
        return NEVER;
    case SPD_EAUTH:
        return UNWANTED;
    case SPD_ECANCELED:
        return INTERRUPTED;
    default:
        return AGAIN;
    }
}

static int64_t wait_of(spd_str said)
{
    int64_t seconds;
    if (!str_to_int(str_trim(said), &seconds) || seconds < 0)
        return 0;
    return seconds < WAIT_MAX_MS / 1000 ? seconds * 1000 : WAIT_MAX_MS;
}

struct outcome *outcome_new(struct lane *lane, spd_str said,
                            const struct spd_error *err)
{
    struct outcome *outcome = mem_new(sizeof(*outcome));
    outcome->lane = lane;
    outcome->delivery_id = lane->delivery.id;
    outcome->ending = ending_of(err);
    outcome->wait_ms = err == NULL ? 0 : wait_of(said);
    outcome->jitter = 0.8 + crypt_random_below(400) / 1000.0;
    spd_str note = str_clip(err == NULL ? said : STR(""), 255);
    snprintf(outcome->note, sizeof(outcome->note), "%.*s", STR_ARG(note));
    snprintf(outcome->error, sizeof(outcome->error), "%s",
             err == NULL ? "" : err->text);
    return outcome;
}

struct lane *outcome_lane(const struct outcome *outcome)
{
    return outcome->lane;
}

/* -- what follows -- */

/* 5 s, 30 s, 2 min, 10 min, half an hour, then hours: about a day in all. */
static int64_t pause_ms(const struct outcome *outcome, int64_t tries)
{
    static const int64_t steps[] = { 1,   1,   6,    24,   120,
                                     360, 720, 1440, 2880, 5760 };
    int64_t step = steps[tries < TRIES_MAX ? tries : TRIES_MAX - 1];
    double own_ms =
        (double)(outcome->lane->outbox->retry_ms * step) * outcome->jitter;
    int64_t wait_ms = (int64_t)own_ms;
    if (outcome->wait_ms > 0 &&
        (outcome->ending == BUSY || outcome->wait_ms > wait_ms))
        wait_ms = outcome->wait_ms;
    return wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS;
}

static void give_up(struct delivery *delivery, int64_t now_ms)
{
    delivery->state = DELIVERY_GIVEN_UP;
    delivery->ended_at = now_ms;
    delivery->next_try_at = 0;
}

static const char *lay_over(const struct outcome *outcome,
                            struct delivery *delivery, int64_t now_ms)
{
    bool is_tried = outcome->ending != BUSY && outcome->ending != INTERRUPTED &&
                    outcome->ending != UNWANTED;
    delivery->tries += is_tried;
    delivery->error = str_of(outcome->error);
    if (outcome->ending == DELIVERED) {
        delivery->state = DELIVERY_DELIVERED;
        delivery->error = (spd_str){ NULL, 0 };
        delivery->note = str_of(outcome->note);
        delivery->ended_at = now_ms;
        delivery->next_try_at = 0;
        return "delivery.delivered";
    }
    bool is_old = now_ms - delivery->created_at >
                  (outcome->ending == BUSY ? 2 : 1) * (int64_t)AGE_MAX_MS;
    if (outcome->ending == NEVER ||
        (outcome->ending == AGAIN && delivery->tries >= TRIES_MAX) ||
        ((outcome->ending == AGAIN || outcome->ending == BUSY) && is_old)) {
        give_up(delivery, now_ms);
        return "delivery.given_up";
    }
    if (outcome->ending == UNWANTED)
        delivery->next_try_at = 0;
    else
        delivery->next_try_at = now_ms + pause_ms(outcome, delivery->tries);
    return "delivery.postponed";
}

/* Switched off, and said so: the event is told on the other channels. */
static spd_err switch_off(const struct outcome *outcome, spd_txn *txn,
                          struct arena *arena, struct spd_error *err)
{
    struct channel channel;
    struct change change = { "channel.disabled", STR("spoold") };
    if (record_get(txn, &channel_kind, outcome->lane->channel_id, &channel,
                   arena, NULL) != SPD_OK)
        return SPD_OK;
    channel.enabled = false;
    channel.disabled_reason = str_of(outcome->error);
    channel.updated_at = shop_now_ms(outcome->lane->outbox->shop);
    return record_put(txn, &channel_kind, &channel, &change, err);
}

struct aged {
    int64_t ids[AGED_AT_ONCE];
    size_t count;
    int64_t before_ms;
};

static bool note_aged(void *arg, const void *record)
{
    struct aged *aged = arg;
    const struct delivery *delivery = record;
    if (delivery->created_at >= aged->before_ms || aged->count == AGED_AT_ONCE)
        return false;
    aged->ids[aged->count++] = delivery->id;
    return true;
}

/* Nothing came through for a day: what is as old goes with the one that was
 * just given up, without another day of tries each. */
static spd_err give_up_aged(const struct outcome *outcome, spd_txn *txn,
                            struct arena *arena, struct spd_error *err)
{
    int64_t now_ms = shop_now_ms(outcome->lane->outbox->shop);
    struct aged aged = { .before_ms = now_ms - AGE_MAX_MS };
    struct key prefix;
    struct span span = delivery_due_span(outcome->lane->channel_id, &prefix);
    record_each(txn, &delivery_kind, &span, note_aged, &aged);
    spd_err rc = SPD_OK;
    for (size_t i = 0; i < aged.count && rc == SPD_OK; i++) {
        struct delivery delivery;
        rc =
            record_get(txn, &delivery_kind, aged.ids[i], &delivery, arena, err);
        if (rc != SPD_OK)
            return rc;
        give_up(&delivery, now_ms);
        delivery.error = STR("nothing came through to this channel for a day");
        rc = delivery_put(txn, &delivery, "delivery.dropped", err);
    }
    return rc;
}

static spd_err write_outcome(const struct outcome *outcome, spd_txn *txn,
                             struct arena *arena, struct spd_error *err)
{
    struct delivery delivery;
    if (record_get(txn, &delivery_kind, outcome->delivery_id, &delivery, arena,
                   NULL) != SPD_OK ||
        delivery.state != DELIVERY_WAITING)
        return SPD_OK; /* taken away meanwhile */
    const char *topic =
        lay_over(outcome, &delivery, shop_now_ms(outcome->lane->outbox->shop));
    spd_err rc = delivery_put(txn, &delivery, topic, err);
    if (rc == SPD_OK && outcome->ending == UNWANTED)
        rc = switch_off(outcome, txn, arena, err);
    if (rc == SPD_OK && outcome->ending == AGAIN &&
        delivery.state == DELIVERY_GIVEN_UP)
        rc = give_up_aged(outcome, txn, arena, err);
    return rc;
}

spd_err outcome_run(spd_txn *txn, void *arg, struct spd_error *err)
{
    struct arena arena = { 0 };
    spd_err rc = write_outcome(arg, txn, &arena, err);
    arena_fini(&arena);
    return rc;
}
