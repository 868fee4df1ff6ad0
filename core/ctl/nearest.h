/* Names that somebody may have meant. */
#ifndef SPOOLD_CTL_NEAREST_H
#define SPOOLD_CTL_NEAREST_H

#include "base/buf.h"

enum { NEAREST_MAX = 3 };

struct nearest {
    spd_str word;
    spd_str names[NEAREST_MAX]; /* the nearest first; borrowed */
    unsigned distances[NEAREST_MAX];
    unsigned count;
};

/* Start with the word as typed: `struct nearest near = { .word = word };` */
void nearest_offer(struct nearest *near, spd_str name);

/* "; did you mean jobs.list or jobs.get?", or nothing. */
void nearest_put(const struct nearest *near, struct buf *out);

#endif
