#include "engine/queue/choose.h"

enum { PASSED_OVER_MAX = 1000 };

static bool is_before(const struct waiter *a, const struct waiter *b)
{
    return a != NULL &&
           (b == NULL || queue_place_compare(&a->place, &b->place) < 0);
}

static struct waiter *first_job(const struct choice *choice)
{
    struct waiter *first = NULL;
    for (size_t i = 0; i < choice->count; i++)
        if (is_before(choice->idle[i]->next, first))
            first = choice->idle[i]->next;
    return first;
}

/* A job that is being given away. */
struct gift {
    const struct waiter *waiter;
    struct job job;
    struct list tracks; /* of its file */
    struct arena arena;
};

static int64_t fit_of(const struct choice *choice, struct place *place,
                      const struct gift *gift)
{
    const struct queue *queue =
        waiting_queue(choice->waiting, place->printer_id);
    const struct suit suit = {
        .changes = place_changes(place, gift->waiter),
        .queued_ms = queue == NULL ? 0 : queue->estimated_ms,
        .track = tracks_on(&gift->tracks, place->printer_id),
    };
    return policy_fit(choice->policy, &gift->job, &place->seat.printer, &suit);
}

/* Among those that wait for the job; NULL: the policy will have none. */
static struct place *best_place(const struct choice *choice,
                                const struct gift *gift)
{
    struct place *best = NULL;
    int64_t best_fit = INT64_MIN;
    for (size_t i = 0; i < choice->count; i++) {
        struct place *place = choice->idle[i];
        if (place->next != gift->waiter ||
            (choice->objects != NULL &&
             choice->objects(choice->arg, place, gift->waiter)))
            continue;
        int64_t fit = fit_of(choice, place, gift);
        if (fit > best_fit) {
            best_fit = fit;
            best = place;
        }
    }
    return best;
}

/* With it go those that it shuts out. */
static void drop_place(struct choice *choice, const struct place *given)
{
    size_t kept = 0;
    for (size_t i = 0; i < choice->count; i++) {
        struct place *place = choice->idle[i];
        bool goes =
            place == given || (choice->shuts_out != NULL &&
                               choice->shuts_out(choice->arg, given, place));
        if (!goes)
            choice->idle[kept++] = place;
    }
    choice->count = kept;
}

/* False: nobody will have it. */
static bool give_first(struct choice *choice, struct waiter *waiter)
{
    struct gift gift = { .waiter = waiter };
    struct place *best = NULL;
    if (record_get(choice->txn, &job_kind, waiter->id, &gift.job, &gift.arena,
                   NULL) == SPD_OK) {
        gift.tracks = tracks_of(choice->txn, gift.job.file_id, &gift.arena);
        best = best_place(choice, &gift);
    }
    if (best != NULL) {
        choice->give(choice->arg, best, waiter, &gift.job);
        drop_place(choice, best);
    }
    arena_fini(&gift.arena);
    return best != NULL;
}

static void look(const struct choice *choice, struct place *place)
{
    place->next = place_first(place, choice->waiting);
}

unsigned choose(struct choice *choice)
{
    unsigned given = 0, passed_over = 0;
    for (size_t i = 0; i < choice->count; i++) {
        choice->idle[i]->looks_behind = false;
        look(choice, choice->idle[i]);
    }
    while (given < choice->most && passed_over < PASSED_OVER_MAX) {
        struct waiter *waiter = first_job(choice);
        if (waiter == NULL)
            break;
        const struct queue_place where = waiter->place;
        bool goes = give_first(choice, waiter);
        given += goes ? 1 : 0;
        passed_over += goes ? 0 : 1;
        for (size_t i = 0; i < choice->count; i++) {
            struct place *place = choice->idle[i];
            if (place->next != waiter)
                continue;
            if (!goes)
                place_pass_over(place, &where);
            look(choice, place);
        }
    }
    return given;
}
