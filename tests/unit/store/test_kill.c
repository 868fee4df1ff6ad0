/* What was answered is there after kill -9, at any moment and at each place
 * where a commit or a file becomes true. */
#include "store/store.h"

#include "shop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crypt.h"

enum {
    ROUNDS = 100,
    MOST_ACKS = 40, /* before a child is killed */
    GROUP = 5,
    CHILD_WRITES = 2000, /* a child that nobody kills ends after these */
};

/* What a child writes to its parent when an answer has come. */
struct ack {
    int64_t id;
    int64_t number; /* the parcel's shelf: told apart from all others */
    struct sha256 file;
    bool has_file;
};

/* -- the child -- */

struct asked {
    struct parcel parcel;
    struct ack ack;
    int out;
};

static spd_err run(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct change change = { "parcel.put", STR("person/1") };
    struct asked *asked = arg;
    return record_put(txn, &parcel_kind, &asked->parcel, &change, err);
}

static void done(void *arg, const struct spd_error *err)
{
    struct asked *asked = arg;
    struct ack ack = asked->ack;
    ack.id = asked->parcel.id;
    if (err == NULL && write(asked->out, &ack, sizeof(ack)) < 0)
        _exit(1);
}

static void keep_file(struct shop *shop, struct ack *ack)
{
    struct blob_in *in = blob_begin(shop->store, NULL);
    spd_str bytes = { (const char *)&ack->number, sizeof(ack->number) };
    ack->has_file = blob_write(in, bytes, NULL) == SPD_OK &&
                    blob_keep(in, &ack->file, NULL) == SPD_OK;
}

static void ask(struct shop *shop, struct asked *asked, int64_t number, int out)
{
    *asked = (struct asked){ .parcel = parcel_new(NULL, number, number % 7),
                             .out = out };
    asked->ack.number = number;
    if (number % 10 == 0)
        keep_file(shop, &asked->ack);
    store_write(shop->store, &(struct store_write){ run, done, asked });
}

static void live(struct shop *shop, int64_t first_number, int out)
{
    struct asked asked[GROUP];
    fake_clock_init(&shop->clock, 1767225600000);
    shop->loop = loop_new(&shop->clock.clock, NULL);
    shop_open(shop);
    for (int i = 0; i < CHILD_WRITES / GROUP; i++) {
        for (int j = 0; j < GROUP; j++)
            ask(shop, &asked[j], first_number + i * GROUP + j, out);
        loop_turn(shop->loop, 0);
    }
    _exit(0);
}

/* -- the parent -- */

struct scene {
    struct shop shop;
    struct buf acks; /* struct ack after struct ack, of all rounds */
};

static int set_up(void **state)
{
    struct scene *scene = mem_new(sizeof(*scene));
    *state = scene;
    snprintf(scene->shop.root, sizeof(scene->shop.root),
             "/tmp/spoold-test-XXXXXX");
    if (!crypt_start() || mkdtemp(scene->shop.root) == NULL)
        return 1;
    snprintf(scene->shop.folder, sizeof(scene->shop.folder), "%.50s/data",
             scene->shop.root);
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    remove_tree(scene->shop.root);
    buf_fini(&scene->acks);
    free(scene);
    return 0;
}

static size_t ack_count(const struct scene *scene)
{
    return scene->acks.len / sizeof(struct ack);
}

/* Acks up to `most`, or all until the child is gone. Writes of a struct ack
 * to a pipe come whole. */
static void hear(struct scene *scene, int in, size_t most)
{
    for (size_t i = 0; i < most; i++) {
        struct ack ack;
        if (read(in, &ack, sizeof(ack)) != (ssize_t)sizeof(ack))
            return;
        buf_put(&scene->acks, (spd_str){ (const char *)&ack, sizeof(ack) });
    }
}

/* A child lives until it was heard `acks` times, or dies at a place of its
 * own.  Returns how it ended. */
static int one_life(struct scene *scene, size_t acks, const char *crash)
{
    int ends[2], status = 0;
    int64_t first_number = (int64_t)ack_count(scene) + 100000;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        if (crash != NULL)
            setenv("SPOOLD_CRASH", crash, 1);
        live(&scene->shop, first_number, ends[1]);
    }
    close(ends[1]);
    hear(scene, ends[0], acks);
    kill(child, SIGKILL);
    hear(scene, ends[0], SIZE_MAX);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void assert_kept(struct shop *shop, spd_txn *txn, const struct ack *ack)
{
    struct arena arena = { 0 };
    struct parcel parcel = { 0 };
    char path[BLOB_PATH_BYTES];
    assert_int_equal(
        record_get(txn, &parcel_kind, ack->id, &parcel, &arena, NULL), SPD_OK);
    assert_int_equal(parcel.shelf, ack->number);
    if (ack->has_file) {
        blob_path(shop->store, &ack->file, path);
        assert_int_equal(access(path, R_OK), 0);
    }
    arena_fini(&arena);
}

static void assert_all_kept(struct scene *scene)
{
    struct shop *shop = &scene->shop;
    fake_clock_init(&shop->clock, 1767225600000);
    shop->loop = loop_new(&shop->clock.clock, NULL);
    shop_open(shop);
    spd_txn *txn = store_read(shop->store);
    for (size_t i = 0; i < ack_count(scene); i++) {
        struct ack ack;
        memcpy(&ack, scene->acks.ptr + i * sizeof(ack), sizeof(ack));
        assert_kept(shop, txn, &ack);
    }
    assert_int_equal((size_t)journal_last(txn),
                     record_count(txn, &parcel_kind));
    store_read_end(txn);
    assert_int_equal(shop_breaches(shop, false), 0);
    shop_close(shop);
    loop_free(shop->loop);
}

static void what_was_answered_survives_kill_at_any_moment(void **state)
{
    struct scene *scene = *state;
    for (int i = 0; i < ROUNDS; i++) {
        one_life(scene, crypt_random_below(MOST_ACKS), NULL);
        if (i % 10 == 9)
            assert_all_kept(scene);
    }
    assert_in_range(ack_count(scene), ROUNDS, SIZE_MAX);
}

static void what_was_answered_survives_death_at_each_named_place(void **state)
{
    struct scene *scene = *state;
    static const char *const places[] = { "store.commit.before",
                                          "store.commit.after",
                                          "blob.rename.before",
                                          "blob.rename.after" };
    for (size_t i = 0; i < FIELD_COUNT(places); i++)
        for (int nth = 1; nth <= 5; nth++) {
            char crash[64];
            snprintf(crash, sizeof(crash), "%s:%d", places[i], nth);
            int status = one_life(scene, SIZE_MAX, crash);
            assert_true(WIFSIGNALED(status));
            assert_all_kept(scene);
        }
    assert_in_range(ack_count(scene), 100, SIZE_MAX);
}

static void a_store_killed_while_it_was_made_is_made_again(void **state)
{
    struct scene *scene = *state;
    for (int i = 0; i < 20; i++) {
        remove_tree(scene->shop.folder);
        buf_clear(&scene->acks);
        one_life(scene, 0, NULL);
        assert_all_kept(scene);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_was_answered_survives_kill_at_any_moment),
        TEST(what_was_answered_survives_death_at_each_named_place),
        TEST(a_store_killed_while_it_was_made_is_made_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
