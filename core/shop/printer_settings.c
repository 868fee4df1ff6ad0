#include "shop/printer_settings.h"

#include <stdio.h>

#include "base/error.h"
#include "ops/guest_fields.h"

/* The members that are settings, as an object of their own, with a fault for
 * each that neither the printer nor its driver knows. */
static spd_json *pick_settings(struct call *call, const struct fields *rows,
                               const struct driver *driver)
{
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    for (const spd_json *m = json_first(call->body_json); m != NULL;
         m = json_next(m)) {
        spd_str name = json_name(m);
        if (fields_find(&printer_fields, name) != NULL ||
            (call->op->params != NULL &&
             fields_find(call->op->params, name) != NULL))
            continue;
        if (fields_find(rows, name) == NULL)
            faults_add(call_faults(call), name.ptr,
                       "is known neither to printers nor to the driver %s",
                       driver->who);
        jsonw_put_json(&w, name.ptr, m);
    }
    jsonw_end(&w);
    spd_json *picked = json_parse(buf_str(&text), NULL);
    buf_fini(&text);
    return picked;
}

/* The value that will stand: the new one, or the one from before. */
static const spd_json *standing(const spd_json *given, const spd_json *before,
                                const char *name)
{
    const spd_json *value = json_member(given, name);
    return value != NULL ? value : json_member(before, name);
}

static void write_secrets(const struct fields *rows, const spd_json *given,
                          const spd_json *before, spd_jsonw *w)
{
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    for (size_t i = 0; i < rows->count; i++) {
        const char *name = rows->rows[i].name;
        const spd_json *value = standing(given, before, name);
        if ((rows->rows[i].flags & FIELD_SECRET) != 0 && value != NULL)
            jsonw_put_json(w, name, value);
    }
    jsonw_end(w);
}

/* Of a secret: "access_code_set": true. */
static void write_shown(const struct fields *rows, const spd_json *given,
                        const spd_json *before, const spd_json *secrets,
                        spd_jsonw *w)
{
    jsonw_begin(w, NULL, SPD_JSON_OBJECT);
    for (size_t i = 0; i < rows->count; i++) {
        const char *name = rows->rows[i].name;
        if ((rows->rows[i].flags & FIELD_SECRET) != 0) {
            char label[80];
            snprintf(label, sizeof(label), "%s_set", name);
            jsonw_put_bool(w, label, json_member(secrets, name) != NULL);
            continue;
        }
        const spd_json *value = standing(given, before, name);
        if (value != NULL)
            jsonw_put_json(w, name, value);
    }
    jsonw_end(w);
}

/* What binds sealed texts to their printer, so that they cannot be moved to
 * another: its moment of birth, since a new one has no id yet. */
static spd_str seal_context(const struct printer *printer, struct arena *arena)
{
    return arena_printf(arena, "printer/%lld", (long long)printer->created_at);
}

static spd_json *open_sealed(struct shop *shop, const struct printer *printer)
{
    struct arena arena = { 0 };
    struct buf plain = { 0 };
    spd_json *secrets = NULL;
    if (printer->sealed.len > 0 &&
        crypt_unseal(shop->key, seal_context(printer, &arena), printer->sealed,
                     &plain))
        secrets = json_parse(buf_str(&plain), NULL);
    buf_fini(&plain);
    arena_fini(&arena);
    return secrets;
}

/* Sealed anew only when they change: the same secrets sealed twice look
 * different, and a printer whose settings changed is connected anew. */
static void keep_secrets(struct call *call, const struct fields *rows,
                         const spd_json *given, const spd_json *before,
                         struct printer *printer)
{
    struct shop *shop = call->self;
    struct buf was = { 0 }, is = { 0 }, sealed = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &was);
    write_secrets(rows, NULL, before, &w);
    jsonw_init(&w, &is);
    write_secrets(rows, given, before, &w);
    if (before == NULL || !str_equal(buf_str(&was), buf_str(&is))) {
        crypt_seal(shop->key, seal_context(printer, &call->arena), buf_str(&is),
                   &sealed);
        printer->sealed = arena_str(&call->arena, buf_str(&sealed));
    }
    buf_fini(&was);
    buf_fini(&is);
    buf_fini(&sealed);
}

