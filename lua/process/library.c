/* What a rule finds around it: Lua without anything that reaches out, and the
 * shop. */
#include <lauxlib.h>
#include <lualib.h>
#include <string.h>
#include <time.h>

#include "base/moment.h"
#include "lua/process/rule.h"
#include "lua/process/values.h"

enum { ARGS_MAX_BYTES = 512 * 1024, LINE_MAX_BYTES = 1000 };

/* -- Lua's own, as far as it goes -- */

struct library {
    const char *name;
    lua_CFunction open;
    const char *const *kept; /* ends with NULL */
};

static const char *const base_kept[] = {
    "assert",       "error",    "getmetatable", "ipairs", "next",   "pairs",
    "pcall",        "rawequal", "rawget",       "rawlen", "rawset", "select",
    "setmetatable", "tonumber", "tostring",     "type",   "xpcall", NULL,
};
static const char *const string_kept[] = {
    "byte", "char",   "find",  "format",   "gmatch", "gsub",
    "len",  "lower",  "match", "pack",     "rep",    "reverse",
    "sub",  "unpack", "upper", "packsize", NULL,
};
static const char *const table_kept[] = {
    "concat", "insert", "move", "pack", "remove", "sort", "unpack", NULL,
};
static const char *const math_kept[] = {
    "abs", "acos",       "asin", "atan",      "ceil", "cos",    "deg",
    "exp", "floor",      "fmod", "huge",      "log",  "max",    "maxinteger",
    "min", "mininteger", "modf", "pi",        "rad",  "random", "randomseed",
    "sin", "sqrt",       "tan",  "tointeger", "type", "ult",    NULL,
};
static const char *const utf8_kept[] = {
    "char", "charpattern", "codepoint", "codes", "len", "offset", NULL,
};
static const char *const coroutine_kept[] = {
    "close",  "create", "isyieldable", "resume", "running",
    "status", "wrap",   "yield",       NULL,
};

static const struct library libraries[] = {
    { "string", luaopen_string, string_kept },
    { "table", luaopen_table, table_kept },
    { "math", luaopen_math, math_kept },
    { "utf8", luaopen_utf8, utf8_kept },
    { "coroutine", luaopen_coroutine, coroutine_kept },
};

/* What is not on the list never gets from `from` into the table at the top. */
static void copy_kept(lua_State *lua, int from, const char *const *kept)
{
    for (; *kept != NULL; kept++) {
        lua_getfield(lua, from, *kept);
        lua_setfield(lua, -2, *kept);
    }
}

static void push_library(lua_State *lua, const struct library *library)
{
    luaL_requiref(lua, library->name, library->open, 0);
    int whole = lua_gettop(lua);
    lua_newtable(lua);
    copy_kept(lua, whole, library->kept);
    lua_remove(lua, whole);
}

/* "text":upper() finds the kept functions, and nobody finds their table. */
static void seal_texts(lua_State *lua)
{
    lua_getfield(lua, -1, "string");
    lua_pushliteral(lua, "");
    lua_getmetatable(lua, -1);
    lua_pushvalue(lua, -3);
    lua_setfield(lua, -2, "__index");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_pop(lua, 3);
}

/* A finaliser would run when nobody counts its instructions. */
static int set_metatable(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_argcheck(lua, lua_isnil(lua, 2) || lua_istable(lua, 2), 2,
                  "nil or a table is expected");
    if (lua_istable(lua, 2)) {
        lua_pushliteral(lua, "__gc");
        if (lua_rawget(lua, 2) != LUA_TNIL)
            return luaL_error(lua, "a rule has no use for __gc");
        lua_pop(lua, 1);
    }
    if (luaL_getmetafield(lua, 1, "__metatable") != LUA_TNIL)
        return luaL_error(lua, "this metatable is protected");
    lua_settop(lua, 2);
    lua_setmetatable(lua, 1);
    return 1;
}

static int repeat(lua_State *lua)
{
    size_t len;
    luaL_checklstring(lua, 1, &len);
    lua_Integer times = luaL_checkinteger(lua, 2);
    if (times > 1000000 || (double)len * (double)times > 1e6)
        return luaL_error(lua, "string.rep makes at most a million bytes here");
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_insert(lua, 1);
    lua_call(lua, lua_gettop(lua) - 1, 1);
    return 1;
}

