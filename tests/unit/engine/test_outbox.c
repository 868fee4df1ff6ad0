/* Telling people: what, to whom, in order, once, whatever fails. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "box.h"

#include "base/log.h"

enum { HOUR = 60 * MINUTE };

static void alert(const char *title, const char *more)
{
    call("alerts.trigger", "{\"title\":\"%s\"%s%s}", title,
         more[0] == '\0' ? "" : ",", more);
    if (the.status != 201)
        fail_msg("%s", the.reply.ptr);
}

static void assert_reply(int status, const char *part)
{
    if (the.status != status || strstr(the.reply.ptr, part) == NULL)
        fail_msg("%d \"%s\" is wanted: %d %s", status, part, the.status,
                 the.reply.ptr);
}

/* -- what is told -- */

static void a_print_is_told_when_it_begins_and_when_it_is_done(void **state)
{
    (void)state;
    box.answers_itself = true;
    add_printer(0);
    add_channel("Workshop", "");
    int64_t job = job_printing(0);
    assert_sent(1);
    assert_string_equal(said(0, "topic"), "print.started");
    assert_non_null(strstr(said(0, "title"), "Printer 0 prints part"));
    assert_string_equal(said(0, "event.printer.name"), "Printer 0");
    assert_string_equal(said(0, "progress_pct"), "0");
    assert_string_equal(said(0, "first"), "true");

    say_state(0, "finished", the.machines[0].submission, 100);
    assert_job(job, "completed", "done");
    assert_sent(2);
    assert_string_equal(said(1, "topic"), "print.completed");
    assert_string_equal(said(1, "severity"), "success");
    assert_string_equal(said(1, "thread"), said(0, "thread"));
    assert_string_equal(said(1, "first"), "false");
    assert_string_equal(said(1, "link"), "http://shop.example/#/printers/1");
    assert_string_equal(said(1, "channel.roof"), "barn");
}

static void a_failure_says_why_and_what_to_do(void **state)
{
    (void)state;
    box.answers_itself = true;
    add_printer(0);
    add_channel("Workshop", "\"min_severity\":\"error\"");
    job_printing(0);
    say_state(0, "failed", the.machines[0].submission, 40);
    assert_sent(1);
    assert_non_null(strstr(last_said("title"), "failed on Printer 0"));
    assert_non_null(strstr(last_said("text"), "Why: "));
    assert_null(strstr(last_said("text"), "order"));
    assert_null(strstr(last_said("text"), "stands here"));
}

static void the_history_of_the_shop_is_not_told(void **state)
{
    (void)state;
    box.answers_itself = true;
    add_printer(0);
    job_printing(0);
    add_channel("Workshop", "");
    settle();
    assert_sent(0);
}

static void a_printers_switches_decide(void **state)
{
    (void)state;
    box.answers_itself = true;
    add_printer(0);
    add_channel("Workshop", "");
    call("notifications.get", "{\"printer_id\":1}");
    assert_reply(200, "\"notify_print_start\":true,\"notify_print_complete\":"
                      "true,\"notify_print_failed\":true,\"notify_material_"
                      "change\":false,\"notify_maintenance\":true,\"email_"
                      "enabled\":true,\"webhook_url\":null");
    call("notifications.update",
         "{\"printer_id\":1,\"notify_print_start\":false}");
    job_printing(0);
    assert_sent(0);
    say_state(0, "finished", the.machines[0].submission, 100);
    assert_sent(1);
}

static void a_channel_that_names_topics_gets_exactly_those(void **state)
{
    (void)state;
    box.answers_itself = true;
    add_printer(0);
    add_channel("Log", "\"topics\":[\"print.paused\",\"print.cancelled\"]");
    int64_t job = job_printing(0);
    assert_sent(0);
    call("jobs.cancel", "{\"print_id\":%lld,\"stop\":true}", (long long)job);
    answer_stop(0, SPD_OK);
    say(0,
        "{\"full\":true,\"state\":\"failed\",\"canceled\":true,"
        "\"submission\":\"%s\"}",
        the.machines[0].submission);
    assert_sent(1);
    assert_string_equal(last_said("topic"), "print.cancelled");
    call("channels.update", "{\"id\":1,\"topics\":[\"print.flew\"]}");
    assert_reply(400, "print.flew");
}

