#include "scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

/* -- the journal -- */

struct happening {
    const char *topic;
    spd_str data;
    int times;
};

static spd_err append(spd_txn *txn, void *arg, struct spd_error *err)
{
    const struct happening *happening = arg;
    struct change change = { happening->topic, STR("person/1") };
    int64_t seq;
    spd_err rc = SPD_OK;
    for (int i = 0; i < happening->times && rc == SPD_OK; i++)
        rc = journal_append(txn, &change, happening->data, &seq, err);
    return rc;
}

static void happen_often(const char *topic, const char *data, int times)
{
    struct happening happening = { topic, str_of(data), times };
    assert_int_equal(store_write_now(the.store, append, &happening, NULL),
                     SPD_OK);
}

static void happen(const char *topic, const char *data)
{
    happen_often(topic, data, 1);
}

/* -- a reader -- */

/* With HTTP/1.0 there are no chunks to take apart. */
static int follow(const char *query, const char *lines)
{
    int fd = dial();
    say(fd, "GET /api/events%s HTTP/1.0\r\nHost: localhost\r\n" TOKEN "%s\r\n",
        query, lines);
    const struct answer *answer = hear_head(fd);
    assert_int_equal(answer->status, 200);
    assert_string_equal(header(answer, "Content-Type"),
                        "text/event-stream; charset=utf-8");
    return fd;
}

static int occurrences(const char *text, const char *part)
{
    int count = 0;
    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        count++;
    return count;
}

/* -- what comes -- */

static void a_stream_begins_with_what_happens_from_now_on(void **state)
{
    (void)state;
    scene_start();
    happen("job.created", "{\"id\":1}");
    int fd = follow("", "");
    turn();
    happen("job.started", "{\"id\":2}");
    struct buf heard = { 0 };
    hear_until(fd, &heard, "{\"id\":2}}\n\n");
    assert_null(strstr(heard.ptr, "job.created"));
    assert_contains(heard.ptr, "id: 2\nevent: job.started\ndata: {\"seq\":2,");
    buf_fini(&heard);
    close(fd);
}

static void a_resumed_stream_has_no_gap_and_nothing_twice(void **state)
{
    (void)state;
    scene_start();
    happen_often("job.created", "{}", 700);
    int fd = follow("?after=1", "Last-Event-ID: 5\r\n");
    for (int i = 0; i < 14; i++)
        happen_often("job.started", "{}", 50);
    struct buf heard = { 0 };
    hear_until(fd, &heard, "id: 1400\nevent: ");
    const char *at = heard.ptr;
    for (int i = 6; i <= 1400; i++) {
        char line[32];
        snprintf(line, sizeof(line), "id: %d\nevent: ", i);
        at = strstr(at, line);
        assert_non_null(at);
    }
    assert_int_equal(occurrences(heard.ptr, "id: "), 1395);
    buf_fini(&heard);
    close(fd);
}

/* It came back to an unknown place, and missed what happened in between. */
static void
a_reader_cut_off_before_its_first_event_knows_its_place(void **state)
{
    (void)state;
    scene_start();
    happen("job.created", "{}");
    int fd = follow("", "");
    struct buf heard = { 0 };
    hear_until(fd, &heard, "id: 1\n\n");
    assert_null(strstr(heard.ptr, "data:"));
    buf_fini(&heard);
    close(fd);
}

static void a_stream_may_ask_for_some_topics_only(void **state)
{
    (void)state;
    scene_start();
    happen_often("printer.changed", "{}", 2500);
    happen("job.created", "{}");
    int fd = follow("?topic=job.*&after=0", "");
    struct buf heard = { 0 };
    hear_until(fd, &heard, "id: 2501\n");
    happen("printer.changed", "{}");
    happen("job.started", "{}");
    hear_until(fd, &heard, "id: 2503\n");
    assert_null(strstr(heard.ptr, "printer.changed"));
    buf_fini(&heard);
    close(fd);
}

static void an_event_larger_than_a_piece_comes_whole(void **state)
{
    (void)state;
    scene_start();
    char *data = mem_new(100000);
    memset(data, 'x', 99999);
    data[0] = data[99998] = '"';
    int fd = follow("", "");
    turn();
    happen("job.created", data);
    happen("job.started", "{}");
    struct buf heard = { 0 };
    hear_until(fd, &heard, "id: 2\n");
    assert_contains(heard.ptr, data);
    buf_fini(&heard);
    free(data);
    close(fd);
}

static void a_place_that_the_journal_does_not_have_is_told(void **state)
{
    (void)state;
    scene_start();
    happen("job.created", "{}");
    int fd = follow("?after=900", "");
    struct buf heard = { 0 };
    hear_until(fd, &heard, "event: reset\ndata: {\"after\":1}\n\n");
    happen("job.started", "{}");
    hear_until(fd, &heard, "id: 2\n");
    buf_fini(&heard);
    close(fd);
}

