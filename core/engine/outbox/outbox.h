/* The outbox: tells people what happened, once, wherever they are.
 *
 * Reads the journal behind a cursor of its own.  What is worth telling becomes
 * a message and a delivery for each channel that wants it, in the commit that
 * moves the cursor; so nothing is lost and nothing is told twice, whatever dies
 * in between.  Each channel is a lane: one delivery at a time, in order, tried
 * again with growing pauses.  Knows no way to tell anybody: those are plugins.
 */
#ifndef SPOOLD_ENGINE_OUTBOX_H
#define SPOOLD_ENGINE_OUTBOX_H

#include "shop/shop.h"

struct outbox;

struct outbox_options {
    const char *url; /* of the shop's page, for links; copied; NULL: as below */
    int64_t retry_ms; /* the first pause; 0: 5 s */
};

struct outbox *outbox_new(struct shop *shop,
                          const struct outbox_options *options);
void outbox_free(struct outbox *outbox);

/* `url` is where the page is found, when the options did not say. */
void outbox_start(struct outbox *outbox, const char *url);
/* Send nothing more; what is under way is sent again at the next start. */
void outbox_stop(struct outbox *outbox);

/* A plugin goes: nothing is sent by it any more. */
void outbox_withdraw(struct outbox *outbox, const spd_plugin *self);

/* A judge sees each message before it is written down, as JSON (a notice
 * without "channel", see plugin.h), and answers now or later by outbox_judged,
 * once for each number.  Without an answer within a second the message goes
 * its usual way.  fn NULL: there is none. */
typedef void outbox_judge_fn(void *arg, int64_t number, spd_str message);
void outbox_set_judge(struct outbox *outbox, outbox_judge_fn *fn, void *arg);

/* NULL: as it is; else an object of these, all optional:
 *
 * drop      true: nobody is told
 * title text severity  in place of those it has
 * channels  [name or id]: to exactly these, instead of those that want it
 * custom    any JSON: sent instead of the usual form, where channels can */
void outbox_judged(struct outbox *outbox, int64_t number,
                   const spd_json *verdict);

spd_err outbox_add_ops(struct outbox *outbox, struct spd_error *err);

#endif
