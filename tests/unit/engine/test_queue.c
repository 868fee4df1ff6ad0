/* The queue: its order, a person's hand on it, and what a printer is told. */
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The ids a list replied with, joined by blanks. */
static const char *ids_of_reply(void)
{
    static char ids[1024];
    size_t used = 0;
    spd_json *list = json_parse(buf_str(&the.reply), NULL);
    assert_int_equal(json_type(list), SPD_JSON_ARRAY);
    ids[0] = '\0';
    for (const spd_json *j = json_first(list); j != NULL; j = json_next(j))
        used += (size_t)snprintf(
            ids + used, sizeof(ids) - used, "%s%lld", used == 0 ? "" : " ",
            (long long)json_as_int(json_member(j, "id"), 0));
    json_free(list);
    return ids;
}

static const char *queue_of(int64_t printer)
{
    call("jobs.queue", "{\"printer_id\":%lld}", (long long)printer);
    assert_int_equal(the.status, 200);
    return ids_of_reply();
}

static void move(int64_t job, const char *where, int64_t other)
{
    make("jobs.move", "{\"id\":%lld,\"%s\":%lld}", (long long)job, where,
         (long long)other);
}

static void assert_refused(int status, const char *words)
{
    if (the.status != status || strstr(the.reply.ptr, words) == NULL)
        fail_msg("%d \"%s\" is wanted: %d %s", status, words, the.status,
                 the.reply.ptr);
}

/* A printer, out of reach, and so many jobs for it alone: 1, 2, ... */
static void queue_up(int jobs)
{
    add_printer(0);
    say_idle(0, "");
    say_offline(0);
    for (int i = 0; i < jobs; i++) {
        pass_ms(SECOND); /* each is younger than the one before */
        add_job("\"printer_id\":1");
    }
}

static void the_queue_is_in_the_order_of_printing(void **state)
{
    (void)state;
    queue_up(1);
    add_job("\"printer_id\":1,\"priority\":5,"
            "\"scheduled_start\":\"2030-01-01T00:00:00Z\"");
    add_job("\"printer_id\":1,\"priority\":5");
    add_job("\"printer_id\":1,\"priority\":-5");
    assert_string_equal(queue_of(1), "3 2 1 4");
}

/* -- moving -- */

static void a_moved_job_stands_where_it_was_put(void **state)
{
    (void)state;
    queue_up(4);
    move(4, "before", 2);
    assert_string_equal(queue_of(1), "1 4 2 3");
    move(1, "after", 3);
    assert_string_equal(queue_of(1), "4 2 3 1");
    move(3, "before", 4);
    assert_string_equal(queue_of(1), "3 4 2 1");
    move(2, "after", 3);
    assert_string_equal(queue_of(1), "3 2 4 1");
}

static void the_job_that_was_moved_to_the_front_is_printed_first(void **state)
{
    (void)state;
    queue_up(3);
    move(3, "before", 1);
    say_idle(0, "");
    assert_job(3, "queued", "uploading");
}

static void a_moved_job_is_shown_as_such_and_told_of(void **state)
{
    (void)state;
    queue_up(2);
    news();
    move(2, "before", 1);
    assert_string_equal(news(), "job.moved");
    assert_int_equal(read_job(2).moved_to, 1);
    call("jobs.get", "{\"id\":2}");
    assert_non_null(strstr(the.reply.ptr, "\"moved_to\":1"));
}

static void a_moved_job_keeps_its_place_when_the_other_one_goes(void **state)
{
    (void)state;
    queue_up(4);
    move(4, "before", 2);
    make("jobs.cancel", "{\"print_id\":2}");
    assert_string_equal(queue_of(1), "1 4 3");
    make("jobs.update", "{\"print_id\":3,\"priority\":9}");
    assert_string_equal(queue_of(1), "3 1 4");
}

static void a_priority_or_a_start_of_its_own_ends_the_move(void **state)
{
    (void)state;
    queue_up(3);
    move(3, "before", 1);
    make("jobs.update", "{\"print_id\":3,\"notes\":\"soon\",\"priority\":0}");
    assert_string_equal(queue_of(1), "3 1 2");
    make("jobs.update", "{\"print_id\":3,\"priority\":-1}");
    assert_string_equal(queue_of(1), "1 2 3");
    assert_int_equal(read_job(3).moved_to, 0);
}

