#include "scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define JSON "Content-Type: application/json\r\n"
#define THING JSON "Content-Length: 12\r\n\r\n{\"name\":\"a\"}"

/* A request as it stands, on a connection of its own. */
static const struct answer *ask_raw(spd_str text)
{
    int fd = dial();
    say_bytes(fd, text);
    const struct answer *answer = hear(fd);
    close(fd);
    return answer;
}

#define ASK_RAW(text) ask_raw(STR(text))

/* -- address and host -- */

static void an_address_that_can_be_read_in_two_ways_is_refused(void **state)
{
    static const char *const paths[] = {
        "/api/../hello",
        "/api/%2e%2e/hello",
        "/api//hello",
        "/api/hello%",
        "/api/hello%0",
        "/api/hello%zz",
        "/api/hello%00",
        "/api/hello%0a",
        "/api/%c0%ae/hello",
        "/api%2Fhello",
        "/api/./hello",
        "http://127.0.0.1/api/hello",
        "*",
        "/api/hello?a=1&a=2",
        "/api/hello?a=%ff",
    };
    (void)state;
    scene_start();
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const struct answer *answer = ask("GET", paths[i], TOKEN);
        assert_int_equal(answer->status, 400);
        assert_contains(answer->body.ptr, "\"code\":\"invalid\"");
    }
    assert_int_equal(the.ran + the.admitted, 0);
}

static void a_zero_byte_in_the_address_is_refused(void **state)
{
    (void)state;
    scene_start();
    const struct answer *answer =
        ASK_RAW("GET /api/hello\0/x HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_equal(answer->status, 400);
}

static void a_host_that_is_not_ours_is_refused_and_logged_once(void **state)
{
    (void)state;
    scene_start();
    for (int i = 0; i < 2; i++) {
        const struct answer *answer = ASK_RAW(
            "GET /api/hello HTTP/1.1\r\nHost: evil.example\r\n" TOKEN "\r\n");
        assert_int_equal(answer->status, 403);
        assert_contains(answer->body.ptr, "does not go by that name");
        assert_int_equal(the.last_log[0] != '\0', i == 0);
        the.last_log[0] = '\0';
    }
    assert_int_equal(the.admitted, 0);
}

static void a_host_that_is_allowed_is_served(void **state)
{
    (void)state;
    scene_start();
    const struct answer *answer =
        ASK_RAW("GET /api/health HTTP/1.1\r\nHost: Farm.Example:8080\r\n\r\n");
    assert_int_equal(answer->status, 200);
}

static void a_request_names_its_host_exactly_once(void **state)
{
    (void)state;
    scene_start();
    assert_int_equal(ASK_RAW("GET /api/health HTTP/1.1\r\n\r\n")->status, 400);
    assert_int_equal(ASK_RAW("GET /api/health HTTP/1.1\r\nHost: localhost\r\n"
                             "Host: localhost\r\n\r\n")
                         ->status,
                     400);
}

/* -- lengths -- */

static void a_body_whose_length_is_told_twice_ends_the_connection(void **state)
{
    static const char *const lines[] = {
        "Content-Length: 12\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 12\r\nContent-Length: 12\r\n",
        "Content-Length: 0\r\nContent-Length: 12\r\n",
        "Content-Length : 12\r\nContent-Length: 0\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
    };
    (void)state;
    scene_start();
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        int fd = dial();
        say(fd,
            "POST /api/things HTTP/1.1\r\nHost: localhost\r\n" TOKEN JSON
            "%s\r\n{\"name\":\"a\"}",
            lines[i]);
        assert_int_equal(hear(fd)->status, 400);
        assert_true(has_ended(fd));
        close(fd);
    }
    assert_int_equal(the.ran, 0);
}

static void a_request_that_reads_has_no_body(void **state)
{
    (void)state;
    scene_start();
    assert_int_equal(
        ask("GET", "/api/hello", TOKEN "Content-Length: 2\r\n\r\n{}")->status,
        400);
}

static void a_body_declared_too_large_is_not_read(void **state)
{
    (void)state;
    the.options.max_body_bytes = 100;
    scene_start();
    int fd = dial();
    say(fd, "POST /api/things HTTP/1.1\r\nHost: localhost\r\n" TOKEN JSON
            "Content-Length: 101\r\n\r\n");
    assert_int_equal(hear(fd)->status, 413);
    assert_true(has_ended(fd));
    close(fd);
}

