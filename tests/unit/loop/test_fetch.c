#include "loop/fetch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "peer.h"

static const char hello[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
                            "X-Mood: fine\r\n\r\nhello";

/* A fetcher on a loop whose clock stands still, and what its requests ended
 * with: replies are borrowed, so they are copied. */
static struct scene {
    struct fake_clock clock;
    struct loop *loop;
    struct fetcher *fetcher;
    struct peer *peer;
    char url[64];
    int done, status, pieces;
    char body[256], location[128];
    struct spd_error err;
    struct buf stream;
    int64_t sent_bytes, total_bytes;
} the;

static int set_up(void **state)
{
    (void)state;
    memset(&the, 0, sizeof(the));
    fake_clock_init(&the.clock, 1767225600000);
    the.loop = loop_new(&the.clock.clock, NULL);
    the.fetcher = fetcher_new(the.loop, NULL);
    return the.fetcher == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    fetcher_free(the.fetcher);
    loop_free(the.loop);
    peer_free(the.peer);
    buf_fini(&the.stream);
    return 0;
}

static void serve(const char *const *replies)
{
    the.peer = peer_start(replies);
    snprintf(the.url, sizeof(the.url), "http://127.0.0.1:%d/path",
             peer_port(the.peer));
}

static void keep(void *arg, const struct fetch_reply *reply)
{
    (void)arg;
    the.done++;
    the.status = reply->status;
    the.err = reply->err == NULL ? (struct spd_error){ 0 } : *reply->err;
    snprintf(the.body, sizeof(the.body), "%.*s", STR_ARG(reply->body));
    snprintf(the.location, sizeof(the.location), "%.*s",
             STR_ARG(reply->location));
}

static struct fetch_request to_peer(void)
{
    return (struct fetch_request){
        .url = the.url, .allow = FETCH_LOOPBACK, .done = keep, .owner = &the
    };
}

static void turn_until_done(int count)
{
    for (int turns = 0; the.done < count && turns < 20000; turns++)
        loop_turn(the.loop, 1000);
    assert_int_equal(the.done, count);
}

static void fetch(struct fetch_request request)
{
    int before = the.done;
    fetch_start(the.fetcher, &request);
    assert_int_equal(the.done, before);
    turn_until_done(before + 1);
}

static bool heard(const char *text)
{
    peer_stop(the.peer);
    size_t bytes;
    const char *all = peer_heard(the.peer, &bytes);
    return memmem(all, bytes, text, strlen(text)) != NULL;
}

/* -- what is asked and answered -- */

static void a_request_brings_status_body_and_the_header_asked_for(void **state)
{
    (void)state;
    serve((const char *const[]){ hello, NULL });
    struct fetch_request request = to_peer();
    request.reply_header = "x-mood";
    fetch(request);
    assert_int_equal(the.err.code, SPD_OK);
    assert_int_equal(the.status, 200);
    assert_string_equal(the.body, "hello");
    assert_string_equal(the.location, "fine");
    assert_true(heard("GET /path HTTP/1.1\r\n"));
}

static void an_error_status_is_an_answer_and_not_a_failure(void **state)
{
    (void)state;
    serve((const char *const[]){
        "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", NULL });
    fetch(to_peer());
    assert_int_equal(the.err.code, SPD_OK);
    assert_int_equal(the.status, 503);
    assert_string_equal(the.body, "busy");
}

static void a_body_is_posted_with_its_headers(void **state)
{
    (void)state;
    serve((const char *const[]){ hello, NULL });
    struct fetch_request request = to_peer();
    request.body = STR("{\"id\":7}");
    request.headers = (const char *const[]){ "Content-Type: application/json",
                                             "X-Key: secret", NULL };
    fetch(request);
    assert_true(heard("POST /path "));
    assert_true(heard("Content-Type: application/json\r\n"));
    assert_true(heard("X-Key: secret\r\n"));
    assert_true(heard("\r\n\r\n{\"id\":7}"));
}

static void the_method_is_sent_as_given(void **state)
{
    (void)state;
    static const char *const methods[] = { "DELETE", "PUT", "PATCH", "POST" };
    serve((const char *const[]){ hello, NULL });
    for (size_t i = 0; i < 4; i++) {
        struct fetch_request request = to_peer();
        request.method = methods[i];
        fetch(request);
        assert_int_equal(the.status, 200);
    }
    for (size_t i = 0; i < 4; i++) {
        char line[32];
        snprintf(line, sizeof(line), "%s /path ", methods[i]);
        assert_true(heard(line));
    }
}

static void a_redirect_is_told_and_not_followed(void **state)
{
    (void)state;
    serve((const char *const[]){ "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
                                 "Location: http://169.254.169.254/\r\n\r\n",
                                 NULL });
    struct fetch_request request = to_peer();
    request.reply_header = "Location";
    fetch(request);
    assert_int_equal(the.status, 302);
    assert_string_equal(the.location, "http://169.254.169.254/");
    peer_stop(the.peer);
    assert_int_equal(peer_requests(the.peer), 1);
}

static void a_proxy_in_the_environment_is_not_used(void **state)
{
    (void)state;
    setenv("http_proxy", "http://127.0.0.1:9", 1);
    serve((const char *const[]){ hello, NULL });
    fetch(to_peer());
    unsetenv("http_proxy");
    assert_int_equal(the.status, 200);
}

/* -- files and streams -- */

static void keep_progress(void *arg, int64_t sent_bytes, int64_t total_bytes)
{
    (void)arg;
    assert_true(sent_bytes > the.sent_bytes);
    the.sent_bytes = sent_bytes;
    the.total_bytes = total_bytes;
}

enum { FILE_BYTES = 300000 };

static int file_of_letters(void)
{
    int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    char *letters = mem_new(FILE_BYTES);
    for (int i = 0; i < FILE_BYTES; i++)
        letters[i] = (char)('a' + i % 23);
    assert_int_equal(write(fd, letters, FILE_BYTES), FILE_BYTES);
    free(letters);
    return fd;
}

static void a_file_is_sent_whole_and_its_progress_told(void **state)
{
    (void)state;
    serve((const char *const[]){ hello, NULL });
    int fd = file_of_letters();
    struct fetch_request request = to_peer();
    request.upload_fd = fd;
    request.on_progress = keep_progress;
    fetch(request);
    assert_int_equal(the.err.code, SPD_OK);
    assert_int_equal(the.sent_bytes, FILE_BYTES);
    assert_int_equal(the.total_bytes, FILE_BYTES);
    assert_true(heard("POST /path "));
    size_t bytes;
    const char *all = peer_heard(the.peer, &bytes);
    const char *sent = all + bytes - FILE_BYTES;
    for (int i = 0; i < FILE_BYTES; i++)
        if (sent[i] != 'a' + i % 23)
            fail_msg("byte %d differs", i);
    assert_int_equal(close(fd), 0); /* it is still ours */
}

static void a_file_that_became_shorter_fails_instead_of_hanging(void **state)
{
    (void)state;
    serve((const char *const[]){ hello, NULL });
    int fd = file_of_letters();
    struct fetch_request request = to_peer();
    request.upload_fd = fd;
    fetch_start(the.fetcher, &request);
    assert_int_equal(ftruncate(fd, 10), 0);
    turn_until_done(1);
    assert_int_equal(the.err.code, SPD_EIO);
    assert_non_null(strstr(the.err.text, "shorter"));
    close(fd);
}

static bool keep_piece(void *arg, spd_str piece)
{
    (void)arg;
    the.pieces++;
    buf_put(&the.stream, piece);
    return true;
}

static void a_stream_is_handed_on_piece_by_piece(void **state)
{
    (void)state;
    serve((const char *const[]){
        "CUTHTTP/1.1 200 OK\r\n\r\ndata: 1\n\ndata: 2\n\n", NULL });
    struct fetch_request request = to_peer();
    request.on_body = keep_piece;
    fetch(request);
    assert_int_equal(the.status, 200);
    assert_string_equal(the.body, "");
    assert_true(str_is(buf_str(&the.stream), "data: 1\n\ndata: 2\n\n"));
}

static bool want_no_more(void *arg, spd_str piece)
{
    (void)arg, (void)piece;
    the.pieces++;
    return false;
}

static void a_stream_nobody_wants_is_cancelled(void **state)
{
    (void)state;
    serve((const char *const[]){ hello, NULL });
    struct fetch_request request = to_peer();
    request.on_body = want_no_more;
    fetch(request);
    assert_int_equal(the.pieces, 1);
    assert_int_equal(the.err.code, SPD_ECANCELED);
}

/* -- limits -- */

static void an_answer_larger_than_allowed_is_refused(void **state)
{
    (void)state;
    serve((const char *const[]){ hello, NULL });
    struct fetch_request request = to_peer();
    request.max_reply_bytes = 5;
    fetch(request);
    assert_int_equal(the.status, 200);
    request.max_reply_bytes = 4;
    fetch(request);
    assert_int_equal(the.err.code, SPD_EIO);
    assert_int_equal(the.status, 0);
    assert_string_equal(the.err.text, "the answer of 127.0.0.1 is larger than "
                                      "the 4 bytes it may have");
}

static void of_a_long_answer_the_beginning_may_do(void **state)
{
    (void)state;
    serve((const char *const[]){ "CUTHTTP/1.1 202 Accepted\r\n"
                                 "Content-Length: 1000000000\r\n\r\nfirst",
                                 NULL });
    struct fetch_request request = to_peer();
    request.max_reply_bytes = 4;
    request.clip_reply = true;
    fetch(request);
    assert_int_equal(the.err.code, SPD_OK);
    assert_int_equal(the.status, 202);
}

static void a_flood_of_headers_is_refused(void **state)
{
    (void)state;
    struct buf flood = { 0 };
    buf_put(&flood, STR("HTTP/1.1 200 OK\r\n"));
    for (int i = 0; i < 3000; i++)
        buf_printf(&flood, "X-Flood-%d: a rather boring value\r\n", i);
    char *text = buf_take(&flood);
    serve((const char *const[]){ text, NULL });
    fetch(to_peer());
    assert_int_equal(the.err.code, SPD_EIO);
    assert_non_null(strstr(the.err.text, "headers"));
    peer_stop(the.peer);
    free(text);
}

static void silence_ends_at_the_deadline_of_the_loops_clock(void **state)
{
    (void)state;
    serve((const char *const[]){ "", NULL });
    struct fetch_request request = to_peer();
    fetch_start(the.fetcher, &request);
    loop_turn(the.loop, 0);
    fake_clock_advance(&the.clock, 19999);
    loop_turn(the.loop, 0);
    assert_int_equal(the.done, 0);
    fake_clock_advance(&the.clock, 1);
    loop_turn(the.loop, 0);
    assert_int_equal(the.done, 1);
    assert_int_equal(the.err.code, SPD_EIO);
    assert_string_equal(the.err.text, "127.0.0.1 did not answer in time; is it "
                                      "on, and is the network up?");
}

static void a_request_without_a_timeout_waits_for_ever(void **state)
{
    (void)state;
    serve((const char *const[]){ "", NULL });
    struct fetch_request request = to_peer();
    request.timeout_ms = -1;
    fetch_start(the.fetcher, &request);
    loop_turn(the.loop, 0);
    fake_clock_advance(&the.clock, 3600 * 1000);
    loop_turn(the.loop, 0);
    assert_int_equal(the.done, 0);
}

/* -- who may be talked to -- */

static void this_machine_is_refused_however_its_address_is_written(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0",
        "[::]",
        NULL,
    };
    serve((const char *const[]){ hello, NULL });
    for (const char *const *host = hosts; *host != NULL; host++) {
        char url[64];
        snprintf(url, sizeof(url), "http://%s:%d/", *host, peer_port(the.peer));
        struct fetch_request request = to_peer();
        request.url = url;
        request.allow = FETCH_PRIVATE;
        fetch(request);
        if (the.err.code != SPD_EINVAL)
            fail_msg("%s: status %d, %s", *host, the.status, the.err.text);
        assert_non_null(strstr(the.err.text, "was not contacted"));
    }
    peer_stop(the.peer);
    assert_int_equal(peer_connections(the.peer), 0);
}

