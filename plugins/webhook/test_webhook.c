#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "form.h"
#include "sign.h"
#include "testhost.h"

extern const struct spd_plugin_desc spd_plugin_desc;

static struct testhost *host;
static spd_ticket *ticket;
static struct text scratch;

static int set_up(void **state)
{
    (void)state;
    host = testhost_new(&spd_plugin_desc, NULL);
    testhost_set_wall_ms(host, 1614265330000);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    testhost_free(host);
    text_free(&scratch);
    return 0;
}

static spd_json *parsed(const char *text)
{
    struct spd_error err = { 0 };
    const struct spd_json_api *json = testhost_plugin(host)->host->json;
    spd_json *doc = json->parse(text_of(text), &err);
    if (doc == NULL)
        fail_msg("%s: %s", err.text, text);
    return doc;
}

/* `channel` and `more` are members of the channel and of the notice. */
static void send_notice(const char *kind, const char *channel, const char *more)
{
    const struct spd_notifier *row = testhost_notifier(host, kind);
    struct text text = { 0 };
    assert_non_null(row);
    text_printf(
        &text,
        "{\"id\":\"msg_1\",\"topic\":\"print.failed\","
        "\"at\":\"2026-01-01T10:00:00Z\",\"try\":1,"
        "\"severity\":\"error\",%s%s%s\"link\":\"http://shop/#/jobs/1\","
        "\"event\":{\"job\":{\"id\":7}},\"channel\":{\"id\":1,"
        "\"name\":\"c\",\"kind\":\"%s\",%s}}",
        more, more[0] == '\0' ? "" : ",",
        strstr(more, "\"facts\"") != NULL ? ""
                                          : "\"facts\":[{\"name\":\"Order\","
                                            "\"value\":\"<7> & co\"}],",
        kind, channel);
    if (strstr(more, "\"title\"") == NULL) {
        struct text whole = { 0 };
        text_printf(
            &whole,
            "{\"title\":\"bracket <failed>\",\"text\":\"Why: a & b\",%s",
            text.ptr + 1);
        text_free(&text);
        text = whole;
    }
    spd_json *notice = parsed(text.ptr);
    ticket = testhost_ticket(host);
    row->send(testhost_plugin(host), notice, ticket);
    testhost_plugin(host)->host->json->free(notice);
    text_free(&text);
}

static const struct testhost_fetch *last(void)
{
    return testhost_fetch(host, testhost_fetches(host) - 1);
}

/* The text at a path of the body sent last ("embeds.0.title"). */
static spd_str sent(const char *path)
{
    const struct spd_json_api *json = testhost_plugin(host)->host->json;
    static spd_json *doc;
    json->free(doc);
    doc = parsed(last()->body);
    const spd_json *at = doc;
    char step[60];
    while (*path != '\0') {
        size_t len = strcspn(path, ".");
        snprintf(step, sizeof(step), "%.*s", (int)len, path);
        at = step[0] >= '0' && step[0] <= '9'
                 ? json->item(at, (size_t)atoi(step))
                 : json->member(at, step);
        path += len + (path[len] == '.');
    }
    text_free(&scratch);
    if (json->type(at) == SPD_JSON_STR) {
        text_put(&scratch, json->as_str(at, text_of("")));
    } else if (json->type(at) != SPD_JSON_NULL) {
        spd_jsonw *w = json->writer();
        spd_str text;
        json->put_json(w, NULL, at);
        json->text(w, &text);
        text_put(&scratch, text);
        json->writer_free(w);
    }
    json->free(doc);
    doc = NULL;
    return text_str(&scratch);
}

/* Of the i-th row of a list: `path` holds a %d. */
static spd_str sent_at(const char *path, int i)
{
    char whole[80];
    const char *hole = strstr(path, "%d");
    snprintf(whole, sizeof(whole), "%.*s%d%s", (int)(hole - path), path, i,
             hole + 2);
    return sent(whole);
}

static void assert_sent(const char *path, const char *expected)
{
    spd_str text = sent(path);
    if (!text_is(text, expected))
        fail_msg("%s is \"%.*s\", not \"%s\"", path, (int)text.len, text.ptr,
                 expected);
}

