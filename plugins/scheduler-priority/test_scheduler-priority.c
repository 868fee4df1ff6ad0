#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rank.h"
#include "testhost.h"

extern const struct spd_plugin_desc spd_plugin_desc;

#define DAY_MS (24 * 60 * 60 * 1000LL)

struct shop {
    struct testhost *host;
    const struct spd_scheduler *policy;
};

static struct shop open_shop(const char *by_ship_date)
{
    struct testhost *host =
        testhost_new(&spd_plugin_desc, "by_ship_date", by_ship_date, NULL);
    const struct spd_scheduler *policy = testhost_scheduler(host, "priority");
    assert_non_null(policy);
    return (struct shop){ host, policy };
}

static void close_shop(struct shop *shop)
{
    testhost_free(shop->host);
}

static bool goes_before(struct shop *shop, const struct spd_job *a,
                        const struct spd_job *b)
{
    spd_plugin *self = testhost_plugin(shop->host);
    return shop->policy->rank(self, a) < shop->policy->rank(self, b);
}

static bool suits_better(struct shop *shop, const struct spd_candidate *a,
                         const struct spd_candidate *b)
{
    spd_plugin *self = testhost_plugin(shop->host);
    const struct spd_job job = { .size = sizeof(job) };
    return shop->policy->fit(self, &job, a) > shop->policy->fit(self, &job, b);
}

static void the_higher_priority_goes_first(void **state)
{
    (void)state;
    struct shop shop = open_shop("false");
    const struct spd_job urgent = { .priority = 10, .scheduled_ms = DAY_MS };
    const struct spd_job usual = { .priority = 0 };
    const struct spd_job idle = { .priority = -10 };
    assert_true(goes_before(&shop, &urgent, &usual));
    assert_true(goes_before(&shop, &usual, &idle));
    assert_false(goes_before(&shop, &idle, &urgent));
    close_shop(&shop);
}

static void of_equal_priority_the_one_without_a_start_goes_first(void **state)
{
    (void)state;
    struct shop shop = open_shop("false");
    const struct spd_job now = { .priority = 1 };
    const struct spd_job later = { .priority = 1, .scheduled_ms = DAY_MS };
    const struct spd_job last = { .priority = 1, .scheduled_ms = 2 * DAY_MS };
    assert_true(goes_before(&shop, &now, &later));
    assert_true(goes_before(&shop, &later, &last));
    close_shop(&shop);
}

static void ship_dates_count_only_when_they_are_asked_for(void **state)
{
    (void)state;
    const struct spd_job soon = { .ship_by_ms = DAY_MS,
                                  .scheduled_ms = DAY_MS };
    const struct spd_job late = { .ship_by_ms = 9 * DAY_MS };
    const struct spd_job whenever = { .created_ms = DAY_MS };

    struct shop shop = open_shop("false");
    assert_true(goes_before(&shop, &late, &soon));
    close_shop(&shop);

    shop = open_shop("true");
    assert_true(goes_before(&shop, &soon, &late));
    assert_true(goes_before(&shop, &late, &whenever));
    close_shop(&shop);
}

/* Both ship on the tenth: the one of two days has to begin on the eighth. */
static void the_longer_of_two_prints_for_one_date_goes_first(void **state)
{
    (void)state;
    struct shop shop = open_shop("true");
    const struct spd_job brief = { .ship_by_ms = 10 * DAY_MS,
                                   .estimated_ms = DAY_MS / 24 };
    const struct spd_job lengthy = { .ship_by_ms = 10 * DAY_MS,
                                     .estimated_ms = 2 * DAY_MS };
    const struct spd_job absurd = { .ship_by_ms = DAY_MS,
                                    .estimated_ms = INT64_MAX };
    assert_true(goes_before(&shop, &lengthy, &brief));
    assert_true(goes_before(&shop, &absurd, &lengthy));
    close_shop(&shop);
}

/* A job without a date waited for ever behind a stream of orders. */
static void a_job_without_a_date_has_its_turn_after_two_weeks(void **state)
{
    (void)state;
    struct shop shop = open_shop("true");
    const struct spd_job undated = { .created_ms = DAY_MS };
    const struct spd_job sooner = { .created_ms = 5 * DAY_MS,
                                    .ship_by_ms = 14 * DAY_MS };
    const struct spd_job later = { .created_ms = 5 * DAY_MS,
                                   .ship_by_ms = 16 * DAY_MS };
    assert_true(goes_before(&shop, &sooner, &undated));
    assert_true(goes_before(&shop, &undated, &later));
    close_shop(&shop);
}

static void a_ship_date_does_not_beat_a_priority(void **state)
{
    (void)state;
    struct shop shop = open_shop("true");
    const struct spd_job urgent = { .priority = 1 };
    const struct spd_job soon = { .ship_by_ms = DAY_MS };
    assert_true(goes_before(&shop, &urgent, &soon));
    close_shop(&shop);
}

