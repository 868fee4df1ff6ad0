/* The journal as a stream for browsers (text/event-stream).
 *
 * A stream makes text only when its socket takes it: libmicrohttpd asks for a
 * piece, and when there is no news the connection is suspended until the next
 * commit.  So a reader that does not read costs one buffer, not the journal. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "http/http_internal.h"
#include "http/news.h"

enum {
    TOPIC_MAX_BYTES = 128,
    LOOK_MAX = 1000,    /* events a piece may look at before it must end */
    BLOCK_BYTES = 4096, /* libmicrohttpd's own buffer, for HTTP/1.0 */
};
static const int64_t COMMENT_EVERY_MS = 15 * 1000;

struct stream {
    struct request *request;
    struct streams *streams;
    struct stream *next, **link;
    int64_t after;                 /* the last event that was passed */
    char pattern[TOPIC_MAX_BYTES]; /* "": all */
    struct buf rest;               /* of an event larger than a piece */
    size_t rest_sent;
    bool wants_comment;
};

struct streams {
    struct http *http;
    struct stream *first;
    size_t count;
    struct journal_follower follower;
    struct timer *comments;
    struct news news;
    struct buf scratch;
    bool ending;
};

/* -- all of them -- */

static void wake_all(struct streams *streams)
{
    for (struct stream *s = streams->first; s != NULL; s = s->next)
        request_resume(s->request);
}

static void on_commit(void *arg, int64_t last_seq)
{
    (void)last_seq;
    struct streams *streams = arg;
    if (streams->count == 0)
        return;
    spd_txn *txn = store_read(streams->http->store);
    news_catch_up(&streams->news, txn);
    store_read_end(txn);
    wake_all(streams);
}

static void on_comment_time(void *arg)
{
    struct streams *streams = arg;
    for (struct stream *s = streams->first; s != NULL; s = s->next)
        s->wants_comment = true;
    wake_all(streams);
}

struct streams *streams_new(struct http *http)
{
    struct streams *streams = mem_new(sizeof(*streams));
    streams->http = http;
    streams->follower =
        (struct journal_follower){ .fn = on_commit, .arg = streams };
    journal_follow(http->store, &streams->follower);
    streams->comments = timer_new(http->loop, on_comment_time, streams);
    return streams;
}

void streams_free(struct streams *streams)
{
    assert(streams->count == 0);
    journal_unfollow(streams->http->store, &streams->follower);
    timer_free(streams->comments);
    news_fini(&streams->news);
    buf_fini(&streams->scratch);
    free(streams);
}

void streams_end(struct streams *streams)
{
    streams->ending = true;
    wake_all(streams);
}

size_t streams_count(const struct streams *streams)
{
    return streams->count;
}

/* -- a piece -- */

struct room {
    struct stream *stream;
    char *ptr;
    size_t size, used;
    size_t looked;
};

static void put(struct room *room, spd_str text)
{
    memcpy(room->ptr + room->used, text.ptr, text.len);
    room->used += text.len;
}

static void put_rest(struct room *room)
{
    struct stream *stream = room->stream;
    spd_str left = { stream->rest.ptr + stream->rest_sent,
                     stream->rest.len - stream->rest_sent };
    size_t space = room->size - room->used;
    if (left.len > space)
        left.len = space;
    if (left.len > 0)
        put(room, left);
    stream->rest_sent += left.len;
    if (stream->rest_sent == stream->rest.len) {
        buf_fini(&stream->rest);
        stream->rest_sent = 0;
    }
}

static bool is_wanted(const struct stream *stream, spd_str topic)
{
    return stream->pattern[0] == '\0' ||
           topic_fits(str_of(stream->pattern), topic);
}

/* False: no more goes into this piece. */
static bool take(struct room *room, const struct piece *piece)
{
    struct stream *stream = room->stream;
    bool fits = piece->text.len <= room->size - room->used;
    if (!fits && room->used > 0)
        return false;
    stream->after = piece->seq;
    if (!fits) {
        buf_put(&stream->rest, piece->text);
        put_rest(room);
        return false;
    }
    put(room, piece->text);
    return true;
}

static void take_news(struct room *room)
{
    struct stream *stream = room->stream;
    const struct news *news = &stream->streams->news;
    while (news_has(news, stream->after + 1)) {
        struct piece piece = news_piece(news, stream->after + 1);
        if (!is_wanted(stream, piece.topic))
            stream->after = piece.seq;
        else if (!take(room, &piece))
            return;
    }
}

static bool on_event(void *arg, const struct event *event)
{
    struct room *room = arg;
    struct stream *stream = room->stream;
    if (room->looked++ == LOOK_MAX)
        return false;
    if (!is_wanted(stream, event->topic)) {
        stream->after = event->seq;
        return true;
    }
    struct buf *scratch = &stream->streams->scratch;
    buf_clear(scratch);
    news_format(scratch, event);
    struct piece piece = { event->seq, event->topic, buf_str(scratch) };
    return take(room, &piece);
}

/* Behind the news: from the journal, a bounded stretch in one transaction. */
static void take_journal(struct room *room)
{
    struct store *store = room->stream->streams->http->store;
    spd_txn *txn = store_read(store);
    journal_each(txn, room->stream->after, on_event, room);
    store_read_end(txn);
    if (room->looked > LOOK_MAX)
        room->stream->wants_comment = true; /* so that the scan goes on */
}