static void mail_about_a_printer_can_be_switched_off(void **state)
{
    (void)state;
    box.answers_itself = true;
    add_printer(0);
    make("channels.create", "{\"name\":\"Post\",\"kind\":\"email\"}");
    call("notifications.update", "{\"printer_id\":1,\"email_enabled\":false}");
    job_printing(0);
    assert_sent(0);
    alert("Of the shop", "");
    assert_sent(1);
}

static void the_webhook_of_a_printer_is_a_channel_of_its_own(void **state)
{
    (void)state;
    box.answers_itself = true;
    add_printer(0);
    add_printer(1);
    call("notifications.update",
         "{\"printer_id\":1,\"webhook_url\":\"https://example.org/a\"}");
    assert_reply(200, "\"webhook_url\":\"https://example.org/a\"");
    job_printing(0);
    assert_sent(1);
    assert_string_equal(last_said("channel.url"), "https://example.org/a");
    job_printing(1);
    assert_sent(1);
    call("notifications.update", "{\"printer_id\":1,\"webhook_url\":null}");
    call("channels.list", "{}");
    assert_reply(200, "[]");
}

static void an_alert_reaches_the_channels_it_names(void **state)
{
    (void)state;
    box.answers_itself = true;
    add_channel("Workshop", "");
    add_channel("Office", "");
    alert("The door is open", "\"channels\":[\"Office\"]");
    assert_sent(1);
    assert_string_equal(last_said("channel.name"), "Office");
    assert_string_equal(last_said("topic"), "alert");
    call("alerts.trigger", "{\"title\":\"x\",\"channels\":[\"Attic\"]}");
    assert_reply(400, "Attic");
}

/* -- in order, again, and once -- */

static void a_failed_delivery_is_tried_again_under_the_same_id(void **state)
{
    (void)state;
    add_channel("Workshop", "");
    alert("one", "");
    alert("two", "");
    assert_sent(1);
    answer(SPD_EIO, "");
    assert_string_equal(delivery(1), "waiting 1");
    pass_ms(3 * SECOND);
    assert_sent(1);
    pass_ms(3 * SECOND);
    assert_sent(2);
    assert_string_equal(said(1, "title"), "one");
    assert_string_equal(said(1, "id"), said(0, "id"));
    assert_string_equal(said(1, "try"), "2");
    answer(SPD_EIO, "");
    pass_ms(20 * SECOND);
    assert_sent(2);
    pass_ms(20 * SECOND);
    assert_sent(3);
    answer(SPD_OK, "");
    assert_sent(4);
    assert_string_equal(said(3, "title"), "two");
    assert_string_not_equal(said(3, "id"), said(0, "id"));
    answer(SPD_OK, "seen by all");
    call("deliveries.get", "{\"id\":2}");
    assert_reply(200, "\"note\":\"seen by all\"");
}

static void it_is_given_up_after_ten_tries_and_others_are_told(void **state)
{
    (void)state;
    add_channel("Workshop", "\"topics\":[\"alert.raised\"]");
    alert("one", "");
    static const int64_t pauses_ms[] = {
        6 * SECOND,  36 * SECOND,  144 * SECOND, 12 * MINUTE,  36 * MINUTE,
        72 * MINUTE, 144 * MINUTE, 288 * MINUTE, 360 * MINUTE,
    };
    for (int tries = 1; tries < 10; tries++) {
        answer(SPD_EIO, "");
        fake_clock_advance(&the.clock, pauses_ms[tries - 1]);
        settle();
        assert_sent((size_t)tries + 1);
    }
    add_channel("Office", "\"topics\":[\"delivery.given_up\"]");
    answer(SPD_EIO, "");
    assert_string_equal(delivery(1), "given_up 10");
    assert_string_equal(last_said("channel.name"), "Office");
    assert_non_null(strstr(last_said("text"), "the pigeon says"));
    answer(SPD_EIO, "");
    fake_clock_advance(&the.clock, 30 * HOUR);
    settle();
    assert_sent(12);
    answer(SPD_EIO, "");
    assert_string_equal(delivery(2), "given_up 2");
    settle();
    assert_sent(12);
}

