/* Why does it wait: what people are told, and whether it is so. */
#include "stage.h"

#include <stdio.h>
#include <string.h>

static const char *why_job(int64_t job)
{
    const char *reply = call("jobs.why", "{\"id\":%lld}", (long long)job);
    assert_int_equal(the.status, 200);
    return reply;
}

static const char *why_printer(int64_t printer)
{
    const char *reply =
        call("printers.why", "{\"id\":%lld}", (long long)printer);
    assert_int_equal(the.status, 200);
    return reply;
}

static void assert_says(const char *reply, const char *words)
{
    if (strstr(reply, words) == NULL)
        fail_msg("\"%s\" is not in %s", words, reply);
}

static void a_held_job_is_told_to_be_held(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = add_job("");
    make("jobs.hold", "{\"id\":%lld}", (long long)job);
    settle();
    const char *reply = why_job(job);
    assert_says(reply, "\"code\":\"held\"");
    assert_says(reply, "release it");
}

static const char *objection;

static const char *object(void *arg, spd_txn *txn, int64_t job_id,
                          int64_t printer_id)
{
    (void)arg;
    (void)txn;
    assert_true(job_id > 0 && printer_id > 0);
    return objection;
}

static void a_job_that_a_rule_keeps_back_waits_until_it_does_not(void **state)
{
    (void)state;
    objection = "the rule night keeps it back: it is loud";
    engine_set_veto(the.engine, &(struct engine_veto){ object, NULL });
    add_printer(0);
    say_idle(0, "");
    int64_t job = add_job("");
    settle();
    assert_job(job, "queued", "waiting");
    const char *reply = why_job(job);
    assert_says(reply, "\"code\":\"held_by_rule\"");
    assert_says(reply, objection);
    objection = NULL;
    engine_veto_changed(the.engine);
    settle();
    assert_job(job, "queued", "uploading");
}

static void a_held_job_waits_until_it_is_released(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = add_job("");
    make("jobs.hold", "{\"id\":%lld}", (long long)job);
    say_idle(0, "");
    pass_ms(MINUTE);
    assert_job(job, "queued", "waiting");
    make("jobs.release", "{\"id\":%lld}", (long long)job);
    settle();
    assert_job(job, "queued", "uploading");
}

static void a_job_under_way_cannot_be_held(void **state)
{
    (void)state;
    add_printer(0);
    int64_t job = job_printing(0);
    const char *reply = call("jobs.hold", "{\"id\":%lld}", (long long)job);
    assert_int_equal(the.status, 409);
    assert_says(reply, "only a job that waits");
}

static void the_second_job_is_told_which_one_goes_before_it(void **state)
{
    (void)state;
    add_printer(0);
    int64_t first = job_printing(0);
    int64_t job = add_job("");
    const char *reply = why_job(job);
    char words[80];
    snprintf(words, sizeof(words), "it is at job %lld", (long long)first);
    assert_says(reply, "\"code\":\"busy\"");
    assert_says(reply, words);
    assert_says(reply, "\"fits\":true,\"can\":false");
}

static void every_reason_is_told_and_not_just_the_first(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    make("printers.update", "{\"id\":%lld,\"enabled\":false}",
         (long long)printer);
    int64_t file = add_file(
        "[{\"index\":1,\"estimated_seconds\":60,\"grams\":9,\"filaments\":"
        "[{\"id\":1,\"type\":\"PETG\",\"color\":\"#00FF00\",\"grams\":9}],"
        "\"slicer_model_id\":\"C12\",\"printer_model\":\"P1S\"}]");
    char more[120];
    snprintf(more, sizeof(more), "\"file_id\":%lld,\"tags\":[\"hardened\"]",
             (long long)file);
    int64_t job = make("jobs.create", "{%s}", more);
    const char *reply = why_job(job);
    assert_says(reply, "\"code\":\"missing_tag\"");
    assert_says(reply, "hardened");
    assert_says(reply, "\"code\":\"missing_material\"");
    assert_says(reply, "no slot holds PETG in #00FF00");
    assert_says(reply, "\"code\":\"switched_off\"");
}

static void a_printer_says_that_its_plate_is_to_be_cleared(void **state)
{
    (void)state;
    int64_t printer = add_printer(0);
    job_printing(0);
    say(0, "{\"state\":\"finished\",\"progress_pct\":100}");
    int64_t job = add_job("");
    assert_job(job, "queued", "waiting");
    const char *reply = why_printer(printer);
    assert_says(reply, "\"code\":\"plate_not_clear\"");
    assert_says(reply, "\"ready\":false");
    assert_says(reply, "\"fits\":true");
}

static void a_printer_tells_which_job_it_will_take_next(void **state)
{
    (void)state;
    char next[64];
    int64_t printer = add_printer(0);
    job_printing(0);
    assert_says(why_printer(printer), "\"next_job_id\":null");
    add_job("\"held\":true,\"priority\":9");
    add_job("");
    int64_t urgent = add_job("\"priority\":5");
    snprintf(next, sizeof(next), "\"next_job_id\":%lld", (long long)urgent);
    assert_says(why_printer(printer), next);
}

