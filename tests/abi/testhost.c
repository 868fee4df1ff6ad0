#include "testhost_internal.h"

#include "base/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ------------------------------------------------------------- basics - */

void testhost_die(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)fprintf(stderr, "test host: ");
    (void)vfprintf(stderr, fmt, args);
    (void)fprintf(stderr, "\n");
    va_end(args);
    abort();
}

void *testhost_alloc(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL)
        testhost_die("out of memory");
    return memory;
}

char *texts_copy(spd_str text)
{
    char *copy = testhost_alloc(text.len + 1);
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    return copy;
}

const char *texts_add(struct texts *list, char *text)
{
    char **grown = realloc(list->at, (list->count + 1) * sizeof(*grown));
    if (grown == NULL)
        testhost_die("out of memory");
    list->at = grown;
    list->at[list->count++] = text;
    return text;
}

void texts_fini(struct texts *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->at[i]);
    free(list->at);
}

const char *testhost_keep(struct testhost *host, spd_str text)
{
    return texts_add(&host->kept, texts_copy(text));
}

struct testhost *testhost_of(spd_plugin *self)
{
    return (struct testhost *)self; /* its first member */
}

spd_plugin *testhost_plugin(struct testhost *host)
{
    return &host->plugin;
}

void testhost_fail(struct testhost *host, const char *what, int nth)
{
    (void)snprintf(host->fail_what, sizeof(host->fail_what), "%s", what);
    host->fail_nth = nth;
}

bool testhost_fails(struct testhost *host, const char *what)
{
    pthread_mutex_lock(&host->lock);
    bool fails = host->fail_nth > 0 && strcmp(host->fail_what, what) == 0 &&
                 --host->fail_nth == 0;
    pthread_mutex_unlock(&host->lock);
    return fails;
}

/* --------------------------------------------------------------- json - */

/* The JSON table is not told whose document it is: the counts are the
 * process's, as there is one host at a time. */
static long documents, writers;

