/* What kind of place an address is, for deciding who may be talked to.
 * Knows nothing of names: those are judged by the addresses they lead to. */
#ifndef SPOOLD_LOOP_ADDRESS_H
#define SPOOLD_LOOP_ADDRESS_H

#include <sys/socket.h>

enum address_kind {
    ADDRESS_PUBLIC,
    ADDRESS_PRIVATE,   /* of a home or a shop, a carrier or a laboratory */
    ADDRESS_LOOPBACK,  /* this machine */
    ADDRESS_FORBIDDEN, /* link-local, cloud metadata, multicast, "any" ... */
};

/* [any] IPv4 written as IPv6 (mapped, compatible, NAT64, 6to4) is judged as
 * the IPv4 address it stands for.  Other families are forbidden. */
enum address_kind address_kind(const struct sockaddr *address);

#endif
