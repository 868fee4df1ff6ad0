#include "net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct evconnlistener *net_listen(struct event_base *base, const char *address,
                                  unsigned port, bool disabled,
                                  evconnlistener_cb on_accept, void *user)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
    };
    if (inet_pton(AF_INET, address, &at.sin_addr) != 1)
        return NULL;
    unsigned flags =
        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE;
    if (disabled)
        flags |= LEV_OPT_DISABLED;
    return evconnlistener_new_bind(base, on_accept, user, flags, 128,
                                   (const struct sockaddr *)&at,
                                   (int)sizeof at);
}

unsigned net_port(struct evconnlistener *listener)
{
    struct sockaddr_in at = { 0 };
    socklen_t len = sizeof at;
    getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&at, &len);
    return ntohs(at.sin_port);
}

static bool parse(const char *address, uint32_t *number)
{
    struct in_addr at;
    if (inet_pton(AF_INET, address, &at) != 1)
        return false;
    *number = ntohl(at.s_addr);
    return true;
}

bool net_is_address(const char *address)
{
    uint32_t number;
    return parse(address, &number);
}

bool net_is_loopback(const char *address)
{
    uint32_t number;
    return parse(address, &number) && number >> 24 == 127;
}

bool net_address_add(const char *address, uint32_t steps,
                     char out[static NET_ADDRESS_MAX])
{
    uint32_t number;
    if (!parse(address, &number) || number > UINT32_MAX - steps)
        return false;
    struct in_addr at = { .s_addr = htonl(number + steps) };
    return inet_ntop(AF_INET, &at, out, NET_ADDRESS_MAX) != NULL;
}