static void equal_jobs_are_left_to_the_host(void **state)
{
    (void)state;
    struct shop shop = open_shop("false");
    const struct spd_job older = { .id = 1, .created_ms = 1 };
    const struct spd_job newer = { .id = 2, .created_ms = 2 };
    assert_false(goes_before(&shop, &older, &newer));
    assert_false(goes_before(&shop, &newer, &older));
    close_shop(&shop);
}

static void numbers_beyond_all_measure_keep_the_order(void **state)
{
    (void)state;
    struct shop shop = open_shop("true");
    const struct spd_job most = { .priority = INT64_MAX,
                                  .scheduled_ms = INT64_MAX,
                                  .ship_by_ms = INT64_MAX };
    const struct spd_job least = { .priority = INT64_MIN,
                                   .scheduled_ms = INT64_MIN };
    assert_true(goes_before(&shop, &most, &least));
    close_shop(&shop);
}

static void loaded_filament_beats_a_short_queue(void **state)
{
    (void)state;
    struct shop shop = open_shop("false");
    const struct spd_candidate loaded = { .queued_ms = 9 * DAY_MS,
                                          .printed_ms = 900 * DAY_MS };
    const struct spd_candidate empty = { .changes = 1 };
    assert_true(suits_better(&shop, &loaded, &empty));
    close_shop(&shop);
}

static void then_the_least_busy_printer_then_the_least_worn(void **state)
{
    (void)state;
    struct shop shop = open_shop("false");
    const struct spd_candidate busy = { .queued_ms = DAY_MS };
    const struct spd_candidate worn = { .printed_ms = 90 * DAY_MS };
    const struct spd_candidate fresh = { .printed_ms = DAY_MS };
    assert_true(suits_better(&shop, &worn, &busy));
    assert_true(suits_better(&shop, &fresh, &worn));
    close_shop(&shop);
}

#define OF_THIS_HOST .size = sizeof(struct spd_candidate)

static void
among_equally_worn_ones_the_file_goes_where_it_failed_least(void **state)
{
    (void)state;
    struct shop shop = open_shop("false");
    const struct spd_candidate fails = { OF_THIS_HOST, .failed = 2,
                                         .finished = 2 };
    const struct spd_candidate prints = { OF_THIS_HOST, .failed = 1,
                                          .finished = 9,
                                          .printed_ms = DAY_MS / 4 };
    const struct spd_candidate worn = { OF_THIS_HOST, .finished = 9,
                                        .printed_ms = DAY_MS };
    const struct spd_candidate is_new = { OF_THIS_HOST };
    assert_true(suits_better(&shop, &prints, &fails));
    assert_true(suits_better(&shop, &fails, &worn));
    assert_true(suits_better(&shop, &is_new, &prints));
    close_shop(&shop);
}

/* What lies behind an older host's candidate is not its to read. */
static void a_host_without_track_records_is_understood(void **state)
{
    (void)state;
    struct shop shop = open_shop("false");
    const struct spd_candidate first = {
        .size = offsetof(struct spd_candidate, finished), .failed = 7
    };
    const struct spd_candidate second = { .size = offsetof(struct spd_candidate,
                                                           finished),
                                          .printed_ms = DAY_MS / 24 };
    assert_true(suits_better(&shop, &first, &second));
    close_shop(&shop);
}

static void a_candidate_is_never_refused(void **state)
{
    (void)state;
    struct shop shop = open_shop("false");
    const struct spd_candidate worst = { .changes = INT64_MAX,
                                         .queued_ms = INT64_MAX,
                                         .printed_ms = INT64_MAX,
                                         .failed = INT64_MAX,
                                         .size = sizeof(worst) };
    const struct spd_job job = { .size = sizeof(job) };
    assert_true(shop.policy->fit(testhost_plugin(shop.host), &job, &worst) >
                INT64_MIN);
    close_shop(&shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_higher_priority_goes_first),
        cmocka_unit_test(of_equal_priority_the_one_without_a_start_goes_first),
        cmocka_unit_test(ship_dates_count_only_when_they_are_asked_for),
        cmocka_unit_test(the_longer_of_two_prints_for_one_date_goes_first),
        cmocka_unit_test(a_job_without_a_date_has_its_turn_after_two_weeks),
        cmocka_unit_test(a_ship_date_does_not_beat_a_priority),
        cmocka_unit_test(equal_jobs_are_left_to_the_host),
        cmocka_unit_test(numbers_beyond_all_measure_keep_the_order),
        cmocka_unit_test(loaded_filament_beats_a_short_queue),
        cmocka_unit_test(then_the_least_busy_printer_then_the_least_worn),
        cmocka_unit_test(
            among_equally_worn_ones_the_file_goes_where_it_failed_least),
        cmocka_unit_test(a_host_without_track_records_is_understood),
        cmocka_unit_test(a_candidate_is_never_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
