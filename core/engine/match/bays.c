#include "engine/match/bays.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* -- places -- */

static size_t place_of(const struct bays *bays, int64_t printer_id)
{
    size_t low = 0, high = bays->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (bays->items[middle]->printer_id < printer_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct bay *bay_find(const struct bays *bays, int64_t printer_id)
{
    size_t place = place_of(bays, printer_id);
    if (place == bays->count || bays->items[place]->printer_id != printer_id)
        return NULL;
    return bays->items[place];
}

static struct bay *bay_add(struct bays *bays, int64_t printer_id)
{
    size_t place = place_of(bays, printer_id);
    size_t room = (bays->count + 1) * sizeof(struct bay *);
    bays->items = mem_resize(bays->items, room);
    bays->by_circuit = mem_resize(bays->by_circuit, room);
    memmove(bays->items + place + 1, bays->items + place,
            (bays->count - place) * sizeof(struct bay *));
    bays->count++;
    struct bay *bay = mem_new(sizeof(*bay));
    bay->printer_id = printer_id;
    bay->start_ms = INT64_MIN;
    bays->items[place] = bay;
    return bay;
}

static void bay_remove(struct bays *bays, struct bay *bay)
{
    size_t place = place_of(bays, bay->printer_id);
    bays->count--;
    memmove(bays->items + place, bays->items + place + 1,
            (bays->count - place) * sizeof(struct bay *));
    free(bay);
}

/* -- circuits -- */

static int compare_circuits(const void *a, const void *b)
{
    const struct bay *left = *(struct bay *const *)a;
    const struct bay *right = *(struct bay *const *)b;
    return left->circuit_id < right->circuit_id
               ? -1
               : left->circuit_id > right->circuit_id;
}

static void group(struct bays *bays)
{
    if (bays->count == 0)
        return;
    memcpy(bays->by_circuit, bays->items, bays->count * sizeof(struct bay *));
    qsort(bays->by_circuit, bays->count, sizeof(struct bay *),
          compare_circuits);
}

static size_t first_on(const struct bays *bays, int64_t circuit_id)
{
    size_t low = 0, high = bays->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (bays->by_circuit[middle]->circuit_id < circuit_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct bay_row bays_on(const struct bays *bays, int64_t circuit_id)
{
    size_t first = first_on(bays, circuit_id);
    return (struct bay_row){ bays->by_circuit + first,
                             first_on(bays, circuit_id + 1) - first };
}

/* -- from the records -- */

static void bay_set(struct bays *bays, const struct printer *printer)
{
    struct bay *bay = bay_find(bays, printer->id);
    if (bay == NULL)
        bay = bay_add(bays, printer->id);
    bay->circuit_id = printer->circuit_id;
    bay->ejects_attempt =
        printer->ejects == EJECTS_NEVER || printer->plate_clear
            ? 0
            : printer->ejects_attempt;
    bay->eject_below_c =
        printer->ejects == EJECTS_WHEN_COOL ? printer->eject_below_c : NAN;
}

static bool take_printer(void *arg, const void *record)
{
    bay_set(arg, record);
    return true;
}

void bays_load(struct bays *bays, spd_txn *txn)
{
    record_each(txn, &printer_kind, &(struct span){ 0 }, take_printer, bays);
    group(bays);
}

void bays_fini(struct bays *bays)
{
    for (size_t i = 0; i < bays->count; i++)
        free(bays->items[i]);
    free(bays->items);
    free(bays->by_circuit);
    *bays = (struct bays){ 0 };
}

void bays_refresh(struct bays *bays, spd_txn *txn, int64_t printer_id)
{
    struct arena arena = { 0 };
    struct printer printer = { 0 };
    struct bay *bay = bay_find(bays, printer_id);
    size_t count = bays->count;
    int64_t circuit_id = bay == NULL ? 0 : bay->circuit_id;
    if (record_get(txn, &printer_kind, printer_id, &printer, &arena, NULL) ==
        SPD_OK)
        bay_set(bays, &printer);
    else if (bay != NULL)
        bay_remove(bays, bay);
    if (bays->count != count || printer.circuit_id != circuit_id)
        group(bays);
    arena_fini(&arena);
}
