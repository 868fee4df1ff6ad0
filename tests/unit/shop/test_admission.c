/* Tokens and sessions, presented again and again while records change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "shop/person.h"

enum { NOW_MS = 1700000000, MAP_BYTES = 64 << 20, HOUR_MS = 3600 * 1000 };

static struct scene {
    struct fake_clock clock;
    char folder[64];
    struct shop shop;
    struct person person;
    struct token token;
    struct session session;
    char secret[SECRET_TEXT_BYTES], hash[SECRET_HASH_BYTES];
    struct actor actor; /* who was let in last */
} the;

/* -- given -- */

static spd_err put_record(spd_txn *txn, void *arg, struct spd_error *err)
{
    void *const *what = arg;
    struct change change = { "test.put", STR("test") };
    return record_put(txn, what[0], what[1], &change, err);
}

static spd_err del_record(spd_txn *txn, void *arg, struct spd_error *err)
{
    void *const *what = arg;
    const int64_t *id = what[1];
    struct change change = { "test.del", STR("test") };
    return record_del(txn, what[0], *id, &change, err);
}

static void write_now(spd_err (*run)(spd_txn *, void *, struct spd_error *),
                      const struct kind *kind, void *record)
{
    struct spd_error err = { 0 };
    void *what[] = { (void *)(uintptr_t)kind, record };
    if (store_write_now(the.shop.store, run, what, &err) != SPD_OK)
        fail_msg("%s", err.text);
}

static void put(const struct kind *kind, void *record)
{
    write_now(put_record, kind, record);
}

static int set_up(void **state)
{
    (void)state;
    struct spd_error err = { 0 };
    memset(&the, 0, sizeof(the));
    assert_true(crypt_start());
    log_set_level(SPD_ERROR);
    fake_clock_init(&the.clock, NOW_MS);
    strcpy(the.folder, "/tmp/spoold-admission-XXXXXX");
    assert_non_null(mkdtemp(the.folder));
    struct store_options options = {
        .folder = the.folder,
        .map_bytes = MAP_BYTES,
        .min_free_bytes = 1,
        .kinds = shop_kinds,
        .kind_count = shop_kind_count,
    };
    the.shop.loop = loop_new(&the.clock.clock, &err);
    the.shop.store = store_open(the.shop.loop, &options, &err);
    if (the.shop.store == NULL)
        fail_msg("%s", err.text);
    secret_new(the.secret, the.hash);
    the.person = (struct person){ .email = STR("a@example.com"), .role = 2 };
    put(&person_kind, &the.person);
    the.token = (struct token){ .person_id = the.person.id,
                                .name = STR("test"),
                                .role = 1,
                                .hash = str_of(the.hash),
                                .expires_at = NOW_MS + HOUR_MS };
    put(&token_kind, &the.token);
    the.session = (struct session){ .person_id = the.person.id,
                                    .hash = str_of(the.hash),
                                    .expires_at = NOW_MS + HOUR_MS };
    put(&session_kind, &the.session);
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int what,
                      struct FTW *where)
{
    (void)info, (void)what, (void)where;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    store_close(the.shop.store);
    loop_free(the.shop.loop);
    return nftw(the.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* -- when -- */

static bool presents_token(const char *secret)
{
    char text[128];
    snprintf(text, sizeof(text), "spd_%lld_%s", (long long)the.token.id,
             secret);
    return people_admit_token(&the.shop, str_of(text), &the.actor);
}

static bool presents_session(const char *secret)
{
    char text[128];
    snprintf(text, sizeof(text), "%lld_%s", (long long)the.session.id, secret);
    return people_admit_session(&the.shop, str_of(text), &the.actor);
}

/* -- then -- */

static void a_token_admits_its_person_each_time(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        memset(&the.actor, 0, sizeof(the.actor));
        assert_true(presents_token(the.secret));
        assert_int_equal(the.actor.person_id, the.person.id);
        assert_int_equal(the.actor.token_id, the.token.id);
        assert_int_equal(the.actor.role, SPD_OPERATOR);
        assert_string_equal(the.actor.who, "person/1");
    }
}

static void a_wrong_secret_is_refused_after_the_right_one(void **state)
{
    (void)state;
    char wrong[SECRET_TEXT_BYTES];
    memcpy(wrong, the.secret, sizeof(wrong));
    wrong[10] = wrong[10] == 'A' ? 'B' : 'A';
    assert_true(presents_token(the.secret));
    assert_false(presents_token(wrong));
    assert_false(presents_token(""));
    assert_true(presents_token(the.secret));
}

static void a_deleted_token_is_refused_at_once(void **state)
{
    (void)state;
    assert_true(presents_token(the.secret));
    write_now(del_record, &token_kind, &the.token.id);
    assert_false(presents_token(the.secret));
}

static void a_token_that_runs_out_is_refused_from_then_on(void **state)
{
    (void)state;
    assert_true(presents_token(the.secret));
    fake_clock_advance(&the.clock, HOUR_MS - 1);
    assert_true(presents_token(the.secret));
    fake_clock_advance(&the.clock, 1);
    assert_false(presents_token(the.secret));
}

static void a_role_that_was_taken_away_is_gone_at_once(void **state)
{
    (void)state;
    assert_true(presents_token(the.secret));
    the.person.role = 0;
    put(&person_kind, &the.person);
    assert_true(presents_token(the.secret));
    assert_int_equal(the.actor.role, SPD_VIEWER);
}

static void a_session_that_was_ended_is_refused_at_once(void **state)
{
    (void)state;
    assert_true(presents_session(the.secret));
    assert_int_equal(the.actor.role, SPD_MANAGER);
    assert_int_equal(the.actor.token_id, 0);
    write_now(del_record, &session_kind, &the.session.id);
    assert_false(presents_session(the.secret));
}

/* Token 1 and session 1 have the same secret here, so the same text. */
static void what_was_let_in_as_a_session_is_no_token(void **state)
{
    (void)state;
    assert_true(presents_session(the.secret));
    write_now(del_record, &token_kind, &the.token.id);
    assert_true(presents_session(the.secret));
    assert_false(presents_token(the.secret));
}

static void many_tokens_in_turn_are_each_their_own(void **state)
{
    (void)state;
    enum { TOKENS = 3 * ADMISSIONS_KEPT };
    static char secrets[TOKENS][SECRET_TEXT_BYTES];
    int64_t first = the.token.id + 1;
    for (int i = 0; i < TOKENS; i++) {
        secret_new(secrets[i], the.hash);
        the.token.id = 0;
        the.token.hash = str_of(the.hash);
        put(&token_kind, &the.token);
    }
    for (int i = 0; i < 2 * TOKENS; i++) {
        the.token.id = first + i % TOKENS;
        assert_true(presents_token(secrets[i % TOKENS]));
        assert_int_equal(the.actor.token_id, the.token.id);
        assert_false(presents_token(secrets[(i + 1) % TOKENS]));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_token_admits_its_person_each_time),
        TEST(a_wrong_secret_is_refused_after_the_right_one),
        TEST(a_deleted_token_is_refused_at_once),
        TEST(a_token_that_runs_out_is_refused_from_then_on),
        TEST(a_role_that_was_taken_away_is_gone_at_once),
        TEST(a_session_that_was_ended_is_refused_at_once),
        TEST(what_was_let_in_as_a_session_is_no_token),
        TEST(many_tokens_in_turn_are_each_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
