/* What can be called before a server tells one what it can do: a new server
 * describes itself to nobody until it is set up. */
#ifndef SPOOLD_CTL_DOOR_H
#define SPOOLD_CTL_DOOR_H

#include "ctl/description.h"

/* Owned: description_free. */
struct description *door_description(void);

#endif
