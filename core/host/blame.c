#include "host/blame.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

enum { NEAR_S = 10 * 60, FILE_MAX_BYTES = 64 * 1024 };

static const int deadly[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
enum { DEADLY = sizeof(deadly) / sizeof(deadly[0]) };

/* A signal handler has nothing but globals. */
static struct sigaction before[DEADLY];
static char crash_file[PATH_MAX];
static const struct loop *watched;
static _Thread_local const char *volatile running;

const char *blame_set(const char *who)
{
    const char *was = running;
    running = who;
    return was;
}

/* -- in the handler: nothing but async-signal-safe calls -- */

static size_t put_number(char *out, uint64_t number)
{
    char digits[20];
    size_t count = 0, len = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    while (count > 0)
        out[len++] = digits[--count];
    return len;
}

static void say(int fd, const char *text)
{
    ssize_t ignored = write(fd, text, strlen(text));
    (void)ignored;
}

static void remember(const char *who)
{
    char line[128];
    size_t len = put_number(line, (uint64_t)time(NULL));
    size_t name = strnlen(who, sizeof(line) - len - 2);
    line[len++] = ' ';
    memcpy(line + len, who, name);
    len += name;
    line[len++] = '\n';
    int fd = open(crash_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    ssize_t ignored = write(fd, line, len);
    (void)ignored;
    close(fd);
}

/* Returning lets the fault happen again, under the handler before ours. */
static void on_deadly(int number)
{
    const char *who = running;
    if (who == NULL && loop_is_here(watched))
        who = loop_holder(watched);
    for (size_t i = 0; i < DEADLY; i++)
        if (deadly[i] == number)
            sigaction(number, &before[i], NULL);
    if (who == NULL)
        return;
    say(STDERR_FILENO, "spoold: crashed in the plugin ");
    say(STDERR_FILENO, who);
    say(STDERR_FILENO, "\n");
    remember(who);
}

void blame_watch(const char *path, const struct loop *loop)
{
    watched = loop;
    snprintf(crash_file, sizeof(crash_file), "%s", path);
    /* SA_ONSTACK: of use where a thread has a stack for it. */
    struct sigaction action = { .sa_handler = on_deadly,
                                .sa_flags = SA_ONSTACK };
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < DEADLY; i++)
        sigaction(deadly[i], &action, &before[i]);
}

void blame_unwatch(void)
{
    for (size_t i = 0; i < DEADLY; i++)
        sigaction(deadly[i], &before[i], NULL);
}

/* -- at the next start -- */

/* The last two crashes of `who`; 0 where there was none. */
struct last_two {
    int64_t last_s, before_s;
};

static struct last_two read_crashes(spd_str text, const char *who,
                                    struct buf *others)
{
    struct last_two two = { 0 };
    while (text.len > 0) {
        spd_str line = str_cut(&text, '\n'), name = line;
        int64_t at_s;
        if (!str_to_int(str_cut(&name, ' '), &at_s))
            continue;
        if (str_is(name, who)) {
            two.before_s = two.last_s;
            two.last_s = at_s;
        } else {
            buf_put(others, line);
            buf_put_char(others, '\n');
        }
    }
    return two;
}

bool blame_is_due(const char *path, const char *who)
{
    struct buf text = { 0 }, others = { 0 };
    bool is_due = false;
    spd_err rc = file_read(path, FILE_MAX_BYTES, &text, NULL);
    if (rc == SPD_EINVAL) /* years of crashes: begin anew */
        file_write(path, STR(""), 0600, NULL);
    if (rc == SPD_OK) {
        struct last_two two = read_crashes(buf_str(&text), who, &others);
        is_due = two.before_s != 0 && two.last_s - two.before_s <= NEAR_S;
    }
    if (is_due)
        file_write(path, buf_str(&others), 0600, NULL);
    buf_fini(&others);
    buf_fini(&text);
    return is_due;
}