static void metadata_is_refused_even_when_all_is_allowed(void **state)
{
    (void)state;
    struct fetch_request request = to_peer();
    request.url = "http://169.254.169.254/latest/meta-data/";
    request.allow = FETCH_PRIVATE | FETCH_LOOPBACK;
    fetch(request);
    assert_int_equal(the.err.code, SPD_EINVAL);
}

static void a_private_network_is_refused_unless_allowed(void **state)
{
    (void)state;
    struct fetch_request request = to_peer();
    request.url = "http://192.168.255.254/";
    request.allow = 0;
    fetch(request);
    assert_int_equal(the.err.code, SPD_EINVAL);
    assert_non_null(strstr(the.err.text, "private network"));
}

static void a_request_cannot_ride_on_a_connection_it_may_not_make(void **state)
{
    (void)state;
    serve((const char *const[]){ hello, NULL });
    fetch(to_peer());
    assert_int_equal(the.status, 200);
    fetch(to_peer());
    assert_int_equal(the.status, 200);

    struct fetch_request request = to_peer();
    request.allow = 0;
    fetch(request);
    assert_int_equal(the.err.code, SPD_EINVAL);
    peer_stop(the.peer);
    assert_int_equal(peer_requests(the.peer), 2);
    assert_int_equal(peer_connections(the.peer), 1); /* it was kept */
}

