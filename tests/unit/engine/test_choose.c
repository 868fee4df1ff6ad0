/* Which job goes to which printer, and when. */
#include "stage.h"

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
