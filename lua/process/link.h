/* The link: the one socket, and the messages on it.  Blocks. */
#ifndef SPOOLD_LUA_PROCESS_LINK_H
#define SPOOLD_LUA_PROCESS_LINK_H

#include "base/json.h"

struct link;

struct link *link_new(int fd); /* owned: link_free; does not close it */
void link_free(struct link *link);

/* The next message, in order. Owned: json_free. NULL: there will be none. */
spd_json *link_next(struct link *link);
/* The answer to a call: the next message with a member "answer".  What comes
 * before it is kept for link_next. */
spd_json *link_answer(struct link *link);

/* False: nobody reads it any more. */
bool link_send(struct link *link, spd_str text);

#endif