static void a_move_can_be_taken_back(void **state)
{
    (void)state;
    queue_up(3);
    move(3, "before", 1);
    make("jobs.move", "{\"id\":3,\"back\":true}");
    assert_string_equal(queue_of(1), "1 2 3");
}

/* Between two neighbours there is room for twenty halvings. */
static void there_is_room_for_many_beside_one_job(void **state)
{
    char wanted[400] = "1";
    (void)state;
    queue_up(60);
    for (int job = 3; job <= 60; job++) {
        move(job, "before", 2);
        size_t used = strlen(wanted);
        snprintf(wanted + used, sizeof(wanted) - used, " %d", job);
    }
    strcat(wanted, " 2");
    assert_string_equal(queue_of(1), wanted);
    for (int job = 3; job < 60; job++)
        move(job, "after", 60);
    assert_string_equal(queue_of(1),
                        "1 60 59 58 57 56 55 54 53 52 51 50 49 48 47 46 45 44 "
                        "43 42 41 40 39 38 37 36 35 34 33 32 31 30 29 28 27 26 "
                        "25 24 23 22 21 20 19 18 17 16 15 14 13 12 11 10 9 8 7 "
                        "6 5 4 3 2");
}

static void what_cannot_be_moved_is_refused_in_words(void **state)
{
    (void)state;
    queue_up(2);
    add_printer(1);
    add_job("\"printer_id\":2");
    call("jobs.move", "{\"id\":1,\"before\":1}");
    assert_refused(422, "job 1 cannot be moved beside itself");
    call("jobs.move", "{\"id\":1,\"before\":9}");
    assert_refused(422, "there is no job 9");
    call("jobs.move", "{\"id\":9,\"before\":1}");
    assert_refused(404, "there is no job 9");
    call("jobs.move", "{\"id\":1,\"before\":3}");
    assert_refused(409, "they wait in different queues");
    call("jobs.move", "{\"id\":1}");
    assert_refused(422, "say where to");
    call("jobs.move", "{\"id\":1,\"before\":2,\"after\":2}");
    assert_refused(422, "say where to");
    make("jobs.cancel", "{\"print_id\":2}");
    call("jobs.move", "{\"id\":1,\"before\":2}");
    assert_refused(409, "only a job that waits can be moved to");
    call("jobs.move", "{\"id\":2,\"before\":1}");
    assert_refused(409, "only a job that waits can be moved");
    assert_string_equal(queue_of(1), "1");
}

/* -- a policy, and the hand -- */

static int64_t rank_old_first(spd_plugin *self, const struct spd_job *job)
{
    (void)self;
    return job->created_ms;
}

static int64_t rank_young_first(spd_plugin *self, const struct spd_job *job)
{
    (void)self;
    return -job->created_ms;
}

static int64_t fit_any(spd_plugin *self, const struct spd_job *job,
                       const struct spd_candidate *printer)
{
    (void)self;
    (void)job;
    return printer->id;
}

static const struct spd_scheduler old_first = { "old", rank_old_first,
                                                fit_any };
static const struct spd_scheduler young_first = { "young", rank_young_first,
                                                  fit_any };

static void a_persons_hand_wins_over_a_policys_rank(void **state)
{
    (void)state;
    engine_set_policy(the.engine, NULL, "test", &old_first, NULL);
    queue_up(4);
    move(4, "before", 1);
    assert_string_equal(queue_of(1), "4 1 2 3");
    make("jobs.update", "{\"print_id\":4,\"notes\":\"written anew\"}");
    assert_string_equal(queue_of(1), "4 1 2 3");
    restart();
    engine_set_policy(the.engine, NULL, "test", &old_first, NULL);
    pass_ms(SECOND);
    assert_string_equal(queue_of(1), "4 1 2 3");
}

/* It kept a rank that only the old policy understood, and went last. */
static void a_moved_job_stays_beside_the_other_under_another_policy(void **s)
{
    (void)s;
    engine_set_policy(the.engine, NULL, "test", &old_first, NULL);
    queue_up(5);
    move(1, "after", 4);
    make("jobs.cancel", "{\"print_id\":4}");
    move(2, "before", 5);
    assert_string_equal(queue_of(1), "3 1 2 5");
    restart();
    engine_set_policy(the.engine, NULL, "test", &young_first, NULL);
    pass_ms(SECOND);
    assert_string_equal(queue_of(1), "2 5 1 3");
}

