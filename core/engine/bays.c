#include "engine/bays.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t place_of(const struct bays *bays, int64_t printer_id)
{
    size_t low = 0, high = bays->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (bays->items[middle].printer_id < printer_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct bay *bay_find(const struct bays *bays, int64_t printer_id)
{
    size_t place = place_of(bays, printer_id);
    if (place == bays->count || bays->items[place].printer_id != printer_id)
        return NULL;
    return &bays->items[place];
}

static struct bay *bay_add(struct bays *bays, int64_t printer_id)
{
    size_t place = place_of(bays, printer_id);
    bays->items =
        mem_resize(bays->items, (bays->count + 1) * sizeof(struct bay));
    memmove(bays->items + place + 1, bays->items + place,
            (bays->count - place) * sizeof(struct bay));
    bays->count++;
    bays->items[place] = (struct bay){
        .printer_id = printer_id,
        .start_ms = INT64_MIN,
    };
    return &bays->items[place];
}

static void bay_remove(struct bays *bays, struct bay *bay)
{
    size_t place = (size_t)(bay - bays->items);
    bays->count--;
    memmove(bay, bay + 1, (bays->count - place) * sizeof(struct bay));
}

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
}

void bays_fini(struct bays *bays)
{
    free(bays->items);
    *bays = (struct bays){ 0 };
}

void bays_refresh(struct bays *bays, spd_txn *txn, int64_t printer_id)
{
    struct arena arena = { 0 };
    struct printer printer;
    struct bay *bay = bay_find(bays, printer_id);
    if (record_get(txn, &printer_kind, printer_id, &printer, &arena, NULL) ==
        SPD_OK)
        bay_set(bays, &printer);
    else if (bay != NULL)
        bay_remove(bays, bay);
    arena_fini(&arena);
}
