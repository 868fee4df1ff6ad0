/* The record of a file, and its operations but the upload. */
#include "shop/file.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"
#include "shop/file_upload.h"
#include "shop/job.h"
#include "shop/track.h"
#include "store/blob.h"

static const struct field file_rows[] = {
    FIELD(file, id, FIELD_ID, "the file's id", .flags = FIELD_READONLY),
    FIELD(file, user_id, FIELD_ID, "who uploaded it", .flags = FIELD_READONLY),
    FIELD(file, name, FIELD_TEXT, "what it was called",
          .flags = FIELD_READONLY),
    FIELD(file, sha256, FIELD_TEXT, "hex of its bytes' SHA-256",
          .flags = FIELD_READONLY),
    FIELD(file, size, FIELD_INT, "bytes", .flags = FIELD_READONLY),
    FIELD(file, plates, FIELD_LIST, "what it prints", .flags = FIELD_READONLY,
          .of = &sliced_plate_fields),
    FIELD(file, created_at, FIELD_TIME, "when it was uploaded",
          .flags = FIELD_READONLY),
};
static const struct fields file_fields = TABLE("file", file, file_rows);

static bool by_sha256(const void *record, struct key *key)
{
    key_put_text(key, ((const struct file *)record)->sha256);
    return true;
}

static const struct index file_indexes[] = {
    { .name = "sha256", .key = by_sha256, .flags = INDEX_UNIQUE },
};

const struct kind file_kind = {
    .name = "file",
    .plural = "files",
    .fields = &file_fields,
    .indexes = file_indexes,
    .index_count = 1,
};

const struct sliced_plate *file_plate(const struct file *file, int64_t plate)
{
    const struct sliced_plate *plates = file->plates.items;
    if (plate == INT_NONE && file->plates.count > 0)
        return &plates[0];
    for (size_t i = 0; i < file->plates.count; i++)
        if (plates[i].index == plate)
            return &plates[i];
    return NULL;
}

static bool sum_of(const struct file *file, struct sha256 *sum)
{
    return hex_read(file->sha256, sum->bytes, sizeof(sum->bytes));
}

void file_path(const struct shop *shop, const struct file *file, char out[4096])
{
    struct sha256 sum = { { 0 } };
    sum_of(file, &sum);
    blob_path(shop->store, &sum, out);
}

int64_t file_with_sum(spd_txn *txn, spd_str sha256)
{
    struct key key = { 0 };
    key_put_text(&key, sha256);
    return record_find(txn, &file_kind, &file_indexes[0], &key);
}

/* -- operations -- */

static spd_err list_files(struct call *call, spd_txn *txn)
{
    const struct page_param *param = call->params;
    call_reply_list(call, txn, &file_kind, (struct span){ 0 }, &param->page);
    return SPD_OK;
}

static spd_err get_file(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    return call_reply_record(call, txn, &file_kind, which->id);
}

static spd_err download_file(struct call *call, spd_txn *txn)
{
    const struct id_param *which = call->params;
    struct file file;
    spd_err got = call_get(call, txn, &file_kind, which->id, &file);
    if (got != SPD_OK)
        return got;
    char path[BLOB_PATH_BYTES];
    file_path(call->self, &file, path);
    call_reply_file(call, path, "model/3mf");
    return SPD_OK;
}

/* The record goes in a commit; the bytes go after it. */
struct removal {
    struct shop *shop;
    struct call *call;
    struct sha256 sum;
};

static spd_err remove_record(spd_txn *txn, void *arg, struct spd_error *err)
{
    struct removal *removal = arg;
    const struct id_param *which = removal->call->params;
    struct arena arena = { 0 };
    struct file file;
    struct change change = call_change(removal->call, "file.deleted");
    spd_err rc = record_get(txn, &file_kind, which->id, &file, &arena, err);
    if (rc == SPD_OK && job_uses_file(txn, which->id))
        rc = error_set(err, SPD_EEXIST,
                       "file %lld is what jobs print; it stays as long as they "
                       "are kept",
                       (long long)which->id);
    if (rc == SPD_OK) {
        sum_of(&file, &removal->sum);
        tracks_forget(txn, which->id);
        rc = record_del(txn, &file_kind, which->id, &change, err);
    }
    arena_fini(&arena);
    return rc;
}

