/* Which job will be the first to find none: the lines of all that need a
 * filament are gone through in the queue's order, only as far as it lasts.
 * Those that wait for their hour come behind, by their hours. */
#include <stdlib.h>

#include "engine/queue/supply.h"

/* A line of jobs, as far as it was gone through. */
struct head {
    const struct line *line;
    size_t at;
};

static const struct waiter *first_of(const struct head *head)
{
    return head->line->at[head->at];
}

static bool is_before(const struct head *a, const struct head *b)
{
    return line_by_place(first_of(a), first_of(b)) < 0;
}

/* -- the heads as a heap: the first job on top -- */

static void sink(struct supply *supply, size_t i)
{
    struct head *heads = supply->heads;
    for (;;) {
        size_t least = i, left = 2 * i + 1, right = 2 * i + 2;
        if (left < supply->head_count && is_before(&heads[left], &heads[least]))
            least = left;
        if (right < supply->head_count &&
            is_before(&heads[right], &heads[least]))
            least = right;
        if (least == i)
            return;
        struct head moved = heads[i];
        heads[i] = heads[least];
        heads[least] = moved;
        i = least;
    }
}

static void make_heap(struct supply *supply)
{
    for (size_t i = supply->head_count / 2; i > 0; i--)
        sink(supply, i - 1);
}

/* NULL: there are no more. */
static const struct waiter *take_first(struct supply *supply)
{
    if (supply->head_count == 0)
        return NULL;
    struct head *top = &supply->heads[0];
    const struct waiter *waiter = first_of(top);
    if (++top->at == top->line->count)
        *top = supply->heads[--supply->head_count];
    sink(supply, 0);
    return waiter;
}

static void add_head(struct supply *supply, const struct line *line)
{
    if (supply->head_count == supply->head_room) {
        supply->head_room = supply->head_room * 2 + 4;
        supply->heads =
            mem_resize(supply->heads, supply->head_room * sizeof(struct head));
    }
    supply->heads[supply->head_count++] = (struct head){ line, 0 };
}

static void see_ask(void *arg, const struct ask *ask)
{
    const struct survey *survey = arg;
    for (size_t i = 0; i < ask->plate.filaments.count && ask->line.count > 0;
         i++) {
        const struct filament *of = &ask->pools[i]->of;
        struct supply *supply = survey_find(survey, of->type, of->color);
        if (supply != NULL && supply->short_grams > 0 &&
            ask_is_first_of_pool(ask, i))
            add_head(supply, &ask->line);
    }
}

/* -- how far it lasts -- */

struct going {
    struct supply *supply;
    double left_grams;
    int64_t passed_ms; /* of the prints before, one after the other */
    int64_t now_ms;
};

static double grams_for(const struct supply *supply,
                        const struct waiter *waiter)
{
    const struct ask *ask = waiter->ask;
    double grams = 0;
    for (size_t i = 0; i < ask->plate.filaments.count; i++)
        if (ask->pools[i] == supply->pool)
            grams += (double)waiter_milligrams(waiter, i) / 1000;
    return grams;
}

/* True: for this one there is not enough. */
static bool ends_at(struct going *going, const struct waiter *waiter)
{
    struct supply *supply = going->supply;
    int64_t printers = supply->printers > 0 ? supply->printers : 1;
    double grams = grams_for(supply, waiter);
    going->left_grams -= grams * (double)waiter->copies;
    if (grams == 0 || going->left_grams > -0.0005) {
        going->passed_ms +=
            grams > 0 ? waiter->estimated_ms * waiter->copies : 0;
        return false;
    }
    int64_t at_ms = going->now_ms + going->passed_ms / printers;
    supply->runs_out_job_id = waiter->id;
    supply->runs_out_at = at_ms > waiter->start_ms ? at_ms : waiter->start_ms;
    return true;
}

static void find_end(const struct survey *survey, struct supply *supply)
{
    const struct line *asleep = waiting_asleep(survey->engine->waiting);
    struct going going = {
        .supply = supply,
        .left_grams = supply->shelf_grams + supply->loaded_grams +
                      supply->accepted_grams - supply->printing_grams,
        .now_ms = shop_now_ms(survey->engine->shop),
    };
    const struct waiter *waiter;
    make_heap(supply);
    while ((waiter = take_first(supply)) != NULL)
        if (ends_at(&going, waiter))
            return;
    for (size_t i = 0; i < asleep->count; i++)
        if (ends_at(&going, asleep->at[i]))
            return;
}

void survey_find_ends(struct survey *survey)
{
    waiting_each_ask(survey->engine->waiting, see_ask, survey);
    for (size_t i = 0; i < survey->count; i++)
        if (survey->at[i]->short_grams > 0)
            find_end(survey, survey->at[i]);
}
