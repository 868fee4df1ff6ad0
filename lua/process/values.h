/* Values: from JSON into Lua and back.
 *
 * Objects and arrays are tables; null is no member at all.  An empty table is
 * an object, unless it came as an array or from list().  May raise errors in
 * Lua: call protected, owning nothing. */
#ifndef SPOOLD_LUA_PROCESS_VALUES_H
#define SPOOLD_LUA_PROCESS_VALUES_H

#include <lua.h>

#include "base/json.h"

void value_push(lua_State *lua, const spd_json *json);

/* Write the value at the top, which stays.  `what` names it in errors, which
 * are raised when it cannot be said in JSON, or is over `max_bytes` long. */
void value_write(lua_State *lua, spd_jsonw *w, const char *name,
                 const char *what, size_t max_bytes);

/* list(...): its arguments as a table that is an array also when empty. */
int value_list(lua_State *lua);

#endif