/* -- what goes wrong -- */

static void a_closed_port_is_named_with_its_host(void **state)
{
    (void)state;
    serve((const char *const[]){ hello, NULL });
    peer_stop(the.peer);
    fetch(to_peer());
    assert_int_equal(the.err.code, SPD_EIO);
    assert_ptr_equal(strstr(the.err.text, "127.0.0.1 cannot be reached"),
                     the.err.text);
}

static void an_answer_cut_off_is_a_failure_and_not_half_an_answer(void **state)
{
    (void)state;
    serve((const char *const[]){
        "CUTHTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhel", NULL });
    fetch(to_peer());
    assert_int_equal(the.err.code, SPD_EIO);
    assert_int_equal(the.status, 0);
    assert_non_null(strstr(the.err.text, "broke off"));
}

static void a_connection_closed_without_a_word_is_a_failure(void **state)
{
    (void)state;
    serve((const char *const[]){ "CUT", NULL });
    fetch(to_peer());
    assert_int_equal(the.err.code, SPD_EIO);
}

static void https_to_a_port_without_tls_says_so(void **state)
{
    (void)state;
    serve((const char *const[]){ "CUTno TLS here\r\n", NULL });
    char url[64];
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/", peer_port(the.peer));
    struct fetch_request request = to_peer();
    request.url = url;
    fetch(request);
    assert_int_equal(the.err.code, SPD_EIO);
    assert_non_null(strstr(the.err.text, "TLS"));
}

