#include "shop/file_upload.h"

#include <stdlib.h>

#include "base/crash.h"
#include "base/error.h"
#include "shop/driver.h"
#include "store/blob.h"

struct upload_param {
    spd_str name;
};
static const struct field upload_rows[] = {
    FIELD(upload_param, name, FIELD_TEXT,
          "what to call it, such as bracket.gcode.3mf", .flags = FIELD_REQUIRED,
          .min = 1, .max = 200),
};
const struct fields file_upload_fields =
    TABLE("upload", upload_param, upload_rows);

struct upload {
    struct shop *shop;
    struct call *call;
    struct blob_in *in; /* until it is kept */
    struct file file;   /* texts and lists in the call's arena */
    bool is_known;      /* the same bytes are here already */
};

/* [worker] What does not read as a sliced file is not kept. */
static spd_err read_and_keep(void *arg, struct spd_error *err)
{
    struct upload *upload = arg;
    struct arena *arena = &upload->call->arena;
    spd_err rc =
        sliced_read(blob_in_path(upload->in), arena, &upload->file.plates, err);
    if (rc != SPD_OK)
        return rc;
    struct sha256 sum;
    rc = blob_keep(upload->in, &sum, err);
    upload->in = NULL;
    struct buf hex = { 0 };
    hex_put(&hex, sum.bytes, sizeof(sum.bytes));
    upload->file.sha256 = arena_str(arena, buf_str(&hex));
    buf_fini(&hex);
    return rc;
}

static spd_err write_file(spd_txn *txn, void *arg, struct spd_error *err)
{
    struct upload *upload = arg;
    crash_before("file.created");
    int64_t known = file_with_sum(txn, upload->file.sha256);
    upload->is_known = known != 0;
    upload->file.id = known;
    if (upload->is_known)
        return SPD_OK;
    struct change change = call_change(upload->call, "file.created");
    return record_put(txn, &file_kind, &upload->file, &change, err);
}

static void end_upload(struct upload *upload)
{
    struct call *call = upload->call;
    blob_drop(upload->in);
    free(upload);
    call_end(call);
}

static void file_written(void *arg, const struct spd_error *err)
{
    struct upload *upload = arg;
    if (err == NULL)
        crash_after("file.created");
    if (err != NULL) {
        call_fail(upload->call, err);
    } else {
        spd_txn *txn = store_read(upload->shop->store);
        call_reply_record(upload->call, txn, &file_kind, upload->file.id);
        store_read_end(txn);
        if (upload->is_known)
            call_status(upload->call, 200);
    }
    end_upload(upload);
}

/* The shop's word for the model, where a driver has one; else the slicer's. */
static void name_models(struct upload *upload)
{
    struct sliced_plate *plate = upload->file.plates.items;
    for (size_t i = 0; i < upload->file.plates.count; i++, plate++) {
        spd_str model =
            driver_model(upload->shop->drivers, plate->slicer_model_id,
                         plate->slicer_model_name);
        if (model.ptr == NULL)
            model = plate->slicer_model_name.ptr != NULL
                        ? plate->slicer_model_name
                        : plate->slicer_model_id;
        plate->printer_model = model;
    }
}

static void file_kept(void *arg, const struct spd_error *outcome)
{
    struct upload *upload = arg;
    if (outcome->code == SPD_OK) {
        name_models(upload);
        store_write(upload->shop->store,
                    &(struct store_write){ write_file, file_written, upload });
        return;
    }
    if (outcome->code == SPD_EINVAL)
        call_refuse(upload->call, REFUSE_CONTENT, "%s", outcome->text);
    else
        call_fail(upload->call, outcome);
    end_upload(upload);
}

spd_err file_upload(struct call *call, spd_txn *txn)
{
    (void)txn;
    struct shop *shop = call->self;
    const struct upload_param *param = call->params;
    if (call->upload == NULL || blob_size(call->upload) == 0)
        return call_refuse(call, REFUSE_INVALID,
                           "send the sliced file as the request's body");
    struct upload *upload = mem_new(sizeof(*upload));
    upload->shop = shop;
    upload->call = call;
    upload->in = call->upload;
    call->upload = NULL;
    upload->file = (struct file){
        .user_id = call->actor->person_id,
        .name = param->name,
        .size = blob_size(upload->in),
        .created_at = shop_now_ms(shop),
    };
    pool_submit(shop->pool,
                &(struct pool_work){ read_and_keep, file_kept, upload, NULL });
    return SPD_OK;
}
