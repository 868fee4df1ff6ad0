/* Group commit: what is asked for in one turn of the loop is committed once,
 * at its end, and answered after that. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/crash.h"
#include "base/log.h"
#include "store/store_internal.h"

struct member {
    struct store_write write;
    bool failed;
    struct spd_error err; /* when failed */
};

static void group_add(struct group *group, const struct store_write *write)
{
    if (group->count == group->cap) {
        group->cap = group->cap == 0 ? 16 : group->cap * 2;
        group->members =
            mem_resize(group->members, group->cap * sizeof(*group->members));
    }
    group->members[group->count++] = (struct member){ .write = *write };
}

void store_write(struct store *store, const struct store_write *write)
{
    assert(loop_is_here(store->loop));
    assert(store->writer.mdb == NULL && "no write from inside a write");
    group_add(&store->waiting, write);
    loop_after_turn(store->loop, &store->at_turn_end);
}

/* -- running -- */

/* A failure always has a sentence, and a write that LMDB refused is one even
 * when the member made light of it. */
static bool member_run(struct member *member, spd_txn *txn)
{
    struct spd_error *err = &member->err;
    txn->dirty = false;
    spd_err rc = member->write.run(txn, member->write.arg, err);
    if (txn->fault != 0)
        rc = txn_fault(txn->fault, err, "write to the store");
    if (rc == SPD_OK)
        return true;
    if (err->code == SPD_OK)
        error_set(err, rc, "the change was refused");
    err->code = rc;
    member->failed = true;
    return false;
}

/* All of the group that has not failed, in one transaction, which is left
 * open.  False: a member failed having written; what the others wrote cannot
 * be told from it, so begin anew without that one. */
static bool group_run(struct group *group, spd_txn *txn)
{
    for (size_t i = 0; i < group->count; i++) {
        struct member *member = &group->members[i];
        if (member->failed || member_run(member, txn))
            continue;
        if (txn->dirty || txn->fault != 0)
            return false;
    }
    return true;
}

static void group_fail(struct group *group, const struct spd_error *err)
{
    for (size_t i = 0; i < group->count; i++) {
        if (group->members[i].failed)
            continue;
        group->members[i].failed = true;
        group->members[i].err = *err;
    }
}

static void group_answer(struct group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        const struct member *member = &group->members[i];
        if (member->write.done != NULL)
            member->write.done(member->write.arg,
                               member->failed ? &member->err : NULL);
    }
}

/* -- committing -- */

/* After these the next commit may do better: nothing of this one counts and
 * all of what was before is whole.  Any other failure of the disk may have
 * hit the page that says which commit is the last. */
static bool is_harmless(int rc)
{
    return rc == ENOSPC || rc == EDQUOT || rc == ENOMEM || rc == MDB_MAP_FULL ||
           rc == MDB_TXN_FULL;
}

static void note_failure(struct store *store, int rc)
{
    if (rc == 0 || is_harmless(rc) || store->failed)
        return;
    log_error("store", "the disk failed, nothing is kept any more: %s",
              mdb_strerror(rc));
    store->failed = true;
}

static void note_commit(struct store *store)
{
    store->last_seq = store->writer.last_seq;
    for (size_t i = 0; i < store->shelf_count; i++)
        store->shelves[i].kept = store->shelves[i].given;
}

/* Begin, run, commit. SPD_OK also when members failed on their own. */
static spd_err group_commit(struct store *store, struct group *group,
                            struct spd_error *err)
{
    spd_txn *txn = &store->writer;
    if (store->failed)
        return txn_fault(MDB_PANIC, err, "write to the store");
    int rc = txn_begin(txn);
    while (rc == 0 && !group_run(group, txn)) {
        txn_abort(txn);
        rc = txn_begin(txn);
    }
    if (rc == 0) {
        crash_before("store.commit");
        rc = txn_commit(txn);
        crash_after("store.commit");
    }
    note_failure(store, rc);
    if (rc != 0)
        return txn_fault(rc, err, "write to the store");
    note_commit(store);
    return SPD_OK;
}

/* A follower may end its own following, or another's. */
static void tell_followers(struct store *store)
{
    if (store->told_seq == store->last_seq)
        return;
    store->told_seq = store->last_seq;
    store->next_follower = store->followers;
    while (store->next_follower != NULL) {
        struct journal_follower *follower = store->next_follower;
        store->next_follower = follower->next;
        follower->fn(follower->arg, store->last_seq);
    }
}

static void tell_failure(struct store *store)
{
    loop_fn *fn = store->on_failure;
    if (!store->failed || fn == NULL)
        return;
    store->on_failure = NULL;
    fn(store->on_failure_arg);
}

/* A member's `done` may ask for more, which then waits in another group. */
static void commit_waiting(struct store *store)
{
    struct spd_error err = { 0 };
    struct group group = store->waiting;
    store->waiting = store->spare;
    store->spare = (struct group){ 0 };
    if (group_commit(store, &group, &err) != SPD_OK)
        group_fail(&group, &err);
    group_answer(&group);
    group.count = 0;
    if (store->spare.members == NULL)
        store->spare = group;
    else
        free(group.members);
}

void store_flush(struct store *store)
{
    assert(loop_is_here(store->loop));
    assert(store->writer.mdb == NULL && "no commit from inside a write");
    assert(store->reader.reads == 0 && "a read outlived its callback");
    if (store->waiting.count > 0)
        commit_waiting(store);
    tell_followers(store);
    tell_failure(store);
}

void commit_at_turn_end(void *arg)
{
    store_flush(arg);
}

spd_err store_write_now(struct store *store,
                        spd_err (*run)(spd_txn *txn, void *arg,
                                       struct spd_error *err),
                        void *arg, struct spd_error *err)
{
    assert(loop_is_here(store->loop));
    if (store->writer.mdb != NULL || store->reader.reads > 0)
        return error_set(err, SPD_EBUSY,
                         "a write cannot begin inside another use of the "
                         "store");
    struct member member = { .write = { .run = run, .arg = arg } };
    struct group alone = { &member, 1, 1 };
    spd_err rc = group_commit(store, &alone, err);
    if (rc == SPD_OK && member.failed)
        rc = member.err.code;
    if (member.failed && err != NULL)
        *err = member.err;
    /* Whoever follows is told when this callback is over. */
    loop_after_turn(store->loop, &store->at_turn_end);
    return rc;
}
