#include "clock.h"

#include <assert.h>
#include <math.h>

void clock_init(struct sim_clock *clock, int64_t real_ms, double factor)
{
    assert(factor >= 0);
    *clock = (struct sim_clock){ .real_ms = real_ms, .factor = factor };
}

int64_t clock_now(const struct sim_clock *clock, int64_t real_ms)
{
    double passed_ms = (double)(real_ms - clock->real_ms) * clock->factor;
    return clock->sim_ms + (int64_t)passed_ms;
}

void clock_set_factor(struct sim_clock *clock, int64_t real_ms, double factor)
{
    assert(factor >= 0);
    clock->sim_ms = clock_now(clock, real_ms);
    clock->real_ms = real_ms;
    clock->factor = factor;
}

void clock_advance(struct sim_clock *clock, int64_t sim_ms)
{
    assert(sim_ms >= 0);
    clock->sim_ms += sim_ms;
}

int64_t clock_wait_ms(const struct sim_clock *clock, int64_t real_ms,
                      int64_t due_ms)
{
    if (due_ms == CLOCK_NEVER)
        return CLOCK_NEVER;
    int64_t left_ms = due_ms - clock_now(clock, real_ms);
    if (left_ms <= 0)
        return 0;
    if (clock->factor <= 0)
        return CLOCK_NEVER;
    return (int64_t)ceil((double)left_ms / clock->factor);
}
