/* What the parts of the store share: its tables, its transactions. */
#ifndef SPOOLD_STORE_STORE_INTERNAL_H
#define SPOOLD_STORE_STORE_INTERNAL_H

#include <lmdb.h>

#include "base/buf.h"
#include "store/folder.h"
#include "store/record.h"
#include "store/store.h"
#include "store/value.h"

/* One of LMDB's named trees. */
struct table {
    MDB_dbi dbi;
    MDB_cursor *spare; /* of the reader, to be renewed instead of made anew */
};

/* Where a record stands in one index. */
struct place {
    struct key key;
    bool used;
};

/* All of one kind.  `rows` is keyed by id, each of `indexes` by the index's
 * key with the id behind it, in big-endian. */
struct shelf {
    const struct kind *kind;
    struct table rows;
    struct table *indexes;
    /* Ids up to `given` are used up, also when their transaction came to
     * nothing; those up to `kept` were committed or given up. */
    int64_t given, kept;
    uint64_t changes;  /* see record_changes */
    size_t list_bytes; /* of the last list made of them */
    void *old;         /* scratch: the record before a write */
    struct place *old_places, *new_places;
};

struct spd_txn {
    struct store *store;
    MDB_txn *mdb; /* NULL: not begun */
    bool writing;
    bool lends;     /* keeps spare cursors in the tables */
    bool dirty;     /* something was written since this was cleared */
    int fault;      /* LMDB's first refusal to write; nothing counts after */
    unsigned reads; /* nested store_read */
    unsigned walks; /* cursors in use: no writing meanwhile */
    int64_t last_seq;
};

struct group {
    struct member *members;
    size_t count, cap;
};

struct store {
    struct loop *loop; /* NULL: read only */
    char *folder;
    int lock_fd;
    int64_t min_free_bytes;
    bool is_short;         /* when we looked last */
    int64_t look_again_ms; /* monotonic; 0: not looked yet */
    MDB_env *env;
    struct table meta, journal, cursors, space;
    struct shelf *shelves;
    size_t shelf_count;
    struct crc32c crc;

    struct spd_txn reader, writer;
    struct buf packed, text, event; /* scratch of a write */

    struct group waiting;
    struct group spare; /* an empty one, for its memory */
    struct loop_after at_turn_end;
    struct timer *reader_check;
    bool failed; /* nothing is acknowledged any more */
    loop_fn *on_failure;
    void *on_failure_arg;

    int64_t last_seq, told_seq; /* committed; followers know of */
    struct journal_follower *followers, *next_follower;
};

/* -- txn.c -- */

/* Begin and end; LMDB's codes, 0 from commit: it is on the disk. */
int txn_begin(spd_txn *txn);
int txn_commit(spd_txn *txn);
void txn_abort(spd_txn *txn);

/* A transaction of the caller's own, on any thread. */
int txn_begin_private(struct store *store, spd_txn *txn);

/* `rc` as a sentence about what we were doing. */
spd_err txn_fault(int rc, struct spd_error *err, const char *fmt, ...)
    SPD_PRINTF(3, 4);

bool table_get(spd_txn *txn, const struct table *table, spd_str key,
               spd_str *bytes);
/* Refuse with SPD_EIO; the sentence says why. */
spd_err table_put(spd_txn *txn, const struct table *table, spd_str key,
                  const struct value *value, struct spd_error *err);
spd_err table_put_key(spd_txn *txn, const struct table *table, spd_str key,
                      struct spd_error *err);
spd_err table_del(spd_txn *txn, const struct table *table, spd_str key,
                  struct spd_error *err);
size_t table_count(spd_txn *txn, const struct table *table);

/* Cursors are given back by whoever took them, before the transaction ends. */
MDB_cursor *cursor_take(spd_txn *txn, struct table *table);
void cursor_give(spd_txn *txn, struct table *table, MDB_cursor *cursor);
/* False: there is none.  `key` may be in (MDB_SET...) and is out. */
bool cursor_move(MDB_cursor *cursor, MDB_cursor_op op, spd_str *key,
                 spd_str *bytes);

/* Ids are keys as they lie in memory: LMDB compares them as integers. */
static inline spd_str id_key(const int64_t *id)
{
    return (spd_str){ (const char *)id, sizeof(*id) };
}
int64_t key_id(spd_str key);

/* Index entries: the id's eight bytes behind the key. */
void key_put_entry_id(struct key *key, int64_t id);
int64_t entry_id(spd_str entry);
spd_str entry_key(spd_str entry); /* without the id */

struct shelf *shelf_of(struct store *store, const struct kind *kind);

/* -- schema.c -- */

/* Make the store beside and rename it, when there is none. */
spd_err schema_create(struct store *store, const struct store_options *options,
                      struct spd_error *err);
/* Open every table; refuse a newer store, bring an older one up to date. */
spd_err schema_open(struct store *store, const struct store_options *options,
                    struct spd_error *err);
spd_err schema_keep_id(spd_txn *txn, const struct shelf *shelf, int64_t id,
                       struct spd_error *err);

/* -- commit.c -- */

void commit_at_turn_end(void *arg);

/* -- record.c -- */

/* The shown text of a record, in place of what `out` held. */
void record_show(const struct kind *kind, const void *record, struct buf *out);
/* Fill `places`, one an index. */
void record_places(const struct kind *kind, const void *record,
                   struct place *places);
/* Decode `bytes`, which stay where they are; lists live in `arena`. */
bool record_decode(spd_txn *txn, const struct kind *kind, int64_t id,
                   spd_str bytes, void *record, struct arena *arena);
/* Write the record and its index entries anew, without an event. */
spd_err record_rewrite(spd_txn *txn, struct shelf *shelf, const void *record,
                       struct spd_error *err);

/* -- journal.c -- */

/* The record an event is about. */
struct written {
    const char *kind;
    int64_t id;
};
/* journal_append, and which record was written (NULL: none). */
spd_err journal_note(spd_txn *txn, const struct change *change,
                     const struct written *written, spd_str data, int64_t *seq,
                     struct spd_error *err);

/* False: damaged. */
bool journal_read(spd_txn *txn, spd_str key, spd_str bytes, struct event *event,
                  int64_t *at_ms);

/* -- blob.c -- */

/* Make the folders, and empty the one for files on their way in. */
spd_err blob_open(const char *folder, struct spd_error *err);
/* Every file that is kept, by its name in the folder it lies in. */
void blob_each(const struct store *store, folder_fn *fn, void *arg);

#endif
