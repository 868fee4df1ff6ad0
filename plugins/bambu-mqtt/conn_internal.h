/* What conn.c and steps.c share; see conn.h. */
#ifndef BAMBU_CONN_INTERNAL_H
#define BAMBU_CONN_INTERNAL_H

#include "conn.h"
#include "job.h"
#include "model.h"
#include "pin.h"
#include "probe.h"
#include "report.h"
#include "requests.h"
#include "status.h"
#include "upload.h"
#include "words.h"

enum {
    CONN_SILENT_MS = 15 * 1000, /* up, and still no report */
    CONN_STALE_MS = 60 * 1000,  /* reports came, and come no more */
    CONN_POKE_MS = 15 * 1000,   /* for the printer to react to a nudge */
    CONN_FRESH_MS = 10 * 1000,  /* a start relies on what was heard since */
    CONN_DEAF_AFTER = 2,        /* commands without an answer */
    CONN_BACKOFF_LEAST_MS = 1000,
    CONN_BACKOFF_MOST_MS = 30 * 1000,
    CONN_DISTRUST_LEAST_MS = 60 * 1000, /* refused, or not who it was */
    CONN_DISTRUST_MOST_MS = 600 * 1000,
    CONN_GAP_MS = 300 * 1000,       /* between whole reports unasked for */
    CONN_PARSING_MS = 180 * 1000,   /* a slow printer reads its new file */
    CONN_RETELL_MS = 5 * 1000,      /* that there are no news */
    CONN_COMPLAIN_MS = 3600 * 1000, /* about nonsense in reports */
};

/* Things that happen at a time. */
enum due {
    DUE_CONNECT,
    DUE_SILENT,
    DUE_STALE,
    DUE_SETTLE,
    DUE_REFRESH,
    DUE_REQUEST,
    DUE_COUNT
};

struct conn {
    struct driver *driver;
    spd_plugin *self;
    spd_printer *printer; /* NULL: see conn_try */
    void (*told_fn)(void *arg);
    void *told_arg;

    char host[256], serial[40], access_code[64];
    int mqtt_port, ftps_port;
    char pin[PIN_CHARS]; /* "" until the first contact */
    char request_topic[64], report_topic[64];
    const struct model *model;

    spd_timer *timer;
    int64_t due_ms[DUE_COUNT]; /* 0: not awaited */

    struct probe *probe;
    struct mqtt *mqtt;
    int trust_fd; /* below 0: none */
    char address[PROBE_ADDRESS_CHARS];
    bool up, heard, poked;
    unsigned failures, unanswered;
    int64_t heard_at_ms, pushall_at_ms, told_at_ms, start_at_ms,
        complained_at_ms;
    uint64_t odd_told;

    struct report report;
    struct job job;
    struct status told;
    bool told_once;
    const char *link; /* static; what was told last */
    enum sentence said;
    enum obedience obeys;

    struct requests requests;
    int64_t sequence;
    unsigned url; /* which of the model's forms to use */
    bool clear_data;
    struct upload *upload;
    spd_ticket *upload_ticket;
};

static inline const struct spd_json_api *conn_json(const struct conn *c)
{
    return c->self->host->json;
}

int64_t conn_now_ms(const struct conn *c);
void conn_due(struct conn *c, enum due what, int64_t at_ms);

/* Give the connection up and try again later. */
void conn_reconnect(struct conn *c, const char *link, enum sentence why);

/* Send what the writer holds, and free it; NULL is out of memory. */
spd_err conn_send(struct conn *c, spd_jsonw *w);

/* Ask for a whole report, unless one was asked for less than `gap_ms` ago. */
bool conn_ask_all(struct conn *c, int64_t gap_ms);

/* The printer obeyed a command, or wanted it signed. */
void conn_obeyed(struct conn *c, bool obeyed);

/* conn.c hands over what is for steps.c. */
void steps_answer(struct conn *c, const spd_json *answer);
void steps_whole_report(struct conn *c);
void steps_request_due(struct conn *c);
void steps_refresh_due(struct conn *c);
void steps_line_lost(struct conn *c);
void steps_close(struct conn *c);

#endif