static void a_quiet_stream_gets_a_comment_every_15_seconds(void **state)
{
    (void)state;
    scene_start();
    int fd = follow("", "");
    struct buf heard = { 0 };
    hear_until(fd, &heard, "id: 0\n\n");
    for (int i = 0; i < 3; i++) {
        buf_clear(&heard);
        fake_clock_advance(&the.clock, 14000);
        turn();
        char byte;
        assert_int_equal(recv(fd, &byte, 1, 0), -1);
        fake_clock_advance(&the.clock, 1000);
        hear_until(fd, &heard, ":\n\n");
    }
    buf_fini(&heard);
    close(fd);
}

static void nonsense_instead_of_a_place_is_refused(void **state)
{
    static const char *const queries[] = { "?after=x", "?after=-1", "?a=1" };
    (void)state;
    scene_start();
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        char path[64];
        snprintf(path, sizeof(path), "/api/events%s", queries[i]);
        assert_int_equal(ask("GET", path, TOKEN)->status, 400);
    }
    assert_int_equal(http_counts(the.http).streams, 0);
}

/* -- bounds -- */

static void the_sixty_fifth_stream_is_refused_until_one_ends(void **state)
{
    (void)state;
    scene_start();
    int fds[64];
    for (int i = 0; i < 64; i++)
        fds[i] = follow("", "");
    assert_int_equal(http_counts(the.http).streams, 64);
    assert_int_equal(ask("GET", "/api/events", TOKEN)->status, 429);
    close(fds[0]);
    fake_clock_advance(&the.clock, 15000); /* a comment finds it gone */
    for (int i = 0; i < 100 && http_counts(the.http).streams == 64; i++) {
        fake_clock_advance(&the.clock, 15000);
        turn();
    }
    fds[0] = follow("", "");
    for (int i = 0; i < 64; i++)
        close(fds[i]);
}

static void a_reader_that_does_not_read_costs_no_memory(void **state)
{
    (void)state;
    scene_start();
    int fd = follow("", "");
    char *data = mem_new(50000);
    memset(data, '1', 49999);
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 40; i++) { /* 20 MB */
        happen_often("job.created", data, 10);
        turn();
    }
    assert_true(mallinfo2().uordblks < before + 2000000);
    int other = follow("?after=399", "");
    struct buf heard = { 0 };
    hear_until(other, &heard, "id: 400\n");
    assert_in_range(heard.len, 0, 1000);
    buf_clear(&heard);
    /* What it did not read waits in the journal, and only there. */
    static char bytes[65536];
    int64_t total = 0;
    for (int i = 0; i < 20000 && total < 400 * INT64_C(49999); i++) {
        ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
        total += got > 0 ? got : 0;
        turn();
    }
    assert_true(total >= 400 * INT64_C(49999));
    buf_fini(&heard);
    free(data);
    close(fd);
    close(other);
}

static void streams_end_when_the_server_does(void **state)
{
    (void)state;
    scene_start();
    int fds[10];
    for (int i = 0; i < 10; i++) {
        fds[i] = dial();
        say(fds[i],
            "GET /api/events HTTP/1.1\r\nHost: localhost\r\n" TOKEN "\r\n");
        assert_int_equal(hear_head(fds[i])->status, 200);
    }
    scene_stop();
    for (int i = 0; i < 10; i++) {
        struct buf heard = { 0 };
        hear_until(fds[i], &heard, "7\r\nid: 0\n\n\r\n0\r\n\r\n");
        assert_true(has_ended(fds[i]));
        buf_fini(&heard);
        close(fds[i]);
    }
}

static void a_stream_is_only_for_those_who_may(void **state)
{
    (void)state;
    scene_start();
    assert_int_equal(ask("GET", "/api/events", "")->status, 401);
    int fd = dial();
    say(fd, "HEAD /api/events HTTP/1.1\r\nHost: localhost\r\n" TOKEN "\r\n");
    assert_int_equal(hear_head(fd)->status, 200);
    assert_int_equal(http_counts(the.http).streams, 0);
    close(fd);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, scene_set_up, scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_stream_begins_with_what_happens_from_now_on),
        TEST(a_resumed_stream_has_no_gap_and_nothing_twice),
        TEST(a_reader_cut_off_before_its_first_event_knows_its_place),
        TEST(a_stream_may_ask_for_some_topics_only),
        TEST(an_event_larger_than_a_piece_comes_whole),
        TEST(a_place_that_the_journal_does_not_have_is_told),
        TEST(a_quiet_stream_gets_a_comment_every_15_seconds),
        TEST(nonsense_instead_of_a_place_is_refused),
        TEST(the_sixty_fifth_stream_is_refused_until_one_ends),
        TEST(a_reader_that_does_not_read_costs_no_memory),
        TEST(streams_end_when_the_server_does),
        TEST(a_stream_is_only_for_those_who_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