/* -- many at once -- */

static void many_jobs_are_moved_in_the_order_given(void **state)
{
    (void)state;
    queue_up(6);
    call("jobs.bulk", "{\"act\":\"move\",\"ids\":[6,4,5],\"before\":2}");
    assert_int_equal(the.status, 200);
    assert_string_equal(ids_of_reply(), "6 4 5");
    assert_string_equal(queue_of(1), "1 6 4 5 2 3");
    call("jobs.bulk", "{\"act\":\"move\",\"ids\":[1,6],\"after\":3}");
    assert_string_equal(queue_of(1), "4 5 2 3 1 6");
}

static void of_many_each_is_done_or_refused_for_itself(void **state)
{
    (void)state;
    queue_up(3);
    make("jobs.cancel", "{\"print_id\":2}");
    news();
    call("jobs.bulk", "{\"act\":\"hold\",\"ids\":[3,2,77,1]}");
    assert_int_equal(the.status, 200);
    const char *reply = the.reply.ptr;
    assert_non_null(strstr(reply, "{\"id\":3,\"done\":true,\"job\":{\"id\":3"));
    assert_non_null(strstr(reply, "{\"id\":2,\"done\":false,\"error\":\"job 2 "
                                  "is cancelled (done); only a job that waits "
                                  "can be held back\",\"code\":\"conflict\"}"));
    assert_non_null(strstr(reply, "{\"id\":77,\"done\":false,\"error\":\"there "
                                  "is no job 77\",\"code\":\"not_found\"}"));
    assert_string_equal(ids_of_reply(), "3 2 77 1");
    assert_string_equal(news(), "job.held job.held");
    assert_true(read_job(1).held && read_job(3).held);
}

static void many_are_released_cancelled_or_given_a_priority(void **state)
{
    (void)state;
    queue_up(4);
    call("jobs.bulk", "{\"act\":\"hold\",\"ids\":[1,2]}");
    call("jobs.bulk", "{\"act\":\"release\",\"ids\":[1,2,3]}");
    assert_false(read_job(1).held || read_job(2).held);
    move(4, "before", 1);
    call("jobs.bulk", "{\"act\":\"priority\",\"ids\":[4,2],\"priority\":-3}");
    assert_string_equal(queue_of(1), "1 3 2 4");
    call("jobs.bulk", "{\"act\":\"cancel\",\"ids\":[1,2,3,4]}");
    assert_string_equal(queue_of(1), "");
    assert_job(4, "cancelled", "done");
}

static void a_bulk_cancel_stops_a_print_only_when_told_to(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_printing(0);
    call("jobs.bulk", "{\"act\":\"cancel\",\"ids\":[%lld]}", (long long)job);
    assert_non_null(strstr(the.reply.ptr, "ask again with stop=true"));
    assert_false(read_job(job).stop_wanted);
    call("jobs.bulk", "{\"act\":\"cancel\",\"ids\":[%lld],\"stop\":true}",
         (long long)job);
    assert_true(read_job(job).stop_wanted);
}

static void a_bulk_that_makes_no_sense_is_refused_as_a_whole(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *words;
    } rows[] = {
        { "{\"ids\":[1]}", 400, "act is required" },
        { "{\"act\":\"melt\",\"ids\":[1]}", 400, "must be one of hold" },
        { "{\"act\":\"hold\"}", 400, "ids must be a list" },
        { "{\"act\":\"hold\",\"ids\":[]}", 400, "ids must be a list" },
        { "{\"act\":\"hold\",\"ids\":7}", 400, "ids must be a list" },
        { "{\"act\":\"hold\",\"ids\":[1,\"2\"]}", 400, "list of ids" },
        { "{\"act\":\"hold\",\"ids\":[1,2,1]}", 400, "names job 1 twice" },
        { "{\"act\":\"priority\",\"ids\":[1]}", 400, "priority is required" },
        { "{\"act\":\"move\",\"ids\":[1]}", 400, "says where to" },
        { "{\"act\":\"priority\",\"ids\":[1],\"priority\":5000}", 400,
          "between" },
    };
    (void)state;
    queue_up(2);
    news();
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        call("jobs.bulk", "%s", rows[i].body);
        assert_refused(rows[i].status, rows[i].words);
    }
    assert_string_equal(news(), "");
}

