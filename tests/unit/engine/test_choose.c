/* Which job goes to which printer, and when. */
#include "stage.h"

#include <stdio.h>
#include <string.h>

static void a_job_set_for_later_starts_at_its_time_and_not_before(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "");
    int64_t job = add_job("\"scheduled_start\":\"2026-01-01T01:00:00Z\"");
    assert_job(job, "scheduled", "waiting");
    pass_ms(60 * MINUTE - 1);
    assert_job(job, "scheduled", "waiting");
    pass_ms(1);
    assert_job(job, "scheduled", "uploading");
}

static void a_job_set_for_later_lets_the_others_go_first(void **state)
{
    (void)state;
    add_printer(0);
    int64_t later = add_job("\"scheduled_start\":\"2026-01-01T01:00:00Z\","
                            "\"priority\":9");
    int64_t now = add_job("");
    say_idle(0, "");
    assert_job(now, "queued", "uploading");
    assert_job(later, "scheduled", "waiting");
}

static void the_higher_priority_goes_first_and_then_the_older(void **state)
{
    (void)state;
    add_printer(0);
    int64_t low = add_job("\"priority\":-1"), old = add_job(""),
            young = add_job(""), high = add_job("\"priority\":5");
    const int64_t order[] = { high, old, young, low };
    say_idle(0, "");
    for (size_t i = 0; i < SPD_COUNT(order); i++) {
        assert_job(order[i], "queued", "uploading");
        make("jobs.cancel", "{\"print_id\":%lld}", (long long)order[i]);
    }
}

static int64_t rank_by_age(spd_plugin *self, const struct spd_job *job)
{
    (void)self;
    return -job->created_ms; /* the youngest first */
}

static int64_t fit_high_ids(spd_plugin *self, const struct spd_job *job,
                            const struct spd_candidate *printer)
{
    (void)self;
    (void)job;
    return printer->id;
}

static int64_t fit_nobody(spd_plugin *self, const struct spd_job *job,
                          const struct spd_candidate *printer)
{
    (void)self;
    (void)job;
    (void)printer;
    return INT64_MIN;
}

static const struct spd_scheduler youngest = { "youngest", rank_by_age,
                                               fit_high_ids };
static const struct spd_scheduler nobody = { "nobody", rank_by_age,
                                             fit_nobody };

static void a_policys_rank_goes_before_the_priority(void **state)
{
    (void)state;
    add_printer(0);
    engine_set_policy(the.engine, NULL, "test", &youngest, NULL);
    add_job("\"priority\":9");
    pass_ms(SECOND);
    int64_t young = add_job("");
    say_idle(0, "");
    assert_job(young, "queued", "uploading");
}

/* The ranks of the queue were those of the day each job was written. */
static void another_policy_orders_the_jobs_that_wait_already(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "");
    say_offline(0);
    add_job("");
    pass_ms(SECOND);
    int64_t young = add_job("");
    restart();
    engine_set_policy(the.engine, NULL, "test", &youngest, NULL);
    pass_ms(SECOND);
    say_idle(0, "");
    assert_job(young, "queued", "uploading");
}

static void there_is_one_policy_at_a_time(void **state)
{
    (void)state;
    struct spd_error err = { 0 };
    engine_set_policy(the.engine, NULL, "test", &youngest, NULL);
    assert_int_equal(
        engine_set_policy(the.engine, NULL, "other", &nobody, &err),
        SPD_EEXIST);
    engine_withdraw(the.engine, NULL);
    assert_int_equal(
        engine_set_policy(the.engine, NULL, "other", &nobody, &err), SPD_OK);
}

/* Both are free before the job is there. */
static void two_idle_printers(void)
{
    add_printer(0);
    add_printer(1);
    say_idle(0, "");
    say_idle(1, "");
}

static void one_job_goes_to_just_one_of_two_printers(void **state)
{
    (void)state;
    two_idle_printers();
    int64_t job = add_job("");
    assert_job(job, "queued", "uploading");
    assert_int_equal(the.machines[0].uploads + the.machines[1].uploads, 1);
    assert_int_equal(count_attempts(), 1);
    pass_ms(MINUTE);
    assert_int_equal(count_attempts(), 1);
}