static void record_removed(void *arg, const struct spd_error *err)
{
    struct removal *removal = arg;
    struct call *call = removal->call;
    const struct id_param *which = call->params;
    struct spd_error why;
    if (err != NULL)
        call_fail(call, err);
    else if (blob_remove(removal->shop->store, &removal->sum, &why) != SPD_OK)
        log_warn("files", "%s", why.text);
    if (err == NULL)
        buf_printf(call_reply_buf(call), "{\"id\":%lld}", (long long)which->id);
    free(removal);
    call_end(call);
}

static spd_err delete_file(struct call *call, spd_txn *txn)
{
    (void)txn;
    struct removal *removal = mem_new(sizeof(*removal));
    removal->shop = call->self;
    removal->call = call;
    store_write(
        removal->shop->store,
        &(struct store_write){ remove_record, record_removed, removal });
    return SPD_OK;
}

/* -- pictures -- */

struct plate_param {
    int64_t id, plate;
};
static const struct field plate_rows[] = {
    FIELD(plate_param, id, FIELD_ID, "which file", .flags = FIELD_REQUIRED),
    FIELD(plate_param, plate, FIELD_INT, "which plate of it",
          .flags = FIELD_REQUIRED, .min = 1, .max = 1000),
};
static const struct fields plate_fields =
    TABLE("plate", plate_param, plate_rows);

struct picture {
    struct call *call;
    int64_t plate;
    struct buf png;
    char path[BLOB_PATH_BYTES];
};

static spd_err read_picture(void *arg, struct spd_error *err)
{
    struct picture *picture = arg;
    return sliced_thumbnail(picture->path, picture->plate, &picture->png, err);
}

static void picture_read(void *arg, const struct spd_error *outcome)
{
    struct picture *picture = arg;
    if (outcome->code != SPD_OK)
        call_fail(picture->call, outcome);
    else
        call_reply_bytes(picture->call, buf_str(&picture->png), "image/png");
    struct call *call = picture->call;
    buf_fini(&picture->png);
    free(picture);
    call_end(call);
}

static spd_err get_picture(struct call *call, spd_txn *txn)
{
    (void)txn;
    struct shop *shop = call->self;
    const struct plate_param *param = call->params;
    struct file file;
    struct spd_error err;
    spd_txn *view = store_read(shop->store);
    spd_err rc =
        record_get(view, &file_kind, param->id, &file, &call->arena, &err);
    store_read_end(view);
    if (rc != SPD_OK)
        return call_fail(call, &err);
    struct picture *picture = mem_new(sizeof(*picture));
    picture->call = call;
    picture->plate = param->plate;
    file_path(shop, &file, picture->path);
    pool_submit(shop->pool, &(struct pool_work){ read_picture, picture_read,
                                                 picture, NULL });
    return SPD_OK;
}

static const struct op file_ops[] = {
    { .name = "files.list",
      .route = "GET /api/files",
      .doc = "All sliced files",
      .role = SPD_VIEWER,
      .flags = OP_READ | OP_LIST,
      .params = &page_param_fields,
      .reply = &file_fields,
      .run = list_files },
    { .name = "files.get",
      .route = "GET /api/files/{id}",
      .doc = "One sliced file and its plates",
      .role = SPD_VIEWER,
      .flags = OP_READ,
      .params = &id_param_fields,
      .reply = &file_fields,
      .run = get_file },
    { .name = "files.create",
      .route = "POST /api/files",
      .doc = "Upload a sliced file; the same bytes twice are one file",
      .role = SPD_OPERATOR,
      .flags = OP_LATER | OP_CREATE | OP_UPLOAD,
      .params = &file_upload_fields,
      .reply = &file_fields,
      .run = file_upload },
    { .name = "files.download",
      .route = "GET /api/files/{id}/content",
      .doc = "The file itself",
      .role = SPD_OPERATOR,
      .flags = OP_READ,
      .params = &id_param_fields,
      .run = download_file },
    { .name = "files.thumbnail",
      .route = "GET /api/files/{id}/plates/{plate}/thumbnail",
      .doc = "The picture of one plate, a PNG",
      .role = SPD_VIEWER,
      .flags = OP_LATER,
      .params = &plate_fields,
      .run = get_picture },
    { .name = "files.delete",
      .route = "DELETE /api/files/{id}",
      .doc = "Remove a file no job refers to",
      .role = SPD_MANAGER,
      .flags = OP_LATER,
      .params = &id_param_fields,
      .run = delete_file },
};

spd_err file_add_ops(struct shop *shop, struct spd_error *err)
{
    return ops_add(shop->ops, file_ops, SPD_COUNT(file_ops), shop, err);
}
