/* The shop: what every noun of it is given to work with.
 *
 * One noun a file; each brings its record, its operations and its rules, and
 * the engine moves things between them. */
#ifndef SPOOLD_SHOP_SHOP_H
#define SPOOLD_SHOP_SHOP_H

#include "base/crypt.h"
#include "loop/pool.h"
#include "loop/ticket.h"
#include "ops/ops.h"
#include "shop/admission.h"

struct drivers;
struct fleet;
struct job;
struct notifiers;

/* How often somebody tried to log in of late. */
struct login_tries {
    int64_t since_ms;
    unsigned count;
};

/* Whether there was a person when that was counted last. */
struct set_up_seen {
    bool is_known, somebody;
    uint64_t changes; /* of people, then */
};

struct shop {
    struct loop *loop;
    struct store *store;
    struct ops *ops;
    struct pool *pool;
    struct tickets *tickets;
    struct crypt_key *key; /* for secrets at rest */
    struct drivers *drivers;
    struct fleet *fleet;
    struct notifiers *notifiers;
    struct login_tries tries;
    struct set_up_seen set_up;
    struct admissions admissions;
    /* The policy's rank of a job that waits, asked at each write of it; NULL:
     * there is no policy, and all rank equal. */
    int64_t (*rank)(void *arg, const struct job *job);
    void *rank_arg;
    /* Why no printer of the shop could ever print a job that waits, in words:
     * appended, or nothing where one could.  With rank_arg; NULL: nobody knows.
     */
    void (*judge_printable)(void *arg, spd_txn *txn, const struct job *job,
                            struct buf *why);
};

/* Every kind of record, for store_open. */
extern const struct kind *const shop_kinds[];
extern const size_t shop_kind_count;
/* The kind of that name; NULL: there is none. */
const struct kind *shop_kind(spd_str name);

/* Add the operations of all nouns. */
spd_err shop_add_ops(struct shop *shop, struct spd_error *err);

/* The shop's own invariants, beyond the store's: each job in one state, at
 * most one live attempt per printer and per job, references that lead
 * somewhere, spools that have left what their ledger says.  Calls `found` for
 * each breach; returns how many. */
size_t shop_check(struct store *store,
                  void (*found)(void *arg, const char *sentence), void *arg);

/* Now, as records keep it. */
static inline int64_t shop_now_ms(const struct shop *shop)
{
    return loop_wall_ms(shop->loop);
}

#endif
