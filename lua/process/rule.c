#include "lua/process/rule.h"

#include <assert.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "lua/process/values.h"

enum {
    MEMORY_MAX_BYTES = 8 * 1024 * 1024,
    RUN_MAX_NS = 200 * 1000 * 1000, /* a little before it is killed for it */
    INSTRUCTIONS = 1000,            /* between looks at the clock */
};

const char rule_hooks_key, rule_world_key;

/* -- limits -- */

static void *allocate(void *arg, void *old, size_t old_size, size_t size)
{
    struct rule *rule = arg;
    size_t had = old == NULL ? 0 : old_size;
    if (size > had && rule->used_bytes + (size - had) > MEMORY_MAX_BYTES)
        return NULL;
    void *memory = NULL;
    if (size == 0)
        free(old);
    else if ((memory = realloc(old, size)) == NULL)
        return NULL;
    rule->used_bytes = rule->used_bytes - had + size;
    return memory;
}

static int64_t used_ns(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

/* Whoever catches the error gets it again with the next instruction. */
static void on_count(lua_State *lua, lua_Debug *where)
{
    struct rule *rule = rule_of(lua);
    rule->spent = rule->spent || used_ns() > rule->until_ns;
    int count = rule->spent ? 1 : INSTRUCTIONS;
    if (lua_gethookcount(lua) != count)
        lua_sethook(lua, on_count, LUA_MASKCOUNT, count);
    if (!rule->spent)
        return;
    lua_getinfo(lua, "l", where);
    luaL_error(lua, "%s:%d: it runs too long: 0.2 s is all it gets", rule->name,
               where->currentline);
}

/* -- running, protected -- */

/* [1] is whatever was raised: make it a text, with a line where it has none. */
static int on_error(lua_State *lua)
{
    const struct rule *rule = rule_of(lua);
    lua_Debug where;
    spd_str text;
    text.ptr = luaL_tolstring(lua, 1, &text.len);
    if (str_starts(text, str_of(rule->name)))
        return 1;
    for (int level = 1; lua_getstack(lua, level, &where) != 0; level++) {
        lua_getinfo(lua, "l", &where);
        if (where.currentline > 0) {
            lua_pushfstring(lua, "%s:%d: %s", rule->name, where.currentline,
                            text.ptr);
            return 1;
        }
    }
    return 1;
}

/* "retry:12: what" as line 12 and "what". */
static void put_error(const struct rule *rule, spd_str said,
                      struct verdict *verdict)
{
    spd_str rest = said, where = str_cut(&rest, ':');
    int64_t line;
    if (str_is(where, rule->name) && str_to_int(str_cut(&rest, ':'), &line)) {
        verdict->line = (int)line;
        said = str_trim(rest);
    }
    said = str_clip(said, sizeof(verdict->text) - 1);
    memcpy(verdict->text, said.ptr, said.len);
    verdict->text[said.len] = '\0';
}

static struct verdict fail_with(struct rule *rule, int status)
{
    struct verdict verdict = { .failed = true };
    spd_str said = { "something that is no text was raised", 36 };
    if (lua_type(rule->lua, -1) == LUA_TSTRING)
        said.ptr = lua_tolstring(rule->lua, -1, &said.len);
    put_error(rule, said, &verdict);
    verdict.offended = rule->spent || status == LUA_ERRMEM;
    if (status == LUA_ERRMEM)
        put_error(rule, STR("it needs too much memory: 8 MB is all it gets"),
                  &verdict);
    return verdict;
}

/* fn(arg), where `arg` is its only argument, as light userdata. */
static struct verdict run(struct rule *rule, lua_CFunction fn, const void *arg)
{
    struct verdict verdict = { .failed = false };
    lua_State *lua = rule->lua;
    rule->until_ns = used_ns() + RUN_MAX_NS;
    rule->spent = false;
    rule->calls = rule->lines = 0;
    lua_sethook(lua, on_count, LUA_MASKCOUNT, INSTRUCTIONS);
    lua_settop(lua, 0);
    lua_pushcfunction(lua, on_error);
    lua_pushcfunction(lua, fn);
    lua_pushlightuserdata(lua, (void *)(uintptr_t)arg);
    int status = lua_pcall(lua, 1, 0, 1);
    if (status != LUA_OK)
        verdict = fail_with(rule, status);
    lua_settop(lua, 0);
    json_free(rule->answer);
    rule->answer = NULL;
    return verdict;
}

/* -- life -- */

static int set_up(lua_State *lua)
{
    lua_newtable(lua);
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &rule_hooks_key);
    library_push(lua);
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &rule_world_key);
    return 0;
}

