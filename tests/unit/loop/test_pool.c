#include "loop/pool.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 3, TASKS = 200, MINUTE_MS = 60 * 1000 };

/* One piece of work; it waits for its gate, when it has one. */
struct task {
    int *gate; /* a pipe; the work reads a byte from it */
    spd_err rc;
    const char *says;
    bool ran, done, ran_on_loop, blocks_signals;
    struct spd_error outcome;
    pid_t thread;
};

static struct scene {
    struct fake_clock clock;
    struct loop *loop;
    struct pool *pool;
    struct task tasks[TASKS];
    int done;
    int gate[2];
    const char *owner, *other;
} the;

static int set_up(void **state)
{
    (void)state;
    memset(&the, 0, sizeof(the));
    fake_clock_init(&the.clock, 1767225600000);
    the.loop = loop_new(&the.clock.clock, NULL);
    the.pool = pool_new(the.loop, THREADS);
    the.owner = "owner";
    the.other = "other";
    return pipe(the.gate);
}

static int tear_down(void **state)
{
    (void)state;
    pool_free(the.pool);
    loop_free(the.loop);
    close(the.gate[0]);
    return close(the.gate[1]);
}

static spd_err work(void *arg, struct spd_error *err)
{
    struct task *task = arg;
    char byte;
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    task->blocks_signals = sigismember(&mask, SIGTERM) == 1;
    task->ran_on_loop = loop_is_here(the.loop);
    task->thread = gettid();
    if (task->gate != NULL && read(task->gate[0], &byte, 1) != 1)
        return error_set(err, SPD_EINTERNAL, "the gate is broken");
    task->ran = true;
    if (task->says != NULL)
        error_set(err, task->rc, "%s", task->says);
    return task->rc;
}

static void finish(void *arg, const struct spd_error *outcome)
{
    struct task *task = arg;
    assert_true(loop_is_here(the.loop));
    assert_false(task->done);
    task->done = true;
    task->outcome = *outcome;
    the.done++;
}

static void submit(struct task *task, const void *owner)
{
    struct pool_work row = { work, finish, task, owner };
    pool_submit(the.pool, &row);
}

static void open_gate(int how_often)
{
    while (how_often-- > 0)
        assert_int_equal(write(the.gate[1], "x", 1), 1);
}

/* The fake clock never wakes the loop: only finished work does. */
static void turn_until_done(int count)
{
    for (int turns = 0; the.done < count && turns < 10000; turns++)
        loop_turn(the.loop, 1000);
    assert_int_equal(the.done, count);
}

/* How many threads took part in the first `count` tasks. */
static int threads_of(int count)
{
    int threads = 0;
    for (int i = 0; i < count; i++) {
        int twin = 0;
        while (the.tasks[twin].thread != the.tasks[i].thread)
            twin++;
        threads += twin == i;
    }
    return threads;
}

static bool is_alive(pid_t thread)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/task/%d", (int)thread);
    return access(path, F_OK) == 0;
}

static void work_runs_on_a_worker_and_is_done_on_the_loop(void **state)
{
    (void)state;
    submit(&the.tasks[0], NULL);
    assert_false(the.tasks[0].done);
    turn_until_done(1);
    assert_true(the.tasks[0].ran);
    assert_false(the.tasks[0].ran_on_loop);
    assert_int_equal(the.tasks[0].outcome.code, SPD_OK);
}

static void a_failure_reaches_done_with_its_sentence(void **state)
{
    (void)state;
    the.tasks[0].rc = SPD_EIO;
    the.tasks[0].says = "the disk is full";
    submit(&the.tasks[0], NULL);
    turn_until_done(1);
    assert_int_equal(the.tasks[0].outcome.code, SPD_EIO);
    assert_string_equal(the.tasks[0].outcome.text, "the disk is full");
}

static void a_failure_without_a_sentence_gets_one(void **state)
{
    (void)state;
    the.tasks[0].rc = SPD_EIO;
    submit(&the.tasks[0], NULL);
    turn_until_done(1);
    assert_int_equal(the.tasks[0].outcome.code, SPD_EIO);
    assert_string_not_equal(the.tasks[0].outcome.text, "");
}

static void two_hundred_pieces_of_work_are_each_done_once(void **state)
{
    (void)state;
    for (int i = 0; i < TASKS; i++)
        submit(&the.tasks[i], NULL);
    turn_until_done(TASKS);
    for (int i = 0; i < TASKS; i++)
        assert_true(the.tasks[i].ran && the.tasks[i].done);
}

static void no_more_threads_are_started_than_allowed(void **state)
{
    (void)state;
    for (int i = 0; i < TASKS; i++) {
        the.tasks[i].gate = the.gate;
        submit(&the.tasks[i], NULL);
    }
    open_gate(TASKS);
    turn_until_done(TASKS);
    assert_in_range(threads_of(TASKS), 1, THREADS);
}

static void two_pieces_of_work_run_side_by_side(void **state)
{
    (void)state;
    the.tasks[0].gate = the.gate;
    submit(&the.tasks[0], NULL);
    submit(&the.tasks[1], NULL);
    turn_until_done(1);
    assert_true(the.tasks[1].done);
    open_gate(1);
    turn_until_done(2);
    assert_int_equal(threads_of(2), 2);
}

static void pass_ms(int64_t ms)
{
    fake_clock_advance(&the.clock, ms);
    loop_turn(the.loop, 0);
}