static int move(lua_State *lua)
{
    double from = (double)luaL_checkinteger(lua, 2);
    double to = (double)luaL_checkinteger(lua, 3);
    if (to - from > 1e6)
        return luaL_error(lua, "table.move moves at most a million entries");
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_insert(lua, 1);
    lua_call(lua, lua_gettop(lua) - 1, 1);
    return 1;
}

static void wrap(lua_State *lua, const char *library, const char *name,
                 lua_CFunction fn)
{
    lua_getfield(lua, -1, library);
    lua_getfield(lua, -1, name);
    lua_pushcclosure(lua, fn, 1);
    lua_setfield(lua, -2, name);
    lua_pop(lua, 1);
}

/* -- on -- */

static bool is_topic(spd_str text)
{
    if (str_is(text, "*"))
        return true;
    spd_str noun = str_cut(&text, '.');
    bool is_word = noun.len > 0 && (text.len > 0);
    for (size_t i = 0; i < noun.len; i++)
        is_word = is_word && (noun.ptr[i] == '_' || noun.ptr[i] == '-' ||
                              (noun.ptr[i] >= 'a' && noun.ptr[i] <= 'z'));
    return is_word &&
           (str_is(text, "*") || memchr(text.ptr, '*', text.len) == NULL);
}

/* [1] is what for, [2] the function. */
static int add_hook(lua_State *lua)
{
    lua_settop(lua, 2);
    lua_rawgetp(lua, LUA_REGISTRYINDEX, &rule_hooks_key);
    lua_pushvalue(lua, 1);
    if (lua_rawget(lua, 3) != LUA_TTABLE) {
        lua_pop(lua, 1);
        lua_newtable(lua);
        lua_pushvalue(lua, 1);
        lua_pushvalue(lua, -2);
        lua_rawset(lua, 3);
    }
    lua_pushvalue(lua, 2);
    lua_rawseti(lua, 4, (lua_Integer)lua_rawlen(lua, 4) + 1);
    return 0;
}

static int on(lua_State *lua)
{
    spd_str topic;
    topic.ptr = luaL_checklstring(lua, 1, &topic.len);
    luaL_checktype(lua, 2, LUA_TFUNCTION);
    if (!rule_of(lua)->loading)
        return luaL_error(lua, "on() is for the rule's own text, and not for "
                               "what runs later");
    if (!is_topic(topic))
        return luaL_error(lua,
                          "\"%s\" is no topic; it reads noun.what, noun.* "
                          "or *, as in \"print.failed\"",
                          topic.ptr);
    return add_hook(lua);
}

/* -- hours -- */

static void judge_hook(lua_State *lua, const char *what)
{
    luaL_checktype(lua, 1, LUA_TSTRING);
    luaL_checktype(lua, 2, LUA_TFUNCTION);
    if (!rule_of(lua)->loading)
        luaL_error(lua,
                   "%s() is for the rule's own text, and not for what "
                   "runs later",
                   what);
}

/* "15m": from a second to a week. */
static bool is_interval(spd_str text)
{
    static const char units[] = "smhd";
    static const int64_t seconds_of[] = { 1, 60, 3600, 86400 };
    int64_t count;
    if (text.len < 2)
        return false;
    const char *unit = strchr(units, text.ptr[text.len - 1]);
    text.len--;
    if (unit == NULL || *unit == '\0' || !str_to_int(text, &count))
        return false;
    return count > 0 && count <= 604800 / seconds_of[unit - units];
}

/* every("15m", fn) */
static int every(lua_State *lua)
{
    spd_str text;
    judge_hook(lua, "every");
    text.ptr = lua_tolstring(lua, 1, &text.len);
    if (!is_interval(text))
        return luaL_error(lua,
                          "every() takes a time such as \"30s\", \"15m\", "
                          "\"2h\" or \"1d\", not \"%s\"",
                          text.ptr);
    lua_settop(lua, 2);
    lua_pushfstring(lua, "every %s", text.ptr);
    lua_replace(lua, 1);
    return add_hook(lua);
}

static bool is_day(spd_str text)
{
    static const char *const days[] = { "Mon", "Tue", "Wed", "Thu",
                                        "Fri", "Sat", "Sun" };
    for (size_t i = 0; i < SPD_COUNT(days); i++)
        if (str_is(text, days[i]))
            return true;
    return false;
}

/* "Mon-Fri,Sun" */
static bool are_days(spd_str text)
{
    bool fine = text.len > 0;
    while (fine && text.len > 0) {
        spd_str to = str_cut(&text, ','), from = str_cut(&to, '-');
        fine = is_day(from) && (to.len == 0 || is_day(to));
    }
    return fine;
}