static void answer(int status, const char *headers, const char *body)
{
    testhost_answer_with(host, testhost_fetches(host) - 1, status, headers,
                         body);
    assert_true(testhost_is_finished(ticket));
}

static size_t chars_of(spd_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

/* A notice with names as long as they come, of wide characters and of such
 * that become entities. */
static void send_longest(const char *kind, const char *channel)
{
    struct text more = { 0 };
    text_puts(&more, "\"title\":\"");
    for (int i = 0; i < 250; i++)
        text_puts(&more, i % 2 ? "\xf0\x9f\x96\xa8" : "&");
    text_puts(&more, "\",\"text\":\"");
    for (int i = 0; i < 4000; i++)
        text_puts(&more, i % 2 ? "\xc3\xa4" : "<");
    text_puts(&more, "\",\"progress_pct\":55.5,\"items\":[],\"facts\":[");
    for (int i = 0; i < 12; i++) {
        text_printf(&more, "%s{\"name\":\"Fact %d\",\"value\":\"",
                    i == 0 ? "" : ",", i);
        for (int k = 0; k < 1000; k++)
            text_puts(&more, k % 2 ? "\xf0\x9f\x96\xa8" : "&");
        text_puts(&more, "\"}");
    }
    text_puts(&more, "]");
    send_notice(kind, channel, more.ptr);
    text_free(&more);
}

/* -- the signature -- */

static void the_signature_is_that_of_the_reference_libraries(void **state)
{
    (void)state;
    struct text out = { 0 };
    sign(text_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
         text_of("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330,
         text_of("{\"test\": 2432232314}"), &out);
    assert_string_equal(out.ptr,
                        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    text_free(&out);
}

#define GENERIC "\"url\":\"https://example.org/hook/key\""

static void generic_json_is_signed_and_says_all(void **state)
{
    (void)state;
    send_notice("webhook",
                GENERIC ",\"secret\":\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw "
                        "whsec_c3Bvb2xkc3Bvb2xkc3Bvb2xkc3Bvb2xk\"",
                "");
    assert_string_equal(last()->url, "https://example.org/hook/key");
    assert_sent("type", "print.failed");
    assert_sent("timestamp", "2026-01-01T10:00:00Z");
    assert_sent("data.title", "bracket <failed>");
    assert_sent("data.event.job.id", "7");
    assert_sent("data.channel", "");
    assert_non_null(strstr(last()->headers, "webhook-id: msg_1\n"));
    assert_non_null(strstr(last()->headers, "webhook-timestamp: 1614265330\n"));
    const char *signature = strstr(last()->headers, "webhook-signature: v1,");
    assert_non_null(signature);
    assert_non_null(strstr(signature, "= v1,"));
    answer(204, "", "");
    assert_int_equal(testhost_outcome(ticket), SPD_OK);
}

static void without_a_secret_nothing_is_signed(void **state)
{
    (void)state;
    send_notice("webhook", GENERIC ",\"authorization\":\"Bearer x\"", "");
    assert_null(strstr(last()->headers, "webhook-signature"));
    assert_non_null(strstr(last()->headers, "Authorization: Bearer x\n"));
    answer(200, "", "");
}

static void a_digest_of_a_hundred_stays_below_20_kilobytes(void **state)
{
    (void)state;
    struct text more = { 0 };
    text_puts(&more, "\"items\":[");
    for (int i = 0; i < 100; i++)
        text_printf(&more,
                    "%s{\"topic\":\"print.failed\",\"title\":\"%0200d\","
                    "\"text\":\"%0500d\"}",
                    i > 0 ? "," : "", i, i);
    text_puts(&more, "]");
    send_notice("webhook", GENERIC, more.ptr);
    assert_true(strlen(last()->body) < 20000);
    assert_non_null(strstr(last()->body, "0001\""));
    text_free(&more);
    answer(200, "", "");
}

static void a_secret_is_made_and_bad_ones_are_refused(void **state)
{
    (void)state;
    struct spd_error err = { 0 };
    const char *reply = testhost_call(host, "webhook.secret", "{}");
    assert_non_null(strstr(reply, "{\"secret\":\"whsec_"));
    const struct spd_notifier *row = testhost_notifier(host, "webhook");
    static const struct {
        const char *channel, *says;
    } bad[] = {
        { "{\"kind\":\"webhook\",\"url\":\"ftp://x\"}", "url: must be" },
        { "{\"kind\":\"webhook\",\"url\":\"http://x y\"}", "url: must be" },
        { "{\"kind\":\"webhook\",\"url\":\"http://x\",\"secret\":\"abc\"}",
          "secret: must be" },
        { "{\"kind\":\"webhook\",\"url\":\"http://"
          "x\",\"secret\":\"whsec_QQ==\"}",
          "secret: must be" },
        { "{\"kind\":\"webhook\",\"url\":\"http://"
          "x\",\"authorization\":\"a\\nb\"}",
          "authorization: must be one line" },
    };
    for (size_t i = 0; i < SPD_COUNT(bad); i++) {
        spd_json *channel = parsed(bad[i].channel);
        assert_int_equal(row->check(testhost_plugin(host), channel, &err),
                         SPD_EINVAL);
        assert_non_null(strstr(err.text, bad[i].says));
        testhost_plugin(host)->host->json->free(channel);
    }
}

/* -- answers -- */

static void each_answer_means_something(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *channel;
        int status;
        const char *headers, *body;
        spd_err code;
        const char *wait, *says;
    } rows[] = {
        { "webhook", GENERIC, 302, "", "", SPD_EIO, "", "redirects are not" },
        { "webhook", GENERIC, 400, "", "", SPD_EIO, "", "answered 400" },
        { "webhook", GENERIC, 410, "", "", SPD_EAUTH, "", "gone for good" },
        { "webhook", GENERIC, 429, "Retry-After: 30\n", "", SPD_EBUSY, "30",
          "answered 429" },
        { "webhook", GENERIC, 503,
          "retry-after: Thu, 25 Feb 2021 15:03:10 GMT\n", "", SPD_EIO, "60",
          "answered 503" },
        { "webhook", GENERIC, 500, "Retry-After: soon\n", "", SPD_EIO, "", "" },
        { "discord", GENERIC, 404, "", "{\"message\":\"Unknown Webhook\"}",
          SPD_EAUTH, "", "Unknown Webhook" },
        { "discord", GENERIC, 429, "", "{\"retry_after\":1.2}", SPD_EBUSY, "2",
          "" },
        { "discord", GENERIC, 400, "", "{\"code\":50035}", SPD_EINVAL, "", "" },
        { "slack", GENERIC, 200, "", "ok", SPD_OK, "", "" },
        { "slack", GENERIC, 400, "", "invalid_payload", SPD_EINVAL, "",
          "invalid_payload" },
        { "slack", GENERIC, 410, "", "channel_is_archived", SPD_EAUTH, "",
          "channel_is_archived" },
        { "ntfy", "\"topic\":\"shop\"", 403, "",
          "{\"code\":40301,\"error\":\"forbidden\"}", SPD_EAUTH, "",
          "forbidden" },
        { "ntfy", "\"topic\":\"shop\"", 429, "", "", SPD_EBUSY, "60", "" },
        { "telegram", "\"token\":\"1:a\",\"chat_id\":\"5\"", 429, "",
          "{\"ok\":false,\"parameters\":{\"retry_after\":5}}", SPD_EBUSY, "5",
          "" },
        { "telegram", "\"token\":\"1:a\",\"chat_id\":\"5\"", 400, "",
          "{\"ok\":false,\"parameters\":{\"migrate_to_chat_id\":-100123}}",
          SPD_EAUTH, "", "-100123" },
        { "telegram", "\"token\":\"1:a\",\"chat_id\":\"5\"", 401, "",
          "{\"ok\":false,\"description\":\"Unauthorized\"}", SPD_EAUTH, "",
          "Unauthorized" },
        { "home-assistant", GENERIC, 404, "", "", SPD_EIO, "", "" },
        { "webhook", GENERIC, 0, "", "", SPD_EIO, "", "" },
    };
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        send_notice(rows[i].kind, rows[i].channel, "");
        answer(rows[i].status, rows[i].headers, rows[i].body);
        if (testhost_outcome(ticket) != rows[i].code)
            fail_msg("row %zu: %d", i, (int)testhost_outcome(ticket));
        assert_string_equal(testhost_outcome_cursor(ticket), rows[i].wait);
        assert_non_null(strstr(testhost_outcome_text(ticket), rows[i].says));
        assert_null(strstr(testhost_outcome_text(ticket), "hook/key"));
        assert_null(strstr(testhost_outcome_text(ticket), "1:a"));
    }
}

/* -- forms -- */

static void discord_gets_an_embed_that_mentions_nobody(void **state)
{
    (void)state;
    send_notice("discord",
                "\"url\":\"https://discord.com/api/webhooks/1/t\","
                "\"thread_id\":\"99\",\"username\":\"Shop\"",
                "\"title\":\"@everyone\",\"text\":\"x\",\"progress_pct\":40");
    assert_string_equal(last()->url, "https://discord.com/api/webhooks/1/t"
                                     "?wait=true&thread_id=99");
    assert_sent("allowed_mentions", "{\"parse\":[]}");
    assert_sent("username", "Shop");
    assert_sent("embeds.0.title", "@everyone");
    assert_sent("embeds.0.fields.0.value", "<7> & co");
    assert_sent("embeds.0.fields.1.name", "Progress");
    assert_sent("embeds.0.color", "13710392");
    answer(200, "", "{}");
}

static void discord_shows_the_longest_names(void **state)
{
    (void)state;
    send_longest("discord", "\"url\":\"https://discord.com/x\"");
    size_t all = 0;
    assert_true(chars_of(sent("embeds.0.title")) <= 256);
    all += chars_of(sent("embeds.0.title"));
    assert_true(chars_of(sent("embeds.0.description")) <= 4096);
    all += chars_of(sent("embeds.0.description"));
    for (int i = 0; i < 25; i++) {
        size_t name = chars_of(sent_at("embeds.0.fields.%d.name", i));
        size_t value = chars_of(sent_at("embeds.0.fields.%d.value", i));
        assert_true(name <= 256 && value <= 1024 && (name > 0) == (value > 0));
        all += name + value;
    }
    assert_int_equal(sent("embeds.0.fields.25").len, 0);
    assert_in_range(all, 5000, 6000);
    answer(204, "", "");
}

static void slack_gets_blocks_and_no_calls(void **state)
{
    (void)state;
    send_notice("slack", "\"url\":\"https://hooks.slack.com/services/T/B/x\"",
                "\"title\":\"<!channel> & all\",\"text\":\"<!here>\"");
    assert_sent("text", "&lt;!channel&gt; &amp; all");
    assert_sent("blocks.0.text.type", "plain_text");
    assert_sent("blocks.1.text.text", "&lt;!here&gt;");
    assert_sent("blocks.2.fields.0.text", "*Order*\n&lt;7&gt; &amp; co");
    assert_sent("blocks.3.elements.0.text",
                "<http://shop/#/jobs/1|Open in spoold>");
    answer(200, "", "ok");
}

static void slack_shows_the_longest_names(void **state)
{
    (void)state;
    send_longest("slack", "\"url\":\"https://hooks.slack.com/x\"");
    assert_true(chars_of(sent("blocks.0.text.text")) <= 150);
    assert_true(sent("blocks.1.text.text").len <= 3000);
    assert_true(sent("text").len < 4000);
    for (int i = 0; i < 10; i++)
        assert_in_range(sent_at("blocks.2.fields.%d.text", i).len, 10, 2000);
    assert_int_equal(sent("blocks.2.fields.10").len, 0);
    assert_true(chars_of(sent("blocks")) < 13200);
    answer(200, "", "ok");
}

static void ntfy_gets_json_at_the_server_itself(void **state)
{
    (void)state;
    send_longest("ntfy", "\"topic\":\"shop-x\",\"token\":\"tk_1\"");
    assert_string_equal(last()->url, "https://ntfy.sh");
    assert_non_null(strstr(last()->headers, "Authorization: Bearer tk_1\n"));
    assert_sent("topic", "shop-x");
    assert_sent("priority", "5");
    assert_true(sent("message").len <= 4096);
    answer(200, "", "{}");
}

static void telegram_gets_html_with_entities(void **state)
{
    (void)state;
    send_notice("telegram",
                "\"token\":\"1:ab\",\"chat_id\":\"-100\",\"thread_id\":4", "");
    assert_string_equal(last()->url,
                        "https://api.telegram.org/bot1:ab/sendMessage");
    assert_sent("chat_id", "-100");
    assert_sent("message_thread_id", "4");
    assert_sent("text", "<b>bracket &lt;failed&gt;</b>\nWhy: a &amp; b\n"
                        "<a href=\"http://shop/#/jobs/1\">Open in spoold</a>");
    answer(200, "", "{\"ok\":true}");
    send_longest("telegram", "\"token\":\"1:ab\",\"chat_id\":\"-100\"");
    assert_true(chars_of(sent("text")) < 4096 * 4);
    answer(200, "", "{\"ok\":true}");
}

static void home_assistant_gets_what_automations_read(void **state)
{
    (void)state;
    send_notice("home-assistant", "\"url\":\"http://ha.local/api/webhook/i\"",
                "");
    assert_sent("topic", "print.failed");
    assert_sent("message", "Why: a & b");
    assert_sent("event.job.id", "7");
    answer(200, "", "");
}

static void a_template_is_sent_as_it_is(void **state)
{
    (void)state;
    send_notice("webhook", GENERIC, "\"custom\":[1,{\"a\":null}]");
    assert_string_equal(last()->body, "[1,{\"a\":null}]");
    answer(200, "", "");
    send_notice("discord", GENERIC, "\"custom\":{\"content\":\"@here\"}");
    assert_string_equal(last()->body, "{\"allowed_mentions\":{\"parse\":[]},"
                                      "\"content\":\"@here\"}");
    answer(200, "", "");
    send_notice("ntfy", "\"topic\":\"shop\"", "\"custom\":{\"message\":\"x\"}");
    assert_string_equal(last()->body, "{\"topic\":\"shop\",\"message\":\"x\"}");
    answer(200, "", "");
    send_notice("telegram", "\"token\":\"1:a\",\"chat_id\":\"5\"",
                "\"custom\":{}");
    assert_string_equal(last()->body, "{\"chat_id\":\"5\"}");
    answer(200, "", "");
    size_t before = testhost_fetches(host);
    send_notice("slack", GENERIC, "\"custom\":\"just words\"");
    assert_int_equal(testhost_fetches(host), before);
    assert_int_equal(testhost_outcome(ticket), SPD_EINVAL);
}

static void only_a_tick_reaches_private_networks(void **state)
{
    (void)state;
    send_notice("webhook", GENERIC ",\"allow_private\":true", "");
    assert_true((last()->flags & SPD_FETCH_PRIVATE) != 0);
    answer(200, "", "");
    send_notice("webhook", GENERIC ",\"allow_private\":false", "");
    assert_true((last()->flags & SPD_FETCH_PRIVATE) == 0);
    assert_true((last()->flags & SPD_FETCH_CLIP) != 0);
    answer(200, "", "");
}

#define A_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(the_signature_is_that_of_the_reference_libraries),
        A_TEST(generic_json_is_signed_and_says_all),
        A_TEST(without_a_secret_nothing_is_signed),
        A_TEST(a_digest_of_a_hundred_stays_below_20_kilobytes),
        A_TEST(a_secret_is_made_and_bad_ones_are_refused),
        A_TEST(each_answer_means_something),
        A_TEST(discord_gets_an_embed_that_mentions_nobody),
        A_TEST(discord_shows_the_longest_names),
        A_TEST(slack_gets_blocks_and_no_calls),
        A_TEST(slack_shows_the_longest_names),
        A_TEST(ntfy_gets_json_at_the_server_itself),
        A_TEST(telegram_gets_html_with_entities),
        A_TEST(home_assistant_gets_what_automations_read),
        A_TEST(a_template_is_sent_as_it_is),
        A_TEST(only_a_tick_reaches_private_networks),
    };
    return cmocka_run_group_tests_name("webhook", tests, NULL, NULL);
}
