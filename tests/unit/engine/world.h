/* The physical side of the random test: machines that print, refuse, forget
 * and lie, and parts that lie on plates. */
#ifndef TESTS_ENGINE_WORLD_H
#define TESTS_ENGINE_WORLD_H

#include <stdbool.h>
#include <stdint.h>

enum { PRINTERS = 3 };

struct world {
    uint64_t random;
    int64_t begun, finished_ours, foreign, lies, refused, never_began;
};
extern struct world world;

/* Uniform in [0, below). */
unsigned dice(unsigned below);

/* All machines at rest, out of reach, with empty plates. */
void world_reset(void);
/* What was asked of the machine since is taken up; then it does one random
 * thing of its own. */
void world_take_orders(void);
void world_move(int machine);
/* It behaves from now on, until nothing is left to do. */
void world_behave(int machine);
/* A person takes off what lies there; false: it is at work. */
bool world_clear_plate(int machine);

#endif