static void addresses_that_are_not_of_the_web_are_refused(void **state)
{
    (void)state;
    static const char *const urls[] = { "file:///etc/passwd",
                                        "ftp://x/",
                                        "gopher://x/",
                                        "nonsense://",
                                        "http://",
                                        "",
                                        NULL };
    for (const char *const *url = urls; *url != NULL; url++) {
        struct fetch_request request = to_peer();
        request.url = *url;
        fetch(request);
        if (the.err.code != SPD_EINVAL)
            fail_msg("%s: %s", *url, the.err.text);
    }
}

static void a_line_end_in_a_header_is_refused(void **state)
{
    (void)state;
    serve((const char *const[]){ hello, NULL });
    struct fetch_request request = to_peer();
    request.headers = (const char *const[]){ "X: 1\r\nX-Admin: yes", NULL };
    fetch(request);
    assert_int_equal(the.err.code, SPD_EINVAL);
    assert_false(heard("X-Admin"));
}

/* -- ending early -- */

static void cancelling_ends_the_requests_of_one_owner_at_once(void **state)
{
    (void)state;
    serve((const char *const[]){ "", NULL });
    struct fetch_request request = to_peer();
    fetch_start(the.fetcher, &request);
    loop_turn(the.loop, 10);
    fetch_start(the.fetcher, &request);
    request.owner = NULL;
    fetch_start(the.fetcher, &request);

    fetch_cancel(the.fetcher, &the);
    assert_int_equal(the.done, 2);
    assert_int_equal(the.err.code, SPD_ECANCELED);
    loop_turn(the.loop, 10);
    assert_int_equal(the.done, 2);
}