static void count_up(long *counter)
{
    __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

static spd_json *parse(spd_str text, struct spd_error *err)
{
    spd_json *doc = json_parse(text, err);
    if (doc != NULL)
        count_up(&documents);
    return doc;
}

static void parse_free(spd_json *doc)
{
    if (doc != NULL)
        __atomic_sub_fetch(&documents, 1, __ATOMIC_RELAXED);
    json_free(doc);
}

static spd_jsonw *writer(void)
{
    count_up(&writers);
    return jsonw_new();
}

static void writer_free(spd_jsonw *w)
{
    if (w != NULL)
        __atomic_sub_fetch(&writers, 1, __ATOMIC_RELAXED);
    jsonw_free(w);
}

#define JSON_TABLE(parse_, free_, writer_, writer_free_)                       \
    {                                                                          \
        .size = sizeof(struct spd_json_api), .type = json_type,                \
        .member = json_member, .item = json_item, .count = json_count,         \
        .as_bool = json_as_bool, .as_int = json_as_int,                        \
        .as_real = json_as_real, .as_str = json_as_str, .parse = parse_,       \
        .free = free_, .writer = writer_, .begin = jsonw_begin,                \
        .end = jsonw_end, .put_bool = jsonw_put_bool,                          \
        .put_int = jsonw_put_int, .put_real = jsonw_put_real,                  \
        .put_str = jsonw_put_str, .text = jsonw_text,                          \
        .writer_free = writer_free_, .put_null = jsonw_put_null,               \
        .put_json = jsonw_put_json,                                            \
    }

const struct spd_json_api testhost_counted_json =
    JSON_TABLE(parse, parse_free, writer, writer_free);
static const struct spd_json_api plain_json =
    JSON_TABLE(json_parse, json_free, jsonw_new, jsonw_free);

const struct spd_json_api *testhost_json(void)
{
    return &plain_json;
}

spd_json *testhost_parse(const char *text)
{
    struct spd_error err = { 0 };
    char *copy = texts_copy((spd_str){ text, strlen(text) });
    for (char *c = copy; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    spd_json *doc = json_parse((spd_str){ copy, strlen(copy) }, &err);
    if (doc == NULL)
        testhost_die("this is not JSON (%s): %s", err.text, text);
    free(copy);
    return doc;
}

char *testhost_text_of(spd_jsonw *w)
{
    spd_str text = { "null", 4 };
    if (w != NULL && jsonw_text(w, &text) != SPD_OK)
        testhost_die("a JSON writer was misused, or its text is not complete");
    return texts_copy(text);
}

/* ---------------------------------------------------------------- log - */

SPD_PRINTF(3, 4)
static void log_write(spd_plugin *self, enum spd_level level, const char *fmt,
                      ...)
{
    static const char *const names[] = { "debug", "info", "warn", "error" };
    struct testhost *host = testhost_of(self);
    char line[1024], text[900];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    (void)snprintf(line, sizeof(line), "%s: %s\n", names[level], text);
    pthread_mutex_lock(&host->lock);
    (void)texts_add(&host->log_lines,
                    texts_copy((spd_str){ line, strlen(line) }));
    pthread_mutex_unlock(&host->lock);
}

char *texts_joined(const struct texts *list)
{
    size_t len = 0;
    for (size_t i = 0; i < list->count; i++)
        len += strlen(list->at[i]);
    char *all = testhost_alloc(len + 1);
    size_t at = 0;
    for (size_t i = 0; i < list->count; i++) {
        size_t part = strlen(list->at[i]);
        memcpy(all + at, list->at[i], part);
        at += part;
    }
    return all;
}

const char *testhost_log(struct testhost *host)
{
    pthread_mutex_lock(&host->lock);
    const char *text = texts_add(&host->kept, texts_joined(&host->log_lines));
    pthread_mutex_unlock(&host->lock);
    return text;
}

/* ------------------------------------------------------------- metric - */

static spd_metric *metric(spd_plugin *self, const char *name, const char *doc)
{
    struct testhost *host = testhost_of(self);
    (void)doc;
    for (spd_metric *m = host->metrics; m != NULL; m = m->next)
        if (strcmp(m->name, name) == 0)
            return m;
    spd_metric *m = testhost_alloc(sizeof(*m));
    m->name = texts_copy((spd_str){ name, strlen(name) });
    m->next = host->metrics;
    host->metrics = m;
    return m;
}

static void metric_add(spd_metric *m, double amount)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    m->value += amount;
    pthread_mutex_unlock(&lock);
}

static void metric_set(spd_metric *m, double value)
{
    m->value = value;
}

double testhost_metric(const struct testhost *host, const char *name)
{
    for (const spd_metric *m = host->metrics; m != NULL; m = m->next)
        if (strcmp(m->name, name) == 0)
            return m->value;
    return 0;
}

/* ------------------------------------------------------ configuration - */

static int64_t whole_of(const struct spd_key *key, const char *text)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {
        { "ms", 1 },      { "s", 1000 },     { "m", 60000 },
        { "h", 3600000 }, { "d", 86400000 },
    };
    char *end = NULL;
    long long value = strtoll(text, &end, 10);
    if (*end == '\0')
        return value;
    for (size_t i = 0; i < SPD_COUNT(units); i++)
        if ((key->flags & SPD_KEY_DURATION) != 0 &&
            strcmp(units[i].unit, end) == 0)
            return value * units[i].ms;
    testhost_die("%s: \"%s\" is no whole number", key->name, text);
}

static void set_key(struct testhost *host, const struct spd_key *key,
                    const char *text)
{
    char *at = (char *)host->conf + key->offset;
    switch ((enum spd_type)key->type) {
    case SPD_T_BOOL:
        *(bool *)(void *)at = strcmp(text, "true") == 0;
        return;
    case SPD_T_INT:
        *(int64_t *)(void *)at = whole_of(key, text);
        return;
    case SPD_T_REAL:
        *(double *)(void *)at = strtod(text, NULL);
        return;
    case SPD_T_STR:
        *(const char **)(void *)at =
            testhost_keep(host, (spd_str){ text, strlen(text) });
        return;
    }
    testhost_die("%s: a key of no known type", key->name);
}

static const struct spd_key *key_named(const struct testhost *host,
                                       const char *name)
{
    for (size_t i = 0; i < host->desc->key_count; i++)
        if (strcmp(host->desc->keys[i].name, name) == 0)
            return &host->desc->keys[i];
    testhost_die("%s has no key \"%s\"", host->desc->name, name);
}

static void fill_conf(struct testhost *host, va_list args)
{
    host->conf = testhost_alloc(host->desc->conf_size + 1);
    host->plugin.conf = host->conf;
    for (size_t i = 0; i < host->desc->key_count; i++)
        if (host->desc->keys[i].fallback != NULL)
            set_key(host, &host->desc->keys[i], host->desc->keys[i].fallback);
    for (const char *name = va_arg(args, const char *); name != NULL;
         name = va_arg(args, const char *))
        set_key(host, key_named(host, name), va_arg(args, const char *));
}

