#include "store/journal.h"

#include <assert.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/moment.h"
#include "store/store_internal.h"

/* -- appending -- */

static void put_number(struct buf *out, int64_t number)
{
    spd_jsonw w;
    jsonw_init(&w, out);
    jsonw_put_int(&w, NULL, number);
}

static void put_text(struct buf *out, spd_str name, spd_str text)
{
    buf_put(out, name);
    json_quote(out, text);
}

static void write_event(struct buf *out, int64_t seq, int64_t at_ms,
                        const struct change *change, spd_str data)
{
    char at[MOMENT_BYTES];
    buf_clear(out);
    buf_put(out, STR("{\"seq\":"));
    put_number(out, seq);
    put_text(out, STR(",\"at\":"), moment_text(at_ms, at));
    put_text(out, STR(",\"topic\":"), str_of(change->topic));
    put_text(out, STR(",\"who\":"), change->who);
    buf_put(out, STR(",\"data\":"));
    buf_put(out, data);
    buf_put_char(out, '}');
}

/* What is read of an event without looking into its text: its time and topic,
 * and behind a zero byte the record it is about, if any. */
static void pack_event(struct buf *packed, int64_t at_ms, const char *topic,
                       const struct written *written)
{
    buf_clear(packed);
    buf_put(packed, (spd_str){ (const char *)&at_ms, sizeof(at_ms) });
    buf_put(packed, str_of(topic));
    if (written == NULL)
        return;
    buf_put_char(packed, '\0');
    buf_put(packed,
            (spd_str){ (const char *)&written->id, sizeof(written->id) });
    buf_put(packed, str_of(written->kind));
}

spd_err journal_note(spd_txn *txn, const struct change *change,
                     const struct written *written, spd_str data, int64_t *seq,
                     struct spd_error *err)
{
    assert(change != NULL && change->topic != NULL);
    struct store *store = txn->store;
    int64_t at_ms = loop_wall_ms(store->loop), next = txn->last_seq + 1;
    struct buf *packed = &store->packed;
    write_event(&store->event, next, at_ms, change, data);
    pack_event(packed, at_ms, change->topic, written);
    struct value value = { buf_str(packed), buf_str(&store->event) };
    spd_err rc = table_put(txn, &store->journal, id_key(&next), &value, err);
    if (rc != SPD_OK)
        return rc;
    txn->last_seq = next;
    if (seq != NULL)
        *seq = next;
    return SPD_OK;
}

spd_err journal_append(spd_txn *txn, const struct change *change, spd_str data,
                       int64_t *seq, struct spd_error *err)
{
    return journal_note(txn, change, NULL, data, seq, err);
}

/* -- reading -- */

static void unpack_event(spd_str packed, struct event *event)
{
    event->topic = str_cut(&packed, '\0');
    if (packed.len < sizeof(event->id))
        return;
    memcpy(&event->id, packed.ptr, sizeof(event->id));
    event->kind = (spd_str){ packed.ptr + sizeof(event->id),
                             packed.len - sizeof(event->id) };
}

bool journal_read(spd_txn *txn, spd_str key, spd_str bytes, struct event *event,
                  int64_t *at_ms)
{
    struct value value;
    if (!value_read(&txn->store->crc, key, bytes, &value) ||
        value.packed.len < sizeof(*at_ms))
        return false;
    memcpy(at_ms, value.packed.ptr, sizeof(*at_ms));
    *event = (struct event){
        .seq = key_id(key),
        .text = value.text,
    };
    unpack_event((spd_str){ value.packed.ptr + sizeof(*at_ms),
                            value.packed.len - sizeof(*at_ms) },
                 event);
    return true;
}

void journal_each(spd_txn *txn, int64_t after,
                  bool (*fn)(void *arg, const struct event *event), void *arg)
{
    struct table *journal = &txn->store->journal;
    int64_t from = after + 1, at_ms;
    spd_str key = id_key(&from), bytes;
    struct event event;
    MDB_cursor *cursor = cursor_take(txn, journal);
    bool more = cursor_move(cursor, MDB_SET_RANGE, &key, &bytes);
    while (more) {
        if (!journal_read(txn, key, bytes, &event, &at_ms))
            log_error("store", "event %lld is damaged and passed over",
                      (long long)key_id(key));
        else if (!fn(arg, &event))
            break;
        more = cursor_move(cursor, MDB_NEXT, &key, &bytes);
    }
    cursor_give(txn, journal, cursor);
}

