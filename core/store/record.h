/* Records: structs in the store, with indexes and their shown text.
 *
 * A record lies there twice: packed, which is what it is, and as the JSON text
 * of its reply, which is what lists are made of without parsing anything. */
#ifndef SPOOLD_STORE_RECORD_H
#define SPOOLD_STORE_RECORD_H

#include "base/field.h"
#include "store/journal.h"
#include "store/key.h"
#include "store/store.h"

enum index_flag {
    /* A second record of the same key is SPD_EEXIST. */
    INDEX_UNIQUE = 1u << 0,
    /* Its entries carry the shown text: a list in its order costs no more
     * than copying, and each put writes the text once more.  For the lists
     * that are asked for most. */
    INDEX_CARRIES_TEXT = 1u << 1,
};

struct index {
    const char *name;
    /* Fill `key`; false: this record is not in this index.  Must depend on
     * the record alone. */
    bool (*key)(const void *record, struct key *key);
    uint32_t flags; /* enum index_flag */
};

static inline bool index_has(const struct index *index, enum index_flag flag)
{
    return (index->flags & flag) != 0;
}

/* The first member of every record's struct is `int64_t id`. */
struct kind {
    const char *name;   /* "job": in errors, topics and file names */
    const char *plural; /* "jobs" */
    const struct fields *fields;
    const struct index *indexes;
    size_t index_count;
    /* Optional: more members for the shown text, behind the table's. */
    void (*show)(const void *record, spd_jsonw *w);
    /* Raised when `show` or what an index's key is made of changes: the next
     * start writes all records of the kind anew.  Changes of the field table
     * and of the names of indexes are seen without it. */
    uint32_t version;
};

/* -- reading -- */

/* Texts and lists live in `arena`. SPD_ENOTFOUND: "there is no job 7". */
spd_err record_get(spd_txn *txn, const struct kind *kind, int64_t id,
                   void *record, struct arena *arena, struct spd_error *err);
bool record_exists(spd_txn *txn, const struct kind *kind, int64_t id);

/* The shown text, borrowed until the transaction ends or writes. */
spd_err record_text(spd_txn *txn, const struct kind *kind, int64_t id,
                    spd_str *json, struct spd_error *err);

/* The first record whose key in `index` begins with `prefix`; 0: none. */
int64_t record_find(spd_txn *txn, const struct kind *kind,
                    const struct index *index, const struct key *prefix);

/* A stretch of records in an index's order (NULL: by id). */
struct span {
    const struct index *index;
    const struct key *prefix; /* NULL: all */
    /* Go on behind this record; 0: from the start.  Nothing follows a record
     * that has left the stretch. */
    int64_t after_id;
    /* Else begin at the first whose key is not below this one; NULL: at the
     * first of all. Not backwards. */
    const struct key *from;
    bool backwards;
    size_t limit; /* 0: no limit */
};

/* Borrowed until `fn` returns; false from it ends the walk.  No writes from
 * inside. Returns how many were visited. */
typedef bool record_fn(void *arg, const void *record);
size_t record_each(spd_txn *txn, const struct kind *kind,
                   const struct span *span, record_fn *fn, void *arg);

/* Append `[text,text,...]`. Returns the id of the last one when more follow
 * behind the limit, else 0. `wanted` may be NULL; else only records for which
 * it answers true count. */
int64_t record_list(spd_txn *txn, const struct kind *kind,
                    const struct span *span, record_fn *wanted, void *arg,
                    struct buf *out);

/* A number that is another after each change of it; 0: there is none. */
uint32_t record_tag(spd_txn *txn, const struct kind *kind, int64_t id);

size_t record_count(spd_txn *txn, const struct kind *kind);

/* Grows with each write of a record of this kind, also when it comes to
 * nothing: whoever keeps what was made of such records knows by it that they
 * must be read again.  Starts at 0 with the store's opening. [loop] */
uint64_t record_changes(struct store *store, const struct kind *kind);

/* -- writing, each with its event in the journal -- */

/* record->id 0 makes a new one and fills the id in.  A run that is repeated
 * (see store_write) may put the record with the id it was given before.
 *
 * Errors  SPD_ENOTFOUND  no record of that id
 *         SPD_EEXIST     another has this one's key in a unique index
 *         SPD_EIO        see store_write
 * On SPD_ENOTFOUND and SPD_EEXIST nothing has been written. */
spd_err record_put(spd_txn *txn, const struct kind *kind, void *record,
                   const struct change *change, struct spd_error *err);
spd_err record_del(spd_txn *txn, const struct kind *kind, int64_t id,
                   const struct change *change, struct spd_error *err);

#endif
