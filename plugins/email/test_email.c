/* What mails look like, and the plugin without a mail server.  Sending is
 * judged by tests/e2e/mail.test.mjs, with a real one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "letter.h"
#include "message.h"
#include "settings.h"
#include "testhost.h"

extern const struct spd_plugin_desc spd_plugin_desc;

static struct text out;

static int clean_up(void **state)
{
    (void)state;
    text_free(&out);
    return 0;
}

#define HAS(part) assert_non_null(strstr(out.ptr, part))
#define LACKS(part) assert_null(strstr(out.ptr, part))

/* ------------------------------------------------------------ addresses - */

static const char *addresses(const char *list)
{
    static char read[4000];
    struct addresses to;
    struct spd_error err = { 0 };
    size_t used = 0;
    if (addresses_read(text_of(list), "to", &to, &err) != SPD_OK)
        return strcpy(read, err.text);
    for (size_t i = 0; i < to.count; i++)
        used += (size_t)snprintf(read + used, sizeof(read) - used, "%.*s|%.*s;",
                                 (int)to.at[i].name.len, to.at[i].name.ptr,
                                 (int)to.at[i].mail.len, to.at[i].mail.ptr);
    return read;
}

static void addresses_are_read_as_people_write_them(void **state)
{
    (void)state;
    assert_string_equal(addresses("ann@example.org"), "|ann@example.org;");
    assert_string_equal(
        addresses(" Ann Lee <ann@example.org>, \"Lee, Bob\" <b.o+b@x.y> ,"),
        "Ann Lee|ann@example.org;Lee, Bob|b.o+b@x.y;");
}

static void what_is_no_address_is_named(void **state)
{
    (void)state;
    assert_string_equal(addresses("ann"), "to: \"ann\" is no mail address");
    assert_string_equal(addresses("a@b <c@d"),
                        "to: \"a@b <c@d\" is no mail address");
    assert_non_null(strstr(addresses("<a@b>\r\nBcc: x@y"), "no mail address"));
    assert_non_null(strstr(addresses("a@b\n@c"), "no mail address"));
    assert_non_null(strstr(addresses("\xc3\xa4@b"), "no mail address"));
    assert_string_equal(addresses(" , "), "to: no address");
}

static void no_more_addresses_are_taken_than_fit(void **state)
{
    (void)state;
    struct text list = { 0 };
    for (int i = 0; i <= ADDRESSES_MAX; i++)
        text_printf(&list, "p%d@example.org,", i);
    assert_string_equal(addresses(list.ptr), "to: 50 addresses at most");
    text_free(&list);
}

/* ------------------------------------------------------------- messages - */

static void write_message(const char *subject, const char *body,
                          const char *thread)
{
    static const char picture[100] = "\x89PNG";
    struct spd_error err = { 0 };
    struct addresses from, to;
    addresses_read(text_of("Sh\xc3\xb6p <shop@example.org>"), "", &from, &err);
    addresses_read(text_of("ann@example.org,\"B\\\" <b@x.org>"), "", &to, &err);
    const struct message message = {
        .date_ms = 1767261600000,
        .from = &from.at[0],
        .to = &to,
        .id = text_of("msg_1"),
        .thread = text_of(thread),
        .subject = text_of(subject),
        .text = text_of(body),
        .html = text_of("<p>hi</p>"),
        .picture = { picture, sizeof(picture) },
    };
    text_free(&out);
    message_write(&message, &out);
}

static void the_headers_say_who_what_and_when(void **state)
{
    (void)state;
    write_message("bracket is done", "hi", "print-7");
    HAS("Date: Thu, 1 Jan 2026 10:00:00 +0000\r\n");
    HAS("From: =?UTF-8?B?U2jDtnA=?=\r\n <shop@example.org>\r\n");
    HAS("To: <ann@example.org>,\r\n \"B\\\\\"\r\n <b@x.org>\r\n");
    HAS("Subject: bracket is done\r\n");
    HAS("Message-ID: <msg_1@example.org>\r\n");
    HAS("References: <thread-print-7@example.org>\r\n");
    HAS("Auto-Submitted: auto-generated\r\n");
    write_message("alone", "hi", "");
    LACKS("References");
}

static void no_value_can_add_a_header(void **state)
{
    (void)state;
    write_message("x\r\nBcc: eve@example.org", "hi", "7>\r\nBcc: eve");
    LACKS("\r\nBcc");
    LACKS("\nBcc");
    HAS("<thread-7---Bcc--eve@example.org>");
}

