/* Metadata/project_settings.config: the project's settings, as JSON.  They
 * say what the description of the plates leaves out. */
#include <math.h>

#include "shop/sliced_internal.h"

#define SETTINGS_NAME "Metadata/project_settings.config"

static spd_err take_text(void *arg, spd_str piece, struct spd_error *err)
{
    (void)err;
    buf_put(arg, piece);
    return SPD_OK;
}

static spd_str keep(const spd_json *settings, const char *name,
                    struct arena *arena)
{
    spd_str text =
        json_as_str(json_member(settings, name), (spd_str){ NULL, 0 });
    if (text.len == 0 || text.len > FIELD_TEXT_MAX)
        return (spd_str){ NULL, 0 };
    return arena_str(arena, text);
}

/* A text, or a list of texts: one an extruder. */
static void read_nozzles(const spd_json *value, struct nozzle *nozzle)
{
    double mm = 0;
    if (nozzle_read(json_as_str(value, (spd_str){ NULL, 0 }), &mm))
        nozzle_state(nozzle, mm);
    if (json_type(value) != SPD_JSON_ARRAY)
        return;
    for (const spd_json *v = json_first(value); v != NULL; v = json_next(v))
        if (nozzle_read(json_as_str(v, (spd_str){ NULL, 0 }), &mm))
            nozzle_state(nozzle, mm);
}

static spd_err parse(spd_str text, struct arena *arena,
                     struct slice_settings *settings, struct spd_error *err)
{
    struct spd_error why = { 0 };
    spd_json *doc = json_parse(text, &why);
    if (doc == NULL)
        return error_set(err, SPD_EINVAL,
                         "The project's settings in this file are damaged "
                         "(%.100s): " SLICED_AGAIN ".",
                         why.text);
    settings->printer_model = keep(doc, "printer_model", arena);
    settings->bed_type = keep(doc, "curr_bed_type", arena);
    read_nozzles(json_member(doc, "nozzle_diameter"), &settings->nozzle);
    json_free(doc);
    return SPD_OK;
}

spd_err slice_settings_read(struct sliced_zip *zip, struct arena *arena,
                            struct slice_settings *settings,
                            struct spd_error *err)
{
    *settings = (struct slice_settings){ .nozzle.mm = NAN };
    if (sliced_zip_size(zip, SETTINGS_NAME) < 0)
        return SPD_OK;
    struct buf text = { 0 };
    /* Slicers write 50 to 300 KB; JSON is not read beyond JSON_MAX_BYTES. */
    spd_err rc = sliced_zip_read(zip, SETTINGS_NAME, JSON_MAX_BYTES, take_text,
                                 &text, err);
    if (rc == SPD_OK)
        rc = parse(buf_str(&text), arena, settings, err);
    buf_fini(&text);
    return rc;
}
