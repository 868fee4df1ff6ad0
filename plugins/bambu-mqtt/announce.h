/* What a printer announces of itself in the network: a few lines like those of
 * SSDP, of whom everybody may be the sender.
 *
 * Reads text and knows no sockets. */
#ifndef BAMBU_ANNOUNCE_H
#define BAMBU_ANNOUNCE_H

#include <spoold/plugin.h>

struct announcement {
    char serial[33], host[64], code[24], name[64], firmware[24];
    bool cloud;    /* it is not in LAN mode */
    bool occupied; /* bound to an account */
};

/* False: it is of something else, or lacks what makes it useful. */
bool announce_read(struct announcement *out, spd_str datagram);

#endif
