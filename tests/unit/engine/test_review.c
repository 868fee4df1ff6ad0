/* What a person says of the pieces, and what follows from it. */
#include "stage.h"

#include <string.h>

/* The machine prints what it was given, to its end, and is cleared. */
static void print_out(int machine)
{
    answer_upload(machine, SPD_OK);
    answer_start(machine, SPD_OK);
    const char *submission = the.machines[machine].submission;
    say_state(machine, "printing", submission, 10);
    say_state(machine, "finished", submission, 100);
    make("printers.plate_cleared", "{\"id\":%d}", machine + 1);
    settle();
}

static int64_t printed_job(const char *more)
{
    add_printer(0);
    say_idle(0, "");
    int64_t job = add_job(more);
    for (int64_t i = 0; i < read_job(job).copies; i++)
        print_out(0);
    assert_job(job, "completed", "done");
    news();
    return job;
}

static void review(int64_t job, const char *words)
{
    call("jobs.review", "{\"id\":%lld,%s}", (long long)job, words);
}

static void assert_refused(int status, const char *words)
{
    if (the.status != status || strstr(the.reply.ptr, words) == NULL)
        fail_msg("%d \"%s\" is wanted: %d %s", status, words, the.status,
                 the.reply.ptr);
}

static size_t count_jobs(void)
{
    spd_txn *txn = store_read(the.shop.store);
    size_t count = record_count(txn, &job_kind);
    store_read_end(txn);
    return count;
}

static void good_pieces_are_noted_and_nothing_more_is_printed(void **state)
{
    (void)state;
    int64_t job = printed_job("\"copies\":2,\"yield\":3");
    review(job, "\"good\":6");
    assert_int_equal(the.status, 200);
    struct job seen = read_job(job);
    assert_int_equal(seen.good, 6);
    assert_int_equal(seen.scrap, 0);
    assert_int_equal(seen.reprint_id, 0);
    assert_true(str_is(seen.reviewed_by, "person/1"));
    assert_int_equal(count_jobs(), 1);
    assert_int_equal(read_attempt(job).scrap, 0);
    assert_string_equal(news(),
                        "attempt.reviewed attempt.reviewed job.reviewed");
}

static void scrap_is_printed_again_by_a_new_job(void **state)
{
    (void)state;
    int64_t job = printed_job("\"copies\":3,\"yield\":4,\"priority\":7,"
                              "\"notes\":\"the blue ones\"");
    review(job, "\"scrap\":5,\"reason\":\"warped\"");
    assert_int_equal(the.status, 200);
    struct job seen = read_job(job);
    assert_int_equal(seen.good, 7);
    assert_true(str_is(seen.scrap_reason, "warped"));
    assert_non_null(strstr(news(), "job.created job.reviewed"));
    struct job again = read_job(seen.reprint_id);
    assert_int_equal(again.reprint_of, job);
    assert_int_equal(again.copies, 2); /* five pieces, four a print */
    assert_int_equal(again.copies_done, 0);
    assert_int_equal(again.priority, 7);
    assert_int_equal(again.file_id, the.file_id);
    assert_true(str_is(again.notes, "the blue ones"));
    assert_int_equal(again.started_at, 0);
    assert_job(again.id, "queued", "uploading");
}

static void the_attempt_of_a_single_print_knows_its_scrap(void **state)
{
    (void)state;
    int64_t job = printed_job("\"yield\":4");
    review(job, "\"scrap\":1");
    assert_int_equal(read_attempt(job).scrap, 1);
}

/* Which of two prints was bad, nobody said. */
static void of_several_attempts_none_is_blamed_without_a_word(void **state)
{
    (void)state;
    int64_t job = printed_job("\"copies\":2");
    review(job, "\"scrap\":1");
    assert_int_equal(the.status, 200);
    assert_int_equal(read_attempt(job).scrap, INT_NONE);
}