static void a_chunked_body_is_counted_while_it_comes(void **state)
{
    (void)state;
    the.options.max_body_bytes = 100;
    scene_start();
    int fd = dial();
    say(fd, "POST /api/things HTTP/1.1\r\nHost: localhost\r\n" TOKEN JSON
            "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 11; i++)
        say(fd, "a\r\n          \r\n");
    const struct answer *answer = hear(fd);
    assert_int_equal(answer->status, 413);
    assert_contains(answer->body.ptr, "\"code\":\"too_large\"");
    assert_true(has_ended(fd));
    assert_int_equal(http_counts(the.http).answered[4], 1);
    close(fd);
}

/* -- what is wanted -- */

static void an_address_with_nothing_there_is_not_found(void **state)
{
    (void)state;
    scene_start();
    const struct answer *answer = ask("GET", "/api/nothing", "");
    assert_int_equal(answer->status, 404);
    assert_string_equal(answer->body.ptr,
                        "{\"error\":\"there is nothing at this address\","
                        "\"code\":\"not_found\"}");
}

static void another_method_is_told_which_ones_there_are(void **state)
{
    (void)state;
    scene_start();
    const struct answer *answer = ask("DELETE", "/api/things", TOKEN);
    assert_int_equal(answer->status, 405);
    assert_string_equal(header(answer, "Allow"), "POST");
}

static void until_it_is_set_up_only_public_rows_answer(void **state)
{
    (void)state;
    the.is_set_up = false;
    scene_start();
    const struct answer *answer = ask("GET", "/api/hello", TOKEN);
    assert_int_equal(answer->status, 503);
    assert_contains(answer->body.ptr, "/api/setup");
    assert_int_equal(ask("GET", "/api/health", "")->status, 200);
    assert_int_equal(the.admitted, 0);
}

/* -- who wants it -- */

static void without_good_credentials_nothing_runs(void **state)
{
    static const char *const lines[] = {
        "",
        "Authorization: Bearer nobody\r\n",
        "Authorization: Bearer \r\n",
        "Authorization: Basic operator\r\n",
        "Authorization: operator\r\n",
        "X-Api-Key: nobody\r\n",
        "Cookie: spoold_session=nobody\r\n",
        "Cookie: other=operator\r\n",
        "Cookie: spoold_session=operator; spoold_session=nobody\r\n",
    };
    (void)state;
    scene_start();
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const struct answer *answer = ask("GET", "/api/hello", lines[i]);
        assert_int_equal(answer->status, 401);
        assert_string_equal(answer->body.ptr,
                            "{\"error\":\"a valid token is needed\","
                            "\"code\":\"unauthenticated\"}");
        assert_string_equal(header(answer, "WWW-Authenticate"), "Bearer");
    }
    assert_int_equal(the.ran, 0);
}

static void a_token_comes_as_bearer_or_as_a_key(void **state)
{
    (void)state;
    scene_start();
    assert_int_equal(
        ask("GET", "/api/hello", "authorization: bearer operator\r\n")->status,
        200);
    assert_int_equal(ask("GET", "/api/hello", "X-Api-Key: viewer\r\n")->status,
                     200);
}

static void a_role_that_is_too_low_is_refused_before_the_body(void **state)
{
    (void)state;
    scene_start();
    assert_int_equal(ask("GET", "/api/secret", TOKEN)->status, 403);
    assert_int_equal(
        ask("POST", "/api/things", "X-Api-Key: viewer\r\n" THING)->status, 403);
    assert_int_equal(http_counts(the.http).body_bytes, 0);
}

static void a_strangers_body_is_never_read(void **state)
{
    (void)state;
    scene_start();
    char piece[10000];
    memset(piece, 'x', sizeof(piece));
    int fd = dial();
    say(fd, "POST /api/files?name=a HTTP/1.1\r\nHost: localhost\r\n"
            "Authorization: Bearer nobody\r\n"
            "Content-Length: 100000000\r\n\r\n");
    for (int i = 0; i < 10; i++)
        say_bytes(fd, (spd_str){ piece, sizeof(piece) });
    assert_int_equal(hear(fd)->status, 401);
    assert_true(has_ended(fd));
    assert_int_equal(http_counts(the.http).body_bytes, 0);
    close(fd);
}

static void a_client_that_asks_before_it_sends_is_answered(void **state)
{
    (void)state;
    scene_start();
    int fd = dial();
    say(fd, "POST /api/things HTTP/1.1\r\nHost: localhost\r\n" JSON
            "Expect: 100-continue\r\nContent-Length: 12\r\n\r\n");
    assert_int_equal(hear(fd)->status, 401);
    assert_true(has_ended(fd));
    close(fd);
    fd = dial();
    say(fd, "POST /api/things HTTP/1.1\r\nHost: localhost\r\n" TOKEN JSON
            "Expect: 100-continue\r\nContent-Length: 12\r\n\r\n");
    assert_int_equal(hear(fd)->status, 100);
    say(fd, "{\"name\":\"a\"}");
    assert_int_equal(hear(fd)->status, 201);
    close(fd);
}

/* -- sessions -- */

#define COOKIE "Cookie: a=b; spoold_session=operator\r\n"
#define SCRIPT "X-Requested-With: spoold\r\n"

