#include "store/store.h"

#include "shop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* A member of a group, and what became of it. */
struct member {
    struct shop *shop;
    struct parcel parcel;
    bool fails;  /* ... */
    bool first;  /* before it has written anything */
    bool silent; /* returning no sentence */
    int runs, dones;
    spd_err outcome;
    char text[160];
    struct member *then; /* asked for by its `done` */
};

/* Who was answered, in order. */
static char diary[128];

static spd_err refuse(const struct member *member, struct spd_error *err)
{
    return member->silent ? SPD_EAUTH
                          : error_set(err, SPD_EAUTH, "not on a Sunday");
}

static spd_err run(spd_txn *txn, void *arg, struct spd_error *err)
{
    static const struct change change = { "parcel.put", { "person/1", 8 } };
    struct member *member = arg;
    member->runs++;
    if (member->fails && member->first)
        return refuse(member, err);
    spd_err rc = record_put(txn, &parcel_kind, &member->parcel, &change, err);
    if (rc == SPD_OK && member->fails)
        return refuse(member, err);
    return rc;
}

static void ask(struct member *member);

static void done(void *arg, const struct spd_error *err)
{
    struct member *member = arg;
    member->dones++;
    if (err != NULL) {
        member->outcome = err->code;
        snprintf(member->text, sizeof(member->text), "%.150s", err->text);
    }
    size_t used = strlen(diary);
    snprintf(diary + used, sizeof(diary) - used, "%.*s ",
             STR_ARG(member->parcel.label));
    if (member->then != NULL)
        ask(member->then);
}

static void ask(struct member *member)
{
    store_write(member->shop->store,
                &(struct store_write){ run, done, member });
}

static struct member member_new(struct shop *shop, const char *label)
{
    diary[0] = '\0';
    return (struct member){ .shop = shop, .parcel = parcel_new(label, 1, 1) };
}

static const char *all(struct shop *shop)
{
    static const struct span span = { .index = &parcel_indexes[BY_LABEL] };
    return shop_ids(shop, &span);
}

static void what_is_asked_in_one_turn_is_answered_at_its_end(void **state)
{
    struct shop *shop = *state;
    struct member a = member_new(shop, "a"), b = member_new(shop, "b");
    ask(&a);
    ask(&b);
    assert_int_equal(a.runs, 0);
    loop_turn(shop->loop, 0);
    assert_int_equal(a.runs, 1);
    assert_int_equal(b.dones, 1);
    assert_int_equal(b.outcome, SPD_OK);
    assert_string_equal(diary, "a b ");
    assert_string_equal(all(shop), "[1,2]");
}

static void a_member_sees_what_those_before_it_did(void **state)
{
    struct shop *shop = *state;
    struct member a = member_new(shop, "same"), b = member_new(shop, "same");
    ask(&a);
    ask(&b);
    loop_turn(shop->loop, 0);
    assert_int_equal(a.outcome, SPD_OK);
    assert_int_equal(b.outcome, SPD_EEXIST);
    assert_int_equal(a.runs, 1); /* b had written nothing */
}

static void a_failing_member_that_wrote_leaves_no_trace(void **state)
{
    struct shop *shop = *state;
    struct member a = member_new(shop, "a"), b = member_new(shop, "b"),
                  c = member_new(shop, "c");
    b.fails = true;
    ask(&a);
    ask(&b);
    ask(&c);
    loop_turn(shop->loop, 0);
    assert_int_equal(a.runs, 2);
    assert_int_equal(b.runs, 1);
    assert_int_equal(c.runs, 1);
    assert_int_equal(b.outcome, SPD_EAUTH);
    assert_string_equal(b.text, "not on a Sunday");
    assert_int_equal(a.outcome, SPD_OK);
    assert_int_equal(c.outcome, SPD_OK);
    assert_int_equal(a.dones + b.dones + c.dones, 3);
    assert_string_equal(diary, "a b c ");
    spd_txn *txn = store_read(shop->store);
    assert_int_equal(record_count(txn, &parcel_kind), 2);
    assert_int_equal(journal_last(txn), 2);
    store_read_end(txn);
}

static void
a_run_repeated_with_the_id_it_was_given_makes_one_record(void **state)
{
    struct shop *shop = *state;
    struct member a = member_new(shop, "a"), b = member_new(shop, "b"),
                  c = member_new(shop, "c");
    b.fails = true;
    ask(&a);
    ask(&b);
    ask(&c);
    loop_turn(shop->loop, 0);
    assert_int_equal(a.parcel.id, 1);
    assert_int_equal(c.parcel.id, 3); /* 2 was b's, and nobody else gets it */
    assert_string_equal(all(shop), "[1,3]");
}

static void a_failing_member_that_wrote_nothing_costs_nothing(void **state)
{
    struct shop *shop = *state;
    struct member a = member_new(shop, "a"), b = member_new(shop, "b");
    b.fails = b.first = b.silent = true;
    ask(&a);
    ask(&b);
    loop_turn(shop->loop, 0);
    assert_int_equal(a.runs, 1);
    assert_int_equal(b.outcome, SPD_EAUTH);
    assert_string_equal(b.text, "the change was refused");
}

