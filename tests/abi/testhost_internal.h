/* What the files of the test host share; see testhost.h for what it is. */
#ifndef SPD_TESTHOST_INTERNAL_H
#define SPD_TESTHOST_INTERNAL_H

#include "testhost.h"

#include <pthread.h>

/* A list of texts that live as long as the host. */
struct texts {
    char **at;
    size_t count;
};

struct posted {
    struct posted *next;
    spd_later *fn;
    void *arg;
};

struct work {
    struct work *next;
    struct testhost *host;
    struct spd_work what;
    struct spd_error outcome;
    pthread_t thread;
    bool threaded, ran;
};

struct spd_timer {
    struct spd_timer *next;
    struct testhost *host;
    spd_later *fn;
    void *arg;
    int64_t due_ms, every_ms; /* due below 0: not set */
};

struct spd_watch {
    struct spd_watch *next;
    struct testhost *host;
    int fd;
    bool readable, writable;
    spd_later *fn;
    void *arg;
};

struct stored {
    struct stored *next;
    char *key, *value;
    size_t key_len, value_len;
};

struct spd_metric {
    struct spd_metric *next;
    char *name;
    double value;
};

struct spd_ticket {
    struct spd_ticket *next;
    struct testhost *host;
    bool finished;
    struct spd_error outcome;
    char *cursor;
    struct texts orders;
};

struct spd_printer {
    struct spd_printer *next;
    struct testhost *host;
    const struct spd_printer_driver *driver;
    spd_json *settings;
    void *conn; /* NULL once closed */
    struct texts reports;
    struct texts names, values; /* all members told so far, merged */
    int64_t sent_bytes;
};

struct fetch {
    struct testhost_fetch seen;
    struct spd_fetch row;
};

struct spd_call {
    struct spd_call *next;
    struct testhost *host;
    bool answered;
    char *result;
};

struct hook {
    const char *name;
    spd_op_fn *run;
};

enum { ROWS_MAX = 64, FETCHES_MAX = 2048 };

struct testhost {
    spd_plugin plugin; /* first: a plugin pointer is a host pointer */
    struct spd_host table;
    const struct spd_plugin_desc *desc;
    void *conf;
    pthread_mutex_t lock; /* around all that [any] thread may touch */
    pthread_t loop_thread;
    int wake[2];
    bool real;
    _Atomic bool is_stopping;
    const char *refusal;
    int64_t now_ms, wall_ahead_ms;

    struct posted *posted, **posted_end;
    struct work *queued, *running;
    spd_timer *timers;
    spd_watch *watches;
    struct stored *store;
    spd_metric *metrics;
    spd_ticket *tickets;
    spd_printer *printers;

    struct spd_op ops[ROWS_MAX];
    struct spd_subscription subscriptions[ROWS_MAX];
    struct spd_printer_driver drivers[ROWS_MAX];
    struct spd_order_source sources[ROWS_MAX];
    struct spd_notifier notifiers[ROWS_MAX];
    struct spd_scheduler schedulers[ROWS_MAX];
    size_t op_count, subscription_count, driver_count, source_count,
        notifier_count, scheduler_count;

    struct hook hooks[ROWS_MAX];
    size_t hook_count;
    spd_call *calls;
    struct fetch fetches[FETCHES_MAX];
    size_t fetch_count;
    struct texts log_lines, emitted, kept, cursors, answers_for, answers,
        called;
    int64_t cursor_at[ROWS_MAX];
    int64_t seq;
    char fail_what[16];
    int fail_nth;
};

/* End the test with a sentence. */
_Noreturn void testhost_die(const char *fmt, ...) SPD_PRINTF(1, 2);

struct testhost *testhost_of(spd_plugin *self);

/* Is this the call that testhost_fail was asked for? */
bool testhost_fails(struct testhost *host, const char *what);

void *testhost_alloc(size_t size);
/* Takes `text`. */
const char *texts_add(struct texts *list, char *text);
char *texts_copy(spd_str text);
/* All of them in a row; owned: free(). */
char *texts_joined(const struct texts *list);
void texts_fini(struct texts *list);

/* A copy that lives as long as the host. */
const char *testhost_keep(struct testhost *host, spd_str text);

spd_json *testhost_parse_in(struct testhost *host, const char *text);
/* The writer's text as a fresh copy; ends the test when it is misused. */
char *testhost_text_of(spd_jsonw *w);

extern const struct spd_json_api testhost_counted_json;
extern const struct spd_loop_api testhost_loop;
extern const struct spd_store_api testhost_store_table;
extern const struct spd_role_api testhost_role;
extern const struct spd_bus_api testhost_bus;
extern const struct spd_op_api testhost_ops;
extern const struct spd_client_api testhost_client;

/* NULL: none any more. */
void testhost_set_current(struct testhost *host);
void testhost_drop_posted(struct testhost *host);
void testhost_loop_fini(struct testhost *host);
/* Requests not answered yet are canceled. */
void testhost_calls_fini(struct testhost *host);
void testhost_calls_free(struct testhost *host);
void testhost_store_fini(struct testhost *host);
void testhost_roles_fini(struct testhost *host);
void testhost_roles_close(struct testhost *host);

#endif
