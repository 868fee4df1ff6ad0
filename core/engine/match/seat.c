/* A printer and what is loaded in it, read from the store for matching. */
#include "engine/match/match.h"

#include <string.h>

struct loading {
    struct material *materials;
    size_t count;
    struct arena *arena;
};

/* Texts of a record that is lent must be kept beyond the walk. */
static bool add_material(void *arg, const void *record)
{
    struct loading *loading = arg;
    const struct material *lent = record;
    if (!lent->loaded)
        return true;
    struct material *material = &loading->materials[loading->count++];
    *material = *lent;
    material->material_type = arena_str(loading->arena, lent->material_type);
    material->color = arena_str(loading->arena, lent->color);
    return loading->count < SEAT_SLOTS_MAX;
}

static void find_accepted(struct seat *seat, spd_txn *txn, struct arena *arena)
{
    struct list *list = &seat->accepted;
    *list = (struct list){ NULL, 0 };
    substitutions_add(txn, OF_MODEL, seat->printer.model, list, arena);
    if (seat->printer.plate_type.len > 0)
        substitutions_add(txn, OF_PLATE_TYPE, seat->printer.plate_type, list,
                          arena);
    for (size_t i = 0; i < seat->material_count; i++)
        substitutions_add(txn, OF_MATERIAL, seat->materials[i].material_type,
                          list, arena);
}

bool seat_accepts(const struct seat *seat, enum substitution_of of,
                  spd_str wanted, spd_str has)
{
    return substitution_same(of, wanted, has) ||
           (seat->accepted.count > 0 &&
            substitutions_allow(&seat->accepted, of, wanted, has));
}

bool seat_load(struct seat *seat, spd_txn *txn, int64_t printer_id,
               struct arena *arena)
{
    struct key prefix;
    struct loading loading = {
        arena_new(arena, SEAT_SLOTS_MAX * sizeof(struct material)), 0, arena
    };
    if (record_get(txn, &printer_kind, printer_id, &seat->printer, arena,
                   NULL) != SPD_OK)
        return false;
    struct span slots = material_span(printer_id, &prefix);
    record_each(txn, &material_kind, &slots, add_material, &loading);
    seat->materials = loading.materials;
    seat->material_count = loading.count;
    memset(seat->held, 0, sizeof(seat->held));
    seat->is_held = false;
    seat->unstaffed_until_ms = 0;
    find_accepted(seat, txn, arena);
    return true;
}
