#include "lua/process/values.h"

#include <lauxlib.h>
#include <string.h>

enum { DEPTH_MAX = 20 };

static const char list_name[] = "list";

/* -- into Lua -- */

static void mark_as_list(lua_State *lua)
{
    if (luaL_newmetatable(lua, list_name)) {
        lua_pushboolean(lua, 0);
        lua_setfield(lua, -2, "__metatable");
    }
    lua_setmetatable(lua, -2);
}

static void push_object(lua_State *lua, const spd_json *object)
{
    lua_newtable(lua);
    for (const spd_json *m = json_first(object); m != NULL; m = json_next(m)) {
        spd_str name = json_name(m);
        if (json_type(m) == SPD_JSON_NULL)
            continue;
        lua_pushlstring(lua, name.ptr, name.len);
        value_push(lua, m);
        lua_rawset(lua, -3);
    }
}

static void push_array(lua_State *lua, const spd_json *array)
{
    lua_Integer i = 0;
    lua_newtable(lua);
    for (const spd_json *m = json_first(array); m != NULL; m = json_next(m)) {
        if (json_type(m) == SPD_JSON_NULL)
            lua_pushlightuserdata(lua, NULL);
        else
            value_push(lua, m);
        lua_rawseti(lua, -2, ++i);
    }
    mark_as_list(lua);
}

static void push_number(lua_State *lua, const spd_json *json)
{
    int64_t whole = json_as_int(json, INT64_MIN);
    if (whole != INT64_MIN)
        lua_pushinteger(lua, whole);
    else
        lua_pushnumber(lua, json_as_real(json, 0));
}

void value_push(lua_State *lua, const spd_json *json)
{
    luaL_checkstack(lua, 6, "a value from outside");
    switch (json_type(json)) {
    case SPD_JSON_NULL:
        lua_pushnil(lua);
        return;
    case SPD_JSON_BOOL:
        lua_pushboolean(lua, json_as_bool(json, false));
        return;
    case SPD_JSON_INT:
    case SPD_JSON_REAL:
        push_number(lua, json);
        return;
    case SPD_JSON_STR: {
        spd_str text = json_as_str(json, (spd_str){ "", 0 });
        lua_pushlstring(lua, text.ptr, text.len);
        return;
    }
    case SPD_JSON_ARRAY:
        push_array(lua, json);
        return;
    case SPD_JSON_OBJECT:
        push_object(lua, json);
        return;
    }
}

int value_list(lua_State *lua)
{
    int count = lua_gettop(lua);
    lua_createtable(lua, count, 0);
    lua_insert(lua, 1);
    for (int i = count; i > 0; i--)
        lua_rawseti(lua, 1, i);
    mark_as_list(lua);
    return 1;
}

/* -- out of Lua -- */

struct writing {
    lua_State *lua;
    spd_jsonw *w;
    const char *what;
    size_t max_bytes; /* of w->out */
};

static void write_value(const struct writing *to, const char *name, int depth);

static bool is_marked(lua_State *lua)
{
    bool is_list = lua_getmetatable(lua, -1) != 0;
    if (!is_list)
        return false;
    luaL_getmetatable(lua, list_name);
    is_list = lua_rawequal(lua, -1, -2) != 0;
    lua_pop(lua, 2);
    return is_list;
}

/* What stands in a list beside 1, 2, 3 would be lost. */
static void judge_list(const struct writing *to, lua_Unsigned count)
{
    lua_Unsigned entries = 0;
    for (lua_pushnil(to->lua); lua_next(to->lua, -2) != 0; lua_pop(to->lua, 1))
        entries++;
    if (entries != count)
        luaL_error(to->lua, "%s mixes a list and names, or has holes in a list",
                   to->what);
}

static void write_list(const struct writing *to, const char *name,
                       lua_Unsigned count, int depth)
{
    judge_list(to, count);
    jsonw_begin(to->w, name, SPD_JSON_ARRAY);
    for (lua_Unsigned i = 1; i <= count; i++) {
        lua_rawgeti(to->lua, -1, (lua_Integer)i);
        write_value(to, NULL, depth);
        lua_pop(to->lua, 1);
    }
    jsonw_end(to->w);
}

static void judge_text(const struct writing *to, spd_str text)
{
    if (!str_is_utf8(text) || memchr(text.ptr, 0, text.len) != NULL)
        luaL_error(to->lua, "%s has bytes that are no text in UTF-8", to->what);
}

static void write_object(const struct writing *to, const char *name, int depth)
{
    lua_State *lua = to->lua;
    jsonw_begin(to->w, name, SPD_JSON_OBJECT);
    for (lua_pushnil(lua); lua_next(lua, -2) != 0; lua_pop(lua, 1)) {
        size_t len;
        int type = lua_type(lua, -2);
        if (type != LUA_TNUMBER && type != LUA_TSTRING)
            luaL_error(lua, "%s has a key that is no text", to->what);
        lua_pushvalue(lua, -2); /* made a text: the key itself must stay */
        const char *key = lua_tolstring(lua, -1, &len);
        judge_text(to, (spd_str){ key, len });
        lua_insert(lua, -2);
        write_value(to, key, depth);
        lua_remove(lua, -2);
    }
    jsonw_end(to->w);
}

static void write_table(const struct writing *to, const char *name, int depth)
{
    lua_State *lua = to->lua;
    if (depth == DEPTH_MAX)
        luaL_error(lua, "%s is nested too deeply, or contains itself",
                   to->what);
    luaL_checkstack(lua, 8, "a value for outside");
    lua_Unsigned count = lua_rawlen(lua, -1);
    if (count > 0 || is_marked(lua))
        write_list(to, name, count, depth + 1);
    else
        write_object(to, name, depth + 1);
}

static void write_text(const struct writing *to, const char *name)
{
    size_t len;
    const char *ptr = lua_tolstring(to->lua, -1, &len);
    spd_str text = { ptr, len };
    if (to->w->out->len + len > to->max_bytes)
        luaL_error(to->lua, "%s is too large", to->what);
    judge_text(to, text);
    jsonw_put_str(to->w, name, text);
}

static void write_number(const struct writing *to, const char *name)
{
    if (lua_isinteger(to->lua, -1))
        jsonw_put_int(to->w, name, lua_tointeger(to->lua, -1));
    else
        jsonw_put_real(to->w, name, lua_tonumber(to->lua, -1));
}

static void write_value(const struct writing *to, const char *name, int depth)
{
    if (to->w->out->len > to->max_bytes)
        luaL_error(to->lua, "%s is too large", to->what);
    switch (lua_type(to->lua, -1)) {
    case LUA_TBOOLEAN:
        jsonw_put_bool(to->w, name, lua_toboolean(to->lua, -1) != 0);
        return;
    case LUA_TNUMBER:
        write_number(to, name);
        return;
    case LUA_TSTRING:
        write_text(to, name);
        return;
    case LUA_TTABLE:
        write_table(to, name, depth);
        return;
    case LUA_TNIL:
    case LUA_TLIGHTUSERDATA: /* `null` */
        jsonw_put_null(to->w, name);
        return;
    default:
        luaL_error(to->lua, "%s holds a %s, which is no value that can be kept",
                   to->what, luaL_typename(to->lua, -1));
    }
}

void value_write(lua_State *lua, spd_jsonw *w, const char *name,
                 const char *what, size_t max_bytes)
{
    struct writing to = { lua, w, what, w->out->len + max_bytes };
    write_value(&to, name, 0);
}
