#include "shop/track.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Under "FILE/PRINTER", both of fixed width so that they sort as numbers,
 * stands "FINISHED FAILED". */
static const spd_str space = STR_INIT("track");

enum { KEY_BYTES = 40, FIRST_ROOM = 8 };

static spd_str key_of(char out[KEY_BYTES], int64_t file_id, int64_t printer_id)
{
    snprintf(out, KEY_BYTES, "%016" PRIx64 "/%016" PRIx64, file_id, printer_id);
    return str_of(out);
}

static spd_str prefix_of(char out[KEY_BYTES], int64_t file_id)
{
    snprintf(out, KEY_BYTES, "%016" PRIx64 "/", file_id);
    return str_of(out);
}

static void read_value(spd_str value, struct track *track)
{
    str_to_int(str_cut(&value, ' '), &track->finished);
    str_to_int(value, &track->failed);
}

spd_err track_note(spd_txn *txn, int64_t file_id, int64_t printer_id,
                   bool failed, struct spd_error *err)
{
    char key[KEY_BYTES], text[48];
    struct track track = { 0 };
    spd_str value;
    if (file_id == 0)
        return SPD_OK;
    if (store_get(txn, space, key_of(key, file_id, printer_id), &value) ==
        SPD_OK)
        read_value(value, &track);
    track.failed += failed ? 1 : 0;
    track.finished += failed ? 0 : 1;
    snprintf(text, sizeof(text), "%" PRId64 " %" PRId64, track.finished,
             track.failed);
    return store_put(txn, space, str_of(key), str_of(text), err);
}

struct reading {
    struct track *at;
    size_t count, room;
    struct arena *arena;
};

static void make_room(struct reading *reading)
{
    size_t room = reading->room == 0 ? FIRST_ROOM : reading->room * 2;
    struct track *at = arena_new(reading->arena, room * sizeof(*at));
    if (reading->count > 0)
        memcpy(at, reading->at, reading->count * sizeof(*at));
    reading->at = at;
    reading->room = room;
}

static bool read_track(spd_str key, spd_str value, void *arg)
{
    struct reading *reading = arg;
    if (reading->count == reading->room)
        make_room(reading);
    struct track *track = &reading->at[reading->count++];
    *track = (struct track){ 0 };
    str_cut(&key, '/');
    for (size_t i = 0; i < key.len; i += 2)
        track->printer_id = track->printer_id << 8 | str_hex_byte(key.ptr + i);
    read_value(value, track);
    return true;
}

struct list tracks_of(spd_txn *txn, int64_t file_id, struct arena *arena)
{
    char prefix[KEY_BYTES];
    struct reading reading = { .arena = arena };
    store_scan(txn, space, prefix_of(prefix, file_id), read_track, &reading);
    return (struct list){ reading.at, reading.count };
}

struct track tracks_on(const struct list *tracks, int64_t printer_id)
{
    const struct track *at = tracks->items;
    size_t low = 0, high = tracks->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (at[middle].printer_id < printer_id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < tracks->count && at[low].printer_id == printer_id)
        return at[low];
    return (struct track){ .printer_id = printer_id };
}

void tracks_forget(spd_txn *txn, int64_t file_id)
{
    char key[KEY_BYTES];
    struct arena arena = { 0 };
    struct list tracks = tracks_of(txn, file_id, &arena);
    const struct track *at = tracks.items;
    for (size_t i = 0; i < tracks.count; i++)
        store_del(txn, space, key_of(key, file_id, at[i].printer_id));
    arena_fini(&arena);
}