static bool is_hour(spd_str text)
{
    int64_t hour, minute;
    spd_str hours = str_cut(&text, ':');
    return hours.len == 2 && text.len == 2 && str_to_int(hours, &hour) &&
           str_to_int(text, &minute) && hour >= 0 && hour < 24 && minute >= 0 &&
           minute < 60;
}

/* at("07:00", fn), at("07:00 Mon-Fri", fn): where the shop is. */
static int at_hour(lua_State *lua)
{
    spd_str text;
    judge_hook(lua, "at");
    text.ptr = lua_tolstring(lua, 1, &text.len);
    spd_str days = text, hour = str_cut(&days, ' ');
    if (!is_hour(hour) || (days.len > 0 && !are_days(days)))
        return luaL_error(lua,
                          "at() takes a time of day and days, such as "
                          "\"07:00\" or \"07:00 Mon-Fri\", not \"%s\"",
                          text.ptr);
    lua_settop(lua, 2);
    lua_pushfstring(lua, "at %s", text.ptr);
    lua_replace(lua, 1);
    return add_hook(lua);
}

/* -- log -- */

static spd_jsonw begin_message(struct rule *rule)
{
    spd_jsonw w;
    buf_clear(&rule->out);
    jsonw_init(&w, &rule->out);
    jsonw_begin(&w, NULL, SPD_JSON_OBJECT);
    jsonw_put_int(&w, "rule", rule->number);
    return w;
}

static void send_message(lua_State *lua, spd_jsonw *w)
{
    struct rule *rule = rule_of(lua);
    jsonw_end(w);
    if (!link_send(rule->link, buf_str(&rule->out)))
        luaL_error(lua, "nobody listens any more");
}

/* Texts as they are, tables as JSON. */
static int write_log(lua_State *lua)
{
    struct rule *rule = rule_of(lua);
    luaL_Buffer line;
    int count = lua_gettop(lua);
    if (rule->lines++ >= RULE_LINES_MAX)
        return 0; /* enough is enough */
    luaL_buffinit(lua, &line);
    for (int i = 1; i <= count; i++) {
        if (i > 1)
            luaL_addchar(&line, ' ');
        luaL_tolstring(lua, i, NULL);
        luaL_addvalue(&line);
    }
    luaL_pushresult(&line);
    spd_str text;
    text.ptr = lua_tolstring(lua, -1, &text.len);
    spd_jsonw w = begin_message(rule);
    bool is_text = str_is_utf8(text) && memchr(text.ptr, 0, text.len) == NULL;
    jsonw_put_str(&w, "log",
                  is_text ? str_clip(text, LINE_MAX_BYTES)
                          : STR("(bytes that are no text)"));
    send_message(lua, &w);
    return 0;
}

/* -- the shop -- */

static void judge_call(lua_State *lua, const char *name)
{
    struct rule *rule = rule_of(lua);
    if (rule->pure != NULL)
        luaL_error(lua, "%s cannot be called while %s", name, rule->pure);
    if (rule->calls++ >= RULE_CALLS_MAX)
        luaL_error(lua, "%s: %d calls are all it gets in one run", name,
                   RULE_CALLS_MAX);
}

static int take_answer(lua_State *lua, const char *name)
{
    const spd_json *answer = rule_of(lua)->answer;
    const spd_json *body = json_member(answer, "answer");
    if (json_as_int(json_member(answer, "status"), 500) < 300) {
        value_push(lua, body);
        return 1;
    }
    spd_str why =
        json_as_str(json_member(body, "error"), STR("it was refused"));
    lua_pushlstring(lua, why.ptr, why.len);
    return luaL_error(lua, "%s: %s", name, lua_tostring(lua, -1));
}

/* Upvalue 1: the operation's name. */
static int call_operation(lua_State *lua)
{
    struct rule *rule = rule_of(lua);
    const char *name = lua_tostring(lua, lua_upvalueindex(1));
    if (lua_gettop(lua) > 1 ||
        !(lua_isnoneornil(lua, 1) || lua_istable(lua, 1)))
        return luaL_error(lua, "%s takes one table: shop.%s{...}", name, name);
    judge_call(lua, name);
    spd_jsonw w = begin_message(rule);
    jsonw_put_str(&w, "call", str_of(name));
    if (lua_istable(lua, 1)) {
        lua_settop(lua, 1);
        value_write(lua, &w, "args", name, ARGS_MAX_BYTES);
    }
    send_message(lua, &w);
    json_free(rule->answer);
    rule->answer = link_answer(rule->link);
    if (rule->answer == NULL)
        return luaL_error(lua, "%s: nobody answers any more", name);
    return take_answer(lua, name);
}

