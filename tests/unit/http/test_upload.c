#include "scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

enum { PIECE_BYTES = 1 << 20 };

static void say_megabytes(int fd, int count)
{
    char *piece = mem_new(PIECE_BYTES);
    memset(piece, 'x', PIECE_BYTES);
    for (int i = 0; i < count; i++)
        say_bytes(fd, (spd_str){ piece, PIECE_BYTES });
    free(piece);
}

static int begin_upload(long long bytes)
{
    int fd = dial();
    say(fd,
        "POST /api/files?name=a%%20part.3mf HTTP/1.1\r\nHost: "
        "localhost\r\n" TOKEN "Content-Length: %lld\r\n\r\n",
        bytes);
    return fd;
}

/* Files, at any depth, that the store holds of uploads under way. */
static int files_below(const char *folder)
{
    int count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        char path[1024];
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        count += e->d_type == DT_DIR ? files_below(path) : 1;
    }
    if (dir != NULL)
        closedir(dir);
    return count;
}

static void an_upload_reaches_its_operation_with_its_name(void **state)
{
    (void)state;
    scene_start();
    int fd = begin_upload(3 * PIECE_BYTES);
    say_megabytes(fd, 3);
    const struct answer *answer = hear(fd);
    assert_int_equal(answer->status, 200);
    assert_string_equal(answer->body.ptr,
                        "{\"name\":\"a part.3mf\",\"bytes\":3145728}");
    close(fd);
}

static void an_upload_in_chunks_is_one_as_well(void **state)
{
    (void)state;
    scene_start();
    const struct answer *answer =
        ask("POST", "/api/files?name=a",
            TOKEN "Transfer-Encoding: chunked\r\n\r\n"
                  "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n");
    assert_string_equal(answer->body.ptr, "{\"name\":\"a\",\"bytes\":6}");
}

static void an_upload_without_a_name_is_refused_unread(void **state)
{
    (void)state;
    scene_start();
    assert_int_equal(
        ask("POST", "/api/files", TOKEN "Content-Length: 5\r\n\r\nhello")
            ->status,
        400);
    assert_int_equal(http_counts(the.http).body_bytes, 0);
}

static void a_form_is_not_the_file(void **state)
{
    (void)state;
    scene_start();
    const struct answer *answer =
        ask("POST", "/api/files?name=a",
            TOKEN "Content-Type: multipart/form-data; boundary=x\r\n"
                  "Content-Length: 5\r\n\r\nhello");
    assert_int_equal(answer->status, 415);
    assert_contains(answer->body.ptr, "send the file itself");
}

static void an_upload_that_is_cut_off_leaves_nothing(void **state)
{
    (void)state;
    scene_start();
    int before = files_below(the.folder);
    int fd = begin_upload(3 * PIECE_BYTES);
    say_megabytes(fd, 1);
    assert_int_equal(files_below(the.folder), before + 1);
    close(fd);
    for (int i = 0; i < 200; i++)
        turn();
    /* libmicrohttpd misses an end that comes together with the last bytes; the
     * body's time-out does not. */
    fake_clock_advance(&the.clock, 30000);
    for (int i = 0; i < 5; i++)
        turn();
    assert_int_equal(files_below(the.folder), before);
    assert_int_equal(the.ran, 0);
}

static void an_upload_beyond_its_bound_is_ended_while_it_comes(void **state)
{
    (void)state;
    the.options.max_upload_bytes = 2 * PIECE_BYTES;
    scene_start();
    int before = files_below(the.folder);
    int fd = begin_upload(2 * PIECE_BYTES + 1);
    assert_int_equal(hear(fd)->status, 413);
    close(fd);
    fd = dial();
    say(fd, "POST /api/files?name=a HTTP/1.1\r\nHost: localhost\r\n" TOKEN
            "Transfer-Encoding: chunked\r\n\r\n300000\r\n");
    say_megabytes(fd, 3);
    assert_int_equal(hear(fd)->status, 413);
    assert_true(has_ended(fd));
    assert_int_equal(files_below(the.folder), before);
    close(fd);
}

static void an_upload_to_a_full_disk_is_refused_unread(void **state)
{
    (void)state;
    scene_start();
    int fd = begin_upload(3 * PIECE_BYTES);
    const struct answer *answer = hear(fd);
    assert_int_equal(answer->status, 503);
    assert_contains(answer->body.ptr, "\"code\":\"unavailable\"");
    assert_int_equal(http_counts(the.http).body_bytes, 0);
    close(fd);
}

/* -- memory: in a process of its own, whose highest mark begins low -- */

static long high_water_kib(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long kib = 0;
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return kib;
}

/* How much more memory the second hundred megabytes took than the first ten,
 * in MiB. */
static int upload_in_this_process(void)
{
    void *state = NULL;
    if (scene_set_up(&state) != 0)
        return 99;
    scene_start();
    int fd = begin_upload(10 * PIECE_BYTES);
    say_megabytes(fd, 10);
    hear(fd);
    close(fd);
    long before_kib = high_water_kib();
    fd = begin_upload(100 * PIECE_BYTES);
    say_megabytes(fd, 100);
    bool is_there = strstr(hear(fd)->body.ptr, "104857600") != NULL;
    close(fd);
    long grown_mib = (high_water_kib() - before_kib) / 1024;
    scene_tear_down(&state);
    return is_there ? (int)grown_mib : 98;
}

static void a_hundred_megabytes_take_no_memory(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0)
        _exit(upload_in_this_process());
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_in_range(WEXITSTATUS(status), 0, 8);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, scene_set_up, scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_megabytes_take_no_memory),
        TEST(an_upload_reaches_its_operation_with_its_name),
        TEST(an_upload_in_chunks_is_one_as_well),
        TEST(an_upload_without_a_name_is_refused_unread),
        TEST(a_form_is_not_the_file),
        TEST(an_upload_that_is_cut_off_leaves_nothing),
        TEST(an_upload_beyond_its_bound_is_ended_while_it_comes),
        cmocka_unit_test_setup_teardown(
            an_upload_to_a_full_disk_is_refused_unread, scene_set_up_full,
            scene_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