/* ------------------------------------------------------ life and death - */

static const struct spd_log_api log_table = { sizeof(log_table), log_write };
static const struct spd_metric_api metric_table = {
    sizeof(metric_table), metric, metric, metric_add, metric_set,
};

static void init_lock(struct testhost *host)
{
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&host->lock, &attr);
    pthread_mutexattr_destroy(&attr);
}

enum { FIRST_MOMENT_MS = 1000000 }; /* not 0: that often means never */

static struct testhost *host_new(const struct spd_plugin_desc *desc)
{
    struct testhost *host = testhost_alloc(sizeof(*host));
    host->desc = desc;
    host->loop_thread = pthread_self();
    host->posted_end = &host->posted;
    host->now_ms = FIRST_MOMENT_MS;
    testhost_set_wall_ms(host, 1700000000000);
    host->wake[0] = host->wake[1] = -1;
    init_lock(host);
    documents = writers = 0;
    host->table = (struct spd_host){
        .size = sizeof(host->table),
        .abi_major = SPD_ABI_MAJOR,
        .abi_minor = SPD_ABI_MINOR,
        .version = "test",
        .log = &log_table,
        .loop = &testhost_loop,
        .store = &testhost_store_table,
        .json = &testhost_counted_json,
        .bus = &testhost_bus,
        .ops = &testhost_ops,
        .client = &testhost_client,
        .role = &testhost_role,
        .metric = &metric_table,
    };
    host->plugin.host = &host->table;
    testhost_set_current(host);
    return host;
}

static spd_err start(struct testhost *host, va_list args, struct spd_error *err)
{
    if (host->desc->abi_major != SPD_ABI_MAJOR ||
        host->desc->needs_minor > SPD_ABI_MINOR)
        testhost_die("%s was built for another host", host->desc->name);
    fill_conf(host, args);
    return host->desc->start(&host->plugin, err);
}

static void free_metrics(struct testhost *host)
{
    while (host->metrics != NULL) {
        spd_metric *m = host->metrics;
        host->metrics = m->next;
        free(m->name);
        free(m);
    }
}

/* Timers and watches left over are the host's to free, as in the server. */
static void host_free(struct testhost *host)
{
    testhost_drop_posted(host);
    while (host->timers != NULL)
        testhost_loop.timer_free(host->timers);
    while (host->watches != NULL)
        testhost_loop.watch_free(host->watches);
    testhost_store_fini(host);
    testhost_calls_free(host);
    free_metrics(host);
    struct texts *const lists[] = { &host->log_lines,   &host->emitted,
                                    &host->kept,        &host->cursors,
                                    &host->answers_for, &host->answers,
                                    &host->called };
    for (size_t i = 0; i < SPD_COUNT(lists); i++)
        texts_fini(lists[i]);
    free(host->conf);
    if (host->wake[0] >= 0) {
        (void)close(host->wake[0]);
        (void)close(host->wake[1]);
    }
    pthread_mutex_destroy(&host->lock);
    testhost_set_current(NULL);
    free(host);
}

struct testhost *testhost_new(const struct spd_plugin_desc *desc, ...)
{
    struct spd_error err = { 0 };
    struct testhost *host = host_new(desc);
    va_list args;
    va_start(args, desc);
    spd_err rc = start(host, args, &err);
    va_end(args);
    if (rc != SPD_OK)
        testhost_die("%s did not start: %s", desc->name, err.text);
    testhost_run(host);
    return host;
}

spd_err testhost_try(const struct spd_plugin_desc *desc, struct spd_error *err,
                     ...)
{
    struct testhost *host = host_new(desc);
    va_list args;
    va_start(args, err);
    spd_err rc = start(host, args, err);
    va_end(args);
    if (rc == SPD_OK)
        testhost_free(host);
    else
        host_free(host);
    return rc;
}

static void check_nothing_left(void)
{
    if (documents != 0)
        testhost_die("%ld JSON documents were not freed", documents);
    if (writers != 0)
        testhost_die("%ld JSON writers were not freed", writers);
}

void testhost_free(struct testhost *host)
{
    testhost_roles_close(host);
    testhost_calls_fini(host);
    testhost_loop_fini(host);
    host->desc->stop(&host->plugin);
    testhost_roles_fini(host);
    check_nothing_left();
    host_free(host);
}
