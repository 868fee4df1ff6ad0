/* Deliveries: each message to each channel, with what became of it.  The log of
 * them is what people look at when somebody was not told. */
#ifndef SPOOLD_SHOP_DELIVERY_H
#define SPOOLD_SHOP_DELIVERY_H

#include "shop/message.h"

enum delivery_state {
    DELIVERY_WAITING,
    DELIVERY_DELIVERED,
    DELIVERY_GIVEN_UP,
    DELIVERY_GATHERED, /* into a digest or summary, which is `gathered_in` */
};

struct delivery {
    int64_t id, channel_id, message_id;
    spd_str topic, title; /* the message's, for lists */
    int state;            /* enum delivery_state */
    int64_t tries;
    spd_str error; /* of the last try; no text: it went well */
    spd_str note;  /* what the notifier said beside */
    int64_t gathered_in;
    int64_t created_at, ended_at;
    int64_t held_until; /* quiet hours, a digest; 0: it is not held */
    int64_t next_try_at;
    /* internal */
    spd_str thread;
    spd_str custom; /* JSON: what a rule wants sent; no text: nothing */
};

extern const struct kind delivery_kind;

/* Puts a new one; `channel_id` has none of this message yet, or SPD_EEXIST. */
spd_err delivery_put(spd_txn *txn, struct delivery *delivery, const char *topic,
                     struct spd_error *err);

/* Those that wait for a channel: the ones that are not held, in order... */
struct span delivery_due_span(int64_t channel_id, struct key *prefix);
/* ...and the held ones, by the time they are held until. */
struct span delivery_held_span(int64_t channel_id, struct key *prefix);
/* All of a channel, in order. */
struct span delivery_channel_span(int64_t channel_id, struct key *prefix);

/* Is it the first of its thread to its channel? */
bool delivery_is_first(spd_txn *txn, const struct delivery *delivery);

/* Forget what was decided before `before_ms`, at most `most` deliveries, and
 * the messages nobody waits for any more.  What still waits then has waited in
 * vain and is forgotten as well. */
spd_err deliveries_trim(spd_txn *txn, int64_t before_ms, size_t most,
                        struct spd_error *err);

spd_err delivery_add_ops(struct shop *shop, struct spd_error *err);

#endif
