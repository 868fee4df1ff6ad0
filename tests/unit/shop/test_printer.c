/* Printers: their settings and secrets, and what their reports change. */
#include "house.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "shop/fleet.h"

static void settings_are_checked_by_the_drivers_rows(void **state)
{
    static const struct {
        const char *more, *part;
    } rows[] = {
        { "", "\"access_code\":" },
        { ",\"access_code\":\"123456789\"", "\"access_code\":" },
        { ",\"access_code\":\"1\",\"port\":0", "\"port\":" },
        { ",\"access_code\":\"1\",\"port\":\"a\"", "\"port\":" },
        { ",\"access_code\":\"1\",\"port\":\"65536\"", "\"port\":" },
        { ",\"access_code\":\"1\",\"port\":\"1.5\"", "\"port\":" },
        { ",\"access_code\":\"1\",\"colour\":1", "\"colour\":" },
        { ",\"access_code\":\"1\",\"pin\":\"ab\"", "\"pin\":" },
    };
    (void)state;
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        call("printers.create",
             "{\"name\":\"Left\",\"model\":\"P1S\",\"kind\":\"test\","
             "\"host\":\"h\"%s}",
             rows[i].more);
        assert_reply(400, rows[i].part);
    }
    assert_int_equal(the.opens, 0);
}

/* So does a command line, which knows no types of a driver's settings. */
static void a_setting_may_give_its_number_as_text(void **state)
{
    (void)state;
    call("printers.create",
         "{\"name\":\"Left\",\"model\":\"P1S\",\"kind\":\"test\","
         "\"host\":\"7\",\"port\":\"8884\",\"access_code\":\"1234\"}");
    assert_reply(201, "\"port\":8884");
    assert_non_null(strstr(the.settings, "\"host\":\"7\""));
    assert_non_null(strstr(the.settings, "\"access_code\":\"1234\""));
}

static void a_kind_or_model_that_nobody_drives_is_refused(void **state)
{
    (void)state;
    call("printers.create",
         "{\"name\":\"L\",\"model\":\"P1S\",\"kind\":\"nobody\"}");
    assert_reply(400, "there are: test");
    call("printers.create",
         "{\"name\":\"L\",\"model\":\"Z9\",\"kind\":\"test\"}");
    assert_reply(400, "is not a model that listener knows");
}

static void a_name_is_given_once(void **state)
{
    (void)state;
    add_printer();
    call("printers.create",
         "{\"name\":\"Left\",\"model\":\"P1S\",\"kind\":\"test\","
         "\"host\":\"h\",\"access_code\":\"1\"}");
    assert_reply(409, "\"code\":\"conflict\"");
}

/* Nowhere in the folder, and in no reply; only the driver is told. */
static void a_secret_is_never_shown_and_never_stored_plain(void **state)
{
    (void)state;
    add_printer();
    assert_non_null(strstr(the.settings, "\"access_code\":\"12345678\""));
    assert_non_null(strstr(the.settings, "\"model\":\"P1S\""));
    call("printers.get", "{\"id\":1}");
    assert_reply(200, "\"access_code_set\":true");
    assert_null(strstr(the.reply.ptr, "12345678"));
    call("printers.status", "{\"id\":1}");
    assert_null(strstr(the.reply.ptr, "12345678"));

    char path[100];
    struct buf bytes = { 0 };
    snprintf(path, sizeof(path), "%s/data/db/data.mdb", the.root);
    assert_int_equal(file_read(path, 1 << 28, &bytes, NULL), SPD_OK);
    assert_null(memmem(bytes.ptr, bytes.len, "12345678", 8));
    assert_non_null(memmem(bytes.ptr, bytes.len, "10.0.0.7", 8));
    buf_fini(&bytes);
}