/* Whatever it holds, also half a character. */
static void every_line_is_ascii_and_short_and_ends_in_crlf(void **state)
{
    (void)state;
    struct text wild = { 0 };
    for (int i = 1; i < 256; i++)
        text_printf(&wild, "%c\xe4\xbd\xa0 \xf0\x9f\x96\xa8%c", i, i);
    text_puts(&wild, "\xe4\xbd");
    write_message(wild.ptr, wild.ptr, wild.ptr);
    size_t line = 0;
    for (size_t i = 0; i < out.len; i++) {
        assert_true(out.ptr[i] != '\0' && (unsigned char)out.ptr[i] < 127);
        assert_true((out.ptr[i] == '\n') == (i > 0 && out.ptr[i - 1] == '\r'));
        line = out.ptr[i] == '\n' ? 0 : line + 1;
        assert_true(line <= 77 || strstr(out.ptr, "thread-") != NULL);
    }
    text_free(&wild);
}

static void lines_end_alike_and_blanks_at_their_ends_stay(void **state)
{
    (void)state;
    write_message("s", "a \nb\r\nc\rd=\t\n.\n", "");
    HAS("\r\n\r\na=20\r\nb\r\nc\r\nd=3D=09\r\n.\r\n");
}

/* -------------------------------------------------------------- letters - */

#define NOTICE                                                                 \
    "{'title': 'a <b> & c', 'text': 'one\\ntwo', 'severity': 'error',"         \
    " 'at': '2026-01-01T10:02:03Z', 'link': 'javascript:alert(1)',"            \
    " 'facts': [{'name': 'Order', 'value': '<7>'}]"
#define ITEMS                                                                  \
    ", 'items': [{'title': 'first', 'at': '2026-01-01T09:00:00Z',"             \
    " 'text': 'x', 'link': 'https://shop/#/jobs/1'}]"

static void a_page_takes_no_orders_from_what_people_wrote(void **state)
{
    (void)state;
    spd_json *notice = testhost_parse(NOTICE "}");
    letter_html(testhost_json(), notice, false, &out);
    testhost_json()->free(notice);
    HAS("a &lt;b&gt; &amp; c");
    HAS("one<br>\ntwo");
    HAS("&lt;7&gt;");
    LACKS("javascript");
    LACKS("<img");
}

static void a_letter_lists_what_it_gathers(void **state)
{
    (void)state;
    spd_json *notice = testhost_parse(NOTICE ITEMS "}");
    letter_html(testhost_json(), notice, false, &out);
    HAS("<a href=\"https://shop/#/jobs/1\">");
    LACKS("one");
    text_free(&out);
    letter_text(testhost_json(), notice, &out);
    testhost_json()->free(notice);
    assert_string_equal(out.ptr, "a <b> & c\n\n\n* first\n"
                                 "  2026-01-01 09:00 UTC\nx\n"
                                 "https://shop/#/jobs/1\n\nOrder: <7>\n"
                                 "When: 2026-01-01 10:02 UTC\n\n");
}

/* ------------------------------------------------------------- settings - */

static void left_out_settings_are_what_is_usual(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        enum smtp_security security;
        int port;
    } rows[] = {
        { "", SMTP_TLS, 465 },
        { "'port': 587,", SMTP_STARTTLS, 587 },
        { "'port': 465,", SMTP_TLS, 465 },
        { "'port': 2525,", SMTP_TLS, 2525 },
        { "'security': 'starttls',", SMTP_STARTTLS, 587 },
        { "'security': 'none',", SMTP_CLEAR, 25 },
    };
    const struct email_conf conf = { 0 };
    for (size_t i = 0; i < SPD_COUNT(rows); i++) {
        char text[200];
        struct settings settings;
        struct spd_error err = { 0 };
        (void)snprintf(text, sizeof(text),
                       "{%s 'host': 'm', 'from': 'a@b.c', 'to': 'd@e.f'}",
                       rows[i].given);
        spd_json *channel = testhost_parse(text);
        assert_int_equal(
            settings_read(testhost_json(), channel, &conf, &settings, &err),
            SPD_OK);
        testhost_json()->free(channel);
        assert_int_equal(settings.server.security, rows[i].security);
        assert_int_equal(settings.server.port, rows[i].port);
        assert_string_equal(settings.server.greeting, "b.c");
        settings_free(&settings);
    }
}

/* ----------------------------------------------------------- the plugin - */