static void two_jobs_for_one_printer_are_printed_one_after_the_other(void **s)
{
    (void)s;
    add_printer(0);
    say_idle(0, "");
    int64_t first = add_job("\"printer_id\":1"),
            second = add_job("\"printer_id\":1");
    assert_job(first, "queued", "uploading");
    assert_job(second, "queued", "waiting");
    assert_int_equal(the.machines[0].uploads, 1);
}

static void two_jobs_go_to_two_printers_at_once(void **state)
{
    (void)state;
    two_idle_printers();
    add_job("");
    add_job("");
    assert_int_equal(the.machines[0].uploads, 1);
    assert_int_equal(the.machines[1].uploads, 1);
}

static void a_job_for_one_printer_goes_to_no_other(void **state)
{
    (void)state;
    two_idle_printers();
    say_offline(1);
    int64_t job = add_job("\"printer_id\":2");
    pass_ms(MINUTE);
    assert_job(job, "queued", "waiting");
    say_idle(1, "");
    assert_int_equal(the.machines[1].uploads, 1);
}

static void a_job_for_any_goes_to_the_printer_that_suits_better(void **state)
{
    (void)state;
    engine_set_policy(the.engine, NULL, "test", &youngest, NULL);
    two_idle_printers();
    add_job("");
    assert_int_equal(the.machines[0].uploads, 0);
    assert_int_equal(the.machines[1].uploads, 1);
}

static void without_a_policy_the_least_used_printer_is_taken(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_printing(0);
    pass_ms(30 * MINUTE);
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_job(job, "completed", "done");
    make("printers.plate_cleared", "{\"id\":1}");
    add_printer(1);
    say_idle(1, "");
    add_job("");
    assert_int_equal(the.machines[1].uploads, 1);
}

static void say_two_colors(int number, int active_slot)
{
    say(number,
        "{\"active_slot\":%d,\"slots\":[{\"slot\":0,\"loaded\":true,"
        "\"material_type\":\"PLA\",\"color\":\"#FF0000\"},{\"slot\":1,"
        "\"loaded\":true,\"material_type\":\"PLA\","
        "\"color\":\"#0000FF\"}]}",
        active_slot);
}

static void the_printer_that_need_not_change_its_filament_is_taken(void **state)
{
    (void)state;
    two_idle_printers();
    say_two_colors(0, 1);
    say_two_colors(1, 0);
    add_job("");
    assert_int_equal(the.machines[1].uploads, 1);
}

/* Print the file there, well or not, and clear the plate. */
static void print_once(int number, const char *how)
{
    say_idle(number, ""); /* a full report, and a fresh one */
    answer_upload(number, SPD_OK);
    answer_start(number, SPD_OK);
    say_state(number, "printing", the.machines[number].submission, 1);
    say_state(number, how, the.machines[number].submission, 100);
    say_idle(number, "");
    make("printers.plate_cleared", "{\"id\":%d}", number + 1);
}

static void
of_equally_worn_printers_the_one_that_failed_the_file_is_not_taken(void **state)
{
    (void)state;
    two_idle_printers();
    add_job("\"printer_id\":1");
    print_once(0, "failed");
    add_job("\"printer_id\":2");
    pass_ms(30 * MINUTE);
    print_once(1, "finished");
    pass_ms(10 * MINUTE);
    unsigned before = the.machines[1].uploads;
    add_job("");
    assert_int_equal(the.machines[1].uploads, before + 1);
}

/* -- nobody idles while there is work for him -- */

static unsigned dice_state;

static unsigned dice(unsigned sides)
{
    dice_state = dice_state * 1103515245 + 12345;
    return (dice_state >> 16) % sides;
}

static void add_some_job(void)
{
    static const char *const kinds[] = {
        "",
        "\"printer_id\":1",
        "\"printer_id\":3",
        "\"tags\":[\"even\"]",
        "\"tags\":[\"odd\"],\"priority\":3",
        "\"material_slot\":1",
        "\"material_slot\":1,\"priority\":5",
    };
    add_job(kinds[dice(SPD_COUNT(kinds))]);
}

static void end_some_print(void)
{
    int number = (int)dice(MACHINES);
    if (the.machines[number].upload != NULL)
        print_once(number, dice(4) == 0 ? "failed" : "finished");
}

static bool note_waiting(void *arg, const void *record)
{
    const struct job *job = record;
    int64_t *ids = arg;
    if (job_is_waiting(job))
        ids[++ids[0]] = job->id;
    return true;
}

