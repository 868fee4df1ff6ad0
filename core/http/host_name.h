/* Which names we answer to: a page of a stranger whose name was made to point
 * at us (DNS rebinding) must get nothing.  Pure. */
#ifndef SPOOLD_HTTP_HOST_NAME_H
#define SPOOLD_HTTP_HOST_NAME_H

#include "base/str.h"

/* Is this Host header, with or without a port, an IP address, localhost, or
 * one of `hosts` (ends with NULL; may be NULL)? */
bool host_name_is_ours(spd_str host, const char *const *hosts);

#endif