static void a_session_reads_from_our_page_and_from_the_address_bar(void **state)
{
    static const struct {
        const char *lines;
        int status;
    } cases[] = {
        { COOKIE, 200 },
        { COOKIE "Sec-Fetch-Site: same-origin\r\n", 200 },
        { COOKIE "Sec-Fetch-Site: none\r\n", 200 },
        { COOKIE "Origin: http://127.0.0.1\r\n", 200 },
        { COOKIE "Sec-Fetch-Site: cross-site\r\n", 403 },
        { COOKIE "Sec-Fetch-Site: same-site\r\n", 403 },
        { COOKIE "Origin: http://evil.example\r\n", 403 },
        { COOKIE "Origin: null\r\n", 403 },
    };
    (void)state;
    scene_start();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(ask("GET", "/api/hello", cases[i].lines)->status,
                         cases[i].status);
}

static void a_session_writes_only_from_our_page(void **state)
{
    static const struct {
        const char *lines;
        int status;
    } cases[] = {
        { COOKIE SCRIPT "Origin: http://127.0.0.1\r\n" THING, 201 },
        { COOKIE SCRIPT "Sec-Fetch-Site: same-origin\r\n" THING, 201 },
        { COOKIE SCRIPT THING, 403 },
        { COOKIE "Origin: http://127.0.0.1\r\n" THING, 403 },
        { COOKIE SCRIPT "Origin: http://127.0.0.1:81\r\n" THING, 403 },
        { COOKIE SCRIPT "Origin: http://evil.example\r\n" THING, 403 },
        { COOKIE SCRIPT "Sec-Fetch-Site: none\r\n" THING, 403 },
        { COOKIE SCRIPT "Origin: http://127.0.0.1\r\n"
                        "Sec-Fetch-Site: cross-site\r\n" THING,
          403 },
    };
    (void)state;
    scene_start();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(ask("POST", "/api/things", cases[i].lines)->status,
                         cases[i].status);
    assert_int_equal(the.ran, 2);
}

/* -- bodies -- */

static void a_body_must_be_json_and_say_so(void **state)
{
    static const struct {
        const char *lines;
        int status;
    } cases[] = {
        { TOKEN "Content-Type: application/json; charset=utf-8\r\n"
                "Content-Length: 12\r\n\r\n{\"name\":\"a\"}",
          201 },
        { TOKEN "Content-Length: 12\r\n\r\n{\"name\":\"a\"}", 415 },
        { TOKEN "Content-Type: text/plain\r\n"
                "Content-Length: 12\r\n\r\n{\"name\":\"a\"}",
          415 },
        { TOKEN JSON "Content-Length: 12\r\n\r\n{\"name\":\"a\"]", 400 },
        { TOKEN JSON "Content-Length: 2\r\n\r\n[]", 400 },
        { TOKEN JSON "Content-Length: 0\r\n\r\n", 400 },
    };
    (void)state;
    scene_start();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(ask("POST", "/api/things", cases[i].lines)->status,
                         cases[i].status);
    assert_int_equal(the.ran, 1);
}

static void a_line_that_is_no_http_is_refused_without_our_name(void **state)
{
    (void)state;
    scene_start();
    const struct answer *answer =
        ASK_RAW("GET /api/hello HTTP/1.1\r\nHost: localhost\r\nnonsense\r\n"
                "\r\n");
    assert_int_equal(answer->status, 400);
    assert_null(strcasestr(answer->body.ptr, "spoold"));
    assert_null(strcasestr(answer->head.ptr, "Server:"));
}

static void a_head_without_end_is_refused(void **state)
{
    (void)state;
    scene_start();
    int fd = dial();
    say(fd, "GET /api/hello HTTP/1.1\r\nHost: localhost\r\n");
    for (int i = 0; i < 700; i++)
        say(fd, "X-Line-%d: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", i);
    assert_int_equal(hear(fd)->status, 431);
    close(fd);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, scene_set_up, scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_address_that_can_be_read_in_two_ways_is_refused),
        TEST(a_zero_byte_in_the_address_is_refused),
        TEST(a_host_that_is_not_ours_is_refused_and_logged_once),
        TEST(a_host_that_is_allowed_is_served),
        TEST(a_request_names_its_host_exactly_once),
        TEST(a_body_whose_length_is_told_twice_ends_the_connection),
        TEST(a_request_that_reads_has_no_body),
        TEST(a_body_declared_too_large_is_not_read),
        TEST(a_chunked_body_is_counted_while_it_comes),
        TEST(an_address_with_nothing_there_is_not_found),
        TEST(another_method_is_told_which_ones_there_are),
        TEST(until_it_is_set_up_only_public_rows_answer),
        TEST(without_good_credentials_nothing_runs),
        TEST(a_token_comes_as_bearer_or_as_a_key),
        TEST(a_role_that_is_too_low_is_refused_before_the_body),
        TEST(a_strangers_body_is_never_read),
        TEST(a_client_that_asks_before_it_sends_is_answered),
        TEST(a_session_reads_from_our_page_and_from_the_address_bar),
        TEST(a_session_writes_only_from_our_page),
        TEST(a_body_must_be_json_and_say_so),
        TEST(a_line_that_is_no_http_is_refused_without_our_name),
        TEST(a_head_without_end_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
