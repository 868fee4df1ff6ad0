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

/* -- answers -- */

static void a_read_is_answered_with_its_json(void **state)
{
    (void)state;
    scene_start();
    const struct answer *answer = ask("GET", "/api/hello", TOKEN);
    assert_int_equal(answer->status, 200);
    assert_string_equal(answer->body.ptr, "{\"message\":\"hello\"}");
    assert_string_equal(header(answer, "Content-Type"),
                        "application/json; charset=utf-8");
}

static void a_write_is_answered_after_its_commit(void **state)
{
    (void)state;
    scene_start();
    const struct answer *answer =
        ask("POST", "/api/things",
            TOKEN JSON "Content-Length: 20\r\n\r\n{\"name\":\"a spool\"}  ");
    assert_int_equal(answer->status, 201);
    assert_string_equal(answer->body.ptr, "{\"seq\":1}");
    assert_string_equal(header(answer, "Location"), "/api/things/7");
    spd_txn *txn = store_read(the.store);
    assert_int_equal(journal_last(txn), 1);
    store_read_end(txn);
}

static void a_refused_write_leaves_no_trace(void **state)
{
    (void)state;
    scene_start();
    const struct answer *answer =
        ask("POST", "/api/things",
            TOKEN JSON "Content-Length: 19\r\n\r\n{\"name\":\"unwanted\"}");
    assert_int_equal(answer->status, 409);
    assert_string_equal(
        answer->body.ptr,
        "{\"error\":\"nobody wants that\",\"code\":\"conflict\"}");
    spd_txn *txn = store_read(the.store);
    assert_int_equal(journal_last(txn), 0);
    store_read_end(txn);
}

static void path_and_query_are_decoded_and_reach_the_operation(void **state)
{
    (void)state;
    scene_start();
    const struct answer *answer =
        ask("GET", "/api/things/R%C3%B6hre%20%2B?count=7", TOKEN);
    assert_string_equal(answer->body.ptr,
                        "{\"name\":\"R\xC3\xB6hre +\",\"count\":7}");
    assert_string_equal(header(answer, "ETag"), "\"7\"");
}

static void every_answer_carries_the_protecting_headers(void **state)
{
    static const char *const paths[] = { "/api/hello", "/nowhere" };
    (void)state;
    scene_start();
    for (size_t i = 0; i < 2; i++) {
        const struct answer *answer = ask("GET", paths[i], TOKEN);
        assert_string_equal(header(answer, "X-Content-Type-Options"),
                            "nosniff");
        assert_string_equal(header(answer, "Cache-Control"), "no-store");
        assert_string_equal(header(answer, "Referrer-Policy"), "no-referrer");
        assert_string_equal(header(answer, "Content-Security-Policy"),
                            "default-src 'self'; frame-ancestors 'none'; "
                            "object-src 'none'; base-uri 'none'");
        assert_int_equal(strlen(header(answer, "X-Request-Id")), 16);
        assert_string_equal(header(answer, "Content-Type"),
                            "application/json; charset=utf-8");
    }
}

