#include "engine/line.h"

#include <string.h>

static int compare(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

int line_by_place(const struct waiter *a, const struct waiter *b)
{
    return queue_place_compare(&a->place, &b->place);
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

void line_put(struct line *line, struct waiter *waiter, line_order *order)
{
    size_t before = line_before(line, waiter, order);
    if (line->count == line->room) {
        line->room = line->room == 0 ? 1 : line->room * 2;
        line->at = mem_resize(line->at, line->room * sizeof(*line->at));
    }
    memmove(line->at + before + 1, line->at + before,
            (line->count - before) * sizeof(*line->at));
    line->at[before] = waiter;
    line->count++;
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
    const struct waiter bound = { .place = *place };
    size_t count = line_before(line, &bound, line_by_place);
    bool is_there =
        count < line->count && line_by_place(line->at[count], &bound) == 0;
    return count + (is_there ? 1 : 0);
}
