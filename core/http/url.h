/* The address of a request: decoded once, and refused when two readers could
 * read it in two ways.  Pure; knows no route and no socket. */
#ifndef SPOOLD_HTTP_URL_H
#define SPOOLD_HTTP_URL_H

#include "base/buf.h"
#include "base/json.h"

enum { URL_MAX_BYTES = 8000, URL_PAIRS_MAX = 32 };

/* Start empty; used again and again, it keeps its memory. */
struct url {
    struct buf text;                  /* what the views below look into */
    spd_str path;                     /* decoded: "/api/jobs/7" */
    struct pair pairs[URL_PAIRS_MAX]; /* the query's members, decoded */
    size_t pair_count;
};

void url_fini(struct url *url);

/* Read what stands in the request line: "/api/jobs/7?limit=2".  NULL: done;
 * else a sentence that says what is wrong with it. */
const char *url_read(struct url *url, spd_str raw);

/* A member of the query; "no text" when it is not there. */
spd_str url_member(const struct url *url, const char *name);

#endif