static void keep_settings(struct call *call, const struct fields *rows,
                          const spd_json *given, const spd_json *before,
                          struct printer *printer)
{
    keep_secrets(call, rows, given, before, printer);
    spd_json *shown =
        printer->settings.len == 0 ? NULL : json_parse(printer->settings, NULL);
    spd_json *secrets = open_sealed(call->self, printer);
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    write_shown(rows, given, shown, secrets, &w);
    printer->settings = arena_str(&call->arena, buf_str(&text));
    json_free(shown);
    json_free(secrets);
    buf_fini(&text);
}

static bool gives_secret(const struct fields *rows, const spd_json *given)
{
    for (size_t i = 0; i < rows->count; i++)
        if ((rows->rows[i].flags & FIELD_SECRET) != 0 &&
            json_member(given, rows->rows[i].name) != NULL)
            return true;
    return false;
}

static spd_err refuse_unreadable(const struct printer *printer,
                                 struct spd_error *err)
{
    return error_set(err, SPD_EIO,
                     "the secrets of %.*s cannot be opened with this key "
                     "file; put back the right one or set them again",
                     STR_ARG(printer->name));
}

/* Secrets that cannot be read now are not lost for a change of something
 * else: the right key file may come back. */
static spd_err take_checked(struct call *call, const struct fields *rows,
                            const spd_json *given, struct printer *printer)
{
    struct spd_error err;
    spd_json *before = open_sealed(call->self, printer);
    spd_err rc = SPD_OK;
    if (before == NULL && printer->sealed.len > 0 && !gives_secret(rows, given))
        rc = refuse_unreadable(printer, &err);
    else
        keep_settings(call, rows, given, before, printer);
    json_free(before);
    return rc == SPD_OK ? SPD_OK : call_fail(call, &err);
}

spd_err settings_take(struct call *call, const struct driver *driver,
                      enum fields_mode mode, struct printer *printer)
{
    struct fields *rows;
    struct spd_error err;
    if (guest_fields_new(&rows, driver->who, driver->row->settings, &err) !=
        SPD_OK)
        return call_fail(call, &err);
    spd_json *given = pick_settings(call, rows, driver);
    struct fields_input input = { .object = given, .mode = mode };
    fields_decode(rows, NULL, &input, &call->arena, call_faults(call));
    spd_err rc = SPD_OK;
    if (call_faults(call)->count > 0)
        rc = call_refuse_faults(call);
    else
        rc = take_checked(call, rows, given, printer);
    json_free(given);
    guest_fields_free(rows);
    return rc;
}

static void put_members(spd_jsonw *w, const spd_json *object)
{
    for (const spd_json *m = json_first(object); m != NULL; m = json_next(m))
        jsonw_put_json(w, json_name(m).ptr, m);
}

void settings_show(spd_str settings, spd_jsonw *w)
{
    spd_json *shown = settings.len == 0 ? NULL : json_parse(settings, NULL);
    put_members(w, shown);
    json_free(shown);
}

spd_err printer_settings(struct shop *shop, const struct printer *printer,
                         struct buf *json, struct spd_error *err)
{
    spd_json *secrets = open_sealed(shop, printer);
    if (secrets == NULL)
        return refuse_unreadable(printer, err);
    spd_jsonw w;
    jsonw_init(&w, json);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    jsonw_put_str(&w, "model", printer->model);
    settings_show(printer->settings, &w);
    put_members(&w, secrets);
    if (printer->pin.len > 0)
        jsonw_put_str(&w, "pin", printer->pin);
    jsonw_end(&w);
    json_free(secrets);
    return SPD_OK;
}
