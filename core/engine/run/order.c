/* The attempt as its driver is told: which file, which plate, which slots. */
#include "engine/engine_internal.h"
#include "store/blob.h"

static void write_feeds(const struct attempt *attempt, spd_jsonw *w)
{
    const struct feed *feeds = attempt->feeds.items;
    jsonw_begin(w, "filaments", SPD_JSON_ARRAY);
    for (size_t i = 0; i < attempt->feeds.count; i++) {
        jsonw_begin(w, NULL, SPD_JSON_OBJECT);
        jsonw_put_int(w, "filament", feeds[i].filament);
        jsonw_put_int(w, "slot", feeds[i].slot);
        jsonw_end(w);
    }
    jsonw_end(w);
}

static void write_order(const struct shop *shop, const struct attempt *attempt,
                        const struct job *job, const struct file *file,
                        spd_jsonw *w)
{
    char path[BLOB_PATH_BYTES];
    file_path(shop, file, path);
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    jsonw_put_int(w, "id", attempt->id);
    jsonw_put_str(w, "submission", attempt->submission);
    jsonw_put_str(w, "file", str_of(path));
    jsonw_put_int(w, "size", file->size);
    jsonw_put_str(w, "remote_name", attempt->remote_name);
    jsonw_put_int(w, "plate", job->plate);
    jsonw_put_str(w, "name", job->job_name);
    write_feeds(attempt, w);
    jsonw_end(w);
}

bool order_of(struct engine *engine, const struct run *run, struct buf *json)
{
    struct arena arena = { 0 };
    struct attempt attempt;
    struct job job;
    struct file file;
    spd_txn *txn = store_read(engine->shop->store);
    bool whole =
        record_get(txn, &attempt_kind, run->attempt_id, &attempt, &arena,
                   NULL) == SPD_OK &&
        record_get(txn, &job_kind, run->job_id, &job, &arena, NULL) == SPD_OK &&
        record_get(txn, &file_kind, job.file_id, &file, &arena, NULL) == SPD_OK;
    if (whole) {
        spd_jsonw w;
        jsonw_init(&w, json);
        write_order(engine->shop, &attempt, &job, &file, &w);
    }
    store_read_end(txn);
    arena_fini(&arena);
    return whole;
}