static void what_is_a_day_old_is_not_tried_for_another_day(void **state)
{
    (void)state;
    add_channel("Workshop", "\"topics\":[\"alert.raised\"]");
    alert("one", "");
    alert("two", "");
    alert("three", "");
    answer(SPD_EIO, "");
    fake_clock_advance(&the.clock, 25 * HOUR);
    settle();
    alert("four", "");
    answer(SPD_EIO, "");
    assert_string_equal(delivery(1), "given_up 2");
    assert_string_equal(delivery(2), "given_up 0");
    assert_string_equal(delivery(3), "given_up 0");
    assert_sent(3);
    assert_string_equal(last_said("title"), "four");
}

static void a_person_may_send_it_again(void **state)
{
    (void)state;
    add_channel("Workshop", "\"topics\":[\"alert.raised\"]");
    alert("one", "");
    answer(SPD_EINVAL, "");
    assert_string_equal(delivery(1), "given_up 1");
    call("deliveries.resend", "{\"id\":1}");
    assert_sent(2);
    assert_string_equal(said(1, "id"), said(0, "id"));
    answer(SPD_OK, "");
    assert_string_equal(delivery(1), "delivered 1");
    call("deliveries.resend", "{\"id\":7}");
    assert_reply(404, "no delivery 7");
}

static void what_a_retry_after_says_is_done(void **state)
{
    (void)state;
    add_channel("Workshop", "");
    alert("one", "");
    answer(SPD_EBUSY, "120");
    assert_string_equal(delivery(1), "waiting 0");
    pass_ms(119 * SECOND);
    assert_sent(1);
    pass_ms(2 * SECOND);
    assert_sent(2);
    answer(SPD_EIO, "600");
    pass_ms(599 * SECOND);
    assert_sent(2);
    pass_ms(2 * SECOND);
    assert_sent(3);
    answer(SPD_EBUSY, "99999999999999");
    fake_clock_advance(&the.clock, 6 * HOUR + SECOND);
    settle();
    assert_sent(4);
}

static void a_channel_that_wants_no_more_is_switched_off_and_said_so(void **s)
{
    (void)s;
    add_channel("Workshop", "\"topics\":[\"alert.raised\"]");
    alert("one", "");
    alert("two", "");
    add_channel("Office", "\"topics\":[\"channel.disabled\"]");
    answer(SPD_EAUTH, "");
    assert_sent(2);
    assert_string_equal(last_said("channel.name"), "Office");
    assert_non_null(strstr(last_said("title"), "Workshop"));
    answer(SPD_OK, "");
    pass_ms(MINUTE);
    assert_sent(2);
    alert("three", "");
    assert_sent(2);
    call("channels.get", "{\"id\":1}");
    assert_reply(200, "\"enabled\":false,\"disabled_reason\":\"the pigeon");

    call("channels.update", "{\"id\":1,\"enabled\":true}");
    assert_reply(200, "\"disabled_reason\":null");
    assert_sent(3);
    assert_string_equal(last_said("title"), "one");
    answer(SPD_OK, "");
    assert_string_equal(last_said("title"), "two");
}

static void a_notifier_that_forgets_its_ticket_is_late(void **state)
{
    (void)state;
    add_channel("Workshop", "");
    alert("one", "");
    box.waiting = NULL;
    pass_ms(91 * SECOND);
    assert_string_equal(delivery(1), "waiting 1");
    pass_ms(7 * SECOND);
    assert_sent(2);
}

static void channels_do_not_wait_for_each_other(void **state)
{
    (void)state;
    add_channel("Workshop", "");
    alert("one", "");
    box.waiting = NULL; /* it never answers */
    add_channel("Office", "");
    alert("two", "\"channels\":[\"Office\"]");
    assert_sent(2);
    assert_string_equal(last_said("channel.name"), "Office");
}

