/* Listening sockets on IPv4 addresses, and which addresses are harmless. */
#ifndef SIM_NET_H
#define SIM_NET_H

#include <event2/listener.h>
#include <stdbool.h>
#include <stdint.h>

#define NET_ADDRESS_MAX 16

/* Listen; port 0 takes any free one. disabled: connections wait in the kernel
 * until evconnlistener_enable. NULL with errno set. */
struct evconnlistener *net_listen(struct event_base *base, const char *address,
                                  unsigned port, bool disabled,
                                  evconnlistener_cb on_accept, void *user);

/* The port a listener got. */
unsigned net_port(struct evconnlistener *listener);

bool net_is_address(const char *address);
bool net_is_loopback(const char *address);

/* `address` + `steps`; false: it ran over the end of IPv4. */
bool net_address_add(const char *address, uint32_t steps,
                     char out[static NET_ADDRESS_MAX]);

#endif