static void fill(struct room *room)
{
    struct stream *stream = room->stream;
    const struct news *news = &stream->streams->news;
    if (stream->rest.len > 0)
        put_rest(room);
    if (stream->rest.len > 0)
        return;
    if (stream->after + 1 < news->first)
        take_journal(room);
    take_news(room);
    if (room->used == 0 && stream->wants_comment)
        put(room, STR(":\n\n"));
    stream->wants_comment = false;
}

static ssize_t on_piece_wanted(void *arg, uint64_t position, char *ptr,
                               size_t size)
{
    (void)position;
    struct stream *stream = arg;
    if (stream->streams->ending)
        return MHD_CONTENT_READER_END_OF_STREAM;
    struct room room = { .stream = stream, .ptr = ptr, .size = size };
    fill(&room);
    if (room.used == 0) {
        stream->request->suspended = true;
        MHD_suspend_connection(stream->request->connection);
    }
    return (ssize_t)room.used;
}

/* -- begin and end -- */

void stream_end(struct request *request)
{
    struct stream *stream = request->stream;
    if (stream == NULL)
        return;
    request->stream = NULL;
    stream->request = NULL;
    *stream->link = stream->next;
    if (stream->next != NULL)
        stream->next->link = stream->link;
    if (--stream->streams->count == 0)
        timer_stop(stream->streams->comments);
}

/* libmicrohttpd lets go of the answer, some time after the request's end. */
static void on_let_go(void *arg)
{
    struct stream *stream = arg;
    assert(stream->request == NULL);
    buf_fini(&stream->rest);
    free(stream);
}

static struct stream *stream_new(struct request *request)
{
    struct streams *streams = request->http->streams;
    struct stream *stream = mem_new(sizeof(*stream));
    request->stream = stream;
    stream->request = request;
    stream->streams = streams;
    stream->wants_comment = true; /* tells proxies that it has begun */
    stream->next = streams->first;
    stream->link = &streams->first;
    if (stream->next != NULL)
        stream->next->link = &stream->next;
    streams->first = stream;
    if (streams->count++ == 0)
        timer_set(streams->comments, COMMENT_EVERY_MS, COMMENT_EVERY_MS);
    return stream;
}

/* Where to go on: behind the event the client saw last, or from now. When the
 * journal does not reach back that far (or not that far forward: it is another
 * one), the client is told to read everything anew. */
static void set_place(struct stream *stream, bool resumes, int64_t after)
{
    struct streams *streams = stream->streams;
    spd_txn *txn = store_read(streams->http->store);
    int64_t first = journal_first(txn), last = journal_last(txn);
    store_read_end(txn);
    int64_t oldest = first > 0 ? first - 1 : last;
    stream->after = !resumes || after > last ? last
                    : after < oldest         ? oldest
                                             : after;
    if (resumes && stream->after != after)
        buf_printf(&stream->rest, "event: reset\ndata: {\"after\":%lld}\n\n",
                   (long long)stream->after);
    /* A client that loses the line before its first event comes back here. */
    if (!resumes)
        buf_printf(&stream->rest, "id: %lld\n\n", (long long)stream->after);
    if (streams->count == 1)
        news_start(&streams->news, last);
}

static bool read_query(struct request *request, spd_str *after, spd_str *topic)
{
    *after = request->head.last_event_id;
    for (size_t i = 0; i < request->url.pair_count; i++) {
        const struct pair *pair = &request->url.pairs[i];
        if (str_is(pair->name, "topic") && pair->value.len < TOPIC_MAX_BYTES)
            *topic = pair->value;
        else if (!str_is(pair->name, "after"))
            return request_refuse(request, REFUSE_INVALID,
                                  "a stream takes only a short ?topic= and "
                                  "?after=");
        else if (after->len == 0)
            *after = pair->value;
    }
    return true;
}

static void set_response(struct request *request, struct stream *stream)
{
    request->response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, BLOCK_BYTES, on_piece_wanted, stream, on_let_go);
    request->status = 200;
    MHD_add_response_header(request->response, "Content-Type",
                            "text/event-stream; charset=utf-8");
    reply_add_headers(request, request->response);
}

bool stream_begin(struct request *request)
{
    struct streams *streams = request->http->streams;
    spd_str after_text, topic = { NULL, 0 };
    int64_t after = 0;
    if (!read_query(request, &after_text, &topic))
        return false;
    if (after_text.len > 0 && (!str_to_int(after_text, &after) || after < 0))
        return request_refuse(request, REFUSE_INVALID,
                              "?after= and Last-Event-ID are numbers of "
                              "events");
    if (streams->count >= request->http->options.max_streams)
        return request_refuse(request, REFUSE_TOO_MANY,
                              "there are %zu streams already, and no more are "
                              "allowed",
                              streams->count);
    struct stream *stream = stream_new(request);
    memcpy(stream->pattern, topic.len > 0 ? topic.ptr : "", topic.len);
    set_place(stream, after_text.len > 0, after);
    set_response(request, stream);
    return true;
}