static int64_t file_for(const char *model, const char *nozzle)
{
    char plates[400];
    snprintf(plates, sizeof(plates),
             "[{\"index\":1,\"estimated_seconds\":60,\"grams\":1,"
             "\"printer_model\":\"%s\",\"nozzle_diameter_mm\":%s,"
             "\"filaments\":[{\"id\":1,\"type\":\"PLA\","
             "\"color\":\"#FF0000\",\"grams\":1}]}]",
             model, nozzle);
    return add_file(plates);
}

static void a_job_that_no_printer_could_ever_print_is_marked(void **state)
{
    (void)state;
    long long file = file_for("A1", "0.4");
    call("jobs.create", "{\"file_id\":%lld}", file);
    assert_int_equal(the.status, 201);
    assert_says(the.reply.ptr, "\"unprintable\":\"there is no printer in");
    add_printer(0);
    call("jobs.create", "{\"file_id\":%lld}", file);
    assert_int_equal(the.status, 201);
    assert_says(the.reply.ptr,
                "\"unprintable\":\"no printer of this shop can print it; "
                "Printer 0 comes nearest, but it is of the model P1S");
    call("jobs.get", "{\"id\":1}");
    assert_says(the.reply.ptr, "\"unprintable\":\"no printer of");
    assert_says(why_job(1), "\"unprintable\":\"no printer of");
    make("substitutions.create",
         "{\"of\":\"model\",\"wanted\":\"A1\",\"accepts\":\"P1S\"}");
    call("jobs.get", "{\"id\":1}");
    assert_null(strstr(the.reply.ptr, "unprintable"));
    assert_says(why_job(1), "\"unprintable\":null");
}

static void the_printer_that_comes_nearest_is_named(void **state)
{
    (void)state;
    add_printer(0);
    add_printer(1);
    say(1, "{\"full\":true,\"state\":\"idle\",\"nozzle_diameter_mm\":0.6}");
    say(0, "{\"full\":true,\"state\":\"idle\",\"nozzle_diameter_mm\":0.6}");
    add_job("\"tags\":[\"enclosed\"]");
    assert_says(the.reply.ptr, "Printer 0 comes nearest, but its nozzle is of "
                               "0.6 mm");
    say(1, "{\"nozzle_diameter_mm\":0.4}");
    call("jobs.get", "{\"id\":1}");
    assert_says(the.reply.ptr, "Printer 1 comes nearest, but the job asks for "
                               "the tag");
}

/* What may change by itself marks nothing. */
static void a_job_that_only_waits_for_filament_is_not_marked(void **state)
{
    (void)state;
    add_printer(0);
    make("printers.set_plate", "{\"id\":1,\"plate_type\":\"Cool Plate\"}");
    add_job("\"material_slot\":3,\"plate_type\":\"Textured PEI\"");
    assert_null(strstr(the.reply.ptr, "unprintable"));
}

static void a_slot_that_the_printer_does_not_have_is_refused(void **state)
{
    (void)state;
    add_printer(0);
    say_idle(0, "");
    call("jobs.create",
         "{\"file_id\":%lld,\"printer_id\":1,\"material_slot\":9}",
         (long long)the.file_id);
    assert_int_equal(the.status, 422);
    assert_says(the.reply.ptr, "printer 1 has no slot 9; there are: 0");
    call("jobs.create",
         "{\"file_id\":%lld,\"printer_id\":1,"
         "\"needs\":[{\"filament\":1,\"slot\":7}]}",
         (long long)the.file_id);
    assert_int_equal(the.status, 422);
    assert_says(the.reply.ptr, "\"needs\":");
    add_job("\"printer_id\":1,\"material_slot\":0");
}

static void a_printer_that_is_not_there_is_said_not_to_be(void **state)
{
    (void)state;
    call("printers.why", "{\"id\":77}");
    assert_int_equal(the.status, 404);
    call("jobs.why", "{\"id\":77}");
    assert_int_equal(the.status, 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_held_job_is_told_to_be_held),
        A_TEST(a_job_that_a_rule_keeps_back_waits_until_it_does_not),
        A_TEST(a_held_job_waits_until_it_is_released),
        A_TEST(a_job_under_way_cannot_be_held),
        A_TEST(the_second_job_is_told_which_one_goes_before_it),
        A_TEST(every_reason_is_told_and_not_just_the_first),
        A_TEST(a_printer_says_that_its_plate_is_to_be_cleared),
        A_TEST(a_printer_tells_which_job_it_will_take_next),
        A_TEST(a_job_that_no_printer_could_ever_print_is_marked),
        A_TEST(the_printer_that_comes_nearest_is_named),
        A_TEST(a_job_that_only_waits_for_filament_is_not_marked),
        A_TEST(a_slot_that_the_printer_does_not_have_is_refused),
        A_TEST(a_printer_that_is_not_there_is_said_not_to_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
