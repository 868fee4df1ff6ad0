/* Random people, random machines, random deaths of the process: whatever
 * happens, no print is begun twice, none on a taken plate or of the wrong
 * filament, and no job that was granted is lost (model.h).
 *
 * The process is killed for real, at any moment and at the places of
 * base/crash.h; the next one takes up what is on the disk.
 *
 * SPOOLD_SEED repeats a run, SPOOLD_STEPS says how many steps it takes. */
#include "death.h"
#include "model.h"
#include "people.h"
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/crash.h"

enum { STEPS = 10000, EPISODE_STEPS = 1000, CHECK_EVERY = 25, PLACES_MAX = 64 };

/* Of all episodes; outlives the processes. */
static struct tally {
    int64_t steps, jobs, starts, attempts, restarts, kills, refused;
    int64_t kills_at[PLACES_MAX];
    int armed; /* the place it is to die at; -1: none */
    int episode_steps;
    bool drains;
} * tally;

/* -- deaths -- */

static void stop_and_start(void)
{
    restart();
    world_take_orders(); /* all lines are down */
    tally->restarts++;
}

static void arm(void)
{
    static const char *const sides[] = { "before", "after" };
    int count = 0;
    while (crash_places[count] != NULL)
        count++;
    tally->armed = (int)dice((unsigned)count);
    die_at(crash_places[tally->armed], sides[dice(2)]);
}

static void perhaps_die(void)
{
    unsigned number = dice(80);
    if (number == 0)
        stop_and_start();
    else if (number == 1)
        die();
    else if (number < 4)
        arm();
}

static void count_kill(void)
{
    tally->kills++;
    if (tally->armed >= 0)
        tally->kills_at[tally->armed]++;
    tally->armed = -1;
}

/* -- a step -- */

static void do_something(void)
{
    unsigned number = dice(100);
    if (number < 30)
        people_do_something();
    else if (number < 42)
        pass_ms(dice(20) == 0 ? 5 * MINUTE : (int64_t)dice(15) * SECOND);
    else
        world_move((int)dice(PRINTERS));
}

static void print_breach(void *arg, const char *sentence)
{
    (void)arg;
    print_error("breach: %s\n", sentence);
}

static void assert_all_is_well(void)
{
    for (int i = 0; i < PRINTERS; i++)
        assert_int_equal(the.machines[i].faults, 0);
    model_judge_jobs();
    assert_int_equal(shop_check(the.shop.store, print_breach, NULL), 0);
}

static void take_step(void)
{
    tally->episode_steps++;
    if (tally->steps++ % CHECK_EVERY == 0)
        assert_all_is_well();
    perhaps_die();
    do_something();
    world_take_orders();
    arena_fini(&the.arena);
}

/* -- in the end everything is done -- */

struct open_jobs {
    int64_t ids[JOBS_MAX];
    bool is_hopeless[JOBS_MAX]; /* only a person knows how it went */
    size_t count;
};

static bool note_open(void *arg, const void *record)
{
    struct open_jobs *open = arg;
    const struct job *job = record;
    if (job_is_done(job))
        return true;
    open->is_hopeless[open->count] =
        job->phase == PHASE_UNKNOWN || job->status == JOB_STARTED;
    open->ids[open->count++] = job->id;
    return true;
}

static struct open_jobs find_open(void)
{
    struct open_jobs open = { .count = 0 };
    spd_txn *txn = store_read(the.shop.store);
    record_each(txn, &job_kind, &(struct span){ 0 }, note_open, &open);
    store_read_end(txn);
    return open;
}

static void behave_for_a_while(void)
{
    people_set_up_printers();
    for (int i = 0; i < PRINTERS; i++) {
        world_take_orders();
        world_load_all(i);
        world_behave(i);
        people_clear_plate(i);
    }
    fake_clock_advance(&the.clock, 20 * SECOND);
    settle();
    world_take_orders();
    arena_fini(&the.arena);
}

static void help_along(const struct open_jobs *open, int round)
{
    for (size_t i = 0; i < open->count; i++) {
        people_let_go(open->ids[i]);
        if (open->is_hopeless[i] && round > 0)
            people_give_up(open->ids[i]);
    }
}

