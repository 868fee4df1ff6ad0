/* The lines of a request's head that we read, found in one pass. */
#ifndef SPOOLD_HTTP_HEAD_H
#define SPOOLD_HTTP_HEAD_H

#include "base/json.h"
#include "base/str.h"

struct MHD_Connection;

/* Views into the connection's memory, valid until the request ends; "no text"
 * where the client did not send the line. */
struct head {
    spd_str host, authorization, api_key, cookie;
    spd_str content_type, content_length, transfer_encoding;
    spd_str origin, fetch_site, requested_with;
    spd_str last_event_id, idempotency_key, if_match;
    const char *fault; /* a sentence; NULL: nothing wrong */
};

void head_read(struct head *head, struct MHD_Connection *connection);

/* All lines but those with credentials, at most `max`; how many. */
size_t head_list(struct MHD_Connection *connection, struct pair *out,
                 size_t max);

/* The value of this cookie; "no text" when it is missing or there twice. */
spd_str head_cookie(const struct head *head, spd_str name);

#endif
