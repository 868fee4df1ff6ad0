#include "shop/guest_settings.h"

#include <stdio.h>

#include "base/error.h"
#include "ops/guest_fields.h"

spd_json *guest_settings_pick(struct call *call,
                              const struct guest_settings *of)
{
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    for (const spd_json *m = json_first(call->body_json); m != NULL;
         m = json_next(m)) {
        spd_str name = json_name(m);
        if (fields_find(of->own, name) != NULL ||
            (call->op->params != NULL &&
             fields_find(call->op->params, name) != NULL))
            continue;
        jsonw_put_json(&w, name.ptr, m);
    }
    jsonw_end(&w);
    spd_json *picked = json_parse(buf_str(&text), NULL);
    buf_fini(&text);
    return picked;
}

/* A fault for each that neither the record nor the guest knows. */
static void find_unknown(struct call *call, const struct guest_settings *of,
                         const struct fields *rows, const spd_json *given)
{
    for (const spd_json *m = json_first(given); m != NULL; m = json_next(m))
        if (fields_find(rows, json_name(m)) == NULL)
            faults_add(call_faults(call), json_name(m).ptr,
                       "is known neither to %s nor to %s", of->plural, of->who);
}

static bool is_of(const struct field *row, enum spd_json_type type)
{
    if (row->type == FIELD_BOOL)
        return type == SPD_JSON_BOOL;
    if (row->type == FIELD_INT)
        return type == SPD_JSON_INT;
    return row->type == FIELD_REAL &&
           (type == SPD_JSON_INT || type == SPD_JSON_REAL);
}

static void put_typed(const struct field *row, const spd_json *value,
                      spd_jsonw *w)
{
    spd_json *meant = NULL;
    if (row != NULL && row->type != FIELD_TEXT)
        meant = json_parse(json_as_str(value, STR("")), NULL);
    bool is_meant = meant != NULL && is_of(row, json_type(meant));
    jsonw_put_json(w, json_name(value).ptr, is_meant ? meant : value);
    json_free(meant);
}

/* A number in a text is one all the same: a command line does not know the
 * types of what guests ask for. Owned: json_free. */
static spd_json *typed(const struct fields *rows, const spd_json *given)
{
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    for (const spd_json *m = json_first(given); m != NULL; m = json_next(m))
        put_typed(fields_find(rows, json_name(m)), m, &w);
    jsonw_end(&w);
    spd_json *result = json_parse(buf_str(&text), NULL);
    buf_fini(&text);
    return result;
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

static spd_json *open_sealed(const struct shop *shop,
                             const struct guest_settings *of)
{
    struct buf plain = { 0 };
    spd_json *secrets = NULL;
    if (of->sealed.len > 0 &&
        crypt_unseal(shop->key, of->context, of->sealed, &plain))
        secrets = json_parse(buf_str(&plain), NULL);
    buf_fini(&plain);
    return secrets;
}

/* Sealed anew only when they change: the same secrets sealed twice look
 * different, and whoever uses them would begin anew. */
static void keep_secrets(const struct shop *shop, struct arena *arena,
                         const struct fields *rows, const spd_json *given,
                         const spd_json *before, struct guest_settings *of)
{
    struct buf was = { 0 }, is = { 0 }, sealed = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &was);
    write_secrets(rows, NULL, before, &w);
    jsonw_init(&w, &is);
    write_secrets(rows, given, before, &w);
    if (before == NULL || !str_equal(buf_str(&was), buf_str(&is))) {
        crypt_seal(shop->key, of->context, buf_str(&is), &sealed);
        of->sealed = arena_str(arena, buf_str(&sealed));
    }
    buf_fini(&was);
    buf_fini(&is);
    buf_fini(&sealed);
}

static void keep_settings(const struct shop *shop, struct arena *arena,
                          const struct fields *rows, const spd_json *given,
                          const spd_json *before, struct guest_settings *of)
{
    keep_secrets(shop, arena, rows, given, before, of);
    spd_json *shown = of->shown.len == 0 ? NULL : json_parse(of->shown, NULL);
    spd_json *secrets = open_sealed(shop, of);
    struct buf text = { 0 };
    spd_jsonw w;
    jsonw_init(&w, &text);
    write_shown(rows, given, shown, secrets, &w);
    of->shown = arena_str(arena, buf_str(&text));
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

static spd_err refuse_unreadable(const struct guest_settings *of,
                                 struct spd_error *err)
{
    return error_set(err, SPD_EIO,
                     "the secrets of %.*s cannot be opened with this key "
                     "file; put back the right one or set them again",
                     STR_ARG(of->name));
}

/* Secrets that cannot be read now are not lost for a change of something
 * else: the right key file may come back. */
static spd_err take_checked(struct call *call, const struct fields *rows,
                            const spd_json *given, struct guest_settings *of)
{
    struct spd_error err;
    spd_json *before = open_sealed(call->self, of);
    spd_err rc = SPD_OK;
    if (before == NULL && of->sealed.len > 0 && !gives_secret(rows, given))
        rc = refuse_unreadable(of, &err);
    else
        keep_settings(call->self, &call->arena, rows, given, before, of);
    json_free(before);
    return rc == SPD_OK ? SPD_OK : call_fail(call, &err);
}

spd_err guest_settings_take(struct call *call, enum fields_mode mode,
                            const spd_json *given, struct guest_settings *of)
{
    struct fields *rows;
    struct spd_error err;
    if (guest_fields_new(&rows, of->who, of->rows, &err) != SPD_OK)
        return call_fail(call, &err);
    find_unknown(call, of, rows, given);
    spd_json *meant = typed(rows, given);
    struct fields_input input = { .object = meant, .mode = mode };
    fields_decode(rows, NULL, &input, &call->arena, call_faults(call));
    spd_err rc = SPD_OK;
    if (call_faults(call)->count > 0)
        rc = call_refuse_faults(call);
    else
        rc = take_checked(call, rows, meant, of);
    json_free(meant);
    guest_fields_free(rows);
    return rc;
}

static void put_members(spd_jsonw *w, const spd_json *object)
{
    for (const spd_json *m = json_first(object); m != NULL; m = json_next(m))
        jsonw_put_json(w, json_name(m).ptr, m);
}

void guest_settings_show(spd_str shown, spd_jsonw *w)
{
    spd_json *members = shown.len == 0 ? NULL : json_parse(shown, NULL);
    put_members(w, members);
    json_free(members);
}

spd_err guest_settings_open(const struct shop *shop,
                            const struct guest_settings *of, spd_jsonw *w,
                            struct spd_error *err)
{
    spd_json *secrets = open_sealed(shop, of);
    if (secrets == NULL)
        return refuse_unreadable(of, err);
    guest_settings_show(of->shown, w);
    put_members(w, secrets);
    json_free(secrets);
    return SPD_OK;
}
