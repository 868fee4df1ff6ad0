#include "scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"

#define JSON "Content-Type: application/json\r\n"

static void turns(int count)
{
    while (count-- > 0)
        turn();
}

static void pass(int64_t ms)
{
    fake_clock_advance(&the.clock, ms);
    turns(5);
}

/* -- time -- */

static void a_new_connection_brings_its_head_in_time(void **state)
{
    (void)state;
    scene_start();
    int fd = dial(), silent = dial();
    say(fd, "GET /api/hello HTTP/1.1\r\n");
    for (int i = 0; i < 9; i++) {
        pass(1000);
        say(fd, "X-%d: slow\r\n", i);
    }
    assert_false(has_ended(fd));
    assert_int_equal(http_counts(the.http).connections, 2);
    pass(1000);
    assert_true(has_ended(fd));
    assert_true(has_ended(silent));
    assert_int_equal(http_counts(the.http).connections, 0);
    close(fd);
    close(silent);
}

static void a_connection_that_rests_between_requests_is_kept(void **state)
{
    (void)state;
    scene_start();
    int fd = dial();
    for (int i = 0; i < 3; i++) {
        say(fd, "GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_int_equal(hear(fd)->status, 200);
        for (int j = 0; j < 5; j++)
            pass(9900);
    }
    assert_false(has_ended(fd));
    close(fd);
}

static void a_later_head_may_not_take_for_ever_either(void **state)
{
    (void)state;
    scene_start();
    int fd = dial();
    say(fd, "GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_equal(hear(fd)->status, 200);
    int seconds = 0;
    for (; seconds < 60 && !has_ended(fd); seconds += 5) {
        say(fd, "X");
        pass(5000);
    }
    assert_in_range(seconds, 10, 40);
    close(fd);
}

static void a_body_that_stands_still_is_ended(void **state)
{
    (void)state;
    scene_start();
    int fd = dial();
    say(fd, "POST /api/files?name=a HTTP/1.1\r\nHost: localhost\r\n" TOKEN
            "Content-Length: 100000\r\n\r\n");
    char piece[5000];
    memset(piece, 'x', sizeof(piece));
    for (int i = 0; i < 5; i++) {
        say_bytes(fd, (spd_str){ piece, sizeof(piece) });
        pass(20000);
    }
    assert_false(has_ended(fd));
    say(fd, "a few bytes do not count");
    pass(9999);
    assert_false(has_ended(fd));
    pass(2);
    assert_true(has_ended(fd));
    assert_int_equal(the.ran, 0);
    close(fd);
}

/* -- number -- */

static void beyond_the_limit_connections_wait_for_their_turn(void **state)
{
    (void)state;
    the.options.max_connections = 3;
    scene_start();
    int fds[4];
    for (int i = 0; i < 4; i++) {
        fds[i] = dial();
        say(fds[i], "GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    turns(20);
    assert_int_equal(http_counts(the.http).connections, 3);
    assert_int_equal(the.ran, 3);
    close(fds[0]);
    assert_int_equal(hear(fds[3])->status, 200);
    for (int i = 1; i < 4; i++)
        close(fds[i]);
}

static void one_address_has_a_share_of_its_own(void **state)
{
    (void)state;
    the.options.max_per_address = 2;
    scene_start();
    int fds[3];
    for (int i = 0; i < 3; i++)
        fds[i] = dial();
    turns(20);
    assert_int_equal(http_counts(the.http).connections, 2);
    assert_true(has_ended(fds[2]));
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

/* Take every descriptor there is below 200; returns how many. */
static int take_descriptors(int taken[200])
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 200;
    setrlimit(RLIMIT_NOFILE, &limit);
    int count = 0;
    while (count < 200 && (taken[count] = dup(0)) >= 0)
        count++;
    return count;
}

static int64_t real_ms(void)
{
    return clock_mono_ms(&clock_system);
}

static void
without_descriptors_the_listener_waits_and_does_not_spin(void **state)
{
    (void)state;
    scene_start();
    int fd = dial(), taken[200];
    int count = take_descriptors(taken);
    the.last_log[0] = '\0';
    turns(2);
    assert_contains(the.last_log, "cannot accept connections for now");
    the.last_log[0] = '\0';
    int64_t began_ms = real_ms();
    turns(40);
    assert_true(real_ms() - began_ms >= 30);
    pass(60);
    pass(100);
    assert_string_equal(the.last_log, "");
    while (count > 0)
        close(taken[--count]);
    pass(1000);
    say(fd, "GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_equal(hear(fd)->status, 200);
    close(fd);
}

/* -- addresses -- */

static void a_port_that_is_taken_is_named_in_the_error(void **state)
{
    (void)state;
    scene_start();
    struct spd_error err = { 0 };
    struct http_options options = the.options;
    options.listen = http_url(the.http) + strlen("http://");
    assert_null(http_new(the.loop, the.ops, the.store, &options, &err));
    assert_contains(err.text, options.listen);
    assert_contains(err.text, "is spoold running already?");
}

static void an_address_that_is_none_is_named_in_the_error(void **state)
{
    static const char *const texts[] = {
        "",          "127.0.0.1",  ":8080",          "farm:80",
        "::1:80",    "[::1]",      "[::1]80",        "[]:80",
        "1.2.3.4:x", "127.0.0.1:", "[::1]:123456789"
    };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct spd_error err = { 0 };
        the.options.listen = texts[i];
        assert_null(http_new(the.loop, the.ops, the.store, &the.options, &err));
        assert_contains(err.text, "write an address and a port");
    }
}

static void the_server_listens_on_ipv6_as_well(void **state)
{
    (void)state;
    the.options.listen = "[::1]:0";
    struct spd_error err = { 0 };
    the.http = http_new(the.loop, the.ops, the.store, &the.options, &err);
    if (the.http == NULL) {
        print_message("no IPv6 here: %s\n", err.text);
        skip();
    }
    assert_int_equal(strncmp(http_url(the.http), "http://[::1]:", 13), 0);
    assert_string_not_equal(http_url(the.http), "http://[::1]:0");
}

/* -- the end -- */

/* A clock that moves when it is looked at, so that the end does not take its
 * real five seconds. */
static int64_t hurried_mono_ms(const struct clock *clock)
{
    (void)clock;
    fake_clock_advance(&the.clock, 10);
    return the.clock.mono_now_ms;
}

static void a_call_that_never_ends_does_not_keep_the_server(void **state)
{
    (void)state;
    scene_start();
    int fd = dial();
    say(fd, "POST /api/later HTTP/1.1\r\nHost: localhost\r\n" TOKEN "\r\n");
    while (the.waiting == NULL)
        turn();
    the.clock.clock.mono_ms = hurried_mono_ms;
    scene_stop();
    const struct answer *answer = hear(fd);
    assert_int_equal(answer->status, 503);
    assert_contains(answer->body.ptr, "the server is stopping");
    assert_true(has_ended(fd));
    close(fd);
}

static void a_client_that_never_ends_its_body_does_not_either(void **state)
{
    (void)state;
    scene_start();
    int fd = dial();
    say(fd, "POST /api/things HTTP/1.1\r\nHost: localhost\r\n" TOKEN JSON
            "Content-Length: 12\r\n\r\n{");
    turns(5);
    the.clock.clock.mono_ms = hurried_mono_ms;
    scene_stop();
    assert_true(has_ended(fd));
    close(fd);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, scene_set_up, scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_connection_brings_its_head_in_time),
        TEST(a_connection_that_rests_between_requests_is_kept),
        TEST(a_later_head_may_not_take_for_ever_either),
        TEST(a_body_that_stands_still_is_ended),
        TEST(beyond_the_limit_connections_wait_for_their_turn),
        TEST(one_address_has_a_share_of_its_own),
        TEST(without_descriptors_the_listener_waits_and_does_not_spin),
        TEST(a_port_that_is_taken_is_named_in_the_error),
        TEST(an_address_that_is_none_is_named_in_the_error),
        TEST(the_server_listens_on_ipv6_as_well),
        TEST(a_call_that_never_ends_does_not_keep_the_server),
        TEST(a_client_that_never_ends_its_body_does_not_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