static void every_member_may_fail(void **state)
{
    struct shop *shop = *state;
    struct member members[4];
    for (int i = 0; i < 4; i++) {
        members[i] = member_new(shop, &"abcd"[i]);
        members[i].fails = true;
        ask(&members[i]);
    }
    loop_turn(shop->loop, 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(members[i].runs, 1);
        assert_int_equal(members[i].dones, 1);
        assert_int_equal(members[i].outcome, SPD_EAUTH);
    }
    assert_string_equal(all(shop), "[]");
}

static void what_an_answer_asks_for_is_committed_too(void **state)
{
    struct shop *shop = *state;
    struct member a = member_new(shop, "a"), b = member_new(shop, "b"),
                  c = member_new(shop, "c");
    a.then = &b;
    b.then = &c;
    ask(&a);
    loop_turn(shop->loop, 0);
    loop_turn(shop->loop, 0);
    loop_turn(shop->loop, 0);
    assert_string_equal(diary, "a b c ");
}

static void closing_commits_what_waits(void **state)
{
    struct shop *shop = *state;
    struct member a = member_new(shop, "a"), b = member_new(shop, "b");
    a.then = &b;
    ask(&a);
    shop_close(shop);
    assert_string_equal(diary, "a b ");
    shop_open(shop);
    assert_string_equal(all(shop), "[1,2]");
    loop_turn(shop->loop, 0);
}

static void a_flush_commits_before_the_turn_ends(void **state)
{
    struct shop *shop = *state;
    struct member a = member_new(shop, "a");
    ask(&a);
    store_flush(shop->store);
    assert_int_equal(a.dones, 1);
    loop_turn(shop->loop, 0);
    assert_int_equal(a.dones, 1);
}

/* -- alone and at once -- */

static spd_err run_busy(spd_txn *txn, void *arg, struct spd_error *err)
{
    struct member *member = arg;
    member->outcome = store_write_now(txn_store(txn), run, member, err);
    return SPD_OK;
}

static void a_write_within_a_write_or_a_read_is_refused(void **state)
{
    struct shop *shop = *state;
    struct member a = member_new(shop, "a");
    store_write_now(shop->store, run_busy, &a, NULL);
    assert_int_equal(a.outcome, SPD_EBUSY);
    a.outcome = SPD_OK;
    spd_txn *txn = store_read(shop->store);
    assert_int_equal(store_write_now(shop->store, run, &a, NULL), SPD_EBUSY);
    store_read_end(txn);
    assert_int_equal(a.runs, 0);
}

static void a_read_sees_the_last_commit_until_it_ends(void **state)
{
    struct shop *shop = *state;
    shop_add(shop, "a", 1, 1);
    spd_txn *outer = store_read(shop->store);
    struct member b = member_new(shop, "b");
    ask(&b);
    spd_txn *inner = store_read(shop->store);
    assert_int_equal(record_count(inner, &parcel_kind), 1);
    store_read_end(inner);
    store_read_end(outer);
    loop_turn(shop->loop, 0);
    assert_string_equal(all(shop), "[1,2]");
}

/* -- a full disk -- */

static void reopen_small(struct shop *shop, size_t map_bytes)
{
    shop_close(shop);
    assert_non_null(shop_open_as(shop, NULL, map_bytes, NULL));
}

static char big_note[100000];

static void a_full_store_refuses_and_stays_usable(void **state)
{
    struct shop *shop = *state;
    reopen_small(shop, 1 << 20);
    memset(big_note, 'x', sizeof(big_note));
    struct spd_error err = { 0 };
    int64_t small = shop_add(shop, "small", 1, 1), kept = 0;
    for (int i = 0; i < 100; i++) {
        char label[16];
        snprintf(label, sizeof(label), "p%d", i);
        struct parcel parcel = parcel_new(label, 1, 1);
        parcel.note = (spd_str){ big_note, sizeof(big_note) };
        if (shop_try_put(shop, &parcel, &err) != SPD_OK)
            break;
        kept = parcel.id;
    }
    assert_int_equal(err.code, SPD_EIO);
    assert_string_equal(err.text, "cannot write to the store: the store has "
                                  "reached its largest size");
    assert_in_range(kept, 2, 99);
    assert_int_equal(shop_breaches(shop, false), 0);
    shop_del(shop, small);
    assert_in_range(shop_add(shop, "small", 1, 1), kept + 1, 200);
}

static void a_member_too_big_for_the_store_fails_alone(void **state)
{
    struct shop *shop = *state;
    reopen_small(shop, 1 << 18);
    static char huge[400000];
    memset(huge, 'x', sizeof(huge));
    struct member a = member_new(shop, "a"), b = member_new(shop, "b"),
                  c = member_new(shop, "c");
    b.parcel.note = (spd_str){ huge, sizeof(huge) };
    ask(&a);
    ask(&b);
    ask(&c);
    loop_turn(shop->loop, 0);
    assert_int_equal(a.outcome, SPD_OK);
    assert_int_equal(b.outcome, SPD_EIO);
    assert_int_equal(c.outcome, SPD_OK);
    assert_string_equal(all(shop), "[1,3]");
}