struct rule *rule_new(struct link *link, int64_t number, spd_str name)
{
    struct rule *rule = mem_new(sizeof(*rule));
    name = str_clip(name, RULE_NAME_BYTES - 1);
    memcpy(rule->name, name.ptr, name.len);
    rule->link = link;
    rule->number = number;
    rule->lua = lua_newstate(allocate, rule);
    if (rule->lua != NULL)
        *(struct rule **)lua_getextraspace(rule->lua) = rule;
    if (rule->lua != NULL && !run(rule, set_up, NULL).failed)
        return rule;
    rule_free(rule);
    return NULL;
}

void rule_free(struct rule *rule)
{
    if (rule == NULL)
        return;
    if (rule->lua != NULL)
        lua_close(rule->lua);
    buf_fini(&rule->out);
    buf_fini(&rule->state);
    free(rule);
}

/* -- loading -- */

struct text {
    spd_str source;
    const spd_json *state;
};

static int load(lua_State *lua)
{
    const struct rule *rule = rule_of(lua);
    const struct text *text = lua_touserdata(lua, 1);
    lua_pushfstring(lua, "=%s", rule->name);
    const char *chunk = lua_tostring(lua, -1);
    if (luaL_loadbufferx(lua, text->source.ptr, text->source.len, chunk, "t") !=
        LUA_OK)
        return lua_error(lua);
    lua_rawgetp(lua, LUA_REGISTRYINDEX, &rule_world_key);
    if (text->state != NULL && json_type(text->state) == SPD_JSON_OBJECT)
        value_push(lua, text->state);
    else
        lua_newtable(lua);
    lua_setfield(lua, -2, "state");
    lua_setupvalue(lua, -2, 1);
    lua_call(lua, 0, 0);
    return 0;
}

struct verdict rule_load(struct rule *rule, spd_str source,
                         const spd_json *state)
{
    struct text text = { source, state };
    rule->pure = "it is being loaded";
    rule->loading = true;
    struct verdict verdict = run(rule, load, &text);
    rule->loading = false;
    rule->pure = NULL;
    return verdict;
}

/* -- telling -- */

/* Those of one topic or pattern, one after the other; the event is at 2. */
static void tell_each(lua_State *lua, spd_str pattern)
{
    lua_pushlstring(lua, pattern.ptr, pattern.len);
    if (lua_rawget(lua, 3) == LUA_TTABLE) {
        lua_Integer count = (lua_Integer)lua_rawlen(lua, -1);
        for (lua_Integer i = 1; i <= count; i++) {
            lua_rawgeti(lua, 4, i);
            lua_pushvalue(lua, 2);
            lua_call(lua, 1, 0);
        }
    }
    lua_settop(lua, 3);
}

static int tell(lua_State *lua)
{
    const spd_json *event = lua_touserdata(lua, 1);
    spd_str topic = json_as_str(json_member(event, "topic"), STR(""));
    spd_str rest = topic, noun = str_cut(&rest, '.');
    char pattern[64];
    snprintf(pattern, sizeof(pattern), "%.*s.*", STR_ARG(str_clip(noun, 60)));
    value_push(lua, event);
    lua_rawgetp(lua, LUA_REGISTRYINDEX, &rule_hooks_key);
    tell_each(lua, topic);
    if (rest.len == 0)
        return 0; /* an hour that has come, and no event */
    tell_each(lua, str_of(pattern));
    tell_each(lua, STR("*"));
    return 0;
}

struct verdict rule_tell(struct rule *rule, const spd_json *event)
{
    return run(rule, tell, event);
}

/* -- asking -- */

enum { ANSWERS_MAX_BYTES = 512 * 1024 };

struct asking {
    const struct question *question;
    spd_jsonw w; /* on rule->out */
};