static void an_update_keeps_what_is_not_given(void **state)
{
    (void)state;
    add_printer();
    call("printers.update", "{\"id\":1,\"host\":\"10.0.0.8\"}");
    assert_reply(200, "\"host\":\"10.0.0.8\"");
    assert_reply(200, "\"access_code_set\":true");
    assert_non_null(strstr(the.settings, "12345678"));
    assert_int_equal(the.opens, 2);
    call("printers.update", "{\"id\":1,\"access_code\":\"87654321\"}");
    assert_non_null(strstr(the.settings, "87654321"));
    assert_non_null(strstr(the.settings, "10.0.0.8"));
    assert_int_equal(the.opens, 3);
}

static void what_does_not_touch_the_connection_leaves_it_alone(void **state)
{
    static const char *const changes[] = {
        "\"notes\":\"x\"",
        "\"name\":\"Right\"",
        "\"tags\":[\"big\"]",
        "\"host\":\"10.0.0.7\"",
        "\"access_code\":\"12345678\"",
    };
    (void)state;
    add_printer();
    for (size_t i = 0; i < SPD_COUNT(changes); i++) {
        call("printers.update", "{\"id\":1,%s}", changes[i]);
        assert_int_equal(the.status, 200);
        if (the.opens != 1)
            fail_msg("%s opened it anew", changes[i]);
    }
}

/* Another key file lies there: the secrets are not lost for that. */
static void secrets_that_cannot_be_read_are_kept_for_the_right_key(void **s)
{
    (void)s;
    add_printer();
    char path[100];
    struct spd_error err = { 0 };
    struct crypt_key *right = the.shop.key;
    snprintf(path, sizeof(path), "%s/key2", the.root);
    the.shop.key = crypt_key_open(path, &err);
    call("printers.update", "{\"id\":1,\"notes\":\"x\"}");
    assert_reply(503, "cannot be opened with this key");
    crypt_key_free(the.shop.key);
    the.shop.key = right;
    call("printers.update", "{\"id\":1,\"host\":\"10.0.0.8\"}");
    assert_int_equal(the.status, 200);
    assert_non_null(strstr(the.settings, "12345678"));
}

static void a_printer_that_is_switched_off_is_closed(void **state)
{
    (void)state;
    add_printer();
    call("printers.update", "{\"id\":1,\"enabled\":false}");
    assert_null(the.printer);
    call("printers.status", "{\"id\":1}");
    assert_reply(200, "\"connection\":\"none\"");
    call("printers.pause", "{\"id\":1}");
    assert_reply(503, "cannot be spoken to now");
    call("printers.update", "{\"id\":1,\"enabled\":true}");
    assert_non_null(the.printer);
}

static void a_printer_with_a_job_is_not_deleted(void **state)
{
    (void)state;
    add_printer();
    call("jobs.create", "{\"job_name\":\"by hand\",\"printer_id\":1}");
    assert_int_equal(the.status, 201);
    call("printers.delete", "{\"id\":1}");
    assert_int_equal(the.status, 409);
    call("jobs.cancel", "{\"print_id\":1}");
    call("printers.delete", "{\"id\":1}");
    assert_int_equal(the.status, 200);
    assert_null(the.printer);
}

/* -- reports -- */

#define UP "{\"connection\":\"connected\",\"full\":true,"

static void a_report_without_news_writes_nothing(void **state)
{
    (void)state;
    add_printer();
    say(UP "\"state\":\"printing\",\"progress_pct\":1}");
    assert_string_equal(news(), "printer.printing foreign.started");
    for (int i = 0; i < 50; i++)
        say("{\"progress_pct\":50,\"nozzle_celsius\":215.5,\"layer\":7}");
    say(UP "\"state\":\"printing\"}");
    assert_string_equal(news(), "");
    say("{\"state\":\"paused\"}");
    assert_string_equal(news(), "printer.paused");
}

static void the_first_report_decides_on_the_plate_of_a_new_printer(void **s)
{
    static const struct {
        const char *state, *clear;
    } rows[] = {
        { "idle", "\"plate_clear\":true" },
        { "finished", "\"plate_clear\":false" },
        { "failed", "\"plate_clear\":false" },
        { "printing", "\"plate_clear\":false" },
        { "unknown", "\"plate_clear\":true" },
    };
    (void)s;
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        assert_int_equal(house_tear_down(NULL), 0);
        assert_int_equal(house_set_up(NULL), 0);
        add_printer();
        char report[200];
        snprintf(report, sizeof(report), UP "\"state\":\"%s\"}", rows[i].state);
        say(report);
        call("printers.get", "{\"id\":1}");
        assert_reply(200, rows[i].clear);
    }
}

