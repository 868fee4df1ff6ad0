/* Following a stream of events, over lost connections if asked to. */
#ifndef SPOOLD_CTL_FOLLOW_H
#define SPOOLD_CTL_FOLLOW_H

#include "ctl/client.h"

struct follow {
    const char *path; /* with its query */
    bool json;        /* print each event as it came */
    bool again;       /* come back after a lost connection */
};

/* Prints until the stream ends, and returns how spoolctl ends.  What comes
 * again after a lost connection begins behind the last event seen. */
int follow_run(struct client *client, const struct follow *follow);

#endif