static void drain(void)
{
    struct open_jobs open = find_open();
    for (int round = 0; open.count > 0 && round < 1200; round++) {
        if (round % 20 == 0)
            help_along(&open, round);
        behave_for_a_while();
        open = find_open();
    }
    if (open.count > 0) {
        print_error("%s\n",
                    call("jobs.why", "{\"id\":%lld}", (long long)open.ids[0]));
        violate(LOST_JOB, "job %lld is never done", (long long)open.ids[0]);
    }
}

/* -- an episode: one process after the other -- */

static void live(void)
{
    build();
    trace("a new process");
    model_take_up();
    assert_all_is_well();
    world_take_orders();
    if (!tally->drains) {
        people_set_up_printers();
        while (tally->episode_steps < EPISODE_STEPS)
            take_step();
    }
    tally->drains = true;
    unsetenv("SPOOLD_CRASH");
    drain();
    assert_all_is_well();
    model_judge_end();
    take_down();
}

static void count_episode(void)
{
    tally->jobs += model->jobs;
    tally->attempts += (int64_t)count_attempts();
    for (int i = 0; i < PRINTERS; i++)
        tally->starts += the.machines[i].starts;
}

static void play_episode(void)
{
    world_reset();
    model_reset();
    model->seed = world->random;
    tally->episode_steps = 0;
    tally->drains = false;
    for (int i = 0; i < FILES; i++)
        files[i].id = add_file(files[i].plates);
    the.judge_start = model_judge_start;
    take_down();
    while (was_killed(live))
        count_kill();
    build();
    count_episode();
}

/* -- the run -- */

static uint64_t choose_seed(void)
{
    const char *given = getenv("SPOOLD_SEED");
    if (given != NULL)
        return strtoull(given, NULL, 10);
    return ((uint64_t)time(NULL) * 2654435761u) | 1;
}

static void print_tally(void)
{
    const int64_t *violations = model->violations;
    int64_t killed_at_places = 0;
    for (int i = 0; i < PLACES_MAX; i++)
        killed_at_places += tally->kills_at[i];
    print_message("%lld steps: %lld jobs, %lld attempts, %lld starts, %lld "
                  "prints begun\n",
                  (long long)tally->steps, (long long)tally->jobs,
                  (long long)tally->attempts, (long long)tally->starts,
                  (long long)world->begun);
    print_message("killed %lld times, %lld of them at a named place; %lld "
                  "restarts\n",
                  (long long)tally->kills, (long long)killed_at_places,
                  (long long)tally->restarts);
    print_message("machines: %lld starts refused, %lld never began, %lld drops "
                  "at a start, %lld stalls, %lld lies, %lld reports out of "
                  "turn, %lld reboots, %lld prints begun by themselves, %lld "
                  "of others, %lld of them adopted\n",
                  (long long)world->refused, (long long)world->never_began,
                  (long long)world->drops, (long long)world->stalls,
                  (long long)world->lies, (long long)world->repeats,
                  (long long)world->reboots, (long long)world->by_itself,
                  (long long)world->foreign, (long long)model->adopted);
    print_message("%lld spools, %lld slots weighed at a start\n",
                  (long long)world->spools, (long long)model->weighed);
    print_message("%lld double starts, %lld lost jobs, %lld starts on a taken "
                  "plate, %lld with wrong material, %lld unwanted, %lld wrong "
                  "counts\n",
                  (long long)violations[DOUBLE_START],
                  (long long)violations[LOST_JOB],
                  (long long)violations[TAKEN_PLATE],
                  (long long)violations[WRONG_MATERIAL],
                  (long long)violations[UNWANTED_START],
                  (long long)violations[WRONG_COUNT]);
}

static void whatever_happens_nothing_is_started_twice_or_lost(void **state)
{
    uint64_t seed = choose_seed();
    const char *given = getenv("SPOOLD_STEPS");
    int64_t steps = given != NULL ? strtoll(given, NULL, 10) : STEPS;
    tally = shared_new(sizeof(*tally));
    tally->armed = -1;
    world_reset();
    world->random = seed;
    print_message("SPOOLD_SEED=%llu\n", (unsigned long long)seed);
    while (tally->steps < steps) {
        if (tally->steps > 0) {
            assert_int_equal(stage_tear_down(state), 0);
            assert_int_equal(stage_set_up(state), 0);
        }
        play_episode();
    }
    print_tally();
    assert_true(tally->starts > 0 && tally->kills > 0 && model->weighed > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(whatever_happens_nothing_is_started_twice_or_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