static void a_plate_that_a_person_stated_is_believed(void **state)
{
    (void)state;
    add_printer();
    call("printers.plate_cleared", "{\"id\":1}");
    say(UP "\"state\":\"finished\"}");
    call("printers.get", "{\"id\":1}");
    assert_reply(200, "\"plate_clear\":true");
}

static void reports_with_nonsense_change_only_what_makes_sense(void **state)
{
    (void)state;
    add_printer();
    say(UP "\"state\":\"idle\",\"nozzle_celsius\":200}");
    say("{\"state\":\"dancing\",\"nozzle_celsius\":\"hot\","
        "\"progress_pct\":1e9,\"bed_celsius\":60,\"slots\":7,"
        "\"no_such_member\":{},\"layer\":-1}");
    call("printers.status", "{\"id\":1}");
    assert_reply(200, "\"state\":\"idle\"");
    assert_reply(200, "\"nozzle_celsius\":200,");
    assert_reply(200, "\"progress_pct\":null");
    assert_reply(200, "\"bed_celsius\":60,");
    say("[1,2]");
    say("null");
    call("printers.status", "{\"id\":1}");
    assert_reply(200, "\"state\":\"idle\"");
}

static void the_first_key_is_kept_and_given_at_the_next_connect(void **state)
{
    (void)state;
    add_printer();
    say("{\"connection\":\"connected\",\"pin\":\"aa\",\"full\":true,"
        "\"state\":\"idle\"}");
    say("{\"pin\":\"bb\"}");
    call("printers.update", "{\"id\":1,\"host\":\"10.0.0.8\"}");
    assert_non_null(strstr(the.settings, "\"pin\":\"aa\""));
}

static void what_a_closed_connection_says_is_not_heard(void **state)
{
    (void)state;
    add_printer();
    spd_printer *old = the.printer;
    call("printers.update", "{\"id\":1,\"host\":\"10.0.0.8\"}");
    news();
    the.printer = old;
    say(UP "\"state\":\"printing\"}");
    assert_string_equal(news(), "");
}

static void what_a_printer_said_grows_stale(void **state)
{
    (void)state;
    add_printer();
    say(UP "\"state\":\"idle\"}");
    call("printers.status", "{\"id\":1}");
    assert_reply(200, "\"stale\":false");
    fake_clock_advance(&the.clock, 31000);
    call("printers.status", "{\"id\":1}");
    assert_reply(200, "\"age_seconds\":31,\"stale\":true");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(settings_are_checked_by_the_drivers_rows),
        A_TEST(a_setting_may_give_its_number_as_text),
        A_TEST(a_kind_or_model_that_nobody_drives_is_refused),
        A_TEST(a_name_is_given_once),
        A_TEST(a_secret_is_never_shown_and_never_stored_plain),
        A_TEST(an_update_keeps_what_is_not_given),
        A_TEST(what_does_not_touch_the_connection_leaves_it_alone),
        A_TEST(secrets_that_cannot_be_read_are_kept_for_the_right_key),
        A_TEST(a_printer_that_is_switched_off_is_closed),
        A_TEST(a_printer_with_a_job_is_not_deleted),
        A_TEST(a_report_without_news_writes_nothing),
        A_TEST(the_first_report_decides_on_the_plate_of_a_new_printer),
        A_TEST(a_plate_that_a_person_stated_is_believed),
        A_TEST(reports_with_nonsense_change_only_what_makes_sense),
        A_TEST(the_first_key_is_kept_and_given_at_the_next_connect),
        A_TEST(what_a_closed_connection_says_is_not_heard),
        A_TEST(what_a_printer_said_grows_stale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
