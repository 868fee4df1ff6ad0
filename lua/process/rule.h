/* A rule: somebody's Lua, in a state of its own with limits of its own.
 *
 * What it was told to do when is in `hooks`; it knows of the shop only what
 * library.c gives it.  A rule that runs too long or grows too large is broken
 * off where Lua can be, and by the other side of the link where it cannot. */
#ifndef SPOOLD_LUA_PROCESS_RULE_H
#define SPOOLD_LUA_PROCESS_RULE_H

#include <lua.h>

#include "lua/process/link.h"

enum {
    RULE_NAME_BYTES = 48,
    RULE_CALLS_MAX = 500, /* of operations, in one run */
    RULE_LINES_MAX = 100, /* of its log, in one run */
    RULE_STATE_MAX_BYTES = 64 * 1024,
};

struct rule {
    struct rule *next;
    int64_t number;
    char name[RULE_NAME_BYTES];
    struct link *link;
    lua_State *lua;
    size_t used_bytes;
    /* of the run under way */
    const char *pure; /* may do nothing just now, for this is going on; NULL */
    bool loading;
    int64_t until_ns; /* of this process's time */
    bool spent;       /* it has passed */
    int calls, lines;
    spd_json *answer; /* of the last call; freed with the run */
    struct buf out;   /* what is being written */
    struct buf state; /* its state as it was told last */
};

/* How a run ended. */
struct verdict {
    bool failed, offended; /* offended: ran into a limit */
    int line;              /* 0: not known */
    char text[400];
};

/* Owned: rule_free.  Nothing of it has run. NULL: no memory. */
struct rule *rule_new(struct link *link, int64_t number, spd_str name);
void rule_free(struct rule *rule);

static inline struct rule *rule_of(lua_State *lua)
{
    return *(struct rule **)lua_getextraspace(lua);
}

/* Run its text; `state` (may be NULL) is what it kept. */
struct verdict rule_load(struct rule *rule, spd_str source,
                         const spd_json *state);
/* Tell it of an event: all that it has for the topic. */
struct verdict rule_tell(struct rule *rule, const spd_json *event);

/* Ask its function of that name: once with `args` (an array), or for each of
 * `each` with that behind them.  Writes "answers": what it returned each time,
 * two values in an array. */
struct question {
    const char *hook;
    const spd_json *args, *each; /* each: NULL: once */
};
struct verdict rule_ask(struct rule *rule, const struct question *question,
                        spd_jsonw *w);

/* Members of an object: "hooks" as they are now... */
void rule_write_hooks(struct rule *rule, spd_jsonw *w);
/* ...and "state", when it is another than last time. */
struct verdict rule_write_state(struct rule *rule, spd_jsonw *w);

/* -- library.c -- */

/* Leaves what a rule finds around it on the stack. */
void library_push(lua_State *lua);

/* -- in the registry -- */

extern const char rule_hooks_key; /* topic -> list of functions */
extern const char rule_world_key; /* the rule's globals */

#endif