static void what_waits_survives_a_power_cut(void **state)
{
    (void)state;
    add_channel("Workshop", "");
    alert("one", "");
    alert("two", "");
    assert_sent(1);
    box_crash();
    assert_sent(2);
    assert_string_equal(said(1, "id"), said(0, "id"));
    answer(SPD_OK, "");
    assert_sent(3);
    answer(SPD_OK, "");
    box_crash();
    box_restart();
    assert_sent(3);
}

static void a_pause_goes_on_after_a_restart(void **state)
{
    (void)state;
    add_channel("Workshop", "");
    alert("one", "");
    answer(SPD_EBUSY, "100");
    pass_ms(50 * SECOND);
    box_restart();
    pass_ms(49 * SECOND);
    assert_sent(1);
    pass_ms(2 * SECOND);
    assert_sent(2);
}

static void what_waits_for_a_channel_goes_with_it(void **state)
{
    (void)state;
    add_channel("Workshop", "");
    alert("one", "");
    alert("two", "");
    call("channels.delete", "{\"id\":1}");
    assert_int_equal(the.status, 200);
    answer(SPD_OK, "");
    assert_sent(1);
    assert_string_equal(delivery(2), "given_up 0");
}

/* -- many as one -- */

static void quiet_hours_hold_all_but_errors(void **state)
{
    (void)state;
    /* The stage's clock stands at midnight, in UTC. */
    setenv("TZ", "UTC", 1);
    tzset();
    add_channel("Bed", "\"quiet_from\":\"22:00\",\"quiet_to\":\"07:00\"");
    alert("a", "");
    alert("b", "\"severity\":\"info\"");
    assert_sent(0);
    alert("fire", "\"severity\":\"error\"");
    assert_sent(1);
    answer(SPD_OK, "");
    pass_ms(7 * HOUR - 2 * SECOND);
    assert_sent(1);
    pass_ms(2 * SECOND);
    assert_sent(2);
    assert_string_equal(last_said("topic"), "digest");
    assert_string_equal(last_said("title"), "2 messages");
    assert_string_equal(last_said("text"), "a\nb");
    answer(SPD_OK, "");
    assert_string_equal(delivery(1), "delivered 1");
    assert_string_equal(delivery(2), "gathered 0");
    alert("c", "");
    assert_sent(3);
    assert_string_equal(last_said("title"), "c");
}

static void quiet_hours_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hours, *says;
    } rows[] = {
        { "\"quiet_from\":\"22:00\"", "together with quiet_from" },
        { "\"quiet_from\":\"24:00\",\"quiet_to\":\"07:00\"", "time of day" },
        { "\"quiet_from\":\"7:00\",\"quiet_to\":\"08:00\"", "time of day" },
        { "\"quiet_from\":\"07:00\",\"quiet_to\":\"07:00\"", "never be" },
    };
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        call("channels.create",
             "{\"name\":\"x\",\"kind\":\"pigeon\",\"roof\":\"r\","
             "%s}",
             rows[i].hours);
        assert_reply(400, rows[i].says);
    }
}

static void a_digest_gathers_what_comes_meanwhile(void **state)
{
    (void)state;
    add_channel("Boss", "\"digest_minutes\":60,\"hold_urgent\":true");
    alert("a", "");
    pass_ms(59 * MINUTE);
    alert("b", "\"severity\":\"error\"");
    assert_sent(0);
    pass_ms(MINUTE + SECOND);
    assert_sent(1);
    assert_string_equal(last_said("severity"), "error");
    answer(SPD_OK, "");
    alert("alone", "");
    pass_ms(60 * MINUTE);
    assert_sent(2);
    assert_string_equal(last_said("title"), "alone");
}

static void nobody_is_flooded(void **state)
{
    (void)state;
    box.answers_itself = true;
    add_channel("Phone", "\"per_minute\":4");
    for (int i = 0; i < 30; i++)
        alert("again", "");
    assert_sent(4);
    pass_ms(16 * SECOND);
    assert_sent(5);
    assert_string_equal(last_said("topic"), "summary");
    assert_string_equal(last_said("title"), "26 messages in a short time");
    pass_ms(MINUTE);
    assert_sent(5);
}

