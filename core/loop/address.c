#include "loop/address.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

struct net {
    unsigned char prefix[16];
    unsigned bits;
    enum address_kind kind;
};

/* In both tables the first row that fits decides. */
static const struct net nets4[] = {
    { { 0 }, 8, ADDRESS_FORBIDDEN }, /* "this host": reaches loopback */
    { { 10 }, 8, ADDRESS_PRIVATE },
    { { 100, 100, 100, 200 }, 32, ADDRESS_FORBIDDEN }, /* cloud metadata */
    { { 100, 64 }, 10, ADDRESS_PRIVATE },              /* carriers' NAT */
    { { 127 }, 8, ADDRESS_LOOPBACK },
    { { 168, 63, 129, 16 }, 32, ADDRESS_FORBIDDEN }, /* cloud metadata */
    { { 169, 254 }, 16, ADDRESS_FORBIDDEN },         /* and metadata too */
    { { 172, 16 }, 12, ADDRESS_PRIVATE },
    { { 192, 0, 0 }, 24, ADDRESS_FORBIDDEN }, /* protocol assignments */
    { { 192, 168 }, 16, ADDRESS_PRIVATE },
    { { 198, 18 }, 15, ADDRESS_PRIVATE }, /* benchmarks */
    { { 224 }, 4, ADDRESS_FORBIDDEN },    /* multicast */
    { { 240 }, 4, ADDRESS_FORBIDDEN },    /* reserved, broadcast */
};

static const struct net nets6[] = {
    { { 0 }, 128, ADDRESS_FORBIDDEN },
    { { [15] = 1 }, 128, ADDRESS_LOOPBACK },
    { { 0xfd, 0x00, 0x0e, 0xc2 }, 32, ADDRESS_FORBIDDEN }, /* metadata */
    { { 0xfc }, 7, ADDRESS_PRIVATE },
    { { 0xfe, 0x80 }, 10, ADDRESS_FORBIDDEN },
    { { 0xfe, 0xc0 }, 10, ADDRESS_PRIVATE },         /* site-local of old */
    { { 0xff }, 8, ADDRESS_FORBIDDEN },              /* multicast */
    { { 0x20, 0x01, 0, 0 }, 32, ADDRESS_FORBIDDEN }, /* Teredo */
};

/* IPv6 addresses that lead to an IPv4 address, and where in them it lies. */
static const struct {
    unsigned char prefix[16];
    unsigned bits, at;
} wrapped4[] = {
    { { [10] = 0xff, [11] = 0xff }, 96, 12 }, /* ::ffff:a.b.c.d */
    { { 0 }, 96, 12 },                        /* ::a.b.c.d */
    { { 0x00, 0x64, 0xff, 0x9b }, 96, 12 },   /* 64:ff9b::a.b.c.d */
    { { 0x20, 0x02 }, 16, 2 },                /* 2002:ab:cd:: */
};

static bool is_in(const unsigned char *address, const unsigned char *prefix,
                  unsigned bits)
{
    unsigned bytes = bits / 8, rest = bits % 8;
    if (memcmp(address, prefix, bytes) != 0)
        return false;
    return rest == 0 || (address[bytes] ^ prefix[bytes]) >> (8 - rest) == 0;
}

static enum address_kind kind_in(const struct net *nets, size_t count,
                                 const unsigned char *address)
{
    for (size_t i = 0; i < count; i++)
        if (is_in(address, nets[i].prefix, nets[i].bits))
            return nets[i].kind;
    return ADDRESS_PUBLIC;
}

static enum address_kind kind4(const unsigned char *address)
{
    return kind_in(nets4, COUNT(nets4), address);
}

static enum address_kind kind6(const unsigned char *address)
{
    enum address_kind kind = kind_in(nets6, COUNT(nets6), address);
    if (kind != ADDRESS_PUBLIC)
        return kind;
    for (size_t i = 0; i < COUNT(wrapped4); i++)
        if (is_in(address, wrapped4[i].prefix, wrapped4[i].bits))
            return kind4(address + wrapped4[i].at);
    return ADDRESS_PUBLIC;
}

enum address_kind address_kind(const struct sockaddr *address)
{
    /* Copied, for the caller's struct may lie anywhere. */
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
    switch (address->sa_family) {
    case AF_INET:
        memcpy(&in4, address, sizeof(in4));
        return kind4((const unsigned char *)&in4.sin_addr);
    case AF_INET6:
        memcpy(&in6, address, sizeof(in6));
        return kind6((const unsigned char *)&in6.sin6_addr);
    default:
        return ADDRESS_FORBIDDEN;
    }
}
