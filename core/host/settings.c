#include "host/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The struct the plugin sees lies behind the arena that owns its texts. */
struct conf_block {
    struct arena texts;
    max_align_t conf[];
};

struct reading {
    const char *plugin;
    const struct host_place *place;
    char *conf;
    struct arena *texts;
    struct spd_error *err;
};

/* "spoold.conf line 12": where a key stands, or (NULL) the plugin. */
static const char *place_of(const struct reading *r, const char *key,
                            char out[HOST_PLACE_BYTES])
{
    return r->place == NULL ? "configuration"
                            : r->place->of(r->place->arg, key, out);
}

static spd_err wrong(const struct reading *r, const struct spd_key *key,
                     const char *wanted)
{
    char at[HOST_PLACE_BYTES];
    return error_set(r->err, SPD_EINVAL, "%s: %s.%s must be %s",
                     place_of(r, key->name, at), r->plugin, key->name, wanted);
}

bool duration_parse(spd_str text, int64_t *ms)
{
    static const struct unit {
        const char *name;
        int64_t ms;
    } units[] = { { "ms", 1 },
                  { "s", 1000 },
                  { "m", 60 * 1000 },
                  { "h", 60 * 60 * 1000 },
                  { "d", 24 * 60 * 60 * 1000 } };
    size_t digits = 0;
    while (digits < text.len && text.ptr[digits] >= '0' &&
           text.ptr[digits] <= '9')
        digits++;
    int64_t number;
    if (digits > 9 || !str_to_int((spd_str){ text.ptr, digits }, &number))
        return false;
    spd_str unit = str_trim((spd_str){ text.ptr + digits, text.len - digits });
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (str_is(unit, units[i].name)) {
            *ms = number * units[i].ms;
            return true;
        }
    return false;
}

/* -- from JSON, as the configuration gives it -- */

static void put(const struct reading *r, const struct spd_key *key,
                const void *value, size_t size)
{
    memcpy(r->conf + key->offset, value, size);
}

static void put_text(const struct reading *r, const struct spd_key *key,
                     spd_str text)
{
    const char *copy = arena_str(r->texts, text).ptr;
    put(r, key, &copy, sizeof(copy));
}

static spd_err read_bool(const struct reading *r, const struct spd_key *key,
                         const spd_json *value)
{
    if (json_type(value) != SPD_JSON_BOOL)
        return wrong(r, key, "true or false");
    bool is = json_as_bool(value, false);
    put(r, key, &is, sizeof(is));
    return SPD_OK;
}

static spd_err read_duration(const struct reading *r, const struct spd_key *key,
                             const spd_json *value)
{
    int64_t ms;
    if (!duration_parse(json_as_str(value, (spd_str){ 0 }), &ms))
        return wrong(r, key, "a time such as \"30s\", \"5m\" or \"250ms\"");
    put(r, key, &ms, sizeof(ms));
    return SPD_OK;
}

static spd_err read_int(const struct reading *r, const struct spd_key *key,
                        const spd_json *value)
{
    if ((key->flags & SPD_KEY_DURATION) != 0)
        return read_duration(r, key, value);
    if (json_type(value) != SPD_JSON_INT)
        return wrong(r, key, "a whole number");
    int64_t number = json_as_int(value, 0);
    put(r, key, &number, sizeof(number));
    return SPD_OK;
}

static spd_err read_real(const struct reading *r, const struct spd_key *key,
                         const spd_json *value)
{
    if (json_type(value) != SPD_JSON_INT && json_type(value) != SPD_JSON_REAL)
        return wrong(r, key, "a number");
    double number = json_as_real(value, 0);
    put(r, key, &number, sizeof(number));
    return SPD_OK;
}

static spd_err read_text(const struct reading *r, const struct spd_key *key,
                         const spd_json *value)
{
    if (json_type(value) != SPD_JSON_STR)
        return wrong(r, key, "a text in quotes");
    put_text(r, key, json_as_str(value, STR("")));
    return SPD_OK;
}

typedef spd_err read_fn(const struct reading *r, const struct spd_key *key,
                        const spd_json *value);
static read_fn *const readers[] = {
    [SPD_T_BOOL] = read_bool,
    [SPD_T_INT] = read_int,
    [SPD_T_REAL] = read_real,
    [SPD_T_STR] = read_text,
};

/* -- what is not given -- */

/* A fallback stands as the user would write it: a text or a duration perhaps
 * without its quotes. */
