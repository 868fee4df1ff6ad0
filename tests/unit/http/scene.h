/* A whole door for a test: a loop under a clock that stands still, a store in
 * a folder of its own, a table of operations, and clients on real sockets.
 * Clients never block: while they wait, the loop is turned. */
#ifndef TESTS_HTTP_SCENE_H
#define TESTS_HTTP_SCENE_H

#include "base/buf.h"
#include "base/clock.h"
#include "http/http.h"
#include "store/store.h"

struct scene {
    struct fake_clock clock;
    struct loop *loop;
    struct store *store;
    struct ops *ops;
    struct http *http;
    struct http_options options; /* before scene_start */
    char folder[64];
    bool is_set_up;
    int admitted;         /* how often credentials were judged */
    int ran;              /* how often an operation ran */
    struct call *waiting; /* of POST /api/later */
    char last_log[256];
};
extern struct scene the;

/* For cmocka; the server starts with scene_start. */
int scene_set_up(void **state);
int scene_set_up_full(void **state); /* with a disk that has no room left */
int scene_tear_down(void **state);
void scene_start(void);
void scene_stop(void); /* just the door */

/* Turn the loop once, at most a few milliseconds. */
void turn(void);

/* -- a client -- */

struct answer {
    int status; /* 0: the connection ended without one */
    struct buf head, body;
};

int dial(void);
void say(int fd, const char *fmt, ...) SPD_PRINTF(2, 3);
void say_bytes(int fd, spd_str bytes);
/* One answer with its body; borrowed until the next. `is_head`: has none. */
const struct answer *hear(int fd);
const struct answer *hear_head(int fd);
/* Has the other side ended the connection? Turns the loop a while. */
bool has_ended(int fd);
/* Read until `text` has come, or fail; everything heard so far. */
const char *hear_until(int fd, struct buf *heard, const char *text);

/* The value of a header, or "". */
const char *header(const struct answer *answer, const char *name);

/* A whole exchange on a connection of its own. `extra`: lines ending in CRLF,
 * and, behind an empty line, the body. */
const struct answer *ask(const char *method, const char *path,
                         const char *extra);
#define TOKEN "Authorization: Bearer operator\r\n"

#define assert_contains(text, part) assert_non_null(strstr((text), (part)))

#endif
