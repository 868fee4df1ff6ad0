/* What a print takes off its spool, and what that costs: once, to the gram. */
#include "stage.h"

#include <math.h>

#include "shop/material.h"

/* The id of what is loaded in the only slot. */
static long long loaded(void)
{
    say_idle(0, "77");
    struct arena arena = { 0 };
    struct material material;
    spd_txn *txn = store_read(the.shop.store);
    bool is_known = material_at(txn, 1, 0, &material, &arena);
    store_read_end(txn);
    arena_fini(&arena);
    return is_known ? (long long)material.id : 0;
}

/* 25 for the full 1000 grams, in slot 0 of the printer. */
static void load_spool(void)
{
    make("spools.create", "{\"material\":\"PLA\",\"color\":\"#FF0000\","
                          "\"cost\":25}");
    make("materials.update", "{\"material_id\":%lld,\"spool_id\":1}", loaded());
}

static double left(void)
{
    struct arena arena = { 0 };
    struct spool spool;
    spd_txn *txn = store_read(the.shop.store);
    record_get(txn, &spool_kind, 1, &spool, &arena, NULL);
    double grams = spool.remaining_grams;
    assert_grams(spool_taken(txn, 1), 1000 - grams);
    store_read_end(txn);
    arena_fini(&arena);
    return grams;
}

static void a_finished_print_costs_what_was_sliced(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    load_spool();
    int64_t job = job_printing(0);
    assert_grams(left(), 1000);
    say_state(0, "finished", the.machines[0].submission, 100);
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_grams(left(), 980);
    assert_grams(grams_in(printer, 0), 980);
    assert_grams(read_attempt(job).cost, 0.5);
}

static void a_stopped_print_costs_its_share(void **state)
{
    (void)state;
    add_printer(0);
    load_spool();
    int64_t job = job_printing(0);
    make("jobs.cancel", "{\"print_id\":%lld,\"stop\":true}", (long long)job);
    answer_stop(0, SPD_OK);
    say_state(0, "printing", the.machines[0].submission, 40);
    say(0, "{\"full\":true,\"state\":\"failed\",\"canceled\":true}");
    assert_grams(left(), 992);
    assert_grams(read_attempt(job).cost, 0.2);
}

/* There was more on it than anybody knew: zero is left, and the ledger says
 * why it adds up. */
static void a_spool_never_has_less_than_nothing(void **state)
{
    (void)state;
    add_printer(0);
    load_spool();
    int64_t job = job_printing(0);
    make("spools.weigh", "{\"id\":1,\"net_grams\":15}");
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_grams(left(), 0);
    assert_grams(read_attempt(job).cost, 0.5);
}

static void a_spool_of_unknown_cost_leaves_the_prints_cost_unknown(void **s)
{
    (void)s;
    add_printer(0);
    int64_t job = job_printing(0);
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_true(isnan(read_attempt(job).cost));
}

static void without_a_spool_the_slots_own_price_counts(void **state)
{
    (void)state;
    add_printer(0);
    make("materials.update", "{\"material_id\":%lld,\"cost_per_kg\":30}",
         loaded());
    int64_t job = job_printing(0);
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_grams(read_attempt(job).cost, 0.6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_finished_print_costs_what_was_sliced),
        A_TEST(a_stopped_print_costs_its_share),
        A_TEST(a_spool_never_has_less_than_nothing),
        A_TEST(a_spool_of_unknown_cost_leaves_the_prints_cost_unknown),
        A_TEST(without_a_spool_the_slots_own_price_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
