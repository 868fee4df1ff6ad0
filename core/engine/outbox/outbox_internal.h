/* What the parts of the outbox share: lanes, and messages being made. */
#ifndef SPOOLD_ENGINE_OUTBOX_INTERNAL_H
#define SPOOLD_ENGINE_OUTBOX_INTERNAL_H

#include "engine/outbox/outbox.h"
#include "shop/channel.h"
#include "shop/delivery.h"

/* -- compose.c: an event as a message -- */

struct composer {
    const struct shop *shop;
    spd_str url; /* of the shop's page; no text: no links */
    struct arena *arena;
};

/* An event: `data` as the journal has it. */
struct occurrence {
    int64_t seq; /* 0: made up, for a preview */
    int64_t at;
    spd_str topic;
    const spd_json *data;
    int64_t printer_id; /* where it happened; 0: as `data` says */
};

/* False: nobody is told of it. Texts live in the composer's arena. */
bool compose(const struct composer *composer, spd_txn *txn,
             const struct occurrence *event, struct message *message,
             enum notify_switch *by);

/* Several as one: `items` are `count` of them, oldest first. */
void compose_gathered(const struct composer *composer,
                      const struct words *words, const struct message *items,
                      size_t count, int64_t now_ms, struct message *message);

/* -- tell.c: who is told -- */

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

spd_str parcel_topic(const struct parcel *parcel);
/* In a write: what follows from the event. */
spd_err parcel_handle(struct outbox *outbox, spd_txn *txn,
                      const struct parcel *parcel, struct spd_error *err);

/* -- lane.c: one channel's deliveries, one after the other -- */

/* Somebody pressed the test button. */
struct trial {
    struct trial *next;
    struct call *call;
};

struct lane {
    struct lane *next;
    struct outbox *outbox;
    int64_t channel_id;
    uint64_t seen; /* the look at the channels that found it last */

    /* as the channel's record says */
    struct channel channel; /* texts live in the arena */
    struct arena arena;
    struct buf described; /* for the notifier; empty: it cannot be read */

    bool waits;      /* there may be something to send */
    bool busy;       /* a picture, a notifier's answer or a commit is awaited */
    bool starved;    /* it had to wait for the rate limit */
    bool must_learn; /* the channel changed while it was busy */
    double tokens;
    int64_t tokens_ms;
    struct timer *timer;
    struct trial *trials;

    /* under way */
    const struct notifier *notifier;
    spd_ticket *ticket;  /* NULL: none */
    struct trial *trial; /* NULL: a delivery */
    struct delivery delivery;
    struct message message;
    struct arena load; /* texts of both */
    bool is_first;     /* of its thread */
    int picture_fd;    /* -1: none */
};

void lanes_refresh(struct outbox *outbox);
/* There may be something to send on any of them. */
void lanes_wake(struct outbox *outbox);
void lane_pump(struct lane *lane);
struct lane *lane_find(struct outbox *outbox, int64_t channel_id);
void lanes_end_trials(struct outbox *outbox);
void lanes_free(struct outbox *outbox);

/* -- notice.c -- */

/* The whole notice as the notifier is told it; `custom` (may be NULL) is laid
 * over the channel's template. Appended. */
void lane_write_notice(const struct lane *lane, const struct message *message,
                       const struct delivery *delivery, const char *picture,
                       struct buf *out);

/* -- outcome.c: what became of a delivery -- */

struct outcome;

/* How the lane's delivery ended: as by role->finish. Owned: free(). */
struct outcome *outcome_new(struct lane *lane, spd_str said,
                            const struct spd_error *err);
struct lane *outcome_lane(const struct outcome *outcome);
/* In a write: the delivery as it stands now, and what follows. */
spd_err outcome_run(spd_txn *txn, void *outcome, struct spd_error *err);

/* -- gather.c: many as one -- */

enum { GATHERED_MAX = 100 };

/* Release what is held no longer; several become a digest. */
spd_err gather_held(spd_txn *txn, struct lane *lane, struct spd_error *err);
/* What had to wait for the rate limit becomes a summary. */
spd_err gather_waiting(spd_txn *txn, struct lane *lane, struct spd_error *err);

/* -- hold.c: until when -- */

/* When a message of that severity may go to the channel: now_ms, or later. */
int64_t hold_until(const struct channel *channel, int severity, int64_t now_ms);

/* -- outbox.c -- */

struct batch;

struct outbox {
    struct shop *shop;
    char *url;
    int64_t retry_ms;
    struct journal_follower follower;
    bool started;

    int64_t seen_seq;    /* the journal up to here was looked at */
    int64_t saved_seq;   /* as the store knows it */
    struct batch *batch; /* on its way; NULL: none */
    struct timer *again; /* look on, there may be more */
    int64_t last_number;
    outbox_judge_fn *judge;
    void *judge_arg;

    struct lane *lanes;
    uint64_t channel_changes, looks;
};

struct composer outbox_composer(const struct outbox *outbox,
                                struct arena *arena);

#endif
