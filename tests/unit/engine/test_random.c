/* Random jobs, random printers, random power cuts: whatever happens, a start is
 * sent at most once an attempt and never on a taken plate, and no job that was
 * acknowledged is lost.
 *
 * SPOOLD_SEED repeats a run, SPOOLD_STEPS says how many steps it takes. */
#include "stage.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { STEPS = 20000, EPISODE_STEPS = 1000, CHECK_EVERY = 25 };

static struct tally {
    int64_t steps, restarts, crashes, cuts_at_start, jobs, starts, attempts;
    size_t acknowledged; /* jobs of this episode */
} tally;

/* -- what people do -- */

static void ask_for_job(void)
{
    static const char *const failures[] = { "stop", "retry_here",
                                            "retry_elsewhere" };
    char more[200];
    int len = snprintf(more, sizeof(more),
                       "\"copies\":%u,\"priority\":%u,\"on_failure\":\"%s\"",
                       1 + dice(2), dice(3), failures[dice(3)]);
    if (dice(2) == 0)
        len += snprintf(more + len, sizeof(more) - (size_t)len,
                        ",\"printer_id\":%u", 1 + dice(PRINTERS));
    if (dice(5) == 0)
        snprintf(more + len, sizeof(more) - (size_t)len,
                 ",\"scheduled_start\":\"2026-01-01T00:%02u:00Z\"", dice(60));
    add_job(more);
    tally.acknowledged++;
    tally.jobs++;
}

static int64_t any_job(void)
{
    return tally.acknowledged == 0 ? 0 : 1 + dice((unsigned)tally.acknowledged);
}

static void change_job(void)
{
    static const char *const changes[] = {
        "\"status\":\"queued\"",    "\"status\":\"failed\"",
        "\"status\":\"completed\"", "\"notes\":\"soon\"",
        "\"priority\":9",           "\"material_slot\":0",
        "\"status\":\"started\"",   "\"printer_id\":2",
    };
    if (tally.acknowledged > 0)
        call("jobs.update", "{\"print_id\":%lld,%s}", (long long)any_job(),
             changes[dice(SPD_COUNT(changes))]);
}

static void cancel_job(void)
{
    if (tally.acknowledged > 0)
        call("jobs.cancel", "{\"print_id\":%lld,\"stop\":%s}",
             (long long)any_job(), dice(2) == 0 ? "true" : "false");
}

static void hold_job(void)
{
    if (tally.acknowledged > 0)
        call(dice(2) == 0 ? "jobs.hold" : "jobs.release", "{\"id\":%lld}",
             (long long)any_job());
}

static void clear_plate(int machine)
{
    if (world_clear_plate(machine))
        make("printers.plate_cleared", "{\"id\":%d}", machine + 1);
}

static void do_something(void)
{
    unsigned number = dice(100);
    if (number < 12)
        ask_for_job();
    else if (number < 16)
        change_job();
    else if (number < 18)
        cancel_job();
    else if (number < 20)
        hold_job();
    else if (number < 28)
        clear_plate((int)dice(PRINTERS));
    else if (number < 40)
        pass_ms(dice(20) == 0 ? 5 * MINUTE : (int64_t)dice(15) * SECOND);
    else
        world_move((int)dice(PRINTERS));
}

/* -- power cuts -- */

static void cut_power(void)
{
    int machine = (int)dice(PRINTERS);
    if (the.power_is_off)
        return;
    switch (dice(40)) {
    case 0:
        restart();
        tally.restarts++;
        break;
    case 1:
        crash();
        tally.crashes++;
        break;
    case 2:
        the.machines[machine].dies_at_start = true;
        break;
    default:
        break;
    }
}

static void finish_cut_at_start(void)
{
    if (!the.power_is_off)
        return;
    for (int i = 0; i < PRINTERS; i++)
        the.machines[i].dies_at_start = false;
    crash_to_picture();
    tally.cuts_at_start++;
}

/* -- what must hold -- */

static int64_t copies_done;

static bool add_copies(void *arg, const void *record)
{
    (void)arg;
    copies_done += ((const struct job *)record)->copies_done;
    return true;
}

static void print_breach(void *arg, const char *sentence)
{
    (void)arg;
    print_error("breach: %s\n", sentence);
}

/* After each step what is quick to see; the whole of it now and then. */
static void assert_no_faults(void)
{
    for (int i = 0; i < PRINTERS; i++)
        assert_int_equal(the.machines[i].faults, 0);
}

