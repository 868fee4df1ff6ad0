#include "lua/conf.h"

#include <assert.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "lua/conf_scan.h"

enum {
    TEXT_MAX_BYTES = 1024 * 1024,
    MEMORY_MAX_BYTES = 16 * 1024 * 1024,
    INSTRUCTIONS_MAX = 100 * 1000,
    DEPTH_MAX = 16,
    KEYS_MAX = 4096, /* of one table */
};

struct conf {
    char *name;
    struct conf_scan *scan;
    spd_json *root;
};

/* What the functions inside Lua find in the state's extra space.  All that is
 * owned here is freed by whoever called lua_pcall: an error in Lua leaves its
 * functions by a jump. */
struct reading {
    const struct conf_scan *scan;
    size_t used_bytes;
    struct buf path; /* of the value being written */
    struct buf json;
    spd_jsonw w;
};

static struct reading *reading_of(lua_State *lua)
{
    return *(struct reading **)lua_getextraspace(lua);
}

/* -- limits -- */

static void *allocate(void *arg, void *old, size_t old_size, size_t size)
{
    struct reading *reading = arg;
    size_t had = old == NULL ? 0 : old_size;
    if (size > had && reading->used_bytes + (size - had) > MEMORY_MAX_BYTES)
        return NULL;
    void *memory = NULL;
    if (size == 0)
        free(old);
    else if ((memory = realloc(old, size)) == NULL)
        return NULL;
    reading->used_bytes = reading->used_bytes - had + size;
    return memory;
}

static void on_too_long(lua_State *lua, lua_Debug *where)
{
    lua_getinfo(lua, "l", where);
    luaL_error(lua, "conf:%d: this computes too long for a configuration",
               where->currentline);
}

/* -- assignments -- */

/* `_ENV` is an empty table: every assignment comes here, and the values lie in
 * its metatable's `__index`, the first upvalue; their lines in the second. */
static int on_assign(lua_State *lua)
{
    const char *name = lua_tostring(lua, 2);
    lua_Debug where = { 0 };
    if (lua_isnil(lua, 3))
        return luaL_error(lua,
                          "%s gets no value: is that a text without "
                          "quotes?",
                          name);
    lua_pushvalue(lua, 2);
    if (lua_rawget(lua, lua_upvalueindex(1)) != LUA_TNIL) {
        lua_pushvalue(lua, 2);
        lua_rawget(lua, lua_upvalueindex(2));
        return luaL_error(lua,
                          "%s stands here again; it has a value from "
                          "line %d already",
                          name, (int)lua_tointeger(lua, -1));
    }
    lua_pop(lua, 1);
    lua_getstack(lua, 1, &where);
    lua_getinfo(lua, "l", &where);
    lua_pushvalue(lua, 2);
    lua_pushinteger(lua, where.currentline);
    lua_rawset(lua, lua_upvalueindex(2));
    lua_settop(lua, 3);
    lua_rawset(lua, lua_upvalueindex(1));
    return 0;
}

/* Leaves values and environment on the stack, the latter on top. */
static void push_environment(lua_State *lua)
{
    lua_newtable(lua); /* values */
    lua_newtable(lua); /* the environment */
    lua_newtable(lua); /* its metatable */
    lua_pushvalue(lua, -3);
    lua_setfield(lua, -2, "__index");
    lua_pushvalue(lua, -3);
    lua_newtable(lua); /* lines */
    lua_pushcclosure(lua, on_assign, 2);
    lua_setfield(lua, -2, "__newindex");
    lua_setmetatable(lua, -2);
}

/* -- from Lua's tables to JSON -- */

static void write_value(lua_State *lua, const char *name, int depth);

/* The line is known for keys that stand in the text as such. */
static int refuse_value(lua_State *lua, const char *why)
{
    struct reading *reading = reading_of(lua);
    int line = conf_scan_line(reading->scan, buf_str(&reading->path));
    lua_pushlstring(lua, reading->path.ptr == NULL ? "" : reading->path.ptr,
                    reading->path.len);
    const char *path = lua_tostring(lua, -1);
    if (line > 0)
        return luaL_error(lua, "conf:%d: %s %s", line, path, why);
    return luaL_error(lua, "conf: %s %s", path, why);
}

struct entry {
    int order;        /* as written; those not found come last */
    int position;     /* in the list; 0: it has a name */
    const char *name; /* borrowed from Lua */
};

static int by_order(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    if (left->order != right->order)
        return left->order < right->order ? -1 : 1;
    return strcmp(left->name, right->name);
}

static size_t enter_path(struct reading *reading, const char *name)
{
    size_t before = reading->path.len;
    if (before > 0)
        buf_put_char(&reading->path, '.');
    buf_put(&reading->path, str_of(name));
    return before;
}

