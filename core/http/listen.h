/* The listening socket: hands out connections, and when there are no
 * descriptors left it waits a while instead of spinning.  Knows no HTTP. */
#ifndef SPOOLD_HTTP_LISTEN_H
#define SPOOLD_HTTP_LISTEN_H

#include <sys/socket.h>

#include "loop/loop.h"

struct listener;

struct connection_seen {
    int fd; /* taken; non-blocking */
    const struct sockaddr *address;
    socklen_t address_size;
};
typedef void listener_fn(void *arg, const struct connection_seen *seen);

/* "127.0.0.1:8080" or "[::1]:0"; the error says which address and why. Owned.
 */
struct listener *listener_new(struct loop *loop, const char *address,
                              listener_fn *fn, void *arg,
                              struct spd_error *err);
void listener_free(struct listener *listener);

/* Others wait in the kernel's queue while it is paused. */
void listener_pause(struct listener *listener);
void listener_resume(struct listener *listener);

enum { LISTENER_ADDRESS_BYTES = 80 };
/* With the port that was really taken, as in a URL. Borrowed. */
const char *listener_address(const struct listener *listener);

#endif
