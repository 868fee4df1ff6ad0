/* The physical side of the random test: machines that print, refuse, stall,
 * forget, lie and begin by themselves, spools that people change, and parts
 * that lie on plates.  It outlives a killed process. */
#ifndef TESTS_ENGINE_WORLD_H
#define TESTS_ENGINE_WORLD_H

#include "stage.h"

enum { PRINTERS = 3, SLOTS = 4 };

struct reel {
    const char *type, *color; /* type NULL: the slot is empty */
    double grams;
    bool is_sure; /* everything taken from it was ours, and told */
    unsigned number;
};

struct world {
    uint64_t random;
    int64_t begun, foreign, lies, refused, never_began, reboots, by_itself,
        stalls, repeats, drops, spools;
};
extern struct world *world;

/* Uniform in [0, below). */
unsigned dice(unsigned below);

/* All machines at rest, out of reach, with empty plates and full slots. */
void world_reset(void);
/* What was asked of the machine since is taken up; then it does one random
 * thing of its own. */
void world_take_orders(void);
void world_move(int machine);
/* It behaves from now on, until nothing is left to do. */
void world_behave(int machine);
/* A person takes off what lies there; false: it is at work. */
bool world_clear_plate(int machine);
bool world_bed_is_taken(int machine);
/* A person puts another spool in; false: it is at work. */
bool world_change_spool(int machine, int64_t slot);
/* Full spools of all there is, so that everything can be printed. */
void world_load_all(int machine);
const struct reel *world_reel(int machine, int64_t slot);
/* From what the job's print took, nobody knows how much is left. */
void world_doubt(int64_t job);

#endif
