/* What jobs that are placed in a slot hold there. The first printer's slot 0
 * has a kilogram of red PLA. */
#include "stage.h"

#include <stdio.h>
#include <string.h>

static int64_t file_of(int grams)
{
    char plates[512];
    snprintf(plates, sizeof(plates),
             "[{\"index\":1,\"estimated_seconds\":3600,\"grams\":%d,"
             "\"filaments\":[{\"id\":1,\"type\":\"PLA\",\"color\":\"#FF0000\","
             "\"grams\":%d}],\"printer_model\":\"P1S\","
             "\"nozzle_diameter_mm\":0.4}]",
             grams, grams);
    return add_file(plates);
}

static int64_t job_of(int grams, const char *more)
{
    return make("jobs.create", "{\"file_id\":%lld%s%s}",
                (long long)file_of(grams), more[0] == '\0' ? "" : ",", more);
}

#define PLACED "\"printer_id\":1,\"material_slot\":0"
#define FOR_TONIGHT "\"scheduled_start\":\"2026-01-01T20:00:00Z\""

static void one_printer(void)
{
    add_printer(0);
    say_idle(0, "");
}

static void a_later_job_does_not_take_what_an_earlier_one_holds(void **state)
{
    (void)state;
    one_printer();
    int64_t tonight = job_of(800, PLACED "," FOR_TONIGHT ",\"priority\":5");
    int64_t big = job_of(300, "");
    assert_job(big, "queued", "waiting");
    call("jobs.why", "{\"id\":%lld}", (long long)big);
    assert_non_null(strstr(the.reply.ptr, "slot 0 has 1000 g, of which 800 g "
                                          "are held for jobs before it"));
    int64_t small = job_of(200, "");
    assert_job(small, "queued", "uploading");
    make("jobs.cancel", "{\"print_id\":%lld}", (long long)small);
    make("jobs.cancel", "{\"print_id\":%lld}", (long long)tonight);
    assert_job(big, "queued", "uploading");
}

static void an_earlier_job_takes_what_it_needs(void **state)
{
    (void)state;
    one_printer();
    job_of(800, PLACED "," FOR_TONIGHT);
    int64_t job = job_of(300, "\"priority\":1");
    assert_job(job, "queued", "uploading");
}

static void a_job_that_is_placed_is_not_in_its_own_way(void **state)
{
    (void)state;
    one_printer();
    int64_t job = job_of(900, PLACED);
    assert_job(job, "queued", "uploading");
}

static void each_copy_holds_its_grams(void **state)
{
    (void)state;
    one_printer();
    job_of(300, PLACED "," FOR_TONIGHT ",\"priority\":5,\"copies\":3");
    assert_job(job_of(200, ""), "queued", "waiting");
    assert_job(job_of(100, ""), "queued", "uploading");
}

/* The spool is exchanged before that job anyway. */
static void what_the_slot_cannot_feed_holds_nothing(void **state)
{
    (void)state;
    one_printer();
    job_of(1100, PLACED ",\"priority\":5");
    assert_job(job_of(900, ""), "queued", "uploading");
}

static void a_job_on_hold_holds_nothing(void **state)
{
    (void)state;
    one_printer();
    job_of(800, PLACED ",\"held\":true,\"priority\":5");
    assert_job(job_of(900, ""), "queued", "uploading");
}

static void another_slot_is_taken_where_the_first_is_held(void **state)
{
    (void)state;
    add_printer(0);
    say(0, "{\"slots\":[{\"slot\":0,\"loaded\":true,\"material_type\":\"PLA\","
           "\"color\":\"#FF0000\",\"weight_grams\":1000,"
           "\"remaining_pct\":50},{\"slot\":3,\"loaded\":true,"
           "\"material_type\":\"PLA\",\"color\":\"#FF0000\","
           "\"weight_grams\":1000,\"remaining_pct\":90}]}");
    say_idle(0, "");
    job_of(400, PLACED "," FOR_TONIGHT ",\"priority\":5");
    int64_t job = job_of(200, "");
    struct attempt attempt = read_attempt(job);
    assert_int_equal(attempt.feeds.count, 1);
    assert_int_equal(((const struct feed *)attempt.feeds.items)->slot, 3);
}

static void what_is_held_is_held_after_a_restart(void **state)
{
    (void)state;
    one_printer();
    job_of(800, PLACED "," FOR_TONIGHT ",\"priority\":5");
    int64_t big = job_of(300, "");
    restart();
    say_idle(0, "");
    assert_job(big, "queued", "waiting");
    assert_job(job_of(200, ""), "queued", "uploading");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_later_job_does_not_take_what_an_earlier_one_holds),
        A_TEST(an_earlier_job_takes_what_it_needs),
        A_TEST(a_job_that_is_placed_is_not_in_its_own_way),
        A_TEST(each_copy_holds_its_grams),
        A_TEST(what_the_slot_cannot_feed_holds_nothing),
        A_TEST(a_job_on_hold_holds_nothing),
        A_TEST(another_slot_is_taken_where_the_first_is_held),
        A_TEST(what_is_held_is_held_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
