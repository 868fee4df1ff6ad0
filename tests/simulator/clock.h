/* Simulated time: real milliseconds in, simulated milliseconds out.
 *
 * It knows one line (a point and a slope) and refuses to know where real time
 * comes from: every function takes it as an argument, so a test is its own
 * clock. Thread: none of its own; call it from one thread. */
#ifndef SIM_CLOCK_H
#define SIM_CLOCK_H

#include <stdint.h>

#define CLOCK_NEVER INT64_MAX

struct sim_clock {
    int64_t real_ms; /* where the line was last bent */
    int64_t sim_ms;  /* the simulated time there */
    double factor;   /* simulated per real millisecond; 0 = by hand */
};

void clock_init(struct sim_clock *clock, int64_t real_ms, double factor);

int64_t clock_now(const struct sim_clock *clock, int64_t real_ms);

/* From now on simulated time runs `factor` times as fast as real time. */
void clock_set_factor(struct sim_clock *clock, int64_t real_ms, double factor);

/* Jump `sim_ms` forward. */
void clock_advance(struct sim_clock *clock, int64_t sim_ms);

/* Real milliseconds until the simulated moment `due_ms`, never negative;
 * CLOCK_NEVER when due_ms is CLOCK_NEVER or time stands still before it. */
int64_t clock_wait_ms(const struct sim_clock *clock, int64_t real_ms,
                      int64_t due_ms);

#endif
