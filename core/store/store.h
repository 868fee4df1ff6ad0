/* The store: one LMDB environment, one writer, one way in.
 *
 * With record.h, journal.h and blob.h the only user of LMDB.  Default
 * durability flags only: what has been answered survives power loss.  A store
 * is opened once per process; a read lasts no longer than the callback that
 * began it.  All functions are for the loop's thread unless marked. */
#ifndef SPOOLD_STORE_STORE_H
#define SPOOLD_STORE_STORE_H

#include "loop/loop.h"
#include "loop/pool.h"

struct store;
struct kind;

struct store_options {
    const char *folder;              /* made (0700) when it is not there */
    size_t map_bytes;                /* 0: 64 GiB, sparse */
    const struct kind *const *kinds; /* static; what records there are */
    size_t kind_count;
    int64_t min_free_bytes; /* below it store_is_short; 0: 256 MiB */
    /* Beside a running spoold, to back up and to check: no lock is taken and
     * nothing is written.  `loop` may be NULL then. */
    bool read_only;
};

/* Takes the folder's lock; makes a new store beside and renames it; refuses a
 * network file system and a store written by a newer spoold.  Owned. */
struct store *store_open(struct loop *loop, const struct store_options *options,
                         struct spd_error *err);
/* Commits what waits first. */
void store_close(struct store *store);

const char *store_folder(const struct store *store);
/* The loop's wall clock: UTC milliseconds. */
int64_t store_wall_ms(const struct store *store);

/* Is the disk nearly full? Then uploads are refused and printing goes on.
 * The disk is asked once a second. */
bool store_is_short(struct store *store);

/* -- reading: a view of the last commit -- */

/* Borrowed until store_read_end; may be nested, and the inner one sees the
 * same. Never fails once the store is open. */
spd_txn *store_read(struct store *store);
void store_read_end(spd_txn *txn);

struct store *txn_store(const spd_txn *txn);

/* -- writing: group commit --
 *
 * What is asked for in one turn of the loop shares one commit at its end.  A
 * member that fails having written leaves no trace: the group is rolled back
 * and the others run again, so `run` may be called more than once and must
 * have no effect but through `txn` and what it keeps in `arg`.  Members run in
 * the order given and see what those before them did. */
struct store_write {
    spd_err (*run)(spd_txn *txn, void *arg, struct spd_error *err);
    /* Exactly once, after the commit or the failure; NULL: committed. */
    void (*done)(void *arg, const struct spd_error *err);
    void *arg;
};
void store_write(struct store *store, const struct store_write *write);

/* Alone and at once, before what waits: at start, at stop, and for plugins.
 * SPD_EBUSY from inside another write or a read. */
spd_err store_write_now(struct store *store,
                        spd_err (*run)(spd_txn *txn, void *arg,
                                       struct spd_error *err),
                        void *arg, struct spd_error *err);

/* Commit what waits now, instead of at the end of the turn. */
void store_flush(struct store *store);

/* Called (once) when the disk failed such that nothing can be acknowledged
 * any more: the server ends, its supervisor starts it anew. */
void store_on_failure(struct store *store, loop_fn *fn, void *arg);

/* -- small values of plugins and of the core itself, by name space --
 *
 * Views are borrowed until the transaction ends or writes.
 * Errors  SPD_ENOTFOUND  get, del: there is none
 *         SPD_EINVAL     space and key have over 510 bytes together
 *         SPD_EBUSY      put, del: from inside a scan or a walk
 *         SPD_EIO        damaged, or see store_write */
spd_err store_get(spd_txn *txn, spd_str space, spd_str key, spd_str *value);
spd_err store_put(spd_txn *txn, spd_str space, spd_str key, spd_str value,
                  struct spd_error *err);
spd_err store_del(spd_txn *txn, spd_str space, spd_str key);
spd_err store_scan(spd_txn *txn, spd_str space, spd_str prefix,
                   bool (*fn)(spd_str key, spd_str value, void *arg),
                   void *arg);

/* -- the whole of it -- */

/* A hot copy, compacted, of store and files into one file, which is there
 * whole or not at all. [worker], or a process beside (read_only). */
spd_err store_backup(struct store *store, const char *path,
                     struct spd_error *err);
/* Into a folder that does not exist yet (else SPD_EEXIST), after the backup's
 * checksum held (else SPD_EINVAL). No store need be open. */
spd_err store_restore(const char *path, const char *folder,
                      struct spd_error *err);

/* Every record reads, its checksum holds, each index entry has its record and
 * each record its entries, the journal has no gap, every kept file has
 * the bytes its name says.  Calls `found` (may be NULL) for each breach;
 * returns how many. [worker], loop, or a process beside.  Whether records and
 * files refer to each other rightly is for those to check who know them. */
size_t store_check(struct store *store,
                   void (*found)(void *arg, const char *sentence), void *arg);

#endif