static spd_err read_fallback(const struct reading *r, const struct spd_key *key)
{
    spd_str text = str_of(key->fallback);
    bool is_text =
        key->type == SPD_T_STR || (key->flags & SPD_KEY_DURATION) != 0;
    struct buf quoted = { 0 };
    if (is_text && !str_starts(text, STR("\"")))
        json_quote(&quoted, text);
    else
        buf_put(&quoted, text);
    spd_json *value = json_parse(buf_str(&quoted), r->err);
    spd_err rc = value == NULL ? wrong(r, key, "built with a readable fallback")
                               : readers[key->type](r, key, value);
    json_free(value);
    buf_fini(&quoted);
    return rc;
}

static spd_err read_absent(const struct reading *r, const struct spd_key *key)
{
    char at[HOST_PLACE_BYTES];
    if ((key->flags & SPD_KEY_REQUIRED) != 0)
        return error_set(r->err, SPD_EINVAL, "%s: %s needs %s: %s",
                         place_of(r, NULL, at), r->plugin, key->name, key->doc);
    return key->fallback == NULL ? SPD_OK : read_fallback(r, key);
}

/* -- what nobody asked for -- */

static const struct spd_key *find_key(const struct image *image, spd_str name)
{
    for (uint32_t i = 0; i < image->desc.key_count; i++)
        if (str_is(name, image->keys[i].name))
            return &image->keys[i];
    return NULL;
}

static spd_err unknown_key(const struct image *image, spd_str name,
                           const struct reading *r)
{
    struct buf known = { 0 };
    char at[HOST_PLACE_BYTES];
    const char *place = place_of(r, name.ptr, at);
    for (uint32_t i = 0; i < image->desc.key_count; i++)
        buf_printf(&known, "%s%s", i == 0 ? "" : ", ", image->keys[i].name);
    if (known.len == 0)
        error_set(r->err, SPD_EINVAL, "%s: %s has no key %.*s; it has none",
                  place, r->plugin, STR_ARG(str_clip(name, 40)));
    else
        error_set(r->err, SPD_EINVAL, "%s: %s has no key %.*s; it knows %.*s",
                  place, r->plugin, STR_ARG(str_clip(name, 40)),
                  STR_ARG(buf_str(&known)));
    buf_fini(&known);
    return SPD_EINVAL;
}

static spd_err only_known(const struct image *image, const spd_json *settings,
                          const struct reading *r)
{
    enum spd_json_type type = json_type(settings);
    bool is_empty = type == SPD_JSON_NULL ||
                    (type == SPD_JSON_ARRAY && json_count(settings) == 0);
    char at[HOST_PLACE_BYTES];
    if (type != SPD_JSON_OBJECT && !is_empty)
        return error_set(r->err, SPD_EINVAL,
                         "%s: %s takes a table of keys (key = value)",
                         place_of(r, NULL, at), r->plugin);
    for (const spd_json *v = json_first(settings); v != NULL; v = json_next(v))
        if (find_key(image, json_name(v)) == NULL)
            return unknown_key(image, json_name(v), r);
    return SPD_OK;
}

static spd_err read_all(const struct image *image, const spd_json *settings,
                        const struct reading *r)
{
    spd_err rc = only_known(image, settings, r);
    for (uint32_t i = 0; i < image->desc.key_count && rc == SPD_OK; i++) {
        const struct spd_key *key = &image->keys[i];
        const spd_json *value = json_member(settings, key->name);
        rc = value == NULL ? read_absent(r, key)
                           : readers[key->type](r, key, value);
    }
    return rc;
}

static struct conf_block *block_of(void *conf)
{
    return (struct conf_block *)(void *)((char *)conf -
                                         offsetof(struct conf_block, conf));
}

void *settings_new(const struct image *image, const spd_json *settings,
                   const struct host_place *place, struct spd_error *err)
{
    struct conf_block *block = mem_new(sizeof(*block) + image->desc.conf_size);
    struct reading r = { .plugin = image->name,
                         .place = place,
                         .conf = (char *)block->conf,
                         .texts = &block->texts,
                         .err = err };
    if (read_all(image, settings, &r) == SPD_OK)
        return block->conf;
    settings_free(block->conf);
    return NULL;
}

void settings_free(void *conf)
{
    if (conf == NULL)
        return;
    arena_fini(&block_of(conf)->texts);
    free(block_of(conf));
}