static int64_t seq_at(spd_txn *txn, MDB_cursor_op end)
{
    struct table *journal = &txn->store->journal;
    spd_str key = { NULL, 0 }, bytes;
    MDB_cursor *cursor = cursor_take(txn, journal);
    int64_t seq = cursor_move(cursor, end, &key, &bytes) ? key_id(key) : 0;
    cursor_give(txn, journal, cursor);
    return seq;
}

int64_t journal_first(spd_txn *txn)
{
    return seq_at(txn, MDB_FIRST);
}

int64_t journal_last(spd_txn *txn)
{
    return seq_at(txn, MDB_LAST);
}

bool topic_fits(spd_str pattern, spd_str topic)
{
    if (str_is(pattern, "*"))
        return true;
    if (!str_ends(pattern, STR(".*")))
        return str_equal(pattern, topic);
    pattern.len--; /* "print.*" asks for "print." in front */
    return str_starts(topic, pattern);
}

/* -- cursors -- */

static bool read_place(spd_txn *txn, spd_str name, spd_str bytes, int64_t *seq)
{
    struct value value;
    if (!value_read(&txn->store->crc, name, bytes, &value) ||
        value.packed.len != sizeof(*seq))
        return false;
    memcpy(seq, value.packed.ptr, sizeof(*seq));
    return true;
}

int64_t journal_cursor(spd_txn *txn, spd_str name)
{
    int64_t seq = 0;
    spd_str bytes;
    if (table_get(txn, &txn->store->cursors, name, &bytes) &&
        !read_place(txn, name, bytes, &seq))
        log_error("store", "the place of %.*s in the journal is damaged",
                  STR_ARG(name));
    return seq;
}

spd_err journal_cursor_set(spd_txn *txn, spd_str name, int64_t seq,
                           struct spd_error *err)
{
    struct table *cursors = &txn->store->cursors;
    if (seq < 0)
        return table_del(txn, cursors, name, err);
    struct value value = {
        .packed = { (const char *)&seq, sizeof(seq) },
    };
    return table_put(txn, cursors, name, &value, err);
}

/* -- forgetting -- */

/* How far everyone has read.  A damaged place keeps everything. */
static int64_t slowest_cursor(spd_txn *txn)
{
    struct table *cursors = &txn->store->cursors;
    int64_t slowest = INT64_MAX;
    spd_str name = { NULL, 0 }, bytes;
    MDB_cursor *cursor = cursor_take(txn, cursors);
    bool more = cursor_move(cursor, MDB_FIRST, &name, &bytes);
    for (; more; more = cursor_move(cursor, MDB_NEXT, &name, &bytes)) {
        int64_t seq = 0;
        read_place(txn, name, bytes, &seq);
        if (seq < slowest)
            slowest = seq;
    }
    cursor_give(txn, cursors, cursor);
    return slowest;
}

static bool is_old(spd_txn *txn, int64_t seq, int64_t before_ms)
{
    struct event event;
    int64_t at_ms;
    spd_str bytes;
    return table_get(txn, &txn->store->journal, id_key(&seq), &bytes) &&
           (!journal_read(txn, id_key(&seq), bytes, &event, &at_ms) ||
            at_ms < before_ms);
}

/* The last one stays: it says which number comes next. */
spd_err journal_trim(spd_txn *txn, int64_t before_ms, size_t most,
                     struct spd_error *err)
{
    int64_t end = slowest_cursor(txn);
    if (end > txn->last_seq - 1)
        end = txn->last_seq - 1;
    int64_t seq = journal_first(txn);
    spd_err rc = SPD_OK;
    for (; rc == SPD_OK && seq > 0 && seq <= end && most > 0; seq++, most--) {
        if (!is_old(txn, seq, before_ms))
            break;
        rc = table_del(txn, &txn->store->journal, id_key(&seq), err);
    }
    return rc;
}

/* -- followers -- */

void journal_follow(struct store *store, struct journal_follower *follower)
{
    follower->next = store->followers;
    store->followers = follower;
}

void journal_unfollow(struct store *store, struct journal_follower *follower)
{
    struct journal_follower **link = &store->followers;
    while (*link != NULL && *link != follower)
        link = &(*link)->next;
    if (*link == NULL)
        return;
    *link = follower->next;
    if (store->next_follower == follower)
        store->next_follower = follower->next;
}