/* Makes light of what LMDB refused. */
static spd_err run_careless(spd_txn *txn, void *arg, struct spd_error *err)
{
    run(txn, arg, err);
    return SPD_OK;
}

static void a_refused_write_counts_even_when_it_is_overlooked(void **state)
{
    struct shop *shop = *state;
    reopen_small(shop, 1 << 18);
    static char huge[400000];
    memset(huge, 'x', sizeof(huge));
    struct member a = member_new(shop, "a"), b = member_new(shop, "b");
    a.parcel.note = (spd_str){ huge, sizeof(huge) };
    store_write(shop->store, &(struct store_write){ run_careless, done, &a });
    ask(&b);
    loop_turn(shop->loop, 0);
    assert_int_equal(a.outcome, SPD_EIO);
    assert_int_equal(b.outcome, SPD_OK);
}

/* -- followers -- */

struct ear {
    struct journal_follower follower;
    struct store *store;
    int calls;
    int64_t last_seq;
    struct ear *unfollows;
};

static void hear(void *arg, int64_t last_seq)
{
    struct ear *ear = arg;
    ear->calls++;
    ear->last_seq = last_seq;
    if (ear->unfollows != NULL)
        journal_unfollow(ear->store, &ear->unfollows->follower);
}

static void ear_open(struct ear *ear, struct shop *shop)
{
    *ear = (struct ear){ .store = shop->store };
    ear->follower = (struct journal_follower){ .fn = hear, .arg = ear };
    journal_follow(shop->store, &ear->follower);
}

static void followers_hear_once_a_commit(void **state)
{
    struct shop *shop = *state;
    struct ear ear;
    ear_open(&ear, shop);
    struct member a = member_new(shop, "a"), b = member_new(shop, "b");
    ask(&a);
    ask(&b);
    loop_turn(shop->loop, 0);
    assert_int_equal(ear.calls, 1);
    assert_int_equal(ear.last_seq, 2);
    loop_turn(shop->loop, 0);
    assert_int_equal(ear.calls, 1);
}

static void followers_hear_of_a_write_at_once_when_its_turn_ends(void **state)
{
    struct shop *shop = *state;
    struct ear ear;
    ear_open(&ear, shop);
    shop_add(shop, "a", 1, 1);
    assert_int_equal(ear.calls, 0);
    loop_turn(shop->loop, 0);
    assert_int_equal(ear.calls, 1);
}

static spd_err run_quiet(spd_txn *txn, void *arg, struct spd_error *err)
{
    (void)arg;
    return store_put(txn, STR("plugin"), STR("key"), STR("value"), err);
}

static void followers_hear_nothing_of_a_commit_without_events(void **state)
{
    struct shop *shop = *state;
    struct ear ear;
    ear_open(&ear, shop);
    store_write(shop->store, &(struct store_write){ .run = run_quiet });
    loop_turn(shop->loop, 0);
    assert_int_equal(ear.calls, 0);
}

static void a_follower_may_end_itself_and_others_while_hearing(void **state)
{
    struct shop *shop = *state;
    struct ear a, b, c;
    ear_open(&a, shop);
    ear_open(&b, shop);
    ear_open(&c, shop); /* the last one in hears first */
    c.unfollows = &b;
    a.unfollows = &a;
    shop_add(shop, "a", 1, 1);
    loop_turn(shop->loop, 0);
    shop_add(shop, "b", 1, 1);
    loop_turn(shop->loop, 0);
    assert_int_equal(a.calls, 1);
    assert_int_equal(b.calls, 0);
    assert_int_equal(c.calls, 2);
}

int main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, shop_set_up, shop_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_asked_in_one_turn_is_answered_at_its_end),
        TEST(a_member_sees_what_those_before_it_did),
        TEST(a_failing_member_that_wrote_leaves_no_trace),
        TEST(a_run_repeated_with_the_id_it_was_given_makes_one_record),
        TEST(a_failing_member_that_wrote_nothing_costs_nothing),
        TEST(every_member_may_fail),
        TEST(what_an_answer_asks_for_is_committed_too),
        TEST(closing_commits_what_waits),
        TEST(a_flush_commits_before_the_turn_ends),
        TEST(a_write_within_a_write_or_a_read_is_refused),
        TEST(a_read_sees_the_last_commit_until_it_ends),
        TEST(a_full_store_refuses_and_stays_usable),
        TEST(a_member_too_big_for_the_store_fails_alone),
        TEST(a_refused_write_counts_even_when_it_is_overlooked),
        TEST(followers_hear_once_a_commit),
        TEST(followers_hear_of_a_write_at_once_when_its_turn_ends),
        TEST(followers_hear_nothing_of_a_commit_without_events),
        TEST(a_follower_may_end_itself_and_others_while_hearing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
