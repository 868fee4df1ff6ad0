/* host->metric: numbers for the person who watches the server. */
#include <ctype.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "host/host_internal.h"

enum { METRICS_MAX = 128, METRIC_NAME_MAX = 64 };

/* Lives as long as the host: other threads may add to it at any time. */
struct spd_metric {
    struct spd_metric *next;
    char *name; /* "spoold_bambu_mqtt_reports_total" */
    char *doc;
    bool counts; /* only up */
    _Atomic double value;
};

static bool is_metric_name(spd_str name)
{
    if (name.len == 0 || name.len > METRIC_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (!islower(c) && c != '_' && !(isdigit(c) && i > 0))
            return false;
    }
    return true;
}

static char *full_name(const struct guest *guest, spd_str name, bool counts)
{
    struct buf full = { 0 };
    buf_printf(&full, "spoold_%s_%.*s%s", guest->name, STR_ARG(name),
               counts && !str_ends(name, STR("_total")) ? "_total" : "");
    for (size_t i = 0; i < full.len; i++)
        if (full.ptr[i] == '-')
            full.ptr[i] = '_';
    return buf_take(&full);
}

static struct spd_metric *find_metric(struct host *host, const char *name)
{
    for (struct spd_metric *m = host->metrics; m != NULL; m = m->next)
        if (strcmp(m->name, name) == 0)
            return m;
    return NULL;
}

static size_t metric_count(const struct host *host)
{
    size_t count = 0;
    for (const struct spd_metric *m = host->metrics; m != NULL; m = m->next)
        count++;
    return count;
}

static spd_metric *metric_new(spd_plugin *self, const char *name,
                              const char *doc, bool counts)
{
    struct guest *guest = guest_registers(self, "metric->counter or gauge");
    if (guest == NULL)
        return NULL;
    if (!is_metric_name(str_of(name)) || doc == NULL || doc[0] == '\0') {
        log_error(guest->name,
                  "bug in the plugin: the metric %.70s lacks a "
                  "name made of a-z, 0-9 and _, or a doc line",
                  name == NULL ? "" : name);
        return NULL;
    }
    struct host *host = guest->host;
    char *full = full_name(guest, str_of(name), counts);
    struct spd_metric *metric = find_metric(host, full);
    if (metric != NULL || metric_count(host) >= METRICS_MAX) {
        free(full);
        return metric;
    }
    metric = mem_new(sizeof(*metric));
    metric->name = full;
    metric->doc = mem_text(str_of(doc));
    metric->counts = counts;
    metric->next = host->metrics;
    host->metrics = metric;
    return metric;
}

static spd_metric *counter(spd_plugin *self, const char *name, const char *doc)
{
    return metric_new(self, name, doc, true);
}

static spd_metric *gauge(spd_plugin *self, const char *name, const char *doc)
{
    return metric_new(self, name, doc, false);
}

/* [any] A metric that could not be made is NULL; counting on is no bug. */
static void add(spd_metric *metric, double amount)
{
    if (metric == NULL || !isfinite(amount) || (metric->counts && amount < 0))
        return;
    double was = metric->value;
    while (!atomic_compare_exchange_weak(&metric->value, &was, was + amount))
        ;
}

static void set(spd_metric *metric, double value)
{
    if (metric != NULL && isfinite(value))
        metric->value = value;
}

void host_metrics(const struct host *host, struct buf *out)
{
    for (const struct spd_metric *m = host->metrics; m != NULL; m = m->next)
        buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.17g\n", m->name,
                   m->doc, m->name, m->counts ? "counter" : "gauge", m->name,
                   m->value);
}

void metrics_free(struct host *host)
{
    while (host->metrics != NULL) {
        struct spd_metric *metric = host->metrics;
        host->metrics = metric->next;
        free(metric->name);
        free(metric->doc);
        free(metric);
    }
}

const struct spd_metric_api host_metric_api = {
    .size = sizeof(host_metric_api),
    .counter = counter,
    .gauge = gauge,
    .add = add,
    .set = set,
};