static void a_review_said_twice_prints_the_scrap_again_once(void **state)
{
    (void)state;
    int64_t job = printed_job("");
    review(job, "\"scrap\":1");
    size_t jobs = count_jobs();
    review(job, "\"scrap\":1");
    assert_int_equal(the.status, 200);
    review(job, "\"good\":0");
    assert_int_equal(the.status, 200);
    assert_int_equal(count_jobs(), jobs);
    review(job, "\"good\":1");
    assert_refused(409, "was reviewed by person/1: 0 good, 1 scrap");
    restart();
    review(job, "\"scrap\":1");
    assert_int_equal(count_jobs(), jobs);
}

static void the_scrap_of_a_reprint_is_printed_again_too(void **state)
{
    (void)state;
    int64_t job = printed_job("");
    review(job, "\"scrap\":1");
    int64_t second = read_job(job).reprint_id;
    print_out(0);
    assert_job(second, "completed", "done");
    review(second, "\"scrap\":1");
    struct job third = read_job(read_job(second).reprint_id);
    assert_int_equal(third.reprint_of, second);
    assert_int_equal(third.good, INT_NONE);
}

static void pieces_that_do_not_add_up_are_refused(void **state)
{
    static const char *const rows[] = {
        "\"good\":7",
        "\"scrap\":7",
        "\"good\":3,\"scrap\":4",
        "\"good\":1,\"scrap\":1",
    };
    (void)state;
    int64_t job = printed_job("\"yield\":6");
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        review(job, rows[i]);
        assert_refused(422, "made 6 pieces: good and scrap must come to that");
    }
    review(job, "\"reason\":\"warped\"");
    assert_refused(422, "say how many pieces");
    review(job, "\"scrap\":-1");
    assert_int_equal(the.status, 400);
    assert_int_equal(read_job(job).reviewed_at, 0);
    assert_int_equal(count_jobs(), 1);
}

static void only_a_completed_job_is_reviewed(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_printing(0);
    review(job, "\"scrap\":1");
    assert_refused(409, "is started; the pieces of a completed job");
    review(99, "\"scrap\":1");
    assert_refused(404, "there is no job 99");
}

static void a_job_completed_by_hand_has_made_all_its_copies(void **state)
{
    (void)state;
    int64_t job =
        make("jobs.create", "{\"job_name\":\"by hand\",\"copies\":2}");
    make("jobs.update", "{\"print_id\":%lld,\"status\":\"started\"}",
         (long long)job);
    make("jobs.update", "{\"print_id\":%lld,\"status\":\"completed\"}",
         (long long)job);
    review(job, "\"scrap\":1");
    struct job again = read_job(read_job(job).reprint_id);
    assert_int_equal(again.copies, 1);
    assert_job(again.id, "queued", "waiting");
}

/* It would have waited for ever. */
static void the_scrap_of_a_printer_that_is_gone_is_printed_on_any(void **state)
{
    (void)state;
    int64_t job = printed_job("\"printer_id\":1");
    make("printers.delete", "{\"id\":1}");
    review(job, "\"scrap\":1");
    assert_int_equal(read_job(read_job(job).reprint_id).printer_id, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(good_pieces_are_noted_and_nothing_more_is_printed),
        A_TEST(scrap_is_printed_again_by_a_new_job),
        A_TEST(the_attempt_of_a_single_print_knows_its_scrap),
        A_TEST(of_several_attempts_none_is_blamed_without_a_word),
        A_TEST(a_review_said_twice_prints_the_scrap_again_once),
        A_TEST(the_scrap_of_a_reprint_is_printed_again_too),
        A_TEST(pieces_that_do_not_add_up_are_refused),
        A_TEST(only_a_completed_job_is_reviewed),
        A_TEST(a_job_completed_by_hand_has_made_all_its_copies),
        A_TEST(the_scrap_of_a_printer_that_is_gone_is_printed_on_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