static void assert_nobody_idles(void)
{
    int64_t ids[200] = { 0 };
    spd_txn *txn = store_read(the.shop.store);
    record_each(txn, &job_kind, &(struct span){ 0 }, note_waiting, ids);
    store_read_end(txn);
    for (int64_t i = 1; i <= ids[0]; i++) {
        const char *why = call("jobs.why", "{\"id\":%lld}", (long long)ids[i]);
        if (strstr(why, "\"can\":true") != NULL)
            fail_msg("job %lld waits: %s", (long long)ids[i], why);
    }
}

static void no_printer_idles_while_a_job_waits_that_it_can_take(void **state)
{
    (void)state;
    dice_state = 7;
    for (int i = 0; i < MACHINES; i++) {
        int64_t id = add_printer(i);
        make("printers.update", "{\"id\":%lld,\"tags\":[\"%s\"]}",
             (long long)id, i % 2 == 0 ? "even" : "odd");
        if (i >= 2)
            say_two_colors(i, 0);
        say_idle(i, "");
    }
    for (int step = 0; step < 120; step++) {
        if (dice(2) == 0)
            add_some_job();
        else
            end_some_print();
        pass_ms(2 * MINUTE);
        assert_nobody_idles();
    }
    unsigned uploads = 0;
    for (int i = 0; i < MACHINES; i++)
        uploads += the.machines[i].uploads;
    assert_true(uploads > 20);
}

static void a_job_that_suits_no_printer_waits(void **state)
{
    (void)state;
    engine_set_policy(the.engine, NULL, "test", &nobody, NULL);
    two_idle_printers();
    int64_t job = add_job("");
    assert_job(job, "queued", "waiting");
}

static void a_job_that_cannot_be_fed_waits_until_it_can(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "");
    the.file_id =
        add_file("[{\"index\":1,\"estimated_seconds\":60,\"grams\":1,"
                 "\"printer_model\":\"P1S\",\"nozzle_diameter_mm\":0.4,"
                 "\"slicer_model_id\":\"C12\",\"filaments\":[{\"id\":1,"
                 "\"type\":\"PETG\",\"color\":\"#00FF00\",\"grams\":1}]}]");
    int64_t job = add_job("");
    assert_job(job, "queued", "waiting");
    say(0, "{\"slots\":[{\"slot\":0,\"loaded\":true,\"material_type\":\"PETG\","
           "\"color\":\"#00FF00\"}]}");
    assert_job(job, "queued", "uploading");
}

/* It waited for some other event. */
static void a_job_goes_to_a_printer_whose_nozzle_was_changed(void **state)
{
    (void)state;
    add_printer(0);
    say(0, "{\"nozzle_diameter_mm\":0.6}");
    say_idle(0, "");
    int64_t job = add_job("");
    assert_job(job, "queued", "waiting");
    say(0, "{\"nozzle_diameter_mm\":0.4}");
    assert_job(job, "queued", "uploading");
}

/* Two machines wait, and the plate it wants is on neither. */
static void a_job_goes_where_its_plate_is_put_on(void **state)
{
    (void)state;
    two_idle_printers();
    make("printers.set_plate", "{\"id\":1,\"plate_type\":\"Cool Plate\"}");
    int64_t job = add_job("\"plate_type\":\"Textured PEI Plate\"");
    assert_job(job, "queued", "waiting");
    make("printers.set_plate", "{\"id\":2,\"plate_type\":\"textured PEI\"}");
    assert_job(job, "queued", "uploading");
    assert_int_equal(the.machines[1].uploads, 1);
}

static void a_job_goes_to_a_model_it_asks_for(void **state)
{
    (void)state;
    two_idle_printers();
    int64_t job = add_job("\"models\":[\"A1\"]");
    assert_job(job, "queued", "waiting");
    make("jobs.update", "{\"print_id\":%lld,\"models\":[\"A1\",\"P1S\"]}",
         (long long)job);
    assert_job(job, "queued", "uploading");
}

static void load_pla_basic(void)
{
    say(0, "{\"slots\":[{\"slot\":0,\"loaded\":true,\"material_type\":"
           "\"PLA Basic\",\"color\":\"#FF0000\"}]}");
}

