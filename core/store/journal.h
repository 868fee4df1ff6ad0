/* The journal: every change is an event, committed with the change.
 *
 * Everything that follows from a change reads the journal behind a cursor of
 * its own: live streams, notifications, rules, statistics, the audit trail. */
#ifndef SPOOLD_STORE_JOURNAL_H
#define SPOOLD_STORE_JOURNAL_H

#include "store/store.h"

struct change {
    const char *topic; /* "job.created": noun, then what happened to it */
    spd_str who;       /* "person/1", "plugin/bambu-mqtt", "spoold" */
};

/* An event as text:
 * {"seq":7,"at":"2026-...Z","topic":"job.created","who":"...","data":{...}}
 * `data` is JSON. `seq` (may be NULL) is filled in: from 1 on without gaps. */
spd_err journal_append(spd_txn *txn, const struct change *change, spd_str data,
                       int64_t *seq, struct spd_error *err);

struct event {
    int64_t seq;
    spd_str topic; /* borrowed, like the rest */
    spd_str text;  /* the whole event */
    spd_str kind;  /* of the record that was written or deleted; empty: none */
    int64_t id;    /* of that record */
};

/* Events behind `after`, in order; `fn` returns false to stop. */
void journal_each(spd_txn *txn, int64_t after,
                  bool (*fn)(void *arg, const struct event *event), void *arg);

int64_t journal_first(spd_txn *txn); /* seq of the oldest kept; 0: empty */
int64_t journal_last(spd_txn *txn);  /* 0: empty */

/* Does `topic` fit `pattern`? "print.*" takes all that begins "print.", and
 * "*" takes all. */
bool topic_fits(spd_str pattern, spd_str topic);

/* Durable places in the journal, by name: the last event that was dealt with.
 * Setting a negative one forgets the name, so that it holds up no trimming. */
int64_t journal_cursor(spd_txn *txn, spd_str name); /* 0: none yet */
spd_err journal_cursor_set(spd_txn *txn, spd_str name, int64_t seq,
                           struct spd_error *err);

/* Called on the loop after a commit that appended, or several. Own the struct;
 * linked until journal_unfollow. */
struct journal_follower {
    void (*fn)(void *arg, int64_t last_seq);
    void *arg;
    struct journal_follower *next;
};
void journal_follow(struct store *store, struct journal_follower *follower);
void journal_unfollow(struct store *store, struct journal_follower *follower);

/* Forget events older than `before_ms` that every cursor has passed, at most
 * `most` of them. */
spd_err journal_trim(spd_txn *txn, int64_t before_ms, size_t most,
                     struct spd_error *err);

#endif
