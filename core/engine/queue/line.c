#include "engine/queue/line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int64_t waiter_milligrams(const struct waiter *waiter, size_t i)
{
    double grams = waiter->grams[i];
    return grams > 0 ? llround(grams * 1000) : 0;
}

static int compare(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* While several jobs that were moved change places, two may be seen at one. */
int line_by_place(const struct waiter *a, const struct waiter *b)
{
    int places = queue_place_compare(&a->place, &b->place);
    return places != 0 ? places : compare(a->id, b->id);
}

int line_by_hour(const struct waiter *a, const struct waiter *b)
{
    int hours = compare(a->start_ms, b->start_ms);
    return hours != 0 ? hours : compare(a->id, b->id);
}

size_t line_before(const struct line *line, const struct waiter *waiter,
                   line_order *order)
{
    size_t low = 0, high = line->count;
    if (high > 0 && order(line->at[high - 1], waiter) < 0)
        return high; /* most come last */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (order(line->at[middle], waiter) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void line_add(struct line *line, struct waiter *waiter)
{
    if (line->count == line->room) {
        line->room = line->room == 0 ? 1 : line->room * 2;
        line->at = mem_resize(line->at, line->room * sizeof(*line->at));
    }
    line->at[line->count++] = waiter;
}

void line_put(struct line *line, struct waiter *waiter, line_order *order)
{
    size_t before = line_before(line, waiter, order);
    line_add(line, waiter);
    memmove(line->at + before + 1, line->at + before,
            (line->count - 1 - before) * sizeof(*line->at));
    line->at[before] = waiter;
}

static int compare_at(const void *a, const void *b, void *order)
{
    line_order *const *by = order;
    return (*by)(*(struct waiter *const *)a, *(struct waiter *const *)b);
}

void line_sort(struct line *line, line_order *order)
{
    if (line->count > 1)
        qsort_r(line->at, line->count, sizeof(*line->at), compare_at, &order);
}

void line_cut(struct line *line, size_t from, size_t count)
{
    if (count == 0)
        return;
    line->count -= count;
    memmove(line->at + from, line->at + from + count,
            (line->count - from) * sizeof(*line->at));
}

size_t line_upto(const struct line *line, const struct queue_place *place)
{
    const struct waiter bound = { .id = INT64_MAX, .place = *place };
    return line_before(line, &bound, line_by_place);
}
