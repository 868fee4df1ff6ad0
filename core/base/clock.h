/* What time it is: passed in, so that tests decide.
 *
 * Nothing else in the core asks the system for the time. */
#ifndef SPOOLD_BASE_CLOCK_H
#define SPOOLD_BASE_CLOCK_H

#include <stdint.h>

struct clock {
    /* Milliseconds that never go back, from an arbitrary start. */
    int64_t (*mono_ms)(const struct clock *clock);
    /* UTC milliseconds since 1970; may jump when somebody sets the clock. */
    int64_t (*wall_ms)(const struct clock *clock);
};

extern const struct clock clock_system; /* [any] thread */

static inline int64_t clock_mono_ms(const struct clock *clock)
{
    return clock->mono_ms(clock);
}

static inline int64_t clock_wall_ms(const struct clock *clock)
{
    return clock->wall_ms(clock);
}

/* A clock that stands still until it is told to move. */
struct fake_clock {
    struct clock clock; /* first: pass `&fake.clock` */
    int64_t mono_now_ms, wall_now_ms;
};

void fake_clock_init(struct fake_clock *fake, int64_t wall_ms);
void fake_clock_advance(struct fake_clock *fake, int64_t ms);

#endif