static void ask_once(lua_State *lua, struct asking *asking,
                     const spd_json *last)
{
    const struct question *question = asking->question;
    int count = 0;
    lua_pushvalue(lua, 2);
    for (const spd_json *a = json_first(question->args); a != NULL;
         a = json_next(a), count++)
        value_push(lua, a);
    if (last != NULL) {
        value_push(lua, last);
        count++;
    }
    lua_call(lua, count, 2);
    jsonw_begin(&asking->w, NULL, SPD_JSON_ARRAY);
    lua_insert(lua, -2); /* the first result on top */
    value_write(lua, &asking->w, NULL, question->hook, ANSWERS_MAX_BYTES);
    lua_pop(lua, 1);
    value_write(lua, &asking->w, NULL, question->hook, ANSWERS_MAX_BYTES);
    lua_pop(lua, 1);
    jsonw_end(&asking->w);
}

static int ask(lua_State *lua)
{
    struct asking *asking = lua_touserdata(lua, 1);
    const struct question *question = asking->question;
    lua_rawgetp(lua, LUA_REGISTRYINDEX, &rule_world_key);
    if (lua_getfield(lua, 2, question->hook) != LUA_TFUNCTION)
        return luaL_error(lua, "%s is no function any more", question->hook);
    lua_remove(lua, 2);
    if (question->each == NULL)
        ask_once(lua, asking, NULL);
    for (const spd_json *e = json_first(question->each); e != NULL;
         e = json_next(e))
        ask_once(lua, asking, e);
    return 0;
}

struct verdict rule_ask(struct rule *rule, const struct question *question,
                        spd_jsonw *w)
{
    struct asking asking = { .question = question };
    buf_clear(&rule->out);
    jsonw_init(&asking.w, &rule->out);
    jsonw_begin(&asking.w, NULL, SPD_JSON_ARRAY);
    rule->pure = "it is being asked";
    struct verdict verdict = run(rule, ask, &asking);
    rule->pure = NULL;
    if (verdict.failed)
        return verdict;
    jsonw_end(&asking.w);
    jsonw_put_raw(w, "answers", buf_str(&rule->out));
    return verdict;
}

/* -- what is known of it -- */

/* Functions of these names are asked; all others are the rule's own. */
static const char *const asked_names[] = { "may_start", "notify" };

static int write_hooks(lua_State *lua)
{
    spd_jsonw *w = lua_touserdata(lua, 1);
    lua_rawgetp(lua, LUA_REGISTRYINDEX, &rule_hooks_key);
    for (lua_pushnil(lua); lua_next(lua, -2) != 0; lua_pop(lua, 1))
        jsonw_put_str(w, NULL, str_of(lua_tostring(lua, -2)));
    lua_rawgetp(lua, LUA_REGISTRYINDEX, &rule_world_key);
    for (size_t i = 0; i < SPD_COUNT(asked_names); i++) {
        if (lua_getfield(lua, -1, asked_names[i]) == LUA_TFUNCTION)
            jsonw_put_str(w, NULL, str_of(asked_names[i]));
        lua_pop(lua, 1);
    }
    return 0;
}

void rule_write_hooks(struct rule *rule, spd_jsonw *w)
{
    jsonw_begin(w, "hooks", SPD_JSON_ARRAY);
    run(rule, write_hooks, w);
    jsonw_end(w);
}

static int write_state(lua_State *lua)
{
    struct rule *rule = rule_of(lua);
    spd_jsonw w;
    jsonw_init(&w, &rule->out);
    lua_rawgetp(lua, LUA_REGISTRYINDEX, &rule_world_key);
    if (lua_getfield(lua, -1, "state") != LUA_TTABLE)
        luaL_error(lua, "state must be a table");
    value_write(lua, &w, NULL, "state", RULE_STATE_MAX_BYTES);
    return 0;
}

struct verdict rule_write_state(struct rule *rule, spd_jsonw *w)
{
    buf_clear(&rule->out);
    struct verdict verdict = run(rule, write_state, NULL);
    spd_str now = buf_str(&rule->out);
    if (verdict.failed || str_equal(now, buf_str(&rule->state)))
        return verdict;
    jsonw_put_raw(w, "state", now);
    buf_clear(&rule->state);
    buf_put(&rule->state, now);
    return verdict;
}