/* The names of a table's entries in the order written; the array is Lua's, so
 * that it goes with the state whatever happens. */
static struct entry *sort_entries(lua_State *lua, size_t count)
{
    struct reading *reading = reading_of(lua);
    int table = lua_gettop(lua);
    struct entry *entries =
        lua_newuserdatauv(lua, (count == 0 ? 1 : count) * sizeof(*entries), 0);
    size_t i = 0;
    for (lua_pushnil(lua); lua_next(lua, table) != 0; lua_pop(lua, 1)) {
        bool is_listed = lua_type(lua, -2) == LUA_TNUMBER;
        const char *name = lua_tostring(lua, is_listed ? -1 : -2);
        size_t before = enter_path(reading, name);
        int order = conf_scan_order(reading->scan, buf_str(&reading->path));
        reading->path.len = before;
        entries[i++] = (struct entry){
            .order = order < 0 ? INT32_MAX : order,
            .position = is_listed ? (int)lua_tointeger(lua, -2) : 0,
            .name = name,
        };
    }
    qsort(entries, count, sizeof(*entries), by_order);
    return entries;
}

static void write_object(lua_State *lua, const char *name, size_t count,
                         int depth)
{
    struct reading *reading = reading_of(lua);
    int table = lua_gettop(lua);
    const struct entry *entries = sort_entries(lua, count);
    jsonw_begin(&reading->w, name, SPD_JSON_OBJECT);
    for (size_t i = 0; i < count; i++) {
        size_t before = enter_path(reading, entries[i].name);
        if (entries[i].position > 0) {
            jsonw_begin(&reading->w, entries[i].name, SPD_JSON_OBJECT);
            jsonw_end(&reading->w);
        } else {
            lua_getfield(lua, table, entries[i].name);
            write_value(lua, entries[i].name, depth);
            lua_pop(lua, 1);
        }
        reading->path.len = before;
    }
    jsonw_end(&reading->w);
    lua_pop(lua, 1);
}

static void write_list(lua_State *lua, const char *name, size_t count,
                       int depth)
{
    struct reading *reading = reading_of(lua);
    int table = lua_gettop(lua);
    jsonw_begin(&reading->w, name, SPD_JSON_ARRAY);
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(lua, table, (lua_Integer)i);
        write_value(lua, NULL, depth);
        lua_pop(lua, 1);
    }
    jsonw_end(&reading->w);
}

struct shape {
    size_t listed, named;
    bool only_names; /* what is listed are texts */
};

static struct shape shape_of(lua_State *lua)
{
    struct shape shape = { .only_names = true };
    int table = lua_gettop(lua);
    for (lua_pushnil(lua); lua_next(lua, table) != 0; lua_pop(lua, 1)) {
        if (lua_type(lua, -2) == LUA_TSTRING) {
            shape.named++;
        } else if (lua_isinteger(lua, -2)) {
            shape.listed++;
            if (lua_type(lua, -1) != LUA_TSTRING)
                shape.only_names = false;
        } else {
            refuse_value(lua, "has a key that is no name");
        }
    }
    if (shape.listed + shape.named > KEYS_MAX)
        refuse_value(lua, "has too many entries");
    /* A list counts 1, 2, 3 without a gap. */
    if (shape.listed != lua_rawlen(lua, table))
        refuse_value(lua, "is a list with holes");
    return shape;
}

static void write_table(lua_State *lua, const char *name, int depth)
{
    if (depth == DEPTH_MAX)
        refuse_value(lua, "is nested too deeply");
    luaL_checkstack(lua, 8, "a configuration");
    struct shape shape = shape_of(lua);
    if (shape.listed > 0 && shape.named > 0 && !shape.only_names)
        refuse_value(lua, "mixes names with entries that are neither "
                          "\"name\" nor name = value");
    if (shape.listed > 0 && shape.named == 0)
        write_list(lua, name, shape.listed, depth + 1);
    else
        write_object(lua, name, shape.listed + shape.named, depth + 1);
}

static void write_text(lua_State *lua, const char *name)
{
    size_t len;
    const char *ptr = lua_tolstring(lua, -1, &len);
    spd_str text = { ptr, len };
    if (!str_is_utf8(text) || memchr(ptr, 0, len) != NULL)
        refuse_value(lua, "is not a text in UTF-8");
    jsonw_put_str(&reading_of(lua)->w, name, text);
}

