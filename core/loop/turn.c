/* How long a turn of the loop took, and who is to blame. */
#include "base/log.h"
#include "loop/loop_internal.h"

enum { LONG_MS = 5, SLOW_MS = 20, LOGGED_MS = 200 };

void turn_wake(struct turn *turn, int64_t now_ms)
{
    if (turn->awake)
        return;
    turn->awake = true;
    turn->holder_count = 0;
    turn->began_ms = turn->marked_ms = now_ms;
}

/* The row of the one who holds the loop; the last row serves all that come
 * when the table is full. */
static size_t holder_row(struct turn *turn)
{
    size_t i = 0;
    while (i < turn->holder_count && turn->holders[i].who != turn->who)
        i++;
    if (i == TURN_HOLDERS)
        return TURN_HOLDERS - 1;
    if (i == turn->holder_count) {
        turn->holders[i].who = turn->who;
        turn->holders[i].ms = 0;
        turn->holder_count++;
    }
    return i;
}

void turn_mark(struct turn *turn, int64_t now_ms)
{
    int64_t held_ms = now_ms - turn->marked_ms;
    turn->marked_ms = now_ms;
    if (held_ms > 0)
        turn->holders[holder_row(turn)].ms += held_ms;
}

static void log_slow(const struct turn *turn, int64_t took_ms)
{
    size_t most = 0;
    for (size_t i = 1; i < turn->holder_count; i++)
        if (turn->holders[i].ms > turn->holders[most].ms)
            most = i;
    const char *who = turn->holders[most].who;
    log_warn("loop", "nothing else was done for %lld ms; %lld ms of it in %s",
             (long long)took_ms, (long long)turn->holders[most].ms,
             who == NULL ? "the core" : who);
}

void turn_end(struct turn *turn, struct loop_health *health, int64_t now_ms)
{
    turn_mark(turn, now_ms);
    turn->awake = false;
    int64_t took_ms = now_ms - turn->began_ms;
    health->turns++;
    if (took_ms > health->longest_ms)
        health->longest_ms = took_ms;
    if (took_ms >= LONG_MS)
        health->long_turns++;
    if (took_ms > SLOW_MS)
        health->slow_turns++;
    if (took_ms > LOGGED_MS)
        log_slow(turn, took_ms);
}
