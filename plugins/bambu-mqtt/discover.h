/* Looking for printers in the network: listens for what they announce, and
 * asks aloud.
 *
 * Believes nobody: what is found is shown to a person, who knows the access
 * code.  All on the loop. */
#ifndef BAMBU_DISCOVER_H
#define BAMBU_DISCOVER_H

#include <spoold/plugin.h>

struct discovery;

enum { DISCOVER_MOST = 256 };

/* Finishes the ticket with a list after how["seconds"], and forgets itself;
 * `listen` is the address to listen on.  All that run are in *all. */
void discover_start(spd_plugin *self, struct discovery **all,
                    const char *listen, const spd_json *how,
                    spd_ticket *ticket);

/* End all that run: the plugin stops. */
void discover_stop(struct discovery **all);

#endif
