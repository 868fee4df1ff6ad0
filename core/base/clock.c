#include "base/clock.h"

#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_mono_ms(const struct clock *clock)
{
    (void)clock;
    return read_ms(CLOCK_MONOTONIC);
}

static int64_t system_wall_ms(const struct clock *clock)
{
    (void)clock;
    return read_ms(CLOCK_REALTIME);
}

const struct clock clock_system = { system_mono_ms, system_wall_ms };

static int64_t fake_mono_ms(const struct clock *clock)
{
    return ((const struct fake_clock *)clock)->mono_now_ms;
}

static int64_t fake_wall_ms(const struct clock *clock)
{
    return ((const struct fake_clock *)clock)->wall_now_ms;
}

void fake_clock_init(struct fake_clock *fake, int64_t wall_ms)
{
    *fake = (struct fake_clock){
        .clock = { fake_mono_ms, fake_wall_ms },
        .mono_now_ms = 1000,
        .wall_now_ms = wall_ms,
    };
}

void fake_clock_advance(struct fake_clock *fake, int64_t ms)
{
    fake->mono_now_ms += ms;
    fake->wall_now_ms += ms;
}
