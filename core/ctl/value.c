#include "ctl/value.h"

#include "ctl/description.h"

/* False: the text is not of that type. */
typedef bool write_fn(const spd_json *schema, spd_str text, spd_jsonw *w,
                      const char *name);

static bool write_integer(const spd_json *schema, spd_str text, spd_jsonw *w,
                          const char *name)
{
    (void)schema;
    int64_t value = 0;
    if (!str_to_int(text, &value))
        return false;
    jsonw_put_int(w, name, value);
    return true;
}

static bool write_number(const spd_json *schema, spd_str text, spd_jsonw *w,
                         const char *name)
{
    (void)schema;
    double value = 0;
    if (!str_to_real(text, &value))
        return false;
    jsonw_put_real(w, name, value);
    return true;
}

static bool write_boolean(const spd_json *schema, spd_str text, spd_jsonw *w,
                          const char *name)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = { { "true", true }, { "false", false }, { "yes", true },
                  { "no", false },  { "on", true },     { "off", false } };
    (void)schema;
    for (size_t i = 0; i < SPD_COUNT(words); i++) {
        if (!str_equal_fold(text, str_of(words[i].word)))
            continue;
        jsonw_put_bool(w, name, words[i].value);
        return true;
    }
    return false;
}

static bool write_string(const spd_json *schema, spd_str text, spd_jsonw *w,
                         const char *name)
{
    (void)schema;
    if (!str_is_utf8(text))
        return false;
    jsonw_put_str(w, name, text);
    return true;
}

static bool write_json(const spd_json *schema, spd_str text, spd_jsonw *w,
                       const char *name)
{
    (void)schema;
    if (json_check(text, NULL) != SPD_OK)
        return false;
    jsonw_put_raw(w, name, text);
    return true;
}

static bool write_anything(const spd_json *schema, spd_str text, spd_jsonw *w,
                           const char *name)
{
    return write_json(schema, text, w, name) ||
           write_string(schema, text, w, name);
}

/* "a,b,c"; records are written as JSON. */
static bool write_array(const spd_json *schema, spd_str text, spd_jsonw *w,
                        const char *name)
{
    const spd_json *items = json_member(schema, "items");
    if (str_starts(str_trim(text), STR("[")))
        return write_json(schema, text, w, name);
    if (str_is(schema_type(items), "object"))
        return false;
    jsonw_begin(w, name, SPD_JSON_ARRAY);
    bool good = true;
    while (text.len > 0 && good)
        good = value_write(items, str_trim(str_cut(&text, ',')), w, NULL,
                           NULL) == SPD_OK;
    jsonw_end(w);
    return good;
}

static const struct type {
    const char *name;
    write_fn *write;
    const char *expected;
} types[] = {
    { "string", write_string, "a text in UTF-8" },
    { "integer", write_integer, "a whole number" },
    { "number", write_number, "a number" },
    { "boolean", write_boolean, "true or false" },
    { "array", write_array, "a list: a,b,c or as JSON [...]" },
    { "object", write_json, "JSON: {...}" },
};
static const struct type any = { "", write_anything, "a text in UTF-8" };

static const struct type *type_of(const spd_json *schema)
{
    for (size_t i = 0; schema != NULL && i < SPD_COUNT(types); i++)
        if (str_is(schema_type(schema), types[i].name))
            return &types[i];
    return schema == NULL ? &types[0] : &any;
}

spd_err value_write(const spd_json *schema, spd_str text, spd_jsonw *w,
                    const char *name, struct spd_error *err)
{
    const struct type *type = type_of(schema);
    if (str_is(text, "null") && type != &types[0] &&
        schema_allows_null(schema)) {
        jsonw_put_null(w, name);
        return SPD_OK;
    }
    if (type->write(schema, text, w, name))
        return SPD_OK;
    spd_str shown = str_is_utf8(text) ? str_clip(text, 40) : STR("...");
    return error_set(err, SPD_EINVAL, "\"%.*s\" is not %s", STR_ARG(shown),
                     type->expected);
}
