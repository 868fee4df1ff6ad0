/* Serving: what comes down the link is done, one after the other, and what
 * became of it goes up. */
#ifndef SPOOLD_LUA_PROCESS_SERVE_H
#define SPOOLD_LUA_PROCESS_SERVE_H

/* Until nobody is at the other end of the socket. */
void serve(int fd);

#endif
