/* A web server of a few lines that answers what a test tells it to, on a
 * thread of its own at a free port of 127.0.0.1. */
#ifndef SPOOLD_TEST_PEER_H
#define SPOOLD_TEST_PEER_H

#include <stddef.h>

struct peer;

/* The i-th request gets replies[i], the bytes as they are; the last reply
 * serves all that follow.  A reply that begins with "CUT" is sent without
 * these letters and the connection closed behind it; an empty one is none at
 * all.  `replies` ends with NULL; its texts outlive the peer's thread. */
struct peer *peer_start(const char *const *replies);
void peer_stop(struct peer *peer);

int peer_port(const struct peer *peer);

/* What has come, after peer_stop: heads and bodies, one behind the other. */
const char *peer_heard(const struct peer *peer, size_t *bytes);
int peer_requests(const struct peer *peer);
int peer_connections(const struct peer *peer);
void peer_free(struct peer *peer);

#endif