static void write_value(lua_State *lua, const char *name, int depth)
{
    spd_jsonw *w = &reading_of(lua)->w;
    switch (lua_type(lua, -1)) {
    case LUA_TBOOLEAN:
        jsonw_put_bool(w, name, lua_toboolean(lua, -1) != 0);
        return;
    case LUA_TNUMBER:
        if (lua_isinteger(lua, -1))
            jsonw_put_int(w, name, lua_tointeger(lua, -1));
        else
            jsonw_put_real(w, name, lua_tonumber(lua, -1));
        return;
    case LUA_TSTRING:
        write_text(lua, name);
        return;
    case LUA_TTABLE:
        write_table(lua, name, depth);
        return;
    default:
        refuse_value(lua, "must be a text, a number, true, false or a table");
    }
}

/* -- the whole -- */

/* [1]: the text, as a chunk of light userdata. */
static int run(lua_State *lua)
{
    const spd_str *text = lua_touserdata(lua, 1);
    if (luaL_loadbufferx(lua, text->ptr, text->len, "=conf", "t") != LUA_OK)
        return lua_error(lua);
    push_environment(lua);
    lua_setupvalue(lua, 2, 1);
    lua_pushvalue(lua, 2);
    lua_call(lua, 0, 0);
    write_value(lua, NULL, 0);
    return 0;
}

/* "conf:12: what" as "spoold.conf line 12: what". */
static void tell(const char *name, const char *lua_says, struct spd_error *err)
{
    spd_str rest = str_of(lua_says);
    while (str_starts(rest, STR("conf:"))) {
        spd_str what = rest;
        int64_t line;
        str_cut(&what, ':');
        if (!str_to_int(str_cut(&what, ':'), &line))
            break;
        if (!str_starts(str_trim(what), STR("conf:"))) {
            error_set(err, SPD_EINVAL, "%s line %d: %.*s", name, (int)line,
                      STR_ARG(str_trim(what)));
            return;
        }
        rest = str_trim(what);
    }
    if (str_starts(rest, STR("conf:")))
        str_cut(&rest, ':');
    error_set(err, SPD_EINVAL, "%s: %.*s", name, STR_ARG(str_trim(rest)));
}

static spd_err read_text(struct conf *conf, spd_str text, struct spd_error *err)
{
    struct reading reading = { .scan = conf->scan };
    lua_State *lua = lua_newstate(allocate, &reading);
    if (lua == NULL)
        return error_set(err, SPD_ENOMEM, "%s: no memory", conf->name);
    *(struct reading **)lua_getextraspace(lua) = &reading;
    jsonw_init(&reading.w, &reading.json);
    lua_sethook(lua, on_too_long, LUA_MASKCOUNT, INSTRUCTIONS_MAX);
    lua_pushcfunction(lua, run);
    lua_pushlightuserdata(lua, &text);
    struct spd_error why = { 0 };
    if (lua_pcall(lua, 1, 0, 0) != LUA_OK)
        tell(conf->name, lua_tostring(lua, -1), &why);
    else if ((conf->root = json_parse(buf_str(&reading.json), &why)) == NULL)
        error_in(&why, "%s", conf->name);
    lua_close(lua);
    buf_fini(&reading.json);
    buf_fini(&reading.path);
    if (why.code != SPD_OK && err != NULL)
        *err = why;
    return why.code;
}

struct conf *conf_of_text(const char *name, spd_str text, struct spd_error *err)
{
    struct conf *conf = mem_new(sizeof(*conf));
    conf->name = mem_text(str_of(name));
    conf->scan = conf_scan_new(text);
    if (read_text(conf, text, err) == SPD_OK)
        return conf;
    conf_free(conf);
    return NULL;
}

struct conf *conf_load(const char *path, struct spd_error *err)
{
    struct buf text = { 0 };
    struct conf *conf = NULL;
    if (file_read(path, TEXT_MAX_BYTES, &text, err) == SPD_OK)
        conf = conf_of_text(path, buf_str(&text), err);
    buf_fini(&text);
    return conf;
}

void conf_free(struct conf *conf)
{
    if (conf == NULL)
        return;
    json_free(conf->root);
    conf_scan_free(conf->scan);
    free(conf->name);
    free(conf);
}

const spd_json *conf_root(const struct conf *conf)
{
    return conf->root;
}

/* What is not found by itself stands where its table does. */
const char *conf_place(const struct conf *conf, const char *path,
                       char out[CONF_PLACE_BYTES])
{
    spd_str whole = str_of(path);
    int line = conf_scan_line(conf->scan, whole);
    while (line == 0 && whole.len > 0) {
        do
            whole.len--;
        while (whole.len > 0 && whole.ptr[whole.len] != '.');
        line = conf_scan_line(conf->scan, whole);
    }
    if (line > 0)
        snprintf(out, CONF_PLACE_BYTES, "%.250s line %d", conf->name, line);
    else
        snprintf(out, CONF_PLACE_BYTES, "%.250s", conf->name);
    return out;
}
