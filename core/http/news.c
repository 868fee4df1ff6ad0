#include "http/news.h"

void news_start(struct news *news, int64_t last)
{
    news->first = last + 1;
    news->last = last;
    buf_clear(&news->text);
}

void news_fini(struct news *news)
{
    buf_fini(&news->text);
}

void news_format(struct buf *out, const struct event *event)
{
    buf_printf(out, "id: %lld\nevent: ", (long long)event->seq);
    buf_put(out, event->topic);
    buf_put(out, STR("\ndata: "));
    buf_put(out, event->text);
    buf_put(out, STR("\n\n"));
}

/* When the room is used up, what was there is forgotten. */
static bool on_event(void *arg, const struct event *event)
{
    struct news *news = arg;
    if (news->last - news->first + 1 == NEWS_EVENTS ||
        news->text.len >= NEWS_BYTES)
        news_start(news, news->last);
    struct mark *mark = &news->marks[event->seq - news->first];
    mark->text_at = news->text.len;
    news_format(&news->text, event);
    mark->text_len = news->text.len - mark->text_at;
    mark->topic_at = news->text.len;
    mark->topic_len = event->topic.len;
    buf_put(&news->text, event->topic);
    news->last = event->seq;
    return true;
}

void news_catch_up(struct news *news, spd_txn *txn)
{
    journal_each(txn, news->last, on_event, news);
}

bool news_has(const struct news *news, int64_t seq)
{
    return seq >= news->first && seq <= news->last;
}

struct piece news_piece(const struct news *news, int64_t seq)
{
    const struct mark *mark = &news->marks[seq - news->first];
    const char *text = news->text.ptr;
    return (struct piece){
        .seq = seq,
        .topic = { text + mark->topic_at, mark->topic_len },
        .text = { text + mark->text_at, mark->text_len },
    };
}
