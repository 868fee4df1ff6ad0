#include "engine/match/windows.h"

struct loading {
    struct windows *windows;
    spd_txn *txn;
};

static bool load_hours(void *arg, const void *record)
{
    const struct loading *loading = arg;
    struct windows *windows = loading->windows;
    struct window *window = &windows->items[windows->count];
    *window = (struct window){ .holds = false };
    if (record_get(loading->txn, &hours_kind, *(const int64_t *)record,
                   &window->hours, &windows->arena, NULL) == SPD_OK)
        windows->count++;
    return true;
}

void windows_load(struct windows *windows, spd_txn *txn)
{
    struct loading loading = { windows, txn };
    windows_fini(windows);
    windows->items = arena_new(&windows->arena, record_count(txn, &hours_kind) *
                                                    sizeof(struct window));
    record_each(txn, &hours_kind, &(struct span){ 0 }, load_hours, &loading);
}

void windows_fini(struct windows *windows)
{
    arena_fini(&windows->arena);
    *windows = (struct windows){ 0 };
}

static bool holds(struct window *window, int64_t now_ms)
{
    if (now_ms < window->from_ms || now_ms >= window->until_ms) {
        window->from_ms = now_ms;
        window->holds = hours_hold(&window->hours, now_ms, &window->until_ms);
    }
    return window->holds;
}

static bool is_of(const struct window *window, enum hours_kind kind,
                  const struct printer *printer)
{
    return window->hours.kind == (int)kind &&
           hours_are_for(&window->hours, printer);
}

const struct hours *windows_now(const struct windows *windows,
                                enum hours_kind kind,
                                const struct printer *printer, int64_t now_ms)
{
    for (size_t i = 0; i < windows->count; i++)
        if (is_of(&windows->items[i], kind, printer) &&
            holds(&windows->items[i], now_ms))
            return &windows->items[i].hours;
    return NULL;
}

/* The end of hours that hold at the moment; the moment itself: none do. */
static int64_t end_of_quiet(const struct windows *windows,
                            const struct printer *printer, int64_t at_ms)
{
    int64_t changes_ms;
    for (size_t i = 0; i < windows->count; i++)
        if (is_of(&windows->items[i], HOURS_QUIET, printer) &&
            hours_hold(&windows->items[i].hours, at_ms, &changes_ms))
            return changes_ms;
    return at_ms;
}

int64_t windows_quiet_until_ms(const struct windows *windows,
                               const struct printer *printer, int64_t now_ms)
{
    int64_t until_ms, next_ms = now_ms;
    do {
        until_ms = next_ms;
        next_ms = end_of_quiet(windows, printer, until_ms);
    } while (next_ms > until_ms && next_ms - now_ms < WINDOWS_WEEK_MS);
    return next_ms;
}

int64_t windows_unstaffed_until_ms(const struct windows *windows,
                                   const struct printer *printer,
                                   int64_t now_ms)
{
    int64_t until_ms = INT64_MAX;
    for (size_t i = 0; i < windows->count; i++) {
        struct window *window = &windows->items[i];
        if (!is_of(window, HOURS_STAFFED, printer))
            continue;
        if (holds(window, now_ms))
            return 0;
        if (window->until_ms < until_ms)
            until_ms = window->until_ms;
    }
    return until_ms;
}

/* Somebody may set the clock meanwhile: look now and then. */
int64_t windows_left_ms(const struct windows *windows, int64_t now_ms)
{
    enum { LOOK_MS = 15 * 60 * 1000 };
    int64_t left_ms = windows->count == 0 ? 0 : LOOK_MS;
    for (size_t i = 0; i < windows->count; i++) {
        struct window *window = &windows->items[i];
        holds(window, now_ms);
        if (window->until_ms - now_ms < left_ms)
            left_ms = window->until_ms - now_ms;
    }
    return left_ms;
}