static void assert_all_is_well(void)
{
    assert_no_faults();
    copies_done = 0;
    spd_txn *txn = store_read(the.shop.store);
    assert_int_equal(record_count(txn, &job_kind), tally.acknowledged);
    record_each(txn, &job_kind, &(struct span){ 0 }, add_copies, NULL);
    store_read_end(txn);
    assert_true(copies_done <= world.finished_ours);
    assert_int_equal(shop_check(the.shop.store, print_breach, NULL), 0);
}

static void take_step(void)
{
    do_something();
    world_take_orders();
    cut_power();
    finish_cut_at_start();
    assert_no_faults();
    if (tally.steps++ % CHECK_EVERY == 0)
        assert_all_is_well();
    arena_fini(&the.arena);
}

/* -- in the end everything is done -- */

struct open_jobs {
    int64_t ids[1024];
    size_t count;
    bool hopeless[1024]; /* only a person knows how it went */
};

static bool note_open(void *arg, const void *record)
{
    struct open_jobs *open = arg;
    const struct job *job = record;
    if (job_is_done(job) || open->count == SPD_COUNT(open->ids))
        return true;
    open->hopeless[open->count] =
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

/* Fifty prints empty a spool; printers and their only slots have like numbers.
 */
static void load_fresh_spool(int machine)
{
    make("materials.update",
         "{\"material_id\":%d,\"weight_grams\":1000,\"remaining_pct\":100}",
         machine + 1);
}

static void behave_for_a_while(void)
{
    for (int i = 0; i < PRINTERS; i++) {
        world_take_orders();
        world_behave(i);
        load_fresh_spool(i);
        clear_plate(i);
    }
    fake_clock_advance(&the.clock, 20 * SECOND);
    settle();
    world_take_orders();
    finish_cut_at_start();
}

static void drain(void)
{
    struct open_jobs open = find_open();
    for (size_t i = 0; i < open.count; i++)
        make("jobs.release", "{\"id\":%lld}", (long long)open.ids[i]);
    for (int round = 0; open.count > 0 && round < 1000; round++) {
        behave_for_a_while();
        for (size_t i = 0; round % 20 == 19 && i < open.count; i++)
            if (open.hopeless[i])
                call("jobs.update", "{\"print_id\":%lld,\"status\":\"failed\"}",
                     (long long)open.ids[i]);
        assert_no_faults();
        open = find_open();
    }
    if (open.count > 0)
        fail_msg("job %lld is never done: %s", (long long)open.ids[0],
                 call("jobs.get", "{\"id\":%lld}", (long long)open.ids[0]));
}

static void play_episode(int steps)
{
    tally.acknowledged = 0;
    world_reset();
    world.finished_ours = 0;
    for (int i = 0; i < PRINTERS; i++)
        add_printer(i);
    for (int i = 0; i < steps; i++)
        take_step();
    drain();
    assert_all_is_well();
    tally.attempts += (int64_t)count_attempts();
    for (int i = 0; i < PRINTERS; i++)
        tally.starts += the.machines[i].starts;
}

static uint64_t choose_seed(void)
{
    const char *given = getenv("SPOOLD_SEED");
    if (given != NULL)
        return strtoull(given, NULL, 10) | 1;
    return ((uint64_t)time(NULL) * 2654435761u) | 1;
}

static void whatever_happens_nothing_is_started_twice_or_lost(void **state)
{
    uint64_t seed = choose_seed();
    const char *given = getenv("SPOOLD_STEPS");
    int steps = given != NULL ? (int)strtol(given, NULL, 10) : STEPS;
    world.random = seed;
    print_message("SPOOLD_SEED=%llu\n", (unsigned long long)seed);
    for (int done = 0; done < steps; done += EPISODE_STEPS) {
        if (done > 0) {
            assert_int_equal(stage_tear_down(state), 0);
            assert_int_equal(stage_set_up(state), 0);
        }
        play_episode(EPISODE_STEPS);
    }
    print_message("%lld steps, %lld jobs, %lld attempts, %lld starts (%lld "
                  "refused, %lld never began), %lld prints of others, %lld "
                  "lies, %lld restarts, %lld crashes, %lld of them at a "
                  "start\n",
                  (long long)tally.steps, (long long)tally.jobs,
                  (long long)tally.attempts, (long long)tally.starts,
                  (long long)world.refused, (long long)world.never_began,
                  (long long)world.foreign, (long long)world.lies,
                  (long long)tally.restarts,
                  (long long)(tally.crashes + tally.cuts_at_start),
                  (long long)tally.cuts_at_start);
    assert_true(tally.starts > 0 && tally.cuts_at_start > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(whatever_happens_nothing_is_started_twice_or_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