static void threads_end_after_a_minute_without_work(void **state)
{
    (void)state;
    submit(&the.tasks[0], NULL);
    turn_until_done(1);
    pass_ms(MINUTE_MS - 1);
    assert_true(is_alive(the.tasks[0].thread));
    pass_ms(1);
    /* A worker that has not come to rest yet gets another minute. */
    for (int tries = 0; tries < 10000 && is_alive(the.tasks[0].thread); tries++)
        pass_ms(MINUTE_MS);
    assert_false(is_alive(the.tasks[0].thread));

    submit(&the.tasks[1], NULL);
    turn_until_done(2);
    assert_true(the.tasks[1].ran);
}

static void long_work_is_not_waited_for_by_the_loop(void **state)
{
    (void)state;
    the.tasks[0].gate = the.gate;
    submit(&the.tasks[0], NULL);
    submit(&the.tasks[1], NULL);
    turn_until_done(1);
    pass_ms(MINUTE_MS); /* would hang here for ever */
    assert_true(the.tasks[1].done);
    open_gate(1);
    turn_until_done(2);
}

static void signals_are_blocked_in_workers_and_not_on_the_loop(void **state)
{
    (void)state;
    submit(&the.tasks[0], NULL);
    turn_until_done(1);
    assert_true(the.tasks[0].blocks_signals);
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    assert_int_equal(sigismember(&mask, SIGTERM), 0);
}

/* All threads wait at the gate for `owner`; two more pieces wait for a thread:
 * one of each owner. */
static void fill(const void *owner)
{
    for (int i = 0; i < THREADS; i++) {
        the.tasks[i].gate = the.gate;
        submit(&the.tasks[i], owner);
    }
    submit(&the.tasks[THREADS], the.owner);
    submit(&the.tasks[THREADS + 1], the.other);
}

static void
draining_cancels_what_waits_and_leaves_the_others_alone(void **state)
{
    (void)state;
    fill(the.other);
    assert_true(pool_drain(the.pool, the.owner, 0));
    assert_int_equal(the.done, 1);
    assert_true(the.tasks[THREADS].done);
    assert_false(the.tasks[THREADS].ran);
    assert_int_equal(the.tasks[THREADS].outcome.code, SPD_ECANCELED);

    open_gate(THREADS);
    turn_until_done(THREADS + 2);
    assert_true(the.tasks[THREADS + 1].ran);
}

/* They run once a worker has taken them; before, a drain would cancel them. */
static void wait_until_running(void)
{
    open_gate(1);
    turn_until_done(1);
}

static void draining_gives_up_at_its_deadline_and_says_so(void **state)
{
    (void)state;
    the.tasks[0].gate = the.tasks[1].gate = the.gate;
    submit(&the.tasks[0], the.owner);
    submit(&the.tasks[1], the.owner);
    wait_until_running();
    bool over = pool_drain(the.pool, the.owner, 1);
    /* Either the second one runs, or it never got that far. */
    assert_true(over == (the.done == 2));
    open_gate(1);
    turn_until_done(2);
}

static void *open_the_gate(void *arg)
{
    (void)arg;
    open_gate(1);
    return NULL;
}

static void draining_waits_for_what_runs_and_tells_its_done(void **state)
{
    (void)state;
    the.tasks[0].gate = the.gate;
    submit(&the.tasks[0], the.owner);
    pthread_t opener;
    pthread_create(&opener, NULL, open_the_gate, NULL);
    assert_true(pool_drain(the.pool, the.owner, 30000));
    assert_true(the.tasks[0].done);
    pthread_join(opener, NULL);
}

static void freeing_the_pool_tells_every_done(void **state)
{
    (void)state;
    fill(the.owner);
    open_gate(THREADS);
    pool_free(the.pool);
    the.pool = NULL;
    assert_int_equal(the.done, THREADS + 2);
}

static void submit_another(void *arg, const struct spd_error *outcome)
{
    finish(arg, outcome);
    submit(&the.tasks[1], NULL);
}

static void done_may_submit_more_work(void **state)
{
    (void)state;
    struct pool_work row = { work, submit_another, &the.tasks[0], NULL };
    pool_submit(the.pool, &row);
    turn_until_done(2);
    assert_true(the.tasks[1].ran);
}

static void what_a_done_submits_while_the_pool_ends_is_cancelled(void **state)
{
    (void)state;
    struct pool_work row = { work, submit_another, &the.tasks[0], NULL };
    pool_submit(the.pool, &row);
    pool_free(the.pool);
    the.pool = NULL;
    assert_int_equal(the.done, 2);
    assert_int_equal(the.tasks[1].outcome.code, SPD_ECANCELED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(work_runs_on_a_worker_and_is_done_on_the_loop),
        TEST(a_failure_reaches_done_with_its_sentence),
        TEST(a_failure_without_a_sentence_gets_one),
        TEST(two_hundred_pieces_of_work_are_each_done_once),
        TEST(no_more_threads_are_started_than_allowed),
        TEST(two_pieces_of_work_run_side_by_side),
        TEST(threads_end_after_a_minute_without_work),
        TEST(long_work_is_not_waited_for_by_the_loop),
        TEST(signals_are_blocked_in_workers_and_not_on_the_loop),
        TEST(draining_cancels_what_waits_and_leaves_the_others_alone),
        TEST(draining_gives_up_at_its_deadline_and_says_so),
        TEST(draining_waits_for_what_runs_and_tells_its_done),
        TEST(freeing_the_pool_tells_every_done),
        TEST(done_may_submit_more_work),
        TEST(what_a_done_submits_while_the_pool_ends_is_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
