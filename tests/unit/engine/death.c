#include "death.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stage.h"

/* Pointers into the memory of the process that was. */
static void forget(void)
{
    the.shop = (struct shop){ 0 };
    the.engine = NULL;
    the.reply = the.news = (struct buf){ 0 };
    the.arena = (struct arena){ 0 };
    for (int i = 0; i < MACHINES; i++) {
        struct machine *machine = &the.machines[i];
        machine->printer = NULL;
        machine->upload = machine->start = machine->stop = NULL;
    }
}

/* An assertion ends the child there, and not in its copy of the runner. */
static void live(void (*life)(void))
{
    setenv("CMOCKA_TEST_ABORT", "1", 1);
    life();
    fflush(NULL);
    _exit(0);
}

bool was_killed(void (*life)(void))
{
    int status = 0;
    arena_fini(&the.arena);
    buf_fini(&the.reply);
    buf_fini(&the.news);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        live(life);
    assert_int_equal(waitpid(child, &status, 0), child);
    forget();
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return true;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the life before ended with status %#x", (unsigned)status);
    return false;
}

void die_at(const char *place, const char *side)
{
    char wish[80];
    snprintf(wish, sizeof(wish), "%s.%s", place, side);
    setenv("SPOOLD_CRASH", wish, 1);
}

void die(void)
{
    raise(SIGKILL);
}
