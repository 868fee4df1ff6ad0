/* Lines of waiting jobs, in memory: sorted, for most come last and go first. */
#ifndef SPOOLD_ENGINE_LINE_H
#define SPOOLD_ENGINE_LINE_H

#include "shop/job.h"

struct ask;

struct waiter {
    int64_t id;
    struct queue_place place;
    int64_t start_ms;     /* not before */
    int64_t ship_by_ms;   /* 0: no date */
    int64_t estimated_ms; /* of one copy; 0: nobody knows */
    int64_t copies;       /* left to print */
    struct ask *ask;
    bool stands;    /* in its ask's line; else it waits for its hour */
    double grams[]; /* of each filament of its ask's plate */
};

/* Of the i-th filament, for one copy; 0: nobody knows. */
int64_t waiter_milligrams(const struct waiter *waiter, size_t i);

struct line {
    struct waiter **at; /* free() when done */
    size_t count, room;
};

typedef int line_order(const struct waiter *a, const struct waiter *b);
line_order line_by_place, line_by_hour;

/* How many stand before it. */
size_t line_before(const struct line *line, const struct waiter *waiter,
                   line_order *order);
/* How many do not stand behind this place; for a line by place. */
size_t line_upto(const struct line *line, const struct queue_place *place);

void line_put(struct line *line, struct waiter *waiter, line_order *order);
/* Many at once: at the end, wherever they belong, and then sorted. */
void line_add(struct line *line, struct waiter *waiter);
void line_sort(struct line *line, line_order *order);
void line_cut(struct line *line, size_t from, size_t count);

#endif
