#include "ctl/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sample.h"

/* What was read, as "name=data;" one behind the other. */
static struct scene {
    struct event_reader reader;
    struct buf seen;
} the;

static void note(void *arg, spd_str name, spd_str data)
{
    (void)arg;
    buf_printf(&the.seen, "%.*s=%.*s;", STR_ARG(name), STR_ARG(data));
}

static int set_up(void **state)
{
    (void)state;
    memset(&the, 0, sizeof(the));
    the.reader.on_event = note;
    setenv("TZ", "XYZ-2", 1);
    tzset();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    event_reader_fini(&the.reader);
    buf_fini(&the.seen);
    return 0;
}

static void feed(const char *text)
{
    event_reader_feed(&the.reader, str_of(text));
}

static void an_event_ends_with_an_empty_line(void **state)
{
    (void)state;
    feed("id: 7\nevent: job.created\ndata: {}\n");
    check_str(buf_str(&the.seen), "");
    feed("\n");
    check_str(buf_str(&the.seen), "job.created={};");
    check_str(buf_str(&the.reader.last_id), "7");
}

static void pieces_may_break_anywhere(void **state)
{
    static const char text[] = ":hello\r\n\r\nid: 7\r\nevent: a\r\ndata: 1\r\n"
                               "data:2\r\n\r\nevent: b\ndata: 3\n\n";
    for (size_t size = 1; size < sizeof(text); size++) {
        tear_down(state);
        set_up(state);
        for (size_t at = 0; at < sizeof(text) - 1; at += size) {
            size_t left = sizeof(text) - 1 - at;
            event_reader_feed(
                &the.reader, (spd_str){ text + at, left < size ? left : size });
        }
        check_str(buf_str(&the.seen), "a=1\n2;b=3;");
    }
}

static void comments_keep_the_line_alive_and_nothing_else(void **state)
{
    (void)state;
    feed(":\n\n: still here\n\n");
    check_str(buf_str(&the.seen), "");
}

static void an_event_cut_by_a_lost_connection_is_not_counted(void **state)
{
    (void)state;
    feed("id: 1\ndata: a\n\nid: 2\ndata: b\n");
    event_reader_restart(&the.reader);
    check_str(buf_str(&the.reader.last_id), "1");
    feed("data: c\n\n");
    check_str(buf_str(&the.seen), "=a;=c;");
    check_str(buf_str(&the.reader.last_id), "1");
}

static void an_event_without_end_takes_no_more_memory(void **state)
{
    (void)state;
    char chunk[4096];
    memset(chunk, 'x', sizeof(chunk));
    feed("data: ");
    for (int i = 0; i < 1000; i++)
        event_reader_feed(&the.reader, (spd_str){ chunk, sizeof(chunk) });
    assert_true(the.reader.line.len <= EVENT_MAX_BYTES);
    feed("\n\nevent: a\ndata: 1\n\n");
    check_str(buf_str(&the.seen), "a=1;");
}

static void check_line(const char *name, const char *data, const char *line)
{
    struct buf out = { 0 };
    event_put(&out, str_of(name), str_of(data));
    check_str(buf_str(&out), line);
    buf_fini(&out);
}

static void an_event_is_shown_on_one_line(void **state)
{
    (void)state;
    check_line("print.started",
               "{\"seq\":9,\"at\":\"2026-11-22T21:10:29.500Z\",\"topic\":"
               "\"print.started\",\"who\":\"person/1\",\"data\":{\"job_id\":7,"
               "\"note\":null,\"name\":\"a\\nb\",\"parts\":[{\"x\":1}]}}",
               "2026-11-22 23:10:29  print.started  person/1  job_id=7 "
               "name=a b\n");
}

static void what_is_no_event_of_the_journal_is_shown_by_its_name(void **state)
{
    (void)state;
    check_line("reset", "{\"after\":7}", "reset  after=7\n");
    check_line("odd", "not json", "odd\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_event_ends_with_an_empty_line),
        TEST(pieces_may_break_anywhere),
        TEST(comments_keep_the_line_alive_and_nothing_else),
        TEST(an_event_cut_by_a_lost_connection_is_not_counted),
        TEST(an_event_without_end_takes_no_more_memory),
        TEST(an_event_is_shown_on_one_line),
        TEST(what_is_no_event_of_the_journal_is_shown_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
