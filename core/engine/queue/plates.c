#include "engine/queue/plates.h"

#include <stdlib.h>
#include <string.h>

enum { PLATES_KEPT = 4096 }; /* a power of two */

struct plate_kept {
    int64_t file_id, plate_index;
    struct sliced_plate plate;
    struct arena arena;
};

struct plates {
    struct plate_kept kept[PLATES_KEPT];
};

static struct list copy_filaments(const struct list *from, struct arena *arena)
{
    size_t size = from->count * sizeof(struct sliced_filament);
    struct sliced_filament *filaments = arena_new(arena, size);
    if (size > 0)
        memcpy(filaments, from->items, size);
    for (size_t i = 0; i < from->count; i++) {
        filaments[i].type = arena_str(arena, filaments[i].type);
        filaments[i].color = arena_str(arena, filaments[i].color);
        filaments[i].profile = (spd_str){ NULL, 0 };
    }
    return (struct list){ filaments, from->count };
}

struct sliced_plate plate_copy(const struct sliced_plate *from,
                               struct arena *arena)
{
    struct sliced_plate plate = *from;
    plate.filaments = copy_filaments(&from->filaments, arena);
    plate.printer_model = arena_str(arena, from->printer_model);
    plate.bed_type = arena_str(arena, from->bed_type);
    plate.slicer_model_id = plate.slicer_model_name = (spd_str){ NULL, 0 };
    return plate;
}

/* NULL: there is no such plate. */
static const struct sliced_plate *read_plate(struct plate_kept *kept,
                                             spd_txn *txn)
{
    struct arena arena = { 0 };
    struct file file = { 0 };
    record_get(txn, &file_kind, kept->file_id, &file, &arena, NULL);
    const struct sliced_plate *plate = file_plate(&file, kept->plate_index);
    if (plate != NULL)
        kept->plate = plate_copy(plate, &kept->arena);
    else
        kept->file_id = 0;
    arena_fini(&arena);
    return plate == NULL ? NULL : &kept->plate;
}

const struct sliced_plate *plates_get(struct plates *plates, spd_txn *txn,
                                      const struct job *job)
{
    uint64_t hash = (uint64_t)job->file_id * 31 + (uint64_t)job->plate;
    struct plate_kept *kept = &plates->kept[hash & (PLATES_KEPT - 1)];
    if (job->file_id == 0)
        return NULL;
    if (kept->file_id == job->file_id && kept->plate_index == job->plate)
        return &kept->plate;
    arena_fini(&kept->arena);
    kept->file_id = job->file_id;
    kept->plate_index = job->plate;
    return read_plate(kept, txn);
}

struct plates *plates_new(void)
{
    return mem_new(sizeof(struct plates));
}

void plates_free(struct plates *plates)
{
    for (size_t i = 0; i < PLATES_KEPT; i++)
        arena_fini(&plates->kept[i].arena);
    free(plates);
}