static void head_has_the_length_and_no_body(void **state)
{
    (void)state;
    scene_start();
    int fd = dial();
    say(fd, "HEAD /api/hello HTTP/1.1\r\nHost: localhost\r\n" TOKEN "\r\n"
            "GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const struct answer *answer = hear_head(fd);
    assert_int_equal(answer->status, 200);
    assert_string_equal(header(answer, "Content-Length"), "19");
    assert_int_equal(hear(fd)->status, 200);
    close(fd);
}

/* -- connections -- */

static void a_connection_serves_many_requests(void **state)
{
    (void)state;
    scene_start();
    int fd = dial();
    for (int i = 0; i < 100; i++) {
        say(fd, "GET /api/hello HTTP/1.1\r\nHost: localhost\r\n" TOKEN "\r\n");
        assert_int_equal(hear(fd)->status, 200);
    }
    assert_int_equal(the.ran, 100);
    assert_int_equal(http_counts(the.http).connections, 1);
    assert_int_equal(http_counts(the.http).answered[2], 100);
    close(fd);
}

static void a_refused_read_does_not_end_the_connection(void **state)
{
    (void)state;
    scene_start();
    int fd = dial();
    say(fd, "GET /api/hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_equal(hear(fd)->status, 401);
    say(fd, "GET /api/hello HTTP/1.1\r\nHost: localhost\r\n" TOKEN "\r\n");
    assert_int_equal(hear(fd)->status, 200);
    close(fd);
}

static void pipelined_requests_are_answered_in_their_order(void **state)
{
    (void)state;
    scene_start();
    int fd = dial();
    say(fd, "POST /api/things HTTP/1.1\r\nHost: localhost\r\n" TOKEN JSON
            "Content-Length: 12\r\n\r\n{\"name\":\"a\"}"
            "GET /api/hello HTTP/1.1\r\nHost: localhost\r\n" TOKEN "\r\n"
            "GET /api/nothing HTTP/1.1\r\nHost: localhost\r\n" TOKEN "\r\n");
    assert_int_equal(hear(fd)->status, 201);
    assert_int_equal(hear(fd)->status, 200);
    assert_int_equal(hear(fd)->status, 404);
    close(fd);
}

static void a_head_in_single_bytes_is_understood(void **state)
{
    static const char text[] =
        "GET /api/hello?a HTTP/1.1\r\nHost: localhost\r\n" TOKEN "\r\n";
    (void)state;
    scene_start();
    int fd = dial();
    for (size_t i = 0; i + 1 < sizeof(text); i++)
        say_bytes(fd, (spd_str){ text + i, 1 });
    const struct answer *answer = hear(fd);
    assert_int_equal(answer->status, 400);
    assert_contains(answer->body.ptr, "\"a\":\"is not known to test.hello\"");
    close(fd);
}

static void a_chunked_body_is_put_together(void **state)
{
    (void)state;
    scene_start();
    const struct answer *answer =
        ask("POST", "/api/things",
            TOKEN JSON "Transfer-Encoding: chunked\r\n\r\n"
                       "6\r\n{\"name\r\n6\r\n\":\"a\"}\r\n0\r\n\r\n");
    assert_int_equal(answer->status, 201);
}

static void two_hundred_clients_are_served_at_once(void **state)
{
    int fds[200];
    (void)state;
    scene_start();
    for (int i = 0; i < 200; i++)
        fds[i] = dial();
    for (int i = 0; i < 200; i++)
        say(fds[i],
            "POST /api/things HTTP/1.1\r\nHost: localhost\r\n" TOKEN JSON
            "Content-Length: 12\r\n\r\n{\"name\":\"a\"}");
    assert_int_equal(http_counts(the.http).connections, 200);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(hear(fds[i])->status, 201);
        close(fds[i]);
    }
    spd_txn *txn = store_read(the.store);
    assert_int_equal(journal_last(txn), 200);
    store_read_end(txn);
}

/* -- answers that take their time -- */

static void an_answer_may_come_later(void **state)
{
    (void)state;
    scene_start();
    int fd = dial();
    say(fd, "POST /api/later HTTP/1.1\r\nHost: localhost\r\n" TOKEN "\r\n");
    while (the.waiting == NULL)
        turn();
    buf_put(call_reply_buf(the.waiting), STR("{\"late\":true}"));
    call_end(the.waiting);
    the.waiting = NULL;
    assert_string_equal(hear(fd)->body.ptr, "{\"late\":true}");
    close(fd);
}

static void a_client_that_vanished_does_not_matter_to_a_call(void **state)
{
    (void)state;
    scene_start();
    int fd = dial();
    say(fd, "POST /api/later HTTP/1.1\r\nHost: localhost\r\n" TOKEN "\r\n");
    while (the.waiting == NULL)
        turn();
    close(fd);
    for (int i = 0; i < 20; i++)
        turn();
    call_end(the.waiting);
    the.waiting = NULL;
    for (int i = 0; i < 20; i++)
        turn();
    assert_int_equal(http_counts(the.http).connections, 0);
    assert_int_equal(ask("GET", "/api/hello", TOKEN)->status, 200);
}

/* -- files -- */

static void write_a_file(size_t bytes)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/a-file", the.folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (size_t i = 0; i < bytes; i++)
        fputc((int)('a' + i % 26), file);
    fclose(file);
}

static void a_file_is_sent_as_one_to_be_kept(void **state)
{
    (void)state;
    scene_start();
    write_a_file(300000);
    const struct answer *answer = ask("GET", "/api/file", TOKEN);
    assert_int_equal(answer->status, 200);
    assert_int_equal(answer->body.len, 300001);
    assert_int_equal(answer->body.ptr[299999], 'a' + 299999 % 26);
    assert_string_equal(header(answer, "Content-Type"), "text/html");
    assert_string_equal(header(answer, "Content-Disposition"), "attachment");
}

static void a_picture_is_sent_to_be_looked_at(void **state)
{
    (void)state;
    scene_start();
    write_a_file(10);
    const struct answer *answer = ask("GET", "/api/picture", TOKEN);
    assert_string_equal(header(answer, "Content-Type"), "image/png");
    assert_string_equal(header(answer, "Content-Disposition"), "");
}

static void a_file_that_is_not_there_is_a_refusal(void **state)
{
    (void)state;
    scene_start();
    const struct answer *answer = ask("GET", "/api/file", TOKEN);
    assert_int_equal(answer->status, 503);
    assert_contains(answer->body.ptr, "\"code\":\"unavailable\"");
}

/* -- the end -- */

static void what_is_under_way_is_answered_before_the_end(void **state)
{
    (void)state;
    scene_start();
    int fd = dial();
    say(fd, "POST /api/things HTTP/1.1\r\nHost: localhost\r\n" TOKEN JSON
            "Content-Length: 12\r\n\r\n{\"name\":\"");
    for (int i = 0; i < 5; i++)
        turn();
    say(fd, "a\"}");
    scene_stop();
    assert_int_equal(hear(fd)->status, 201);
    close(fd);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, scene_set_up, scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_read_is_answered_with_its_json),
        TEST(a_write_is_answered_after_its_commit),
        TEST(a_refused_write_leaves_no_trace),
        TEST(path_and_query_are_decoded_and_reach_the_operation),
        TEST(every_answer_carries_the_protecting_headers),
        TEST(head_has_the_length_and_no_body),
        TEST(a_connection_serves_many_requests),
        TEST(a_refused_read_does_not_end_the_connection),
        TEST(pipelined_requests_are_answered_in_their_order),
        TEST(a_head_in_single_bytes_is_understood),
        TEST(a_chunked_body_is_put_together),
        TEST(two_hundred_clients_are_served_at_once),
        TEST(an_answer_may_come_later),
        TEST(a_client_that_vanished_does_not_matter_to_a_call),
        TEST(a_file_is_sent_as_one_to_be_kept),
        TEST(a_picture_is_sent_to_be_looked_at),
        TEST(a_file_that_is_not_there_is_a_refusal),
        TEST(what_is_under_way_is_answered_before_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