static bool cancel_inside(void *arg, spd_str piece)
{
    (void)arg, (void)piece;
    the.pieces++;
    fetch_cancel(the.fetcher, &the);
    return true;
}

static void a_stream_may_be_cancelled_from_its_own_callback(void **state)
{
    (void)state;
    serve((const char *const[]){ hello, NULL });
    struct fetch_request request = to_peer();
    request.on_body = cancel_inside;
    fetch(request);
    for (int i = 0; i < 10; i++)
        loop_turn(the.loop, 0);
    assert_int_equal(the.done, 1);
    assert_int_equal(the.pieces, 1);
    assert_int_equal(the.err.code, SPD_ECANCELED);
}

static void start_next(void *arg, const struct fetch_reply *reply)
{
    keep(arg, reply);
    struct fetch_request request = to_peer();
    fetch_start(the.fetcher, &request);
}

static void done_may_start_the_next_request(void **state)
{
    (void)state;
    serve((const char *const[]){ hello, NULL });
    struct fetch_request request = to_peer();
    request.done = start_next;
    fetch_start(the.fetcher, &request);
    turn_until_done(2);
    assert_int_equal(the.status, 200);
}

static void freeing_the_fetcher_ends_what_is_under_way(void **state)
{
    (void)state;
    serve((const char *const[]){ "", NULL });
    struct fetch_request request = to_peer();
    fetch_start(the.fetcher, &request);
    loop_turn(the.loop, 10);
    fetch_start(the.fetcher, &request);
    fetcher_free(the.fetcher);
    the.fetcher = NULL;
    assert_int_equal(the.done, 2);
    assert_int_equal(the.err.code, SPD_ECANCELED);
}

static void twenty_requests_in_two_batches_are_all_answered(void **state)
{
    (void)state;
    serve((const char *const[]){ hello, NULL });
    struct fetch_request request = to_peer();
    for (int i = 0; i < 10; i++)
        fetch_start(the.fetcher, &request);
    turn_until_done(10);
    for (int i = 0; i < 10; i++)
        fetch_start(the.fetcher, &request);
    turn_until_done(20);
    peer_stop(the.peer);
    assert_int_equal(peer_requests(the.peer), 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_brings_status_body_and_the_header_asked_for),
        TEST(an_error_status_is_an_answer_and_not_a_failure),
        TEST(a_body_is_posted_with_its_headers),
        TEST(the_method_is_sent_as_given),
        TEST(a_redirect_is_told_and_not_followed),
        TEST(a_proxy_in_the_environment_is_not_used),
        TEST(a_file_is_sent_whole_and_its_progress_told),
        TEST(a_file_that_became_shorter_fails_instead_of_hanging),
        TEST(a_stream_is_handed_on_piece_by_piece),
        TEST(a_stream_nobody_wants_is_cancelled),
        TEST(an_answer_larger_than_allowed_is_refused),
        TEST(of_a_long_answer_the_beginning_may_do),
        TEST(a_flood_of_headers_is_refused),
        TEST(silence_ends_at_the_deadline_of_the_loops_clock),
        TEST(a_request_without_a_timeout_waits_for_ever),
        TEST(this_machine_is_refused_however_its_address_is_written),
        TEST(metadata_is_refused_even_when_all_is_allowed),
        TEST(a_private_network_is_refused_unless_allowed),
        TEST(a_request_cannot_ride_on_a_connection_it_may_not_make),
        TEST(a_closed_port_is_named_with_its_host),
        TEST(an_answer_cut_off_is_a_failure_and_not_half_an_answer),
        TEST(a_connection_closed_without_a_word_is_a_failure),
        TEST(https_to_a_port_without_tls_says_so),
        TEST(addresses_that_are_not_of_the_web_are_refused),
        TEST(a_line_end_in_a_header_is_refused),
        TEST(cancelling_ends_the_requests_of_one_owner_at_once),
        TEST(a_stream_may_be_cancelled_from_its_own_callback),
        TEST(done_may_start_the_next_request),
        TEST(freeing_the_fetcher_ends_what_is_under_way),
        TEST(twenty_requests_in_two_batches_are_all_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