static void what_counts_as_what_is_the_shops_word(void **state)
{
    (void)state;
    add_printer(0);
    load_pla_basic();
    say_idle(0, "");
    int64_t job = add_job("");
    assert_job(job, "queued", "waiting");
    call("jobs.why", "{\"id\":%lld}", (long long)job);
    assert_non_null(strstr(the.reply.ptr, "nor what counts as PLA here"));
    assert_non_null(strstr(the.reply.ptr, "slot 0 holds PLA Basic"));
    make("substitutions.create",
         "{\"wanted\":\"PLA\",\"accepts\":\"PLA Basic\"}");
    assert_job(job, "queued", "uploading");
}

static void what_no_longer_counts_is_taken_no_more(void **state)
{
    (void)state;
    add_printer(0);
    load_pla_basic();
    int64_t rule = make("substitutions.create",
                        "{\"wanted\":\"PLA\",\"accepts\":\"PLA Basic\"}");
    make("substitutions.delete", "{\"id\":%lld}", (long long)rule);
    say_idle(0, "");
    int64_t job = add_job("");
    assert_job(job, "queued", "waiting");
}

/* Two models that print each other's files. */
static void a_file_for_one_model_goes_to_another_that_will_do(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "");
    the.file_id =
        add_file("[{\"index\":1,\"estimated_seconds\":60,\"grams\":1,"
                 "\"printer_model\":\"A1\",\"nozzle_diameter_mm\":0.4,"
                 "\"filaments\":[{\"id\":1,\"type\":\"PLA\","
                 "\"color\":\"#FF0000\",\"grams\":1}]}]");
    call("jobs.create", "{\"file_id\":%lld,\"printer_id\":1}",
         (long long)the.file_id);
    assert_int_equal(the.status, 422);
    int64_t any = add_job("");
    assert_job(any, "queued", "waiting");
    make("substitutions.create",
         "{\"of\":\"model\",\"wanted\":\"A1\",\"accepts\":\"P1S\"}");
    assert_job(any, "queued", "uploading");
    add_job("\"printer_id\":1");
}

static void a_chosen_slot_is_the_one_that_is_used_and_charged(void **state)
{
    (void)state;
    add_printer(0);
    say(0, "{\"slots\":[{\"slot\":0,\"loaded\":true,\"material_type\":\"PLA\","
           "\"color\":\"#FF0000\",\"weight_grams\":1000,"
           "\"remaining_pct\":50},{\"slot\":3,\"loaded\":true,"
           "\"material_type\":\"PLA\",\"color\":\"#0000FF\","
           "\"weight_grams\":1000,\"remaining_pct\":100}]}");
    say_idle(0, "");
    add_job("\"material_slot\":3");
    answer_upload(0, SPD_OK);
    answer_start(0, SPD_OK);
    say_state(0, "printing", the.machines[0].submission, 1);
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_grams(grams_in(1, 3), 980);
    assert_grams(grams_in(1, 0), 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_job_set_for_later_starts_at_its_time_and_not_before),
        A_TEST(a_job_set_for_later_lets_the_others_go_first),
        A_TEST(the_higher_priority_goes_first_and_then_the_older),
        A_TEST(a_policys_rank_goes_before_the_priority),
        A_TEST(another_policy_orders_the_jobs_that_wait_already),
        A_TEST(there_is_one_policy_at_a_time),
        A_TEST(one_job_goes_to_just_one_of_two_printers),
        A_TEST(two_jobs_for_one_printer_are_printed_one_after_the_other),
        A_TEST(two_jobs_go_to_two_printers_at_once),
        A_TEST(a_job_for_one_printer_goes_to_no_other),
        A_TEST(a_job_for_any_goes_to_the_printer_that_suits_better),
        A_TEST(without_a_policy_the_least_used_printer_is_taken),
        A_TEST(the_printer_that_need_not_change_its_filament_is_taken),
        A_TEST(
            of_equally_worn_printers_the_one_that_failed_the_file_is_not_taken),
        A_TEST(no_printer_idles_while_a_job_waits_that_it_can_take),
        A_TEST(a_job_that_suits_no_printer_waits),
        A_TEST(a_job_that_cannot_be_fed_waits_until_it_can),
        A_TEST(a_job_goes_to_a_printer_whose_nozzle_was_changed),
        A_TEST(a_job_goes_where_its_plate_is_put_on),
        A_TEST(a_job_goes_to_a_model_it_asks_for),
        A_TEST(what_counts_as_what_is_the_shops_word),
        A_TEST(what_no_longer_counts_is_taken_no_more),
        A_TEST(a_file_for_one_model_goes_to_another_that_will_do),
        A_TEST(a_chosen_slot_is_the_one_that_is_used_and_charged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