/* -- what a printer is told -- */

static const char green[] =
    "[{\"index\":1,\"estimated_seconds\":60,\"grams\":1,"
    "\"printer_model\":\"P1S\",\"nozzle_diameter_mm\":0.4,"
    "\"slicer_model_id\":\"C12\",\"filaments\":[{\"id\":1,"
    "\"type\":\"PETG\",\"color\":\"#00FF00\",\"grams\":1}]}]";

static void a_printers_queue_holds_the_jobs_for_any_that_fit_it(void **state)
{
    (void)state;
    queue_up(2); /* its own: 1, 2 */
    int64_t urgent = add_job("\"priority\":4");
    int64_t any = add_job("");
    add_job("\"tags\":[\"hardened\"]");
    make("jobs.create", "{\"file_id\":%lld}", (long long)add_file(green));
    int64_t held = add_job("");
    make("jobs.hold", "{\"id\":%lld}", (long long)held);
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "%lld 1 2 %lld %lld", (long long)urgent,
             (long long)any, (long long)held);
    assert_string_equal(queue_of(1), wanted);
    call("jobs.queue", "{\"printer_id\":9}");
    assert_refused(404, "there is no printer 9");
}

static void a_job_for_any_is_moved_among_a_printers_own(void **state)
{
    (void)state;
    queue_up(3);
    int64_t any = add_job("");
    move(any, "before", 2);
    assert_string_equal(queue_of(1), "1 4 2 3");
    move(3, "before", any);
    assert_string_equal(queue_of(1), "1 3 4 2");
}

/* Page by page the same jobs come, each once, in the same order. */
static void a_queue_of_two_comes_in_pages(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "");
    say_offline(0);
    for (int i = 0; i < 12; i++)
        add_job(i % 3 == 0 ? "\"printer_id\":1" : "");
    const char *all = "1 2 3 4 5 6 7 8 9 10 11 12";
    assert_string_equal(queue_of(1), all);
    char seen[100] = "";
    int64_t after = 0;
    for (int page = 0; page < 3; page++) {
        char from[40] = "";
        if (after != 0)
            snprintf(from, sizeof(from), ",\"after\":%lld", (long long)after);
        call("jobs.queue", "{\"printer_id\":1,\"limit\":5%s}", from);
        const char *ids = ids_of_reply();
        size_t used = strlen(seen);
        snprintf(seen + used, sizeof(seen) - used, "%s%s", used == 0 ? "" : " ",
                 ids);
        after = strtoll(strrchr(seen, ' ') + 1, NULL, 10);
    }
    assert_string_equal(seen, all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(the_queue_is_in_the_order_of_printing),
        A_TEST(a_moved_job_stands_where_it_was_put),
        A_TEST(the_job_that_was_moved_to_the_front_is_printed_first),
        A_TEST(a_moved_job_is_shown_as_such_and_told_of),
        A_TEST(a_moved_job_keeps_its_place_when_the_other_one_goes),
        A_TEST(a_priority_or_a_start_of_its_own_ends_the_move),
        A_TEST(a_move_can_be_taken_back),
        A_TEST(there_is_room_for_many_beside_one_job),
        A_TEST(what_cannot_be_moved_is_refused_in_words),
        A_TEST(a_persons_hand_wins_over_a_policys_rank),
        A_TEST(a_moved_job_stays_beside_the_other_under_another_policy),
        A_TEST(many_jobs_are_moved_in_the_order_given),
        A_TEST(of_many_each_is_done_or_refused_for_itself),
        A_TEST(many_are_released_cancelled_or_given_a_priority),
        A_TEST(a_bulk_cancel_stops_a_print_only_when_told_to),
        A_TEST(a_bulk_that_makes_no_sense_is_refused_as_a_whole),
        A_TEST(a_printers_queue_holds_the_jobs_for_any_that_fit_it),
        A_TEST(a_job_for_any_is_moved_among_a_printers_own),
        A_TEST(a_queue_of_two_comes_in_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