static spd_ticket *send_to(struct testhost *host, const char *channel)
{
    char text[600];
    spd_ticket *ticket = testhost_ticket(host);
    (void)snprintf(text, sizeof(text),
                   "{'id': 'msg_1', 'title': 't', 'text': 'x', 'at': "
                   "'2026-01-01T10:00:00Z', 'channel': {%s}}",
                   channel);
    spd_json *notice = testhost_parse(text);
    testhost_notifier(host, "email")
        ->send(testhost_plugin(host), notice, ticket);
    testhost_json()->free(notice);
    testhost_run(host);
    return ticket;
}

#define SERVER "'id': 1, 'host': '127.0.0.1', 'port': 9, 'security': 'none', "
#define PEOPLE "'from': 'a@b.c', 'to': 'd@e.f'"

static void an_address_that_is_refused_is_not_connected_to(void **state)
{
    (void)state;
    struct testhost *host = testhost_new(&spd_plugin_desc, NULL);
    testhost_refuse(host, "a place that is never talked to");
    spd_ticket *ticket = send_to(host, SERVER PEOPLE);
    assert_int_equal(testhost_outcome(ticket), SPD_EAUTH);
    assert_string_equal(testhost_outcome_text(ticket),
                        "127.0.0.1:9 was not contacted: its address leads to "
                        "a place that is never talked to");
    testhost_free(host);
}

static void a_server_that_is_not_there_is_asked_again_later(void **state)
{
    (void)state;
    struct testhost *host = testhost_new(&spd_plugin_desc, NULL);
    spd_ticket *ticket = send_to(host, SERVER PEOPLE);
    assert_int_equal(testhost_outcome(ticket), SPD_EIO);
    assert_string_equal(testhost_outcome_text(ticket),
                        "127.0.0.1:9 cannot be reached: check host and port");
    testhost_free(host);
}

static void a_pool_without_a_place_is_no_loss(void **state)
{
    (void)state;
    struct testhost *host = testhost_new(&spd_plugin_desc, NULL);
    testhost_fail(host, "submit", 1);
    assert_int_not_equal(testhost_outcome(send_to(host, SERVER PEOPLE)),
                         SPD_OK);
    testhost_free(host);
}

static void settings_that_went_bad_are_told_and_not_tried(void **state)
{
    (void)state;
    struct testhost *host = testhost_new(&spd_plugin_desc, NULL);
    spd_ticket *ticket = send_to(host, SERVER "'to': 'nobody'");
    assert_int_equal(testhost_outcome(ticket), SPD_EAUTH);
    assert_string_equal(testhost_outcome_text(ticket),
                        "to: \"nobody\" is no mail address");
    testhost_free(host);
}

static void a_plugin_with_bad_settings_does_not_start(void **state)
{
    (void)state;
    struct spd_error err = { 0 };
    assert_int_equal(
        testhost_try(&spd_plugin_desc, &err, "ca_file", "/none/ca.pem", NULL),
        SPD_EINVAL);
    assert_string_equal(err.text, "ca_file: /none/ca.pem cannot be read");
    assert_int_equal(
        testhost_try(&spd_plugin_desc, &err, "greeting", "a b", NULL),
        SPD_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_as_people_write_them),
        cmocka_unit_test(what_is_no_address_is_named),
        cmocka_unit_test(no_more_addresses_are_taken_than_fit),
        cmocka_unit_test_teardown(the_headers_say_who_what_and_when, clean_up),
        cmocka_unit_test_teardown(no_value_can_add_a_header, clean_up),
        cmocka_unit_test_teardown(
            every_line_is_ascii_and_short_and_ends_in_crlf, clean_up),
        cmocka_unit_test_teardown(lines_end_alike_and_blanks_at_their_ends_stay,
                                  clean_up),
        cmocka_unit_test_teardown(a_page_takes_no_orders_from_what_people_wrote,
                                  clean_up),
        cmocka_unit_test_teardown(a_letter_lists_what_it_gathers, clean_up),
        cmocka_unit_test(left_out_settings_are_what_is_usual),
        cmocka_unit_test(an_address_that_is_refused_is_not_connected_to),
        cmocka_unit_test(a_server_that_is_not_there_is_asked_again_later),
        cmocka_unit_test(a_pool_without_a_place_is_no_loss),
        cmocka_unit_test(settings_that_went_bad_are_told_and_not_tried),
        cmocka_unit_test(a_plugin_with_bad_settings_does_not_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
