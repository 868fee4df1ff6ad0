/* Messages: what people are told of one event, or of several gathered ones,
 * whatever channels it goes to.  What stands in them was so when it happened.
 */
#ifndef SPOOLD_SHOP_MESSAGE_H
#define SPOOLD_SHOP_MESSAGE_H

#include "shop/shop.h"
#include "shop/words.h"

struct message {
    int64_t id;
    int64_t seq; /* of the event; 0: of none, or of several */
    spd_str topic;
    int64_t at;
    int severity; /* enum severity */
    spd_str title, text, link, thread;
    int64_t printer_id, job_id, order_id;
    /* internal */
    spd_str details; /* JSON: "facts", "event", "items", "progress_pct" of the
                        notice (plugin.h); those there are */
    int64_t file_id, plate; /* of the picture; file_id 0: none */
};

extern const struct kind message_kind;
extern const struct fields message_fields;

/* The members of a notice that come from the message, without braces. */
void message_write(const struct message *message, spd_jsonw *w);

/* The member `name` ("printer", "job", ...) of a notice's event: of `data` what
 * people are told. */
void message_write_subject(const char *name, const spd_json *data,
                           spd_jsonw *w);

/* Is there such a member in notices, for a channel's template? */
bool message_knows(spd_str path);

/* Was this event made a message of before? */
bool message_of_event(spd_txn *txn, int64_t seq);

spd_err message_put(spd_txn *txn, struct message *message,
                    struct spd_error *err);

#endif