/* shop.jobs.list: the name of the noun is the table's upvalue. */
static int find_operation(lua_State *lua)
{
    luaL_checktype(lua, 2, LUA_TSTRING);
    lua_pushfstring(lua, "%s.%s", lua_tostring(lua, lua_upvalueindex(1)),
                    lua_tostring(lua, 2));
    lua_pushcclosure(lua, call_operation, 1);
    lua_pushvalue(lua, 2);
    lua_pushvalue(lua, -2);
    lua_rawset(lua, 1); /* found at once the next time */
    return 1;
}

static int refuse_write(lua_State *lua)
{
    return luaL_error(lua, "what belongs to the shop cannot be replaced");
}

/* The table at the top answers by `find`, with one upvalue from under it. */
static void guard(lua_State *lua, lua_CFunction find, int upvalues)
{
    lua_newtable(lua); /* its metatable */
    lua_insert(lua, -1 - upvalues);
    lua_pushcclosure(lua, find, upvalues);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, refuse_write);
    lua_setfield(lua, -2, "__newindex");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_setmetatable(lua, -2);
}

static int find_noun(lua_State *lua)
{
    luaL_checktype(lua, 2, LUA_TSTRING);
    lua_newtable(lua);
    lua_pushvalue(lua, 2);
    guard(lua, find_operation, 1);
    lua_pushvalue(lua, 2);
    lua_pushvalue(lua, -2);
    lua_rawset(lua, 1);
    return 1;
}

/* -- time -- */

static int now(lua_State *lua)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    lua_pushinteger(lua, (lua_Integer)at.tv_sec);
    return 1;
}

static void put_part(lua_State *lua, const char *name, int value)
{
    lua_pushinteger(lua, value);
    lua_setfield(lua, -2, name);
}

/* clock(seconds): the parts of the moment where the shop is; nil: now. */
static int clock_parts(lua_State *lua)
{
    time_t at;
    struct tm parts;
    if (lua_isnoneornil(lua, 1))
        now(lua);
    at = (time_t)lua_tointeger(lua, -1);
    if (!lua_isinteger(lua, -1) || localtime_r(&at, &parts) == NULL)
        return luaL_error(lua, "clock() takes seconds since 1970");
    lua_newtable(lua);
    put_part(lua, "year", parts.tm_year + 1900);
    put_part(lua, "month", parts.tm_mon + 1);
    put_part(lua, "day", parts.tm_mday);
    put_part(lua, "hour", parts.tm_hour);
    put_part(lua, "minute", parts.tm_min);
    put_part(lua, "second", parts.tm_sec);
    put_part(lua, "weekday", parts.tm_wday == 0 ? 7 : parts.tm_wday);
    return 1;
}

/* seconds(text): a moment as the shop writes it, as seconds since 1970. */
static int seconds(lua_State *lua)
{
    spd_str text;
    int64_t at_ms;
    text.ptr = luaL_checklstring(lua, 1, &text.len);
    if (!moment_parse(text, &at_ms))
        return luaL_error(lua, "\"%s\" is no moment such as %s", text.ptr,
                          "\"2026-11-22T21:10:29Z\"");
    lua_pushinteger(lua, at_ms / 1000);
    return 1;
}

/* -- all together -- */

static const luaL_Reg own[] = {
    { "on", on },           { "every", every },
    { "at", at_hour },      { "log", write_log },
    { "print", write_log }, { "list", value_list },
    { "now", now },         { "clock", clock_parts },
    { "seconds", seconds }, { "setmetatable", set_metatable },
    { NULL, NULL },
};

void library_push(lua_State *lua)
{
    static const struct library base = { "_G", luaopen_base, base_kept };
    push_library(lua, &base);
    for (size_t i = 0; i < SPD_COUNT(libraries); i++) {
        push_library(lua, &libraries[i]);
        lua_setfield(lua, -2, libraries[i].name);
    }
    wrap(lua, "string", "rep", repeat);
    wrap(lua, "table", "move", move);
    seal_texts(lua);
    luaL_setfuncs(lua, own, 0);
    lua_pushlightuserdata(lua, NULL);
    lua_setfield(lua, -2, "null");
    lua_newtable(lua);
    guard(lua, find_noun, 0);
    lua_setfield(lua, -2, "shop");
}
