#include "scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/log.h"
#include "base/mem.h"
#include "table.h"

enum { PATIENCE_TURNS = 3000 }; /* of a millisecond when nothing happens */

struct scene the;

/* -- building -- */

static void on_log(void *arg, enum spd_level level, const char *line)
{
    (void)arg, (void)level;
    snprintf(the.last_log, sizeof(the.last_log), "%s", line);
}

static bool admit(void *arg, const struct credentials *given,
                  struct actor *actor)
{
    static const struct {
        const char *word;
        enum spd_role role;
    } known[] = {
        { "viewer", SPD_VIEWER },
        { "operator", SPD_OPERATOR },
        { "admin", SPD_ADMIN },
    };
    (void)arg;
    the.admitted++;
    spd_str word = given->bearer.len > 0 ? given->bearer : given->cookie;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (!str_is(word, known[i].word))
            continue;
        actor->role = known[i].role;
        snprintf(actor->who, sizeof(actor->who), "person/%zu", i + 1);
        return true;
    }
    return false;
}

static bool is_set_up(void *arg)
{
    (void)arg;
    return the.is_set_up;
}

static int set_up(int64_t min_free_bytes)
{
    static const char *const hosts[] = { "farm.example", NULL };
    memset(&the, 0, sizeof(the));
    log_listen(on_log, NULL);
    crypt_start();
    fake_clock_init(&the.clock, 1767225600000);
    snprintf(the.folder, sizeof(the.folder), "/tmp/spoold-http-XXXXXX");
    if (mkdtemp(the.folder) == NULL)
        return -1;
    the.loop = loop_new(&the.clock.clock, NULL);
    struct spd_error err = { 0 };
    char folder[80];
    snprintf(folder, sizeof(folder), "%s/store", the.folder);
    struct store_options options = { .folder = folder,
                                     .map_bytes = 64 << 20,
                                     .min_free_bytes = min_free_bytes };
    the.store = store_open(the.loop, &options, &err);
    if (the.store == NULL) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    the.ops = ops_new(the.store);
    table_add(the.ops);
    the.is_set_up = true;
    the.options = (struct http_options){
        .listen = "127.0.0.1:0",
        .hosts = hosts,
        .admit = admit,
        .is_set_up = is_set_up,
    };
    return 0;
}

int scene_set_up(void **state)
{
    (void)state;
    return set_up(1);
}

int scene_set_up_full(void **state)
{
    (void)state;
    return set_up(INT64_MAX);
}

void scene_start(void)
{
    struct spd_error err = { 0 };
    the.http = http_new(the.loop, the.ops, the.store, &the.options, &err);
    if (the.http == NULL)
        fail_msg("%s", err.text);
}

void scene_stop(void)
{
    http_free(the.http);
    the.http = NULL;
}

static int remove_one(const char *path, const struct stat *info, int kind,
                      struct FTW *place)
{
    (void)info, (void)kind, (void)place;
    return remove(path);
}

int scene_tear_down(void **state)
{
    (void)state;
    if (the.waiting != NULL)
        call_end(the.waiting);
    scene_stop();
    table_remove(the.ops);
    ops_free(the.ops);
    store_close(the.store);
    loop_free(the.loop);
    log_listen(NULL, NULL);
    return nftw(the.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void turn(void)
{
    loop_turn(the.loop, 1);
}

/* -- a client -- */

int dial(void)
{
    const char *port = strrchr(http_url(the.http), ':') + 1;
    struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)atoi(port)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

void say_bytes(int fd, spd_str bytes)
{
    for (int i = 0; i < PATIENCE_TURNS && bytes.len > 0; i++) {
        ssize_t sent = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (sent > 0) {
            bytes.ptr += sent;
            bytes.len -= (size_t)sent;
        } else if (errno != EAGAIN)
            return; /* hung up on us: the test looks at what it heard */
        turn();
    }
}

void say(int fd, const char *fmt, ...)
{
    char text[4096];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    assert_in_range(len, 0, sizeof(text) - 1);
    say_bytes(fd, (spd_str){ text, (size_t)len });
}

/* One byte, so that nothing of a second answer is taken; false at the end. */
static bool hear_byte(int fd, char *byte)
{
    for (int i = 0; i < PATIENCE_TURNS; i++) {
        ssize_t got = recv(fd, byte, 1, 0);
        if (got == 1)
            return true;
        if (got == 0 || errno != EAGAIN)
            return false;
        turn();
    }
    fail_msg("nothing came in time");
    return false;
}

static bool hear_lines(int fd, struct buf *head)
{
    char byte;
    while (!str_ends(buf_str(head), STR("\r\n\r\n"))) {
        if (!hear_byte(fd, &byte))
            return false;
        buf_put_char(head, byte);
    }
    buf_put_char(head, '\0');
    return true;
}

static const struct answer *hear_answer(int fd, bool has_body)
{
    static struct answer answer;
    buf_clear(&answer.head);
    buf_clear(&answer.body);
    answer.status = 0;
    if (!hear_lines(fd, &answer.head)) {
        buf_put_char(&answer.head, '\0');
        buf_put_char(&answer.body, '\0');
        return &answer;
    }
    answer.status = atoi(answer.head.ptr + strlen("HTTP/1.1 "));
    size_t left = has_body && answer.status != 100
                      ? (size_t)atoi(header(&answer, "Content-Length"))
                      : 0;
    char byte;
    while (left-- > 0 && hear_byte(fd, &byte))
        buf_put_char(&answer.body, byte);
    buf_put_char(&answer.body, '\0');
    return &answer;
}

const struct answer *hear(int fd)
{
    return hear_answer(fd, true);
}

const struct answer *hear_head(int fd)
{
    return hear_answer(fd, false);
}

bool has_ended(int fd)
{
    for (int i = 0; i < 50; i++) {
        char byte;
        ssize_t got = recv(fd, &byte, 1, MSG_PEEK);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            return true;
        turn();
    }
    return false;
}

const char *hear_until(int fd, struct buf *heard, const char *text)
{
    char byte;
    buf_put_char(heard, '\0');
    heard->len--;
    bool has_come = strstr(heard->ptr, text) != NULL;
    while (!has_come) {
        if (!hear_byte(fd, &byte))
            fail_msg("the end came before \"%s\": %s", text, heard->ptr);
        buf_put(heard, (spd_str){ (char[2]){ byte, '\0' }, 2 });
        heard->len--;
        has_come = str_ends(buf_str(heard), str_of(text));
    }
    return heard->ptr;
}

const char *header(const struct answer *answer, const char *name)
{
    static char value[1024];
    char line[128];
    snprintf(line, sizeof(line), "\r\n%s: ", name);
    const char *at = strcasestr(answer->head.ptr, line);
    if (at == NULL)
        return "";
    at += strlen(line);
    snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\r"), at);
    return value;
}

const struct answer *ask(const char *method, const char *path,
                         const char *extra)
{
    int fd = dial();
    say(fd, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%s", method, path, extra,
        strstr(extra, "\r\n\r\n") == NULL ? "\r\n" : "");
    const struct answer *answer = hear_answer(fd, strcmp(method, "HEAD") != 0);
    close(fd);
    return answer;
}
