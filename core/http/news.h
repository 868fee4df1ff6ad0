/* The newest events as text of the event stream, written once for all who
 * follow: a thousand readers cost a thousand copies, not a thousand reads. */
#ifndef SPOOLD_HTTP_NEWS_H
#define SPOOLD_HTTP_NEWS_H

#include "base/buf.h"
#include "store/journal.h"

/* Bounds what is kept; who is further behind reads the journal itself. */
enum { NEWS_EVENTS = 512, NEWS_BYTES = 256 * 1024 };

struct piece {
    int64_t seq;
    spd_str topic, text; /* text: "id: 7\nevent: ...\ndata: ...\n\n" */
};

/* Zero it, then news_start. */
struct news {
    int64_t first, last; /* seq; first > last: none */
    struct buf text;
    struct mark {
        size_t topic_at, topic_len, text_at, text_len;
    } marks[NEWS_EVENTS];
};

/* Empty, and the next event will be the one behind `last`. */
void news_start(struct news *news, int64_t last);
void news_fini(struct news *news);

/* Take over what the journal has behind news->last. */
void news_catch_up(struct news *news, spd_txn *txn);

/* Is the event `seq` among the news? */
bool news_has(const struct news *news, int64_t seq);
/* Borrowed until the next change. */
struct piece news_piece(const struct news *news, int64_t seq);

/* Append an event in the form of the stream. */
void news_format(struct buf *out, const struct event *event);

#endif