/* -- the judge -- */

static int64_t judged_number;

static void on_judge(void *arg, int64_t number, spd_str message)
{
    (void)arg;
    (void)message;
    judged_number = number;
}

static void verdict(const char *text)
{
    spd_json *json = json_parse(str_of(text), NULL);
    outbox_judged(box.outbox, judged_number, json);
    json_free(json);
    settle();
}

static void a_judge_may_change_drop_and_redirect(void **state)
{
    (void)state;
    box.answers_itself = true;
    add_channel("Workshop", "");
    add_channel("Office", "");
    outbox_set_judge(box.outbox, on_judge, NULL);
    alert("one", "");
    assert_sent(0);
    verdict("{\"title\":\"uno\",\"channels\":[\"Office\"],"
            "\"custom\":{\"a\":[1,2]}}");
    assert_sent(1);
    assert_string_equal(last_said("title"), "uno");
    assert_string_equal(last_said("channel.name"), "Office");
    assert_string_equal(last_said("custom"), "{\"a\":[1,2]}");
    alert("two", "");
    verdict("{\"drop\":true}");
    pass_ms(2 * SECOND);
    assert_sent(1);
}

static void without_an_answer_the_message_goes_its_usual_way(void **state)
{
    (void)state;
    box.answers_itself = true;
    log_set_level(SPD_ERROR + 1);
    add_channel("Workshop", "");
    outbox_set_judge(box.outbox, on_judge, NULL);
    alert("one", "");
    pass_ms(SECOND);
    assert_sent(1);
    verdict("{\"drop\":true}"); /* too late */
    alert("two", "");
    box_restart();
    assert_sent(2);
}

/* -- templates, tests, previews -- */

static void a_template_is_filled_in(void **state)
{
    (void)state;
    box.answers_itself = true;
    add_printer(0);
    add_channel("Sign",
                "\"template\":{\"line\":\"<{{title}}>\",\"job\":"
                "\"{{event.job.id}}\",\"n\":[1,null,\"{{event.order.id}}\"]}");
    job_printing(0);
    assert_non_null(strstr(last_said("custom.line"), "<Printer 0 prints"));
    assert_string_equal(last_said("custom.job"), "1");
    assert_string_equal(last_said("custom.n"), "[1,null,null]");
}

static void a_template_with_unknown_members_is_refused_by_name(void **state)
{
    (void)state;
    call("channels.create",
         "{\"name\":\"Sign\",\"kind\":\"pigeon\",\"roof\":\"barn\","
         "\"template\":{\"a\":\"{{event.job.salary}}\"}}");
    assert_reply(400, "{{event.job.salary}} is not known");
    call("channels.create", "{\"name\":\"Sign\",\"kind\":\"pigeon\",\"roof\":"
                            "\"barn\",\"template\":\"{{channel.call}}\"}");
    assert_reply(400, "{{channel.call}} is not known");
    call("channels.create", "{\"name\":\"Sign\",\"kind\":\"pigeon\",\"roof\":"
                            "\"barn\",\"template\":\"{{title\"}");
    assert_reply(400, "closing");
    call("channels.create", "{\"name\":\"Sign\",\"kind\":\"email\","
                            "\"template\":\"x\"}");
    assert_reply(400, "a form of their own");
}

static void a_preview_sends_nothing(void **state)
{
    (void)state;
    add_printer(0);
    int64_t channel = add_channel("Sign", "");
    call("alerts.preview", "{\"topic\":\"print.failed\"}");
    assert_reply(200, "bracket failed on");
    call("alerts.preview",
         "{\"topic\":\"printer.gone\",\"printer_id\":1,\"channel_id\":%lld,"
         "\"template\":{\"x\":\"{{event.printer.name}}\"}}",
         (long long)channel);
    assert_reply(200, "\"sent\":{\"body\":{\"x\":\"Printer 0\"}}");
    call("alerts.preview", "{\"topic\":\"print.flew\"}");
    assert_reply(400, "topic");
    call("alerts.preview", "{\"printer_id\":9,\"topic\":\"printer.gone\"}");
    assert_reply(404, "printer 9");
    assert_sent(0);
}

