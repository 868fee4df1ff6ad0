/* Commands that wait for the printer's answer.
 *
 * Answers are matched by number and command, since a printer also publishes
 * the answers to its own commands.  A fixed table: who has this many commands
 * open has a printer that does not listen. */
#ifndef BAMBU_REQUESTS_H
#define BAMBU_REQUESTS_H

#include <spoold/plugin.h>

enum { REQUESTS_MAX = 16, REQUEST_TIMEOUT_MS = 20 * 1000 };

enum request_kind { REQUEST_START, REQUEST_COMMAND, REQUEST_REFRESH };

struct request {
    int64_t sequence; /* 0: a free place */
    enum request_kind kind;
    const char *command; /* static; the printer's word for it */
    spd_ticket *ticket;
    int64_t due_ms;
};

struct requests {
    struct request all[REQUESTS_MAX];
};

/* SPD_EBUSY when the table is full. */
spd_err requests_add(struct requests *r, const struct request *one);

/* Take the one that this answer belongs to; false when it is nobody's. */
bool requests_take(struct requests *r, int64_t sequence, spd_str command,
                   struct request *out);
/* Take any of this kind. */
bool requests_take_kind(struct requests *r, enum request_kind kind,
                        struct request *out);
/* Take one whose time is up. */
bool requests_take_due(struct requests *r, int64_t now_ms, struct request *out);
bool requests_take_any(struct requests *r, struct request *out);

/* 0: none waits. */
int64_t requests_next_due_ms(const struct requests *r);

#endif
