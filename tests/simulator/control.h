/* The control port: HTTP and JSON, by which a test looks behind the wire and
 * makes printers misbehave. No password, so it belongs on the loopback. */
#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H

struct control;
struct event_base;
struct fleet;

/* NULL with errno set: the address is not to be had. */
struct control *control_new(struct event_base *base, struct fleet *fleet,
                            const char *address, unsigned port);
void control_free(struct control *control);

#endif