static void the_test_button_says_what_became_of_it(void **state)
{
    (void)state;
    int64_t id = add_channel("Workshop", "\"enabled\":false");
    box.answers_itself = true;
    call("channels.test", "{\"id\":%lld}", (long long)id);
    assert_reply(200, "{\"delivered\":true}");
    assert_string_equal(last_said("title"), "This is a test of Workshop");
    assert_string_equal(last_said("topic"), "test");
    call("channels.test", "{\"id\":9}");
    assert_reply(404, "channel 9");
}

/* -- what is kept of a channel -- */

static void secrets_are_kept_and_not_shown(void **state)
{
    (void)state;
    box.answers_itself = true;
    int64_t id = add_channel("Workshop", "\"call\":\"coo\"");
    call("channels.get", "{\"id\":%lld}", (long long)id);
    assert_reply(200, "\"call_set\":true");
    assert_null(strstr(the.reply.ptr, "coo\""));
    alert("one", "");
    assert_string_equal(last_said("channel.call"), "coo");
    call("channels.update", "{\"id\":%lld,\"roof\":\"mill\"}", (long long)id);
    alert("two", "");
    assert_string_equal(last_said("channel.call"), "coo");
    assert_string_equal(last_said("channel.roof"), "mill");
    call("channels.update", "{\"id\":%lld,\"roof\":\"the moon\"}",
         (long long)id);
    assert_reply(422, "no pigeon flies there");
    call("channels.update", "{\"id\":%lld,\"beak\":1}", (long long)id);
    assert_reply(400, "known neither to channels nor to pigeons");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOX_TEST(a_print_is_told_when_it_begins_and_when_it_is_done),
        BOX_TEST(a_failure_says_why_and_what_to_do),
        BOX_TEST(the_history_of_the_shop_is_not_told),
        BOX_TEST(a_printers_switches_decide),
        BOX_TEST(a_channel_that_names_topics_gets_exactly_those),
        BOX_TEST(mail_about_a_printer_can_be_switched_off),
        BOX_TEST(the_webhook_of_a_printer_is_a_channel_of_its_own),
        BOX_TEST(an_alert_reaches_the_channels_it_names),
        BOX_TEST(a_failed_delivery_is_tried_again_under_the_same_id),
        BOX_TEST(it_is_given_up_after_ten_tries_and_others_are_told),
        BOX_TEST(what_is_a_day_old_is_not_tried_for_another_day),
        BOX_TEST(a_person_may_send_it_again),
        BOX_TEST(what_a_retry_after_says_is_done),
        BOX_TEST(a_channel_that_wants_no_more_is_switched_off_and_said_so),
        BOX_TEST(a_notifier_that_forgets_its_ticket_is_late),
        BOX_TEST(channels_do_not_wait_for_each_other),
        BOX_TEST(what_waits_survives_a_power_cut),
        BOX_TEST(a_pause_goes_on_after_a_restart),
        BOX_TEST(what_waits_for_a_channel_goes_with_it),
        BOX_TEST(quiet_hours_hold_all_but_errors),
        BOX_TEST(quiet_hours_that_cannot_be_are_refused),
        BOX_TEST(a_digest_gathers_what_comes_meanwhile),
        BOX_TEST(nobody_is_flooded),
        BOX_TEST(a_judge_may_change_drop_and_redirect),
        BOX_TEST(without_an_answer_the_message_goes_its_usual_way),
        BOX_TEST(a_template_is_filled_in),
        BOX_TEST(a_template_with_unknown_members_is_refused_by_name),
        BOX_TEST(a_preview_sends_nothing),
        BOX_TEST(the_test_button_says_what_became_of_it),
        BOX_TEST(secrets_are_kept_and_not_shown),
    };
    return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
