#include "script/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/frame.h"
#include "base/mem.h"

enum { ITS_SOCKET = 3, READ_BYTES = 64 * 1024, READS_A_TURN = 4 };

struct process {
    struct loop *loop;
    struct process_options options;
    pid_t pid; /* 0: it has ended */
    int fd;
    struct watch *watch;
    struct buf in, out;
    size_t sent; /* of out */
    struct loop_after flush;
};

/* -- starting -- */

/* It sees no environment but where the shop is. */
static spd_err spawn(struct process *process, int socket, struct spd_error *err)
{
    const char *program = process->options.program;
    const char *zone = getenv("TZ");
    char time_zone[128];
    snprintf(time_zone, sizeof(time_zone), "TZ=%s", zone == NULL ? "" : zone);
    char *const args[] = { (char[]){ "spoold-rules" }, NULL };
    char *const environment[] = { zone == NULL ? NULL : time_zone, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, socket, ITS_SOCKET);
    for (int fd = 0; fd < ITS_SOCKET; fd++)
        posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", 2, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions, ITS_SOCKET + 1);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int rc = posix_spawn(&process->pid, program, &actions, &attributes, args,
                         environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (rc == 0)
        return SPD_OK;
    process->pid = 0;
    return error_set(err, rc == ENOENT ? SPD_ENOTFOUND : SPD_EIO,
                     "%s cannot be started: %s", program, strerror(rc));
}

static watch_fn on_ready;

struct process *process_start(struct loop *loop,
                              const struct process_options *options,
                              struct spd_error *err)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                   ends) != 0) {
        error_set(err, SPD_EIO, "no socket for %s: %s", options->program,
                  strerror(errno));
        return NULL;
    }
    /* Its end is not to be the one that dup2 leaves as it is, CLOEXEC and all;
     * and it waits on it. */
    int its = fcntl(ends[1], F_DUPFD_CLOEXEC, ITS_SOCKET + 1);
    close(ends[1]);
    struct process *process = mem_new(sizeof(*process));
    process->loop = loop;
    process->options = *options;
    process->fd = ends[0];
    spd_err rc = its < 0 || fcntl(its, F_SETFL, 0) != 0
                     ? error_set(err, SPD_EIO, "no socket for %s: %s",
                                 options->program, strerror(errno))
                     : spawn(process, its, err);
    if (its >= 0)
        close(its);
    if (rc != SPD_OK) {
        close(process->fd);
        free(process);
        return NULL;
    }
    process->watch =
        watch_new(loop, process->fd, true, false, on_ready, process);
    return process;
}

/* -- ending -- */

/* Waits: it has been killed, or has closed its end, which it only does as it
 * ends. */
static void reap(struct process *process, char how[64])
{
    int status = 0;
    kill(process->pid, SIGKILL);
    while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    process->pid = 0;
    if (WIFSIGNALED(status))
        snprintf(how, 64, "was killed (signal %d)", WTERMSIG(status));
    else
        snprintf(how, 64, "ended (status %d)", WEXITSTATUS(status));
}

static void on_end(struct process *process)
{
    char how[64];
    watch_free(process->watch);
    process->watch = NULL;
    reap(process, how);
    process->options.ended(process->options.arg, how);
}

void process_free(struct process *process)
{
    char how[64];
    if (process == NULL)
        return;
    loop_after_cancel(process->loop, &process->flush);
    watch_free(process->watch);
    if (process->pid != 0)
        reap(process, how);
    close(process->fd);
    buf_fini(&process->in);
    buf_fini(&process->out);
    free(process);
}

void process_kill(struct process *process)
{
    if (process->pid != 0)
        kill(process->pid, SIGKILL);
}

/* -- speaking -- */

static void write_out(struct process *process)
{
    struct buf *out = &process->out;
    if (process->watch == NULL)
        return;
    while (process->sent < out->len) {
        ssize_t sent = send(process->fd, out->ptr + process->sent,
                            out->len - process->sent, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            break; /* later, or its end will be seen */
        process->sent += (size_t)sent;
    }
    bool all = process->sent == out->len;
    if (all) {
        buf_clear(out);
        process->sent = 0;
    }
    watch_set(process->watch, true, !all);
}

static void on_flush(void *arg)
{
    write_out(arg);
}

void process_send(struct process *process, spd_str text)
{
    frame_put(&process->out, text);
    process->flush.fn = on_flush;
    process->flush.arg = process;
    loop_after_turn(process->loop, &process->flush);
}

/* False: it speaks nonsense. */
static bool hear(struct process *process)
{
    spd_str text, rest = buf_str(&process->in);
    enum frame_found found;
    while ((found = frame_next(&rest, &text)) == FRAME_WHOLE)
        process->options.said(process->options.arg, text);
    memmove(process->in.ptr, rest.ptr, rest.len);
    process->in.len = rest.len;
    return found == FRAME_PART;
}

static void on_ready(void *arg, bool readable, bool writable)
{
    struct process *process = arg;
    ssize_t got = 1;
    if (writable)
        write_out(process);
    for (int i = 0; readable && i < READS_A_TURN && got > 0; i++) {
        char *room = buf_room(&process->in, READ_BYTES);
        got = recv(process->fd, room, READ_BYTES, 0);
        if (got > 0)
            process->in.len += (size_t)got;
        if (got > 0 && !hear(process))
            got = 0;
    }
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        on_end(process);
}

/* -- about it -- */

int64_t process_used_ms(const struct process *process)
{
    clockid_t clock;
    struct timespec used;
    if (process->pid == 0 || clock_getcpuclockid(process->pid, &clock) != 0 ||
        clock_gettime(clock, &used) != 0)
        return 0;
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

int64_t process_id(const struct process *process)
{
    return process->pid;
}
