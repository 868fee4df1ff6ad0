/* Jobs: what may be asked for, and which moves there are. */
#include "house.h"

#include "shop/job.h"

static void what_is_left_open_follows_from_the_file(void **state)
{
    (void)state;
    add_file("P1S");
    call("jobs.create", "{\"file_id\":1}");
    assert_reply(201, "\"job_name\":\"part.gcode.3mf\"");
    assert_reply(201, "\"plate\":1");
    assert_reply(201, "\"estimated_duration_minutes\":61");
    assert_reply(201, "\"material_type\":\"PLA\"");
    assert_reply(201, "\"status\":\"queued\"");
    assert_reply(201, "\"phase\":\"waiting\"");
}

/* It kept the estimate and the name of the file it was made for. */
static void what_followed_from_the_file_follows_from_another_one(void **state)
{
    (void)state;
    add_file("P1S");
    add_file("A1");
    call("jobs.create", "{\"file_id\":1,\"estimated_duration_minutes\":5}");
    call("jobs.update", "{\"print_id\":1,\"file_id\":2}");
    assert_reply(200, "\"file_id\":2");
    assert_reply(200, "\"estimated_duration_minutes\":61");
}

static void what_does_not_belong_together_is_refused(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *part;
    } rows[] = {
        { "{}", 422, "\"job_name\":" },
        { "{\"file_id\":9}", 422, "there is no file 9" },
        { "{\"file_id\":1,\"plate\":2}", 422, "has no plate 2" },
        { "{\"file_id\":1,\"printer_id\":9}", 422, "there is no printer 9" },
        { "{\"file_id\":2,\"printer_id\":1}", 422, "for the model A1" },
        { "{\"file_id\":1,\"needs\":[{\"filament\":2}]}", 422, "filament 2" },
        { "{\"file_id\":1,\"models\":[\"P9\"]}", 422,
          "\"P9\\\" is not a model" },
        { "{\"file_id\":1,\"printer_id\":1,\"models\":[\"A1\"]}", 422,
          "of the model P1S, which the job does not ask for" },
        { "{\"file_id\":1,\"nozzle_diameter_mm\":0.6}", 422,
          "for a nozzle of 0.4 mm; slice it for 0.6 mm" },
        { "{\"file_id\":1,\"nozzle_diameter_mm\":-1}", 400,
          "\"nozzle_diameter_mm\":" },
        { "{\"file_id\":1,\"status\":\"started\"}", 422, "cannot begin as" },
        { "{\"file_id\":1,\"copies\":0}", 400, "\"copies\":" },
        { "{\"file_id\":1,\"phase\":\"done\"}", 400, "\"phase\":" },
        { "{\"file_id\":1,\"stop_wanted\":true}", 400, "\"stop_wanted\":" },
    };
    (void)state;
    add_printer();
    add_file("P1S");
    add_file("A1");
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        call("jobs.create", "%s", rows[i].body);
        assert_reply(rows[i].status, rows[i].part);
    }
    call("jobs.list", "{}");
    assert_string_equal(the.reply.ptr, "[]");
}

/* Make a job of that status, by the moves there are. */
static int64_t job_in(int status)
{
    static int64_t last;
    call("jobs.create", "{\"job_name\":\"by hand\"%s}",
         status == JOB_SCHEDULED
             ? ",\"scheduled_start\":\"2030-01-01T00:00:00Z\""
             : "");
    assert_int_equal(the.status, 201);
    spd_json *reply = json_parse(buf_str(&the.reply), NULL);
    last = json_as_int(json_member(reply, "id"), 0);
    json_free(reply);
    if (status != JOB_QUEUED && status != JOB_SCHEDULED)
        call("jobs.update", "{\"print_id\":%lld,\"status\":\"%s\"}",
             (long long)last, job_status_names[status]);
    return last;
}

/* From the row's status to the column's: y, n; "." stays as it is. */
static void only_the_moves_of_the_table_are_allowed(void **state)
{
    static const char *const table[] = {
        /* to              Q S S C F C */
        [JOB_QUEUED] = ".yyyyy",  [JOB_SCHEDULED] = "y.yyyy",
        [JOB_STARTED] = "yn.yyy", [JOB_COMPLETED] = "nnn.nn",
        [JOB_FAILED] = "ynnn.n",  [JOB_CANCELLED] = "ynnnn.",
    };
    (void)state;
    for (int from = JOB_QUEUED; from <= JOB_CANCELLED; from++)
        for (int to = JOB_QUEUED; to <= JOB_CANCELLED; to++) {
            int64_t id = job_in(from);
            call("jobs.update", "{\"print_id\":%lld,\"status\":\"%s\"}",
                 (long long)id, job_status_names[to]);
            int wanted = table[from][to] == 'n' ? 409 : 200;
            if (the.status != wanted)
                fail_msg("%s to %s: %s", job_status_names[from],
                         job_status_names[to], the.reply.ptr);
        }
}

static void a_refused_move_names_the_ones_that_are_allowed(void **state)
{
    (void)state;
    job_in(JOB_FAILED);
    call("jobs.update", "{\"print_id\":1,\"status\":\"started\"}");
    assert_reply(409, "is failed and cannot become started; it can become: "
                      "queued");
    job_in(JOB_COMPLETED);
    call("jobs.update", "{\"print_id\":2,\"status\":\"queued\"}");
    assert_reply(409, "it can become: nothing else");
}

static void moves_stamp_the_times_and_a_second_try_clears_them(void **state)
{
    (void)state;
    job_in(JOB_STARTED);
    call("jobs.get", "{\"id\":1}");
    assert_reply(200, "\"started_at\":\"2026-01-01T00:00:00.000Z\"");
    call("jobs.update", "{\"print_id\":1,\"status\":\"failed\","
                        "\"failed_reason\":\"no power\"}");
    assert_reply(200, "\"completed_at\":\"2026-01-01T00:00:00.000Z\"");
    assert_reply(200, "\"failed_reason\":\"no power\"");
    call("jobs.update", "{\"print_id\":1,\"status\":\"queued\"}");
    assert_reply(200, "\"started_at\":null,\"completed_at\":null,"
                      "\"failed_reason\":null");
}

static void a_time_to_start_makes_a_job_scheduled(void **state)
{
    (void)state;
    job_in(JOB_QUEUED);
    call("jobs.update", "{\"print_id\":1,\"scheduled_start\":"
                        "\"2030-01-01T00:00:00Z\"}");
    assert_reply(200, "\"status\":\"scheduled\"");
    call("jobs.update", "{\"print_id\":1,\"scheduled_start\":null}");
    assert_reply(200, "\"status\":\"queued\"");
}

static void a_file_that_a_job_needs_is_not_deleted(void **state)
{
    (void)state;
    add_file("P1S");
    call("jobs.create", "{\"file_id\":1}");
    call("files.delete", "{\"id\":1}");
    assert_int_equal(the.status, 409);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(what_is_left_open_follows_from_the_file),
        A_TEST(what_followed_from_the_file_follows_from_another_one),
        A_TEST(what_does_not_belong_together_is_refused),
        A_TEST(only_the_moves_of_the_table_are_allowed),
        A_TEST(a_refused_move_names_the_ones_that_are_allowed),
        A_TEST(moves_stamp_the_times_and_a_second_try_clears_them),
        A_TEST(a_time_to_start_makes_a_job_scheduled),
        A_TEST(a_file_that_a_job_needs_is_not_deleted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
